//! Prompt entries in JSON: a whole file, or one on each line.

use serde_json::Value;

use super::{PromptEntry, PromptId, WHAT};
use crate::RouterError;
use crate::error::kind_of;
use crate::json_place::{Step, line_of};

/// Reads `{"prompts":[…]}`.
pub(super) fn parse(json: &str) -> Result<Vec<PromptEntry>, RouterError> {
    let root: Value =
        serde_json::from_str(json).map_err(|error| RouterError::syntax(WHAT, &error))?;
    let list_path = [Step::Key("prompts")];
    let list = match root.get("prompts") {
        Some(Value::Array(list)) => list,
        Some(other) => {
            let fault = wrong_kind("key prompts", "an array", other);
            return Err(fault.at_line(line_of(json, &list_path)));
        }
        None if !root.is_object() => {
            let fault = wrong_kind("the file", "an object", &root);
            return Err(fault.at_line(line_of(json, &[])));
        }
        None => {
            let fault = RouterError::shape(WHAT, "key prompts", "is missing");
            return Err(fault.at_line(line_of(json, &[])));
        }
    };
    let entries = list.iter().enumerate().map(|(index, value)| {
        entry(value, None).map_err(|fault| {
            let item = format!("prompts[{index}]");
            let mut path = vec![list_path[0], Step::Index(index)];
            let place = match fault.key {
                Some(key) => {
                    path.push(Step::Key(key));
                    format!("{item}.{key}")
                }
                None => item,
            };
            RouterError::shape(WHAT, place, fault.reason).at_line(line_of(json, &path))
        })
    });
    entries.collect()
}

/// Reads an entry from each line that is not blank.
pub(super) fn parse_lines(text: &str) -> Result<Vec<PromptEntry>, RouterError> {
    let lines = text.split('\n').zip(1..);
    let filled = lines.filter(|(line, _)| !line.trim().is_empty());
    let entries = filled.map(|(line, number)| {
        let value: Value = serde_json::from_str(line)
            .map_err(|error| RouterError::syntax(WHAT, &error).at_line(number))?;
        entry(&value, Some(number)).map_err(|fault| {
            let place = match fault.key {
                Some(key) => format!("key {key}"),
                None => "the line".to_owned(),
            };
            RouterError::shape(WHAT, place, fault.reason).at_line(number)
        })
    });
    entries.collect()
}

/// What is wrong with an entry: with the value of a key, or, without one, with all of it.
struct EntryFault {
    key: Option<&'static str>,
    reason: String,
}

/// Reads an entry; the line is the id where there is none.
fn entry(value: &Value, line: Option<usize>) -> Result<PromptEntry, EntryFault> {
    if !value.is_object() {
        return Err(EntryFault {
            key: None,
            reason: not_a("an object", value),
        });
    }
    let id = match value.get("id") {
        None | Some(Value::Null) if line.is_some() => {
            PromptId::Number(line.unwrap_or_default() as i64)
        }
        None => return Err(fault("id", "is missing")),
        Some(Value::String(text)) => PromptId::Text(text.clone()),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(number) => PromptId::Number(number),
            None => {
                let reason = format!("must be a whole number or a string, not {number}");
                return Err(fault("id", reason));
            }
        },
        Some(other) => return Err(fault("id", not_a("a number or a string", other))),
    };
    let prompt = match value.get("prompt") {
        None => return Err(fault("prompt", missing_beside(value))),
        Some(Value::String(text)) => text.clone(),
        Some(other) => return Err(fault("prompt", not_a("a string", other))),
    };
    let model = text(value, "model")?;
    if model.as_ref().is_some_and(|model| model.trim().is_empty()) {
        return Err(fault("model", "names no model"));
    }
    let max_tokens = match value.get("max_tokens") {
        None | Some(Value::Null) => None,
        Some(number) => Some(
            number
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
                .filter(|&n| n > 0)
                .ok_or_else(|| fault("max_tokens", super::not_a_token_count(number)))?,
        ),
    };
    Ok(PromptEntry {
        id,
        category: text(value, "category")?,
        prompt,
        model,
        max_tokens,
        system: text(value, "system")?,
    })
}

/// Names the keys that there are: other tools call the prompt otherwise.
fn missing_beside(value: &Value) -> String {
    const MOST: usize = 8;
    let object = value.as_object();
    let keys: Vec<&str> = object.map_or_else(Vec::new, |object| {
        object.keys().take(MOST).map(String::as_str).collect()
    });
    if keys.is_empty() {
        return "is missing".to_owned();
    }
    format!("is missing; there is {}", keys.join(", "))
}

/// A key that may be absent or null.
fn text(value: &Value, key: &'static str) -> Result<Option<String>, EntryFault> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(fault(key, not_a("a string", other))),
    }
}

fn fault(key: &'static str, reason: impl Into<String>) -> EntryFault {
    EntryFault {
        key: Some(key),
        reason: reason.into(),
    }
}

fn not_a(expected: &str, got: &Value) -> String {
    format!("must be {expected}, not {}", kind_of(got))
}

fn wrong_kind(place: &str, expected: &str, got: &Value) -> RouterError {
    RouterError::shape(WHAT, place, not_a(expected, got))
}
