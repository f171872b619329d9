//! How sure an interval is, and the interval.

use serde::{Deserialize, Serialize};

use super::error::{StatsError, check_parameter};

/// Which bounds are asked for, and the probability with which the truth is to lie inside them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A lower and an upper bound; half of the error on either side.
    TwoSided(f64),
    /// A lower bound only: the whole error lies below it.
    LowerBound(f64),
    /// An upper bound only: the whole error lies above it.
    UpperBound(f64),
}

impl Confidence {
    /// The asked level as a share, such as 0.95.
    pub fn level(self) -> f64 {
        match self {
            Self::TwoSided(level) | Self::LowerBound(level) | Self::UpperBound(level) => level,
        }
    }

    /// The error that each asked side may have: 0.025 for `TwoSided(0.95)`, 0.05 for
    /// `LowerBound(0.95)`.
    pub fn tail(self) -> f64 {
        match self {
            Self::TwoSided(level) => 0.5 * (1.0 - level),
            Self::LowerBound(level) | Self::UpperBound(level) => 1.0 - level,
        }
    }

    /// The level when each asked side has the error `tail`.
    pub(crate) fn achieved(self, tail: f64) -> f64 {
        match self {
            Self::TwoSided(_) => 1.0 - 2.0 * tail,
            Self::LowerBound(_) | Self::UpperBound(_) => 1.0 - tail,
        }
    }

    pub(crate) fn has_lower(self) -> bool {
        !matches!(self, Self::UpperBound(_))
    }

    pub(crate) fn has_upper(self) -> bool {
        !matches!(self, Self::LowerBound(_))
    }

    /// Refuses a level outside (0, 1), and a one-sided one below a half: its bound would lie on
    /// the wrong side of the estimate.
    pub(crate) fn check(self) -> Result<(), StatsError> {
        let (level, tail) = (self.level(), self.tail());
        let holds = level > 0.0 && level < 1.0 && tail > 0.0 && tail < 0.5;
        let expected = "a level between 0 and 1, above 0.5 for one side";
        check_parameter("confidence", level, expected, holds)
    }
}

/// A confidence interval, closed at both ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower bound; `None` is minus infinity: not asked for, or too few samples to have one.
    pub lower: Option<f64>,
    /// The upper bound; `None` is infinity.
    pub upper: Option<f64>,
    /// What was asked for.
    pub asked: Confidence,
    /// The level that the interval really has, where that is known: at least what was asked for,
    /// 1 for an interval without bounds. `None` for a bootstrap, whose level is a hope.
    pub achieved: Option<f64>,
}

impl Interval {
    /// The interval that says nothing.
    pub(crate) fn unbounded(asked: Confidence, achieved: Option<f64>) -> Self {
        Self {
            lower: None,
            upper: None,
            asked,
            achieved,
        }
    }

    /// Half of the distance between the bounds; `None` where one is missing.
    pub fn half_width(&self) -> Option<f64> {
        Some(0.5 * (self.upper? - self.lower?))
    }

    /// The same interval of the ratio, from one of its logarithm.
    #[must_use]
    pub fn exp(&self) -> Self {
        Self {
            lower: self.lower.map(libm::exp),
            upper: self.upper.map(libm::exp),
            ..*self
        }
    }
}

/// How an interval came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The exact Wilcoxon signed-rank test inverted.
    WilcoxonExact,
    /// The same by the normal approximation with continuity correction.
    WilcoxonNormal,
    /// Percentiles of a bootstrap.
    BootstrapPercentile,
}

/// An estimate of location with its interval, in the unit of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number of samples.
    pub n: usize,
    /// The Hodges-Lehmann estimate of the location.
    pub estimate: f64,
    /// The interval around it.
    pub interval: Interval,
    /// How the interval came about.
    pub method: Method,
}

impl Estimate {
    /// The same estimate of the ratio, from one of its logarithm.
    #[must_use]
    pub fn exp(&self) -> Self {
        Self {
            estimate: libm::exp(self.estimate),
            interval: self.interval.exp(),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sided_confidence_puts_the_whole_error_on_one_side() {
        assert!((Confidence::TwoSided(0.95).tail() - 0.025).abs() < 1e-15);
        assert!((Confidence::LowerBound(0.95).tail() - 0.05).abs() < 1e-15);
        assert!((Confidence::UpperBound(0.95).achieved(0.04) - 0.96).abs() < 1e-15);
        assert!((Confidence::TwoSided(0.95).achieved(0.02) - 0.96).abs() < 1e-15);
    }

    #[test]
    fn levels_outside_their_range_are_refused() {
        for level in [0.0, 1.0, -0.1, 1.5, f64::NAN] {
            assert!(Confidence::TwoSided(level).check().is_err(), "{level}");
        }
        assert!(Confidence::LowerBound(0.4).check().is_err());
        assert!(Confidence::TwoSided(0.4).check().is_ok());
    }
}
