//! Gates of a check with their verdicts, in words that all reports share.

use super::comparison::{as_ratio, interval, words};
use super::figures::{clean, short_hash, with_unit};
use crate::derive::GateFinding;
use crate::metric;
use crate::result_file::ResultFile;
use crate::stats::Verdict;

/// Names of a line's texts.
pub(super) const COLUMNS: [&str; 6] = ["gate", "baseline", "now", "ratio", "interval", "verdict"];

/// A gate in words.
pub(super) struct GateLine<'a> {
    /// The texts of [`COLUMNS`].
    pub(super) cells: [String; 6],
    /// The verdict's word.
    pub(super) word: &'static str,
    /// Why.
    pub(super) reason: &'a str,
}

/// All gates, in the order of the baseline.
pub(super) fn lines(file: &ResultFile) -> Vec<GateLine<'_>> {
    file.findings.gates.iter().map(line).collect()
}

fn line(found: &GateFinding) -> GateLine<'_> {
    let unit = metric::by_name(&found.metric).map_or("", |metric| metric.unit);
    let figure = |value: Option<f64>, hash: &Option<String>| match (value, hash) {
        (_, Some(hash)) => short_hash(hash).to_owned(),
        (Some(value), None) => with_unit(value, unit),
        (None, None) => "–".to_owned(),
    };
    let (mark, word) = words(found.decision.verdict);
    let ratio = found.ratio.as_ref();
    GateLine {
        cells: [
            clean(&found.gate),
            figure(found.baseline, &found.baseline_hash),
            figure(found.found, &found.found_hash),
            ratio.map_or("–".to_owned(), |ratio| as_ratio(ratio.value)),
            ratio.map_or("–".to_owned(), interval),
            format!("{mark} {word}"),
        ],
        word,
        reason: without_limit(&found.decision.reason),
    }
}

/// A reason without the limit that the gate shows already.
fn without_limit(reason: &str) -> &str {
    match reason.split_once("x: ") {
        Some((limit, rest)) if limit.starts_with(['<', '>']) => rest,
        _ => reason,
    }
}

/// What the gates come to, in a sentence.
pub(super) fn summary(file: &ResultFile) -> String {
    let gates = &file.findings.gates;
    let n_of = |verdict| {
        let of_verdict = gates.iter().filter(|gate| gate.decision.verdict == verdict);
        of_verdict.count()
    };
    let n = gates.len();
    let (n_pass, n_fail) = (n_of(Verdict::Pass), n_of(Verdict::Fail));
    let undecided = n - n_pass - n_fail;
    let end = match (n_fail, undecided) {
        (0, 0) => "all are met".to_owned(),
        (0, _) => format!("{n_pass} of {n} are met, {undecided} undecided, none is missed"),
        (1, _) => format!("1 of {n} is missed beyond doubt"),
        _ => format!("{n_fail} of {n} are missed beyond doubt"),
    };
    let recorded = file.recording.plan.check.as_ref();
    let at = recorded.and_then(|check| check.recorded.at.as_deref());
    let at = at.map_or_else(String::new, |at| format!(" of {at}"));
    let name = recorded.map_or("", |check| check.baseline.as_str());
    clean(&format!("against {name}{at}: {end}"))
}
