//! Damaged and hostile files: an error or a run, never a panic and never a huge allocation.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lilim_api::{Engine, EngineError, LoadOptions};
use lilim_formats::GgmlType;
use lilim_formats::gguf::{Array, Gguf, GgufWriter, Metadata, TensorSpec, Value};

use crate::support::{engine_of, exact, fixtures, in_memory, name_of, prefill};

/// The models that between them use every key and every kind of tensor.
const VICTIMS: [&str; 6] = [
    "llama-rope-llama3",
    "gemma3-rope-linear",
    "phi3-longrope",
    "stablelm-parallel",
    "gptneo",
    "rwkv7",
];

/// Loads and makes two steps; the error, if any.
fn run(bytes: Vec<u8>) -> Result<(), EngineError> {
    let options = LoadOptions {
        context: Some(16),
        memory_limit_bytes: Some(64 << 20),
        ..exact()
    };
    let model = engine_of(bytes).load(&in_memory(), &options, &mut |_| ())?;
    let mut session = model.session()?;
    session.with_stepper(&mut |stepper| {
        prefill(stepper, &[3, 4])?;
        stepper.step(5)?;
        stepper.step(6)
    })
}

/// Runs a damaged file; tells whether it was refused.
fn refused(what: &str, bytes: Vec<u8>) -> bool {
    match catch_unwind(AssertUnwindSafe(|| run(bytes))) {
        Ok(result) => result.is_err(),
        Err(_) => panic!("{what} makes the engine panic"),
    }
}

fn victims() -> Vec<(String, Vec<u8>)> {
    let paths = fixtures("models").into_iter();
    let named = paths.map(|path| (name_of(&path), path));
    named
        .filter(|(name, _)| VICTIMS.contains(&name.as_str()))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect()
}

/// A small generator of numbers, seeded (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// Writes a model again with other metadata and tensor headers; data is cut or padded to fit.
pub(crate) fn rewritten(
    bytes: &[u8],
    change: impl FnOnce(&mut Metadata, &mut Vec<TensorSpec>),
) -> Vec<u8> {
    let gguf = Gguf::parse("victim", bytes).unwrap();
    let mut metadata = gguf.metadata().clone();
    let mut specs: Vec<TensorSpec> = gguf.tensors().iter().map(TensorSpec::from).collect();
    let data: Vec<&[u8]> = gguf
        .tensors()
        .iter()
        .map(|info| info.bytes(bytes))
        .collect();
    change(&mut metadata, &mut specs);
    let Ok(mut writer) = GgufWriter::new(Vec::new(), &metadata, &specs) else {
        return Vec::new();
    };
    for (spec, data) in specs.iter().zip(data) {
        let n: u64 = spec.dims[1..].iter().product();
        let n_bytes = spec.ty.row_bytes(spec.dims[0] as usize).unwrap() * n as usize;
        let mut data = data.to_vec();
        data.resize(n_bytes, 0);
        writer.write_tensor(&spec.name, &data).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn flipped_bytes_in_the_header_never_panic() {
    for (name, bytes) in victims() {
        let gguf = Gguf::parse(&name, &bytes).unwrap();
        let first = gguf.tensors().iter().map(|info| info.offset).min();
        let n_header = first.unwrap() as usize;
        let mut random = Random(7);
        let mut n_refused = 0;
        for case in 0..400 {
            let mut damaged = bytes.clone();
            let mut what = format!("{name}, case {case}:");
            for _ in 0..1 + random.below(3) {
                let at = random.below(n_header);
                damaged[at] = match random.below(3) {
                    0 => 0xff,
                    1 => damaged[at] ^ (1 << random.below(8)),
                    _ => random.below(256) as u8,
                };
                what += &format!(" [{at}]={}", damaged[at]);
            }
            n_refused += usize::from(refused(&what, damaged));
        }
        println!("{name}: {n_refused} of 400 refused");
    }
}

#[test]
fn hostile_numbers_never_panic() {
    let sizes = [
        0,
        1,
        2,
        3,
        5,
        7,
        63,
        64,
        65,
        128,
        255,
        1 << 10,
        1 << 16,
        1 << 18,
        1 << 31,
    ];
    let floats = [
        0.0,
        -0.0,
        -1.0,
        1e-30,
        1e30,
        f32::MAX,
        f32::NAN,
        f32::INFINITY,
    ];
    for (name, bytes) in victims() {
        let gguf = Gguf::parse(&name, &bytes).unwrap();
        let mut n_cases = 0;
        for (key, value) in gguf.metadata().iter() {
            let values: Vec<Value> = match value {
                Value::U32(_) => {
                    let sizes = sizes.into_iter().chain([u32::MAX]);
                    let wide = [Value::U64(u64::MAX), Value::I32(-1), Value::Bool(true)];
                    sizes.map(Value::U32).chain(wide).collect()
                }
                Value::F32(_) => floats.into_iter().map(Value::F32).collect(),
                Value::String(_) => vec![Value::String(String::new()), Value::U8(1)],
                Value::Bool(old) => vec![Value::Bool(!old), Value::F64(0.5)],
                _ => vec![
                    Value::Array(Array::Bool(Vec::new())),
                    Value::Array(Array::F32(vec![f32::NAN; 288])),
                ],
            };
            for value in values {
                let what = format!("{name}: {key} = {value}");
                let damaged = rewritten(&bytes, |metadata, _| metadata.set(key, value));
                refused(&what, damaged);
                n_cases += 1;
            }
        }
        println!("{name}: {n_cases} values tried");
    }
}

#[test]
fn every_wrong_tensor_is_refused_by_name() {
    for (name, bytes) in victims() {
        let n_tensors = Gguf::parse(&name, &bytes).unwrap().tensors().len();
        for index in 0..n_tensors {
            for kind in ["name", "shorter", "longer", "rank", "type"] {
                let mut tensor = String::new();
                let damaged = rewritten(&bytes, |_, specs| {
                    tensor.clone_from(&specs[index].name);
                    damage(&mut specs[index], kind);
                });
                let what = format!("{name}: {kind} of {tensor}");
                if damaged.is_empty() {
                    // five dimensions, which cannot even be written
                    continue;
                }
                let error = match catch_unwind(AssertUnwindSafe(|| run(damaged))) {
                    Ok(result) => result.err().map(|error| error.to_string()),
                    Err(_) => panic!("{what} makes the engine panic"),
                };
                if name == "rwkv7" && tensor.starts_with("blk.0.time_mix_v") {
                    continue;
                }
                let error = error.unwrap_or_else(|| panic!("{what} is not noticed"));
                let stem = tensor.trim_end_matches(".weight").trim_end_matches(".bias");
                assert!(kind == "name" || error.contains(stem), "{what}: {error}");
            }
        }
    }
}

fn damage(spec: &mut TensorSpec, kind: &str) {
    match kind {
        "name" => spec.name += "x",
        "shorter" => spec.dims[0] -= 1,
        "longer" => *spec.dims.last_mut().unwrap() += 1,
        "rank" => spec.dims.push(2),
        _ => spec.ty = GgmlType::I32,
    }
}

#[test]
fn a_cut_file_is_refused() {
    for (name, bytes) in victims() {
        for len in (0..bytes.len()).step_by(bytes.len() / 50) {
            let what = format!("{name} cut to {len}");
            assert!(
                refused(&what, bytes[..len].to_vec()),
                "{what} is not noticed"
            );
        }
    }
}
