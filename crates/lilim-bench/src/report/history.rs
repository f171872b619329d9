//! The results of many runs: a line of JSON for each, only ever appended, and a page made of all.
//!
//! Results of different machines are never put into one trend: each fingerprint has its own table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::facts::{self, Verdict};
use super::figures::{clean, short_hash, title, with_unit};
use super::outline::groups;
use crate::metric::{self, Better};
use crate::result_file::ResultFile;
use crate::stats::{ChangePointOptions, change_points};

/// The version of a line's layout.
pub const SCHEMA: &str = "lilim.bench.history/1";

/// A run in the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`SCHEMA`].
    pub schema: String,
    /// When the run began, RFC 3339.
    pub date: String,
    /// The program.
    pub tool: String,
    /// How it was built; begins with the commit.
    pub build: String,
    /// The machine's fingerprint.
    pub fingerprint: String,
    /// The machine's processor, for people.
    pub cpu: String,
    /// What the run is called.
    pub title: String,
    /// What was changed before it.
    pub change: String,
    /// Medians by case and metric.
    pub figures: BTreeMap<String, BTreeMap<String, f64>>,
    /// Metrics that a page shows, the first of each scenario, as `case metric`.
    pub headline: Vec<String>,
    /// Tested / baseline by metric, where two sides were compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ratios: BTreeMap<String, f64>,
    /// How many targets have each verdict: `PASS`, `FAIL`, `NULL`; gates of a comparison too.
    pub targets: BTreeMap<String, usize>,
    /// Quality hashes by case.
    pub quality: BTreeMap<String, String>,
    /// The result file's hash.
    pub result_hash: String,
}

/// Verdicts of a comparison that are neither.
const UNDECIDED: [&str; 2] = ["INCONCLUSIVE", "UNFIT"];

impl Entry {
    /// The entry of a result.
    pub fn of(file: &ResultFile, title: &str, change: &str) -> Self {
        let header = &file.recording.header;
        let cpu = header.machine.facts.get("cpu").map_or("", String::as_str);
        let mut targets = BTreeMap::new();
        for target in facts::targets(file) {
            *targets.entry(target.verdict.word().to_owned()).or_insert(0) += 1;
        }
        let ratios = file.findings.comparison.iter().flat_map(|one| &one.metrics);
        for decision in ratios.clone().filter_map(|one| one.decision.as_ref()) {
            *targets.entry(decision.verdict.to_string()).or_insert(0) += 1;
        }
        let ratios = ratios.map(|one| (one.metric.clone(), one.ratio.value));
        let quality = file.findings.cases.iter().filter_map(|case| {
            let hash = case.quality_hash.as_ref()?;
            Some((case.case.clone(), hash.clone()))
        });
        Self {
            schema: SCHEMA.to_owned(),
            date: header.started_at.clone(),
            tool: header.tool.clone(),
            build: header.build.clone(),
            fingerprint: header.machine.fingerprint.clone(),
            cpu: clean(cpu),
            title: clean(title),
            change: clean(change),
            figures: figures(file),
            headline: headline(file),
            ratios: ratios.collect(),
            targets,
            quality: quality.collect(),
            result_hash: file.hash.clone(),
        }
    }

    /// The entry as a line of JSON, its end included.
    pub fn line(&self) -> String {
        let line = serde_json::to_string(self).expect("an entry holds nothing that JSON cannot");
        line + "\n"
    }

    /// The entries of a history's text.
    ///
    /// # Errors
    /// The number of the first line that is none, from 1, with what is wrong.
    pub fn parse(text: &str) -> Result<Vec<Self>, (usize, serde_json::Error)> {
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(index, line)| serde_json::from_str(line).map_err(|error| (index + 1, error)))
            .collect()
    }

    fn figure(&self, key: &str) -> Option<f64> {
        let (case, metric) = key.rsplit_once(' ')?;
        self.figures.get(case)?.get(metric).copied()
    }

    fn verdict(&self) -> Verdict {
        let has = |verdict: Verdict| self.targets.contains_key(verdict.word());
        match () {
            () if has(Verdict::Fail) => Verdict::Fail,
            () if UNDECIDED
                .iter()
                .any(|word| self.targets.contains_key(*word)) =>
            {
                Verdict::Null
            }
            () if has(Verdict::Pass) => Verdict::Pass,
            () => Verdict::Null,
        }
    }
}

fn figures(file: &ResultFile) -> BTreeMap<String, BTreeMap<String, f64>> {
    let cases = file.findings.cases.iter().map(|case| {
        let medians = case
            .metrics
            .iter()
            .filter_map(|(metric, found)| Some((metric.clone(), found.summary?.median)));
        (case.case.clone(), medians.collect())
    });
    cases.collect()
}

/// The answer of each group, and what targets are about.
fn headline(file: &ResultFile) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for group in groups(file) {
        let answer = group.answer();
        keys.extend(answer.map(|(metric, case, _)| format!("{} {metric}", case.case)));
    }
    for target in &file.findings.targets {
        let mut targets = file.recording.plan.targets.iter();
        if let Some(plan) = targets.find(|plan| plan.name == target.name) {
            keys.push(format!("{} {}", target.case, plan.metric));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    keys
}

/// `HISTORY.md`: a table and trends for each machine, newest entry first, with the entries from
/// which on a figure has another level.
pub fn page(entries: &[Entry]) -> String {
    let mut text = "# History of measurements\n\nMade from the history's lines; every figure is a \
                    median. Machines are apart: figures of two machines are no trend.\n"
        .to_owned();
    let mut machines: Vec<&str> = Vec::new();
    for entry in entries {
        if !machines.contains(&entry.fingerprint.as_str()) {
            machines.push(&entry.fingerprint);
        }
    }
    for machine in machines {
        let ours = entries.iter().filter(|entry| entry.fingerprint == machine);
        let mut ours: Vec<&Entry> = ours.collect();
        ours.sort_by(|a, b| a.date.cmp(&b.date));
        of_machine(&ours, &mut text);
    }
    text
}

fn of_machine(entries: &[&Entry], text: &mut String) {
    let newest = entries[entries.len() - 1];
    let cpu = match newest.cpu.as_str() {
        "" => "unknown processor",
        cpu => cpu,
    };
    *text += &format!("\n## {} (`{}`)\n", cell(cpu), cell(&newest.fingerprint));
    *text += "\n| date | build | title | change | figures | targets | result |\n";
    *text += "|---|---|---|---|---|---|---|\n";
    for entry in entries.iter().rev() {
        let cells = [
            cell(&entry.date),
            cell(&entry.build),
            cell(&entry.title),
            cell(&entry.change),
            shown(entry),
            verdict(entry),
            format!("`{}`", short_hash(&entry.result_hash)),
        ];
        *text += &format!("| {} |\n", cells.join(" | "));
    }
    let mut keys: Vec<&String> = entries.iter().flat_map(|entry| &entry.headline).collect();
    keys.sort_unstable();
    keys.dedup();
    *text +=
        "\n| figure | trend | first | last | change | new levels |\n|---|---|---:|---:|---|---|\n";
    for key in keys {
        trend(key, entries, text);
    }
}

/// The headline's figures of an entry, one under another.
fn shown(entry: &Entry) -> String {
    let shown = entry.headline.iter().filter_map(|key| {
        let value = with_unit(entry.figure(key)?, unit_of(key));
        Some(format!("{}: {value}", cell(&named(key))))
    });
    let ratios = entry.ratios.iter();
    let ratios = ratios.map(|(name, ratio)| format!("{}: {ratio:.3}x", cell(&title(name))));
    shown.chain(ratios).collect::<Vec<_>>().join("<br>")
}

/// A key in words: the case and the metric.
fn named(key: &str) -> String {
    let (case, name) = key.rsplit_once(' ').unwrap_or((key, ""));
    format!("{case} {}", title(name))
}

fn unit_of(key: &str) -> &'static str {
    let name = key.rsplit_once(' ').map_or(key, |(_, name)| name);
    metric::by_name(name).map_or("", |metric| metric.unit)
}

fn verdict(entry: &Entry) -> String {
    if entry.targets.is_empty() {
        return "–".to_owned();
    }
    let counts = entry.targets.iter();
    let counts: Vec<_> = counts.map(|(word, n)| format!("{n} {word}")).collect();
    let verdict = entry.verdict();
    format!(
        "{} {} ({})",
        verdict.mark(),
        verdict.word(),
        counts.join(", ")
    )
}

fn trend(key: &str, entries: &[&Entry], text: &mut String) {
    let points: Vec<(&Entry, f64)> = entries
        .iter()
        .filter_map(|entry| Some((*entry, entry.figure(key)?)))
        .collect();
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return;
    };
    let changes = change_points(&values, ChangePointOptions::default());
    let changes = changes.unwrap_or_default().into_iter();
    let levels: Vec<_> = changes
        .filter_map(|change| {
            let (entry, _) = points.get(change.index)?;
            let [before, after] = [change.median_before, change.median_after]
                .map(|median| with_unit(median, unit_of(key)));
            let (build, title) = (&entry.build, &entry.title);
            Some(cell(&format!("{before} to {after} with {build} ({title})")))
        })
        .collect();
    let cells = [
        cell(&named(key)),
        sparkline(&values),
        with_unit(*first, unit_of(key)),
        with_unit(*last, unit_of(key)),
        changed(key, &values),
        levels.join("<br>"),
    ];
    *text += &format!("| {} |\n", cells.join(" | "));
}

/// How the last value differs from the first, and whether that is better.
fn changed(key: &str, values: &[f64]) -> String {
    let (&[first, ..], &[.., last], false) = (values, values, values.len() < 2) else {
        return "–".to_owned();
    };
    if first == 0.0 {
        return "–".to_owned();
    }
    let share = last / first - 1.0;
    let name = key.rsplit_once(' ').map_or(key, |(_, name)| name);
    let word = match metric::by_name(name).map(|metric| metric.better) {
        _ if share == 0.0 => "",
        Some(Better::Lower) if share < 0.0 => " better",
        Some(Better::Higher) if share > 0.0 => " better",
        Some(Better::Lower | Better::Higher) => " worse",
        Some(Better::Neither) | None => "",
    };
    format!("{:+.1}%{word}", 100.0 * share)
}

/// Values as a row of blocks, from the smallest to the largest: its lowest block is not zero.
fn sparkline(values: &[f64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let block = |value: &f64| {
        let share = (value - least) / (most - least);
        match share.is_finite() {
            true => BLOCKS[(share * 7.0).round() as usize],
            // All the same.
            false => BLOCKS[3],
        }
    };
    values.iter().map(block).collect()
}

/// Text in a cell of a Markdown table.
fn cell(text: &str) -> String {
    super::markdown::escape(text)
}
