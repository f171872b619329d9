//! Attention: every level gives the bits of the plain formula on the decoded cache.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

mod naive;

use lilim_formats::GgmlType;
use lilim_kernels::{AttendArgs, Kernels, KvKind, KvRows, Level};
use naive::{Numbers, check_same, levels};
use std::ops::Range;

/// A cache of `n` rows of `dim` values, between other bytes, and its decoded values.
struct Cache {
    kind: KvKind,
    bytes: Vec<u8>,
    stride: usize,
    values: Vec<Vec<f32>>,
}

impl Cache {
    fn new(numbers: &mut Numbers, kind: KvKind, n: usize, dim: usize) -> Self {
        let row_bytes = kind.row_bytes(dim);
        let stride = row_bytes + 6;
        // The last row ends where the bytes do.
        let mut bytes = vec![0xff; (n - 1) * stride + row_bytes];
        let mut values = Vec::new();
        for position in 0..n {
            let row = numbers.units(dim);
            let out = &mut bytes[position * stride..][..row_bytes];
            reference().store_kv(kind, &row, out);
            let (ty, padded) = match kind {
                KvKind::F32 => (GgmlType::F32, dim),
                KvKind::F16 => (GgmlType::F16, dim),
                KvKind::Q8_0 => (GgmlType::Q8_0, dim.next_multiple_of(32)),
            };
            let mut decoded = vec![0.0; padded];
            lilim_formats::codec::decode(ty, out, &mut decoded).unwrap();
            decoded.truncate(dim);
            values.push(decoded);
        }
        Self {
            kind,
            bytes,
            stride,
            values,
        }
    }

    fn rows(&self) -> KvRows<'_> {
        KvRows {
            kind: self.kind,
            bytes: &self.bytes,
            stride: self.stride,
        }
    }
}

fn reference() -> &'static Kernels {
    Kernels::for_level(Level::Reference).unwrap()
}

struct Case {
    kinds: (KvKind, KvKind),
    dims: (usize, usize),
    positions: Range<usize>,
    softcap: Option<f32>,
    sink: Option<f32>,
}

/// The contract's formula on decoded rows.
fn formula(case: &Case, q: &[f32], keys: &Cache, values: &Cache, scale: f32) -> Vec<f32> {
    let positions = case.positions.clone();
    let mut scores: Vec<f32> = keys.values[positions.clone()]
        .iter()
        .map(|key| naive::dot(q, key) * scale)
        .collect();
    if let Some(cap) = case.softcap {
        reference().softcap(&mut scores, cap);
    }
    let largest = scores
        .iter()
        .copied()
        .chain(case.sink)
        .fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|score| *score -= largest);
    reference().exp(&mut scores);
    let mut total = naive::sum(&scores);
    if let Some(sink) = case.sink {
        let mut share = [sink - largest];
        reference().exp(&mut share);
        total += share[0];
    }
    let factor = 1.0 / total;
    let mut out = vec![0.0f32; case.dims.1];
    for (score, value) in scores.iter().zip(&values.values[positions]) {
        let score = score * factor;
        for (out, value) in out.iter_mut().zip(value) {
            *out = score.mul_add(*value, *out);
        }
    }
    out
}

fn check(case: &Case) {
    let mut numbers = Numbers((case.dims.0 * 1000 + case.positions.end) as u64);
    let n = case.positions.end.max(1);
    let keys = Cache::new(&mut numbers, case.kinds.0, n, case.dims.0);
    let values = Cache::new(&mut numbers, case.kinds.1, n, case.dims.1);
    let q: Vec<f32> = numbers.units(case.dims.0).iter().map(|x| x * 3.0).collect();
    let scale = 1.0 / (case.dims.0 as f32).sqrt();
    let expected = formula(case, &q, &keys, &values, scale);
    let dim = case.dims.0.max(case.dims.1);
    for kernels in levels() {
        let mut out = vec![f32::NAN; case.dims.1];
        let mut scratch = vec![f32::NAN; Kernels::attend_scratch(case.positions.len(), dim)];
        let args = AttendArgs {
            q: &q,
            keys: keys.rows(),
            values: values.rows(),
            positions: case.positions.clone(),
            scale,
            softcap: case.softcap,
            sink: case.sink,
        };
        kernels.attend(args, &mut scratch, &mut out);
        let (kinds, dims, positions) = (case.kinds, case.dims, &case.positions);
        let what = format!("{} {kinds:?} {dims:?} {positions:?}", kernels.level());
        check_same(&out, &expected, what);
    }
}

#[test]
fn every_kind_and_width_gives_the_formulas_bits() {
    let kinds = [KvKind::F32, KvKind::F16, KvKind::Q8_0];
    for key in kinds {
        for value in kinds {
            for dim in [1, 8, 15, 16, 33, 64, 72, 80, 96, 112, 128, 192, 256, 300] {
                for positions in [0..1, 2..9, 0..21] {
                    let case = Case {
                        kinds: (key, value),
                        dims: (dim, dim),
                        positions,
                        softcap: None,
                        sink: None,
                    };
                    check(&case);
                }
            }
        }
    }
}

#[test]
fn caps_sinks_windows_and_unequal_widths() {
    for (softcap, sink) in [
        (Some(2.0), None),
        (None, Some(0.5)),
        (None, Some(9.0)),
        (Some(1.5), Some(-1.0)),
    ] {
        for positions in [0..40, 13..14, 7..300] {
            let case = Case {
                kinds: (KvKind::F16, KvKind::F16),
                dims: (96, 64),
                positions,
                softcap,
                sink,
            };
            check(&case);
        }
    }
}

#[test]
fn an_empty_window_gives_zeros() {
    let case = Case {
        kinds: (KvKind::F32, KvKind::F32),
        dims: (8, 8),
        positions: 0..0,
        softcap: None,
        sink: None,
    };
    check(&case);
}
