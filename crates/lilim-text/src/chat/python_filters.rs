//! Filters and tests that answer as Jinja2's do where `minijinja`'s own answer otherwise.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, Rest, StringInput, ValueKind};
use minijinja::{Environment, Error, Value};
use minijinja_contrib::globals;

/// Adds them.
pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    environment.add_filter("length", length);
    environment.add_filter("count", length);
    environment.add_filter("wordcount", wordcount);
    environment.add_filter("replace", replace);
    environment.add_filter("truncate", truncate);
    environment.add_filter("urlencode", urlencode);
    environment.add_test("sequence", is_sequence);
    environment.add_test("iterable", is_iterable);
    environment.add_function("cycler", |items: Rest<Value>| {
        globals::cycler(items.to_vec())
    });
    environment.add_function("joiner", globals::joiner);
}

/// A whole number; text that is none, or nothing at all, gives the default.
fn int(value: &Value, default: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    let base = kwargs
        .get::<Option<u32>>("base")?
        .unwrap_or(10)
        .clamp(2, 36);
    let default = kwargs
        .get::<Option<Value>>("default")?
        .or(default)
        .unwrap_or(Value::from(0));
    kwargs.assert_all_used()?;
    let whole = match value.kind() {
        ValueKind::Bool | ValueKind::Number if value.is_integer() => Some(value.clone()),
        ValueKind::Bool => Some(Value::from(i64::from(value.is_true()))),
        ValueKind::Number => f64::try_from(value.clone()).ok().and_then(truncated),
        ValueKind::String => whole_of_text(value.as_str().unwrap_or_default(), base),
        _ => None,
    };
    Ok(whole.unwrap_or(default))
}

fn whole_of_text(text: &str, base: u32) -> Option<Value> {
    let text = text.trim().replace('_', "");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let digits = match base {
        16 => digits.trim_start_matches("0x").trim_start_matches("0X"),
        8 => digits.trim_start_matches("0o"),
        2 => digits.trim_start_matches("0b"),
        _ => digits,
    };
    match i64::from_str_radix(digits, base) {
        Ok(number) if digits.starts_with(char::is_alphanumeric) => Some(Value::from(sign * number)),
        _ => text.parse().ok().and_then(truncated),
    }
}

fn truncated(number: f64) -> Option<Value> {
    let whole = number.trunc();
    (whole.abs() < i64::MAX as f64).then(|| Value::from(whole as i64))
}

/// A float; text that is none, or nothing at all, gives the default.
fn float(value: &Value, default: Option<Value>) -> Value {
    let number = match value.as_str() {
        Some(text) => text.trim().replace('_', "").parse().ok(),
        None => f64::try_from(value.clone()).ok(),
    };
    number.map_or_else(|| default.unwrap_or(Value::from(0.0)), Value::from)
}

fn length(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Ok(Value::from(0));
    }
    minijinja::filters::length(value).map(Value::from)
}

/// The number of runs of letters, digits and underscores.
fn wordcount(value: &Value) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    value
        .to_string()
        .split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .count()
}

/// The first `count` occurrences, or all.
fn replace(text: StringInput<'_>, from: &str, to: &str, count: Option<usize>) -> String {
    text.as_str()
        .replacen(from, to, count.unwrap_or(usize::MAX))
}

/// At most `length` characters and a few, cut at a space unless `killwords`.
fn truncate(
    text: &str,
    length: Option<usize>,
    killwords: Option<bool>,
    end: Option<&str>,
    kwargs: Kwargs,
) -> Result<String, Error> {
    let length = kwargs
        .get::<Option<usize>>("length")?
        .or(length)
        .unwrap_or(255);
    let killwords = kwargs
        .get::<Option<bool>>("killwords")?
        .or(killwords)
        .unwrap_or(false);
    let end = kwargs.get::<Option<&str>>("end")?.or(end).unwrap_or("...");
    let leeway = kwargs.get::<Option<usize>>("leeway")?.unwrap_or(5);
    kwargs.assert_all_used()?;
    if text.chars().count() <= length.saturating_add(leeway) {
        return Ok(text.to_owned());
    }
    let n_kept = length.saturating_sub(end.chars().count());
    let mut kept: String = text.chars().take(n_kept).collect();
    if !killwords && let Some(space) = kept.rfind(' ') {
        kept.truncate(space);
    }
    Ok(kept + end)
}

fn urlencode(value: &Value) -> String {
    let mut out = String::new();
    for byte in value.to_string().bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes all that is written");
        }
    }
    out
}

/// What has a length and items: texts and dicts too.
fn is_sequence(value: &Value) -> bool {
    matches!(
        value.kind(),
        ValueKind::String | ValueKind::Seq | ValueKind::Map
    ) || (value.kind() == ValueKind::Iterable && value.len().is_some())
}

/// What a loop can go over: an undefined value too (no turns), but not Python's None, by which
/// templates tell that there are no tools.
fn is_iterable(value: &Value) -> bool {
    is_sequence(value) || matches!(value.kind(), ValueKind::Iterable | ValueKind::Undefined)
}
