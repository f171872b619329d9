//! Tables of what is no metric of a case: settings of a determinism matrix, ranks of a matrix. All reports show them the
//! same way.

use super::figures::{clean, short_hash};
use super::matrix;
use crate::derive::SettingFinding;
use crate::result_file::ResultFile;

/// A table with what must be known before it.
pub(super) struct Extra {
    /// The heading.
    pub(super) title: String,
    /// What it comes to.
    pub(super) summary: String,
    /// Heads of the columns; the first is text, the last a mark with a word.
    pub(super) head: Vec<&'static str>,
    /// Cells, as many as there are heads.
    pub(super) rows: Vec<Vec<String>>,
    /// What is to be said of single rows.
    pub(super) notes: Vec<String>,
}

/// All that a file has.
pub(super) fn extras(file: &ResultFile) -> Vec<Extra> {
    let mut all = matrix::tables(file);
    all.extend(settings(file));
    all
}

/// The word of a row's verdict, for its colour.
pub(super) fn word(row: &[String]) -> &'static str {
    let last = row.last().map_or("", String::as_str);
    match last.chars().next() {
        Some('✓') => "PASS",
        Some('✗') => "FAIL",
        _ => "NULL",
    }
}

fn settings(file: &ResultFile) -> Option<Extra> {
    let all = &file.findings.settings;
    let first = all.first()?;
    let n_missed = all.iter().filter(|one| one.is_kept == Some(false)).count();
    let n_unknown = all.iter().filter(|one| one.is_kept.is_none()).count();
    let summary = match (n_missed, n_unknown) {
        (0, 0) => format!(
            "all {} settings give the tokens and the bits that they must",
            all.len()
        ),
        (0, n) => format!("{n} of {} settings could not be compared", all.len()),
        (n, _) => format!("{n} of {} settings differ and must not", all.len()),
    };
    let name = clean(&first.setting);
    Some(Extra {
        title: "Determinism".to_owned(),
        summary: format!("against '{name}': {summary}"),
        head: vec![
            "setting",
            "answers equal",
            "logits equal",
            "hash",
            "verdict",
        ],
        rows: all.iter().map(setting).collect(),
        notes: all.iter().filter_map(note).collect(),
    })
}

fn setting(one: &SettingFinding) -> Vec<String> {
    let of = |n: usize, all: usize| match all {
        0 => "–".to_owned(),
        _ => format!("{n} of {all}"),
    };
    let is_same = one.n_equal == one.n_answers && one.n_equal_rows == one.n_rows;
    let verdict = match (one.is_kept, is_same) {
        (Some(true), true) => "✓ same",
        (Some(true), false) => "· differs, and may",
        (Some(false), _) => "✗ DIFFERS",
        (None, _) => "– failed",
    };
    let hash = one.quality_hash.as_deref().map_or("–", short_hash_of);
    vec![
        clean(&one.setting),
        of(one.n_equal, one.n_answers),
        of(one.n_equal_rows, one.n_rows),
        hash.to_owned(),
        verdict.to_owned(),
    ]
}

fn short_hash_of(hash: &str) -> &str {
    let n = short_hash(hash).len();
    hash.get(..n).unwrap_or(hash)
}

fn note(one: &SettingFinding) -> Option<String> {
    let mut said = Vec::new();
    if let Some(parted) = &one.divergence {
        let id = |id: Option<u32>| id.map_or("none".to_owned(), |id| id.to_string());
        let margin = parted.margin.map_or_else(String::new, |margin| {
            format!(", where the likeliest lay {margin:.4} above the second")
        });
        said.push(format!(
            "first other token: prompt {}, token {}: {} instead of {}{margin}",
            parted.at.prompt,
            parted.at.token,
            id(parted.found),
            id(parted.expected)
        ));
    }
    if let Some(at) = one.first_row {
        said.push(format!(
            "first other logits: prompt {}, token {}",
            at.prompt, at.token
        ));
    }
    if one.n_cached > 0 {
        said.push(format!(
            "{} prompt tokens came from its cache",
            one.n_cached
        ));
    }
    if let Some(why) = one.may_differ.as_ref().filter(|_| one.first_row.is_some()) {
        said.push(format!("it may: {}", clean(why)));
    }
    (!said.is_empty()).then(|| format!("{}: {}", clean(&one.setting), said.join("; ")))
}
