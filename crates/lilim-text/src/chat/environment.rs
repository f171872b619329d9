//! The Jinja environment of chat templates: `transformers`' settings and functions, and bounds
//! on what a template may use up.

use std::error::Error as _;
use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Rest, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, Value};

use super::python_filters;
use super::python_json::{float_repr, tojson};
use super::python_methods::call_method;
use crate::TextError;

/// The name under which the one template is kept.
pub(super) const TEMPLATE_NAME: &str = "chat_template";

/// How many instructions a template may take; a long conversation takes some 100 000.
const FUEL: u64 = 20_000_000;
/// How deep macros and loops may call themselves.
const MAX_DEPTH: usize = 128;
/// The longest text a template may write, in bytes.
const MAX_OUTPUT_BYTES: usize = 64 << 20;

/// Compiles a template.
pub(super) fn compile(source: &str) -> Result<Environment<'static>, TextError> {
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(text_error)?;
    let mut environment = Environment::new();
    environment.set_debug(false);
    environment.set_syntax(syntax);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(MAX_DEPTH);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_unknown_method_callback(call_method);
    environment.set_formatter(print);
    environment.add_filter("tojson", tojson);
    environment.add_filter("string", |value: &Value| printed(value));
    python_filters::add_to(&mut environment);
    environment.add_function("raise_exception", raise_exception);
    environment
        .add_template_owned(
            TEMPLATE_NAME,
            without_generation_tags(&with_unix_newlines(source)),
        )
        .map_err(text_error)?;
    Ok(environment)
}

/// Prints a value as Python's `str` does.
fn print(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    out.write_str(&printed(value)).map_err(Error::from)
}

fn printed(value: &Value) -> String {
    match f64::try_from(value.clone()) {
        Ok(number) if value.kind() == ValueKind::Number && !value.is_integer() => {
            float_repr(number)
        }
        _ => value.to_string(),
    }
}

/// Marks an error that the template itself raised.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(String);

fn raise_exception(message: Rest<Value>) -> Result<Value, Error> {
    let message = message.first().map(Value::to_string).unwrap_or_default();
    Err(Error::new(ErrorKind::InvalidOperation, "raise_exception").with_source(Refusal(message)))
}

/// Jinja reads every kind of line end as a newline.
fn with_unix_newlines(source: &str) -> String {
    source.replace("\r\n", "\n").replace('\r', "\n")
}

/// `{% generation %}` marks the answer for training; to write a conversation it means nothing.
/// The marks become conditions that always hold, so that whitespace control stays as it is.
fn without_generation_tags(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start);
        text.push_str(before);
        let Some(end) = tag.find("%}") else {
            rest = tag;
            break;
        };
        let inner = &tag[2..end];
        let word = inner.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '+'));
        match word {
            "generation" => text.push_str(&tag[..end].replace(word, "if true")),
            "endgeneration" => text.push_str(&tag[..end].replace(word, "endif")),
            _ => text.push_str(&tag[..end]),
        }
        text.push_str("%}");
        rest = &tag[end + 2..];
    }
    text.push_str(rest);
    text
}

/// Tells what a template's error means to the caller.
pub(super) fn text_error(error: Error) -> TextError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(Refusal(message)) = cause.downcast_ref() {
            return TextError::TemplateRefused {
                message: message.clone(),
            };
        }
        source = cause.source();
    }
    let line = error.line();
    match error.kind() {
        ErrorKind::OutOfFuel => TextError::TemplateLimit {
            what: "instructions",
            limit: FUEL,
        },
        ErrorKind::SyntaxError => TextError::BadTemplate {
            line,
            reason: reason_of(&error),
        },
        ErrorKind::InvalidOperation
            if error
                .detail()
                .is_some_and(|detail| detail.contains("recursion limit")) =>
        {
            TextError::TemplateLimit {
                what: "nested calls",
                limit: MAX_DEPTH as u64,
            }
        }
        _ => TextError::TemplateFailed {
            line,
            reason: reason_of(&error),
        },
    }
}

fn reason_of(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// Collects what a template writes, up to a limit.
#[derive(Debug, Default)]
pub(super) struct BoundedOutput {
    bytes: Vec<u8>,
    is_full: bool,
}

impl BoundedOutput {
    /// Fails when the template wrote more than it may.
    pub(super) fn check(&self) -> Result<(), TextError> {
        if self.is_full {
            let limit = MAX_OUTPUT_BYTES as u64;
            return Err(TextError::TemplateLimit {
                what: "bytes of output",
                limit,
            });
        }
        Ok(())
    }

    pub(super) fn into_text(self) -> Result<String, TextError> {
        String::from_utf8(self.bytes).map_err(|error| TextError::TemplateFailed {
            line: None,
            reason: error.to_string(),
        })
    }
}

impl io::Write for BoundedOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_OUTPUT_BYTES {
            self.is_full = true;
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::without_generation_tags;

    #[test]
    fn generation_tags_become_conditions() {
        let cases = [
            (
                "a{% generation %}b{% endgeneration %}c",
                "a{% if true %}b{% endif %}c",
            ),
            (
                "{%- generation -%}b{%-endgeneration+%}",
                "{%- if true -%}b{%-endif+%}",
            ),
            (
                "{% if generation %}{% endif %}",
                "{% if generation %}{% endif %}",
            ),
            ("{% generation", "{% generation"),
        ];
        for (source, expected) in cases {
            assert_eq!(without_generation_tags(source), expected);
        }
    }
}
