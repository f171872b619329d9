//! The state update of RWKV-7.

use crate::ops::dot::dot;
use crate::simd::Simd;

/// What [`Kernels::wkv7_step`](crate::Kernels::wkv7_step) reads: one head's vectors of one token,
/// each `[d]`.
#[derive(Clone, Copy, Debug)]
pub struct Wkv7Args<'a> {
    /// Receptance: what is read out of the state.
    pub r: &'a [f32],
    /// Decay, a factor on each column of the state (already `exp(-exp(..))` or its like).
    pub w: &'a [f32],
    /// Key.
    pub k: &'a [f32],
    /// Value.
    pub v: &'a [f32],
    /// What is looked up in the state, usually the negated normalized key.
    pub a: &'a [f32],
    /// Where what was found is written, usually the normalized key times its rate.
    pub b: &'a [f32],
}

/// For each row `i` of `state`: `found = dot(state[i], a)`,
/// `state[i][j] = fma(v[i], k[j], fma(found, b[j], state[i][j] * w[j]))`,
/// `out[i] = dot(state[i], r)`.
#[inline(always)]
pub(crate) fn wkv7_step<S: Simd>(s: S, args: Wkv7Args<'_>, state: &mut [f32], out: &mut [f32]) {
    let d = out.len();
    for ((row, out), v) in state.chunks_exact_mut(d).zip(out).zip(args.v) {
        let found = dot(s, row, args.a);
        for (((x, w), b), k) in row.iter_mut().zip(args.w).zip(args.b).zip(args.k) {
            *x = v.mul_add(*k, found.mul_add(*b, *x * w));
        }
        *out = dot(s, row, args.r);
    }
}
