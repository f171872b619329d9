//! Percentiles and the summary of one sample.

use serde::{Deserialize, Serialize};

use super::error::{StatsError, check_finite, check_parameter};

/// The fewest samples that bound the 90th percentile: with 95% confidence at least two of them lie
/// above it, so that the figure is not the accident of one maximum. Likewise below.
pub const MIN_SAMPLES_P90: usize = 46;
/// The fewest samples that bound the 95th percentile.
pub const MIN_SAMPLES_P95: usize = 93;
/// The fewest samples that bound the 99th percentile.
pub const MIN_SAMPLES_P99: usize = 473;

/// The percentile at `percent` (0 to 100) by linear interpolation between order statistics.
///
/// `None` for no samples.
///
/// *Source:* type 7 of Hyndman and Fan, "Sample quantiles in statistical packages", The American
/// Statistician 50 (1996); the default of R and NumPy.
///
/// # Errors
/// [`StatsError::NotFinite`] and, outside 0 to 100, [`StatsError::Parameter`].
pub fn percentile(sample: &[f64], percent: f64) -> Result<Option<f64>, StatsError> {
    let holds = (0.0..=100.0).contains(&percent);
    check_parameter("percent", percent, "0 to 100", holds)?;
    Ok(sorted(sample)?.map(|sorted| quantile_of_sorted(&sorted, percent / 100.0)))
}

/// The median: the mean of the two middle values where their number is even.
///
/// `None` for no samples.
///
/// # Errors
/// [`StatsError::NotFinite`].
pub fn median(sample: &[f64]) -> Result<Option<f64>, StatsError> {
    percentile(sample, 50.0)
}

/// What a reader wants to know of a sample, in its unit. `None` where there are too few samples to
/// say it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The number of samples.
    pub n: usize,
    /// The arithmetic mean.
    pub mean: f64,
    /// The median.
    pub median: f64,
    /// The sample standard deviation (divisor n − 1); `None` below 2 samples.
    pub std_dev: Option<f64>,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The 90th percentile; `None` below [`MIN_SAMPLES_P90`].
    pub p90: Option<f64>,
    /// The 95th percentile; `None` below [`MIN_SAMPLES_P95`].
    pub p95: Option<f64>,
    /// The 99th percentile; `None` below [`MIN_SAMPLES_P99`].
    pub p99: Option<f64>,
}

impl Summary {
    /// Summarizes a sample; `None` for no samples.
    ///
    /// # Errors
    /// [`StatsError::NotFinite`].
    pub fn of(sample: &[f64]) -> Result<Option<Self>, StatsError> {
        let Some(sorted) = sorted(sample)? else {
            return Ok(None);
        };
        let n = sorted.len();
        // in ascending order, so that the order of the samples does not change the figures
        let mean = mean(&sorted);
        let at = |percent: f64, fewest: usize| {
            (n >= fewest).then(|| quantile_of_sorted(&sorted, percent / 100.0))
        };
        Ok(Some(Self {
            n,
            mean,
            median: quantile_of_sorted(&sorted, 0.5),
            std_dev: std_dev(&sorted),
            min: sorted[0],
            max: sorted[n - 1],
            p90: at(90.0, MIN_SAMPLES_P90),
            p95: at(95.0, MIN_SAMPLES_P95),
            p99: at(99.0, MIN_SAMPLES_P99),
        }))
    }
}

/// The samples in ascending order; `None` for none.
pub(crate) fn sorted(sample: &[f64]) -> Result<Option<Vec<f64>>, StatsError> {
    check_finite(sample)?;
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok((!sorted.is_empty()).then_some(sorted))
}

/// The quantile at `share` (0 to 1) of ascending values, type 7.
pub(crate) fn quantile_of_sorted(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let (low, high) = (sorted[below], sorted[above]);
    let weight = position - below as f64;
    // two products, not low + weight * (high - low): the difference of two finite numbers may
    // overflow; clamped, because rounding may leave the two by a hair
    (low * (1.0 - weight) + high * weight).clamp(low, high)
}

/// The mean of at least one value, by adding in their order.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample standard deviation in two passes; `None` below two values.
pub(crate) fn std_dev(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    Some(libm::sqrt(squares / (values.len() - 1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::{Purpose, Random};
    use crate::stats::reference::reference;

    #[test]
    fn percentiles_agree_with_numpy() {
        for case in reference("percentile") {
            let sample = case.numbers("sample");
            let percents = case.numbers("percents").into_iter();
            for (percent, expected) in percents.zip(case.numbers("values")) {
                let found = percentile(&sample, percent).unwrap().unwrap();
                assert!(
                    (found - expected).abs() <= 1e-14 * expected.abs(),
                    "{percent}"
                );
            }
            let summary = Summary::of(&sample).unwrap().unwrap();
            let close = |found: f64, name: &str| {
                let expected = case.number(name);
                assert!(
                    (found - expected).abs() <= 1e-14 * expected.abs(),
                    "{name} {found}"
                );
            };
            close(summary.mean, "mean");
            close(summary.median, "median");
            if let Some(std_dev) = summary.std_dev {
                close(std_dev, "std_dev");
            }
        }
    }

    #[test]
    fn a_percentile_is_null_below_the_number_that_bounds_it() {
        for (fewest, share) in [
            (MIN_SAMPLES_P90, 0.90_f64),
            (MIN_SAMPLES_P95, 0.95),
            (MIN_SAMPLES_P99, 0.99),
        ] {
            // fewer than two of n samples above the percentile
            let miss = |n: usize| {
                share.powi(n as i32) + n as f64 * (1.0 - share) * share.powi(n as i32 - 1)
            };
            assert!(miss(fewest) <= 0.05 && miss(fewest - 1) > 0.05, "{fewest}");
            let of = |n: usize| {
                let sample: Vec<f64> = (0..n).map(|x| x as f64).collect();
                let summary = Summary::of(&sample).unwrap().unwrap();
                [summary.p90, summary.p95, summary.p99]
                    .iter()
                    .flatten()
                    .count()
            };
            assert_eq!(of(fewest), of(fewest - 1) + 1, "{fewest}");
        }
    }

    #[test]
    fn nothing_gives_none_and_nan_an_error() {
        assert_eq!(median(&[]), Ok(None));
        assert_eq!(Summary::of(&[]), Ok(None));
        assert_eq!(Summary::of(&[3.0]).unwrap().unwrap().std_dev, None);
        assert!(matches!(
            percentile(&[1.0, f64::NAN], 50.0),
            Err(StatsError::NotFinite { index: 1, .. })
        ));
        assert!(Summary::of(&[f64::INFINITY]).is_err());
        assert!(percentile(&[1.0], 101.0).is_err());
        assert!(percentile(&[1.0], f64::NAN).is_err());
    }

    #[test]
    fn huge_values_do_not_overflow_a_median() {
        assert_eq!(
            median(&[-1e308, 1e308, 1.5e308, 1.7e308]),
            Ok(Some(1.25e308))
        );
    }

    #[test]
    fn a_summary_survives_json_bit_for_bit() {
        let mut random = Random::new(1, Purpose::Simulate);
        for n in 1..100 {
            let mut sample = vec![0.0; n];
            random.fill_normal(&mut sample);
            let summary = Summary::of(&sample).unwrap().unwrap();
            let text = serde_json::to_string(&summary).unwrap();
            assert_eq!(
                serde_json::from_str::<Summary>(&text).unwrap(),
                summary,
                "{text}"
            );
        }
    }
}
