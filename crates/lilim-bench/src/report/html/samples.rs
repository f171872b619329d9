//! Figures of single samples, for the dots of plots. A sample's figure is what `derive` finds in a
//! recording of that sample alone, so there is no second definition of any metric.

use std::collections::BTreeMap;

use crate::derive::{CaseFindings, derive};
use crate::plan::{Case, Plan};
use crate::record::{Outcome, Recording, Sample};
use crate::result_file::ResultFile;

/// Values by metric of the samples of a case that count.
pub(super) struct Samples {
    values: BTreeMap<String, Vec<f64>>,
}

impl Samples {
    pub(super) fn of(file: &ResultFile, found: &CaseFindings) -> Self {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let plan = &file.recording.plan;
        let Some(case) = plan.cases.iter().find(|case| case.id == found.case) else {
            return Self { values };
        };
        let mut alone = Recording {
            header: file.recording.header.clone(),
            plan: plan_of(plan, case),
            samples: Vec::new(),
        };
        let ours = file.recording.samples.iter();
        for sample in ours.filter(|sample| sample.case == case.id && !sample.warmup) {
            alone.samples = vec![lightened(sample)];
            for (metric, found) in derive(&alone).cases.into_iter().flat_map(|one| one.metrics) {
                if let Some(summary) = found.summary.filter(|summary| summary.n == 1) {
                    values.entry(metric).or_default().push(summary.median);
                }
            }
        }
        Self { values }
    }

    /// Values of a metric in the order of the samples. `None` where it is no figure of single
    /// samples, such as the throughput of all.
    pub(super) fn values(&self, metric: &str, found: &CaseFindings) -> Option<&[f64]> {
        let values = self.values.get(metric)?;
        let summary = found.metrics.get(metric)?.summary?;
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let is_the_same = summary.n == values.len() && summary.min == least;
        is_the_same.then_some(values.as_slice())
    }
}

fn plan_of(plan: &Plan, case: &Case) -> Plan {
    Plan {
        cases: vec![case.clone()],
        targets: Vec::new(),
        sides: Vec::new(),
        comparison: None,
        ..plan.clone()
    }
}

/// The sample without its tokens, which no figure is made of.
fn lightened(sample: &Sample) -> Sample {
    let mut sample = sample.clone();
    if let Outcome::Request(request) = &mut sample.outcome {
        request.token_ids = Vec::new();
    }
    sample
}
