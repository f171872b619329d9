//! Attention of one query over one head's cached rows.

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays of registers, side by side"
)]

use crate::ops::dot::dot_rows;
use crate::ops::elementwise::scale;
use crate::ops::exp::softcap;
use crate::ops::kv::KvKind;
use crate::ops::softmax::softmax;
use crate::ops::unpack::{F16, F32, Q8_0, Unpack};
use crate::simd::{Chunk, Op, Simd};
use lilim_formats::blocks::q8_0;
use std::marker::PhantomData;
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
    /// The `n` bytes of the row at `position`.
    #[inline(always)]
    fn row(&self, position: usize, n: usize) -> &'a [u8] {
        &self.bytes[position * self.stride..][..n]
    }
}

/// f32 of scratch that [`attend`] needs: scores, query and result, these padded.
pub(crate) const fn scratch_len(n_positions: usize, dim: usize) -> usize {
    n_positions + 2 * dim.next_multiple_of(PADDED)
}

/// Rows are padded to whole blocks of the cache's coarsest kind.
const PADDED: usize = q8_0::LEN;
/// Keys that meet the query side by side.
const SIDE_BY_SIDE: usize = 4;

/// `out = softmax(scores) . values`.
#[inline(always)]
pub(crate) fn attend<S: Simd>(s: S, args: AttendArgs<'_>, scratch: &mut [f32], out: &mut [f32]) {
    if args.positions.is_empty() {
        out.fill(0.0);
        return;
    }
    let (scores, scratch) = scratch.split_at_mut(args.positions.len());
    let (query, result) = scratch.split_at_mut(args.q.len().next_multiple_of(PADDED));
    let dim = args.q.len();
    query[..dim].copy_from_slice(args.q);
    query[dim..].fill(0.0);
    // Rows of Q8_0 are padded as the query is; the others end where the query does.
    match args.keys.kind {
        KvKind::F32 => s.run(Scores::<F32>::new(&args, &query[..dim], scores)),
        KvKind::F16 => s.run(Scores::<F16>::new(&args, &query[..dim], scores)),
        KvKind::Q8_0 => s.run(Scores::<Q8_0>::new(&args, query, scores)),
    }
    scale(s, scores, args.scale);
    if let Some(cap) = args.softcap {
        softcap(s, scores, cap);
    }
    softmax(s, scores, args.sink);
    let (rows, first) = (args.values, args.positions.start);
    let row_bytes = rows.kind.row_bytes(out.len());
    let values = ValueRows {
        rows,
        row_bytes,
        first,
        scores,
    };
    match rows.kind {
        KvKind::F32 => s.run(Mix::<F32> {
            values,
            result,
            unpack: PhantomData,
        }),
        KvKind::F16 => s.run(Mix::<F16> {
            values,
            result,
            unpack: PhantomData,
        }),
        KvKind::Q8_0 => s.run(Mix::<Q8_0> {
            values,
            result,
            unpack: PhantomData,
        }),
    }
    out.copy_from_slice(&result[..out.len()]);
}

/// The dot products of the query with the keys.
struct Scores<'a, U> {
    keys: KvRows<'a>,
    row_bytes: usize,
    first: usize,
    query: &'a [f32],
    scores: &'a mut [f32],
    unpack: PhantomData<U>,
}

impl<'a, U> Scores<'a, U> {
    fn new(args: &AttendArgs<'a>, query: &'a [f32], scores: &'a mut [f32]) -> Self {
        let (keys, first) = (args.keys, args.positions.start);
        let row_bytes = keys.kind.row_bytes(args.q.len());
        Self {
            keys,
            row_bytes,
            first,
            query,
            scores,
            unpack: PhantomData,
        }
    }
}

impl<U: Unpack> Op for Scores<'_, U> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut position = self.first;
        for scores in self.scores.chunks_mut(SIDE_BY_SIDE) {
            // A last group that is not full computes its last score more than once.
            let mut rows = [self.keys.row(position, self.row_bytes); SIDE_BY_SIDE];
            for (r, bytes) in rows.iter_mut().enumerate() {
                *bytes = self
                    .keys
                    .row(position + r.min(scores.len() - 1), self.row_bytes);
            }
            let ahead = SIDE_BY_SIDE * self.keys.stride;
            let sums = dot_rows::<S, U, SIDE_BY_SIDE>(s, rows, self.query, ahead);
            scores.copy_from_slice(&sums[..scores.len()]);
            position += scores.len();
        }
    }
}

/// The weighted sum of the values, positions rising.
struct Mix<'a, U> {
    values: ValueRows<'a>,
    /// `[dim]`, padded
    result: &'a mut [f32],
    unpack: PhantomData<U>,
}

/// Rows of values with their weights.
#[derive(Clone, Copy)]
struct ValueRows<'a> {
    rows: KvRows<'a>,
    row_bytes: usize,
    first: usize,
    scores: &'a [f32],
}

impl<U: Unpack> Op for Mix<'_, U> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let values = self.values;
        let result = self.result.as_chunks_mut().0;
        let n_blocks = values.row_bytes / size_of::<U::Block>();
        let mut block = 0;
        while block < n_blocks {
            let result = &mut result[block * U::VECTORS..];
            let vectors = (n_blocks - block) * U::VECTORS;
            block += match (U::VECTORS, vectors) {
                (1, 8..) => mix_blocks::<S, U, 8>(s, values, block, result),
                (1, 4..) | (2, 8..) => mix_blocks::<S, U, 4>(s, values, block, result),
                (2, 4..) => mix_blocks::<S, U, 2>(s, values, block, result),
                _ => mix_blocks::<S, U, 1>(s, values, block, result),
            };
        }
        if !values.row_bytes.is_multiple_of(size_of::<U::Block>()) {
            let mut acc = s.zero();
            for (n, score) in values.scores.iter().enumerate() {
                let last = U::split(values.rows.row(values.first + n, values.row_bytes)).1;
                let v = U::chunk(s, &last, &U::scales(s, &last), 0)[0];
                acc = s.fma(s.splat(*score), v, acc);
            }
            s.store(acc, &mut result[n_blocks * U::VECTORS]);
        }
    }
}

/// Sums `N` blocks of all rows from `block` on; returns `N`.
#[inline(always)]
fn mix_blocks<S: Simd, U: Unpack, const N: usize>(
    s: S,
    values: ValueRows<'_>,
    block: usize,
    result: &mut [Chunk],
) -> usize {
    const { assert!(U::CHUNKS == 1 && U::VECTORS <= 2) };
    let mut acc = [[s.zero(); 2]; N];
    for (n, score) in values.scores.iter().enumerate() {
        let row = values.rows.row(values.first + n, values.row_bytes);
        let blocks = &U::split(row).0[block..block + N];
        let score = s.splat(*score);
        for b in 0..N {
            let v = U::chunk(s, &blocks[b], &U::scales(s, &blocks[b]), 0);
            for i in 0..U::VECTORS {
                acc[b][i] = s.fma(score, v[i], acc[b][i]);
            }
        }
    }
    for b in 0..N {
        for i in 0..U::VECTORS {
            s.store(acc[b][i], &mut result[b * U::VECTORS + i]);
        }
    }
    N
}
