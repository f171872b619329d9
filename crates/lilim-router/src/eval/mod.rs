//! How good a classifier or a router is, from what it said and what was right.

mod calibration;
mod labels;
mod regret;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Classification, majority};

pub use calibration::{AbstainPoint, Calibration, CalibrationBin};
pub use labels::{ClassScore, Confusion};
pub use regret::{AlwaysModel, Better, ChoiceOutcome, RegretReport, regret};

/// A classification and what was right.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The category that the prompt has.
    pub expected: &'a str,
    /// What the classifier said.
    pub classification: &'a Classification,
}

impl Judged<'_> {
    /// Whether the likeliest category is the right one, abstained from or not.
    fn is_right(&self) -> bool {
        self.classification.likeliest() == Some(self.expected)
    }
}

/// Bounds that hold the true share in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShareInterval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// The baseline that always says the commonest label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MajorityBaseline {
    /// The label.
    pub label: String,
    /// Its share.
    pub accuracy: f64,
}

/// A classifier's figures on labelled prompts. All but the abstain curve and `n_abstained` take the
/// likeliest category for what it said, abstained from or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evaluation {
    /// The prompts.
    pub n: usize,
    /// Those with the right category.
    pub n_right: usize,
    /// Those it abstained from by its own threshold.
    pub n_abstained: usize,
    /// Of those it did not abstain from, the right ones.
    pub n_decided_right: usize,
    /// The share of right ones.
    pub accuracy: f64,
    /// The Wilson interval of the accuracy.
    pub accuracy_interval: ShareInterval,
    /// What a classifier that reads nothing reaches.
    pub majority: MajorityBaseline,
    /// The mean F1 of the categories that are expected at least once.
    pub macro_f1: f64,
    /// Categories that are never expected, which the mean therefore leaves out.
    pub left_out: Vec<String>,
    /// Each category by itself.
    pub classes: Vec<ClassScore>,
    /// What was expected against what was said.
    pub confusion: Confusion,
    /// Whether the confidences are as often right as they say.
    pub calibration: Calibration,
    /// The mean over the prompts of the summed squared errors of all probabilities, from 0 to 2; `None`
    /// when a classification has no probabilities.
    pub brier: Option<f64>,
    /// What a threshold would leave unanswered, and how good the rest would be.
    pub abstain_curve: Vec<AbstainPoint>,
}

/// Evaluates; `None` without prompts.
pub fn evaluate(judged: &[Judged<'_>]) -> Option<Evaluation> {
    let (label, share) = majority(judged.iter().map(|one| one.expected))?;
    let n = judged.len();
    let n_right = judged.iter().filter(|one| one.is_right()).count();
    let abstained = |one: &&Judged<'_>| one.classification.category.is_none();
    let decided = judged.iter().filter(|one| !abstained(one));
    let n_decided_right = decided.filter(|one| one.is_right()).count();
    let confusion = Confusion::of(judged);
    let classes = confusion.classes();
    let (expected, absent): (Vec<_>, Vec<_>) =
        classes.iter().partition(|class| class.n_expected > 0);
    let macro_f1 = expected.iter().map(|class| class.f1).sum::<f64>() / expected.len() as f64;
    Some(Evaluation {
        n,
        n_right,
        n_abstained: judged.iter().filter(abstained).count(),
        n_decided_right,
        accuracy: n_right as f64 / n as f64,
        accuracy_interval: wilson_interval(n_right, n),
        majority: MajorityBaseline {
            label: label.to_owned(),
            accuracy: share,
        },
        macro_f1,
        left_out: absent.iter().map(|class| class.label.clone()).collect(),
        classes: classes.clone(),
        confusion,
        calibration: Calibration::of(judged),
        brier: calibration::brier(judged),
        abstain_curve: calibration::abstain_curve(judged),
    })
}

/// The 95% interval of a share by Wilson's score method, which holds for few cases and for shares near 0
/// and 1 too. Without cases it is everything.
pub fn wilson_interval(n_right: usize, n: usize) -> ShareInterval {
    /// The 97.5% point of the normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    if n == 0 {
        return ShareInterval {
            low: 0.0,
            high: 1.0,
        };
    }
    let (count, share) = (n as f64, n_right as f64 / n as f64);
    let scale = 1.0 + Z * Z / count;
    let centre = (share + Z * Z / (2.0 * count)) / scale;
    let spread = share * (1.0 - share) / count + Z * Z / (4.0 * count * count);
    let half = Z * spread.sqrt() / scale;
    // At the ends the bound is exactly there; rounding would leave it beside.
    ShareInterval {
        low: if n_right == 0 { 0.0 } else { centre - half },
        high: if n_right == n { 1.0 } else { centre + half },
    }
}
