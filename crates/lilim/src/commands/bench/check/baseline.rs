//! The baseline's file: read with the line of every mistake, written so that people can change it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context;
use lilim_api::LoadOptions;
use lilim_bench::check::{CheckGate, DEFAULT_GATES, Recorded};
use lilim_bench::result_file::ResultFile;
use serde::Deserialize;
use toml::Spanned;

use super::super::compare;
use crate::exit::UsageError;

/// What a check is held against.
#[derive(Clone, Debug)]
pub(super) struct Baseline {
    /// The model's reference.
    pub(super) model: String,
    /// The older program.
    pub(super) program: Option<PathBuf>,
    /// Loading options that the file sets.
    pub(super) options: LoadOptions,
    /// What decides.
    pub(super) gates: Vec<CheckGate>,
    /// What was found then.
    pub(super) recorded: Recorded,
}

/// The TOML file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    side: BTreeMap<String, Spanned<toml::Value>>,
    #[serde(default)]
    gates: BTreeMap<String, Spanned<toml::Value>>,
    #[serde(default)]
    recorded: Recorded,
}

impl Baseline {
    /// Reads a file of either kind; `options` are what flags and configuration say, over which the
    /// file's own go.
    pub(super) fn read(path: &Path, options: LoadOptions) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let is_json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        match is_json {
            true => Self::of_result(&ResultFile::parse(path, &text)?),
            false => Self::parse(&text, options)
                .map_err(|reason| UsageError(format!("{}: {reason}", path.display())).into()),
        }
    }

    fn of_result(file: &ResultFile) -> anyhow::Result<Self> {
        let side = file.recording.plan.sides.first();
        let side = side.context("the result file names no engine")?;
        let gates = DEFAULT_GATES.map(|(name, rule)| CheckGate::parse(name, rule));
        let gates: Result<Vec<_>, String> = gates.into_iter().collect();
        Ok(Self {
            model: side.name.clone(),
            program: None,
            options: side.options.clone(),
            gates: gates.map_err(UsageError)?,
            recorded: Recorded::of(&file.recording, &file.findings.cases),
        })
    }

    fn parse(text: &str, options: LoadOptions) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, &span));
            format!("line {line}: {}", error.message())
        })?;
        let mut baseline = Self {
            model: String::new(),
            program: None,
            options,
            gates: Vec::new(),
            recorded: written.recorded,
        };
        for (key, value) in &written.side {
            let line = line_of(text, &value.span());
            baseline
                .set(key, &plain(value.get_ref()))
                .map_err(|reason| format!("line {line}, side.{key}: {reason}"))?;
        }
        if baseline.model.is_empty() {
            return Err("[side] names no model".to_owned());
        }
        let mut gates = Vec::new();
        for (name, rule) in &written.gates {
            let (span, rule) = (rule.span(), rule.get_ref());
            let line = line_of(text, &span);
            let gate = match rule {
                toml::Value::String(rule) => CheckGate::parse(name, rule),
                other => Err(format!("{other} is not text such as \">= 0.95x\"")),
            };
            let gate = gate.map_err(|reason| format!("line {line}, gates.{name}: {reason}"))?;
            gates.push((span.start, gate));
        }
        // In the order of the file.
        gates.sort_by_key(|(start, _)| *start);
        baseline.gates = gates.into_iter().map(|(_, gate)| gate).collect();
        if baseline.gates.is_empty() {
            return Err("[gates] is empty: nothing would be decided".to_owned());
        }
        Ok(baseline)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "model" => self.model = value.to_owned(),
            "program" => self.program = Some(value.into()),
            _ => compare::set(&mut self.options, key, value)?,
        }
        Ok(())
    }
}

/// A value as a command line would have it.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The line of a place in a text, from 1.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.get(..span.start).unwrap_or(text);
    before.matches('\n').count() + 1
}

/// The text of a new baseline. `old` is the file that it takes the place of: its gates stay, with
/// their comments.
pub(super) fn text(
    (model, options): (&str, &[(&str, String)]),
    recorded: &Recorded,
    old: Option<&str>,
) -> anyhow::Result<String> {
    let mut text = String::from(
        "# What `lilim bench check --baseline` holds a build against; made by `--write-baseline`.\n\
         # [gates] is yours to change: against the baseline (`<= 1.10x`), by itself (`<= 5 s`), `same`.\n\
         # Speeds are decided with the older program beside the new one: --program, or `program` here.\n\n",
    );
    let mut side = toml::Table::new();
    side.insert("model".to_owned(), model.into());
    for (key, value) in options {
        side.insert((*key).to_owned(), value.as_str().into());
    }
    write!(text, "[side]\n{}\n", toml::to_string(&side)?)?;
    match old.and_then(section_of_gates) {
        Some(gates) => text += gates,
        None => {
            text += "[gates]\n";
            for (name, rule) in DEFAULT_GATES {
                writeln!(text, "{name} = \"{rule}\"")?;
            }
            text += "\n";
        }
    }
    let recorded = toml::to_string(&BTreeMap::from([("recorded", recorded)]))?;
    Ok(text + &recorded)
}

/// From the line `[gates]` up to the next table.
fn section_of_gates(text: &str) -> Option<&str> {
    let mut begin = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let is_head = line.trim_start().starts_with('[');
        match begin {
            None if line.trim() == "[gates]" => begin = Some(offset),
            Some(begin) if is_head => return text.get(begin..offset),
            _ => {}
        }
        offset += line.len();
    }
    text.get(begin?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[side]\nmodel = \"small\"\nthreads = 2\n\n[gates]\n# slower is not taken\n\
                        decode = \">= 0.95x\"\nload = \"<= 5 s\"\n\n[recorded]\nquality_hash = \"ab\"\n";

    #[test]
    fn a_baseline_is_read_in_its_order() {
        let baseline = Baseline::parse(FILE, LoadOptions::default()).unwrap();
        assert_eq!(baseline.model, "small");
        assert_eq!(baseline.options.threads, Some(2));
        let gates: Vec<_> = baseline
            .gates
            .iter()
            .map(|gate| gate.text.as_str())
            .collect();
        assert_eq!(gates, ["decode >= 0.95x", "load <= 5 s"]);
        assert_eq!(baseline.recorded.quality_hash.as_deref(), Some("ab"));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_key() {
        let check = |from: &str, to: &str, reason: &str| {
            let text = FILE.replacen(from, to, 1);
            let error = Baseline::parse(&text, LoadOptions::default()).unwrap_err();
            assert!(error.contains(reason), "{error}");
        };
        check(
            "decode",
            "decoed",
            "line 7, gates.decoed: there is no gate 'decoed'",
        );
        check("5 s", "5 min", "line 8, gates.load: unit 'min'");
        check("\"<= 5 s\"", "5", "line 8, gates.load: 5 is not text");
        check(
            "threads = 2",
            "threads = \"x\"",
            "line 3, side.threads: threads 'x'",
        );
        check(
            "threads",
            "thread",
            "line 3, side.thread: unknown key 'thread'",
        );
        check("quality_hash", "hash", "line 11: unknown field `hash`");
        check("[side]", "[side", "line 1: ");
        check("model = \"small\"\n", "", "[side] names no model");
        check(
            "decode = \">= 0.95x\"\nload = \"<= 5 s\"\n",
            "",
            "[gates] is empty",
        );
    }

    #[test]
    fn a_new_baseline_keeps_the_gates_of_the_old_one() {
        let recorded = Recorded {
            quality_hash: Some("cd".to_owned()),
            nats: vec![1.5, 2.25],
            figures: BTreeMap::from([("decode_tps".to_owned(), 12.5)]),
            ..Recorded::default()
        };
        let options = [("threads", "2".to_owned())];
        let text = text(("small", &options), &recorded, Some(FILE)).unwrap();
        assert!(text.contains("# slower is not taken\ndecode"), "{text}");
        let again = Baseline::parse(&text, LoadOptions::default()).unwrap();
        assert_eq!(again.recorded, recorded);
        assert_eq!(again.gates.len(), 2);
        assert_eq!(again.options.threads, Some(2));
    }

    #[test]
    fn a_first_baseline_has_the_gates_of_the_project() {
        let text = text(("small", &[]), &Recorded::default(), None).unwrap();
        let baseline = Baseline::parse(&text, LoadOptions::default()).unwrap();
        assert_eq!(baseline.gates.len(), DEFAULT_GATES.len());
    }
}
