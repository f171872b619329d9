//! Findings of a comparison: whether both sides did the same work, and by how much one was faster.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Gathered, failure, load, readings, request};
use crate::plan::{Arm, Comparison, Plan};
use crate::process::{CPU_SYSTEM, CPU_USER};
use crate::record::{Outcome, RequestRecord, Sample, SideInfo};
use crate::stats::{
    BootstrapOptions, Confidence, Decision, Estimate, Limit, NOISE_FLOOR, Rounds, Verdict, drift,
    hodges_lehmann, judge, log_ratios, median, serial_correlation,
};

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
}

impl ComparisonFindings {
    /// Whether every gate has a verdict that more rounds would not change.
    pub fn is_decided(&self) -> bool {
        let mut decisions = self.metrics.iter().filter_map(|one| one.decision.as_ref());
        let n_gates = decisions.clone().count();
        n_gates > 0 && decisions.all(|decision| decision.verdict.is_decided())
    }
}

/// Why a ratio may be printed, or may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Equality {
    /// What was checked and holds.
    pub holds: Vec<String>,
    /// What does not hold; a ratio is refused where there is anything.
    pub refusals: Vec<String>,
}

/// Whether equal prompts gave equal answers. A difference is no refusal: numbers may differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    /// Answers that both sides gave to the same prompt.
    pub n_answers: usize,
    /// Of these, answers with the same tokens.
    pub n_equal: usize,
    /// The first token in which two answers differ, over all: its place in the answer.
    pub first_divergence: Option<usize>,
    /// The same for the baseline against itself; anything but all equal is an engine that does not
    /// repeat itself.
    pub n_equal_to_itself: usize,
}

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

/// Metrics that are compared, in the order of reports. Only the client's and the system's: an
/// engine's own clock decides nothing.
const COMPARED: [&str; 7] = [
    "load_ms",
    "ttft_ms",
    "client_prefill_tps",
    "decode_tps",
    "e2e_ms",
    "peak_rss_bytes",
    "cpu_s",
];

/// What the rounds of a plan's comparison show; `None` for a plan without one.
pub(crate) fn comparison(plan: &Plan, samples: &[Sample]) -> Option<ComparisonFindings> {
    let comparison = plan.comparison.as_ref()?;
    let side = |index: usize| plan.sides.get(index);
    let (tested, baseline) = (side(comparison.tested)?, side(comparison.baseline)?);
    let arms = Arms::of(samples);
    let equality = arms.equality(comparison, tested, baseline);
    let rounds = arms.whole_rounds();
    let metrics = if equality.refusals.is_empty() {
        let ratios = COMPARED.iter();
        ratios
            .filter_map(|metric| arms.ratio(metric, &rounds, comparison))
            .collect()
    } else {
        Vec::new()
    };
    Some(ComparisonFindings {
        tested: tested.name.clone(),
        baseline: baseline.name.clone(),
        differ_in: differ_in(tested, baseline),
        equality,
        consistency: arms.consistency(),
        n_rounds: rounds.len(),
        drifted_rounds: drifted_rounds(&of_arm(samples, Arm::Control)),
        metrics,
    })
}

/// Rounds that every arm finished without a failure.
pub(crate) fn n_whole_rounds(samples: &[Sample]) -> usize {
    Arms::of(samples).whole_rounds().len()
}

/// The samples of each arm.
struct Arms<'a> {
    tested: Vec<&'a Sample>,
    baseline: Vec<&'a Sample>,
    again: Vec<&'a Sample>,
}

fn of_arm(samples: &[Sample], arm: Arm) -> Vec<&Sample> {
    let id = arm.case_id();
    samples.iter().filter(|sample| sample.case == id).collect()
}

impl<'a> Arms<'a> {
    fn of(samples: &'a [Sample]) -> Self {
        Self {
            tested: of_arm(samples, Arm::Tested),
            baseline: of_arm(samples, Arm::Baseline),
            again: of_arm(samples, Arm::BaselineAgain),
        }
    }

    /// Rounds in which no sample of any arm failed.
    fn whole_rounds(&self) -> Vec<u32> {
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

    fn equality(
        &self,
        comparison: &Comparison,
        tested: &SideInfo,
        baseline: &SideInfo,
    ) -> Equality {
        let mut holds = Vec::new();
        let mut refusals = Vec::new();
        let mut check = |is_true: bool, fact: &str, otherwise: String| {
            if is_true {
                holds.push(fact.to_owned());
            } else {
                refusals.push(otherwise);
            }
        };
        let (a, b) = (&tested.model, &baseline.model);
        let is_same_file = a.sha256.is_some() && a.sha256 == b.sha256;
        check(
            is_same_file || comparison.declared_equivalent,
            if is_same_file {
                "the same weights (SHA-256)"
            } else {
                "weights declared equivalent"
            },
            format!(
                "the weights differ: {} {} and {} {}",
                a.name, a.quantization, b.name, b.quantization
            ),
        );
        let same_prefix = !tested.options.prefix_cache && !baseline.options.prefix_cache;
        check(
            same_prefix,
            "prefix caches are off",
            "a prefix cache is on".to_owned(),
        );
        let differing = differ_in(tested, baseline);
        let fact = "at most one thing differs between the sides";
        let several = format!(
            "the sides differ in several things: {}",
            differing.join(", ")
        );
        check(differing.len() <= 1, fact, several);
        let unequal = self.unequal_work();
        check(
            unequal.is_none(),
            "the same token ids in, the same number of tokens out, request by request",
            unequal.unwrap_or_default(),
        );
        Equality { holds, refusals }
    }

    /// What of the work was not the same; a request that failed after it was computed counts too,
    /// or only those that went alike would be left to compare.
    fn unequal_work(&self) -> Option<String> {
        let (baseline, mut n_pairs) = (work(&self.baseline), 0);
        for other in [work(&self.tested), work(&self.again)] {
            for (slot, a) in &other {
                let Some(b) = baseline.get(slot) else {
                    continue;
                };
                n_pairs += 1;
                if a != b {
                    return Some(format!("request {slot}: {a}, and {b}"));
                }
                if a.n_cached > 0 {
                    return Some(format!("request {slot}: {a}"));
                }
            }
        }
        (n_pairs == 0).then(|| "no request was computed by both sides".to_owned())
    }

    fn consistency(&self) -> Consistency {
        let answers = |samples: &[&Sample]| -> BTreeMap<u32, Vec<u32>> {
            let all = samples.iter().filter_map(|sample| match &sample.outcome {
                Outcome::Request(one) if one.failure.is_none() => {
                    Some((sample.slot, one.token_ids.clone()))
                }
                _ => None,
            });
            all.collect()
        };
        let (tested, baseline) = (answers(&self.tested), answers(&self.baseline));
        let again = answers(&self.again);
        let pairs = || {
            tested
                .iter()
                .filter_map(|(slot, a)| Some((a, baseline.get(slot)?)))
        };
        let first_difference = |a: &[u32], b: &[u32]| {
            let shared = a.iter().zip(b).position(|(a, b)| a != b);
            shared.or((a.len() != b.len()).then_some(a.len().min(b.len())))
        };
        let is_repeated = |(slot, a): &(&u32, &Vec<u32>)| again.get(slot) == Some(a);
        Consistency {
            n_answers: pairs().count(),
            n_equal: pairs().filter(|(a, b)| a == b).count(),
            first_divergence: pairs().filter_map(|(a, b)| first_difference(a, b)).min(),
            n_equal_to_itself: baseline.iter().filter(is_repeated).count(),
        }
    }

    /// `None` where a side has no figure in some round.
    fn ratio(&self, metric: &str, rounds: &[u32], comparison: &Comparison) -> Option<MetricRatio> {
        let of = |samples: &[&Sample]| -> Option<Vec<f64>> {
            let figures = rounds
                .iter()
                .map(|&round| figure(metric, samples, round, comparison));
            figures.collect()
        };
        let (tested, baseline) = (of(&self.tested)?, of(&self.baseline)?);
        let again = of(&self.again)?;
        let differences = log_ratios(&tested, &baseline).ok()?;
        let floor = log_ratios(&again, &baseline).ok()?;
        let gate = comparison.gates.iter().find(|gate| gate.metric == metric);
        let judged = gate.and_then(|gate| at_looks(gate.limit, &differences, &floor, comparison));
        let (estimate, decision) = match judged {
            Some((estimate, decision)) => (estimate, Some(decision)),
            None => {
                let estimate = hodges_lehmann(&differences, DESCRIBED).ok().flatten()?;
                let planned = comparison.looks.looks.first().map_or(0, |look| look.rounds);
                let unseen = |_| Decision {
                    verdict: Verdict::Inconclusive,
                    reason: format!(
                        "{} whole rounds, the first look was planned at {planned}",
                        differences.len()
                    ),
                };
                (estimate, gate.map(unseen))
            }
        };
        let floor = hodges_lehmann(&floor, NOISE_FLOOR).ok().flatten()?;
        let correlation = serial_correlation(&differences).ok().flatten();
        Some(MetricRatio {
            metric: metric.to_owned(),
            tested_median: median(&tested).ok().flatten()?,
            baseline_median: median(&baseline).ok().flatten()?,
            ratio: as_ratio(&estimate),
            noise_floor: as_ratio(&floor),
            serial_correlation: correlation.filter(|one| one.marked).map(|one| one.lag_1),
            limit: gate.map(|gate| gate.limit),
            decision,
            differences,
        })
    }
}

/// What a request was, as far as two sides must agree.
#[derive(PartialEq, Eq)]
struct RequestWork<'a> {
    prompt_hash: &'a str,
    n_prompt: u32,
    n_cached: u32,
    n_out: u32,
}

impl std::fmt::Display for RequestWork<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hash = self.prompt_hash.get(..8).unwrap_or(self.prompt_hash);
        write!(
            out,
            "{} tokens in (ids {hash}), {} of them from a cache, {} out",
            self.n_prompt, self.n_cached, self.n_out
        )
    }
}

/// Every request that an engine says it computed, by its slot.
fn work<'a>(samples: &[&'a Sample]) -> BTreeMap<u32, RequestWork<'a>> {
    let computed = samples.iter().filter_map(|sample| {
        let Outcome::Request(one) = &sample.outcome else {
            return None;
        };
        let engine = one.engine?;
        let work = RequestWork {
            prompt_hash: &one.prompt_hash,
            n_prompt: engine.n_prompt,
            n_cached: engine.n_cached,
            n_out: one.events.iter().map(|event| event.n_tokens).sum(),
        };
        Some((sample.slot, work))
    });
    computed.collect()
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
fn figure(metric: &str, samples: &[&Sample], round: u32, comparison: &Comparison) -> Option<f64> {
    let mut gathered = Gathered::default();
    let of_round = samples
        .iter()
        .filter(|sample| sample.round == Some(round) && !sample.warmup);
    for sample in of_round {
        match &sample.outcome {
            Outcome::Load(record) if metric == "load_ms" => load::gather(record, &mut gathered),
            Outcome::Request(record) if shows(metric, record, comparison) => {
                request::gather(record, &mut gathered);
            }
            Outcome::Readings(all) if metric == "cpu_s" => {
                let seconds = all
                    .iter()
                    .filter(|one| [CPU_USER, CPU_SYSTEM].contains(&one.name.as_str()));
                let parts: Option<Vec<f64>> = seconds.map(|one| one.value).collect();
                gathered.add_some("cpu_s", parts.map(|parts| parts.iter().sum()));
            }
            Outcome::Readings(all) if metric == "peak_rss_bytes" => {
                readings::gather(all, &mut gathered);
            }
            _ => {}
        }
    }
    let values = gathered.values.get(metric)?;
    median(values).ok().flatten().filter(|&value| value > 0.0)
}

/// Reading is shown by the long prompt, writing by the long answer.
fn shows(metric: &str, record: &RequestRecord, comparison: &Comparison) -> bool {
    let shape = match metric {
        "ttft_ms" | "client_prefill_tps" => comparison.round.prefill,
        "decode_tps" | "e2e_ms" => comparison.round.decode,
        _ => return false,
    };
    (record.n_prompt, record.n_out_asked) == (shape.n_prompt, shape.n_out)
}

fn as_ratio(estimate: &Estimate) -> RatioInterval {
    let ratio = estimate.exp();
    RatioInterval {
        value: ratio.estimate,
        lower: ratio.interval.lower,
        upper: ratio.interval.upper,
        confidence: ratio.interval.achieved,
    }
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

/// What two sides differ in: engine, program, model, and each option that matters to the work.
fn differ_in(a: &SideInfo, b: &SideInfo) -> Vec<String> {
    let (x, y) = (&a.options, &b.options);
    let all = [
        ("engine", a.engine != b.engine),
        ("transport", a.transport != b.transport),
        ("program", a.program != b.program),
        ("model", a.model != b.model),
        ("threads", x.threads != y.threads),
        ("level", x.level != y.level),
        ("context", x.context != y.context),
        ("chunk", x.chunk != y.chunk),
        ("kv_type", x.kv_type != y.kv_type),
        ("speculation", x.speculation != y.speculation),
    ];
    let differing = all.iter().filter(|(_, differs)| *differs);
    differing.map(|(name, _)| (*name).to_owned()).collect()
}
