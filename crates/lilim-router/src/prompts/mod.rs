//! Prompt files as people have them: JSON (`{"prompts":[{"id":1,"category":"Factual","prompt":"…"}]}`),
//! JSONL (an entry a line) and CSV (a header with the keys).

mod json;
mod table;

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{RouterError, utf8_text};

const WHAT: &str = "prompts";

/// A prompt's id, kept as the file writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PromptId {
    /// A whole number.
    Number(i64),
    /// A string.
    Text(String),
}

impl fmt::Display for PromptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// One prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromptEntry {
    /// Its id.
    pub id: PromptId,
    /// The category it is known to have, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The text; an empty one is a prompt too.
    pub prompt: String,
    /// The model that is to answer, whatever the route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The most tokens that the answer may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
    /// What the model is told before the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

/// A file of prompts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptSet {
    /// The prompts, in file order.
    pub prompts: Vec<PromptEntry>,
    /// Ids that occur more than once (`1` and `"1"` are the same), each once, in the order found:
    /// worth a warning, for results can then not be told apart by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicate_ids: Vec<String>,
}

/// How a prompts file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptFormat {
    /// One object with the key `prompts`.
    Json,
    /// One object a line.
    Jsonl,
    /// A table with a header row.
    Csv,
}

impl PromptFormat {
    /// The format by the file's extension; for another one, or none, by what the text begins with: an
    /// object that is whole on the first line with more lines after it is JSONL, whatever begins with
    /// another bracket JSON, anything else CSV. `.json` with such lines is JSONL too: it cannot be JSON.
    pub fn of(file_name: &str, text: &str) -> Self {
        let extension = file_name.rsplit_once('.').map(|(_, extension)| extension);
        match extension.unwrap_or_default().to_lowercase().as_str() {
            "json" if Self::by_content(text) != Self::Jsonl => Self::Json,
            "jsonl" | "ndjson" => Self::Jsonl,
            "csv" => Self::Csv,
            _ => Self::by_content(text),
        }
    }

    fn by_content(text: &str) -> Self {
        let text = text.trim();
        if !text.starts_with(['{', '[']) {
            return Self::Csv;
        }
        match text.split_once('\n') {
            Some((first, _)) if serde_json::from_str::<serde_json::Value>(first).is_ok() => {
                Self::Jsonl
            }
            _ => Self::Json,
        }
    }
}

/// Reads a prompts file from its bytes; the name decides on the format (see [`PromptFormat::of`]).
///
/// # Errors
/// `Utf8`, and those of [`parse_prompts_as`].
pub fn read_prompts(bytes: &[u8], file_name: &str) -> Result<PromptSet, RouterError> {
    let text = utf8_text(bytes, WHAT)?;
    parse_prompts_as(text, PromptFormat::of(file_name, text))
}

/// Reads a prompts file in JSON: [`parse_prompts_as`] with that format.
///
/// # Errors
/// As there.
pub fn parse_prompts(json: &str) -> Result<PromptSet, RouterError> {
    parse_prompts_as(json, PromptFormat::Json)
}

/// Reads a prompts file. An entry has `prompt`, and may have `id` (in JSON it must), `category`, `model`,
/// `max_tokens` and `system`; other keys and columns are left alone, for other tools keep notes there.
/// Without an id an entry of JSONL or CSV has its line's number.
///
/// # Errors
/// `Syntax` with line and column, or `Shape` with the line, and the index (from 0) and key or the column.
pub fn parse_prompts_as(text: &str, format: PromptFormat) -> Result<PromptSet, RouterError> {
    // Some editors put a byte order mark before the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let prompts = match format {
        PromptFormat::Json => json::parse(text)?,
        PromptFormat::Jsonl => json::parse_lines(text)?,
        PromptFormat::Csv => table::parse(text)?,
    };
    let duplicate_ids = duplicates(&prompts);
    Ok(PromptSet {
        prompts,
        duplicate_ids,
    })
}

fn not_a_token_count(got: &dyn fmt::Display) -> String {
    format!("must be a whole number from 1 to {}, not {got}", u32::MAX)
}

fn duplicates(prompts: &[PromptEntry]) -> Vec<String> {
    let (mut seen, mut reported, mut repeated) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for entry in prompts {
        let id = entry.id.to_string();
        if !seen.insert(id.clone()) && reported.insert(id.clone()) {
            repeated.push(id);
        }
    }
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_may_be_numbers_or_strings_and_categories_absent() {
        let json = r#"{"version":1,"prompts":[
            {"id":1,"category":"Factual","prompt":"a","note":0},
            {"id":"x-2","prompt":""},
            {"id":-3,"category":null,"prompt":"c"}]}"#;
        let set = parse_prompts(json).unwrap();
        let ids: Vec<String> = set
            .prompts
            .iter()
            .map(|entry| entry.id.to_string())
            .collect();
        assert_eq!(ids, ["1", "x-2", "-3"]);
        assert_eq!(set.prompts[0].category.as_deref(), Some("Factual"));
        assert_eq!(
            (&set.prompts[1].category, &set.prompts[2].category),
            (&None, &None)
        );
        assert!(set.duplicate_ids.is_empty());
        let again = serde_json::to_string(&set).unwrap();
        assert_eq!(parse_prompts(&again).unwrap(), set);
    }

    #[test]
    fn duplicate_ids_are_reported_once_each() {
        let json = r#"{"prompts":[{"id":1,"prompt":""},{"id":"1","prompt":""},{"id":2,"prompt":""},
            {"id":1,"prompt":""},{"id":2,"prompt":""}]}"#;
        assert_eq!(parse_prompts(json).unwrap().duplicate_ids, ["1", "2"]);
    }

    #[test]
    fn faults_name_line_or_index_and_key() {
        let cases = [
            (
                "{\n  \"prompts\": [,]}",
                "prompts is not JSON: line 2, column 15: expected value",
            ),
            (
                "[]",
                "prompts: line 1: the file must be an object, not an array",
            ),
            ("{}", "prompts: line 1: key prompts is missing"),
            (
                r#"{"prompts":{}}"#,
                "prompts: line 1: key prompts must be an array, not an object",
            ),
            (
                r#"{"prompts":["x"]}"#,
                "prompts: line 1: prompts[0] must be an object, not a string",
            ),
            (
                r#"{"prompts":[{"prompt":"x"}]}"#,
                "prompts: line 1: prompts[0].id is missing",
            ),
            (
                r#"{"prompts":[{"id":1,"prompt":"x"},{"id":true,"prompt":"x"}]}"#,
                "prompts: line 1: prompts[1].id must be a number or a string, not a boolean",
            ),
            (
                r#"{"prompts":[{"id":1.5,"prompt":"x"}]}"#,
                "prompts: line 1: prompts[0].id must be a whole number or a string, not 1.5",
            ),
            (
                r#"{"prompts":[{"id":1,"category":7,"prompt":"x"}]}"#,
                "prompts: line 1: prompts[0].category must be a string, not a number",
            ),
            (
                "{\"prompts\":[\n{\"id\":1,\"prompt\":\"x\"},\n{\"id\":2,\"prompt\":\"\",\n\"category\":{}}]}",
                "prompts: line 4: prompts[1].category must be a string, not an object",
            ),
            (
                r#"{"prompts":[{"id":1}]}"#,
                "prompts: line 1: prompts[0].prompt is missing; there is id",
            ),
            (
                r#"{"prompts":[{"id":1,"prompt":null}]}"#,
                "prompts: line 1: prompts[0].prompt must be a string, not null",
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(parse_prompts(json).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_and_an_empty_list_is_fine() {
        assert_eq!(
            parse_prompts("\u{feff}{\"prompts\":[]}"),
            Ok(PromptSet::default())
        );
    }

    #[test]
    fn every_format_gives_the_same_entries() {
        let json = r#"{"prompts":[
            {"id":1,"category":"Factual","prompt":"a, \"b\"\nc","model":"m","max_tokens":7,"system":"s"},
            {"id":"x","prompt":"","note":[]}]}"#;
        let jsonl = "\n{\"id\":1,\"category\":\"Factual\",\"prompt\":\"a, \\\"b\\\"\\nc\",\"model\":\"m\",\
                     \"max_tokens\":7,\"system\":\"s\"}\r\n\r\n{\"id\":\"x\",\"prompt\":\"\"}\n";
        let csv = "ID,Category , prompt,model,max_tokens,system,note\r\n\
                   1,Factual,\"a, \"\"b\"\"\nc\",m,7,s,0\r\n\r\nx,,,,,,0\r\n";
        let expected = parse_prompts(json).unwrap();
        assert_eq!(expected.prompts[0].max_tokens, Some(7));
        for (name, text) in [
            ("p.json", json),
            ("p.JSONL", jsonl),
            ("p.ndjson", jsonl),
            ("p.csv", csv),
            ("stdin", json),
            ("p.txt", jsonl),
            ("p.json", jsonl),
            ("p.v2", csv),
        ] {
            assert_eq!(
                read_prompts(text.as_bytes(), name).unwrap(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn without_an_id_the_line_is_the_id() {
        let ids = |text: &str, format| -> Vec<String> {
            let set = parse_prompts_as(text, format).unwrap();
            set.prompts
                .iter()
                .map(|entry| entry.id.to_string())
                .collect()
        };
        let jsonl = "{\"prompt\":\"a\"}\n\n{\"prompt\":\"b\"}\n{\"id\":1,\"prompt\":\"c\"}";
        assert_eq!(ids(jsonl, PromptFormat::Jsonl), ["1", "3", "1"]);
        assert_eq!(ids("prompt\n\"a\nb\"\nc\n", PromptFormat::Csv), ["2", "4"]);
        assert_eq!(
            ids("id,prompt\n,a\n007,b\n,\n7,c\n,\n", PromptFormat::Csv),
            ["2", "007", "7"]
        );
        let repeated = parse_prompts_as(jsonl, PromptFormat::Jsonl).unwrap();
        assert_eq!(repeated.duplicate_ids, ["1"]);
    }

    #[test]
    fn faults_of_lines_and_tables_name_line_and_key_or_column() {
        use PromptFormat::{Csv, Jsonl};
        let cases = [
            (
                Jsonl,
                "{\"prompt\":\"a\"}\n{\"prompt\":",
                "prompts is not JSON: line 2, column 10: EOF while parsing a value",
            ),
            (
                Jsonl,
                "\n[]",
                "prompts: line 2: the line must be an object, not an array",
            ),
            (
                Jsonl,
                "{\"id\":1}",
                "prompts: line 1: key prompt is missing; there is id",
            ),
            (
                Jsonl,
                "{\"prompt\":\"\",\"max_tokens\":0}",
                "prompts: line 1: key max_tokens must be a whole number from 1 to 4294967295, not 0",
            ),
            (
                Jsonl,
                "{\"prompt\":\"\",\"model\":[]}",
                "prompts: line 1: key model must be a string, not an array",
            ),
            (
                Jsonl,
                "{\"prompt\":\"\",\"model\":\" \"}",
                "prompts: line 1: key model names no model",
            ),
            (Csv, "", "prompts: line 1: the header is missing"),
            (
                Csv,
                "id;prompt\n1;a",
                "prompts: line 1: column prompt is missing; the header has \"id;prompt\"",
            ),
            (
                Csv,
                "prompt,id,ID\n",
                "prompts: line 1: column id occurs twice",
            ),
            (
                Csv,
                "id,prompt\n1,a\n2",
                "prompts: line 3: has 1 column; the header has 2",
            ),
            (
                Csv,
                "id,prompt\n1,a,b\n",
                "prompts: line 2: has 3 columns; the header has 2",
            ),
            (
                Csv,
                "id,prompt,max_tokens\n1,a,\n2,b,x",
                "prompts: line 3: column 3 (max_tokens) must be a whole number from 1 to 4294967295, not \"x\"",
            ),
            (
                Csv,
                "prompt\na\n\"b\n\"\"c",
                "prompts: line 3: a quote is opened and never closed",
            ),
        ];
        for (format, text, expected) in cases {
            let error = parse_prompts_as(text, format).unwrap_err();
            assert_eq!(error.to_string(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_very_long_prompt_is_read_whole() {
        let long = "many words, \"quoted\"\n".repeat(50_000);
        let csv = format!("prompt\n\"{}\"\n", long.replace('"', "\"\""));
        let json = serde_json::json!({"prompts": [{"id": 2, "prompt": long}]}).to_string();
        assert_eq!(
            read_prompts(csv.as_bytes(), "a.csv").unwrap(),
            parse_prompts(&json).unwrap()
        );
    }
}
