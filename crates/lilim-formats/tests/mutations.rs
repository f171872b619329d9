//! Damaged files by the hundred thousand, the same on every run: no parser panics, takes long or
//! allocates beyond a bound, and what parses is sound. Every failure prints the damage that
//! caused it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod damage;
mod metered;
mod raw;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use damage::{Damage, Random};
use lilim_formats::GgmlType;
use lilim_formats::gguf::{
    Array, Gguf, GgufWriter, MAX_DIMS, Metadata, TensorSpec, Value, part_names,
};
use lilim_formats::safetensors::{SafeTensors, ShardIndex};
use raw::{RawGguf, array, safetensors, string};

#[global_allocator]
static ALLOCATOR: metered::Metered = metered::Metered;

/// What any parser may have allocated at once: first capacities, messages.
const MAX_BYTES_ANYWAY: usize = 32 << 10;
/// A parse of a few kilobytes takes some microseconds; the rest is for a busy machine.
const MAX_TIME: Duration = Duration::from_secs(2);
/// The longest error message; names in it are cut.
const MAX_MESSAGE_BYTES: usize = 2048;
/// How many files with several random damages are made of each sound one.
const N_RANDOM: usize = 4000;
const SEED: u64 = 0x001_1111_2026;

/// A parser with checks of what it returns, and what it may have allocated at once for each byte
/// of the file.
struct Parser<'a> {
    parse: &'a dyn Fn(&[u8]),
    bytes_per_byte: usize,
}

/// The worst case is many tiny keys: 10.
const GGUF_BYTES_PER_BYTE: usize = 16;
const GGUF: Parser<'static> = Parser {
    parse: &parse_gguf,
    bytes_per_byte: GGUF_BYTES_PER_BYTE,
};
/// The worst case is a wrong shape of ones: two bytes an element, which parsed JSON holds in 32
/// and a growing list has twice; 54.
const JSON_BYTES_PER_BYTE: usize = 64;
const SAFETENSORS: Parser<'static> = Parser {
    parse: &parse_safetensors,
    bytes_per_byte: JSON_BYTES_PER_BYTE,
};
const INDEX: Parser<'static> = Parser {
    parse: &parse_index,
    bytes_per_byte: JSON_BYTES_PER_BYTE,
};

fn write(metadata: &Metadata, specs: &[TensorSpec]) -> Vec<u8> {
    let mut writer = GgufWriter::new(Vec::new(), metadata, specs).unwrap();
    for spec in specs {
        let rows: u64 = spec.dims[1..].iter().product();
        let row_bytes = spec.ty.row_bytes(spec.dims[0] as usize).unwrap();
        writer
            .write_tensor(&spec.name, &vec![0x5a; row_bytes * rows as usize])
            .unwrap();
    }
    writer.finish().unwrap()
}

fn spec(name: &str, ty: GgmlType, dims: &[u64]) -> TensorSpec {
    TensorSpec {
        name: name.into(),
        ty,
        dims: dims.to_vec(),
    }
}

/// A file with every value type.
fn gguf_with_all_values() -> Vec<u8> {
    let mut metadata = Metadata::new("seed");
    for (key, value) in [
        ("general.architecture", Value::String("llama".into())),
        ("general.alignment", Value::U32(16)),
        ("u8", Value::U8(1)),
        ("i8", Value::I8(-1)),
        ("u16", Value::U16(2)),
        ("i16", Value::I16(-2)),
        ("u32", Value::U32(3)),
        ("i32", Value::I32(-3)),
        ("f32", Value::F32(1e-5)),
        ("u64", Value::U64(4)),
        ("i64", Value::I64(-4)),
        ("f64", Value::F64(1e-6)),
        ("bool", Value::Bool(true)),
        (
            "tokenizer.ggml.tokens",
            Value::Array(Array::String(vec!["<s>".into(), "é".into()])),
        ),
        (
            "tokenizer.ggml.scores",
            Value::Array(Array::F32(vec![0.0, -1.0])),
        ),
        ("flags", Value::Array(Array::Bool(vec![true, false]))),
        ("wide", Value::Array(Array::I64(vec![1, -1]))),
        ("none", Value::Array(Array::U16(vec![]))),
    ] {
        metadata.push(key, value).unwrap();
    }
    let specs = [
        spec("norm", GgmlType::F32, &[4]),
        spec("embd", GgmlType::Q8_0, &[32, 2]),
    ];
    write(&metadata, &specs)
}

/// A file with every tensor type and every number of dimensions.
fn gguf_with_all_types() -> Vec<u8> {
    let specs: Vec<TensorSpec> = GgmlType::all()
        .enumerate()
        .map(|(i, ty)| {
            let mut dims = vec![1; 1 + i % MAX_DIMS as usize];
            dims[0] = ty.block_len() as u64;
            spec(&format!("t{i}"), ty, &dims)
        })
        .collect();
    write(&Metadata::new("seed"), &specs)
}

fn split_set() -> Vec<Vec<u8>> {
    (0..3u16)
        .map(|no| {
            let mut metadata = Metadata::new("seed");
            metadata.set("split.no", Value::U16(no));
            metadata.set("split.count", Value::U16(3));
            metadata.set("split.tensors.count", Value::I32(3));
            write(&metadata, &[spec(&format!("t{no}"), GgmlType::F16, &[8])])
        })
        .collect()
}

fn safetensors_file() -> Vec<u8> {
    let header = r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]},"c":{"dtype":"I64","shape":[],"data_offsets":[22,30]}}"#;
    safetensors(header, &[7; 30])
}

fn index_file() -> Vec<u8> {
    br#"{"metadata":{"total_size":12},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#
        .to_vec()
}

/// Runs one parser on one file and holds it to the bounds.
fn check(bytes: &[u8], damage: &dyn std::fmt::Debug, parser: &Parser<'_>) {
    let start = Instant::now();
    let (result, peak) =
        metered::peak_bytes(|| catch_unwind(AssertUnwindSafe(|| (parser.parse)(bytes))).is_ok());
    assert!(result, "panicked; damage: {damage:?}");
    let bound = MAX_BYTES_ANYWAY + parser.bytes_per_byte * bytes.len();
    assert!(
        peak <= bound,
        "{peak} bytes allocated for {}; damage: {damage:?}",
        bytes.len()
    );
    let took = start.elapsed();
    assert!(
        took <= MAX_TIME,
        "{took:?} for {} bytes; damage: {damage:?}",
        bytes.len()
    );
}

fn check_message(message: &str) {
    assert!(message.starts_with("file: "), "{message}");
    assert!(message.len() <= MAX_MESSAGE_BYTES, "{message}");
    assert!(!message.contains(char::is_control), "{message:?}");
}

fn assert_inside(inner: &[u8], outer: &[u8]) {
    let (inner, outer) = (inner.as_ptr_range(), outer.as_ptr_range());
    assert!(outer.start <= inner.start && inner.end <= outer.end);
}

fn parse_gguf(bytes: &[u8]) {
    let gguf = match Gguf::parse("file", bytes) {
        Ok(gguf) => gguf,
        Err(error) => return check_message(&error.to_string()),
    };
    check_sound(&gguf, &[bytes]);
    if let Err(error) = Gguf::join(vec![gguf]) {
        check_message(&error.to_string());
    }
}

/// Checks what a parsed file promises, and that its readers never panic.
fn check_sound(gguf: &Gguf, parts: &[&[u8]]) {
    for tensor in gguf.tensors() {
        assert_inside(tensor.bytes(parts[tensor.part]), parts[tensor.part]);
        assert_eq!(tensor.offset % gguf.alignment(), 0);
        let blocks = tensor.n_elements() / tensor.ty.block_len() as u64;
        assert_eq!(tensor.n_bytes, blocks * tensor.ty.block_bytes() as u64);
    }
    let mut in_order: Vec<_> = gguf.tensors().iter().collect();
    in_order.sort_by_key(|tensor| (tensor.part, tensor.offset));
    for pair in in_order.windows(2) {
        let apart = pair[0].offset + pair[0].n_bytes <= pair[1].offset;
        assert!(apart || pair[0].part != pair[1].part);
    }
    let metadata = gguf.metadata();
    for (key, value) in metadata.iter() {
        assert!(!value.to_string().is_empty());
        let messages = [
            metadata.u32(key).err(),
            metadata.f32(key).err(),
            metadata.bool(key).err(),
            metadata.str(key).err(),
            metadata.strings(key).err(),
            metadata.u32s(key).err(),
            metadata.i32s(key).err(),
            metadata.f32s(key).err(),
        ];
        messages
            .iter()
            .flatten()
            .for_each(|error| check_message(&error.to_string()));
    }
    if let Err(error) = gguf.split() {
        check_message(&error.to_string());
    }
}

fn parse_safetensors(bytes: &[u8]) {
    match SafeTensors::parse("file", bytes) {
        Err(error) => check_message(&error.to_string()),
        Ok(file) => {
            for view in file.tensors() {
                assert_inside(view.bytes, bytes);
                assert_eq!(view.n_elements() * view.dtype.size(), view.bytes.len());
            }
        }
    }
}

fn parse_index(bytes: &[u8]) {
    match ShardIndex::parse("file", bytes) {
        Err(error) => check_message(&error.to_string()),
        Ok(index) => index
            .files()
            .iter()
            .for_each(|file| assert!(!file.contains('/'))),
    }
}

/// Damages a sound file in every systematic way and in `N_RANDOM` random ones.
fn check_all_damage(sound: &[u8], others: &[Vec<u8>], parser: &Parser<'_>) {
    check(sound, &"none", parser);
    let mut n_files = 0;
    for damage in Damage::systematic(sound) {
        check(&damage.apply(sound), &damage, parser);
        n_files += 1;
    }
    let mut random = Random(SEED);
    for number in 0..N_RANDOM {
        let mut bytes = sound.to_vec();
        let mut done = Vec::new();
        for _ in 0..=random.below(6) {
            let damage = Damage::random(&mut random, bytes.len(), others);
            bytes = damage.apply(&bytes);
            done.push(damage);
        }
        check(&bytes, &(number, done), parser);
        n_files += 1;
    }
    assert!(n_files > N_RANDOM + 4 * sound.len(), "{n_files} files only");
}

#[test]
fn damaged_values_are_survived() {
    let sound = gguf_with_all_values();
    check_all_damage(&sound, &[gguf_with_all_types()], &GGUF);
}

#[test]
fn damaged_tensor_tables_are_survived() {
    let sound = gguf_with_all_types();
    check_all_damage(&sound, &[gguf_with_all_values()], &GGUF);
}

#[test]
fn damaged_parts_of_a_set_are_survived() {
    let set = split_set();
    for number in 0..set.len() {
        let parse = |bytes: &[u8]| {
            let parts: Vec<&[u8]> = (0..set.len())
                .map(|i| if i == number { bytes } else { &set[i] })
                .collect();
            let parsed: Result<Vec<Gguf>, _> =
                parts.iter().map(|part| Gguf::parse("file", part)).collect();
            match parsed.and_then(Gguf::join) {
                Err(error) => check_message(&error.to_string()),
                Ok(joined) => check_sound(&joined, &parts),
            }
        };
        let parser = Parser {
            parse: &parse,
            bytes_per_byte: 3 * GGUF_BYTES_PER_BYTE,
        };
        check_all_damage(&set[number], &set, &parser);
    }
}

#[test]
fn damaged_safetensors_are_survived() {
    check_all_damage(&safetensors_file(), &[index_file()], &SAFETENSORS);
}

#[test]
fn damaged_indexes_are_survived() {
    check_all_damage(&index_file(), &[safetensors_file()], &INDEX);
}

/// Files made to need as much memory as possible for each byte, and counts that lie.
#[test]
fn greedy_files_are_held_to_the_bound() {
    const N: usize = 1 << 14;
    let empty_strings = RawGguf::new()
        .key("k", 9, &array(8, N as u64, &[0; 8 * N]))
        .bytes();
    check(&empty_strings, &"empty strings", &GGUF);
    let bools = RawGguf::new()
        .key("k", 9, &array(7, N as u64, &[1; N]))
        .bytes();
    check(&bools, &"bools", &GGUF);
    let mut keys = RawGguf::new();
    let mut tensors = RawGguf::new();
    for i in 0..N {
        keys = keys.key(&format!("{i:x}"), 0, &[1]);
        tensors = tensors.tensor(&format!("{i:x}"), &[1], 24, 32 * i as u64);
    }
    check(&keys.bytes(), &"keys", &GGUF);
    check(&tensors.data(32 * N).bytes(), &"tensors", &GGUF);
    let mut lying = RawGguf::new()
        .key("k", 9, &array(8, N as u64, &[0; 8 * N]))
        .bytes();
    lying[45 + 4 + 7] = 1;
    let frugal = Parser {
        bytes_per_byte: 0,
        ..GGUF
    };
    check(&lying, &"a count whose first element is broken", &frugal);
    let ones = vec!["1"; N].join(",");
    let shape = format!(r#"{{"w":{{"dtype":"I8","shape":[{ones}],"data_offsets":[0,1]}}}}"#);
    check(&safetensors(&shape, &[0]), &"ones", &SAFETENSORS);
    let wrong = format!(r#"{{"w":{{"dtype":"I8","shape":[{ones}],"data_offsets":[0,2]}}}}"#);
    check(&safetensors(&wrong, &[0; 2]), &"wrong ones", &SAFETENSORS);
    let nested = format!(r#"{{"w":[{}]}}"#, vec!["[]"; N].join(","));
    check(&safetensors(&nested, &[]), &"nested", &SAFETENSORS);
    check(nested.as_bytes(), &"nested", &INDEX);
}

#[test]
fn part_names_survive_any_text() {
    let mut random = Random(SEED);
    let sound = b"m-00001-of-00009.gguf";
    for _ in 0..N_RANDOM {
        let damage = Damage::random(&mut random, sound.len(), &[]);
        let text = String::from_utf8_lossy(&damage.apply(sound)).into_owned();
        if let Some(names) = part_names(&text) {
            assert!(names.contains(&text), "{text:?}");
        }
    }
}

#[test]
fn the_meter_sees_allocations() {
    let (_, none) = metered::peak_bytes(|| 1 + 1);
    assert_eq!(none, 0);
    let (kept, peak) = metered::peak_bytes(|| {
        drop(Vec::<u8>::with_capacity(5000));
        Vec::<u8>::with_capacity(3000)
    });
    assert_eq!((kept.capacity(), peak), (3000, 5000));
    assert!(string("x").len() == 9);
}
