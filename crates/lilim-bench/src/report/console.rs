//! Tables for a terminal: aligned, units in the head, reasons for what is missing below.

use super::comparison;
use super::extra;
use super::facts::{self, Verdict};
use super::figures::{clean, short_hash, title};
use super::gates;
use super::grid::{self, Grid};
use super::outline::{COLUMNS, Group, Notes, Table, groups, superscript};
use super::{Detail, Style};
use crate::result_file::ResultFile;

/// The order in which columns go where a line is too narrow, as places in [`COLUMNS`].
const LEAST_WANTED: [usize; 4] = [5, 3, 4, 2];

/// The fewest characters that a metric's name and a case's label keep.
const LEAST_NAME: usize = 20;
const LEAST_LABEL: usize = 12;

/// A result as tables for a terminal.
pub fn console(file: &ResultFile, style: Style) -> String {
    let mut page = Page {
        style,
        text: String::new(),
        notes: Notes::default(),
        left_out: Vec::new(),
    };
    page.head(file);
    let groups = groups(file);
    for group in &groups {
        page.group(group);
    }
    page.targets(file);
    page.comparison(file);
    page.gates(file);
    page.extras(file);
    page.notes();
    page.unmeasured(file);
    page.hidden(&groups);
    page.line(&format!("hash {}", short_hash(&file.hash)));
    page.text
}

struct Page {
    style: Style,
    text: String,
    notes: Notes,
    left_out: Vec<&'static str>,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text += text.trim_end();
        self.text.push('\n');
    }

    /// Text in lines of the style's width, all but the first indented.
    fn wrapped(&mut self, text: &str, indent: usize) {
        let begun = text.len() - text.trim_start().len();
        let mut line = " ".repeat(begun);
        for word in text.split_whitespace() {
            let width = line.chars().count() + 1 + word.chars().count();
            if !line.trim().is_empty() && width > self.style.width {
                self.line(&line);
                line = " ".repeat(indent);
            }
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line += word;
        }
        self.line(&line);
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.style.colour {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    fn heading(&mut self, text: &str) {
        let text = self.paint("1", text);
        self.line("");
        self.line(&text);
    }

    fn head(&mut self, file: &ResultFile) {
        let headline = self.paint("1", &facts::headline(file));
        self.line(&headline);
        let machine = facts::machine(file);
        let machine: Vec<_> = machine
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        if !machine.is_empty() {
            self.wrapped(&machine.join(", "), 2);
        }
        self.wrapped(&facts::origin(file), 2);
        if file.findings.cases.is_empty() {
            self.line("nothing was measured");
        }
    }

    fn group(&mut self, group: &Group<'_>) {
        if self.style.detail == Detail::Key && !group.is_shown() {
            return;
        }
        self.heading(&group.title());
        for case in &group.cases {
            if let Some(failures) = facts::failures(case) {
                let mark = Verdict::Fail.mark();
                let line = format!("{mark} {}: {failures}", group.label(case));
                self.wrapped(&line, 2);
            }
        }
        if let (Detail::Key, Some(grid)) = (self.style.detail, Grid::of(group)) {
            return self.grid(&grid);
        }
        // One under another, so that the eye finds a column again.
        let mut rows = Vec::new();
        let mut heads = Vec::new();
        for table in group.tables(self.style.detail) {
            heads.push(rows.len());
            rows.extend(self.rows(&table));
        }
        self.fit(&mut rows);
        let widths = widths(&rows);
        for (index, row) in rows.iter().enumerate() {
            let line = aligned(row, &widths, 2);
            let line = match heads.contains(&index) {
                true => self.paint("2", line.trim_end()),
                false => line,
            };
            self.line(&format!("  {line}"));
        }
    }

    /// Levels side by side, op after op.
    fn grid(&mut self, grid: &Grid) {
        for (name, rate) in &grid.others {
            self.line(&format!("  {name}: {rate}"));
        }
        let mut rows = Vec::new();
        let mut heads = Vec::new();
        for op in &grid.ops {
            heads.push(rows.len());
            let head = [op.title()].into_iter().chain(grid.levels.iter().cloned());
            rows.push(head.collect());
            for row in &op.rows {
                let cells = row.cells.iter().map(|cell| {
                    let cell = cell.as_ref();
                    cell.map_or("–".to_owned(), grid::Cell::text)
                });
                let row: Vec<_> = [row.label.clone()].into_iter().chain(cells).collect();
                rows.push(row);
            }
        }
        let over = (total(&widths(&rows)) + 2).saturating_sub(self.style.width);
        let width = widths(&rows)
            .first()
            .map_or(0, |width| width.saturating_sub(over).max(LEAST_LABEL));
        for row in &mut rows {
            row[0] = cut(&row[0], width);
        }
        let widths = widths(&rows);
        for (index, row) in rows.iter().enumerate() {
            let line = aligned(row, &widths, 1);
            let line = match heads.contains(&index) {
                true => self.paint("2", line.trim_end()),
                false => line,
            };
            self.line(&format!("  {line}"));
        }
        self.wrapped(&format!("  {}", grid::HOW_TO_READ), 2);
    }

    fn rows(&mut self, table: &Table<'_>) -> Vec<Vec<String>> {
        let mut head = vec![table.scale.unit.to_owned(), "case".to_owned()];
        head.extend(COLUMNS.map(str::to_owned));
        let mut rows = vec![head];
        let mut last = "";
        for row in &table.rows {
            // A metric's name stands once, beside its first case.
            let name = match row.metric == last {
                true => String::new(),
                false => title(row.metric),
            };
            last = row.metric;
            let mut cells = vec![name, row.label.clone()];
            cells.extend(row.cells(&table.scale, &mut self.notes));
            rows.push(cells);
        }
        rows
    }

    /// Takes columns away until a row fits, then cuts names and labels.
    fn fit(&mut self, rows: &mut [Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        let is_too_wide = |rows: &[Vec<String>], width| total(&widths(rows)) + 2 > width;
        for column in LEAST_WANTED {
            if !is_too_wide(rows, self.style.width) {
                return;
            }
            let place = rows[0].iter().position(|head| head == COLUMNS[column]);
            if let Some(place) = place {
                rows.iter_mut().for_each(|row| drop(row.remove(place)));
                if !self.left_out.contains(&COLUMNS[column]) {
                    self.left_out.push(COLUMNS[column]);
                }
            }
        }
        for (column, least) in [(0, LEAST_NAME), (1, LEAST_LABEL)] {
            let over = (total(&widths(rows)) + 2).saturating_sub(self.style.width);
            let width = widths(rows)[column].saturating_sub(over).max(least);
            for row in rows.iter_mut() {
                row[column] = cut(&row[column], width);
            }
        }
    }

    fn targets(&mut self, file: &ResultFile) {
        let targets = facts::targets(file);
        if targets.is_empty() {
            return;
        }
        self.heading("targets");
        for target in targets {
            let (mark, word) = (target.verdict.mark(), target.verdict.word());
            let code = match target.verdict {
                Verdict::Pass => "32",
                Verdict::Fail => "31",
                Verdict::Null => "33",
            };
            let verdict = self.paint(code, &format!("{mark} {word}"));
            let case = clean(target.case);
            let line = format!(
                "  {verdict}  {}: {} ({} in {case})",
                target.name, target.found, target.asked
            );
            self.wrapped(&line, 10);
        }
    }

    fn comparison(&mut self, file: &ResultFile) {
        let Some(found) = &file.findings.comparison else {
            return;
        };
        self.heading(&comparison::headline(found));
        for (mark, fact) in comparison::facts(found) {
            self.wrapped(&format!("  {mark} {fact}"), 4);
        }
        let lines = comparison::lines(found);
        if lines.is_empty() {
            return;
        }
        let mut head = vec!["tested / baseline".to_owned()];
        head.extend(comparison::COLUMNS.map(str::to_owned));
        let mut rows = vec![head];
        for line in &lines {
            let mut cells = vec![line.title.clone()];
            cells.extend(line.cells());
            rows.push(cells);
        }
        for column in ["noise floor", "tested", "baseline"] {
            if total(&widths(&rows)) + 2 > self.style.width {
                let place = rows[0].iter().position(|head| head == column);
                let place = place.expect("no column is taken twice");
                rows.iter_mut().for_each(|row| drop(row.remove(place)));
                self.left_out.push(column);
            }
        }
        let widths = widths(&rows);
        for row in &rows {
            self.line(&format!("  {}", aligned(row, &widths, 1)));
        }
        for line in lines.iter().filter(|line| !line.said.is_empty()) {
            self.wrapped(&format!("  {}: {}", line.title, line.said), 4);
        }
    }

    fn gates(&mut self, file: &ResultFile) {
        let lines = gates::lines(file);
        if lines.is_empty() {
            return;
        }
        self.heading(&format!("gates {}", gates::summary(file)));
        let mut rows = vec![gates::COLUMNS.map(str::to_owned)];
        rows.extend(lines.iter().map(|line| line.cells.clone()));
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        let widths = widths(&rows);
        for (index, row) in rows.iter().enumerate() {
            let text = format!("  {}", aligned(row, &widths, 1));
            let code = match index.checked_sub(1).map(|index| lines[index].word) {
                Some("PASS") => "32",
                Some("FAIL") => "31",
                Some(_) => "33",
                None => "2",
            };
            let verdict = row.last().map_or("", String::as_str);
            let begin = text.trim_end().strip_suffix(verdict).unwrap_or(&text);
            let line = format!("{begin}{}", self.paint(code, verdict));
            self.line(&line);
        }
        for line in lines {
            let (gate, reason) = (&line.cells[0], clean(line.reason));
            self.wrapped(&format!("  {gate}: {reason}"), 4);
        }
    }

    fn extras(&mut self, file: &ResultFile) {
        for extra in extra::extras(file) {
            self.heading(&format!("{} {}", extra.title, extra.summary));
            let head: Vec<String> = extra.head.iter().map(|&head| head.to_owned()).collect();
            let rows: Vec<Vec<String>> = [head].into_iter().chain(extra.rows).collect();
            let widths = widths(&rows);
            for (index, row) in rows.iter().enumerate() {
                let text = format!("  {}", aligned(row, &widths, 1));
                let code = match extra::word(row) {
                    _ if index == 0 => "2",
                    "PASS" => "32",
                    "FAIL" => "31",
                    _ => "33",
                };
                let verdict = row.last().map_or("", String::as_str);
                let begin = text.trim_end().strip_suffix(verdict).unwrap_or(&text);
                let line = format!("{begin}{}", self.paint(code, verdict));
                self.line(&line);
            }
            for note in extra.notes {
                self.wrapped(&format!("  {note}"), 4);
            }
        }
    }

    fn notes(&mut self) {
        if self.notes.reasons.is_empty() && self.left_out.is_empty() {
            return;
        }
        self.line("");
        for (index, reason) in std::mem::take(&mut self.notes.reasons).iter().enumerate() {
            self.wrapped(&format!("  {} {reason}", superscript(index + 1)), 4);
        }
        if !self.left_out.is_empty() {
            let left_out = self.left_out.join(", ");
            self.wrapped(&format!("  this line is too narrow for: {left_out}"), 4);
        }
    }

    fn unmeasured(&mut self, file: &ResultFile) {
        let all = facts::unmeasured(file);
        if all.is_empty() {
            return;
        }
        self.heading("not measured");
        for one in all {
            let cases = match one.n_cases {
                0 | 1 => String::new(),
                n => format!(" (in {n} cases)"),
            };
            self.wrapped(&format!("  {}: {}{cases}", one.what, one.why), 4);
        }
    }

    fn hidden(&mut self, groups: &[Group<'_>]) {
        self.line("");
        let n_shown: usize = groups
            .iter()
            .map(|group| group.metrics(self.style.detail).len())
            .sum();
        let n_all: usize = groups
            .iter()
            .map(|group| group.metrics(Detail::All).len())
            .sum();
        if n_all > n_shown {
            let n_hidden = n_all - n_shown;
            self.wrapped(
                &format!("{n_hidden} further figures are not shown; every file has them"),
                2,
            );
        }
    }
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let n_columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    (0..n_columns)
        .map(|column| width(column).unwrap_or(0))
        .collect()
}

/// Spaces between two columns.
const GAP: usize = 2;

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// Texts of the first columns begin, numbers of the others end, below one another.
fn aligned(row: &[String], widths: &[usize], n_texts: usize) -> String {
    let cells = row.iter().zip(widths).enumerate();
    let cells: Vec<String> = cells
        .map(|(column, (text, &width))| match column < n_texts {
            true => format!("{text:<width$}"),
            false => format!("{text:>width$}"),
        })
        .collect();
    cells.join(&" ".repeat(GAP))
}

/// A label with its middle cut out: its beginning and end tell cases apart.
fn cut(label: &str, width: usize) -> String {
    let letters: Vec<char> = label.chars().collect();
    if letters.len() <= width {
        return label.to_owned();
    }
    let n_kept = width.saturating_sub(1);
    let n_end = n_kept.div_ceil(2);
    let beginning = letters.iter().take(n_kept - n_end);
    let end = letters.iter().skip(letters.len() - n_end);
    beginning.chain(&['…']).chain(end).collect()
}
