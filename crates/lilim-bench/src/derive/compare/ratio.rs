//! Ratios of a comparison's metrics, with their intervals and verdicts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{Gathered, energy, load, readings, request};
use super::arms::Arms;
use crate::plan::Comparison;
use crate::process::{CPU_SYSTEM, CPU_USER};
use crate::record::{Outcome, RequestRecord, Sample};
use crate::stats::{
    BootstrapOptions, Confidence, Decision, Estimate, Limit, NOISE_FLOOR, Rounds, Verdict,
    hodges_lehmann, judge, log_ratios, median, serial_correlation,
};

/// A metric of the tested side divided by the baseline's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricRatio {
    /// The metric's name.
    pub metric: String,
    /// The middle of the tested side's rounds.
    pub tested_median: f64,
    /// The middle of the baseline's rounds.
    pub baseline_median: f64,
    /// ln(tested / baseline) round by round.
    pub differences: Vec<f64>,
    /// Tested / baseline, with its interval.
    pub ratio: RatioInterval,
    /// Baseline / baseline: what this machine makes of no difference at all.
    pub noise_floor: RatioInterval,
    /// The middle of the tested side's rounds without a process of its own, where there were any.
    pub in_process_median: Option<f64>,
    /// In process / behind the wire, of the tested side.
    pub in_process: Option<RatioInterval>,
    /// How much neighbouring rounds hang together, where it is more than chance: the interval is
    /// then too narrow.
    pub serial_correlation: Option<f64>,
    /// The limit, where this metric decides.
    #[schemars(with = "Option<serde_json::Value>")]
    pub limit: Option<Limit>,
    /// The verdict, where this metric decides.
    #[schemars(with = "Option<serde_json::Value>")]
    pub decision: Option<Decision>,
}

/// A ratio with what it may be as well.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioInterval {
    /// The Hodges-Lehmann estimate.
    pub value: f64,
    /// Its lower bound; `None` where there are too few rounds for one.
    pub lower: Option<f64>,
    /// Its upper bound.
    pub upper: Option<f64>,
    /// How sure the interval is.
    pub confidence: Option<f64>,
}

/// A metric without a ratio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissingRatio {
    /// The metric's name.
    pub metric: String,
    /// Why there is none.
    pub reason: String,
    /// The limit, where this metric would have decided: INCONCLUSIVE.
    #[schemars(with = "Option<serde_json::Value>")]
    pub limit: Option<Limit>,
}

/// A named limit held against a ratio; it decides nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioTargetFinding {
    /// What people call it.
    pub name: String,
    /// The metric's name.
    pub metric: String,
    /// The limit.
    #[schemars(with = "serde_json::Value")]
    pub limit: Limit,
    /// The ratio; absent where there is none.
    pub ratio: Option<RatioInterval>,
    /// PASS where the whole interval meets the limit, FAIL where all of it misses it, else
    /// INCONCLUSIVE.
    #[schemars(with = "serde_json::Value")]
    pub verdict: Verdict,
}

/// Metrics that are compared, in the order of reports. Only the client's and the system's: an
/// engine's own clock decides nothing.
const COMPARED: [&str; 8] = [
    "load_ms",
    "ttft_ms",
    "client_prefill_tps",
    "decode_tps",
    "e2e_ms",
    "peak_rss_bytes",
    "cpu_s",
    "energy_j",
];

/// Metrics that the engine shows however it is reached; memory and CPU time in this process are
/// also the measuring program's.
const IN_PROCESS: [&str; 5] = [
    "load_ms",
    "ttft_ms",
    "client_prefill_tps",
    "decode_tps",
    "e2e_ms",
];

/// Ratios of all metrics, and those that have none.
pub(super) fn ratios(
    arms: &Arms<'_>,
    rounds: &[u32],
    comparison: &Comparison,
) -> (Vec<MetricRatio>, Vec<MissingRatio>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for metric in COMPARED {
        match ratio(metric, arms, rounds, comparison) {
            Ok(one) => found.push(one),
            Err(reason) => missing.push(MissingRatio {
                metric: metric.to_owned(),
                reason,
                limit: limit_of(metric, comparison),
            }),
        }
    }
    (found, missing)
}

fn limit_of(metric: &str, comparison: &Comparison) -> Option<Limit> {
    let gate = comparison.gates.iter().find(|gate| gate.metric == metric);
    gate.map(|gate| gate.limit)
}

/// The reason where a side has no figure in some round.
fn ratio(
    metric: &str,
    arms: &Arms<'_>,
    rounds: &[u32],
    comparison: &Comparison,
) -> Result<MetricRatio, String> {
    let of = |samples: &[&Sample]| -> Result<Vec<f64>, String> {
        let figures = rounds
            .iter()
            .map(|&round| figure(metric, samples, (round, arms.idle_w), comparison));
        figures.collect()
    };
    let (tested, baseline) = (of(&arms.tested)?, of(&arms.baseline)?);
    let again = of(&arms.again)?;
    let (differences, floor) = log_ratios(&tested, &baseline)
        .and_then(|differences| Ok((differences, log_ratios(&again, &baseline)?)))
        .map_err(|error| error.to_string())?;
    let (estimate, decision) = judged(
        limit_of(metric, comparison),
        &differences,
        &floor,
        comparison,
    )?;
    let in_process = match IN_PROCESS.contains(&metric) {
        true => of(&arms.in_process).ok(),
        false => None,
    };
    let ratio_in_process = in_process.as_deref().and_then(|values| {
        let differences = log_ratios(values, &tested).ok()?;
        Some(as_ratio(&described(&differences).ok()?))
    });
    let correlation = serial_correlation(&differences).ok().flatten();
    let middle = |values: &[f64]| median(values).ok().flatten().ok_or_else(no_rounds);
    let floor = hodges_lehmann(&floor, NOISE_FLOOR).ok().flatten();
    Ok(MetricRatio {
        metric: metric.to_owned(),
        tested_median: middle(&tested)?,
        baseline_median: middle(&baseline)?,
        ratio: as_ratio(&estimate),
        noise_floor: as_ratio(&floor.ok_or_else(no_rounds)?),
        in_process_median: in_process.and_then(|values| middle(&values).ok()),
        in_process: ratio_in_process,
        serial_correlation: correlation.filter(|one| one.marked).map(|one| one.lag_1),
        limit: limit_of(metric, comparison),
        decision,
        differences,
    })
}

fn no_rounds() -> String {
    "there is no whole round".to_owned()
}

fn described(differences: &[f64]) -> Result<Estimate, String> {
    let estimate = hodges_lehmann(differences, DESCRIBED).map_err(|error| error.to_string())?;
    estimate.ok_or_else(no_rounds)
}

/// The estimate, and the decision where the metric has a limit.
fn judged(
    limit: Option<Limit>,
    differences: &[f64],
    floor: &[f64],
    comparison: &Comparison,
) -> Result<(Estimate, Option<Decision>), String> {
    if let Some(limit) = limit
        && let Some((estimate, decision)) = at_looks(limit, differences, floor, comparison)
    {
        return Ok((estimate, Some(decision)));
    }
    let planned = comparison.looks.looks.first().map_or(0, |look| look.rounds);
    let n_rounds = differences.len();
    let unseen = |_| Decision {
        verdict: Verdict::Inconclusive,
        reason: format!("{n_rounds} whole rounds, the first look was planned at {planned}"),
    };
    Ok((described(differences)?, limit.map(unseen)))
}

/// The plan's named limits.
pub(super) fn targets(metrics: &[MetricRatio], comparison: &Comparison) -> Vec<RatioTargetFinding> {
    let of_target = |target: &crate::plan::RatioTarget| {
        let found = metrics.iter().find(|one| one.metric == target.metric);
        let verdict = found
            .and_then(|one| described(&one.differences).ok())
            .map_or(Verdict::Inconclusive, |estimate| {
                target.limit.verdict(&estimate.interval)
            });
        RatioTargetFinding {
            name: target.name.clone(),
            metric: target.metric.clone(),
            limit: target.limit,
            ratio: found.map(|one| one.ratio),
            verdict,
        }
    };
    comparison.targets.iter().map(of_target).collect()
}

/// The confidence of metrics that decide nothing.
const DESCRIBED: Confidence = Confidence::TwoSided(0.95);

/// The verdict of the first look that decides, else of the last one reached; `None` before the first.
fn at_looks(
    limit: Limit,
    differences: &[f64],
    floor: &[f64],
    comparison: &Comparison,
) -> Option<(Estimate, Decision)> {
    let mut last = None;
    for look in &comparison.looks.looks {
        if look.rounds > differences.len() {
            break;
        }
        let rounds = Rounds {
            differences: &differences[..look.rounds],
            noise_floor: &floor[..look.rounds],
        };
        let judgement = judge(limit, look, rounds, BootstrapOptions::default()).ok()?;
        let is_decided = judgement.decision.verdict.is_decided();
        last = Some((judgement.estimate, judgement.decision));
        if is_decided {
            break;
        }
    }
    last
}

/// An arm's figure in a round: the median of its requests of the kind that shows it.
fn figure(
    metric: &str,
    samples: &[&Sample],
    (round, idle_w): (u32, Option<f64>),
    comparison: &Comparison,
) -> Result<f64, String> {
    let mut gathered = Gathered::default();
    let of_round = samples
        .iter()
        .filter(|sample| sample.round == Some(round) && !sample.warmup);
    for sample in of_round {
        match &sample.outcome {
            Outcome::Load(record) if metric == "load_ms" => load::gather(record, &mut gathered),
            Outcome::Request(record)
                if !OF_PROCESS.contains(&metric) && shows(metric, record, comparison) =>
            {
                request::gather(record, &mut gathered);
                energy::gather(record, idle_w, &mut gathered);
            }
            Outcome::Readings(all) if metric == "cpu_s" => {
                let seconds = all
                    .iter()
                    .filter(|one| [CPU_USER, CPU_SYSTEM].contains(&one.name.as_str()));
                let parts: Option<Vec<f64>> = seconds.map(|one| one.value).collect();
                gathered.add_some("cpu_s", parts.map(|parts| parts.iter().sum()));
            }
            Outcome::Readings(all) if OF_PROCESS.contains(&metric) => {
                readings::gather(all, &mut gathered);
            }
            _ => {}
        }
    }
    let values = gathered.values.get(metric);
    let middle = values.and_then(|values| median(values).ok().flatten());
    match middle {
        Some(value) if value > 0.0 => Ok(value),
        Some(value) => Err(format!("{value} in round {round} has no ratio")),
        None => {
            let why = gathered.reasons.remove(metric);
            Err(why.unwrap_or_else(|| format!("no sample of round {round} gave it")))
        }
    }
}

/// Metrics of the whole process, read when its requests are over.
const OF_PROCESS: [&str; 2] = ["peak_rss_bytes", "cpu_s"];

/// Whether a request of a round shows a metric: reading is shown by the long prompt, writing by the
/// long answer.
pub(in crate::derive) fn shows(
    metric: &str,
    record: &RequestRecord,
    comparison: &Comparison,
) -> bool {
    const OF_READING: [&str; 4] = [
        "ttft_ms",
        "ttft_from_send_ms",
        "client_prefill_tps",
        "prefill_tps",
    ];
    let shape = match OF_READING.contains(&metric) {
        true => comparison.round.prefill,
        false => comparison.round.decode,
    };
    (record.n_prompt, record.n_out_asked) == (shape.n_prompt, shape.n_out)
}

pub(in crate::derive) fn as_ratio(estimate: &Estimate) -> RatioInterval {
    let ratio = estimate.exp();
    RatioInterval {
        value: ratio.estimate,
        lower: ratio.interval.lower,
        upper: ratio.interval.upper,
        confidence: ratio.interval.achieved,
    }
}
