//! Whether the machine changed under a comparison.

use serde::{Deserialize, Serialize};

use super::error::{StatsError, check_finite};
use super::paired::check_positive;
use super::summary::{mean, median};

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

/// How far neighbouring rounds resemble each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SerialCorrelation {
    /// The autocorrelation at lag 1, -1 to 1; about 0 for independent rounds. A slow machine state
    /// that outlasts a round makes it positive, an effect of the order within ABBA negative.
    pub lag_1: f64,
    /// Whether it is above 1.96 / √n, which one in forty series of independent rounds is.
    pub marked: bool,
}

/// Checks what every interval here takes for granted: that the rounds are independent. At a lag-1
/// autocorrelation of 0.3 a gate of 2% gave 6% false alarms in simulation.
///
/// `None` below three values or where all are equal.
///
/// *Source:* Box and Jenkins, "Time Series Analysis" (1976), section 2.1.
///
/// # Errors
/// [`StatsError::NotFinite`].
pub fn serial_correlation(series: &[f64]) -> Result<Option<SerialCorrelation>, StatsError> {
    check_finite(series)?;
    if series.len() < 3 {
        return Ok(None);
    }
    let centre = mean(series);
    let squares: f64 = series.iter().map(|x| (x - centre) * (x - centre)).sum();
    let neighbours = series
        .windows(2)
        .map(|pair| (pair[0] - centre) * (pair[1] - centre));
    let lag_1 = neighbours.sum::<f64>() / squares;
    Ok((squares > 0.0).then(|| SerialCorrelation {
        lag_1,
        marked: lag_1 > 1.96 / libm::sqrt(series.len() as f64),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::{Purpose, Random};

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

    #[test]
    fn rounds_that_hang_together_are_marked() {
        let of = |series: &[f64]| serial_correlation(series).unwrap().unwrap();
        // around 3: products 2, 0, 0, 2 over squares 4, 1, 0, 1, 4
        let rising = of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(rising.lag_1, 0.4);
        let steps: Vec<f64> = (0..20).map(|x| f64::from(x / 10)).collect();
        assert!(of(&steps).marked);
        let turns: Vec<f64> = (0..20).map(|x| f64::from(x % 2)).collect();
        assert!(of(&turns).lag_1 < -0.9 && !of(&turns).marked);
        assert_eq!(serial_correlation(&[1.0; 5]), Ok(None));
        assert_eq!(serial_correlation(&[1.0, 2.0]), Ok(None));
    }

    #[test]
    fn independent_rounds_are_rarely_marked() {
        let mut random = Random::new(1, Purpose::Simulate);
        let mut series = vec![0.0; 30];
        let mut is_marked = || {
            random.fill_normal(&mut series);
            usize::from(serial_correlation(&series).unwrap().unwrap().marked)
        };
        let count: usize = (0..2_000).map(|_| is_marked()).sum();
        assert!(count <= 50, "{count} of 2,000");
    }
}
