//! `exp` of numbers that are not positive, many at once: what probabilities are made of.
//!
//! Plain multiplications and additions without a branch, which compilers turn into vectors, and
//! which give the same bits on every platform. `libm`'s takes six times as long.

/// The largest number of which [`exp`] is taken to be 0: nothing that is drawn is as rare.
const LEAST: f64 = -708.0;

/// Added and subtracted, it rounds to a whole number, which its low bits then hold.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// ln 2 in two parts, the first with zeros at its end: its product with a small whole number is exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// `1 / n!`, the highest first; what is left out is below 3e-13 for half of ln 2.
const TAYLOR: [f64; 11] = [
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
    1.0,
    1.0,
];

/// `exp(x)` for `x` of at most 0, to twelve digits; 0 from -708 down.
#[inline]
pub(crate) fn exp(x: f64) -> f64 {
    let bounded = if x > LEAST { x } else { LEAST };
    let shifted = bounded * std::f64::consts::LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let rest = bounded - n * LN_2[0] - n * LN_2[1];
    let mut sum = TAYLOR[0];
    for factor in &TAYLOR[1..] {
        sum = sum * rest + factor;
    }
    let exponent = shifted.to_bits().wrapping_add(1023) << 52;
    let value = sum * f64::from_bits(exponent);
    if x > LEAST { value } else { 0.0 }
}

/// The sum of `weight` over the values, in sixteen lanes by index, then lane by lane.
pub(crate) fn sum_of<T>(values: &[T], weight: impl Fn(&T) -> f64) -> f64 {
    const LANES: usize = 16;
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += weight(value);
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += weight(value);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_that_of_libm_to_twelve_digits() {
        let mut worst = 0.0_f64;
        for i in 0..2_000_000 {
            let x = -f64::from(i) * 3.539e-4;
            let expected = libm::exp(x);
            worst = worst.max((exp(x) - expected).abs() / expected);
        }
        assert!(worst < 5e-13, "{worst:e}");
    }

    #[test]
    fn exp_is_exact_at_zero_and_zero_far_below() {
        assert_eq!(exp(0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(exp(-0.0).to_bits(), 1.0_f64.to_bits());
        for x in [-708.0, -1e4, -1e300, f64::NEG_INFINITY] {
            assert_eq!(exp(x).to_bits(), 0, "{x}");
        }
    }

    #[test]
    fn sums_hold_every_value() {
        for n in 0..40_u32 {
            let values: Vec<u32> = (0..n).collect();
            let expected = n * n.saturating_sub(1) / 2;
            assert!((sum_of(&values, |&v| f64::from(v)) - f64::from(expected)).abs() < 1e-9);
        }
    }
}
