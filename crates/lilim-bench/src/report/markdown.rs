//! Tables to paste into an issue, a pull request or a document.

use super::Detail;
use super::comparison;
use super::extra;
use super::facts;
use super::figures::{clean, short_hash, title};
use super::gates;
use super::grid::{self, Grid};
use super::outline::{COLUMNS, Notes, Table, groups, superscript};
use crate::result_file::ResultFile;

/// A result as Markdown (GitHub's tables).
pub fn markdown(file: &ResultFile) -> String {
    let mut text = format!("# {}\n\n", escape(&facts::headline(file)));
    for (name, value) in facts::machine(file) {
        text += &format!("- {}: {}\n", escape(&name), escape(&value));
    }
    text += &format!("- measured by: {}\n", escape(&facts::origin(file)));
    text += &format!("- hash: `{}`\n", short_hash(&file.hash));
    targets(file, &mut text);
    checked(file, &mut text);
    extras(file, &mut text);
    ratios(file, &mut text);
    let mut notes = Notes::default();
    for group in groups(file) {
        if !group.is_shown() {
            continue;
        }
        text += &format!("\n## {}\n", escape(&group.title()));
        for case in &group.cases {
            if let Some(failures) = facts::failures(case) {
                let case = escape(&group.label(case));
                text += &format!("\n**✗ {case}**: {}\n", escape(&failures));
            }
        }
        if let Some(grid) = Grid::of(&group) {
            levels(&grid, &mut text);
            continue;
        }
        for found in group.tables(Detail::Key) {
            table(&found, &mut notes, &mut text);
        }
    }
    if !notes.reasons.is_empty() {
        text.push('\n');
    }
    for (index, reason) in notes.reasons.iter().enumerate() {
        text += &format!("{} {}  \n", superscript(index + 1), escape(reason));
    }
    unmeasured(file, &mut text);
    text
}

fn targets(file: &ResultFile, text: &mut String) {
    let targets = facts::targets(file);
    if targets.is_empty() {
        return;
    }
    *text += "\n## Targets\n\n| verdict | target | case | asked | found |\n|---|---|---|---|---|\n";
    for target in targets {
        let (mark, word) = (target.verdict.mark(), target.verdict.word());
        let cells = [target.name, clean(target.case), target.asked, target.found];
        let cells = cells.map(|cell| escape(&cell)).join(" | ");
        *text += &format!("| {mark} {word} | {cells} |\n");
    }
}

fn checked(file: &ResultFile, text: &mut String) {
    let lines = gates::lines(file);
    if lines.is_empty() {
        return;
    }
    let head = gates::COLUMNS.join(" | ");
    *text += &format!("\n## Gates\n\n{}\n\n", escape(&gates::summary(file)));
    *text += &format!("| {head} | why |\n|---|---:|---:|---:|---:|---|---|\n");
    for line in lines {
        let cells = line.cells.map(|cell| escape(&cell)).join(" | ");
        *text += &format!("| {cells} | {} |\n", escape(line.reason));
    }
}

fn extras(file: &ResultFile, text: &mut String) {
    for extra in extra::extras(file) {
        let (title, summary) = (escape(&extra.title), escape(&extra.summary));
        *text += &format!(
            "\n## {title}\n\n{summary}\n\n| {} |\n",
            extra.head.join(" | ")
        );
        *text += &format!(
            "|---|{}\n",
            "---:|".repeat(extra.head.len().saturating_sub(1))
        );
        for row in extra.rows {
            let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
            *text += &format!("| {} |\n", cells.join(" | "));
        }
        text.push('\n');
        for note in extra.notes {
            *text += &format!("- {}\n", escape(&note));
        }
    }
}

fn ratios(file: &ResultFile, text: &mut String) {
    let Some(found) = &file.findings.comparison else {
        return;
    };
    *text += &format!("\n## {}\n\n", escape(&comparison::headline(found)));
    for (mark, fact) in comparison::facts(found) {
        *text += &format!("- {mark} {}\n", escape(&fact));
    }
    let lines = comparison::lines(found);
    if lines.is_empty() {
        return;
    }
    let head = comparison::COLUMNS.join(" | ");
    let rule = ["---:"; comparison::COLUMNS.len()].join("|");
    *text += &format!("\n| metric | {head} | that is |\n|---|{rule}|---|\n");
    for line in lines {
        let cells = line.cells().map(|cell| escape(&cell)).join(" | ");
        let (title, said) = (escape(&line.title), escape(&line.said));
        *text += &format!("| {title} | {cells} | {said} |\n");
    }
    *text += &format!("\n{}\n", escape(&comparison::how_to_read(file)));
}

fn table(table: &Table<'_>, notes: &mut Notes, text: &mut String) {
    let unit = table.scale.unit;
    let head = COLUMNS.join(" | ");
    let rule = ["---:"; COLUMNS.len()].join("|");
    *text += &format!("\n| {unit} | case | {head} |\n|---|---|{rule}|\n");
    for row in &table.rows {
        let cells = row.cells(&table.scale, notes).join(" | ");
        let (name, case) = (escape(&title(row.metric)), escape(&row.label));
        *text += &format!("| {name} | {case} | {cells} |\n");
    }
}

/// Levels side by side, a table for each op.
fn levels(grid: &Grid, text: &mut String) {
    text.push('\n');
    for (name, rate) in &grid.others {
        *text += &format!("- {}: {}\n", escape(name), escape(rate));
    }
    let rule = vec!["---:"; grid.levels.len()].join("|");
    for op in &grid.ops {
        let head: Vec<_> = grid.levels.iter().map(|level| escape(level)).collect();
        *text += &format!(
            "\n| {} | {} |\n|---|{rule}|\n",
            escape(&op.title()),
            head.join(" | ")
        );
        for row in &op.rows {
            let cells = row.cells.iter().map(|cell| {
                let cell = cell.as_ref();
                cell.map_or("–".to_owned(), |cell| escape(&cell.text()))
            });
            let cells = cells.collect::<Vec<_>>().join(" | ");
            *text += &format!("| {} | {cells} |\n", escape(&row.label));
        }
    }
    *text += &format!("\n{}\n", escape(grid::HOW_TO_READ));
}

fn unmeasured(file: &ResultFile, text: &mut String) {
    let all = facts::unmeasured(file);
    if all.is_empty() {
        return;
    }
    *text += "\n## Not measured\n\n";
    for one in all {
        *text += &format!("- {}: {}\n", escape(&one.what), escape(&one.why));
    }
}

/// Text that Markdown must show as it is.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            other => escaped.push(other),
        }
    }
    escaped
}
