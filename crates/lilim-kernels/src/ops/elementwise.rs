//! Sums, products and the place of the largest value.
//!
//! The loops are plain: one IEEE operation a value gives the same bits however the compiler
//! arranges it.

use crate::simd::{LANES, Simd};

/// `x += y`.
#[inline(always)]
pub(crate) fn add<S: Simd>(_: S, x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// `x *= y`.
#[inline(always)]
pub(crate) fn mul<S: Simd>(_: S, x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x *= y;
    }
}

/// `x *= factor`.
#[inline(always)]
pub(crate) fn scale<S: Simd>(_: S, x: &mut [f32], factor: f32) {
    for x in x {
        *x *= factor;
    }
}

/// `x += factor * y`, fused.
#[inline(always)]
pub(crate) fn axpy<S: Simd>(_: S, x: &mut [f32], factor: f32, y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x = factor.mul_add(*y, *x);
    }
}

/// `out = x + (y - x) * share`, rounded thrice.
#[inline(always)]
pub(crate) fn lerp<S: Simd>(_: S, x: &[f32], y: &[f32], share: &[f32], out: &mut [f32]) {
    for (((out, x), y), share) in out.iter_mut().zip(x).zip(y).zip(share) {
        *out = x + (y - x) * share;
    }
}

/// The index of the first largest value; `None` where a value is NaN or there is none.
#[inline(always)]
pub(crate) fn argmax<S: Simd>(s: S, x: &[f32]) -> Option<usize> {
    let max = max(s, x)?;
    x.iter().position(|value| *value == max)
}

/// The largest value, exactly; `None` where one is NaN or there is none.
#[inline(always)]
pub(crate) fn max<S: Simd>(s: S, x: &[f32]) -> Option<f32> {
    let (chunks, rest) = x.as_chunks();
    let first = *x.first()?;
    let mut largest = s.splat(first);
    for chunk in chunks {
        largest = s.max(s.load(chunk), largest);
    }
    let mut lanes = [0.0; LANES];
    s.store(largest, &mut lanes);
    let mut max = first;
    for value in lanes.iter().chain(rest) {
        if *value > max {
            max = *value;
        }
    }
    let mut has_nan = false;
    for value in x {
        has_nan |= value.is_nan();
    }
    (!has_nan).then_some(max)
}
