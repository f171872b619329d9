//! A run of prompts as people and other programs read it: lines, tables, CSV, Markdown, a page.

use lilim_bench::report::page;
use lilim_router::{Candidate, Decision, Evaluation, PromptEntry};

use super::classifier::Sorted;
use super::report::{Group, Report, Spread, Totals};
use super::row::Row;
use crate::terminal::{Align, human_bytes, shortened, table, unknown};

/// Characters of a model's and a category's name in the live table.
const NAME_WIDTH: usize = 20;
const CATEGORY_WIDTH: usize = 18;

/// The head of the live table.
pub(crate) fn row_head() -> String {
    format!(
        "{:>6}  {:CATEGORY_WIDTH$}  {:>5}  {:NAME_WIDTH$}  {:>9}  {:>9}  {:>9}  {:>7}  {:>8}",
        "id", "category", "sure", "model", "classify", "load", "TTFT", "tok/s", "total"
    )
}

/// A prompt's line of the live table.
pub(crate) fn row_line(row: &Row) -> String {
    let mark = match row.is_right() {
        Some(true) => "✓ ",
        Some(false) => "✗ ",
        None => "",
    };
    let category = row.decision.category.as_deref().unwrap_or("–");
    let category = shortened(&format!("{mark}{category}"), CATEGORY_WIDTH);
    let sure = row.decision.confidence.map_or_else(unknown, percent);
    let model = shortened(row.decision.model.as_deref().unwrap_or("–"), NAME_WIDTH);
    let figures = row.figures.as_ref();
    let ttft = figures.and_then(|one| one.ttft_ms).map_or_else(unknown, ms);
    let rate = figures.and_then(|one| one.decode_tps);
    let rate = rate.map_or_else(unknown, |tps| format!("{tps:.0}"));
    let load = match row.load_ms > 0.0 {
        true => ms(row.load_ms),
        false => unknown(),
    };
    let classify = match row.classifier {
        Some(_) => ms(row.classification_ms),
        None => unknown(),
    };
    let line = format!(
        "{:>6}  {category:CATEGORY_WIDTH$}  {sure:>5}  {model:NAME_WIDTH$}  {classify:>9}  {load:>9}  {ttft:>9}  {rate:>7}  {:>8}",
        shortened(&row.id.to_string(), 6),
        ms(row.total_ms),
    );
    match &row.failure {
        Some(failure) => format!("{line}\n        ✗ {failure}"),
        None => line,
    }
}

/// A prompt's decision, for a run that answers nothing.
pub(crate) fn decision_line(index: usize, entry: &PromptEntry, decision: &Decision) -> String {
    let model = decision.model.as_deref().unwrap_or("no model");
    let prompt = shortened(&entry.prompt, 60);
    format!(
        "{} {}: {prompt}\n    → {model}: {}",
        index + 1,
        entry.id,
        decision.reasons.join("; ")
    )
}

/// One decision with everything it was made from.
pub(crate) fn explanation(
    sorted: &Sorted,
    decision: &Decision,
    candidates: &[Candidate],
) -> String {
    let mut text = String::new();
    if let (Some(found), Some(who)) = (&sorted.classification, &sorted.classifier) {
        text += &format!("categories, by {who} in {}:\n", ms(sorted.took_ms));
        for score in &found.scores {
            let bar = "█".repeat((score.probability * 30.0).round() as usize);
            let share = percent(score.probability);
            text += &format!("  {:CATEGORY_WIDTH$} {share:>5} {bar}\n", score.category);
        }
    }
    text += "candidates:\n";
    let rows: Vec<Vec<String>> = candidates
        .iter()
        .map(|one| {
            let measured = one.measured.as_ref();
            let figure = |value: Option<f64>, unit: &str| {
                value.map_or_else(unknown, |value| format!("{value:.0} {unit}"))
            };
            let of = |get: fn(&lilim_router::Measured) -> Option<f64>| measured.and_then(get);
            vec![
                one.name.clone(),
                one.memory_bytes().map_or_else(unknown, human_bytes),
                figure(one.load_ms, "ms"),
                figure(of(|one| one.ttft_p95_ms), "ms"),
                figure(of(|one| one.decode_tps), "tok/s"),
                measured
                    .and_then(|one| one.source.clone())
                    .unwrap_or_else(|| "not measured here".to_owned()),
            ]
        })
        .collect();
    let head = [
        ("model", Align::Left),
        ("memory", Align::Right),
        ("load", Align::Right),
        ("TTFT p95", Align::Right),
        ("writes", Align::Right),
        ("measured", Align::Left),
    ];
    text += &table(&head, &rows);
    text += "\ndecision:\n";
    for reason in &decision.reasons {
        text += &format!("  · {reason}\n");
    }
    let model = decision.model.as_deref().unwrap_or("no model");
    text + &format!("  → {model}")
}

/// What ends a run: totals, models, categories, accuracy.
pub(crate) fn totals(report: &Report<'_>) -> String {
    let mut text = String::from("\n");
    for (name, value) in figures(&report.totals) {
        text += &format!("{name:>26}  {value}\n");
    }
    for (title, groups) in groups(&report.totals) {
        let head: Vec<(&str, Align)> = GROUP_HEAD
            .iter()
            .enumerate()
            .map(|(column, name)| match column {
                0 => (title, Align::Left),
                _ => (*name, Align::Right),
            })
            .collect();
        text += &format!("\n{}\n", table(&head, &groups));
    }
    if let Some(accuracy) = &report.totals.accuracy {
        text += &format!("\n{}", accuracy_text(accuracy));
    }
    for line in baseline_and_skipped(&report.totals) {
        text += &format!("\n{line}");
    }
    for (reason, n) in &report.totals.failures {
        text += &format!("\n✗ {n} failed: {reason}");
    }
    text.trim_end().to_owned()
}

/// What belongs beside the figures: the trivial baseline, and routes that were not taken.
fn baseline_and_skipped(totals: &Totals) -> Vec<String> {
    let keywords = totals.accuracy.as_ref().and(totals.keywords_accuracy);
    let keywords =
        keywords.map(|share| format!("a list of words would reach an accuracy of {share:.3}"));
    let skipped = totals.skipped.iter().map(|route| {
        let near = route.suggestion.as_ref().map_or_else(String::new, |near| {
            format!(" (nearest: {}, {})", near.model, near.reason)
        });
        format!(
            "skipped: {} is routed to {}, which is not installed{near}",
            route.category, route.model
        )
    });
    keywords.into_iter().chain(skipped).collect()
}

/// Named figures of a whole run.
fn figures(totals: &Totals) -> Vec<(&'static str, String)> {
    let spread = |one: &Spread| {
        let p95 = one.p95.map_or_else(
            || "p95 – (93 prompts are needed)".to_owned(),
            |p95| format!("p95 {}", ms(p95)),
        );
        let (mean, p50) = (
            one.mean.map_or_else(unknown, ms),
            one.p50.map_or_else(unknown, ms),
        );
        format!("mean {mean}, p50 {p50}, {p95}, sum {}", ms(one.sum))
    };
    let energy = match (totals.energy_j, &totals.why_no_energy) {
        (Some(joules), _) => format!("{joules:.1} J"),
        (None, why) => format!("– ({})", why.as_deref().unwrap_or("no counter")),
    };
    vec![
        (
            "prompts answered",
            format!(
                "{} ({} tokens in, {} out)",
                totals.n_answered, totals.prompt_tokens, totals.completion_tokens
            ),
        ),
        ("first token", spread(&totals.ttft_ms)),
        ("generation", spread(&totals.generation_ms)),
        ("classification", spread(&totals.classification_ms)),
        ("all in all, a prompt", spread(&totals.total_ms)),
        (
            "tokens/s over everything",
            totals
                .overall_tps
                .map_or_else(unknown, |tps| format!("{tps:.1}")),
        ),
        (
            "models loaded",
            format!(
                "{} times, {} together",
                totals.switches.n,
                ms(totals.switches.sum)
            ),
        ),
        (
            "peak memory",
            totals.peak_rss_bytes.map_or_else(unknown, human_bytes),
        ),
        (
            "CPU time",
            totals.cpu_s.map_or_else(unknown, |s| format!("{s:.2} s")),
        ),
        ("energy", energy),
    ]
}

const GROUP_HEAD: [&str; 6] = [
    "",
    "prompts",
    "TTFT p50",
    "tok/s p50",
    "total mean",
    "tokens mean",
];

/// Rows by model and by category.
fn groups(totals: &Totals) -> [(&'static str, Vec<Vec<String>>); 2] {
    let line = |(name, group): (&String, &Group)| {
        vec![
            name.clone(),
            group.n.to_string(),
            group.ttft_ms.map_or_else(unknown, ms),
            group
                .decode_tps
                .map_or_else(unknown, |tps| format!("{tps:.0}")),
            group.total_ms.map_or_else(unknown, ms),
            group
                .completion_tokens
                .map_or_else(unknown, |n| format!("{n:.0}")),
        ]
    };
    [
        ("model", totals.by_model.iter().map(line).collect()),
        ("category", totals.by_category.iter().map(line).collect()),
    ]
}

/// Accuracy beside its baseline, and the confusion matrix.
pub(crate) fn accuracy_text(found: &Evaluation) -> String {
    let mut text = format!("{}\n", accuracy_line(found));
    let (head, rows) = confusion(found);
    let head: Vec<(&str, Align)> = head
        .iter()
        .enumerate()
        .map(|(column, name)| match column {
            0 => (name.as_str(), Align::Left),
            _ => (name.as_str(), Align::Right),
        })
        .collect();
    text += &table(&head, &rows);
    text
}

fn accuracy_line(found: &Evaluation) -> String {
    let calibration = found.calibration.ece;
    let (low, high) = (found.accuracy_interval.low, found.accuracy_interval.high);
    format!(
        "categories: {} of {} right, accuracy {:.3} ({low:.3}–{high:.3}), macro-F1 {:.3}, calibration error {calibration:.3}; \
         always {}: {:.3}",
        found.n_right,
        found.n,
        found.accuracy,
        found.macro_f1,
        found.majority.label,
        found.majority.accuracy
    )
}

/// Rows are what the file says, columns what was said.
fn confusion(found: &Evaluation) -> (Vec<String>, Vec<Vec<String>>) {
    let mut head = vec!["the file says ↓, classified →".to_owned()];
    let counted = &found.confusion;
    head.extend(counted.labels.iter().cloned());
    let rows = counted.labels.iter().zip(&counted.counts);
    // Labels that no prompt has fill no row.
    let rows = rows.filter(|(_, counts)| counts.iter().any(|&n| n > 0));
    let rows = rows.map(|(label, counts)| {
        let counts = counts.iter().map(usize::to_string);
        [label.clone()].into_iter().chain(counts).collect()
    });
    (head, rows.collect())
}

/// One row a prompt, RFC 4180.
pub(crate) fn csv(report: &Report<'_>) -> anyhow::Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(CSV_HEAD)?;
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for row in report.rows {
        let figures = row.figures.as_ref();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let counted = |value: Option<usize>| value.map_or_else(String::new, |n| n.to_string());
        out.write_record([
            row.id.to_string(),
            text(&row.decision.category),
            text(&row.expected),
            number(row.decision.confidence),
            text(&row.classifier),
            text(&row.decision.model),
            row.decision.reasons.join("; "),
            row.classification_ms.to_string(),
            row.queue_ms.to_string(),
            row.load_ms.to_string(),
            number(figures.and_then(|one| one.ttft_ms)),
            counted(
                figures
                    .filter(|one| !one.untold.n_prompt)
                    .map(|one| one.n_prompt),
            ),
            counted(figures.filter(|one| !one.untold.n_out).map(|one| one.n_out)),
            number(figures.and_then(|one| one.decode_tps)),
            row.total_ms.to_string(),
            number(row.energy_j),
            number(row.cpu_s),
            text(&row.failure),
            text(&row.completion),
        ])?;
    }
    Ok(String::from_utf8(out.into_inner()?)?)
}

const CSV_HEAD: [&str; 19] = [
    "id",
    "category",
    "expected",
    "confidence",
    "classifier",
    "model",
    "reasons",
    "classification_ms",
    "queue_ms",
    "load_ms",
    "ttft_ms",
    "prompt_tokens",
    "completion_tokens",
    "decode_tps",
    "total_ms",
    "energy_j",
    "cpu_s",
    "failure",
    "completion",
];

/// Tables to paste.
pub(crate) fn markdown(report: &Report<'_>) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let table = |head: &[String], rows: &[Vec<String>]| {
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule: Vec<String> = head.iter().map(|_| "---".to_owned()).collect();
        let rows: String = rows.iter().map(|row| line(row)).collect();
        format!("{}{}{rows}\n", line(head), line(&rule))
    };
    let owned = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let mut text = format!(
        "# Routed prompts\n\n{}, {}\n\n",
        report.tool, report.written_at
    );
    let figures: Vec<Vec<String>> = figures(&report.totals)
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    text += &table(&owned(&["figure", "value"]), &figures);
    for (title, rows) in groups(&report.totals) {
        let mut head = owned(&GROUP_HEAD);
        title.clone_into(&mut head[0]);
        text += &table(&head, &rows);
    }
    if let Some(found) = &report.totals.accuracy {
        let (head, rows) = confusion(found);
        text += &format!("{}\n\n{}", accuracy_line(found), table(&head, &rows));
    }
    for line in baseline_and_skipped(&report.totals) {
        text += &format!("- {}\n", cell(&line));
    }
    let (head, rows) = prompt_rows(report);
    text + "\n" + &table(&owned(&head), &rows)
}

const PROMPT_HEAD: [&str; 9] = [
    "id", "prompt", "category", "expected", "sure", "model", "TTFT", "tok/s", "total",
];

/// A line for each prompt.
fn prompt_rows(report: &Report<'_>) -> ([&'static str; 9], Vec<Vec<String>>) {
    let line = |row: &Row| {
        let figures = row.figures.as_ref();
        let prompt = report.job.prompts.get(row.index);
        vec![
            row.id.to_string(),
            prompt.map_or_else(String::new, |entry| shortened(&entry.prompt, 60)),
            row.decision.category.clone().unwrap_or_else(unknown),
            row.expected.clone().unwrap_or_else(unknown),
            row.decision.confidence.map_or_else(unknown, percent),
            match &row.failure {
                Some(failure) => format!("failed: {failure}"),
                None => row.decision.model.clone().unwrap_or_else(unknown),
            },
            figures.and_then(|one| one.ttft_ms).map_or_else(unknown, ms),
            figures
                .and_then(|one| one.decode_tps)
                .map_or_else(unknown, |tps| format!("{tps:.0}")),
            ms(row.total_ms),
        ]
    };
    (PROMPT_HEAD, report.rows.iter().map(line).collect())
}

/// One self-contained page.
pub(crate) fn html(report: &Report<'_>) -> String {
    let n = report.rows.len();
    let mut body = format!(
        "<header>\n<h1>{n} routed prompts</h1>\n<p class=\"muted\">{}, {}</p>\n</header>\n",
        page::escape(&report.tool),
        page::escape(&report.written_at)
    );
    let figures: Vec<Vec<String>> = figures(&report.totals)
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    body += &section(
        "In all",
        &page::table("In all", &[("figure", true), ("value", true)], &figures),
    );
    body += &section("How long each prompt took", &plots(report));
    for (title, rows) in groups(&report.totals) {
        let mut head: Vec<(&str, bool)> = GROUP_HEAD.iter().map(|name| (*name, false)).collect();
        head[0].0 = title;
        let title = format!("By {title}");
        body += &section(&title, &page::table(&title, &head, &rows));
    }
    if let Some(found) = &report.totals.accuracy {
        let (head, rows) = confusion(found);
        let head: Vec<(&str, bool)> = head.iter().map(|name| (name.as_str(), false)).collect();
        let line = format!("<p>{}</p>\n", page::escape(&accuracy_line(found)));
        body += &section(
            "Categories",
            &(line + &page::table("Confusion", &head, &rows)),
        );
    }
    let notes: String = baseline_and_skipped(&report.totals)
        .iter()
        .map(|line| format!("<li>{}</li>\n", page::escape(line)))
        .collect();
    if !notes.is_empty() {
        body += &format!("<ul class=\"plain\">\n{notes}</ul>\n");
    }
    let (head, rows) = prompt_rows(report);
    let words = ["prompt", "model"];
    let head: Vec<(&str, bool)> = head
        .iter()
        .map(|name| (*name, words.contains(name)))
        .collect();
    body += &section("Every prompt", &page::table("Every prompt", &head, &rows));
    page::page("Routed prompts", &body)
}

fn section(title: &str, inside: &str) -> String {
    format!(
        "<section>\n<h2>{}</h2>\n{inside}</section>\n",
        page::escape(title)
    )
}

/// Time to the first token and in all, by model.
fn plots(report: &Report<'_>) -> String {
    let by_model = |value: &dyn Fn(&Row) -> Option<f64>| -> Vec<(String, Vec<f64>)> {
        let names = report.totals.by_model.keys();
        let of = |name: &String| {
            let rows = report.rows.iter();
            let ours = rows.filter(|row| row.decision.model.as_ref() == Some(name));
            (name.clone(), ours.filter_map(value).collect())
        };
        names.map(of).collect()
    };
    let ttft = by_model(&|row| row.figures.as_ref()?.ttft_ms);
    let total = by_model(&|row| Some(row.total_ms));
    page::dot_plot(
        "Time to the first token, by model",
        "From sending the prompt.",
        "ms",
        &ttft,
    ) + &page::dot_plot(
        "All in all, by model",
        "Classification, loading and the whole answer.",
        "ms",
        &total,
    )
}

/// Milliseconds, or seconds from one on.
pub(crate) fn ms(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2} ms"),
        value if value < 1_000.0 => format!("{value:.0} ms"),
        value => format!("{:.2} s", value / 1e3),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}
