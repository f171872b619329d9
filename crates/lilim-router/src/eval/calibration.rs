//! Whether confidences mean what they say, and what a threshold on them would do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Judged, ShareInterval, wilson_interval};

/// The bins of the calibration error.
const N_BINS: usize = 10;
/// The thresholds of the abstain curve: 0, 0.05, … 1.
const N_THRESHOLDS: usize = 20;

/// The calibration error and the bins behind it, which are a reliability plot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Calibration {
    /// Expected calibration error: the mean over the prompts of the distance, in their bin, of the mean
    /// confidence from the share of right ones.
    pub ece: f64,
    /// Ten bins of equal width over the confidence.
    pub bins: Vec<CalibrationBin>,
}

/// The prompts of one range of confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CalibrationBin {
    /// Confidences above this are in it (the first has 0 as well).
    pub low: f64,
    /// The highest confidence in it.
    pub high: f64,
    /// How many prompts it has.
    pub n: usize,
    /// Their mean confidence.
    pub mean_confidence: Option<f64>,
    /// The share of right ones.
    pub accuracy: Option<f64>,
}

/// What one threshold would do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AbstainPoint {
    /// Prompts with a lower confidence are not answered.
    pub threshold: f64,
    /// How many are.
    pub n_answered: usize,
    /// The share that is.
    pub coverage: f64,
    /// The share of right ones among them; `None` when none is answered.
    pub accuracy: Option<f64>,
    /// Its interval.
    pub accuracy_interval: Option<ShareInterval>,
}

impl Calibration {
    pub(super) fn of(judged: &[Judged<'_>]) -> Self {
        let mut sums = [(0_usize, 0.0_f64, 0_usize); N_BINS];
        for one in judged {
            let confidence = one.classification.confidence;
            // Upper bounds belong to their bin; what is out of 0 to 1 goes to the nearest.
            let bin = (confidence * N_BINS as f64).ceil() as usize;
            let (n, sum, n_right) = &mut sums[bin.clamp(1, N_BINS) - 1];
            *n += 1;
            *sum += confidence;
            *n_right += usize::from(one.is_right());
        }
        let bin = |(index, &(n, sum, n_right)): (usize, &(usize, f64, usize))| CalibrationBin {
            low: index as f64 / N_BINS as f64,
            high: (index + 1) as f64 / N_BINS as f64,
            n,
            mean_confidence: (n > 0).then(|| sum / n as f64),
            accuracy: (n > 0).then(|| n_right as f64 / n as f64),
        };
        let gaps = sums
            .iter()
            .map(|&(_, sum, n_right)| (sum - n_right as f64).abs());
        Self {
            ece: gaps.sum::<f64>() / judged.len().max(1) as f64,
            bins: sums.iter().enumerate().map(bin).collect(),
        }
    }
}

/// The Brier score over all categories.
pub(super) fn brier(judged: &[Judged<'_>]) -> Option<f64> {
    let mut sum = 0.0;
    for one in judged {
        let scores = &one.classification.scores;
        if scores.is_empty() {
            return None;
        }
        let mut is_known = false;
        for score in scores {
            let is_expected = score.category == one.expected;
            is_known |= is_expected;
            sum += (score.probability - f64::from(u8::from(is_expected))).powi(2);
        }
        // A category that the classifier does not know has probability 0 where 1 was right.
        sum += f64::from(u8::from(!is_known));
    }
    (!judged.is_empty()).then(|| sum / judged.len() as f64)
}

pub(super) fn abstain_curve(judged: &[Judged<'_>]) -> Vec<AbstainPoint> {
    let point = |step: usize| {
        let threshold = step as f64 / N_THRESHOLDS as f64;
        // What was not understood at all is not answered at any threshold.
        let answered = |one: &&Judged<'_>| {
            let found = one.classification;
            found.confidence >= threshold && found.likeliest().is_some()
        };
        let n_answered = judged.iter().filter(answered).count();
        let right = judged.iter().filter(answered).filter(|one| one.is_right());
        let n_right = right.count();
        AbstainPoint {
            threshold,
            n_answered,
            coverage: n_answered as f64 / judged.len() as f64,
            accuracy: (n_answered > 0).then(|| n_right as f64 / n_answered as f64),
            accuracy_interval: (n_answered > 0).then(|| wilson_interval(n_right, n_answered)),
        }
    };
    (0..=N_THRESHOLDS).map(point).collect()
}
