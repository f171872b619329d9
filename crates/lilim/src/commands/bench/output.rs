//! Where results go and what people see of them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use lilim_bench::derive::{
    CaseFindings, ComparisonFindings, Consistency, MetricRatio, RatioInterval,
};
use lilim_bench::result_file::ResultFile;

use crate::arguments::{Format, RunFlags};
use crate::config::Config;
use crate::exit::UsageError;
use crate::terminal::{Align, table, unknown};

/// The files of a run.
pub(crate) struct Place {
    /// The result.
    pub(crate) result: PathBuf,
    /// Samples as they are made, until the result is written.
    pub(crate) journal: PathBuf,
}

impl Place {
    /// The file that was asked for, or one named by scenario and time.
    pub(crate) fn of(flags: &RunFlags, scenario: &str, config: &Config) -> anyhow::Result<Self> {
        let result = match &flags.output {
            Some(path) if path.extension().is_some() && !path.is_dir() => path.clone(),
            folder => {
                let default = config.home.join("bench");
                let folder = folder.as_ref().unwrap_or(&default);
                let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ");
                folder.join(format!("{now}-{scenario}.json"))
            }
        };
        if let Some(extension) = result.extension().filter(|extension| *extension != "json") {
            let extension = extension.to_string_lossy();
            let reason = format!(
                "--output is the JSON file, not .{extension}; --format {extension} writes others beside it"
            );
            return Err(UsageError(reason).into());
        }
        let folder = result.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self {
            journal: result.with_extension("jsonl"),
            result,
        })
    }
}

/// Writes the result and its other formats, each in one step: a file is whole or not there.
pub(crate) fn write(result: &ResultFile, place: &Place, _formats: &[Format]) -> anyhow::Result<()> {
    let text = serde_json::to_string(result).context("writing JSON")?;
    write_whole(&place.result, &text)
}

fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, text)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("writing {}", path.display()))
}

/// The findings as tables.
pub(crate) fn for_people(result: &ResultFile) -> String {
    match &result.findings.comparison {
        Some(found) => comparison(found),
        None => figures(result),
    }
}

/// A comparison: the proof, the ratios, the verdicts.
fn comparison(found: &ComparisonFindings) -> String {
    let mut lines = vec![format!("{} against {}", found.tested, found.baseline)];
    let differ = match found.differ_in.as_slice() {
        [] => "nothing: the same side twice".to_owned(),
        several => several.join(", "),
    };
    lines.push(format!("differ in: {differ}"));
    let equality = found
        .equality
        .holds
        .iter()
        .map(|fact| format!("  = {fact}"));
    lines.extend(equality);
    if !found.equality.refusals.is_empty() {
        let refusals = found
            .equality
            .refusals
            .iter()
            .map(|fact| format!("  ✗ {fact}"));
        lines.extend(refusals);
        lines.push("no ratio is given: the two sides did not do the same work".to_owned());
        return lines.join("\n");
    }
    lines.push(answers(&found.consistency));
    lines.push(format!(
        "{} rounds, {} of them on a machine that had drifted",
        found.n_rounds,
        found.drifted_rounds.len()
    ));
    let head = [
        ("metric", Align::Left),
        ("tested", Align::Right),
        ("baseline", Align::Right),
        ("ratio", Align::Right),
        ("interval", Align::Left),
        ("A/A", Align::Left),
        ("limit", Align::Left),
        ("verdict", Align::Left),
    ];
    let rows: Vec<_> = found.metrics.iter().map(ratio_row).collect();
    lines.push(String::new());
    lines.push(table(&head, &rows));
    let reasons = found.metrics.iter().filter_map(|one| {
        let decision = one.decision.as_ref()?;
        Some(format!(
            "{}: {} — {}",
            one.metric, decision.verdict, decision.reason
        ))
    });
    lines.push(String::new());
    lines.extend(reasons);
    lines.join("\n")
}

fn answers(found: &Consistency) -> String {
    let equal = format!("{} of {} answers equal", found.n_equal, found.n_answers);
    let divergence = found.first_divergence.map_or_else(String::new, |at| {
        format!(", the first difference at token {at}")
    });
    format!(
        "{equal}{divergence}; the baseline repeats itself in {} of {}",
        found.n_equal_to_itself, found.n_answers
    )
}

fn ratio_row(one: &MetricRatio) -> Vec<String> {
    let number = |value: f64| match value.abs() {
        large if large >= 1e6 => format!("{:.1} M", value / 1e6),
        large if large >= 100.0 => format!("{value:.0}"),
        _ => format!("{value:.3}"),
    };
    let interval = |ratio: &RatioInterval| {
        let bound = |bound: Option<f64>| bound.map_or_else(unknown, |value| format!("{value:.3}"));
        let sure = ratio
            .confidence
            .map_or_else(String::new, |sure| format!(" ({:.1}%)", 100.0 * sure));
        format!("{}–{}{sure}", bound(ratio.lower), bound(ratio.upper))
    };
    vec![
        one.metric.clone(),
        number(one.tested_median),
        number(one.baseline_median),
        format!("{:.3}×", one.ratio.value),
        interval(&one.ratio),
        interval(&one.noise_floor),
        one.limit.map_or_else(unknown, |limit| limit.to_string()),
        one.decision
            .as_ref()
            .map_or_else(unknown, |decision| decision.verdict.to_string()),
    ]
}

fn figures(result: &ResultFile) -> String {
    let head = [
        ("case", Align::Left),
        ("metric", Align::Left),
        ("n", Align::Right),
        ("median", Align::Right),
        ("p95", Align::Right),
        ("min", Align::Right),
        ("max", Align::Right),
        ("unit", Align::Left),
    ];
    let rows: Vec<_> = result.findings.cases.iter().flat_map(rows_of).collect();
    table(&head, &rows)
}

fn rows_of(case: &CaseFindings) -> impl Iterator<Item = Vec<String>> + '_ {
    case.metrics.iter().filter_map(|(name, metric)| {
        let summary = metric.summary?;
        let number = |value: f64| format!("{value:.3}");
        Some(vec![
            case.case.clone(),
            name.clone(),
            summary.n.to_string(),
            number(summary.median),
            summary.p95.map_or_else(unknown, number),
            number(summary.min),
            number(summary.max),
            metric.unit.clone(),
        ])
    })
}
