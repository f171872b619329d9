//! Turns a model of rwkv.cpp (format `ggmf`, version 101) into GGUF, as llama.cpp names its parts.
//!
//! The old file is six u32 (magic, version, vocabulary, width, layers, data type), then for each
//! tensor three u32 (rank, length of the name, data type), the sizes, fastest first, the name and
//! the data. It has no vocabulary: that comes from the caller.

use std::io::Write;

use lilim_formats::GgmlType;
use lilim_formats::gguf::{Array, GgufWriter, Metadata, TensorSpec, Value};

use crate::config::{MAX_DIM, MAX_LAYERS};
use crate::error::ModelError;
use crate::families::RWKV7;

const MAGIC: u32 = 0x6767_6d66;
const VERSION: u32 = 101;
/// Above every rank and name length that the format's tensors have.
const MAX_RANK: u32 = 4;
const MAX_NAME_BYTES: u32 = 256;
/// The architecture's own; the old file does not say it.
const LAYER_NORM_EPS: f32 = 1e-5;
/// A recurrent model has no end of its context; this is what llama.cpp's converter writes.
const CONTEXT: u32 = 1 << 20;
const NORMAL_TOKEN: i32 = 1;

/// One tensor of the old file.
struct Source<'a> {
    name: String,
    ty: GgmlType,
    /// Fastest first.
    dims: Vec<u64>,
    bytes: &'a [u8],
}

/// The vocabulary of a model whose tokens are the 256 bytes, as GGUF files write it.
pub fn byte_tokens() -> Vec<String> {
    (0..=255u8).map(|byte| format!("\\x{byte:02x}")).collect()
}

/// Converts `bytes` and writes GGUF to `out`; `tokens` are the vocabulary in the escaped form of
/// GGUF files, in the order of their ids.
///
/// # Errors
/// A file of another kind or cut short, tensors missing or of a quantized type, and the writer's own.
pub fn import_rwkv7<W: Write>(bytes: &[u8], tokens: &[String], out: W) -> Result<W, ModelError> {
    let tensors = targets(read(bytes)?)?;
    let specs: Vec<TensorSpec> = tensors
        .iter()
        .map(|tensor| TensorSpec {
            name: tensor.name.clone(),
            ty: tensor.ty,
            dims: tensor.dims.clone(),
        })
        .collect();
    let mut writer = GgufWriter::new(out, &metadata(&tensors, tokens)?, &specs)?;
    for tensor in &tensors {
        writer.write_tensor(&tensor.name, tensor.bytes)?;
    }
    Ok(writer.finish()?)
}

/// Reads numbers and bytes in order.
struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, what: &str, n: u64) -> Result<&'a [u8], ModelError> {
        let available = self.bytes.len() - self.offset;
        if n > available as u64 {
            return Err(ModelError::Truncated {
                what: what.to_owned(),
                offset: self.offset,
                needed: n,
                available,
            });
        }
        let taken = &self.bytes[self.offset..self.offset + n as usize];
        self.offset += n as usize;
        Ok(taken)
    }

    fn u32(&mut self, what: &str) -> Result<u32, ModelError> {
        let bytes = self.take(what, 4)?;
        Ok(u32::from_le_bytes(
            bytes.try_into().expect("four bytes were taken"),
        ))
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Source<'_>>, ModelError> {
    let mut reader = Reader { bytes, offset: 0 };
    let (magic, version) = (reader.u32("the header")?, reader.u32("the header")?);
    if (magic, version) != (MAGIC, VERSION) {
        return Err(ModelError::NotGgmf { magic, version });
    }
    // vocabulary, width, layers and type: the tensors tell all four
    reader.take("the header", 16)?;
    let mut tensors = Vec::new();
    while reader.offset < bytes.len() {
        tensors.push(read_tensor(&mut reader)?);
    }
    Ok(tensors)
}

fn read_tensor<'a>(reader: &mut Reader<'a>) -> Result<Source<'a>, ModelError> {
    let what = "a tensor's header";
    let offset = reader.offset;
    let (rank, name_len, type_id) = (reader.u32(what)?, reader.u32(what)?, reader.u32(what)?);
    if rank == 0 || rank > MAX_RANK || name_len > MAX_NAME_BYTES {
        return Err(ModelError::BadKey {
            key: format!("tensor header at byte {offset}"),
            value: format!("{rank} dimensions and a name of {name_len} bytes"),
            reason: format!("up to {MAX_RANK} and {MAX_NAME_BYTES} are known"),
        });
    }
    let dims = (0..rank)
        .map(|_| reader.u32(what).map(u64::from))
        .collect::<Result<Vec<_>, _>>()?;
    let name = reader.take(what, name_len.into())?;
    let name = String::from_utf8_lossy(name).into_owned();
    let ty = match type_id {
        0 => GgmlType::F32,
        1 => GgmlType::F16,
        other => {
            return Err(ModelError::NotImplemented {
                what: format!("rwkv.cpp's data type {other} of tensor {name}"),
            });
        }
    };
    let n_elements = dims.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim));
    let n_bytes = n_elements.and_then(|n| n.checked_mul(ty.block_bytes() as u64));
    let bytes = reader.take(&name, n_bytes.unwrap_or(u64::MAX))?;
    Ok(Source {
        name,
        ty,
        dims,
        bytes,
    })
}

/// The tensors under their new names and shapes, and the ones that only llama.cpp asks for.
fn targets(sources: Vec<Source<'_>>) -> Result<Vec<Source<'_>>, ModelError> {
    let mut tensors = Vec::with_capacity(sources.len() + 3);
    for source in sources {
        let name = target_name(&source.name)?;
        let dims = target_dims(&name, &source.dims);
        tensors.push(Source {
            name,
            dims,
            ..source
        });
    }
    for digit in 0..3 {
        let name = |letter: char| format!("blk.0.time_mix_{letter}{digit}.weight");
        let rate = find(&tensors, &name('a'))?;
        let copy = Source {
            name: name('v'),
            ty: rate.ty,
            dims: rate.dims.clone(),
            bytes: rate.bytes,
        };
        // the first layer has no value mix: where a file repeats something, it is as unused
        if find(&tensors, &copy.name).is_err() {
            tensors.push(copy);
        }
    }
    Ok(tensors)
}

fn target_name(source: &str) -> Result<String, ModelError> {
    let unknown = || ModelError::UnknownTensor {
        tensor: source.to_owned(),
        arch: RWKV7.to_owned(),
    };
    let (stem, suffix) = match source.rsplit_once('.') {
        Some((stem, suffix @ ("weight" | "bias"))) => (stem, suffix),
        _ => (source, "weight"),
    };
    let target = match stem {
        "emb" => "token_embd".to_owned(),
        "head" => "output".to_owned(),
        "ln_out" => "output_norm".to_owned(),
        _ => {
            let rest = stem.strip_prefix("blocks.").ok_or_else(unknown)?;
            let (layer, part) = rest.split_once('.').ok_or_else(unknown)?;
            let layer: u32 = layer.parse().map_err(|_| unknown())?;
            match part {
                "ln0" => "token_embd_norm".to_owned(),
                _ => format!("blk.{layer}.{}", layer_part(part).ok_or_else(unknown)?),
            }
        }
    };
    Ok(format!("{target}.{suffix}"))
}

fn layer_part(part: &str) -> Option<String> {
    Some(match part {
        "ln1" => "attn_norm".to_owned(),
        "ln2" => "attn_norm_2".to_owned(),
        "att.ln_x" => "time_mix_ln".to_owned(),
        "att.x_rwkvag" => "time_mix_lerp_fused".to_owned(),
        "ffn.x_k" => "channel_mix_lerp_k".to_owned(),
        "ffn.key" => "channel_mix_key".to_owned(),
        "ffn.value" => "channel_mix_value".to_owned(),
        _ => format!("time_mix_{}", part.strip_prefix("att.")?),
    })
}

/// llama.cpp's shapes: mixes with unit axes between, vectors without any.
fn target_dims(name: &str, dims: &[u64]) -> Vec<u64> {
    let n_elements: u64 = dims.iter().product();
    let dim = dims[0];
    if name.ends_with("lerp_fused.weight") {
        vec![dim, 1, 1, n_elements / dim.max(1)]
    } else if name.ends_with("lerp_k.weight") {
        vec![n_elements, 1, 1]
    } else if dims.contains(&1) {
        vec![n_elements]
    } else {
        dims.to_vec()
    }
}

fn find<'a, 'b>(tensors: &'b [Source<'a>], name: &str) -> Result<&'b Source<'a>, ModelError> {
    tensors
        .iter()
        .find(|tensor| tensor.name == name)
        .ok_or_else(|| ModelError::MissingTensor {
            tensor: name.to_owned(),
        })
}

fn metadata(tensors: &[Source<'_>], tokens: &[String]) -> Result<Metadata, ModelError> {
    // the second layer: the first may repeat other tensors as its value mix
    let size = |name: &str, axis: usize, max: usize| -> Result<Value, ModelError> {
        let dims = &find(tensors, name)?.dims;
        match dims.get(axis) {
            Some(&n) if n <= max as u64 => Ok(Value::U32(n as u32)),
            _ => Err(ModelError::TensorShape {
                tensor: name.to_owned(),
                expected: vec![max as u64; 2],
                got: dims.clone(),
            }),
        }
    };
    let rank = |letter: char| size(&format!("blk.1.time_mix_{letter}1.weight"), 1, MAX_DIM);
    let n_layers = (0..MAX_LAYERS as u32)
        .take_while(|layer| find(tensors, &format!("blk.{layer}.attn_norm.weight")).is_ok())
        .count();
    let types = vec![NORMAL_TOKEN; tokens.len()];
    let family: [(&str, Value); 11] = [
        ("context_length", Value::U32(CONTEXT)),
        ("embedding_length", size("token_embd.weight", 0, MAX_DIM)?),
        ("block_count", Value::U32(n_layers as u32)),
        ("attention.layer_norm_epsilon", Value::F32(LAYER_NORM_EPS)),
        (
            "wkv.head_size",
            size("blk.0.time_mix_r_k.weight", 0, MAX_DIM)?,
        ),
        ("attention.decay_lora_rank", rank('w')?),
        ("attention.iclr_lora_rank", rank('a')?),
        ("attention.value_residual_mix_lora_rank", rank('v')?),
        ("attention.gate_lora_rank", rank('g')?),
        (
            "feed_forward_length",
            size("blk.0.channel_mix_key.weight", 1, MAX_DIM)?,
        ),
        ("attention.head_count", Value::U32(0)),
    ];
    let general: [(&str, Value); 6] = [
        ("tokenizer.ggml.model", Value::String("rwkv".to_owned())),
        (
            "tokenizer.ggml.tokens",
            Value::Array(Array::String(tokens.to_vec())),
        ),
        ("tokenizer.ggml.token_type", Value::Array(Array::I32(types))),
        ("tokenizer.ggml.bos_token_id", Value::U32(0)),
        ("tokenizer.ggml.eos_token_id", Value::U32(0)),
        ("tokenizer.ggml.add_bos_token", Value::Bool(false)),
    ];
    let mut metadata = Metadata::new("import");
    metadata.push("general.architecture", Value::String(RWKV7.to_owned()))?;
    for (key, value) in family {
        metadata.push(&format!("{RWKV7}.{key}"), value)?;
    }
    for (key, value) in general {
        metadata.push(key, value)?;
    }
    Ok(metadata)
}
