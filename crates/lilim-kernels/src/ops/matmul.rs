//! Matrix products with weights of any type.
//!
//! One row of activations: weights are decoded in registers and used at once. More rows: some
//! weight rows are decoded to f32, a few hundred columns at a time so that they stay in the first
//! cache, and multiplied with tiles of activation rows. In both each output is one chain of
//! sixteen-lane multiply-adds in rising order of columns, which the second way interrupts by
//! storing and reloading the lanes; so both give the bits of [`dot`](crate::ops::dot::dot).

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays of registers, side by side"
)]

use crate::columns::ColumnsMut;
use crate::ops::dot::dot_rows;
use crate::ops::unpack::{Unpack, for_weight_type};
use crate::simd::{Chunk, LANES, Op, Simd};
use crate::weights::WeightRows;
use lilim_formats::GgmlType;
use std::marker::PhantomData;

/// Weight rows that are multiplied side by side with one row of activations.
const SIDE_BY_SIDE: usize = 4;
/// Weight rows decoded at a time for several rows of activations.
const PANEL_ROWS: usize = 8;
/// Vectors of each of them: 512 columns, whole blocks of every type.
const PANEL_VECTORS: usize = 32;
/// Rows of activations that are multiplied with a decoded panel.
const BATCH_ROWS: usize = 96;

/// f32 of scratch that [`matmul`] needs: the panel and the lanes of all sums under way.
pub(crate) const SCRATCH: usize = PANEL_ROWS * (PANEL_VECTORS + BATCH_ROWS) * LANES;

/// `out[i][row] = dot(weight row, x[i])`.
#[inline(always)]
pub(crate) fn matmul<S: Simd>(
    s: S,
    weight: WeightRows<'_>,
    x: &[f32],
    mut out: ColumnsMut<'_>,
    scratch: &mut [f32],
) {
    if out.n_rows() == 1 {
        let out = out.row_mut(0);
        for_weight_type!(weight.ty(), U => s.run(OneRow::<U> { weight, x, out, unpack: PhantomData }));
        return;
    }
    let n_cols = weight.n_cols();
    let mut rest = out;
    let mut x = x;
    while rest.n_rows() > 0 {
        let n = rest.n_rows().min(BATCH_ROWS);
        let (batch, after) = rest.split_at_row(n);
        let (batch_x, after_x) = x.split_at(n * n_cols);
        multiply_batch(s, weight, batch_x, batch, scratch);
        (rest, x) = (after, after_x);
    }
}

/// The product with one row of activations.
struct OneRow<'a, U> {
    weight: WeightRows<'a>,
    x: &'a [f32],
    out: &'a mut [f32],
    unpack: PhantomData<U>,
}

impl<U: Unpack> Op for OneRow<'_, U> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        if S::SIDE_BY_SIDE {
            multiply_row::<S, U, SIDE_BY_SIDE>(s, self.weight, self.x, self.out);
        } else {
            multiply_row::<S, U, 1>(s, self.weight, self.x, self.out);
        }
    }
}

/// The product with one row of activations, `R` weight rows at a time.
#[inline(always)]
fn multiply_row<S: Simd, U: Unpack, const R: usize>(
    s: S,
    weight: WeightRows<'_>,
    x: &[f32],
    out: &mut [f32],
) {
    let mut row = 0;
    for out in out.chunks_mut(R) {
        // A last group that is not full computes its last row more than once.
        let mut rows = [weight.row(row); R];
        for (r, bytes) in rows.iter_mut().enumerate() {
            *bytes = weight.row(row + r.min(out.len() - 1));
        }
        out.copy_from_slice(&dot_rows::<S, U, R>(s, rows, x, R * rows[0].len())[..out.len()]);
        row += out.len();
    }
}

/// The product with at most [`BATCH_ROWS`] rows of activations.
#[inline(always)]
fn multiply_batch<S: Simd>(
    s: S,
    weight: WeightRows<'_>,
    x: &[f32],
    out: ColumnsMut<'_>,
    scratch: &mut [f32],
) {
    let n_cols = weight.n_cols();
    let mut rest = out;
    let (panel, lanes) = scratch
        .as_chunks_mut()
        .0
        .split_at_mut(PANEL_ROWS * PANEL_VECTORS);
    let mut row = 0;
    while row < weight.n_rows() {
        let n = PANEL_ROWS.min(weight.n_rows() - row);
        let (own, after) = rest.split_at_col(n);
        rest = after;
        let mut sums = Sums { lanes, out: own };
        let mut col = 0;
        while col < n_cols {
            let cols = (n_cols - col).min(PANEL_VECTORS * LANES);
            decode_panel(s, weight.slice(row..row + n), col, cols, panel);
            let part = Part {
                panel,
                n_weights: n,
                x,
                n_cols,
                col,
                cols,
            };
            if S::WIDE {
                multiply_part::<S, 4, 6>(s, part, &mut sums);
            } else if S::SIDE_BY_SIDE {
                multiply_part::<S, 2, 3>(s, part, &mut sums);
            } else {
                multiply_part::<S, 1, 1>(s, part, &mut sums);
            }
            col += cols;
        }
        row += n;
    }
}

/// Decodes columns `col..col + cols` of at most [`PANEL_ROWS`] rows.
#[inline(always)]
fn decode_panel<S: Simd>(
    s: S,
    weight: WeightRows<'_>,
    col: usize,
    cols: usize,
    panel: &mut [Chunk],
) {
    let (ty, n_vectors) = (weight.ty(), cols.div_ceil(LANES));
    let first = col / ty.block_len() * ty.block_bytes();
    let n_bytes = cols / ty.block_len() * ty.block_bytes();
    for (r, out) in panel
        .chunks_exact_mut(PANEL_VECTORS)
        .take(weight.n_rows())
        .enumerate()
    {
        let row = &weight.row(r)[first..first + n_bytes];
        decode(s, ty, row, &mut out[..n_vectors]);
    }
}

/// Some decoded columns of some weight rows, and the activations they meet.
#[derive(Clone, Copy)]
struct Part<'a> {
    /// `[PANEL_ROWS, PANEL_VECTORS]` vectors, of which `n_weights` rows are filled.
    panel: &'a [Chunk],
    n_weights: usize,
    /// `[m, n_cols]`
    x: &'a [f32],
    n_cols: usize,
    /// The columns in the panel: `col..col + cols`.
    col: usize,
    cols: usize,
}

/// Where the sums of a panel's rows are while columns are left, and where they go in the end.
struct Sums<'a, 'o> {
    /// `[m, PANEL_ROWS]`
    lanes: &'a mut [Chunk],
    /// `[m, n_weights]`
    out: ColumnsMut<'o>,
}

/// Adds the part's products to the sums, in tiles of `R` weight rows and `M` rows of activations.
#[inline(always)]
fn multiply_part<S: Simd, const R: usize, const M: usize>(
    s: S,
    part: Part<'_>,
    sums: &mut Sums<'_, '_>,
) {
    let m = part.x.len() / part.n_cols;
    let mut i = 0;
    while i < m {
        let n = if m - i >= M { M } else { 1 };
        let mut row = 0;
        // The rows beyond the last weight are left over from earlier; their sums are not read.
        while row < part.n_weights {
            if n == M {
                s.run(Tile::<R, M> { part, row, i, sums });
            } else {
                s.run(Tile::<R, 1> { part, row, i, sums });
            }
            row += R;
        }
        i += n;
    }
}

/// `R` weight rows from `row` on times `M` rows of activations from `i` on.
struct Tile<'a, 's, 'o, const R: usize, const M: usize> {
    part: Part<'a>,
    row: usize,
    i: usize,
    sums: &'a mut Sums<'s, 'o>,
}

impl<const R: usize, const M: usize> Op for Tile<'_, '_, '_, R, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Part {
            panel,
            n_weights,
            x,
            n_cols,
            col,
            cols,
        } = self.part;
        let Sums { lanes, out } = self.sums;
        let lanes = &mut lanes[self.i * PANEL_ROWS..(self.i + M) * PANEL_ROWS];
        let n = cols / LANES;
        let mut w = [panel; R];
        for r in 0..R {
            w[r] = &panel[(self.row + r) * PANEL_VECTORS..][..PANEL_VECTORS];
        }
        let mut rows = [x; M];
        let mut chunks = [&panel[..n]; M];
        let mut acc = [[s.zero(); R]; M];
        for i in 0..M {
            rows[i] = &x[(self.i + i) * n_cols + col..][..cols];
            chunks[i] = &rows[i].as_chunks().0[..n];
            for r in 0..R {
                acc[i][r] = match col {
                    0 => s.zero(),
                    _ => s.load(&lanes[i * PANEL_ROWS + self.row + r]),
                };
            }
        }
        let mut full = w;
        for r in 0..R {
            full[r] = &w[r][..n];
        }
        for k in 0..n {
            let mut wk = [s.zero(); R];
            for r in 0..R {
                wk[r] = s.load(&full[r][k]);
            }
            for i in 0..M {
                let xk = s.load(&chunks[i][k]);
                for r in 0..R {
                    acc[i][r] = s.fma(wk[r], xk, acc[i][r]);
                }
            }
        }
        if !cols.is_multiple_of(LANES) {
            for i in 0..M {
                let xk = s.load_first(&rows[i][n * LANES..]);
                for r in 0..R {
                    acc[i][r] = s.fma(s.load(&w[r][n]), xk, acc[i][r]);
                }
            }
        }
        for i in 0..M {
            for r in 0..R {
                s.store(acc[i][r], &mut lanes[i * PANEL_ROWS + self.row + r]);
            }
        }
        if col + cols == n_cols {
            // from the lanes, which the first cache has: the loop above keeps sums in registers
            // only where all that is done with them is unrolled
            let end = n_weights.min(self.row + R);
            for i in 0..M {
                let out = &mut out.row_mut(self.i + i)[self.row..end];
                for (r, out) in out.iter_mut().enumerate() {
                    *out = s.sum(s.load(&lanes[i * PANEL_ROWS + self.row + r]));
                }
            }
        }
    }
}

/// Decodes a row to f32.
#[inline(always)]
pub(crate) fn decode_row<S: Simd>(s: S, ty: GgmlType, row: &[u8], out: &mut [f32]) {
    let (vectors, rest) = out.as_chunks_mut();
    decode(s, ty, row, vectors);
    if !rest.is_empty() {
        let mut padded = [[0.0; LANES]];
        let tail = row.len() - rest.len() * ty.block_bytes();
        decode(s, ty, &row[tail..], &mut padded);
        rest.copy_from_slice(&padded[0][..rest.len()]);
    }
}

/// Decodes a row to f32 vectors; where `out` holds one more than the row's whole vectors, that is
/// the rest padded with zeros.
#[inline(always)]
fn decode<S: Simd>(s: S, ty: GgmlType, row: &[u8], out: &mut [Chunk]) {
    for_weight_type!(ty, U => s.run(Decode::<U> { row, out, unpack: PhantomData }));
}

/// [`decode`] for one type, as a function of its own.
struct Decode<'a, U> {
    row: &'a [u8],
    out: &'a mut [Chunk],
    unpack: PhantomData<U>,
}

impl<U: Unpack> Op for Decode<'_, U> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let per_block = U::VECTORS * U::CHUNKS;
        let (blocks, last) = U::split(self.row);
        for (block, vectors) in blocks.iter().zip(self.out.chunks_exact_mut(per_block)) {
            let scales = U::scales(s, block);
            for c in 0..U::CHUNKS {
                let chunk = U::chunk(s, block, &scales, c);
                for v in 0..U::VECTORS {
                    s.store(chunk[v], &mut vectors[c * U::VECTORS + v]);
                }
            }
        }
        if let Some(rest) = self.out.get_mut(blocks.len() * per_block) {
            s.store(U::chunk(s, &last, &U::scales(s, &last), 0)[0], rest);
        }
    }
}
