//! Attention of one query over one head's cached rows.

use crate::ops::dot::dot;
use crate::ops::exp::softcap;
use crate::ops::kv::KvKind;
use crate::ops::softmax::softmax;
use crate::simd::Simd;
use std::ops::Range;

/// One head's rows in the key or value cache.
#[derive(Clone, Copy, Debug)]
pub struct KvRows<'a> {
    /// How the rows are kept.
    pub kind: KvKind,
    /// The bytes from this head's row of position 0 on.
    pub bytes: &'a [u8],
    /// Bytes from one position's row to the next one's.
    pub stride: usize,
}

/// What [`Kernels::attend`](crate::Kernels::attend) computes.
#[derive(Clone, Debug)]
pub struct AttendArgs<'a> {
    /// The query: `[key_dim]`.
    pub q: &'a [f32],
    /// The keys: rows of `key_dim` values.
    pub keys: KvRows<'a>,
    /// The values: rows of as many values as there are outputs.
    pub values: KvRows<'a>,
    /// The positions that are attended to.
    pub positions: Range<usize>,
    /// Factor on the dot products, usually `1 / sqrt(key_dim)`.
    pub scale: f32,
    /// Caps the scaled scores smoothly: `cap * tanh(score / cap)`.
    pub softcap: Option<f32>,
    /// A learned logit that takes a share of the softmax and has no value.
    pub sink: Option<f32>,
}

impl<'a> KvRows<'a> {
    /// The bytes of the row of `dim` values at `position`.
    #[inline(always)]
    fn row(&self, position: usize, dim: usize) -> &'a [u8] {
        &self.bytes[position * self.stride..][..self.kind.row_bytes(dim)]
    }
}

/// `out = softmax(scores) . values`.
#[inline(always)]
pub(crate) fn attend<S: Simd>(s: S, args: AttendArgs<'_>, scratch: &mut [f32], out: &mut [f32]) {
    let n = args.positions.len();
    let (scores, row) = scratch.split_at_mut(n);
    for (score, position) in scores.iter_mut().zip(args.positions.clone()) {
        let dim = args.q.len();
        decode(s, args.keys, position, &mut row[..dim]);
        *score = dot(s, args.q, &row[..dim]) * args.scale;
    }
    if let Some(cap) = args.softcap {
        softcap(s, scores, cap);
    }
    softmax(s, scores, args.sink);
    out.fill(0.0);
    for (score, position) in scores.iter().zip(args.positions.clone()) {
        let row = &mut row[..out.len()];
        decode(s, args.values, position, row);
        for (out, value) in out.iter_mut().zip(row) {
            *out = score.mul_add(*value, *out);
        }
    }
}

/// f32 of scratch that [`attend`] needs.
pub(crate) const fn scratch_len(n_positions: usize, dim: usize) -> usize {
    n_positions + dim
}

/// Decodes a row of the cache.
#[inline(always)]
fn decode<S: Simd>(s: S, rows: KvRows<'_>, position: usize, out: &mut [f32]) {
    use crate::ops::matmul::decode_row;
    use lilim_formats::blocks::q8_0;
    let bytes = rows.row(position, out.len());
    let whole = match rows.kind {
        KvKind::Q8_0 => out.len() / q8_0::LEN * q8_0::LEN,
        _ => out.len(),
    };
    let (out, rest) = out.split_at_mut(whole);
    let (bytes, last) = bytes.split_at(rows.kind.row_bytes(whole));
    decode_row(s, rows.kind.ty(), bytes, out);
    if !rest.is_empty() {
        let mut padded = [0.0; q8_0::LEN];
        decode_row(s, rows.kind.ty(), last, &mut padded);
        rest.copy_from_slice(&padded[..rest.len()]);
    }
}
