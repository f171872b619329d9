//! The GGUF writer: what it writes is what the reader reads, for any metadata and any tensors,
//! and it refuses what would make a damaged file.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod raw;

use lilim_formats::GgmlType;
use lilim_formats::gguf::{
    ALIGNMENT_KEY, Array, Gguf, GgufError, GgufWriter, Metadata, TensorSpec, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;
use raw::{RawGguf, array, string};

fn spec(name: &str, ty: GgmlType, dims: &[u64]) -> TensorSpec {
    TensorSpec {
        name: name.into(),
        ty,
        dims: dims.to_vec(),
    }
}

fn two_specs() -> [TensorSpec; 2] {
    [
        spec("one", GgmlType::F32, &[3, 2]),
        spec("two", GgmlType::Q4_0, &[32, 2]),
    ]
}

#[test]
fn the_bytes_are_those_of_the_format() {
    let raw = RawGguf::new()
        .key("a", 8, &string("text"))
        .key("b", 9, &array(7, 2, &[1, 0]))
        .key("c", 10, &7u64.to_le_bytes())
        .tensor("one", &[3, 2], 0, 0)
        .tensor("two", &[32, 2], 2, 32)
        .data(32 + 64);
    let mut expected = raw.bytes();
    let data_start = expected.len() - 96;
    expected[data_start + 24..data_start + 32].fill(0);
    expected[data_start + 68..].fill(0);

    let mut metadata = Metadata::new("out.gguf");
    metadata.push("a", Value::String("text".into())).unwrap();
    metadata
        .push("b", Value::Array(Array::Bool(vec![true, false])))
        .unwrap();
    metadata.push("c", Value::U64(7)).unwrap();
    let mut writer = GgufWriter::new(Vec::new(), &metadata, &two_specs()).unwrap();
    writer.write_tensor("one", &raw.data[..24]).unwrap();
    // In pieces, one of them empty.
    writer.write_piece(&raw.data[32..40]).unwrap();
    writer.write_piece(&[]).unwrap();
    writer.write_piece(&raw.data[40..68]).unwrap();
    assert_eq!(writer.finish().unwrap(), expected);
}

#[test]
fn wrong_tensors_and_sizes_are_refused() {
    let metadata = Metadata::new("out.gguf");
    let begin = || GgufWriter::new(Vec::new(), &metadata, &two_specs()).unwrap();
    let mut writer = begin();
    let errors = [
        (
            writer.write_tensor("two", &[0; 36]),
            "tensor two was given where one is due",
        ),
        (
            writer.write_tensor("one", &[0; 23]),
            "tensor one has 24 bytes, but 23 were given",
        ),
        (
            writer.write_piece(&[0; 25]),
            "tensor one has 24 bytes, but 25 were given",
        ),
        (writer.write_piece(&[0; 8]), ""),
        (
            writer.write_tensor("one", &[0; 24]),
            "tensor one was given where one is due",
        ),
        (
            writer.write_piece(&[0; 17]),
            "tensor one has 24 bytes, but 25 were given",
        ),
        (writer.write_piece(&[0; 16]), ""),
        (writer.write_tensor("two", &[0; 36]), ""),
        (
            writer.write_piece(&[0; 1]),
            "tensor more (1 bytes) was given where the end of the file is due",
        ),
        (
            writer.write_tensor("x", &[0; 1]),
            "tensor x was given where the end of the file is due",
        ),
    ];
    for (result, expected) in errors {
        let message = result
            .err()
            .map_or(String::new(), |error| error.to_string());
        assert_eq!(message.trim_start_matches("out.gguf: "), expected);
    }
    writer.finish().unwrap();
    let mut short = begin();
    short.write_piece(&[0; 5]).unwrap();
    let message = short.finish().unwrap_err().to_string();
    assert_eq!(
        message,
        "out.gguf: tensor one has 24 bytes, but 5 were given"
    );
}

#[test]
fn impossible_declarations_are_refused() {
    let check = |metadata: &Metadata, tensors: &[TensorSpec], expected: &str| {
        let error = GgufWriter::new(Vec::new(), metadata, tensors).unwrap_err();
        assert_eq!(error.to_string(), format!("out.gguf: {expected}"));
    };
    let none = Metadata::new("out.gguf");
    let one = spec("w", GgmlType::F32, &[4]);
    check(&none, &[one.clone(), one], "tensor w occurs twice");
    check(
        &none,
        &[spec("w", GgmlType::Q6_K, &[128, 2])],
        "tensor w of shape [128, 2] has rows that are not whole blocks of Q6_K (256 values)",
    );
    check(
        &none,
        &[spec("w", GgmlType::F32, &[1; 5])],
        "number of dimensions of tensor w is 5, above the limit of 4",
    );
    let large = |name| spec(name, GgmlType::I8, &[(1 << 63) - 1]);
    check(
        &none,
        &[large("a"), large("b")],
        "tensor b of shape [9223372036854775807] is too large to count",
    );
    let mut metadata = Metadata::new("out.gguf");
    metadata.set(ALIGNMENT_KEY, Value::U32(33));
    check(
        &metadata,
        &[],
        "general.alignment is 33, not a power of two up to 16777216",
    );
}

#[test]
fn a_writer_that_fails_keeps_its_reason() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk is full"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = GgufWriter::new(Full, &Metadata::new("out.gguf"), &[])
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "out.gguf: cannot write");
    let GgufError::Write { source, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(source.to_string(), "disk is full");
}

#[test]
fn metadata_keeps_order_and_unique_keys() {
    let mut metadata = Metadata::new("out.gguf");
    metadata.push("b", Value::U8(1)).unwrap();
    metadata.push("a", Value::U8(2)).unwrap();
    assert!(matches!(
        metadata.push("b", Value::U8(3)),
        Err(GgufError::DuplicateKey { key, .. }) if key == "b"
    ));
    metadata.set("b", Value::U8(4));
    metadata.set("c", Value::U8(5));
    let pairs: Vec<_> = metadata
        .iter()
        .map(|(key, value)| (key, value.clone()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("b", Value::U8(4)),
            ("a", Value::U8(2)),
            ("c", Value::U8(5))
        ]
    );
}

fn value() -> impl Strategy<Value = Value> {
    // Not NaN: it is kept in the bytes, but is not equal to itself.
    let f32 = prop::num::f32::ANY.prop_filter("equal to itself", |v| !v.is_nan());
    let f64 = prop::num::f64::ANY.prop_filter("equal to itself", |v| !v.is_nan());
    prop_oneof![
        any::<u8>().prop_map(Value::U8),
        any::<i8>().prop_map(Value::I8),
        any::<u16>().prop_map(Value::U16),
        any::<i16>().prop_map(Value::I16),
        any::<u32>().prop_map(Value::U32),
        any::<i32>().prop_map(Value::I32),
        any::<u64>().prop_map(Value::U64),
        any::<i64>().prop_map(Value::I64),
        f32.prop_map(Value::F32),
        f64.prop_map(Value::F64),
        any::<bool>().prop_map(Value::Bool),
        any::<String>().prop_map(Value::String),
        list().prop_map(Value::Array),
    ]
}

fn list() -> impl Strategy<Value = Array> {
    prop_oneof![
        vec(any::<u8>(), 0..5).prop_map(Array::U8),
        vec(any::<i8>(), 0..5).prop_map(Array::I8),
        vec(any::<u16>(), 0..5).prop_map(Array::U16),
        vec(any::<i16>(), 0..5).prop_map(Array::I16),
        vec(any::<u32>(), 0..5).prop_map(Array::U32),
        vec(any::<i32>(), 0..5).prop_map(Array::I32),
        vec(any::<u64>(), 0..5).prop_map(Array::U64),
        vec(any::<i64>(), 0..5).prop_map(Array::I64),
        vec(-1e9f32..1e9, 0..5).prop_map(Array::F32),
        vec(-1e9f64..1e9, 0..5).prop_map(Array::F64),
        vec(any::<bool>(), 0..5).prop_map(Array::Bool),
        vec(any::<String>(), 0..5).prop_map(Array::String),
    ]
}

fn tensor() -> impl Strategy<Value = (GgmlType, Vec<u64>, u8)> {
    let types: Vec<GgmlType> = GgmlType::all().collect();
    (
        prop::sample::select(types),
        1u64..4,
        vec(1u64..4, 0..3),
        any::<u8>(),
    )
        .prop_map(|(ty, blocks, rest, fill)| {
            let row = [blocks * ty.block_len() as u64];
            (ty, row.into_iter().chain(rest).collect(), fill)
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_written_again_the_same(
        pairs in vec((".{0,20}", value()), 0..12),
        tensors in vec(tensor(), 0..6),
        alignment_bits in 0u32..10,
    ) {
        let mut metadata = Metadata::new("out.gguf");
        for (key, value) in pairs {
            metadata.set(&key, value);
        }
        metadata.set(ALIGNMENT_KEY, Value::U32(1 << alignment_bits));
        let specs: Vec<TensorSpec> = tensors
            .iter()
            .enumerate()
            .map(|(i, (ty, dims, _))| spec(&format!("t{i}"), *ty, dims))
            .collect();
        let data: Vec<Vec<u8>> = tensors
            .iter()
            .map(|(ty, dims, fill)| {
                let rows: u64 = dims[1..].iter().product();
                vec![*fill; ty.row_bytes(dims[0] as usize).unwrap() * rows as usize]
            })
            .collect();
        let mut writer = GgufWriter::new(Vec::new(), &metadata, &specs).unwrap();
        for (spec, data) in specs.iter().zip(&data) {
            writer.write_tensor(&spec.name, data).unwrap();
        }
        let bytes = writer.finish().unwrap();

        let gguf = Gguf::parse("out.gguf", &bytes).unwrap();
        prop_assert_eq!(gguf.metadata(), &metadata);
        prop_assert_eq!(gguf.alignment(), 1 << alignment_bits);
        prop_assert_eq!(gguf.tensors().len(), specs.len());
        for ((tensor, spec), data) in gguf.tensors().iter().zip(&specs).zip(&data) {
            prop_assert_eq!(&TensorSpec::from(tensor), spec);
            prop_assert_eq!(tensor.bytes(&bytes), &data[..]);
            prop_assert_eq!(tensor.offset % gguf.alignment(), 0);
        }
        let again = gguf.write(Vec::new(), &[&bytes]).unwrap();
        prop_assert_eq!(again, bytes);
    }
}
