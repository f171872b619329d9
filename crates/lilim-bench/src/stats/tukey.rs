//! Outlier labels. A label is shown beside a sample; nothing is ever deleted.

use serde::{Deserialize, Serialize};

use super::error::StatsError;
use super::summary::{quantile_of_sorted, sorted};

/// Fewer samples have no quartiles worth the name; they get no label.
const MIN_SAMPLES: usize = 4;

/// Where a sample lies beside Tukey's fences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlier {
    /// Between the inner fences.
    None,
    /// More than 1.5 interquartile ranges from the nearer quartile.
    Mild,
    /// More than 3 interquartile ranges from it.
    Far,
}

/// Labels each sample, in the order of the samples. Below four samples none is an outlier.
///
/// *Source:* Tukey, "Exploratory Data Analysis" (1977), section 2D; quartiles of type 7.
///
/// # Errors
/// [`StatsError::NotFinite`].
pub fn outliers(sample: &[f64]) -> Result<Vec<Outlier>, StatsError> {
    let Some(sorted) = sorted(sample)?.filter(|sorted| sorted.len() >= MIN_SAMPLES) else {
        return Ok(vec![Outlier::None; sample.len()]);
    };
    let lower = quantile_of_sorted(&sorted, 0.25);
    let upper = quantile_of_sorted(&sorted, 0.75);
    let range = upper - lower;
    let label = |&value: &f64| {
        let beyond = (lower - value).max(value - upper);
        if beyond > 3.0 * range {
            Outlier::Far
        } else if beyond > 1.5 * range {
            Outlier::Mild
        } else {
            Outlier::None
        }
    };
    Ok(sample.iter().map(label).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_at_1_5_and_3_interquartile_ranges() {
        let with = |value: f64| {
            let mut sample: Vec<f64> = (0..=20).map(f64::from).collect();
            sample.push(value);
            *outliers(&sample).unwrap().last().unwrap()
        };
        // quartiles 5.25 and 15.75: fences at 31.5 and 47.25
        assert_eq!(with(31.5), Outlier::None);
        assert_eq!(with(31.6), Outlier::Mild);
        assert_eq!(with(47.25), Outlier::Mild);
        assert_eq!(with(47.3), Outlier::Far);
    }

    #[test]
    fn labels_keep_the_order_of_the_samples() {
        let found = outliers(&[1.0, 100.0, 2.0, 3.0, 2.0, -90.0, 2.5]).unwrap();
        let far: Vec<usize> = (0..7).filter(|&i| found[i] == Outlier::Far).collect();
        assert_eq!(far, [1, 5]);
    }

    #[test]
    fn three_samples_have_no_outlier() {
        assert_eq!(outliers(&[1.0, 1.0, 1e9]), Ok(vec![Outlier::None; 3]));
        assert_eq!(outliers(&[]), Ok(Vec::new()));
        assert!(outliers(&[f64::NAN]).is_err());
    }
}
