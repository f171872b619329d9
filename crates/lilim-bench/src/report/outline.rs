//! Which figures all reports show, and in which order: groups of cases and their tables.

use super::Detail;
use super::figures::{Scale, clean};
use crate::derive::{CaseFindings, MetricFindings};
use crate::metric::{self, Better, METRICS};
use crate::plan::CLIENT_CASE;
use crate::result_file::ResultFile;
use crate::stats::{MIN_SAMPLES_P90, MIN_SAMPLES_P95, MIN_SAMPLES_P99, Summary};

/// The cases of a scenario, or of one kind of probe.
pub(super) struct Group<'a> {
    /// The scenario's name; for probes the beginning of their ids.
    pub(super) name: &'a str,
    /// Its cases, in the plan's order.
    pub(super) cases: Vec<&'a CaseFindings>,
    /// Metrics that targets name.
    targeted: Vec<&'a str>,
}

/// The metrics that answer what a scenario asks, the first being its answer in short; a scenario
/// that is not here shows all.
const KEY_METRICS: &[(&str, &[&str])] = &[
    (
        "ttft",
        &[
            "ttft_ms",
            "start_to_first_token_ms",
            "client_prefill_tps",
            "peak_rss_bytes",
        ],
    ),
    (
        "load",
        &[
            "load_ms",
            "process_ms",
            "load_ask_ms",
            "load_open_ms",
            "load_weights_ms",
            "load_prepare_ms",
        ],
    ),
    (
        "throughput",
        &[
            "output_throughput_tps",
            "ttft_ms",
            "itl_ms",
            "e2e_ms",
            "steady_throughput_tps",
            "requests_per_s",
            "goodput_per_s",
        ],
    ),
    (
        "sustained",
        &[
            "sustained_tps",
            "itl_ms",
            "retention",
            "time_to_95_s",
            "temperature_c",
            "cpu_mhz",
            "energy_j",
            "energy_per_token_j",
            "peak_rss_bytes",
        ],
    ),
    (
        "memory",
        &[
            "peak_rss_bytes",
            "rss_anon_bytes",
            "rss_file_bytes",
            "n_processes",
        ],
    ),
    ("size", &["binary_bytes"]),
    (
        "quality",
        &["ppl", "decode_tps", "client_prefill_tps", "peak_rss_bytes"],
    ),
    ("idle", &["idle_power_w"]),
    (
        "kernels",
        &["share_of_limit", "gb_per_s", "gop_per_s", "call_ns"],
    ),
    // The rest stands in the ranked tables.
    ("matrix", &["e2e_ms"]),
    // What a setting gives is no figure; it has a table of its own.
    ("determinism", &[]),
    ("client", &["ttft_ms", "itl_ms", "e2e_ms"]),
    // An arm's requests are of two kinds: their figures together say nothing, their ratios do.
    ("compare", &[]),
];

/// Groups of a file's cases, in the order in which they first come.
pub(super) fn groups(file: &ResultFile) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for case in &file.findings.cases {
        let name = match case.scenario.as_str() {
            _ if case.case == CLIENT_CASE => "client",
            "probe" => case.case.split('/').next().unwrap_or_default(),
            // Loading is a column of its tables.
            "load" if case.case.starts_with("matrix/") => "matrix",
            scenario => scenario,
        };
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.cases.push(case),
            None => groups.push(Group {
                name,
                cases: vec![case],
                targeted: Vec::new(),
            }),
        }
    }
    for group in &mut groups {
        let targets = file.recording.plan.targets.iter();
        let ours =
            targets.filter(|target| group.cases.iter().any(|case| target.applies_to(&case.case)));
        group.targeted = ours.map(|target| target.metric.as_str()).collect();
    }
    groups
}

impl<'a> Group<'a> {
    /// A case's id without what it shares with all others of the group.
    pub(super) fn label(&self, case: &CaseFindings) -> String {
        let id = case.case.strip_prefix(self.name).unwrap_or(&case.case);
        let id = match id.strip_prefix('/') {
            Some(rest) if !rest.is_empty() => rest,
            _ => &case.case,
        };
        // The ids of a matrix name the side.
        match self.has_one_side() || self.name == "matrix" {
            true => clean(id),
            false => clean(&format!("{id} · {}", case.side)),
        }
    }

    /// Whether the sides need not be told apart.
    pub(super) fn has_one_side(&self) -> bool {
        let mut sides = self.cases.iter().map(|case| &case.side);
        let first = sides.next();
        sides.all(|side| Some(side) == first)
    }

    /// Metrics of any of its cases, in the order of the table of metrics.
    pub(super) fn metrics(&self, detail: Detail) -> Vec<&'a str> {
        let all = self.cases.iter().flat_map(|case| case.metrics.keys());
        let mut names: Vec<&str> = all.map(String::as_str).collect();
        let place = |name: &str| METRICS.iter().position(|metric| metric.name == name);
        names.sort_by_key(|name| (place(name).unwrap_or(METRICS.len()), *name));
        names.dedup();
        let key = KEY_METRICS.iter().find(|(group, _)| *group == self.name);
        if let (Detail::Key, Some((_, key))) = (detail, key) {
            names.retain(|name| key.contains(name) || self.targeted.contains(name));
        }
        names
    }

    /// Whether it has a key metric, or a failure.
    pub(super) fn is_shown(&self) -> bool {
        let mut cases = self.cases.iter();
        !self.metrics(Detail::Key).is_empty() || cases.any(|case| case.n_failed > 0)
    }

    /// What it is called in a heading.
    pub(super) fn title(&self) -> String {
        const TITLES: &[(&str, &str)] = &[
            ("ttft", "Time to first token"),
            ("throughput", "Throughput"),
            ("load", "Loading a model"),
            ("sustained", "Sustained generation"),
            ("memory", "Memory"),
            ("quality", "Fixed prompts and texts"),
            ("size", "Size of the program"),
            ("idle", "The idle machine"),
            ("matrix", "Requests of the matrix"),
            ("kernels", "Kernels"),
            ("ipc", "Messages between processes"),
        ];
        let titled = TITLES.iter().find(|(name, _)| *name == self.name);
        titled.map_or_else(|| clean(self.name), |(_, title)| (*title).to_owned())
    }

    /// Its answer in short: the first of its key metrics that was measured, in the case that shows
    /// it best: most memory, the highest rate, otherwise the first.
    pub(super) fn answer(&self) -> Option<(&'a str, &'a CaseFindings, Summary)> {
        if self.name == "kernels" {
            // Ops have nothing in common but the memory that most of them wait for: the first limit.
            return self.cases.iter().find_map(|case| {
                let (metric, found) = case.metrics.get_key_value("gb_per_s")?;
                Some((metric.as_str(), *case, found.summary?))
            });
        }
        let all = self.metrics(Detail::Key);
        let key = KEY_METRICS.iter().find(|(group, _)| *group == self.name);
        let key = key.map_or([].as_slice(), |(_, key)| key);
        let first = key
            .iter()
            .find_map(|key| all.iter().find(|name| *name == key));
        let wanted = ["share_of_limit"];
        let share = wanted
            .iter()
            .find_map(|key| all.iter().find(|name| *name == key));
        let metrics = first.into_iter().chain(share).chain(&all);
        metrics.into_iter().find_map(|metric| {
            let found = self.cases.iter().filter_map(|case| {
                let found = case.metrics.get(*metric)?;
                Some((*metric, *case, found.summary?, found.unit.as_str()))
            });
            let is_higher =
                metric::by_name(metric).map(|known| known.better) == Some(Better::Higher);
            let mut found: Vec<_> = found.collect();
            if is_higher || found.iter().any(|(.., unit)| *unit == "bytes") {
                // Stable, and the first of equals.
                found.sort_by(|a, b| b.2.median.total_cmp(&a.2.median));
            }
            let (metric, case, summary, _) = found.into_iter().next()?;
            Some((metric, case, summary))
        })
    }

    /// Its figures: a table for each unit, in it the cases of each metric.
    pub(super) fn tables(&self, detail: Detail) -> Vec<Table<'a>> {
        let mut tables: Vec<(&str, Vec<Row<'a>>)> = Vec::new();
        for metric in self.metrics(detail) {
            for case in &self.cases {
                let Some(found) = case.metrics.get(metric) else {
                    continue;
                };
                let row = Row {
                    metric,
                    label: self.label(case),
                    found,
                };
                match tables.iter_mut().find(|(unit, _)| *unit == found.unit) {
                    Some((_, rows)) => rows.push(row),
                    None => tables.push((&found.unit, vec![row])),
                }
            }
        }
        tables.into_iter().map(Table::of).collect()
    }
}

/// Figures of one unit.
pub(super) struct Table<'a> {
    /// The unit.
    pub(super) scale: Scale,
    /// The rows, a metric's cases one after another.
    pub(super) rows: Vec<Row<'a>>,
}

impl<'a> Table<'a> {
    fn of((unit, rows): (&str, Vec<Row<'a>>)) -> Self {
        let medians = rows.iter().filter_map(|row| row.found.summary);
        let sizes = medians.map(|summary| summary.median.abs());
        let sizes: Vec<f64> = sizes.filter(|size| *size > 0.0).collect();
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        // The unit fits the largest, unless it would leave nothing of the smallest.
        let smallest = sizes.iter().copied().fold(largest, f64::min);
        Self {
            scale: Scale::of(unit, largest.min(10.0 * smallest)),
            rows,
        }
    }
}

/// One metric of one case.
pub(super) struct Row<'a> {
    /// The metric's name.
    pub(super) metric: &'a str,
    /// What the case is called within its group.
    pub(super) label: String,
    /// What was found.
    pub(super) found: &'a MetricFindings,
}

/// Columns of a row after metric and case.
pub(super) const COLUMNS: [&str; 6] = ["n", "median", "p95", "p99", "min–max", "std dev"];

impl Row<'_> {
    /// The texts of [`COLUMNS`]; a missing figure is a dash with the mark of its reason.
    pub(super) fn cells(&self, scale: &Scale, notes: &mut Notes) -> [String; 6] {
        let Some(summary) = self.found.summary else {
            let why = self.found.why_null.as_deref().unwrap_or("not measured");
            let dash = format!("–{}", notes.mark(&clean(why)));
            let mut cells = [(); 6].map(|()| "–".to_owned());
            cells[0] = "0".to_owned();
            cells[1] = dash;
            return cells;
        };
        let mut bounded = |value: Option<f64>, percent: u8, least: usize| match value {
            Some(value) => scale.show(value),
            None => {
                let why = format!("p{percent} needs {least} samples");
                format!("–{}", notes.mark(&why))
            }
        };
        let p95 = bounded(summary.p95, 95, MIN_SAMPLES_P95);
        let p99 = bounded(summary.p99, 99, MIN_SAMPLES_P99);
        // What rounding leaves of equal samples is no scatter.
        let scatter = |std_dev: f64| match std_dev < 1e-9 * summary.mean.abs() {
            true => "0".to_owned(),
            false => scale.show(std_dev),
        };
        let range = match summary.n {
            1 => "–".to_owned(),
            _ => format!("{}–{}", scale.show(summary.min), scale.show(summary.max)),
        };
        [
            summary.n.to_string(),
            scale.show(summary.median),
            p95,
            p99,
            range,
            summary.std_dev.map_or("–".to_owned(), scatter),
        ]
    }
}

/// Reasons for missing figures, numbered as they come.
#[derive(Default)]
pub(super) struct Notes {
    /// The reasons; the first is number 1.
    pub(super) reasons: Vec<String>,
}

impl Notes {
    /// The mark of a reason, such as `²`.
    pub(super) fn mark(&mut self, why: &str) -> String {
        let known = self.reasons.iter().position(|reason| reason == why);
        let index = known.unwrap_or_else(|| {
            self.reasons.push(why.to_owned());
            self.reasons.len() - 1
        });
        superscript(index + 1)
    }
}

/// A number in raised digits.
pub(super) fn superscript(n: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = n.to_string();
    let raised = digits
        .bytes()
        .map(|digit| DIGITS[usize::from(digit - b'0')]);
    raised.collect()
}

/// All figures of a summary by the names of columns in files.
pub(super) fn summary_columns(summary: Option<&Summary>) -> [(&'static str, Option<f64>); 8] {
    let figure = |figure: fn(&Summary) -> Option<f64>| summary.and_then(figure);
    [
        ("mean", figure(|all| Some(all.mean))),
        ("median", figure(|all| Some(all.median))),
        ("p90", figure(|all| all.p90)),
        ("p95", figure(|all| all.p95)),
        ("p99", figure(|all| all.p99)),
        ("min", figure(|all| Some(all.min))),
        ("max", figure(|all| Some(all.max))),
        ("std_dev", figure(|all| all.std_dev)),
    ]
}

/// What bounds the percentiles that a summary may lack.
pub(super) fn why_no_percentile() -> String {
    format!(
        "p90 needs {MIN_SAMPLES_P90} samples, p95 {MIN_SAMPLES_P95}, p99 {MIN_SAMPLES_P99}: with \
         fewer it would be the accident of one of them"
    )
}
