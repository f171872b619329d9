//! Prompt files: `{"prompts":[{"id":1,"category":"Factual","prompt":"…"}]}`.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::RouterError;
use crate::error::kind_of;

const WHAT: &str = "prompts";

/// A prompt's id, kept as the file writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptEntry {
    /// Its id.
    pub id: PromptId,
    /// The category it is known to have, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The text; an empty one is a prompt too.
    pub prompt: String,
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

/// Reads a prompts file. Keys that are not known are left alone: other tools keep notes there.
///
/// # Errors
/// `Syntax` with line and column, or `Shape` with the prompt's index (from 0) and key.
pub fn parse_prompts(json: &str) -> Result<PromptSet, RouterError> {
    // Some editors put a byte order mark before the text; JSON itself knows none.
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let root: Value =
        serde_json::from_str(json).map_err(|error| RouterError::syntax(WHAT, &error))?;
    let list = match root.get("prompts") {
        Some(Value::Array(list)) => list,
        Some(other) => return Err(wrong("key prompts", "an array", other)),
        None if !root.is_object() => return Err(wrong("the file", "an object", &root)),
        None => return Err(RouterError::shape(WHAT, "key prompts", "is missing")),
    };
    let prompts: Vec<PromptEntry> = list
        .iter()
        .enumerate()
        .map(|(index, value)| entry(index, value))
        .collect::<Result<_, _>>()?;
    let duplicate_ids = duplicates(&prompts);
    Ok(PromptSet {
        prompts,
        duplicate_ids,
    })
}

fn entry(index: usize, value: &Value) -> Result<PromptEntry, RouterError> {
    let place = |key: &str| format!("prompts[{index}].{key}");
    if !value.is_object() {
        return Err(wrong(&format!("prompts[{index}]"), "an object", value));
    }
    let missing = |key| RouterError::shape(WHAT, place(key), "is missing");
    let id = match value.get("id").ok_or_else(|| missing("id"))? {
        Value::String(text) => PromptId::Text(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(number) => PromptId::Number(number),
            None => {
                let reason = format!("must be a whole number or a string, not {number}");
                return Err(RouterError::shape(WHAT, place("id"), reason));
            }
        },
        other => return Err(wrong(&place("id"), "a number or a string", other)),
    };
    let category = match value.get("category") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.clone()),
        Some(other) => return Err(wrong(&place("category"), "a string", other)),
    };
    let prompt = match value.get("prompt").ok_or_else(|| missing("prompt"))? {
        Value::String(text) => text.clone(),
        other => return Err(wrong(&place("prompt"), "a string", other)),
    };
    Ok(PromptEntry {
        id,
        category,
        prompt,
    })
}

fn wrong(place: &str, expected: &str, got: &Value) -> RouterError {
    RouterError::shape(
        WHAT,
        place,
        format!("must be {expected}, not {}", kind_of(got)),
    )
}

fn duplicates(prompts: &[PromptEntry]) -> Vec<String> {
    let (mut seen, mut repeated) = (BTreeSet::new(), Vec::new());
    for entry in prompts {
        let id = entry.id.to_string();
        if !seen.insert(id.clone()) && !repeated.contains(&id) {
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
            ("[]", "prompts: the file must be an object, not an array"),
            ("{}", "prompts: key prompts is missing"),
            (
                r#"{"prompts":{}}"#,
                "prompts: key prompts must be an array, not an object",
            ),
            (
                r#"{"prompts":["x"]}"#,
                "prompts: prompts[0] must be an object, not a string",
            ),
            (
                r#"{"prompts":[{"prompt":"x"}]}"#,
                "prompts: prompts[0].id is missing",
            ),
            (
                r#"{"prompts":[{"id":1,"prompt":"x"},{"id":true,"prompt":"x"}]}"#,
                "prompts: prompts[1].id must be a number or a string, not a boolean",
            ),
            (
                r#"{"prompts":[{"id":1.5,"prompt":"x"}]}"#,
                "prompts: prompts[0].id must be a whole number or a string, not 1.5",
            ),
            (
                r#"{"prompts":[{"id":1,"category":7,"prompt":"x"}]}"#,
                "prompts: prompts[0].category must be a string, not a number",
            ),
            (
                r#"{"prompts":[{"id":1}]}"#,
                "prompts: prompts[0].prompt is missing",
            ),
            (
                r#"{"prompts":[{"id":1,"prompt":null}]}"#,
                "prompts: prompts[0].prompt must be a string, not null",
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
}
