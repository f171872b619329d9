//! The standard normal distribution, on `libm` so that every platform gives the same bits.

use std::f64::consts::{PI, SQRT_2};

/// The density at `z`.
pub(crate) fn density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * PI)
}

/// P(Z ≤ `z`), with full relative accuracy in the lower tail.
pub(crate) fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// The `z` with P(Z ≤ z) = `p`, for 0 < p < 1.
///
/// *Cost:* bisection down to neighbouring floats, about 60 steps; nothing calls it in a loop.
pub(crate) fn quantile(p: f64) -> f64 {
    assert!(p > 0.0 && p < 1.0, "no normal quantile at {p}");
    if p > 0.5 {
        return -quantile(1.0 - p);
    }
    // P(Z <= -40) is below the smallest double
    let (mut low, mut high) = (-40.0, 0.0);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return high;
        }
        if cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference::reference;

    #[test]
    fn quantile_and_cdf_agree_with_scipy() {
        for case in reference("normal") {
            let (p, z) = (case.number("p"), case.number("z"));
            assert!((quantile(p) - z).abs() <= 1e-13 * z.abs().max(1.0), "{p}");
            assert!((cdf(z) - p).abs() <= 1e-13 * p, "{z}");
        }
    }
}
