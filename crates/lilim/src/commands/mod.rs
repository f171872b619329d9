//! One file for each command; each takes its arguments and the configuration and returns how the
//! program ends.

pub(crate) mod bench;
pub(crate) mod chat;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod engines;
pub(crate) mod list;
pub(crate) mod route;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod tokenize;
pub(crate) mod worker;

use std::io::Write;
use std::path::Path;

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

/// Writes a file in one step: it is whole or not there.
pub(crate) fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, text)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("writing {}", path.display()))
}
