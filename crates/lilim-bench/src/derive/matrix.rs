//! Engines and models of a matrix, ranked for each set of prompts.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CaseFindings, failure};
use crate::plan::{Case, Work};
use crate::record::Recording;
use crate::stats::Summary;

/// What all ids of a matrix begin with.
const BEGINNING: &str = "matrix/";

/// The set whose cases are no requests but loadings.
const LOAD: &str = "load";

/// A set of prompts with every engine and model that was asked, and those that were left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatrixSet {
    /// The set's name.
    pub set: String,
    /// Ranked ones first, then what answered nothing, then what was left out.
    pub rows: Vec<MatrixRow>,
}

/// An engine with a model; figures are medians of the requests that succeeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatrixRow {
    /// From 1: by the share of requests that succeeded, then by the median time of a request. Rows
    /// that follow each other and whose medians each lie within the range of the other share a rank.
    /// `None` where nothing was answered.
    pub rank: Option<usize>,
    /// The engine.
    pub engine: String,
    /// The model.
    pub model: String,
    /// Requests that were made, warm-ups not counted.
    pub n_requests: usize,
    /// Of these, requests that did what was asked.
    pub n_succeeded: usize,
    /// `n_succeeded` / `n_requests`.
    pub success_rate: Option<f64>,
    /// Milliseconds to the first token.
    pub ttft_ms: Option<f64>,
    /// Prompt tokens a second as the client sees them.
    pub client_prefill_tps: Option<f64>,
    /// Tokens a second after the first.
    pub decode_tps: Option<f64>,
    /// Milliseconds of a request.
    pub e2e_ms: Option<f64>,
    /// Peak memory of its process.
    pub peak_rss_bytes: Option<f64>,
    /// Milliseconds from starting to a model that is ready.
    pub load_ms: Option<f64>,
    /// Why it was left out, or what failed most often.
    pub reason: Option<String>,
}

/// All sets of a plan, in its order.
pub(super) fn sets(recording: &Recording, cases: &[CaseFindings]) -> Vec<MatrixSet> {
    let mut sets: Vec<MatrixSet> = Vec::new();
    let mut add = |set: &str, row: MatrixRow| match sets.iter_mut().find(|one| one.set == set) {
        Some(found) => found.rows.push(row),
        None => sets.push(MatrixSet {
            set: set.to_owned(),
            rows: vec![row],
        }),
    };
    let plan = &recording.plan;
    let mut orders = Vec::new();
    for (case, found) in plan.cases.iter().zip(cases) {
        if let (Work::Matrix(_), Some(place)) = (&case.work, Place::of(&case.id)) {
            let load = format!("{BEGINNING}{LOAD}/{}/{}", place.engine, place.model);
            let load = cases.iter().find(|one| one.case == load);
            add(place.set, measured(recording, (case, found), load));
            orders.push((case.id.as_str(), summary(found, "e2e_ms")));
        }
    }
    for left in &plan.left_out {
        if let Some(place) = Place::of(&left.case).filter(|place| place.set != LOAD) {
            let row = MatrixRow {
                reason: Some(left.reason.clone()),
                ..place.row()
            };
            add(place.set, row);
        }
    }
    for set in &mut sets {
        rank(set, &orders);
    }
    sets
}

/// What an id says.
struct Place<'a> {
    set: &'a str,
    engine: &'a str,
    model: &'a str,
}

impl<'a> Place<'a> {
    fn of(id: &'a str) -> Option<Self> {
        let mut parts = id.strip_prefix(BEGINNING)?.splitn(3, '/');
        Some(Self {
            set: parts.next()?,
            engine: parts.next()?,
            model: parts.next()?,
        })
    }

    fn row(&self) -> MatrixRow {
        MatrixRow {
            rank: None,
            engine: self.engine.to_owned(),
            model: self.model.to_owned(),
            n_requests: 0,
            n_succeeded: 0,
            success_rate: None,
            ttft_ms: None,
            client_prefill_tps: None,
            decode_tps: None,
            e2e_ms: None,
            peak_rss_bytes: None,
            load_ms: None,
            reason: None,
        }
    }
}

fn measured(
    recording: &Recording,
    (case, found): (&Case, &CaseFindings),
    load: Option<&CaseFindings>,
) -> MatrixRow {
    let samples = recording.samples.iter();
    let ours = samples.filter(|one| one.case == case.id && !one.warmup);
    let (mut n_requests, mut n_succeeded) = (0, 0);
    for sample in ours {
        n_requests += 1;
        n_succeeded += usize::from(failure(sample).is_none());
    }
    let median = |metric| summary(found, metric).map(|summary| summary.median);
    let place = Place::of(&case.id).expect("looked at before");
    // Of equally many the first in the order of the alphabet: findings are repeatable.
    let commonest = found.failures.iter().rev().max_by_key(|(_, n)| **n);
    MatrixRow {
        n_requests,
        n_succeeded,
        success_rate: (n_requests > 0).then(|| n_succeeded as f64 / n_requests as f64),
        ttft_ms: median("ttft_ms"),
        client_prefill_tps: median("client_prefill_tps"),
        decode_tps: median("decode_tps"),
        e2e_ms: median("e2e_ms"),
        peak_rss_bytes: median("peak_rss_bytes"),
        load_ms: load.and_then(|load| Some(summary(load, "load_ms")?.median)),
        reason: commonest.map(|(reason, _)| reason.clone()),
        ..place.row()
    }
}

fn summary(found: &CaseFindings, metric: &str) -> Option<Summary> {
    found.metrics.get(metric)?.summary
}

/// Orders the rows and gives ranks. `times` are the times of requests by case.
fn rank(set: &mut MatrixSet, times: &[(&str, Option<Summary>)]) {
    set.rows.sort_by(order);
    let time = |row: &MatrixRow| {
        let id = format!("{BEGINNING}{}/{}/{}", set.set, row.engine, row.model);
        let found = times.iter().find(|(case, _)| *case == id)?;
        found.1.map(|time| (row.success_rate, time))
    };
    let all: Vec<_> = set.rows.iter().map(time).collect();
    // The row that a rank was given to first: others share it by their likeness to that one.
    let mut first: Option<(usize, Option<f64>, Summary)> = None;
    for (index, (row, time)) in set.rows.iter_mut().zip(all).enumerate() {
        let Some((rate, time)) = time else {
            continue;
        };
        let shared = first.filter(|(_, other_rate, other)| {
            *other_rate == rate && holds(other, time.median) && holds(&time, other.median)
        });
        let rank = shared.map_or(index + 1, |(rank, ..)| rank);
        row.rank = Some(rank);
        if shared.is_none() {
            first = Some((rank, rate, time));
        }
    }
}

fn holds(range: &Summary, value: f64) -> bool {
    (range.min..=range.max).contains(&value)
}

fn order(a: &MatrixRow, b: &MatrixRow) -> Ordering {
    let rate = |row: &MatrixRow| row.success_rate.unwrap_or(-1.0);
    let time = |row: &MatrixRow| row.e2e_ms.unwrap_or(f64::INFINITY);
    rate(b)
        .total_cmp(&rate(a))
        .then(time(a).total_cmp(&time(b)))
}
