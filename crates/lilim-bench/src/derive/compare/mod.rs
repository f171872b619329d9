//! Findings of a comparison: whether both sides did the same work, and by how much one was faster.

mod arms;
mod consistency;
mod equality;
mod ratio;
mod server;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::arms::{Arms, of_arm};
pub(crate) use self::consistency::answer_pairs;
pub use self::consistency::{Consistency, Divergence, Replay};
pub use self::equality::Equality;
pub(super) use self::ratio::as_ratio;
pub(super) use self::ratio::shows;
pub use self::ratio::{MetricRatio, MissingRatio, RatioInterval, RatioTargetFinding};
use super::energy;
use crate::plan::{Arm, Plan};
use crate::record::{Outcome, Sample};
use crate::stats::drift;

/// What follows from the rounds of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonFindings {
    /// The tested side's name.
    pub tested: String,
    /// The baseline's name.
    pub baseline: String,
    /// What the two sides differ in: what is compared.
    pub differ_in: Vec<String>,
    /// The proof that both did the same work.
    pub equality: Equality,
    /// Whether the answers are the same.
    pub consistency: Consistency,
    /// Rounds that every arm finished.
    pub n_rounds: usize,
    /// Rounds whose control work took more than 5% longer or shorter than usual; kept.
    pub drifted_rounds: Vec<u32>,
    /// One for each metric that both sides gave in every round; none where the work was not equal.
    pub metrics: Vec<MetricRatio>,
    /// Metrics without a ratio, and why.
    pub missing: Vec<MissingRatio>,
    /// The plan's named limits on ratios.
    pub targets: Vec<RatioTargetFinding>,
}

impl ComparisonFindings {
    /// Whether every gate that has a ratio has a verdict that more rounds would not change. A gate
    /// without one stays INCONCLUSIVE however many rounds there are.
    pub fn is_decided(&self) -> bool {
        let mut decisions = self.metrics.iter().filter_map(|one| one.decision.as_ref());
        let n_gates = decisions.clone().count();
        n_gates > 0 && decisions.all(|decision| decision.verdict.is_decided())
    }
}

/// What the rounds of a plan's comparison show; `None` for a plan without one.
pub(crate) fn comparison(plan: &Plan, samples: &[Sample]) -> Option<ComparisonFindings> {
    let comparison = plan.comparison.as_ref()?;
    let side = |index: usize| plan.sides.get(index);
    let (tested, baseline) = (side(comparison.tested)?, side(comparison.baseline)?);
    let arms = Arms {
        idle_w: energy::idle_power(plan, samples),
        ..Arms::of(samples)
    };
    let equality = equality::equality(&arms, comparison, (tested, baseline));
    let rounds = arms.whole_rounds();
    let (metrics, missing) = match equality.refusals.is_empty() {
        true => ratio::ratios(&arms, &rounds, comparison),
        false => (Vec::new(), Vec::new()),
    };
    Some(ComparisonFindings {
        tested: tested.name.clone(),
        baseline: baseline.name.clone(),
        differ_in: equality::differ_in(tested, baseline),
        equality,
        consistency: consistency::consistency(&arms, samples),
        n_rounds: rounds.len(),
        drifted_rounds: drifted_rounds(&of_arm(samples, Arm::Control)),
        targets: ratio::targets(&metrics, comparison),
        metrics,
        missing,
    })
}

/// Rounds that every arm finished without a failure.
pub(crate) fn n_whole_rounds(samples: &[Sample]) -> usize {
    Arms::of(samples).whole_rounds().len()
}

/// Rounds in which any control work strayed.
fn drifted_rounds(control: &[&Sample]) -> Vec<u32> {
    let mut series: BTreeMap<&str, Vec<(u32, f64)>> = BTreeMap::new();
    for sample in control {
        if let (Outcome::Readings(all), Some(round)) = (&sample.outcome, sample.round) {
            for reading in all {
                if let Some(value) = reading.value {
                    series
                        .entry(&reading.name)
                        .or_default()
                        .push((round, value));
                }
            }
        }
    }
    let mut drifted = BTreeSet::new();
    for of_one in series.values() {
        let times: Vec<f64> = of_one.iter().map(|(_, value)| *value).collect();
        let marks = drift(&times).unwrap_or_default();
        let strayed = of_one.iter().zip(marks).filter(|(_, mark)| mark.marked);
        drifted.extend(strayed.map(|((round, _), _)| *round));
    }
    drifted.into_iter().collect()
}
