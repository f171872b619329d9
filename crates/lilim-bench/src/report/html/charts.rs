//! Which plots a group of cases gets, by what was found: a scenario or metric that is not known
//! here is drawn too, as dots.

use super::levels;
use super::plot::{BarRow, DotRow, Line, Words, bars, dots, lines};
use super::samples::Samples;
use crate::derive::CaseFindings;
use crate::plan::{Arrivals, Case, Delivery, Work};
use crate::report::Detail;
use crate::report::facts::bar;
use crate::report::figures::{clean, heading, meaning, title};
use crate::report::grid::Grid;
use crate::report::outline::Group;
use crate::result_file::ResultFile;

/// How many metrics of a group are drawn as dots.
const MOST_DOT_PLOTS: usize = 3;

/// All plots of a group.
pub(super) fn charts(file: &ResultFile, group: &Group<'_>) -> String {
    let mut text = over_time(group);
    text += &by_concurrency(file, group);
    let shares = Grid::of(group).map_or_else(String::new, |grid| levels::levels(&grid));
    // Shares say more than times of calls that have nothing in common.
    if shares.is_empty() {
        text += &distributions(file, group);
    }
    for stack in STACKS.iter().filter(|stack| stack.group == group.name) {
        text += &stacked(group, stack);
    }
    text + &shares
}

/// Parts that add up.
struct Stack {
    /// The group whose subject they are.
    group: &'static str,
    /// What they are together.
    title: &'static str,
    caption: &'static str,
    /// Metrics.
    parts: &'static [&'static str],
}

const STACKS: &[Stack] = &[
    Stack {
        group: "ttft",
        title: "From starting the process to the first token",
        caption: "Medians of each part. The end of the bar is what a person waits for a first answer.",
        parts: &[
            "process_ms",
            "load_ask_ms",
            "load_open_ms",
            "load_weights_ms",
            "load_prepare_ms",
            "ttft_ms",
        ],
    },
    Stack {
        group: "load",
        title: "Loading, part by part",
        caption: "Medians of each part, from starting the process to a model that is ready.",
        parts: &[
            "process_ms",
            "load_ask_ms",
            "load_open_ms",
            "load_weights_ms",
            "load_prepare_ms",
        ],
    },
    Stack {
        group: "memory",
        title: "Resident memory",
        caption: "Anonymous memory belongs to the process alone; pages of files may be shared and \
                  the system may take them back.",
        parts: &["rss_anon_bytes", "rss_file_bytes"],
    },
];

fn median(case: &CaseFindings, metric: &str) -> Option<f64> {
    Some(case.metrics.get(metric)?.summary?.median)
}

/// Bars of parts, for cases that have the first and the last.
fn stacked(group: &Group<'_>, stack: &Stack) -> String {
    let parts = stack.parts;
    let has = |case: &CaseFindings, metric: Option<&&str>| {
        metric.is_some_and(|metric| median(case, metric).is_some())
    };
    let rows: Vec<BarRow> = group
        .cases
        .iter()
        .filter(|case| has(case, parts.first()) && has(case, parts.last()))
        .map(|case| BarRow {
            label: group.label(case),
            parts: parts
                .iter()
                .map(|part| median(case, part).unwrap_or(0.0))
                .collect(),
        })
        .collect();
    let Some(unit) = unit_of(group, parts[0]).filter(|_| !rows.is_empty()) else {
        return String::new();
    };
    let names: Vec<String> = parts.iter().map(|part| title(part)).collect();
    let words = Words {
        title: stack.title.to_owned(),
        caption: stack.caption.to_owned(),
        explains_dots: false,
    };
    bars(&words, unit, &names, &rows)
}

fn unit_of<'a>(group: &Group<'a>, metric: &str) -> Option<&'a str> {
    let mut found = group
        .cases
        .iter()
        .filter_map(|case| case.metrics.get(metric));
    found.next().map(|found| found.unit.as_str())
}

/// Figures over time.
fn over_time(group: &Group<'_>) -> String {
    let mut text = String::new();
    let mut metrics: Vec<&str> = Vec::new();
    for series in group.cases.iter().flat_map(|case| &case.series) {
        if !metrics.contains(&series.metric.as_str()) {
            metrics.push(&series.metric);
        }
    }
    for metric in metrics {
        let mut found = Vec::new();
        let mut step_s = 0.0;
        for case in &group.cases {
            let ours = case.series.iter().filter(|series| series.metric == metric);
            for series in ours.filter(|series| !series.values.is_empty()) {
                step_s = series.step_s;
                let values = series.values.iter().enumerate();
                found.push(Line {
                    name: group.label(case),
                    points: values
                        .map(|(index, &value)| ((index + 1) as f64 * step_s, value))
                        .collect(),
                });
            }
        }
        if found.is_empty() {
            continue;
        }
        let unit = unit_of(group, metric).unwrap_or("");
        let words = Words {
            title: format!("{} over time", heading(metric)),
            caption: format!(
                "{} Each point stands at the end of a step of {step_s} s. A line that falls shows \
                 heat or other work on the machine.",
                meaning(metric)
            ),
            explains_dots: false,
        };
        text += &lines(&words, ("seconds", unit), &found);
    }
    text
}

/// Throughput by the number of clients, for closed loops; bars for what is no such number.
fn by_concurrency(file: &ResultFile, group: &Group<'_>) -> String {
    const METRIC: &str = "output_throughput_tps";
    let mut found: Vec<Line> = Vec::new();
    let mut alone = Vec::new();
    for case in &group.cases {
        let Some(value) = median(case, METRIC) else {
            continue;
        };
        let mut plan = file.recording.plan.cases.iter();
        let plan = plan.find(|plan| plan.id == case.case);
        match plan.and_then(load_of) {
            Some((load, clients)) => {
                let name = match group.has_one_side() {
                    true => load,
                    false => clean(&format!("{load}, {}", case.side)),
                };
                match found.iter_mut().find(|line| line.name == name) {
                    Some(line) => line.points.push((clients, value)),
                    None => found.push(Line {
                        name,
                        points: vec![(clients, value)],
                    }),
                }
            }
            None => alone.push(BarRow {
                label: group.label(case),
                parts: vec![value],
            }),
        }
    }
    for line in &mut found {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let words = |end: &str| Words {
        title: format!("Tokens a second {end}"),
        caption: meaning(METRIC).to_owned(),
        explains_dots: false,
    };
    let mut text = String::new();
    if !found.is_empty() {
        let units = ("clients at once", "tokens/s");
        text += &lines(&words("by the number of clients"), units, &found);
    }
    if !alone.is_empty() {
        let names = [title(METRIC)];
        text += &bars(
            &words("where requests come at random"),
            "tokens/s",
            &names,
            &alone,
        );
    }
    text
}

/// What a closed loop's requests are, and its clients.
fn load_of(plan: &Case) -> Option<(String, f64)> {
    let Work::Throughput {
        shape,
        arrivals: Arrivals::Closed { concurrency },
        delivery,
        ..
    } = &plan.work
    else {
        return None;
    };
    let taken = match delivery {
        Delivery::Streamed => "token by token",
        Delivery::Whole => "whole",
    };
    let (n_prompt, n_out) = (shape.n_prompt, shape.n_out);
    let name = format!("{n_prompt} + {n_out} tokens, {taken}");
    Some((name, f64::from(*concurrency)))
}

/// Dots of the first metrics that have several samples.
fn distributions(file: &ResultFile, group: &Group<'_>) -> String {
    let samples: Vec<_> = group
        .cases
        .iter()
        .map(|case| (*case, Samples::of(file, case)))
        .collect();
    let mut text = String::new();
    let mut n_drawn = 0;
    let is_part = |metric: &str| {
        let mut parts = STACKS.iter().flat_map(|stack| stack.parts);
        metric != "ttft_ms" && parts.any(|part| *part == metric)
    };
    let metrics = group.metrics(Detail::Key).into_iter();
    for metric in metrics.filter(|metric| !is_part(metric)) {
        let rows = samples.iter().filter_map(|(case, samples)| {
            let values = samples.values(metric, case)?;
            (values.len() > 1).then_some(DotRow {
                label: group.label(case),
                values,
                summary: case.metrics.get(metric)?.summary?,
                bar: bar(file, case, metric),
            })
        });
        let rows: Vec<_> = rows.collect();
        let varies = |row: &DotRow<'_>| row.summary.min < row.summary.max;
        let Some(unit) = unit_of(group, metric).filter(|_| rows.iter().any(varies)) else {
            continue;
        };
        let words = Words {
            title: heading(metric),
            caption: meaning(metric).to_owned(),
            explains_dots: n_drawn == 0,
        };
        text += &dots(&words, unit, &rows);
        n_drawn += 1;
        if n_drawn == MOST_DOT_PLOTS {
            break;
        }
    }
    text
}
