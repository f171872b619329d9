//! What a decoder is, read from GGUF metadata: sizes, scales, windows, rotation. Every value is
//! checked here, so that the rest may calculate with them without fear of overflow.
//!
//! *Source*: the keys of the GGUF specification; behaviour checked against transformers.

use lilim_formats::gguf::{Metadata, Value};
use lilim_kernels::{Activation, RopeStyle};

use crate::error::ModelError;
use crate::families::{self, Family, FeedForward, NormKind, QkNorm, Residual, Windowed};

/// Larger numbers than these are damage, not models; they keep every product below 2^63.
pub(crate) const MAX_DIM: usize = 1 << 18;
pub(crate) const MAX_FFN_DIM: usize = 1 << 20;
pub(crate) const MAX_LAYERS: usize = 1 << 10;
const MAX_HEADS: usize = 1 << 12;
pub(crate) const MAX_HEAD_DIM: usize = 1 << 12;
/// The longest context that a file may declare.
pub(crate) const MAX_CONTEXT: usize = 1 << 28;

/// One decoder.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub arch: String,
    pub dim: usize,
    pub n_layers: usize,
    pub n_heads: usize,
    pub n_kv_heads: usize,
    pub head_dim: usize,
    pub ffn_dim: usize,
    /// The longest context the model was trained for.
    pub train_context: usize,
    pub norm: NormKind,
    pub norm_eps: f32,
    pub feed_forward: FeedForward,
    pub activation: Activation,
    /// Whether the feed-forward block reads attention's normed input instead of one of its own.
    pub parallel_residual: bool,
    pub sandwich: bool,
    pub qk_norm: QkNorm,
    /// Embeddings are multiplied by it.
    pub embedding_scale: Option<f32>,
    /// `None`: positions are learned.
    pub rotary: Option<Rotary>,
    /// Scores are multiplied by it.
    pub attention_scale: f32,
    pub attention_softcap: Option<f32>,
    pub logit_softcap: Option<f32>,
    /// Of each layer, how many positions a query sees, itself included; `None`: all. `[n_layers]`
    pub windows: Vec<Option<usize>>,
}

/// How heads are rotated by position.
#[derive(Clone, Debug)]
pub(crate) struct Rotary {
    pub style: RopeStyle,
    /// The first so many elements of a head rotate; even.
    pub n_dims: usize,
    pub base: f32,
    /// Frequencies are divided by it.
    pub linear_factor: f32,
    /// Layers with a window have this base instead, and no linear factor.
    pub window_base: Option<f32>,
    /// Contexts above this one take the long factors of LongRoPE.
    pub original_context: usize,
    /// Cosines and sines are multiplied by it.
    pub magnitude: f32,
}

impl Config {
    /// Reads and checks the metadata of a decoder family.
    pub(crate) fn read(meta: &Metadata) -> Result<Self, ModelError> {
        let arch = arch_of(meta)?;
        let family = families::family(&arch).ok_or_else(|| ModelError::UnknownArch {
            arch: arch.clone(),
            known: families::known_names(),
        })?;
        let keys = Keys { meta, arch: &arch };
        let n_layers = keys.required_size("block_count", MAX_LAYERS)?;
        let dim = keys.required_size("embedding_length", MAX_DIM)?;
        let train_context = keys.required_size("context_length", MAX_CONTEXT)?;
        let heads = Heads::read(&keys, dim)?;
        let eps_key = match family.norm {
            NormKind::Rms => "attention.layer_norm_rms_epsilon",
            NormKind::Layer => "attention.layer_norm_epsilon",
        };
        Ok(Self {
            dim,
            n_layers,
            n_heads: heads.n_heads,
            n_kv_heads: heads.n_kv_heads,
            head_dim: heads.head_dim,
            ffn_dim: keys.required_size("feed_forward_length", MAX_FFN_DIM)?,
            train_context,
            norm: family.norm,
            norm_eps: keys.required_float(eps_key, 0.0..=1.0)?,
            feed_forward: family.feed_forward,
            activation: family.activation,
            parallel_residual: parallel_residual(&keys, family)?,
            sandwich: family.sandwich,
            qk_norm: family.qk_norm,
            // the square root in f64, then rounded: as Python computes it
            embedding_scale: family.scaled_embedding.then(|| (dim as f64).sqrt() as f32),
            rotary: rotary(&keys, family, &heads, train_context)?,
            attention_scale: attention_scale(&keys, family, &heads, (dim, n_layers))?,
            attention_softcap: keys
                .softcap("attn_logit_softcapping")?
                .unwrap_or(family.attention_softcap),
            logit_softcap: keys
                .softcap("final_logit_softcapping")?
                .unwrap_or(family.logit_softcap),
            windows: windows(&keys, family, n_layers)?,
            arch,
        })
    }

    /// Elements of one position's queries in a layer.
    pub(crate) fn q_dim(&self) -> usize {
        self.n_heads * self.head_dim
    }

    /// Elements of one position's keys, or values, in a layer.
    pub(crate) fn kv_dim(&self) -> usize {
        self.n_kv_heads * self.head_dim
    }
}

/// The family's name in the file.
pub(crate) fn arch_of(meta: &Metadata) -> Result<String, ModelError> {
    let key = "general.architecture";
    let arch = meta.str(key)?.ok_or_else(|| ModelError::MissingKey {
        key: key.to_owned(),
    })?;
    Ok(arch.to_owned())
}

struct Heads {
    n_heads: usize,
    n_kv_heads: usize,
    head_dim: usize,
}

impl Heads {
    fn read(keys: &Keys, dim: usize) -> Result<Self, ModelError> {
        let n_heads = keys.required_size("attention.head_count", MAX_HEADS)?;
        let n_kv_heads = keys
            .size("attention.head_count_kv", MAX_HEADS)?
            .unwrap_or(n_heads);
        if !n_heads.is_multiple_of(n_kv_heads) {
            let reason = format!("{n_heads} query heads cannot share them evenly");
            return Err(keys.bad("attention.head_count_kv", n_kv_heads, reason));
        }
        let head_dim = match keys.size("attention.key_length", MAX_HEAD_DIM)? {
            Some(head_dim) => head_dim,
            None if dim.is_multiple_of(n_heads) && dim / n_heads <= MAX_HEAD_DIM => dim / n_heads,
            None => {
                let reason = format!("the width of {dim} gives no head size up to {MAX_HEAD_DIM}");
                return Err(keys.bad("attention.head_count", n_heads, reason));
            }
        };
        let value_dim = keys.size("attention.value_length", MAX_HEAD_DIM)?;
        if let Some(value_dim) = value_dim.filter(|&value_dim| value_dim != head_dim) {
            return Err(ModelError::NotImplemented {
                what: format!("values of {value_dim} beside keys of {head_dim} elements"),
            });
        }
        Ok(Self {
            n_heads,
            n_kv_heads,
            head_dim,
        })
    }
}

fn parallel_residual(keys: &Keys, family: &Family) -> Result<bool, ModelError> {
    Ok(match family.residual {
        Residual::Sequential => false,
        Residual::Parallel => true,
        Residual::ByKey => {
            let key = keys.name("use_parallel_residual");
            keys.meta.bool(&key)?.unwrap_or(false)
        }
    })
}

/// Takes the width and the number of layers together, as `(dim, n_layers)`.
fn attention_scale(
    keys: &Keys,
    family: &Family,
    heads: &Heads,
    (dim, n_layers): (usize, usize),
) -> Result<f32, ModelError> {
    if let Some(scale) = keys.float("attention.scale", f32::MIN_POSITIVE..=1e6)? {
        return Ok(scale);
    }
    let squared = if family.wide_scale_n_layers == Some(n_layers) {
        dim as f64 / heads.n_heads as f64
    } else {
        heads.head_dim as f64
    };
    Ok((1.0 / squared.sqrt()) as f32)
}

fn rotary(
    keys: &Keys,
    family: &Family,
    heads: &Heads,
    train_context: usize,
) -> Result<Option<Rotary>, ModelError> {
    let Some(style) = family.rotary else {
        return Ok(None);
    };
    let n_dims = keys
        .size("rope.dimension_count", MAX_HEAD_DIM)?
        .unwrap_or(heads.head_dim);
    if n_dims > heads.head_dim || !n_dims.is_multiple_of(2) {
        let reason = format!("no even part of a head of {}", heads.head_dim);
        return Err(keys.bad("rope.dimension_count", n_dims, reason));
    }
    let bases = f32::MIN_POSITIVE..=1e15;
    let window_base = match keys.float("rope.freq_base_swa", bases.clone())? {
        Some(base) => Some(base),
        None => family.window_rope_base,
    };
    Ok(Some(Rotary {
        style,
        n_dims,
        base: keys.float("rope.freq_base", bases)?.unwrap_or(10_000.0),
        linear_factor: linear_factor(keys)?,
        window_base,
        original_context: keys
            .size("rope.scaling.original_context_length", MAX_CONTEXT)?
            .unwrap_or(train_context),
        magnitude: keys
            .float("rope.scaling.attn_factor", f32::MIN_POSITIVE..=1e3)?
            .unwrap_or(1.0),
    }))
}

/// The factor of linear scaling; files from before `rope.scaling.type` mean linear by a bare factor.
fn linear_factor(keys: &Keys) -> Result<f32, ModelError> {
    let kind = keys.name("rope.scaling.type");
    match keys.meta.str(&kind)?.unwrap_or("linear") {
        "linear" => {
            let factors = 1e-3..=1e6;
            let factor = match keys.float("rope.scaling.factor", factors.clone())? {
                Some(factor) => Some(factor),
                None => keys.float("rope.scale_linear", factors)?,
            };
            Ok(factor.unwrap_or(1.0))
        }
        "none" | "longrope" => Ok(1.0),
        other => Err(ModelError::NotImplemented {
            what: format!("{kind} = {other}"),
        }),
    }
}

fn windows(
    keys: &Keys,
    family: &Family,
    n_layers: usize,
) -> Result<Vec<Option<usize>>, ModelError> {
    let key = keys.name("attention.sliding_window");
    let window = match keys.meta.u32(&key)? {
        Some(0) => None,
        Some(window) => Some(window as usize),
        None => family.default_window,
    };
    let pattern = "attention.sliding_window_pattern";
    let is_windowed: Vec<bool> = match keys.meta.get(&keys.name(pattern)) {
        None => (0..n_layers).map(|i| in_pattern(family, i)).collect(),
        Some(Value::Array(_)) => keys.bools(pattern, n_layers)?,
        Some(_) => {
            let period = keys.size(pattern, MAX_LAYERS)?.unwrap_or(1);
            (0..n_layers)
                .map(|i| !(i + 1).is_multiple_of(period))
                .collect()
        }
    };
    Ok(is_windowed
        .into_iter()
        .map(|windowed| window.filter(|_| windowed))
        .collect())
}

fn in_pattern(family: &Family, layer: usize) -> bool {
    match family.windowed {
        Windowed::All => true,
        Windowed::AllButEach(period) => !(layer + 1).is_multiple_of(period),
    }
}

/// Metadata under one family's prefix.
pub(crate) struct Keys<'a> {
    pub meta: &'a Metadata,
    pub arch: &'a str,
}

impl Keys<'_> {
    pub(crate) fn name(&self, suffix: &str) -> String {
        format!("{}.{suffix}", self.arch)
    }

    pub(crate) fn bad(&self, suffix: &str, value: impl ToString, reason: String) -> ModelError {
        ModelError::BadKey {
            key: self.name(suffix),
            value: value.to_string(),
            reason,
        }
    }

    fn missing(&self, suffix: &str) -> ModelError {
        ModelError::MissingKey {
            key: self.name(suffix),
        }
    }

    /// A count between 1 and `max`.
    pub(crate) fn size(&self, suffix: &str, max: usize) -> Result<Option<usize>, ModelError> {
        match self.meta.u32(&self.name(suffix))? {
            Some(value) if value == 0 || value as usize > max => {
                Err(self.bad(suffix, value, format!("outside 1 to {max}")))
            }
            found => Ok(found.map(|value| value as usize)),
        }
    }

    pub(crate) fn required_size(&self, suffix: &str, max: usize) -> Result<usize, ModelError> {
        self.size(suffix, max)?.ok_or_else(|| self.missing(suffix))
    }

    fn float(
        &self,
        suffix: &str,
        range: std::ops::RangeInclusive<f32>,
    ) -> Result<Option<f32>, ModelError> {
        match self.meta.f32(&self.name(suffix))? {
            Some(value) if !range.contains(&value) => {
                let reason = format!("outside {} to {}", range.start(), range.end());
                Err(self.bad(suffix, value, reason))
            }
            found => Ok(found),
        }
    }

    pub(crate) fn required_float(
        &self,
        suffix: &str,
        range: std::ops::RangeInclusive<f32>,
    ) -> Result<f32, ModelError> {
        self.float(suffix, range)?
            .ok_or_else(|| self.missing(suffix))
    }

    /// Outer `None`: no key; inner `None`: switched off by a zero.
    fn softcap(&self, suffix: &str) -> Result<Option<Option<f32>>, ModelError> {
        let cap = self.float(suffix, 0.0..=1e6)?;
        Ok(cap.map(|cap| Some(cap).filter(|&cap| cap > 0.0)))
    }

    fn bools(&self, suffix: &str, len: usize) -> Result<Vec<bool>, ModelError> {
        let key = self.name(suffix);
        let values = self.meta.bools(&key)?.unwrap_or_default();
        if values.len() != len {
            let reason = format!("there are {len} layers");
            return Err(self.bad(suffix, format!("{} values", values.len()), reason));
        }
        Ok(values.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest metadata of a family, with one key changed.
    fn read(arch: &str, key: &str, value: Value) -> Result<Config, ModelError> {
        let mut meta = Metadata::new("test.gguf");
        meta.set("general.architecture", Value::String(arch.to_owned()));
        let sizes = [
            ("block_count", 6),
            ("embedding_length", 64),
            ("context_length", 256),
            ("feed_forward_length", 128),
            ("attention.head_count", 4),
            ("attention.head_count_kv", 2),
        ];
        for (suffix, size) in sizes {
            meta.set(&format!("{arch}.{suffix}"), Value::U32(size));
        }
        for kind in ["layer_norm_epsilon", "layer_norm_rms_epsilon"] {
            meta.set(&format!("{arch}.attention.{kind}"), Value::F32(1e-5));
        }
        meta.set(&format!("{arch}.{key}"), value);
        Config::read(&meta)
    }

    #[test]
    fn impossible_values_are_refused_with_key_and_number() {
        let text = |text: &str| Value::String(text.to_owned());
        let cases = [
            (
                "attention.head_count",
                Value::U32(0),
                "key llama.attention.head_count is 0",
            ),
            (
                "attention.head_count",
                Value::U32(1 << 20),
                "llama.attention.head_count is 1048576",
            ),
            (
                "attention.head_count",
                Value::U32(6),
                "the width of 64 gives no head size",
            ),
            (
                "attention.head_count_kv",
                Value::U32(3),
                "head_count_kv is 3: 4 query heads",
            ),
            (
                "attention.key_length",
                Value::U32(1 << 30),
                "attention.key_length is 1073741824",
            ),
            (
                "attention.value_length",
                Value::U32(8),
                "values of 8 beside keys of 16",
            ),
            (
                "block_count",
                Value::U32(u32::MAX),
                "llama.block_count is 4294967295",
            ),
            (
                "embedding_length",
                Value::U64(1 << 40),
                "llama.embedding_length",
            ),
            ("context_length", Value::U32(0), "llama.context_length is 0"),
            (
                "attention.layer_norm_rms_epsilon",
                Value::F32(f32::NAN),
                "epsilon is NaN",
            ),
            (
                "attention.layer_norm_rms_epsilon",
                Value::F32(-1.0),
                "epsilon is -1",
            ),
            (
                "rope.dimension_count",
                Value::U32(18),
                "rope.dimension_count is 18: no even part",
            ),
            (
                "rope.dimension_count",
                Value::U32(7),
                "rope.dimension_count is 7: no even part",
            ),
            (
                "rope.freq_base",
                Value::F32(0.0),
                "llama.rope.freq_base is 0",
            ),
            (
                "rope.scaling.factor",
                Value::F32(0.0),
                "llama.rope.scaling.factor is 0",
            ),
            (
                "rope.scaling.type",
                text("yarn"),
                "llama.rope.scaling.type = yarn is not implemented",
            ),
            (
                "attention.sliding_window_pattern",
                Value::U32(0),
                "pattern is 0",
            ),
        ];
        for (key, value, expected) in cases {
            let error = read("llama", key, value).expect_err(key).to_string();
            assert!(error.contains(expected), "{key}: {error}");
        }
        let error = read("mamba", "x", Value::U8(0)).unwrap_err().to_string();
        assert!(
            error.starts_with("architecture mamba is not one of: llama, qwen2"),
            "{error}"
        );
    }

    #[test]
    fn windows_follow_the_familys_pattern_or_the_files() {
        let windows = |arch: &str, key: &str, value| {
            let cfg = read(arch, key, value).unwrap();
            let wide = |w: &Option<usize>| w.map_or('-', |_| 'w');
            cfg.windows.iter().map(wide).collect::<String>()
        };
        let window = "attention.sliding_window";
        let cases = [
            ("llama", "x", Value::U32(1), "------"),
            ("llama", window, Value::U32(8), "wwwwww"),
            ("phi3", window, Value::U32(0), "------"),
            ("gemma2", "x", Value::U32(1), "w-w-w-"),
            ("gemma3", "x", Value::U32(1), "------"),
            ("gemma3", window, Value::U32(8), "wwwww-"),
            (
                "gemma2",
                "attention.sliding_window_pattern",
                Value::U32(3),
                "ww-ww-",
            ),
        ];
        for (arch, key, value, expected) in cases {
            assert_eq!(windows(arch, key, value), expected, "{arch} {key}");
        }
    }

    #[test]
    fn scales_and_caps_are_the_familys_where_no_key_says_otherwise() {
        let plain = read("gemma2", "x", Value::U8(0)).unwrap();
        assert_eq!(plain.embedding_scale, Some(8.0));
        assert_eq!(plain.attention_scale, 0.25);
        assert_eq!(
            (plain.attention_softcap, plain.logit_softcap),
            (Some(50.0), Some(30.0))
        );
        let off = read("gemma2", "final_logit_softcapping", Value::F32(0.0)).unwrap();
        assert_eq!(off.logit_softcap, None);
        // the 27B member: scores by dim / n_heads although its heads have another size
        let wide = read("gemma3", "block_count", Value::U32(62)).unwrap();
        assert_eq!(wide.attention_scale, 0.25);
        let own = read("llama", "attention.scale", Value::F32(1.0)).unwrap();
        assert_eq!((own.attention_scale, own.embedding_scale), (1.0, None));
    }
}
