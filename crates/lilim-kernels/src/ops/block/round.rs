//! Activations rounded to 8 bits in blocks of 32.

use super::{ActBlock, BLOCK, Grain, tile_rows};
use crate::simd::{LANES, Simd};

/// Rounds a tile of at most [`TILE`](super::TILE) rows of `n_cols` values into `[block][row of the tile]`; the
/// rows that pad it are left as they are, since nobody reads their outputs.
#[inline(always)]
pub(crate) fn round_tile<S: Simd>(
    s: S,
    grain: Grain,
    x: &[f32],
    n_cols: usize,
    out: &mut [ActBlock],
) {
    let n_rows = tile_rows(x.len() / n_cols);
    for (row, x) in x.chunks_exact(n_cols).enumerate() {
        for (block, x) in x.as_chunks::<BLOCK>().0.iter().enumerate() {
            round_block(s, grain, x, &mut out[block * n_rows + row]);
        }
    }
}

#[inline(always)]
fn round_block<S: Simd>(s: S, grain: Grain, x: &[f32; BLOCK], out: &mut ActBlock) {
    let (x, _) = x.as_chunks::<LANES>();
    let x = [s.load(&x[0]), s.load(&x[1])];
    let scales = match grain {
        Grain::Fine => [scale(s, x[0], x[0]), scale(s, x[1], x[1])],
        Grain::Coarse => [scale(s, x[0], x[1]); 2],
    };
    let (q, _) = out.q.as_chunks_mut::<LANES>();
    let mut sums = [0; 2];
    for half in 0..2 {
        let inverse = s.splat(scales[half].inverse);
        sums[half] = s.store_i8(s.mul(x[half], inverse), &mut q[half]);
        out.starts[half] = s.starter(&q[half], sums[half]);
    }
    out.scales = scales.map(|scale| scale.scale);
    out.half_sums = sums.map(|sum| sum as f32);
    out.sum = match grain {
        Grain::Fine => out.scales[1].mul_add(out.half_sums[1], out.scales[0] * out.half_sums[0]),
        Grain::Coarse => (sums[0] + sums[1]) as f32,
    };
}

/// How a group of activations is rounded.
#[derive(Clone, Copy)]
struct Scale {
    scale: f32,
    inverse: f32,
}

/// The scale of two vectors. With NaN or infinity among them it is NaN, so that it shows in the
/// result.
#[inline(always)]
fn scale<S: Simd>(s: S, a: S::F, b: S::F) -> Scale {
    let top = s.top_magnitude(a, b);
    let inverse = 127.0 / top;
    if !top.is_finite() {
        Scale {
            scale: f32::NAN,
            inverse: 0.0,
        }
    } else if inverse.is_finite() {
        Scale {
            scale: top / 127.0,
            inverse,
        }
    } else {
        Scale {
            scale: 0.0,
            inverse: 0.0,
        }
    }
}
