//! Prompts in CSV as RFC 4180 has it, with a header row.

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::{PromptEntry, PromptId, WHAT};
use crate::RouterError;

/// The column numbers, from 0, of the keys that the header has.
struct Columns {
    id: Option<usize>,
    category: Option<usize>,
    prompt: usize,
    model: Option<usize>,
    max_tokens: Option<usize>,
    system: Option<usize>,
}

/// Reads a table. Blank lines are passed over, and so are rows of empty cells, which spreadsheets leave at
/// the end; an empty prompt in a table of prompts alone is one.
pub(super) fn parse(text: &str) -> Result<Vec<PromptEntry>, RouterError> {
    check_quotes(text)?;
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| fault_of(&error))?;
    let columns = columns(header)?;
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| fault_of(&error))?;
        if record.len() == 1 || record.iter().any(|cell| !cell.trim().is_empty()) {
            entries.push(entry(&record, &columns)?);
        }
    }
    Ok(entries)
}

/// Refuses a quote that is not closed: the rest of the file would be one field, and nobody would see.
fn check_quotes(text: &str) -> Result<(), RouterError> {
    let (mut line, mut is_open, mut at_field_start) = (1, false, true);
    // Where the open field began; a doubled quote closes and opens it again.
    let (mut opened_on, mut just_closed) = (1, false);
    for c in text.chars() {
        if c == '"' && is_open {
            (is_open, just_closed) = (false, true);
        } else if c == '"' && (at_field_start || just_closed) {
            opened_on = if just_closed { opened_on } else { line };
            (is_open, just_closed) = (true, false);
        } else {
            just_closed = false;
        }
        at_field_start = !is_open && matches!(c, ',' | '\n' | '\r');
        line += usize::from(c == '\n');
    }
    if is_open {
        return Err(fault(opened_on, "a quote", "is opened and never closed"));
    }
    Ok(())
}

fn columns(header: &StringRecord) -> Result<Columns, RouterError> {
    if header.is_empty() {
        return Err(fault(1, "the header", "is missing"));
    }
    let names: Vec<String> = header
        .iter()
        .map(|name| name.trim().to_lowercase())
        .collect();
    let find = |wanted: &str| {
        let mut found = (0..names.len()).filter(|&column| names[column] == wanted);
        let first = found.next();
        match found.next() {
            Some(_) => Err(fault(1, &format!("column {wanted}"), "occurs twice")),
            None => Ok(first),
        }
    };
    let prompt = find("prompt")?.ok_or_else(|| {
        let header: Vec<_> = header.iter().collect();
        let reason = format!("is missing; the header has {:?}", header.join(","));
        fault(1, "column prompt", reason)
    })?;
    Ok(Columns {
        id: find("id")?,
        category: find("category")?,
        prompt,
        model: find("model")?,
        max_tokens: find("max_tokens")?,
        system: find("system")?,
    })
}

fn entry(record: &StringRecord, columns: &Columns) -> Result<PromptEntry, RouterError> {
    let line = record.position().map_or(0, csv::Position::line);
    // A table has no null: an empty cell is one.
    let cell = |column: Option<usize>| {
        let text = column.and_then(|column| record.get(column));
        text.filter(|text| !text.trim().is_empty())
    };
    let id = match cell(columns.id).map(str::trim) {
        None => PromptId::Number(line as i64),
        // Only a number that is written as numbers are keeps its text as one.
        Some(text) => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => PromptId::Number(number),
            _ => PromptId::Text(text.to_owned()),
        },
    };
    let max_tokens = match cell(columns.max_tokens).map(str::trim) {
        None => None,
        Some(text) => match text.parse::<u32>() {
            Ok(number) if number > 0 => Some(number),
            _ => {
                let column = columns.max_tokens.map_or(0, |column| column + 1);
                let reason = super::not_a_token_count(&format!("{text:?}"));
                let place = format!("column {column} (max_tokens)");
                return Err(fault(line as usize, &place, reason));
            }
        },
    };
    let name = |column| cell(column).map(|text| text.trim().to_owned());
    Ok(PromptEntry {
        id,
        category: name(columns.category),
        prompt: record.get(columns.prompt).unwrap_or_default().to_owned(),
        model: name(columns.model),
        max_tokens,
        system: cell(columns.system).map(str::to_owned),
    })
}

fn fault(line: usize, place: &str, reason: impl Into<String>) -> RouterError {
    RouterError::shape(WHAT, place, reason).at_line(line)
}

fn fault_of(error: &csv::Error) -> RouterError {
    let line = error.position().map_or(1, csv::Position::line) as usize;
    match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            let plural = if *len == 1 { "" } else { "s" };
            let reason = format!("{len} column{plural}; the header has {expected_len}");
            fault(line, "has", reason)
        }
        _ => fault(line, "the table", format!("cannot be read: {error}")),
    }
}
