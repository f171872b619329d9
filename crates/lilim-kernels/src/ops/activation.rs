//! Activation functions, plain and gated.

use crate::ops::exp::{map_in_place, sigmoid};
use crate::simd::Simd;

/// The function between the two halves of a feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activation {
    /// `x * sigmoid(x)`, also called swish.
    Silu,
    /// `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
    GeluTanh,
    /// `0.5 x (1 + erf(x / sqrt 2))`.
    GeluErf,
    /// `max(x, 0)`.
    Relu,
    /// `max(x, 0)^2`.
    ReluSquared,
}

/// `2 sqrt(2/pi)`.
const GELU_INNER: f32 = 1.595_769;
/// `2 sqrt(2/pi) * 0.044715`.
const GELU_CUBIC: f32 = 0.071_354_82;

/// `x * sigmoid(x)`.
#[inline(always)]
fn silu<S: Simd>(s: S, x: S::F) -> S::F {
    s.mul(x, sigmoid(s, x))
}

/// The tanh form of GELU, as `x * sigmoid(2 u)`, which is the same function without the loss of
/// digits where tanh is near -1.
#[inline(always)]
fn gelu_tanh<S: Simd>(s: S, x: S::F) -> S::F {
    let inner = s.fma(s.mul(x, x), s.splat(GELU_CUBIC), s.splat(GELU_INNER));
    s.mul(x, sigmoid(s, s.mul(x, inner)))
}

/// The erf form of GELU, with `libm`'s erf.
#[inline(always)]
fn gelu_erf(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// Replaces each value by its activation.
#[inline(always)]
pub(crate) fn activate<S: Simd>(s: S, activation: Activation, x: &mut [f32]) {
    match activation {
        Activation::Silu => map_in_place!(s, x, v => silu(s, v)),
        Activation::GeluTanh => map_in_place!(s, x, v => gelu_tanh(s, v)),
        Activation::GeluErf => {
            for x in x {
                *x = gelu_erf(*x);
            }
        }
        // A NaN stays one: `max` gives its second argument.
        Activation::Relu => map_in_place!(s, x, v => s.max(s.zero(), v)),
        Activation::ReluSquared => map_in_place!(s, x, v => {
            let v = s.max(s.zero(), v);
            s.mul(v, v)
        }),
    }
}

/// `gate = activation(gate) * up`.
#[inline(always)]
pub(crate) fn gate<S: Simd>(s: S, activation: Activation, gate: &mut [f32], up: &[f32]) {
    activate(s, activation, gate);
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate *= up;
    }
}
