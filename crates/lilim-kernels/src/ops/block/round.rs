//! Activations rounded to 8 bits in blocks of 32.

use super::{ActBlock, BLOCK, TILE};
use crate::simd::{LANES, Simd};

/// Rounds a tile of at most [`TILE`] rows of `n_cols` values into `[block][row of the tile]`.
#[inline(always)]
pub(crate) fn round_tile<S: Simd>(s: S, x: &[f32], n_cols: usize, out: &mut [ActBlock]) {
    let n_rows = x.len() / n_cols;
    debug_assert!(n_rows <= TILE);
    for (row, x) in x.chunks_exact(n_cols).enumerate() {
        for (block, x) in x.as_chunks::<BLOCK>().0.iter().enumerate() {
            round_block(s, x, &mut out[block * n_rows + row]);
        }
    }
}

/// Rounds one block; one that holds NaN or infinity gets a scale of NaN, so that it shows in the
/// result.
#[inline(always)]
fn round_block<S: Simd>(s: S, x: &[f32; BLOCK], out: &mut ActBlock) {
    let (halves, _) = x.as_chunks::<LANES>();
    let (low, high) = (s.load(&halves[0]), s.load(&halves[1]));
    let top = s.top(s.max(s.abs(low), s.abs(high)));
    // Zero where all are finite.
    let blemish = s.sum(s.add(s.mul(low, s.zero()), s.mul(high, s.zero())));
    let inverse = 127.0 / top;
    let (scale, inverse) = if inverse.is_finite() && blemish == 0.0 {
        (top / 127.0, inverse)
    } else {
        (if blemish == 0.0 { 0.0 } else { f32::NAN }, 0.0)
    };
    *out = ActBlock {
        scale,
        ..ActBlock::ZERO
    };
    let inverse = s.splat(inverse);
    let (q, _) = out.q.as_chunks_mut::<LANES>();
    s.store_i8(s.mul(low, inverse), &mut q[0]);
    s.store_i8(s.mul(high, inverse), &mut q[1]);
    let sum = |q: &[i8; LANES]| q.iter().map(|&q| i32::from(q)).sum::<i32>();
    let sums = [sum(&q[0]), sum(&q[1])];
    out.sum = (sums[0] + sums[1]) as f32;
    out.minus_sum = -(sums[0] + sums[1]);
    out.half_sums = sums.map(|sum| sum as f32);
    out.minus_half_sums = sums.map(|sum| -sum);
}
