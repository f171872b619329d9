//! What a report says beside its tables: verdicts on targets, what was not measured and why, what
//! failed, the machine.

use std::collections::BTreeMap;

use super::figures::{bound, clean, figure_name, with_unit};
use crate::derive::{CaseFindings, TargetFinding};
use crate::metric::METRICS;
use crate::plan::{Bound, NULL_SERVER, Target};
use crate::result_file::ResultFile;

/// A verdict in a word and a mark, for eyes that see no colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Fail,
    Null,
}

impl Verdict {
    pub(super) fn of(target: &TargetFinding) -> Self {
        match target.is_met {
            Some(true) => Self::Pass,
            Some(false) => Self::Fail,
            None => Self::Null,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Null => "NULL",
        }
    }

    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Pass => "✓",
            Self::Fail => "✗",
            Self::Null => "–",
        }
    }
}

/// A target held against a case, in words.
pub(super) struct TargetLine<'a> {
    pub(super) verdict: Verdict,
    pub(super) name: String,
    pub(super) case: &'a str,
    /// Such as `p95 of ttft_ms ≤ 200 ms`.
    pub(super) asked: String,
    /// The figure, or why there is none.
    pub(super) found: String,
    /// Where the target comes from.
    pub(super) source: String,
}

/// All targets, in the order of the findings.
pub(super) fn targets(file: &ResultFile) -> Vec<TargetLine<'_>> {
    let line = |finding: &'_ TargetFinding| {
        let target = target_of(file, finding);
        let unit = target.map_or("", |target| unit_of(file, &target.metric));
        let asked = target.map_or_else(String::new, |target| {
            let figure = figure_name(target.figure);
            let metric = clean(&target.metric);
            format!("{figure} of {metric} {}", bound(target.bound, unit))
        });
        let why = || clean(finding.why_null.as_deref().unwrap_or("not measured"));
        (
            asked,
            finding
                .value
                .map_or_else(why, |value| with_unit(value, unit)),
            target.map_or_else(String::new, |target| clean(&target.source)),
        )
    };
    let lines = file.findings.targets.iter().map(|finding| {
        let (asked, found, source) = line(finding);
        TargetLine {
            verdict: Verdict::of(finding),
            name: clean(&finding.name),
            case: &finding.case,
            asked,
            found,
            source,
        }
    });
    lines.collect()
}

fn target_of<'a>(file: &'a ResultFile, finding: &TargetFinding) -> Option<&'a Target> {
    let case = file
        .findings
        .cases
        .iter()
        .find(|case| case.case == finding.case)?;
    let mut targets = file.recording.plan.targets.iter();
    targets.find(|target| target.name == finding.name && target.applies_to(&case.case))
}

fn unit_of<'a>(file: &'a ResultFile, metric: &str) -> &'a str {
    let known = METRICS.iter().find(|known| known.name == metric);
    let found = || {
        let mut cases = file.findings.cases.iter();
        cases.find_map(|case| Some(case.metrics.get(metric)?.unit.as_str()))
    };
    known.map(|known| known.unit).or_else(found).unwrap_or("")
}

/// The bar that a target sets for a metric of a case.
pub(super) fn bar(file: &ResultFile, case: &CaseFindings, metric: &str) -> Option<f64> {
    let mut targets = file.recording.plan.targets.iter();
    let target = targets.find(|target| target.metric == metric && target.applies_to(&case.case))?;
    Some(match target.bound {
        Bound::AtLeast(value) | Bound::AtMost(value) => value,
    })
}

/// Something that was not measured.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unmeasured {
    /// A case, or a metric.
    pub(super) what: String,
    /// Why not.
    pub(super) why: String,
    /// How many cases it is so in; 0 for a case itself.
    pub(super) n_cases: usize,
}

/// What was not measured and why: cases left out or cut short, then metrics.
pub(super) fn unmeasured(file: &ResultFile) -> Vec<Unmeasured> {
    let plan = &file.recording.plan;
    let of_case = |what: &str, why: String| Unmeasured {
        what: clean(what),
        why: clean(&why),
        n_cases: 0,
    };
    let left_out = plan.left_out.iter();
    let mut all: Vec<_> = left_out
        .map(|left| of_case(&left.case, left.reason.clone()))
        .collect();
    for (case, found) in plan.cases.iter().zip(&file.findings.cases) {
        let n_asked = case.n_samples as usize;
        if found.n_samples + found.n_failed < n_asked {
            let n_made = found.n_samples;
            let why = case.budget_s.map_or_else(String::new, |seconds| {
                format!(": its {seconds} s were over")
            });
            all.push(of_case(
                &case.id,
                format!("{n_made} of {n_asked} samples were made{why}"),
            ));
        }
    }
    let mut metrics: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for case in &file.findings.cases {
        for (metric, found) in &case.metrics {
            if let (None, Some(why)) = (&found.summary, &found.why_null) {
                *metrics.entry((metric, why)).or_default() += 1;
            }
        }
    }
    all.extend(
        metrics
            .into_iter()
            .map(|((what, why), n_cases)| Unmeasured {
                what: clean(what),
                why: clean(why),
                n_cases,
            }),
    );
    all
}

/// A case's failures: how many, and the reasons with how often each was given.
pub(super) fn failures(case: &CaseFindings) -> Option<String> {
    if case.n_failed == 0 {
        return None;
    }
    let reasons = case.failures.iter();
    let reasons: Vec<_> = reasons
        .map(|(reason, n)| format!("{n} × {}", clean(reason)))
        .collect();
    let n_all = case.n_failed + case.n_samples;
    Some(format!(
        "{} of {n_all} failed: {}",
        case.n_failed,
        reasons.join("; ")
    ))
}

/// What was measured, in one line.
pub(super) fn headline(file: &ResultFile) -> String {
    let sides = file.recording.plan.sides.iter();
    let sides: Vec<_> = sides
        .filter(|side| side.name != NULL_SERVER)
        .map(|side| {
            let (model, weights) = (&side.model.name, &side.model.quantization);
            clean(&format!("{} on {model} {weights}", side.name))
        })
        .collect();
    match sides.len() {
        0 => "nothing".to_owned(),
        1..=3 => sides.join(", "),
        n => {
            let models = file.recording.plan.sides.iter().map(|side| {
                let (model, weights) = (&side.model.name, &side.model.quantization);
                clean(&format!("{model} {weights}"))
            });
            let models: std::collections::BTreeSet<String> = models.collect();
            let models: Vec<String> = models.into_iter().collect();
            format!("{}: {n} sides", models.join(", "))
        }
    }
}

/// The machine, facts that matter most first.
pub(super) fn machine(file: &ResultFile) -> Vec<(String, String)> {
    const FIRST: [&str; 8] = [
        "cpu",
        "cores",
        "levels",
        "memory_bytes",
        "os",
        "kernel",
        "governor",
        "load_1m",
    ];
    let facts = &file.recording.header.machine.facts;
    let named = FIRST.iter().filter_map(|name| facts.get_key_value(*name));
    let others = facts
        .iter()
        .filter(|(name, _)| !FIRST.contains(&name.as_str()));
    let shown = named.chain(others).map(|(name, value)| {
        let bytes = name.strip_suffix("_bytes");
        match (bytes, value.parse::<f64>()) {
            (Some(name), Ok(n_bytes)) => (clean(name), with_unit(n_bytes, "bytes")),
            _ => (clean(name).replace('_', " "), clean(value)),
        }
    });
    shown.collect()
}

/// One line of header facts: program, build, time, fingerprint.
pub(super) fn origin(file: &ResultFile) -> String {
    let header = &file.recording.header;
    clean(&format!(
        "{} ({}), {}, seed {}, machine {}",
        header.tool,
        header.build,
        header.started_at,
        file.recording.plan.seed,
        header.machine.fingerprint
    ))
}
