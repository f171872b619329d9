//! Sections of what is no metric of a case.

use super::{escape, table};
use crate::report::extra::{Extra, extras, word};
use crate::result_file::ResultFile;

/// All of them; empty where a file has none.
pub(super) fn sections(file: &ResultFile) -> String {
    extras(file).iter().map(section).collect()
}

fn section(extra: &Extra) -> String {
    let mut rows = String::new();
    for row in &extra.rows {
        let Some(([first, figures @ ..], verdict)) =
            row.split_last().map(|(last, all)| (all, last))
        else {
            continue;
        };
        rows += &format!(
            "<tr><th scope=\"row\" class=\"wrap\">{}</th>",
            escape(first)
        );
        for cell in figures {
            rows += &format!("<td>{}</td>", escape(cell));
        }
        let (class, verdict) = (word(row), escape(verdict));
        rows += &format!("<td class=\"text verdict {class}\">{verdict}</td></tr>\n");
    }
    let last = extra.head.len().saturating_sub(1);
    let head: Vec<(&str, &str)> = extra
        .head
        .iter()
        .enumerate()
        .map(|(index, &name)| match index == 0 || index == last {
            true => (name, "text"),
            false => (name, ""),
        })
        .collect();
    let notes = extra
        .notes
        .iter()
        .map(|note| format!("<li>{}</li>\n", escape(note)));
    let notes: String = notes.collect();
    let notes = match notes.is_empty() {
        true => notes,
        false => format!("<ul class=\"plain\">\n{notes}</ul>\n"),
    };
    let (title, summary) = (escape(&extra.title), escape(&extra.summary));
    format!(
        "<section>\n<h2>{title}</h2>\n<p>{summary}</p>\n{}{notes}</section>\n",
        table(&extra.title, "", &head, &rows)
    )
}
