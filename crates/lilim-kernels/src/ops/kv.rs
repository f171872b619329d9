//! Rows of the key-value cache: their kinds, their bytes, and how they are written.

use crate::simd::{LANES, Simd};
use lilim_formats::blocks::q8_0;

/// How a row of keys or values is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KvKind {
    /// f32, exact.
    F32,
    /// f16, rounded to nearest even.
    F16,
    /// Blocks of Q8_0; the last block of a row is padded with zeros.
    Q8_0,
}

impl KvKind {
    /// Returns the bytes of one head's row of `head_dim` values.
    pub const fn row_bytes(self, head_dim: usize) -> usize {
        match self {
            Self::F32 => 4 * head_dim,
            Self::F16 => 2 * head_dim,
            Self::Q8_0 => head_dim.div_ceil(q8_0::LEN) * q8_0::BYTES,
        }
    }
}

/// Writes one head's row into the cache.
#[inline(always)]
pub(crate) fn store_kv<S: Simd>(s: S, kind: KvKind, row: &[f32], out: &mut [u8]) {
    match kind {
        KvKind::F32 => {
            for (out, value) in out.as_chunks_mut().0.iter_mut().zip(row) {
                *out = value.to_le_bytes();
            }
        }
        KvKind::F16 => store_f16(s, row, out),
        KvKind::Q8_0 => {
            for (out, values) in out.as_chunks_mut().0.iter_mut().zip(row.chunks(q8_0::LEN)) {
                store_q8_0(values, out);
            }
        }
    }
}

/// f32 to f16, round to nearest even.
#[inline(always)]
fn store_f16<S: Simd>(s: S, row: &[f32], out: &mut [u8]) {
    let ((chunks, rest), (out, out_rest)) = (row.as_chunks(), out.as_chunks_mut());
    for (chunk, out) in chunks.iter().zip(out) {
        s.store_f16(s.load(chunk), out);
    }
    if !rest.is_empty() {
        let mut padded = [0; 2 * LANES];
        s.store_f16(s.load_first(rest), &mut padded);
        out_rest.copy_from_slice(&padded[..out_rest.len()]);
    }
}

/// One block of Q8_0 as the codec encodes it: the scale is the largest magnitude over 127, each
/// value is divided by it (through the f32 reciprocal) and rounded half away from zero. A NaN makes
/// the scale one, so that it is not forgotten here (a byte cannot hold it).
#[inline(always)]
fn store_q8_0(values: &[f32], out: &mut [u8; q8_0::BYTES]) {
    let mut largest = 0.0f32;
    let mut has_nan = false;
    for value in values {
        largest = largest.max(value.abs());
        has_nan |= value.is_nan();
    }
    let d = if has_nan { f32::NAN } else { largest / 127.0 };
    let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
    out[q8_0::D..][..2].copy_from_slice(&half::f16::from_f32(d).to_le_bytes());
    let qs = &mut out[q8_0::QS..];
    qs.fill(0);
    for (q, value) in qs.iter_mut().zip(values) {
        *q = (value * inverse).round() as i8 as u8;
    }
}
