//! Where results go and what people see of them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use lilim_bench::derive::CaseFindings;
use lilim_bench::result_file::ResultFile;

use crate::arguments::{Format, RunFlags};
use crate::config::Config;
use crate::exit::UsageError;
use crate::terminal::{Align, table, unknown};

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

/// Writes the result and its other formats, each in one step: a file is whole or not there.
pub(crate) fn write(result: &ResultFile, place: &Place, _formats: &[Format]) -> anyhow::Result<()> {
    let text = serde_json::to_string(result).context("writing JSON")?;
    write_whole(&place.result, &text)
}

fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, text)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("writing {}", path.display()))
}

/// The findings as tables.
pub(crate) fn for_people(result: &ResultFile) -> String {
    let head = [
        ("case", Align::Left),
        ("metric", Align::Left),
        ("n", Align::Right),
        ("median", Align::Right),
        ("p95", Align::Right),
        ("min", Align::Right),
        ("max", Align::Right),
        ("unit", Align::Left),
    ];
    let rows: Vec<_> = result.findings.cases.iter().flat_map(rows_of).collect();
    table(&head, &rows)
}

fn rows_of(case: &CaseFindings) -> impl Iterator<Item = Vec<String>> + '_ {
    case.metrics.iter().filter_map(|(name, metric)| {
        let summary = metric.summary?;
        let number = |value: f64| format!("{value:.3}");
        Some(vec![
            case.case.clone(),
            name.clone(),
            summary.n.to_string(),
            number(summary.median),
            summary.p95.map_or_else(unknown, number),
            number(summary.min),
            number(summary.max),
            metric.unit.clone(),
        ])
    })
}
