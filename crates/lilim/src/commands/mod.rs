//! One file for each command; each takes its arguments and the configuration and returns how the
//! program ends.

pub(crate) mod bench;
pub(crate) mod chat;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod engines;
pub(crate) mod list;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod tokenize;
pub(crate) mod worker;

use std::io::Write;

use anyhow::Context;
use serde::Serialize;

/// Prints a value as JSON and a line end.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value).context("writing JSON")?;
    print_line(&text)
}

/// Prints a line to stdout; a closed pipe is an error, not a panic.
pub(crate) fn print_line(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").context("writing to stdout")
}
