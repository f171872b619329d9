//! Verdicts of a check's gates: speed from rounds in turns alone, what is repeatable also against
//! what an earlier run recorded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CaseFindings, ComparisonFindings, RatioInterval, as_ratio};
use crate::check::{
    ANSWERS, ANSWERS_OF_BASELINE, Bar, Check, CheckGate, LOAD, PERPLEXITY, PERPLEXITY_OF_BASELINE,
    Recorded,
};
use crate::plan::Bound;
use crate::prompts;
use crate::record::{Outcome, Recording, Sample};
use crate::stats::{Confidence, Decision, Interval, Limit, Verdict, hodges_lehmann};

/// What a gate came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateFinding {
    /// As it was written, such as `decode >= 0.95x`.
    pub gate: String,
    /// The metric's name, or `quality_hash`.
    pub metric: String,
    /// The baseline's figure: in the same rounds, else as recorded.
    pub baseline: Option<f64>,
    /// This build's figure.
    pub found: Option<f64>,
    /// The baseline's hash, where the gate is about one.
    pub baseline_hash: Option<String>,
    /// This build's.
    pub found_hash: Option<String>,
    /// Found / baseline, where that may be said.
    pub ratio: Option<RatioInterval>,
    /// The verdict.
    #[schemars(with = "serde_json::Value")]
    pub decision: Decision,
}

/// All gates of a check, in its order; none where the plan has no check.
pub(super) fn gates(
    recording: &Recording,
    cases: &[CaseFindings],
    comparison: Option<&ComparisonFindings>,
) -> Vec<GateFinding> {
    let Some(check) = &recording.plan.check else {
        return Vec::new();
    };
    let judge = Judge {
        recording,
        check,
        cases,
        comparison,
    };
    check.gates.iter().map(|gate| judge.gate(gate)).collect()
}

struct Judge<'a> {
    recording: &'a Recording,
    check: &'a Check,
    cases: &'a [CaseFindings],
    comparison: Option<&'a ComparisonFindings>,
}

/// Samples that all miss a bar of time or rate miss it by more than this factor, or the hour is
/// blamed: a busy machine takes so much longer for the same work.
const FAR: f64 = 1.5;

/// How sure a perplexity's verdict is: 2% on either side, as every gate.
const SURE: Confidence = Confidence::TwoSided(0.96);

impl Judge<'_> {
    fn gate(&self, gate: &CheckGate) -> GateFinding {
        let mut found = GateFinding {
            gate: gate.text.clone(),
            metric: gate.metric.clone(),
            baseline: self.check.recorded.figures.get(&gate.metric).copied(),
            found: self.figure(&gate.metric).map(|figure| figure.median),
            baseline_hash: None,
            found_hash: None,
            ratio: None,
            decision: decided(Verdict::Inconclusive, ""),
        };
        found.decision = match gate.bar {
            Bar::Same => self.same(&mut found),
            Bar::Absolute(bound) => self.absolute(bound, &mut found),
            Bar::Ratio(limit) if gate.metric == "ppl" => self.perplexity(limit, &mut found),
            Bar::Ratio(limit) => self.ratio(limit, &mut found),
        };
        found
    }

    fn case(&self, id: &str) -> Option<&CaseFindings> {
        self.cases.iter().find(|case| case.case == id)
    }

    /// What the check's own cases show of a metric.
    fn figure(&self, metric: &str) -> Option<crate::stats::Summary> {
        let case = match metric {
            "load_ms" => LOAD,
            "ppl" => PERPLEXITY,
            _ => ANSWERS,
        };
        self.case(case)?.metrics.get(metric)?.summary
    }

    fn samples(&self, case: &str) -> impl Iterator<Item = &Sample> {
        let of_case = move |sample: &&Sample| sample.case == case && !sample.warmup;
        self.recording.samples.iter().filter(of_case)
    }

    fn same(&self, found: &mut GateFinding) -> Decision {
        let hash = |case| self.case(case).and_then(|case| case.quality_hash.clone());
        let recorded = &self.check.recorded;
        found.found_hash = hash(ANSWERS);
        found.baseline_hash = recorded.quality_hash.clone().or(hash(ANSWERS_OF_BASELINE));
        let n_failed = self.case(ANSWERS).map_or(0, |case| case.n_failed);
        let (Some(now), Some(then), 0) = (&found.found_hash, &found.baseline_hash, n_failed) else {
            let reason = match (n_failed, &found.found_hash) {
                (0, Some(_)) => "the baseline has no quality hash, and no older program was run",
                _ => "not every fixed prompt was answered",
            };
            return decided(Verdict::Inconclusive, reason);
        };
        let is_recorded = recorded.quality_hash.is_some();
        if is_recorded && self.has_other_sentences() {
            return decided(Verdict::Inconclusive, OTHER_SENTENCES);
        }
        if now == then {
            return decided(
                Verdict::Pass,
                "the same tokens in answer to every fixed prompt",
            );
        }
        let prompts = prompt_hash(self.samples(ANSWERS));
        let reason = match &recorded.prompt_hash {
            Some(then) if is_recorded && prompts.as_ref() != Some(then) => {
                "other answers, and other token ids of the prompts too: text is tokenized otherwise"
            }
            _ => "other answers to the same prompts",
        };
        decided(Verdict::Fail, reason)
    }

    fn has_other_sentences(&self) -> bool {
        let recorded = self.check.recorded.sentences.as_ref();
        recorded.is_some_and(|hash| *hash != prompts::sentences_hash())
    }

    /// Pairs the fixed texts: what one text has more of another has too.
    fn perplexity(&self, limit: Limit, found: &mut GateFinding) -> Decision {
        let now = nats(self.samples(PERPLEXITY));
        let recorded = &self.check.recorded.nats;
        let then = match recorded.is_empty() {
            true => nats(self.samples(PERPLEXITY_OF_BASELINE)),
            false => recorded.clone(),
        };
        found.found = perplexity_of(&now);
        found.baseline = perplexity_of(&then);
        if !recorded.is_empty() && self.has_other_sentences() {
            return decided(Verdict::Inconclusive, OTHER_SENTENCES);
        }
        if now.is_empty() || now.len() != then.len() {
            let reason = format!(
                "{} texts were scored, the baseline has {}",
                now.len(),
                then.len()
            );
            return decided(Verdict::Inconclusive, reason);
        }
        let differences: Vec<f64> = now
            .iter()
            .zip(&then)
            .map(|(now, then)| now - then)
            .collect();
        let Ok(Some(estimate)) = hodges_lehmann(&differences, SURE) else {
            return decided(Verdict::Inconclusive, "a perplexity that is no number");
        };
        let ratio = as_ratio(&estimate);
        found.ratio = Some(ratio);
        let shown = shown(&ratio);
        let n = now.len();
        let verdict = limit.verdict(&estimate.interval);
        let reason = match verdict {
            Verdict::Pass => format!("{limit}: all of {shown} meets it ({n} texts, in pairs)"),
            Verdict::Fail => format!("{limit}: all of {shown} misses it ({n} texts, in pairs)"),
            _ => format!("{limit}: {shown} lies on both sides of it ({n} texts, in pairs)"),
        };
        decided(verdict, reason)
    }

    /// A figure by itself. A bar of time is missed only where the hour cannot be blamed.
    fn absolute(&self, bound: Bound, found: &mut GateFinding) -> Decision {
        let Some(figure) = self.figure(&found.metric) else {
            return decided(Verdict::Inconclusive, self.why_none(&found.metric));
        };
        found.baseline = None;
        let is_met = |value| bound.is_met_by(value);
        let n = figure.n;
        if is_met(figure.min) && is_met(figure.max) {
            return decided(Verdict::Pass, format!("all {n} samples meet it"));
        }
        if is_met(figure.min) || is_met(figure.max) {
            let reason = format!("some of {n} samples meet it, some miss it");
            return decided(Verdict::Inconclusive, reason);
        }
        let by = match bound {
            Bound::AtLeast(bar) => bar / figure.max,
            Bound::AtMost(bar) => figure.min / bar,
        };
        if is_repeatable(&found.metric) || by > FAR {
            let reason = format!(
                "all {n} samples miss it, the best by {:.0}%",
                100.0 * (by - 1.0)
            );
            return decided(Verdict::Fail, reason);
        }
        let reason = format!(
            "all {n} samples miss it, but by less than a busy hour makes ({:.0}%)",
            100.0 * (FAR - 1.0)
        );
        decided(Verdict::Inconclusive, reason)
    }

    fn why_none(&self, metric: &str) -> String {
        let all = self.cases.iter();
        let why = all.filter_map(|case| case.metrics.get(metric)?.why_null.clone());
        let mut why = why.chain([format!("no sample gave {metric}")]);
        why.next().unwrap_or_default()
    }

    fn ratio(&self, limit: Limit, found: &mut GateFinding) -> Decision {
        let Some(comparison) = self.comparison else {
            return match is_repeatable(&found.metric) {
                true => self.against_recorded(limit, found),
                false => decided(Verdict::Inconclusive, NO_OLDER_PROGRAM),
            };
        };
        if let Some(refusal) = comparison.equality.refusals.first() {
            let reason = format!("no ratio, the work was not the same: {refusal}");
            return decided(Verdict::Inconclusive, reason);
        }
        let metrics = &comparison.metrics;
        let Some(one) = metrics.iter().find(|one| one.metric == found.metric) else {
            let mut missing = comparison.missing.iter();
            let reason = missing.find(|one| one.metric == found.metric);
            let none = || format!("the rounds give no {}", found.metric);
            let reason = reason.map_or_else(none, |one| one.reason.clone());
            return decided(Verdict::Inconclusive, reason);
        };
        found.baseline = Some(one.baseline_median);
        found.found = Some(one.tested_median);
        found.ratio = Some(one.ratio);
        let missing = || {
            decided(
                Verdict::Inconclusive,
                "the rounds were not enough for a verdict",
            )
        };
        one.decision.clone().unwrap_or_else(missing)
    }

    /// Sizes are nearly the same from run to run: all of now against the middle of then.
    fn against_recorded(&self, limit: Limit, found: &mut GateFinding) -> Decision {
        let Some(figure) = self.figure(&found.metric) else {
            return decided(Verdict::Inconclusive, self.why_none(&found.metric));
        };
        let Some(then) = found.baseline.filter(|then| *then > 0.0) else {
            let reason = "the baseline has no such figure, and no older program was run";
            return decided(Verdict::Inconclusive, reason);
        };
        let machine = &self.recording.header.machine.fingerprint;
        if self.check.recorded.machine.as_ref() != Some(machine) {
            let reason = "recorded on another machine, and no older program was run";
            return decided(Verdict::Inconclusive, reason);
        }
        let interval = Interval {
            lower: Some(libm::log(figure.min / then)),
            upper: Some(libm::log(figure.max / then)),
            asked: SURE,
            achieved: None,
        };
        let ratio = RatioInterval {
            value: figure.median / then,
            lower: Some(figure.min / then),
            upper: Some(figure.max / then),
            confidence: None,
        };
        found.ratio = Some(ratio);
        let shown = shown(&ratio);
        let reason = format!("{limit}: {shown} in {} samples, as recorded then", figure.n);
        decided(limit.verdict(&interval), reason)
    }
}

const NO_OLDER_PROGRAM: &str = "no older program was run beside this one (--program), and speeds of another hour do not compare";

const OTHER_SENTENCES: &str =
    "recorded with other prompts: this program's are new, so the baseline must be too";

/// What does not hang on the hour.
fn is_repeatable(metric: &str) -> bool {
    metric.ends_with("_bytes") || metric == "ppl"
}

fn decided(verdict: Verdict, reason: impl Into<String>) -> Decision {
    Decision {
        verdict,
        reason: reason.into(),
    }
}

fn shown(ratio: &RatioInterval) -> String {
    let bound = |bound: Option<f64>| bound.map_or_else(|| "?".to_owned(), |x| format!("{x:.4}x"));
    format!("{} to {}", bound(ratio.lower), bound(ratio.upper))
}

/// Mean −ln p of a token, text by text in the order of their numbers; none where a text failed.
fn nats<'a>(samples: impl Iterator<Item = &'a Sample>) -> Vec<f64> {
    let mut all: Vec<(u32, Option<f64>)> = samples
        .map(|sample| {
            let mean = match &sample.outcome {
                Outcome::Scored(text) => mean(&text.nats),
                _ => None,
            };
            (sample.slot, mean)
        })
        .collect();
    all.sort_by_key(|(slot, _)| *slot);
    let whole: Option<Vec<f64>> = all.into_iter().map(|(_, mean)| mean).collect();
    whole.unwrap_or_default()
}

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// All texts are equally long, so this is the perplexity of all their tokens.
fn perplexity_of(nats: &[f64]) -> Option<f64> {
    mean(nats).map(libm::exp)
}

/// Hash of the hashes of all prompts by slot.
fn prompt_hash<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<String> {
    let mut all: Vec<(u32, &str)> = samples
        .filter_map(|sample| match &sample.outcome {
            Outcome::Request(request) => Some((sample.slot, request.prompt_hash.as_str())),
            _ => None,
        })
        .collect();
    all.sort_unstable();
    let text: String = all.iter().map(|(_, hash)| *hash).collect();
    (!text.is_empty()).then(|| blake3::hash(text.as_bytes()).to_hex().to_string())
}

impl Recorded {
    /// What a later check may be held against: of a run's cases those that every check does again.
    pub fn of(recording: &Recording, cases: &[CaseFindings]) -> Self {
        let side = recording.plan.sides.first();
        let samples = |id: &'static str| {
            let all = recording.samples.iter();
            all.filter(move |sample| sample.case == id && !sample.warmup)
        };
        let mut recorded = Self {
            at: Some(recording.header.started_at.clone()),
            build: side.and_then(|side| side.program.clone()),
            machine: Some(recording.header.machine.fingerprint.clone()),
            model_sha256: side.and_then(|side| side.model.sha256.clone()),
            ..Self::default()
        };
        for case in cases
            .iter()
            .filter(|case| [ANSWERS, LOAD].contains(&case.case.as_str()))
        {
            let figures = case.metrics.iter().filter_map(|(name, found)| {
                let is_of_load = name == "load_ms";
                let is_wanted = is_of_load == (case.case == LOAD);
                Some((name.clone(), found.summary.filter(|_| is_wanted)?.median))
            });
            recorded.figures.extend(figures);
            if case.case == ANSWERS && case.n_failed == 0 {
                recorded.quality_hash = case.quality_hash.clone();
                recorded.prompt_hash = prompt_hash(samples(ANSWERS));
                recorded.sentences = Some(prompts::sentences_hash());
            }
        }
        recorded.nats = nats(samples(PERPLEXITY));
        if let Some(ppl) = perplexity_of(&recorded.nats) {
            recorded.figures.insert("ppl".to_owned(), ppl);
        }
        recorded
    }
}
