//! Weights in floating point as products read them: four rows side by side, sixteen columns of each
//! after the other, so that memory is read in a line while four sums are under way. Columns that
//! fill no vector are padded with zeros.
//!
//! Weights are decoded in registers and used at once. Many rows of activations pass in batches that
//! the second cache holds, so the weights come from memory once a batch.

#![allow(
    clippy::needless_range_loop,
    reason = "arrays of registers, side by side"
)]

use std::marker::PhantomData;
use std::ops::Range;

use lilim_formats::GgmlType;

use crate::columns::ColumnsMut;
use crate::packed::PackedRows;
use crate::simd::{AHEAD, CACHE_LINE, LANES, Op, Simd};
use crate::weights::WeightRows;

use super::unpack::Unpack;

/// Rows of a group: a sum is one chain of additions, so it takes several to keep the machine busy.
pub(crate) const GROUP_ROWS: usize = 4;

/// Calls a generic item for the type in floating point that `$ty` names: `$body` sees it as
/// `$unpack`.
macro_rules! for_float_type {
    ($ty:expr, $unpack:ident => $body:expr) => {
        for_float_type!(@arms $ty, $unpack, $body; F32 F16 BF16)
    };
    (@arms $ty:expr, $unpack:ident, $body:expr; $($name:ident)*) => {
        match $ty {
            $(GgmlType::$name => {
                type $unpack = super::unpack::$name;
                $body
            })*
            ty => unreachable!("{ty} has block dots"),
        }
    };
}

/// Bytes of one row's share of a vector.
fn vector_bytes(ty: GgmlType) -> usize {
    LANES * ty.block_bytes()
}

/// Bytes of a group.
pub(crate) fn group_bytes(ty: GgmlType, n_cols: usize) -> usize {
    GROUP_ROWS * n_cols.div_ceil(LANES) * vector_bytes(ty)
}

/// Packs up to four rows into a group, where rows that are not there are zeros.
pub(crate) fn pack_group(rows: WeightRows<'_>, out: &mut [u8]) {
    let vector = vector_bytes(rows.ty());
    let is_full = rows.n_rows() == GROUP_ROWS && rows.n_cols().is_multiple_of(LANES);
    if !is_full {
        out.fill(0);
    }
    for row in 0..rows.n_rows() {
        let to = out.chunks_exact_mut(vector).skip(row).step_by(GROUP_ROWS);
        for (from, to) in rows.row(row).chunks(vector).zip(to) {
            to[..from.len()].copy_from_slice(from);
        }
    }
}

/// Activations that stay in the second cache while the weights pass by.
const BATCH_VALUES: usize = 96 << 10;

/// `out[i][row] = dot(weight row, x[i])`.
#[inline(always)]
pub(crate) fn multiply_floats<S: Simd>(
    s: S,
    weight: PackedRows<'_>,
    x: &[f32],
    out: ColumnsMut<'_>,
) {
    for_float_type!(weight.ty(), U => s.run(Product::<U> { weight, x, out, unpack: PhantomData }));
}

/// A product with weights of one type.
struct Product<'a, U> {
    weight: PackedRows<'a>,
    /// `[m, n_cols]`
    x: &'a [f32],
    out: ColumnsMut<'a>,
    unpack: PhantomData<U>,
}

impl<U: Unpack> Op for Product<'_, U> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let n_cols = self.weight.n_cols();
        let (groups, _) = U::split(self.weight.bytes()).0.as_chunks::<GROUP_ROWS>();
        let batch = (BATCH_VALUES / n_cols).max(1).next_multiple_of(MOST_ROWS);
        for first in (0..self.out.n_rows()).step_by(batch) {
            let end = self.out.n_rows().min(first + batch);
            let firsts = (0..self.weight.n_rows()).step_by(GROUP_ROWS);
            for (group, row) in groups.chunks_exact(n_cols.div_ceil(LANES)).zip(firsts) {
                self.group(s, group, row, first..end);
            }
        }
    }
}

impl<U: Unpack> Product<'_, U> {
    /// The outputs of a group, whose first row is `row`, for some rows of activations.
    #[inline(always)]
    fn group<S: Simd>(
        &mut self,
        s: S,
        group: &[[U::Block; GROUP_ROWS]],
        row: usize,
        rows_x: Range<usize>,
    ) {
        let mut i = rows_x.start;
        while i < rows_x.end {
            i += match rows_x.end - i {
                // As many sums as registers hold, or the rest.
                6.. if S::WIDE => self.tile::<S, 4, 6>(s, group, (i, row)),
                4.. if S::WIDE => self.tile::<S, 4, 4>(s, group, (i, row)),
                2.. if S::WIDE => self.tile::<S, 4, 2>(s, group, (i, row)),
                3.. if S::SIDE_BY_SIDE => self.tile::<S, 2, 3>(s, group, (i, row)),
                _ => self.tile::<S, 4, 1>(s, group, (i, row)),
            };
        }
    }

    /// The outputs of a group, `R` rows at a time, and `M` rows of activations; returns how many
    /// these are.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const M: usize>(
        &mut self,
        s: S,
        group: &[[U::Block; GROUP_ROWS]],
        (first, row): (usize, usize),
    ) -> usize {
        let n_cols = self.weight.n_cols();
        let x = &self.x[first * n_cols..(first + M) * n_cols];
        let mut sums = [[0.0; GROUP_ROWS]; M];
        for at in (0..GROUP_ROWS).step_by(R) {
            let sums = &mut sums;
            s.run(Tile::<U, R, M> { group, at, x, sums });
        }
        for i in 0..M {
            let out = &mut self.out.row_mut(first + i)[row..];
            let n = out.len().min(GROUP_ROWS);
            out[..n].copy_from_slice(&sums[i][..n]);
        }
        M
    }
}

/// Rows of activations that are multiplied side by side: the most of any level.
const MOST_ROWS: usize = 6;

/// `R` rows of a group, from the one `at`, times `M` rows of activations.
struct Tile<'a, U: Unpack, const R: usize, const M: usize> {
    group: &'a [[U::Block; GROUP_ROWS]],
    at: usize,
    /// `[M, n_cols]`
    x: &'a [f32],
    sums: &'a mut [[f32; GROUP_ROWS]; M],
}

impl<U: Unpack, const R: usize, const M: usize> Op for Tile<'_, U, R, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let n_cols = self.x.len() / M;
        let n = n_cols / LANES;
        let (whole, padded) = self.group.split_at(n);
        let mut rows = [self.x; M];
        let mut vectors = [&self.x.as_chunks().0[..0]; M];
        for i in 0..M {
            rows[i] = &self.x[i * n_cols..][..n_cols];
            vectors[i] = &rows[i].as_chunks().0[..n];
        }
        let mut acc = [[s.zero(); R]; M];
        for k in 0..n {
            if M > 1 {
                // Read more slowly than by one row, weights do not come in time by themselves:
                // 10 GB/s with four rows of F16, 25 where the lines are asked for.
                for line in 0..GROUP_ROWS * size_of::<U::Block>() / CACHE_LINE {
                    s.prefetch(&whole[k], AHEAD + line * CACHE_LINE);
                }
            }
            let w = decode_vectors::<S, U, R>(s, &whole[k], self.at);
            for i in 0..M {
                let x = s.load(&vectors[i][k]);
                for r in 0..R {
                    acc[i][r] = s.fma(w[r], x, acc[i][r]);
                }
            }
        }
        for w in padded {
            let w = decode_vectors::<S, U, R>(s, w, self.at);
            for i in 0..M {
                let x = s.load_first(&rows[i][n * LANES..]);
                for r in 0..R {
                    acc[i][r] = s.fma(w[r], x, acc[i][r]);
                }
            }
        }
        for i in 0..M {
            self.sums[i][self.at..self.at + R].copy_from_slice(&s.sum_each(acc[i]));
        }
    }
}

/// Decodes a vector of each of `R` rows of a group, from the one `at`.
#[inline(always)]
fn decode_vectors<S: Simd, U: Unpack, const R: usize>(
    s: S,
    w: &[U::Block; GROUP_ROWS],
    at: usize,
) -> [S::F; R] {
    let mut out = [s.zero(); R];
    for r in 0..R {
        let w = &w[at + r];
        out[r] = U::chunk(s, w, &U::scales(s, w), 0)[0];
    }
    out
}
