//! Normalizations of one row.

use crate::ops::dot::dot;
use crate::simd::Simd;

/// `out = x / sqrt(mean(x^2) + eps) * weight`.
#[inline(always)]
pub(crate) fn rms_norm<S: Simd>(
    s: S,
    x: &[f32],
    weight: Option<&[f32]>,
    eps: f32,
    out: &mut [f32],
) {
    let factor = 1.0 / (dot(s, x, x) / x.len() as f32 + eps).sqrt();
    match weight {
        Some(weight) => {
            for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
                *out = x * factor * weight;
            }
        }
        None => {
            for (out, x) in out.iter_mut().zip(x) {
                *out = x * factor;
            }
        }
    }
}

/// The parameters of a layer norm.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// Factor on each element: `[n]`.
    pub weight: Option<&'a [f32]>,
    /// Term on each element, after the factor: `[n]`.
    pub bias: Option<&'a [f32]>,
    /// Added to the variance.
    pub eps: f32,
}

/// `out = (x - mean) / sqrt(variance + eps) * weight + bias`.
#[inline(always)]
pub(crate) fn layer_norm<S: Simd>(s: S, norm: LayerNorm<'_>, x: &[f32], out: &mut [f32]) {
    let n = x.len() as f32;
    let mean = sum(s, x) / n;
    for (out, x) in out.iter_mut().zip(x) {
        *out = x - mean;
    }
    let factor = 1.0 / (dot(s, out, out) / n + norm.eps).sqrt();
    for out in out.iter_mut() {
        *out *= factor;
    }
    if let Some(weight) = norm.weight {
        for (out, weight) in out.iter_mut().zip(weight) {
            *out *= weight;
        }
    }
    if let Some(bias) = norm.bias {
        for (out, bias) in out.iter_mut().zip(bias) {
            *out += bias;
        }
    }
}

/// `x *= 1 / max(sqrt(sum(x^2)), eps)`.
#[inline(always)]
pub(crate) fn l2_norm<S: Simd>(s: S, x: &mut [f32], eps: f32) {
    let norm = dot(s, x, x).sqrt();
    // A NaN stays one.
    let factor = 1.0 / if norm < eps { eps } else { norm };
    for x in x {
        *x *= factor;
    }
}

/// The sum of the values in sixteen lanes, summed by the fixed tree.
#[inline(always)]
fn sum<S: Simd>(s: S, x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks();
    let mut total = s.zero();
    for chunk in chunks {
        total = s.add(total, s.load(chunk));
    }
    if !rest.is_empty() {
        total = s.add(total, s.load_first(rest));
    }
    s.sum(total)
}
