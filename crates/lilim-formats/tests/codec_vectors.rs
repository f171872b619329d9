//! The codecs against golden vectors: ggml's bytes, the decoding of the Python package `gguf`, and
//! the error that ggml's own encoders leave (`fixtures/codecs`, which tells how they were made).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use lilim_formats::{GgmlType, codec};
use safetensors::SafeTensors;

/// Types whose encoding is that of `gguf.quants.quantize`, byte for byte.
const EXACT: [GgmlType; 7] = [
    GgmlType::F16,
    GgmlType::BF16,
    GgmlType::Q4_0,
    GgmlType::Q4_1,
    GgmlType::Q5_0,
    GgmlType::Q5_1,
    GgmlType::Q8_0,
];

/// Types whose scales are searched.
const SEARCHED: [GgmlType; 8] = [
    GgmlType::Q2_K,
    GgmlType::Q3_K,
    GgmlType::Q4_K,
    GgmlType::Q5_K,
    GgmlType::Q6_K,
    GgmlType::IQ4_NL,
    GgmlType::IQ4_XS,
    GgmlType::MXFP4,
];

struct Vectors {
    rows: Vec<f32>,
    row_len: usize,
    row_names: Vec<String>,
    file: Vec<u8>,
}

impl Vectors {
    fn read() -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/codecs/vectors.safetensors");
        let file = std::fs::read(&path).expect("the golden vectors are part of the repository");
        let (_, header) = SafeTensors::read_metadata(&file).unwrap();
        let names = header.metadata().as_ref().unwrap()["row_names"].clone();
        let row_names = names
            .trim_matches(['[', ']'])
            .split("\", ")
            .map(|name| name.trim_matches('"').into());
        let row_names = row_names.collect();
        let tensors = SafeTensors::deserialize(&file).unwrap();
        let rows = tensors.tensor("rows").unwrap();
        let (row_len, rows) = (rows.shape()[1], floats(rows.data()));
        Self {
            rows,
            row_len,
            row_names,
            file,
        }
    }

    fn bytes(&self, ty: GgmlType, what: &str) -> &[u8] {
        let tensors = SafeTensors::deserialize(&self.file).unwrap();
        tensors.tensor(&format!("{ty}.{what}")).unwrap().data()
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}

fn doubles(bytes: &[u8]) -> Vec<f64> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes))
        .collect()
}

fn decoded(ty: GgmlType, bytes: &[u8]) -> Vec<f32> {
    let mut out = vec![f32::NAN; bytes.len() / ty.block_bytes() * ty.block_len()];
    codec::decode(ty, bytes, &mut out).unwrap();
    out
}

fn encoded(ty: GgmlType, values: &[f32]) -> Vec<u8> {
    let mut out = vec![0xaa; ty.row_bytes(values.len()).unwrap()];
    codec::encode(ty, values, &mut out).unwrap();
    out
}

#[track_caller]
fn check_bits(ty: GgmlType, what: &str, got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len(), "{ty} {what}");
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(
            got.to_bits(),
            expected.to_bits(),
            "{ty} {what}: value {index} is {got}, not {expected}"
        );
    }
}

#[test]
fn decoding_gives_the_bits_of_the_gguf_package() {
    let vectors = Vectors::read();
    for ty in EXACT.into_iter().chain(SEARCHED) {
        for (bytes, values) in [("encoded", "decoded"), ("raw", "raw_decoded")] {
            let expected = floats(vectors.bytes(ty, values));
            check_bits(ty, bytes, &decoded(ty, vectors.bytes(ty, bytes)), &expected);
        }
    }
}

#[test]
fn encoding_gives_the_bytes_of_the_gguf_package_where_nothing_is_searched() {
    let vectors = Vectors::read();
    for ty in EXACT {
        let expected = vectors.bytes(ty, "encoded");
        let row_bytes = ty.row_bytes(vectors.row_len).unwrap();
        for (at, row) in vectors.rows.chunks(vectors.row_len).enumerate() {
            let expected = &expected[at * row_bytes..][..row_bytes];
            assert!(
                encoded(ty, row) == expected,
                "{ty}: row {:?}",
                vectors.row_names[at]
            );
        }
    }
}

fn rms(got: &[f32], expected: &[f32]) -> f64 {
    let square = |(got, expected): (&f32, &f32)| (f64::from(*got) - f64::from(*expected)).powi(2);
    (got.iter().zip(expected).map(square).sum::<f64>() / got.len() as f64).sqrt()
}

#[test]
fn searched_encodings_err_no_more_than_ggml_on_any_row() {
    let vectors = Vectors::read();
    println!("error relative to ggml's: median row, worst row");
    let mut failures = Vec::new();
    for ty in SEARCHED {
        let theirs = doubles(vectors.bytes(ty, "rmse"));
        let rows = vectors.rows.chunks(vectors.row_len);
        let mut ratios: Vec<(f64, &str)> = rows
            .enumerate()
            .map(|(at, row)| {
                let ours = rms(&decoded(ty, &encoded(ty, row)), row);
                // Where ggml's error is none, what f32 loses is allowed.
                let lost_to_f32 = 1e-7 * rms(row, &vec![0.0; row.len()]);
                let ratio = if ours <= lost_to_f32 {
                    1.0
                } else {
                    ours / theirs[at]
                };
                (ratio, vectors.row_names[at].as_str())
            })
            .collect();
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (median, worst) = (ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
        println!("  {ty:7} {:.4}  {:.4} ({})", median.0, worst.0, worst.1);
        if worst.0 > 1.02 {
            failures.push((ty, worst));
        }
    }
    assert!(failures.is_empty(), "above 1.02: {failures:?}");
}
