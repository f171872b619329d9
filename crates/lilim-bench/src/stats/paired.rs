//! From the medians of two sides to the differences that everything else works on.

use super::error::{StatsError, check_finite};

/// d = ln(tested / baseline) for each round.
///
/// # Errors
/// [`StatsError::Unpaired`], [`StatsError::NotFinite`], and [`StatsError::NotPositive`] with the
/// index of the round.
pub fn log_ratios(tested: &[f64], baseline: &[f64]) -> Result<Vec<f64>, StatsError> {
    if tested.len() != baseline.len() {
        return Err(StatsError::Unpaired {
            left: tested.len(),
            right: baseline.len(),
        });
    }
    for side in [tested, baseline] {
        check_finite(side)?;
        check_positive(side)?;
    }
    let pairs = tested.iter().zip(baseline);
    // two logarithms: the ratio of two ordinary numbers may overflow
    Ok(pairs
        .map(|(tested, baseline)| libm::log(*tested) - libm::log(*baseline))
        .collect())
}

/// Refuses values that no ratio can be made of.
pub(crate) fn check_positive(sample: &[f64]) -> Result<(), StatsError> {
    match sample.iter().position(|&value| value <= 0.0) {
        Some(index) => Err(StatsError::NotPositive {
            index,
            value: sample[index],
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_one_difference() {
        let found = log_ratios(&[9.0, 20.0], &[10.0, 20.0]).unwrap();
        assert!(
            (found[0] - 0.9_f64.ln()).abs() < 1e-15 && found[1] == 0.0,
            "{found:?}"
        );
        assert!(log_ratios(&[1e300], &[1e-300]).unwrap()[0].is_finite());
    }

    #[test]
    fn rounds_without_a_ratio_are_refused() {
        let found = log_ratios(&[1.0], &[]);
        assert_eq!(found, Err(StatsError::Unpaired { left: 1, right: 0 }));
        let found = log_ratios(&[1.0, 0.0], &[1.0, 1.0]);
        assert_eq!(
            found,
            Err(StatsError::NotPositive {
                index: 1,
                value: 0.0
            })
        );
        assert!(log_ratios(&[f64::NAN], &[1.0]).is_err());
    }
}
