//! From a recording to findings: pure, so `verify` can do it again and compare every number.

mod check;
mod compare;
mod determinism;
mod energy;
mod load;
mod matrix;
mod readings;
mod request;
mod sustained;
mod throughput;

use std::collections::BTreeMap;

pub use check::GateFinding;
use compare::as_ratio;
pub use compare::{
    ComparisonFindings, Consistency, Divergence, Equality, MetricRatio, MissingRatio,
    RatioInterval, RatioTargetFinding, Replay,
};
pub(crate) use compare::{answer_pairs, comparison, n_whole_rounds};
pub use determinism::{SettingFinding, TokenDivergence, TokenPlace};
pub use matrix::{MatrixRow, MatrixSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metric;
use crate::plan::{Case, Figure, Target, Work};
use crate::prompts;
use crate::record::{Outcome, Recording, RequestRecord, Sample};
use crate::stats::Summary;

/// Everything that follows from a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// One for each case of the plan, in its order.
    pub cases: Vec<CaseFindings>,
    /// One for each target of the plan and case it applies to.
    pub targets: Vec<TargetFinding>,
    /// What the plan's comparison shows.
    pub comparison: Option<ComparisonFindings>,
    /// One for each gate of the plan's check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateFinding>,
    /// One for each setting of a determinism matrix; the others are held against the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<SettingFinding>,
    /// One for each set of prompts of a matrix of engines and models, its rows ranked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matrix: Vec<MatrixSet>,
}

/// What follows from the samples of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseFindings {
    /// The case's id.
    pub case: String,
    /// The scenario's name.
    pub scenario: String,
    /// The side's name.
    pub side: String,
    /// Samples that count and did what was asked.
    pub n_samples: usize,
    /// Samples that failed, warm-ups too.
    pub n_failed: usize,
    /// The reasons with how often each was given.
    pub failures: BTreeMap<String, usize>,
    /// Figures by metric.
    pub metrics: BTreeMap<String, MetricFindings>,
    /// Figures over time.
    pub series: Vec<Series>,
    /// blake3 of all tokens generated, in the order of the prompts; equal work by an engine that is
    /// repeatable gives the same one.
    pub quality_hash: Option<String>,
}

/// A metric over the samples of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricFindings {
    /// The unit.
    pub unit: String,
    /// Whose clock or counter it is from: `client`, `engine` or `system`.
    pub source: String,
    /// The summary; absent where nothing could be measured.
    #[schemars(with = "Option<SummarySchema>")]
    pub summary: Option<Summary>,
    /// Why it could not.
    pub why_null: Option<String>,
}

/// The schema of a [`Summary`], whose crate module knows no schemas.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "read by the schema's generator only")]
struct SummarySchema {
    n: usize,
    mean: f64,
    median: f64,
    std_dev: Option<f64>,
    min: f64,
    max: f64,
    p90: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

/// A figure over time, in equal steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// A metric's name.
    pub metric: String,
    /// Seconds of a step.
    pub step_s: f64,
    /// The figure of each step.
    pub values: Vec<f64>,
}

/// A target held against a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetFinding {
    /// The target's name.
    pub name: String,
    /// The case.
    pub case: String,
    /// The figure; absent where it could not be measured.
    pub value: Option<f64>,
    /// Whether the bar is met; absent with the value.
    pub is_met: Option<bool>,
    /// Why there is none.
    pub why_null: Option<String>,
}

/// Derives all findings.
pub fn derive(recording: &Recording) -> Findings {
    let cases: Vec<_> = recording
        .plan
        .cases
        .iter()
        .map(|case| {
            let side = recording.plan.sides.get(case.side);
            let side = side.map_or_else(String::new, |side| side.name.clone());
            of_case(case, side, recording)
        })
        .collect();
    let cases = with_shares(recording, cases);
    let targets = recording
        .plan
        .targets
        .iter()
        .flat_map(|target| held_against(target, &cases))
        .collect();
    let comparison = comparison(&recording.plan, &recording.samples);
    Findings {
        gates: check::gates(recording, &cases, comparison.as_ref()),
        settings: determinism::settings(recording),
        matrix: matrix::sets(recording, &cases),
        cases,
        targets,
        comparison,
    }
}

fn of_case(case: &Case, side: String, recording: &Recording) -> CaseFindings {
    let comparison = recording.plan.comparison.as_ref();
    let all: Vec<&Sample> = recording
        .samples
        .iter()
        .filter(|one| one.case == case.id)
        .collect();
    let mut failures = BTreeMap::new();
    for reason in all.iter().filter_map(|sample| failure(sample)) {
        *failures.entry(reason.to_owned()).or_insert(0) += 1;
    }
    let good: Vec<&Sample> = all
        .iter()
        .copied()
        .filter(|sample| !sample.warmup && failure(sample).is_none())
        .collect();
    let requests: Vec<&RequestRecord> = good
        .iter()
        .filter_map(|sample| match &sample.outcome {
            Outcome::Request(request) => Some(request),
            _ => None,
        })
        .collect();
    let mut gathered = Gathered::default();
    let mut series = Vec::new();
    let idle_w = energy::idle_power(&recording.plan, &recording.samples);
    for request in &requests {
        energy::gather(request, idle_w, &mut gathered);
    }
    for sample in &good {
        match &sample.outcome {
            Outcome::Request(record) => match (&case.work, comparison) {
                // Requests of both kinds in one case: each metric is that of the kind that shows it.
                (Work::Arm(_), Some(comparison)) => {
                    let mut shown = Gathered::default();
                    request::gather(record, &mut shown);
                    shown.retain(|metric| compare::shows(metric, record, comparison));
                    gathered.extend(shown);
                }
                _ => request::gather(record, &mut gathered),
            },
            Outcome::Load(record) => load::gather(record, &mut gathered),
            Outcome::Readings(all) => {
                readings::gather(all, &mut gathered);
                if let Work::Idle { .. } = case.work {
                    energy::idle(all, &mut gathered);
                }
            }
            Outcome::Scored(text) => {
                gathered.add_some("ppl", check::mean(&text.nats).map(libm::exp));
            }
            Outcome::Traced(_) | Outcome::Failed { .. } => {}
        }
    }
    match &case.work {
        Work::Throughput {
            limits, arrivals, ..
        } => {
            let failed = |sample: &&&Sample| !sample.warmup && failure(sample).is_some();
            let n_failed = all.iter().filter(failed).count();
            throughput::gather((&requests, n_failed), *limits, *arrivals, &mut gathered);
        }
        Work::Sustained { .. } => {
            series.extend(sustained::gather(&requests, &mut gathered));
            series.extend(sustained::climate(&good));
        }
        _ => {}
    }
    CaseFindings {
        case: case.id.clone(),
        scenario: case.work.scenario().to_owned(),
        side,
        n_samples: match case.work {
            // What was read of the machine meanwhile is no request.
            Work::Sustained { .. } => requests.len(),
            _ => good.len(),
        },
        n_failed: failures.values().sum(),
        failures,
        metrics: gathered.summarize(),
        series,
        quality_hash: quality_hash(&good),
    }
}

fn failure(sample: &Sample) -> Option<&str> {
    match &sample.outcome {
        Outcome::Request(request) => request.failure.as_deref(),
        Outcome::Failed { reason } => Some(reason),
        Outcome::Load(_) | Outcome::Readings(_) | Outcome::Scored(_) | Outcome::Traced(_) => None,
    }
}

/// Tokens of all answers by slot: clients that run at once end in any order.
fn quality_hash(good: &[&Sample]) -> Option<String> {
    let mut answers: Vec<_> = good
        .iter()
        .filter_map(|sample| match &sample.outcome {
            Outcome::Request(request) => Some((sample.slot, &request.token_ids)),
            _ => None,
        })
        .collect();
    answers.sort_by_key(|(slot, _)| *slot);
    let ids: Vec<_> = answers
        .into_iter()
        .flat_map(|(_, ids)| ids)
        .copied()
        .collect();
    (!ids.is_empty()).then(|| prompts::hash(&ids))
}

/// Values by metric as they are gathered, and the reasons for missing ones.
#[derive(Default)]
pub(crate) struct Gathered {
    values: BTreeMap<&'static str, Vec<f64>>,
    reasons: BTreeMap<&'static str, String>,
}

impl Gathered {
    /// Adds a value. Names that are no metric are constants of probes and are left out.
    fn add(&mut self, name: &str, value: f64) {
        if let Some(metric) = metric::by_name(name).filter(|_| value.is_finite()) {
            self.values.entry(metric.name).or_default().push(value);
        }
    }

    fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.values.retain(|metric, _| is_kept(metric));
        self.reasons.retain(|metric, _| is_kept(metric));
    }

    fn extend(&mut self, other: Self) {
        for (metric, values) in other.values {
            self.values.entry(metric).or_default().extend(values);
        }
        for (metric, why) in other.reasons {
            self.reasons.entry(metric).or_insert(why);
        }
    }

    /// Adds a value where there is one.
    fn add_some(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn add_null(&mut self, name: &str, why: &str) {
        if let Some(metric) = metric::by_name(name) {
            self.reasons
                .entry(metric.name)
                .or_insert_with(|| why.to_owned());
        }
    }

    fn summarize(self) -> BTreeMap<String, MetricFindings> {
        let named = |name: &'static str| metric::by_name(name).expect("only metrics are gathered");
        let mut all: BTreeMap<String, MetricFindings> = BTreeMap::new();
        for (name, why) in self.reasons {
            all.insert(name.to_owned(), findings(named(name), None, Some(why)));
        }
        for (name, values) in self.values {
            let summary = Summary::of(&values).expect("only finite values are gathered");
            all.insert(name.to_owned(), findings(named(name), summary, None));
        }
        all
    }
}

fn findings(
    metric: &metric::Metric,
    summary: Option<Summary>,
    why_null: Option<String>,
) -> MetricFindings {
    MetricFindings {
        unit: metric.unit.to_owned(),
        source: metric.source.as_str().to_owned(),
        summary,
        why_null,
    }
}

/// Rates of probes as shares of the rate of the case that is their limit.
fn with_shares(recording: &Recording, mut cases: Vec<CaseFindings>) -> Vec<CaseFindings> {
    let median = |cases: &[CaseFindings], case: &str, metric: &str| {
        let found = cases.iter().find(|one| one.case == case)?;
        Some(found.metrics.get(metric)?.summary?.median)
    };
    for case in &recording.plan.cases {
        let Work::Probe {
            limit: Some(limit), ..
        } = &case.work
        else {
            continue;
        };
        let of_case = cases.iter().find(|one| one.case == case.id);
        if of_case.is_some_and(|one| one.metrics.contains_key("share_of_limit")) {
            // Each sample has the limit that was measured beside it.
            continue;
        }
        let share = ["gb_per_s", "gop_per_s"].into_iter().find_map(|metric| {
            Some(median(&cases, &case.id, metric)? / median(&cases, limit, metric)?)
        });
        let mut gathered = Gathered::default();
        gathered.add_some("share_of_limit", share);
        if let Some(found) = cases.iter_mut().find(|one| one.case == case.id) {
            found.metrics.extend(gathered.summarize());
        }
    }
    cases
}

fn held_against<'a>(
    target: &'a Target,
    cases: &'a [CaseFindings],
) -> impl Iterator<Item = TargetFinding> + 'a {
    cases
        .iter()
        .filter(|case| target.applies_to(&case.case))
        .map(|case| {
            let found = case.metrics.get(&target.metric);
            let value = found
                .and_then(|metric| metric.summary)
                .and_then(|summary| figure(&summary, target.figure));
            let why_null = value.is_none().then(|| match found {
                None => format!("no sample gave {}", target.metric),
                Some(metric) => metric.why_null.clone().unwrap_or_else(|| {
                    let n = metric.summary.map_or(0, |summary| summary.n);
                    format!("{n} samples are too few for this figure")
                }),
            });
            TargetFinding {
                name: target.name.clone(),
                case: case.case.clone(),
                value,
                is_met: value.map(|value| target.bound.is_met_by(value)),
                why_null,
            }
        })
}

fn figure(summary: &Summary, figure: Figure) -> Option<f64> {
    match figure {
        Figure::Median => Some(summary.median),
        Figure::P95 => summary.p95,
        Figure::Max => Some(summary.max),
        Figure::Min => Some(summary.min),
    }
}

/// Nanoseconds as milliseconds.
fn millis(ns: u64) -> f64 {
    ns as f64 / 1e6
}

/// Things a second; `None` where no time passed.
fn per_second(n: f64, ns: u64) -> Option<f64> {
    (ns > 0).then(|| n / (ns as f64 / 1e9))
}
