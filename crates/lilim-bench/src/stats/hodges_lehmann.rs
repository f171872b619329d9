//! The Hodges-Lehmann estimate of a location with the interval that inverts Wilcoxon's signed-rank
//! test.

use super::confidence::{Confidence, Estimate, Interval, Method};
use super::error::{StatsError, check_finite};
use super::signed_rank::SignedRank;

/// The most samples taken: their pairs are listed and sorted.
pub const MAX_SAMPLES: usize = 2_000;

/// Estimates the centre of a symmetric distribution by the median of all pairwise means (Walsh
/// averages), and bounds it by inverting the signed-rank test. It is nearly as sharp as a mean on
/// normal noise (95.5% of its efficiency) and hardly moved by outliers.
///
/// Where there are too few samples for the level the bounds are `None`: 95% takes 6 of them.
/// Up to 200 samples the level is exact, above by the normal approximation with continuity
/// correction. Ties make the interval wider than needed, never narrower.
///
/// `None` for no samples.
///
/// *Source:* Hodges and Lehmann, "Estimates of location based on rank tests", Annals of
/// Mathematical Statistics 34 (1963); Hollander and Wolfe, "Nonparametric Statistical Methods",
/// sections 3.2 and 3.3; the same bounds as R's `wilcox.test(conf.int = TRUE)`.
///
/// *Cost:* n² / 2 means, sorted; 465 for 30 samples.
///
/// # Errors
/// [`StatsError::NotFinite`], [`StatsError::TooMany`] above [`MAX_SAMPLES`], and
/// [`StatsError::Parameter`] for a level that is none.
pub fn hodges_lehmann(
    sample: &[f64],
    confidence: Confidence,
) -> Result<Option<Estimate>, StatsError> {
    confidence.check()?;
    check_sample(sample)?;
    if sample.is_empty() {
        return Ok(None);
    }
    let mut averages = walsh_averages(sample);
    averages.sort_unstable_by(f64::total_cmp);
    let distribution = SignedRank::new(sample.len());
    Ok(Some(estimate_from(&averages, &distribution, confidence)))
}

/// What this estimator and its bootstrap refuse alike.
pub(crate) fn check_sample(sample: &[f64]) -> Result<(), StatsError> {
    check_finite(sample)?;
    if sample.len() > MAX_SAMPLES {
        return Err(StatsError::TooMany {
            n: sample.len(),
            max: MAX_SAMPLES,
        });
    }
    Ok(())
}

/// The estimate from ascending Walsh averages.
fn estimate_from(averages: &[f64], distribution: &SignedRank, confidence: Confidence) -> Estimate {
    let interval = match distribution.bound_rank(confidence.tail()) {
        None => Interval::unbounded(confidence, Some(1.0)),
        Some(rank) => {
            let (lower, upper) = (averages[rank - 1], averages[averages.len() - rank]);
            let tail = distribution.lower_tail(rank - 1);
            Interval {
                lower: confidence.has_lower().then_some(lower),
                upper: confidence.has_upper().then_some(upper),
                asked: confidence,
                achieved: Some(confidence.achieved(tail)),
            }
        }
    };
    Estimate {
        n: distribution.n(),
        estimate: middle(averages),
        interval,
        method: if distribution.is_exact() {
            Method::WilcoxonExact
        } else {
            Method::WilcoxonNormal
        },
    }
}

/// The means of all pairs, each sample with itself too: `[n (n + 1) / 2]`, in no order.
pub(crate) fn walsh_averages(sample: &[f64]) -> Vec<f64> {
    let n = sample.len();
    let mut averages = Vec::with_capacity(n * (n + 1) / 2);
    for (index, &left) in sample.iter().enumerate() {
        averages.extend(sample[index..].iter().map(|&right| average(left, right)));
    }
    averages
}

/// The mean of two, halved first: the sum of two finite numbers may overflow.
pub(crate) fn average(left: f64, right: f64) -> f64 {
    0.5 * left + 0.5 * right
}

/// The median of ascending values.
fn middle(ascending: &[f64]) -> f64 {
    let n = ascending.len();
    average(ascending[(n - 1) / 2], ascending[n / 2])
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::stats::reference::reference;

    fn close(found: Option<f64>, expected: Option<f64>, what: &str) {
        match (found, expected) {
            (Some(found), Some(expected)) => {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{what}: {found} {expected}"
                );
            }
            _ => assert_eq!(found, expected, "{what}"),
        }
    }

    #[test]
    fn estimates_and_bounds_agree_with_published_and_python_values() {
        for case in reference("hodges_lehmann") {
            let level = case.number("level");
            for (confidence, name) in [
                (Confidence::TwoSided(level), "two_sided"),
                (Confidence::LowerBound(level), "lower_bound"),
                (Confidence::UpperBound(level), "upper_bound"),
            ] {
                let found = hodges_lehmann(&case.numbers("sample"), confidence)
                    .unwrap()
                    .unwrap();
                close(Some(found.estimate), case.maybe("estimate"), name);
                let bounds = case.object(name);
                close(found.interval.lower, bounds.maybe("lower"), name);
                close(found.interval.upper, bounds.maybe("upper"), name);
                close(found.interval.achieved, bounds.maybe("achieved"), name);
            }
        }
    }

    #[test]
    fn five_samples_have_no_interval_at_95_percent() {
        let found = hodges_lehmann(&[1.0, 2.0, 3.0, 4.0, 5.0], Confidence::TwoSided(0.95));
        let found = found.unwrap().unwrap();
        assert_eq!(found.estimate, 3.0);
        assert_eq!((found.interval.lower, found.interval.upper), (None, None));
        assert_eq!(found.interval.achieved, Some(1.0));
    }

    #[test]
    fn equal_samples_give_a_point() {
        let found = hodges_lehmann(&[2.5; 10], Confidence::TwoSided(0.95))
            .unwrap()
            .unwrap();
        assert_eq!(found.interval.lower, Some(2.5));
        assert_eq!(found.interval.upper, Some(2.5));
    }

    #[test]
    fn bad_input_is_refused_and_nothing_is_none() {
        let level = Confidence::TwoSided(0.95);
        assert_eq!(hodges_lehmann(&[], level), Ok(None));
        assert!(hodges_lehmann(&[1.0, f64::NAN], level).is_err());
        assert!(hodges_lehmann(&vec![1.0; MAX_SAMPLES + 1], level).is_err());
        assert!(hodges_lehmann(&[1.0], Confidence::TwoSided(1.0)).is_err());
    }

    proptest! {
        #[test]
        fn an_estimate_lies_inside_its_interval_and_turns_with_its_sample(
            sample in vec(-1e3..1e3_f64, 6..40),
            level in 0.5..0.97_f64,
        ) {
            let of = |sample: &[f64]| {
                let found = hodges_lehmann(sample, Confidence::TwoSided(level)).unwrap().unwrap();
                (found.interval.lower.unwrap(), found.estimate, found.interval.upper.unwrap())
            };
            let (lower, estimate, upper) = of(&sample);
            prop_assert!(lower <= estimate && estimate <= upper);
            let turned: Vec<f64> = sample.iter().rev().map(|x| -x).collect();
            prop_assert_eq!(of(&turned), (-upper, -estimate, -lower));
        }
    }
}
