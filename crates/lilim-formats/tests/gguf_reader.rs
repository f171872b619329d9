//! One damaged file for every check of the GGUF reader: the error is of the right kind and its
//! message names file, place and number.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod raw;

use lilim_formats::GgmlType;
use lilim_formats::gguf::{Array, Gguf, GgufError, Metadata, Value};
use raw::{RawGguf, array, header, string};

const F32: u32 = 0;
const Q4_0: u32 = 2;

/// A file that parses: an alignment, a string, an array, two tensors.
fn good() -> RawGguf {
    RawGguf::new()
        .key("general.alignment", 4, &32u32.to_le_bytes())
        .key("general.architecture", 8, &string("llama"))
        .key(
            "tokens",
            9,
            &array(8, 2, &[string("a"), string("b")].concat()),
        )
        .tensor("one", &[3, 2], F32, 0)
        .tensor("two", &[32, 2], Q4_0, 32)
        .data(32 + 36)
}

fn message(bytes: &[u8]) -> String {
    Gguf::parse("m.gguf", bytes).unwrap_err().to_string()
}

fn check(bytes: &[u8], expected: &str) {
    assert_eq!(message(bytes), format!("m.gguf: {expected}"));
}

#[test]
fn a_sound_file_parses() {
    let bytes = good().bytes();
    let gguf = Gguf::parse("m.gguf", &bytes).unwrap();
    assert_eq!((gguf.version(), gguf.alignment()), (3, 32));
    let keys: Vec<&str> = gguf.metadata().iter().map(|(key, _)| key).collect();
    assert_eq!(
        keys,
        ["general.alignment", "general.architecture", "tokens"]
    );
    let two = gguf.tensor("two").unwrap();
    assert_eq!(
        (two.ty, two.n_elements(), two.n_bytes),
        (GgmlType::Q4_0, 64, 36)
    );
    assert_eq!(two.bytes(&bytes), &bytes[bytes.len() - 36..]);
    assert!(gguf.tensor("three").is_none());
    assert!(gguf.split().unwrap().is_none());
}

#[test]
fn version_2_parses_and_others_are_named() {
    let mut bytes = good().bytes();
    bytes[4] = 2;
    assert_eq!(Gguf::parse("m.gguf", &bytes).unwrap().version(), 2);
    for (version, expected) in [
        (1, "gguf version 1 is not supported (versions 2 and 3 are)"),
        (0, "gguf version 0 is not supported (versions 2 and 3 are)"),
        (4, "gguf version 4 is not supported (versions 2 and 3 are)"),
        (3 << 24, "big-endian gguf (version 3) is not supported"),
    ] {
        check(&header(version, 0, 0), expected);
    }
}

#[test]
fn a_file_that_is_not_gguf_is_named_so() {
    check(b"", "not a gguf file: it starts with the bytes []");
    check(b"GG", "not a gguf file: it starts with the bytes [47, 47]");
    check(
        b"PK\x03\x04....",
        "not a gguf file: it starts with the bytes [50, 4b, 03, 04]",
    );
}

#[test]
fn every_truncation_of_the_header_is_an_error() {
    let bytes = good().bytes();
    for len in 0..bytes.len() {
        assert!(
            Gguf::parse("m.gguf", &bytes[..len]).is_err(),
            "{len} of {} bytes",
            bytes.len()
        );
    }
}

#[test]
fn counts_are_held_against_the_bytes_left() {
    check(
        &header(3, u64::MAX, 0),
        "tensor count at byte 16 needs 18446744073709551615 bytes, but 8 are left",
    );
    check(
        &header(3, 0, 1),
        "key count at byte 24 needs 13 bytes, but 0 are left",
    );
    let huge_array = RawGguf::new().key("k", 9, &array(8, 1 << 60, b"")).bytes();
    check(
        &huge_array,
        "key k at byte 49 needs 9223372036854775808 bytes, but 0 are left",
    );
    let huge_string = RawGguf::new().key("k", 8, &u64::MAX.to_le_bytes()).bytes();
    check(
        &huge_string,
        "key k at byte 45 needs 18446744073709551615 bytes, but 0 are left",
    );
}

#[test]
fn metadata_faults_name_the_key() {
    let one = |ty, value: &[u8]| RawGguf::new().key("some.key", ty, value).bytes();
    check(&one(13, &[0; 8]), "key some.key has unknown value type 13");
    check(
        &one(9, &array(99, 0, b"")),
        "key some.key has unknown value type 99",
    );
    check(
        &one(9, &array(9, 1, &array(4, 0, b""))),
        "key some.key is an array of arrays, which is not supported",
    );
    check(
        &one(7, &[2]),
        "key some.key has the boolean 2 at byte 44, which is not 0 or 1",
    );
    let not_utf8 = [&2u64.to_le_bytes()[..], &[0xc3, 0x28]].concat();
    check(&one(8, &not_utf8), "key some.key at byte 52 is not UTF-8");
    let twice = RawGguf::new().key("k", 0, &[1]).key("k", 0, &[2]).bytes();
    check(&twice, "key k occurs twice");
    let long = RawGguf::new().key(&"k".repeat(65_536), 0, &[1]).bytes();
    check(
        &long,
        "length of the name of key number 0 is 65536, above the limit of 65535",
    );
}

#[test]
fn names_in_messages_are_escaped_and_cut() {
    check(
        &RawGguf::new().key("a\x1b[2J\n", 13, b"x").bytes(),
        "key a\\u{1b}[2J\\n has unknown value type 13",
    );
    let long = RawGguf::new().key(&"é".repeat(5000), 13, b"x").bytes();
    check(
        &long,
        &format!("key {}… has unknown value type 13", "é".repeat(100)),
    );
}

#[test]
fn alignment_is_a_power_of_two_in_range() {
    for (value, ok) in [
        (1u32, true),
        (8, true),
        (1 << 24, true),
        (0, false),
        (24, false),
        (1 << 25, false),
    ] {
        let bytes = RawGguf::new()
            .key("general.alignment", 4, &value.to_le_bytes())
            .bytes();
        match Gguf::parse("m.gguf", &bytes) {
            Ok(gguf) => assert!(ok && gguf.alignment() == u64::from(value), "{value}"),
            Err(error) => {
                assert!(
                    !ok && matches!(error, GgufError::Alignment { .. }),
                    "{value}: {error}"
                );
            }
        }
    }
    let text = RawGguf::new()
        .key("general.alignment", 8, &string("32"))
        .bytes();
    check(&text, "key general.alignment is of type string, not u32");
}

#[test]
fn tensor_faults_name_the_tensor() {
    let one = |dims: &[u64], ty, offset, n_data| {
        RawGguf::new()
            .tensor("w", dims, ty, offset)
            .data(n_data)
            .bytes()
    };
    let dims_max = [u64::MAX, 2, 1, 1];
    for (bytes, expected) in [
        (
            one(&[1; 5], F32, 0, 4),
            "number of dimensions of tensor w is 5, above the limit of 4",
        ),
        (
            one(&[4], 17, 0, 16),
            "tensor w has type IQ2_XS (id 17), which is not supported",
        ),
        (
            one(&[4], 77, 0, 16),
            "tensor w has type unknown (id 77), which is not supported",
        ),
        (
            one(&[4, 0], F32, 0, 16),
            "tensor w of shape [4, 0] has a zero dimension",
        ),
        (
            one(&[33, 32], Q4_0, 0, 1024),
            "tensor w of shape [33, 32] has rows that are not whole blocks of Q4_0 (32 values)",
        ),
        (
            one(&[], Q4_0, 0, 1024),
            "tensor w of shape [] has rows that are not whole blocks of Q4_0 (32 values)",
        ),
        (
            one(&[4], F32, 8, 64),
            "tensor w has offset 8, not a multiple of 32",
        ),
        (
            one(&dims_max, F32, 0, 64),
            "tensor w of shape [18446744073709551615, 2, 1, 1] is too large to count",
        ),
        (
            one(&[1 << 62], F32, 0, 64),
            "tensor w of shape [4611686018427387904] is too large to count",
        ),
        (
            one(&[16, 2], F32, 0, 127),
            "tensor w needs 128 bytes from byte 96, but the file has 223",
        ),
        (
            one(&[4], F32, u64::MAX - 31, 64),
            "tensor w needs 16 bytes from byte 18446744073709551648, but the file has 128",
        ),
    ] {
        check(&bytes, expected);
    }
    assert!(Gguf::parse("m.gguf", &one(&[16, 2], F32, 0, 128)).is_ok());
    let scalar = Gguf::parse("m.gguf", &one(&[], F32, 0, 4)).unwrap();
    assert_eq!(
        (
            scalar.tensors()[0].n_elements(),
            scalar.tensors()[0].n_bytes
        ),
        (1, 4)
    );
}

#[test]
fn tensors_are_unique_and_apart() {
    let two = |second: &str, offset| {
        let raw = RawGguf::new()
            .tensor("a", &[16], F32, 0)
            .tensor(second, &[16], F32, offset);
        raw.data(256).bytes()
    };
    check(&two("a", 64), "tensor a occurs twice");
    check(
        &two("b", 32),
        "tensor b at byte 128 overlaps tensor a, which ends at byte 160",
    );
    check(
        &two("b", 0),
        "tensor b at byte 96 overlaps tensor a, which ends at byte 160",
    );
    assert!(Gguf::parse("m.gguf", &two("b", 64)).is_ok());
    // A gap and a table out of the order of the data are allowed.
    assert!(Gguf::parse("m.gguf", &two("b", 192)).is_ok());
    let swapped = RawGguf::new()
        .tensor("a", &[16], F32, 64)
        .tensor("b", &[16], F32, 0)
        .data(128)
        .bytes();
    assert!(Gguf::parse("m.gguf", &swapped).is_ok());
}

#[test]
fn a_file_without_tensors_may_end_with_its_header() {
    let gguf = Gguf::parse("m.gguf", &RawGguf::new().key("k", 0, &[7]).bytes()).unwrap();
    assert_eq!(gguf.metadata().get("k"), Some(&Value::U8(7)));
    assert!(gguf.tensors().is_empty());
}

#[test]
#[should_panic(expected = "tensor one ends at byte")]
fn bytes_of_a_shorter_part_is_a_broken_promise() {
    let bytes = good().bytes();
    let gguf = Gguf::parse("m.gguf", &bytes).unwrap();
    gguf.tensors()[0].bytes(&bytes[..16]);
}

fn typed() -> Metadata {
    let mut metadata = Metadata::new("m.gguf");
    for (key, value) in [
        ("u8", Value::U8(8)),
        ("i64", Value::I64(-1)),
        ("u64", Value::U64(u64::MAX)),
        ("f32", Value::F32(0.5)),
        ("f64", Value::F64(1e300)),
        ("bool", Value::Bool(true)),
        ("text", Value::String("x".into())),
        ("words", Value::Array(Array::String(vec!["a".into()]))),
        ("ints", Value::Array(Array::I32(vec![1, -2]))),
        ("floats", Value::Array(Array::F64(vec![0.25]))),
        ("empty", Value::Array(Array::U32(vec![]))),
    ] {
        metadata.push(key, value).unwrap();
    }
    metadata
}

#[test]
fn metadata_readers_convert_what_fits() {
    let metadata = typed();
    assert_eq!(metadata.u32("u8").unwrap(), Some(8));
    assert_eq!(metadata.i32("i64").unwrap(), Some(-1));
    assert_eq!(metadata.u64("u64").unwrap(), Some(u64::MAX));
    assert_eq!(metadata.f32("f32").unwrap(), Some(0.5));
    assert_eq!(metadata.bool("bool").unwrap(), Some(true));
    assert_eq!(metadata.str("text").unwrap(), Some("x"));
    assert_eq!(
        metadata.strings("words").unwrap(),
        Some(&["a".to_owned()][..])
    );
    assert_eq!(metadata.i32s("ints").unwrap(), Some(vec![1, -2]));
    assert_eq!(metadata.f32s("floats").unwrap(), Some(vec![0.25]));
    assert_eq!(metadata.u32s("empty").unwrap(), Some(vec![]));
    assert_eq!(metadata.u32("absent").unwrap(), None);
    assert_eq!(metadata.strings("absent").unwrap(), None);
}

#[test]
fn metadata_readers_refuse_what_does_not_fit() {
    let metadata = typed();
    let errors = [
        (
            metadata.u32("i64").unwrap_err(),
            "key i64 is -1, which does not fit u32",
        ),
        (
            metadata.i32("u64").unwrap_err(),
            "key u64 is 18446744073709551615, which does not fit i32",
        ),
        (
            metadata.u32("f32").unwrap_err(),
            "key f32 is of type f32, not u32",
        ),
        (
            metadata.u32("bool").unwrap_err(),
            "key bool is of type bool, not u32",
        ),
        (
            metadata.f32("u8").unwrap_err(),
            "key u8 is of type u8, not f32",
        ),
        (
            metadata.bool("u8").unwrap_err(),
            "key u8 is of type u8, not bool",
        ),
        (
            metadata.str("words").unwrap_err(),
            "key words is of type array of 1 string, not string",
        ),
        (
            metadata.strings("text").unwrap_err(),
            "key text is of type string, not array of string",
        ),
        (
            metadata.u32s("ints").unwrap_err(),
            "key ints is -2, which does not fit u32",
        ),
        (
            metadata.u32s("u8").unwrap_err(),
            "key u8 is of type u8, not array of u32",
        ),
        (
            metadata.f32s("ints").unwrap_err(),
            "key ints is of type array of 2 i32, not array of f32",
        ),
        (
            metadata.bools("ints").unwrap_err(),
            "key ints is of type array of 2 i32, not array of bool",
        ),
    ];
    for (error, expected) in errors {
        assert_eq!(error.to_string(), format!("m.gguf: {expected}"));
    }
    let wide = metadata.f32("f64").unwrap_err();
    assert!(
        matches!(wide, GgufError::OutOfRange { wanted: "f32", .. }),
        "{wide}"
    );
}

#[test]
fn values_are_shown_on_one_line() {
    for (value, expected) in [
        (
            Value::Array(Array::U8((0..10).collect())),
            "[0, 1, 2, 3, 4, 5, 6, 7, … 10 in all]",
        ),
        (
            Value::Array(Array::String(vec!["a\n".into()])),
            "[\"a\\n\"]",
        ),
        (Value::String("a\nb".into()), "\"a\\nb\""),
        (Value::F32(0.1), "0.1"),
    ] {
        assert_eq!(value.to_string(), expected);
    }
}
