//! The dot product of the arithmetic contract.

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
