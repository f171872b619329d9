//! A run of prompts as files: CSV for other programs, Markdown to paste, one HTML page.

use lilim_bench::report::page;

use super::report::{Report, ThrownAway};
use super::row::Row;
use super::text::{
    GroupTable, accuracy_line, baseline_and_skipped, confusion, definitions, figures, groups, ms,
    percent,
};
use crate::metrics::Figures;
use crate::terminal::{shortened, unknown};

/// One row a prompt, RFC 4180.
pub(crate) fn csv(report: &Report<'_>) -> anyhow::Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(CSV_HEAD)?;
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for row in report.rows {
        let figures = row.figures.as_ref();
        let thrown = ThrownAway::of([row]);
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let counted = |value: Option<usize>| value.map_or_else(String::new, |n| n.to_string());
        out.write_record([
            row.index.to_string(),
            row.id.to_string(),
            text(&row.decision.category),
            text(&row.expected),
            number(row.decision.confidence),
            text(&row.classifier),
            text(&row.decision.model),
            row.decision.reasons.join("; "),
            row.classification_ms.to_string(),
            row.cached.to_string(),
            row.queue_ms.to_string(),
            row.load_ms.to_string(),
            number(row.first_token_ms),
            number(figures.and_then(|one| one.ttft_ms)),
            counted(
                figures
                    .filter(|one| !one.untold.n_prompt)
                    .map(|one| one.n_prompt),
            ),
            counted(figures.filter(|one| !one.untold.n_out).map(|one| one.n_out)),
            number(figures.and_then(|one| one.decode_tps)),
            thrown.n_answers.to_string(),
            thrown.prompt_tokens.to_string(),
            thrown.completion_tokens.to_string(),
            thrown.ms.to_string(),
            row.total_ms.to_string(),
            number(row.energy_j),
            number(row.cpu_s),
            text(&row.failure),
            text(&row.completion),
        ])?;
    }
    Ok(String::from_utf8(out.into_inner()?)?)
}

const CSV_HEAD: [&str; 26] = [
    "index",
    "id",
    "category",
    "expected",
    "confidence",
    "classifier",
    "model",
    "reasons",
    "classification_ms",
    "cached",
    "queue_ms",
    "load_ms",
    "first_token_ms",
    "ttft_ms",
    "prompt_tokens",
    "completion_tokens",
    "decode_tps",
    "thrown_away",
    "thrown_away_prompt_tokens",
    "thrown_away_completion_tokens",
    "thrown_away_ms",
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
    for GroupTable { head, rows } in groups(&report.totals) {
        text += &table(&owned(&head), &rows);
    }
    if let Some(found) = &report.totals.accuracy {
        let (head, rows) = confusion(found);
        text += &format!("{}\n\n{}", accuracy_line(found), table(&head, &rows));
    }
    let definitions = definitions(&report.totals).into_iter();
    for line in definitions.chain(baseline_and_skipped(&report.totals)) {
        text += &format!("- {}\n", cell(&line));
    }
    let (head, rows) = prompt_rows(report);
    text += "\n";
    text += &table(&owned(&head), &rows);
    for row in report.rows {
        text += &format!("## {}, id {}\n\n", row.index, cell(&row.id.to_string()));
        for reason in &row.decision.reasons {
            text += &format!("- {}\n", cell(reason));
        }
        if let Some(completion) = &row.completion {
            let lines = completion.lines().map(|line| format!("> {line}\n"));
            text += &format!("\n{}", lines.collect::<String>());
        }
        text += "\n";
    }
    text
}

/// Each prompt's reasons and answer, folded.
fn details(report: &Report<'_>) -> String {
    let of = |row: &Row| {
        let (index, id) = (row.index, page::escape(&row.id.to_string()));
        let model = page::escape(row.decision.model.as_deref().unwrap_or("nobody"));
        let reasons = row.decision.reasons.iter();
        let reasons: String = reasons
            .map(|reason| format!("<li>{}</li>\n", page::escape(reason)))
            .collect();
        let answer = row.completion.as_ref().or(row.failure.as_ref());
        let answer = page::escape(answer.map_or("", String::as_str));
        format!(
            "<details>\n<summary>{index}, id {id}: {model}</summary>\n<ul>\n{reasons}</ul>\n<pre>{answer}</pre>\n</details>\n"
        )
    };
    report.rows.iter().map(of).collect()
}

/// A line for each prompt.
fn prompt_rows(report: &Report<'_>) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let has_thrown = report.totals.thrown_away.n_answers > 0;
    let line = |row: &Row| {
        let figures = row.figures.as_ref();
        let prompt = report.job.prompts.get(row.index);
        let thrown = has_thrown.then(|| match ThrownAway::of([row]) {
            none if none.n_answers == 0 => unknown(),
            all => {
                let (n, tokens, took) = (all.n_answers, all.completion_tokens, ms(all.ms));
                format!("{n} ({tokens} tokens, {took})")
            }
        });
        let what = [
            row.index.to_string(),
            row.id.to_string(),
            prompt.map_or_else(String::new, |entry| shortened(&entry.prompt, 60)),
            row.decision.category.clone().unwrap_or_else(unknown),
            row.expected.clone().unwrap_or_else(unknown),
            row.decision.confidence.map_or_else(unknown, percent),
            match &row.failure {
                Some(failure) => format!("failed: {failure}"),
                None => row.decision.model.clone().unwrap_or_else(unknown),
            },
        ];
        let rate = figures.and_then(|one| one.decode_tps);
        let counted = |n: Option<usize>| n.map_or_else(unknown, |n| n.to_string());
        let told = |is_untold: fn(&Figures) -> bool| figures.filter(|one| !is_untold(one));
        let times = [
            ms(row.classification_ms),
            ms(row.queue_ms),
            ms(row.load_ms),
            counted(told(|one| one.untold.n_prompt).map(|one| one.n_prompt)),
            counted(told(|one| one.untold.n_out).map(|one| one.n_out)),
            row.first_token_ms.map_or_else(unknown, ms),
            figures.and_then(|one| one.ttft_ms).map_or_else(unknown, ms),
            rate.map_or_else(unknown, |tps| format!("{tps:.0}")),
            ms(row.total_ms),
            row.energy_j
                .map_or_else(unknown, |joules| format!("{joules:.2} J")),
        ];
        what.into_iter().chain(thrown).chain(times).collect()
    };
    let mut head = vec![
        "index", "id", "prompt", "category", "expected", "sure", "model",
    ];
    head.extend(has_thrown.then_some("thrown away"));
    head.extend(["classify", "queue", "load", "tokens in", "tokens out"]);
    head.extend(["first token", "from sending", "tok/s", "total", "energy"]);
    (head, report.rows.iter().map(line).collect())
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
    let definitions: String = definitions(&report.totals)
        .iter()
        .map(|line| format!("<p class=\"muted\">{}</p>\n", page::escape(line)))
        .collect();
    let table = page::table("In all", &[("figure", true), ("value", true)], &figures);
    body += &section("In all", &(table + &definitions));
    body += &section("How long each prompt took", &plots(report));
    for GroupTable { head, rows } in groups(&report.totals) {
        let title = format!("By {}", head[0]);
        let head: Vec<(&str, bool)> = head.iter().map(|name| (*name, false)).collect();
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
    body += &section("Reasons and answers", &details(report));
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
            (name.clone(), ours.filter_map(value).collect::<Vec<_>>())
        };
        let all = names.map(of);
        // Of a model whose answers were all thrown away there is nothing to plot.
        all.filter(|(_, values)| !values.is_empty()).collect()
    };
    let ttft = by_model(&|row| row.figures.as_ref()?.ttft_ms);
    let first = by_model(&|row| row.first_token_ms);
    let total = by_model(&|row| Some(row.total_ms));
    let whole = "From taking the prompt up to the first token of the answer that is kept.";
    page::dot_plot("First token, by model", whole, "ms", &first)
        + &page::dot_plot(
            "First token from sending, by model",
            "From sending the prompt to the model that answers.",
            "ms",
            &ttft,
        )
        + &page::dot_plot(
            "All in all, by model",
            "Classification, loading and all of the answers.",
            "ms",
            &total,
        )
}
