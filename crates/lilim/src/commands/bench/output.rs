//! Where results go and what people see of them.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lilim_bench::report::dialects;
use lilim_bench::report::history::{self, Entry};
use lilim_bench::report::trace::trace;
use lilim_bench::report::{self, Detail, Style};
use lilim_bench::result_file::ResultFile;

use crate::arguments::{Format, RunFlags};
use crate::commands::write_whole;
use crate::config::Config;
use crate::exit::UsageError;
use crate::terminal;

/// The files of a run.
pub(crate) struct Place {
    /// The result.
    pub(crate) result: PathBuf,
    /// Samples as they are made, until the result is written.
    pub(crate) journal: PathBuf,
}

impl Place {
    /// The file that was asked for, or one named by scenario and time.
    pub(crate) fn of(flags: &RunFlags, scenario: &str, config: &Config) -> anyhow::Result<Self> {
        let result = match &flags.output {
            Some(path) if path.extension().is_some() && !path.is_dir() => path.clone(),
            folder => {
                let default = config.home.join("bench");
                let folder = folder.as_ref().unwrap_or(&default);
                let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ");
                folder.join(format!("{now}-{scenario}.json"))
            }
        };
        if let Some(extension) = result.extension().filter(|extension| *extension != "json") {
            let extension = extension.to_string_lossy();
            let reason = format!(
                "--output is the JSON file, not .{extension}; --format {extension} writes others beside it"
            );
            return Err(UsageError(reason).into());
        }
        let folder = result.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self {
            journal: result.with_extension("jsonl"),
            result,
        })
    }
}

/// Writes the result and its other formats, each in one step: a file is whole or not there. Returns
/// what was written.
pub(crate) fn write(
    result: &ResultFile,
    place: &Place,
    flags: &RunFlags,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = vec![(place.result.clone(), to_json(result)?)];
    let beside = |extension: &str| place.result.with_extension(extension);
    for format in &flags.format {
        files.push(match format {
            Format::Csv => (beside("csv"), report::csv(result)),
            Format::Md => (beside("md"), report::markdown(result)),
            Format::Html => (beside("html"), report::html(result)),
            Format::Trace => (beside("trace.json"), trace(&result.recording)),
        });
    }
    for &dialect in &flags.dialect {
        let path = beside(&format!("{}.json", dialect.name()));
        files.push((path, dialects::dialect(result, dialect)));
    }
    for (path, text) in &files {
        write_whole(path, text)?;
    }
    let mut written: Vec<PathBuf> = files.into_iter().map(|(path, _)| path).collect();
    written.extend(remember(result, place, flags)?);
    Ok(written)
}

fn to_json(result: &ResultFile) -> anyhow::Result<String> {
    serde_json::to_string(result).context("writing JSON")
}

/// Adds a line to the history beside the result, and makes the page of all lines anew.
fn remember(
    result: &ResultFile,
    place: &Place,
    flags: &RunFlags,
) -> anyhow::Result<Option<PathBuf>> {
    let (Some(title), change) = (&flags.title, flags.change.as_deref().unwrap_or("")) else {
        return Ok(None);
    };
    let folder = place.result.parent().unwrap_or(Path::new("."));
    let lines = folder.join("history.jsonl");
    let text = match std::fs::read_to_string(&lines) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.with_context(|| format!("reading {}", lines.display()))?,
    };
    let mut entries = Entry::parse(&text)
        .map_err(|(line, error)| anyhow::anyhow!("{} line {line}: {error}", lines.display()))?;
    let entry = Entry::of(result, title, change);
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&lines)
        .with_context(|| format!("opening {}", lines.display()))?;
    writeln!(file, "{}", entry.line().trim_end())
        .with_context(|| format!("writing {}", lines.display()))?;
    entries.push(entry);
    let page = folder.join("HISTORY.md");
    write_whole(&page, &history::page(&entries))?;
    Ok(Some(page))
}

/// The findings as tables, as wide as the terminal.
pub(crate) fn for_people(result: &ResultFile, detail: Detail) -> String {
    let style = Style {
        colour: terminal::stdout_has_colours(),
        width: terminal::stdout_width(),
        detail,
    };
    report::console(result, style)
}
