//! Whether the machine changed under a comparison.

use serde::{Deserialize, Serialize};

use super::error::{StatsError, check_finite};
use super::paired::check_positive;
use super::summary::median;

/// A control value further than this from the median marks its round.
pub const DRIFT_LIMIT: f64 = 0.05;

/// The control arm of one round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// (value − median) / median over all rounds.
    pub relative: f64,
    /// Whether that is beyond [`DRIFT_LIMIT`] on either side. A marked round is kept.
    pub marked: bool,
}

/// Compares each round's control value (a rate or a time of fixed work) with the median of all.
///
/// # Errors
/// [`StatsError::NotFinite`], and [`StatsError::NotPositive`] for values that are no rates.
pub fn drift(control: &[f64]) -> Result<Vec<Drift>, StatsError> {
    check_finite(control)?;
    check_positive(control)?;
    let Some(median) = median(control)? else {
        return Ok(Vec::new());
    };
    let of = |&value: &f64| {
        let relative = value / median - 1.0;
        Drift {
            relative,
            marked: relative.abs() > DRIFT_LIMIT,
        }
    };
    Ok(control.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_beyond_5_percent_of_the_median_are_marked() {
        let found = drift(&[100.0, 104.0, 96.0, 106.0, 93.0]).unwrap();
        let marked: Vec<bool> = found.iter().map(|round| round.marked).collect();
        assert_eq!(marked, [false, false, false, true, true]);
        assert!((found[4].relative + 0.07).abs() < 1e-12);
    }

    #[test]
    fn a_control_that_is_no_rate_is_refused() {
        assert_eq!(drift(&[]), Ok(Vec::new()));
        assert!(drift(&[1.0, 0.0]).is_err());
        assert!(drift(&[1.0, f64::NAN]).is_err());
    }
}
