//! The safetensors reader and the index of sharded models: sound files, and one damaged file for
//! each error.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod raw;

use lilim_formats::safetensors::{Dtype, MAX_HEADER_BYTES, SafeTensors, ShardIndex};
use raw::safetensors;

const GOOD: &str = r#"{"__metadata__":{"format":"pt","a":"b"},
    "w":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},
    "h":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#;

#[test]
fn a_sound_file_parses() {
    let data: Vec<u8> = (0..28).collect();
    let bytes = safetensors(GOOD, &data);
    let file = SafeTensors::parse("m.safetensors", &bytes).unwrap();
    let names: Vec<&str> = file
        .tensors()
        .iter()
        .map(|view| view.name.as_str())
        .collect();
    assert_eq!(names, ["h", "w"], "in the order of the bytes");
    let w = file.tensor("w").unwrap();
    assert_eq!(
        (w.dtype, &w.shape[..], w.n_elements()),
        (Dtype::F32, &[2, 3][..], 6)
    );
    assert_eq!(w.bytes, &data[4..]);
    let pairs = [("a", "b"), ("format", "pt")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(file.metadata(), pairs);
    let missing = file.tensor("x").unwrap_err().to_string();
    assert_eq!(missing, "m.safetensors: there is no tensor x");
}

#[test]
fn every_dtype_has_its_size() {
    for (name, size, dtype) in [
        ("BOOL", 1, Dtype::Bool),
        ("U8", 1, Dtype::U8),
        ("I8", 1, Dtype::I8),
        ("F8_E4M3", 1, Dtype::F8E4M3),
        ("F8_E5M2", 1, Dtype::F8E5M2),
        ("F8_E8M0", 1, Dtype::F8E8M0),
        ("U16", 2, Dtype::U16),
        ("I16", 2, Dtype::I16),
        ("F16", 2, Dtype::F16),
        ("BF16", 2, Dtype::BF16),
        ("U32", 4, Dtype::U32),
        ("I32", 4, Dtype::I32),
        ("F32", 4, Dtype::F32),
        ("U64", 8, Dtype::U64),
        ("I64", 8, Dtype::I64),
        ("F64", 8, Dtype::F64),
    ] {
        let header = format!(
            r#"{{"w":{{"dtype":"{name}","shape":[3],"data_offsets":[0,{}]}}}}"#,
            3 * size
        );
        let bytes = safetensors(&header, &vec![0; 3 * size]);
        let file = SafeTensors::parse("m", &bytes).unwrap();
        assert_eq!(file.tensors()[0].dtype, dtype);
        assert_eq!((dtype.name(), dtype.size()), (name, size));
    }
}

fn check(bytes: &[u8], expected: &str) {
    let message = SafeTensors::parse("m", bytes).unwrap_err().to_string();
    assert!(message.starts_with(&format!("m: {expected}")), "{message}");
}

#[test]
fn length_faults_are_named() {
    check(b"abc", "the header needs 8 bytes, but the file has 3");
    check(
        &100u64.to_le_bytes(),
        "the header needs 108 bytes, but the file has 8",
    );
    check(
        &u64::MAX.to_le_bytes(),
        "the header needs 18446744073709551615 bytes, but the file has 8",
    );
    let mut large = vec![b' '; MAX_HEADER_BYTES as usize + 9];
    large[..8].copy_from_slice(&(MAX_HEADER_BYTES + 1).to_le_bytes());
    check(
        &large,
        "the header has 33554433 bytes, above the limit of 33554432",
    );
    check(
        &safetensors(GOOD, &[0; 27]),
        "the tensors do not end where the file of",
    );
    check(
        &safetensors(GOOD, &[0; 29]),
        "the tensors do not end where the file of",
    );
}

#[test]
fn header_faults_name_the_tensor() {
    let with = |entry: &str, n_data| {
        let header =
            format!(r#"{{"a":{{"dtype":"I8","shape":[],"data_offsets":[0,1]}},"w":{entry}}}"#);
        safetensors(&header, &vec![0; n_data])
    };
    for (entry, expected) in [
        (
            r#"{"dtype":"F32","shape":[2],"data_offsets":[1,8]}"#,
            "tensor w: invalid shape",
        ),
        (
            r#"{"dtype":"F32","shape":[2],"data_offsets":[5,13]}"#,
            "tensor w: invalid offset",
        ),
        (
            r#"{"dtype":"F32","shape":[2],"data_offsets":[9,1]}"#,
            "tensor w: invalid offset",
        ),
        (
            r#"{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[1,9]}"#,
            "tensor w: overflow",
        ),
        (
            r#"{"dtype":"F99","shape":[2],"data_offsets":[1,9]}"#,
            "tensor w: unknown variant `F99`",
        ),
        (
            r#"{"dtype":"F32","shape":[-1],"data_offsets":[1,9]}"#,
            "tensor w: invalid value",
        ),
        (
            r#"{"dtype":"F32","shape":[2]}"#,
            "tensor w: missing field `data_offsets`",
        ),
        (
            r#"{"dtype":"C64","shape":[1],"data_offsets":[1,9]}"#,
            "tensor w has type C64, which is not supported",
        ),
        (
            r#"{"dtype":"F32","shape":[2],"data_offsets":[1,9]"#,
            "the header is damaged: invalid JSON",
        ),
    ] {
        check(&with(entry, 9), expected);
    }
    check(
        &safetensors("\u{7f}", b""),
        "the header is damaged: invalid JSON",
    );
    check(
        &[&1u64.to_le_bytes()[..], &[0xff]].concat(),
        "the header is damaged: invalid UTF-8",
    );
    check(
        &safetensors("[]", b""),
        "the header is damaged: invalid JSON",
    );
}

#[test]
fn deep_json_is_refused() {
    let deep = format!(r#"{{"w":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    check(&safetensors(&deep, b""), "the header is damaged");
}

#[test]
fn an_index_says_where_tensors_are() {
    let text = br#"{"metadata":{"total_size":12},"weight_map":{
        "b":"model-00002-of-00002.safetensors","a":"model-00001-of-00002.safetensors"}}"#;
    let index = ShardIndex::parse("i.json", text).unwrap();
    assert_eq!(index.file_of("b"), Some("model-00002-of-00002.safetensors"));
    assert_eq!(index.file_of("c"), None);
    assert_eq!(index.total_bytes(), Some(12));
    assert_eq!(
        index.iter().next(),
        Some(("a", "model-00001-of-00002.safetensors"))
    );
    assert_eq!(index.files().len(), 2);
}

#[test]
fn index_faults_are_named() {
    let check = |text: &str, expected: &str| {
        let message = ShardIndex::parse("i.json", text.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with(&format!("i.json: {expected}")),
            "{message}"
        );
    };
    check("", "the index is damaged: EOF");
    check("[]", "the index is damaged: invalid type");
    check(
        "{}",
        "the index is damaged: it has no object \"weight_map\""
            .replace('"', "\\\"")
            .as_str(),
    );
    check(
        r#"{"weight_map":{"a":1}}"#,
        "the index is damaged: the file of tensor a is not a string",
    );
    for shard in [
        "../x",
        "/etc/passwd",
        "a/b",
        "..",
        ".",
        "",
        "c:x",
        "a\\\\b",
        "a\\u0000b",
    ] {
        check(
            &format!(r#"{{"weight_map":{{"a":"{shard}"}}}}"#),
            "tensor a is in ",
        );
    }
}
