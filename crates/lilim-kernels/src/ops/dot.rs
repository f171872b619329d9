//! The dot product of the arithmetic contract, alone and of several rows with one vector.

use crate::ops::unpack::Unpack;
use crate::simd::Simd;

/// `sum of a[k] * b[k]` in the contract's order: lane `l` takes `k = l, l+16, ...` by fused
/// multiply-add from +0, a tail is padded with zeros, the lanes are summed by the fixed tree.
#[inline(always)]
pub(crate) fn dot<S: Simd>(s: S, a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks(), b.as_chunks());
    let mut acc = s.zero();
    for (a, b) in a.iter().zip(b) {
        acc = s.fma(s.load(a), s.load(b), acc);
    }
    if !a_tail.is_empty() {
        acc = s.fma(s.load_first(a_tail), s.load_first(b_tail), acc);
    }
    s.sum(acc)
}

/// Bytes that one prefetch brings.
const CACHE_LINE: usize = 64;

/// [`dot`] of `R` encoded rows with `x`, side by side: a sum is one chain of additions, so it takes
/// several to keep the machine busy. Rows are as long as `x`. The rows that come next lie
/// `ahead` bytes after these; they are asked for meanwhile (quantized rows are too short for the
/// machine to foresee: this made products of Q4_K 1.3 and of Q6_K 2.8 times as fast).
#[inline(always)]
pub(crate) fn dot_rows<S: Simd, U: Unpack, const R: usize>(
    s: S,
    rows: [&[u8]; R],
    x: &[f32],
    ahead: usize,
) -> [f32; R] {
    let per_block = U::VECTORS * U::CHUNKS;
    let (x, x_tail) = x.as_chunks();
    let n_blocks = x.len() / per_block;
    // Slices of one length known to the compiler to be one: no index is checked in the loop.
    let mut blocks = [U::split(rows[0]).0; R];
    for r in 0..R {
        blocks[r] = &U::split(rows[r]).0[..n_blocks];
    }
    let mut acc = [s.zero(); R];
    for b in 0..n_blocks {
        let x = &x[b * per_block..][..per_block];
        if U::CHUNKS * U::VECTORS > 1 {
            // The same block of the next rows.
            for row in rows {
                let block = &row[b * size_of::<U::Block>()..];
                for line in 0..size_of::<U::Block>().div_ceil(CACHE_LINE) {
                    s.prefetch(block, ahead + line * CACHE_LINE);
                }
            }
        }
        let mut scales = [U::scales(s, &blocks[0][b]); R];
        for r in 1..R {
            scales[r] = U::scales(s, &blocks[r][b]);
        }
        for c in 0..U::CHUNKS {
            for r in 0..R {
                let w = U::chunk(s, &blocks[r][b], &scales[r], c);
                for v in 0..U::VECTORS {
                    acc[r] = s.fma(w[v], s.load(&x[c * U::VECTORS + v]), acc[r]);
                }
            }
        }
    }
    if !x_tail.is_empty() {
        let x = s.load_first(x_tail);
        for r in 0..R {
            let last = U::split(rows[r]).1;
            let w = U::chunk(s, &last, &U::scales(s, &last), 0);
            acc[r] = s.fma(w[0], x, acc[r]);
        }
    }
    let mut out = [0.0; R];
    for r in 0..R {
        out[r] = s.sum(acc[r]);
    }
    out
}
