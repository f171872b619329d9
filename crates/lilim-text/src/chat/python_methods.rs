//! Methods of Python's strings, lists and dicts that templates call and `minijinja-contrib` does
//! not have; everything else goes there.

use minijinja::value::{Tuple, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat;

/// The widest text that padding may make.
const MAX_WIDTH: usize = 1 << 16;

pub(super) fn call_method(
    state: &mut State,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    let own = match value.kind() {
        ValueKind::String => string_method(value.as_str().unwrap_or_default(), method, args)?,
        ValueKind::Seq | ValueKind::Iterable => list_method(value, method, args)?,
        ValueKind::Map if method == "copy" => Some(value.clone()),
        _ => None,
    };
    match own {
        Some(result) => Ok(result),
        None => pycompat::unknown_method_callback(state, value, method, args),
    }
}

fn string_method(text: &str, method: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    let result = match method {
        "swapcase" => Value::from(text.chars().flat_map(swap_case).collect::<String>()),
        "title" => Value::from(title(text)),
        "removeprefix" => {
            let (prefix,): (&str,) = from_args(args)?;
            Value::from(text.strip_prefix(prefix).unwrap_or(text))
        }
        "removesuffix" => {
            let (suffix,): (&str,) = from_args(args)?;
            Value::from(text.strip_suffix(suffix).unwrap_or(text))
        }
        "partition" | "rpartition" => {
            let (separator,): (&str,) = from_args(args)?;
            partition(text, separator, method == "rpartition")
        }
        "rsplit" => {
            let (separator, limit): (Option<&str>, Option<i64>) = from_args(args)?;
            rsplit(text, separator, limit)
        }
        "zfill" => {
            let (width,): (usize,) = from_args(args)?;
            let (sign, digits) = match text.strip_prefix(['-', '+']) {
                Some(digits) => text.split_at(text.len() - digits.len()),
                None => ("", text),
            };
            let n_zeros = padding(text, width);
            Value::from(format!("{sign}{}{digits}", "0".repeat(n_zeros)))
        }
        "ljust" | "rjust" | "center" => {
            let (width, fill): (usize, Option<&str>) = from_args(args)?;
            let fill = fill.unwrap_or(" ");
            let n_fill = padding(text, width);
            let before = match method {
                "ljust" => 0,
                "rjust" => n_fill,
                // Python puts the odd one to the left only if the width is odd too.
                _ => n_fill / 2 + (n_fill & width & 1),
            };
            Value::from(format!(
                "{}{text}{}",
                fill.repeat(before),
                fill.repeat(n_fill - before)
            ))
        }
        "index" => {
            let (what,): (&str,) = from_args(args)?;
            let at = text.find(what).ok_or_else(|| missing(method))?;
            Value::from(text[..at].chars().count())
        }
        _ => return Ok(None),
    };
    Ok(Some(result))
}

fn list_method(value: &Value, method: &str, args: &[Value]) -> Result<Option<Value>, Error> {
    match method {
        "index" => {
            let (what,): (&Value,) = from_args(args)?;
            let at = value.try_iter()?.position(|item| item == *what);
            at.map(|at| Some(Value::from(at)))
                .ok_or_else(|| missing(method))
        }
        "copy" => Ok(Some(value.clone())),
        _ => Ok(None),
    }
}

/// Upper case at the start of each run of letters, where an apostrophe ends a run.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_letter = false;
    for c in text.chars() {
        if after_letter {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        after_letter = c.is_alphabetic();
    }
    out
}

fn swap_case(c: char) -> Vec<char> {
    if c.is_uppercase() {
        c.to_lowercase().collect()
    } else {
        c.to_uppercase().collect()
    }
}

fn padding(text: &str, width: usize) -> usize {
    width.min(MAX_WIDTH).saturating_sub(text.chars().count())
}

fn partition(text: &str, separator: &str, from_right: bool) -> Value {
    let found = if from_right {
        text.rsplit_once(separator)
    } else {
        text.split_once(separator)
    };
    let parts = match found {
        Some((before, after)) => [before, separator, after],
        None if from_right => ["", "", text],
        None => [text, "", ""],
    };
    Value::from(Tuple::from(parts.map(Value::from)))
}

fn rsplit(text: &str, separator: Option<&str>, limit: Option<i64>) -> Value {
    let n_parts = usize::try_from(limit.unwrap_or(-1)).map_or(usize::MAX, |limit| limit + 1);
    let mut parts: Vec<&str> = match separator {
        Some(separator) => text.rsplitn(n_parts, separator).collect(),
        None => {
            let mut parts = Vec::new();
            let mut rest = text.trim();
            while !rest.is_empty() {
                let split = (parts.len() + 1 < n_parts)
                    .then(|| rest.rsplit_once(char::is_whitespace))
                    .flatten();
                let (before, last) = split.unwrap_or(("", rest));
                parts.push(last);
                rest = before.trim_end();
            }
            parts
        }
    };
    parts.reverse();
    parts.into_iter().map(Value::from).collect()
}

fn missing(method: &str) -> Error {
    Error::new(
        ErrorKind::InvalidOperation,
        format!("{method}: value not found"),
    )
}
