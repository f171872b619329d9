//! The ranked tables of a matrix of engines, models and prompts.

use super::extra::Extra;
use super::figures::{clean, number, with_unit};
use crate::derive::{MatrixRow, MatrixSet};
use crate::plan::{Questions, Work};
use crate::result_file::ResultFile;

/// How rows are ranked, for people.
const RULE: &str = "Ranks are by the share of requests that succeeded, then by the median time of a \
                    request; rows share a rank where each median lies within the other's range. They \
                    say nothing of what an answer is worth, and were measured one after another: \
                    `lilim bench compare` decides between two.";

/// One for each set of prompts.
pub(super) fn tables(file: &ResultFile) -> Vec<Extra> {
    let mut all: Vec<Extra> = file
        .findings
        .matrix
        .iter()
        .map(|set| table(file, set))
        .collect();
    if let Some(last) = all.last_mut() {
        last.notes.push(RULE.to_owned());
    }
    all
}

fn table(file: &ResultFile, set: &MatrixSet) -> Extra {
    let mut notes: Vec<(String, Vec<String>)> = Vec::new();
    for row in &set.rows {
        if let Some(reason) = &row.reason {
            let (reason, name) = (clean(reason), name(row));
            match notes.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, names)) => names.push(name),
                None => notes.push((reason, vec![name])),
            }
        }
    }
    let best: Vec<_> = set.rows.iter().filter(|row| row.rank == Some(1)).collect();
    let best: Vec<_> = best.into_iter().map(name).collect();
    let best = match best.is_empty() {
        true => "nothing was answered".to_owned(),
        false => format!("first: {}", best.join(", ")),
    };
    Extra {
        title: format!("Matrix, set {}", clean(&set.set)),
        summary: format!("{}{best}", asked(file, &set.set)),
        head: vec![
            "model · engine",
            "rank",
            "TTFT",
            "prefill/s",
            "decode/s",
            "request",
            "peak",
            "load",
            "answered",
        ],
        rows: set.rows.iter().map(cells).collect(),
        notes: notes
            .into_iter()
            .map(|(reason, names)| format!("{}: {reason}", names.join(", ")))
            .collect(),
    }
}

fn name(row: &MatrixRow) -> String {
    clean(&format!("{} · {}", row.model, row.engine))
}

/// What each request is, where any was made.
fn asked(file: &ResultFile, set: &str) -> String {
    let beginning = format!("matrix/{set}/");
    let cases = file.recording.plan.cases.iter();
    let mut cases = cases.filter(|case| case.id.starts_with(&beginning));
    match cases.next().map(|case| &case.work) {
        Some(Work::Matrix(Questions::Text(shape))) => format!(
            "with prompts of {} tokens and answers of {}; ",
            shape.n_prompt, shape.n_out
        ),
        Some(Work::Matrix(Questions::Chats { n_out, chats })) => {
            format!(
                "with {} prompts and answers of {n_out} tokens; ",
                chats.len()
            )
        }
        _ => String::new(),
    }
}

fn cells(row: &MatrixRow) -> Vec<String> {
    let none = || "–".to_owned();
    let unit = |value: Option<f64>, unit| value.map_or_else(none, |value| with_unit(value, unit));
    let rate = |value: Option<f64>| value.map_or_else(none, number);
    let (n_requests, n_succeeded) = (row.n_requests, row.n_succeeded);
    let answered = match n_requests {
        0 => "– left out".to_owned(),
        _ if n_succeeded == n_requests => format!("✓ {n_succeeded} of {n_requests}"),
        _ => format!("✗ {n_succeeded} of {n_requests}"),
    };
    vec![
        name(row),
        row.rank.map_or_else(none, |rank| rank.to_string()),
        unit(row.ttft_ms, "ms"),
        rate(row.client_prefill_tps),
        rate(row.decode_tps),
        unit(row.e2e_ms, "ms"),
        unit(row.peak_rss_bytes, "bytes"),
        unit(row.load_ms, "ms"),
        answered,
    ]
}
