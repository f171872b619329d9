//! The exponential and what is built on it, the same at every level.

use crate::simd::Simd;

/// Largest argument that is looked at: its exponential is infinite.
const EXP_MAX: f32 = 89.0;
/// Smallest: its exponential is 0.
const EXP_MIN: f32 = -105.0;
/// The upper bits of ln 2, few enough that their product with any whole exponent is exact.
const LN2_HIGH: f32 = 0.693_359_4;
/// `ln 2 - LN2_HIGH`.
const LN2_LOW: f32 = -2.121_944_4e-4;
/// Adding and taking away 1.5 * 2^23 rounds to the nearest whole number.
const ROUND: f32 = 12_582_912.0;
/// `(e^r - 1 - r) / r^2` for |r| <= ln 2 / 2, highest power first.
const EXP_POLY: [f32; 6] = [
    1.984_127e-4,
    1.388_888_9e-3,
    8.333_334e-3,
    4.166_666_8e-2,
    1.666_666_7e-1,
    0.5,
];

/// `e^x` within 1 ulp of the true value; subnormal results too. -inf gives 0, NaN stays NaN.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::F) -> S::F {
    // In this order of arguments a NaN passes both.
    let x = s.max(s.splat(EXP_MIN), s.min(s.splat(EXP_MAX), x));
    let round = s.splat(ROUND);
    let n = s.sub(s.fma(x, s.splat(std::f32::consts::LOG2_E), round), round);
    let r = s.fma(n, s.splat(-LN2_HIGH), x);
    let r = s.fma(n, s.splat(-LN2_LOW), r);
    let mut p = s.splat(EXP_POLY[0]);
    for &c in &EXP_POLY[1..] {
        p = s.fma(p, r, s.splat(c));
    }
    let p = s.add(s.fma(s.mul(r, r), p, r), s.splat(1.0));
    // 2^n in two factors, since n reaches from -151 to 128.
    let half = s.sub(s.fma(n, s.splat(0.5), round), round);
    s.mul(s.mul(p, s.pow2(half)), s.pow2(s.sub(n, half)))
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(s: S, x: S::F) -> S::F {
    let one = s.splat(1.0);
    s.div(one, s.add(one, exp(s, s.sub(s.zero(), x))))
}

/// `(tanh x - x) / x^3` as a polynomial in x^2 for |x| < 0.625, highest power first.
const TANH_POLY: [f32; 5] = [
    -5.704_988_7e-3,
    2.063_909e-2,
    -5.373_971_6e-2,
    1.333_144_2e-1,
    -3.333_328e-1,
];
/// Below it the polynomial is used.
const TANH_SMALL: f32 = 0.625;

/// The hyperbolic tangent within 2 ulp.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(s: S, x: S::F) -> S::F {
    let one = s.splat(1.0);
    let magnitude = s.abs(x);
    let square = s.mul(x, x);
    let mut p = s.splat(TANH_POLY[0]);
    for &c in &TANH_POLY[1..] {
        p = s.fma(p, square, s.splat(c));
    }
    let small = s.fma(s.mul(p, square), magnitude, magnitude);
    let e = exp(s, s.add(magnitude, magnitude));
    let large = s.sub(one, s.div(s.splat(2.0), s.add(e, one)));
    s.with_sign(s.select_lt(magnitude, s.splat(TANH_SMALL), small, large), x)
}

/// Replaces each value by a function of it, sixteen at a time.
macro_rules! map_in_place {
    ($s:ident, $x:expr, $v:ident => $value:expr) => {{
        let (chunks, rest) = $x.as_chunks_mut();
        for chunk in chunks {
            let $v = $s.load(chunk);
            $s.store($value, chunk);
        }
        if !rest.is_empty() {
            let $v = $s.load_first(rest);
            $s.store_first($value, rest);
        }
    }};
}
pub(crate) use map_in_place;

/// [`exp`] of each value.
#[inline(always)]
pub(crate) fn exp_in_place<S: Simd>(s: S, x: &mut [f32]) {
    map_in_place!(s, x, v => exp(s, v));
}

/// [`sigmoid`] of each value.
#[inline(always)]
pub(crate) fn sigmoid_in_place<S: Simd>(s: S, x: &mut [f32]) {
    map_in_place!(s, x, v => sigmoid(s, v));
}

/// [`tanh`] of each value.
#[inline(always)]
pub(crate) fn tanh_in_place<S: Simd>(s: S, x: &mut [f32]) {
    map_in_place!(s, x, v => tanh(s, v));
}

/// `cap * tanh(x / cap)` of each value.
#[inline(always)]
pub(crate) fn softcap<S: Simd>(s: S, x: &mut [f32], cap: f32) {
    let cap = s.splat(cap);
    map_in_place!(s, x, v => s.mul(cap, tanh(s, s.div(v, cap))));
}
