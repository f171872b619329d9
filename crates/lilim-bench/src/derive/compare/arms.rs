//! The samples of a comparison by arm, and the rounds that count.

use std::collections::BTreeSet;

use super::super::failure;
use crate::plan::Arm;
use crate::record::Sample;

/// The samples of each arm.
pub(super) struct Arms<'a> {
    pub(super) tested: Vec<&'a Sample>,
    pub(super) baseline: Vec<&'a Sample>,
    pub(super) again: Vec<&'a Sample>,
    pub(super) in_process: Vec<&'a Sample>,
    /// Watts of the idle machine, where they were counted.
    pub(super) idle_w: Option<f64>,
}

pub(super) fn of_arm(samples: &[Sample], arm: Arm) -> Vec<&Sample> {
    let id = arm.case_id();
    samples.iter().filter(|sample| sample.case == id).collect()
}

impl<'a> Arms<'a> {
    pub(super) fn of(samples: &'a [Sample]) -> Self {
        Self {
            tested: of_arm(samples, Arm::Tested),
            baseline: of_arm(samples, Arm::Baseline),
            again: of_arm(samples, Arm::BaselineAgain),
            in_process: of_arm(samples, Arm::InProcess),
            idle_w: None,
        }
    }

    /// Rounds in which no sample of any arm failed; the arm in process describes and decides nothing.
    pub(super) fn whole_rounds(&self) -> Vec<u32> {
        let of = |samples: &[&Sample]| -> BTreeSet<u32> {
            samples.iter().filter_map(|sample| sample.round).collect()
        };
        let all = [&self.tested, &self.baseline, &self.again];
        let failed: BTreeSet<u32> = all
            .iter()
            .flat_map(|samples| samples.iter())
            .filter(|sample| failure(sample).is_some())
            .filter_map(|sample| sample.round)
            .collect();
        let mut rounds = of(&self.tested);
        rounds.retain(|round| {
            let is_in = |samples: &[&Sample]| of(samples).contains(round);
            is_in(&self.baseline) && is_in(&self.again) && !failed.contains(round)
        });
        rounds.into_iter().collect()
    }
}
