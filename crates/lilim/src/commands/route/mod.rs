//! `lilim route`: from a file of prompts to a report of who answered what, why, and how fast.

mod check;
mod classifier;
mod compare;
mod eval;
mod export;
mod fleet;
mod job;
mod measured;
mod report;
mod row;
mod score;
mod text;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use lilim_api::LoadOptions;
use lilim_bench::energy::Meter;
use lilim_host::{Batch, HostError};
use lilim_router::{PromptEntry, PromptId};

use self::classifier::{Classifier, Sorter};
use self::fleet::Fleet;
use self::job::Job;
use self::report::{Report, SCHEMA, Totals};
use self::row::Row;
use self::work::Worker;
use crate::arguments::{RouteArguments, RouteCommand, RouteFormat, RouteRunArguments};
use crate::commands::{print_json, print_line};
use crate::config::Config;
use crate::exit::Exit;
use crate::generate::install_ctrl_c;
use crate::models;
use crate::terminal::{self, StatusLine, human_duration};

/// Runs the command.
pub(crate) fn run(arguments: &RouteArguments, config: &Config) -> anyhow::Result<Exit> {
    if let Some(RouteCommand::Eval(arguments)) = &arguments.command {
        return eval::run(arguments, config);
    }
    let arguments = &arguments.run;
    install_ctrl_c()?;
    let prompts = prompts(arguments)?;
    let mut options = models::options(config, &arguments.load)?;
    // A comparison gives every prompt to the same model twice: a cache would measure itself.
    options.prefix_cache &= arguments.compare.is_none();
    let policy = &arguments.policy;
    let mut fleet = Fleet::new(config, &policy.model, options, policy.allow_remote)?;
    let mut who: Classifier = arguments.classify.classifier.parse()?;
    let mut job = resolve(arguments, prompts, &fleet)?;
    let classifier = who
        .model()
        .map(|model| fleet.add_classifier(config, model, policy.allow_remote))
        .transpose();
    if let Ok(Some(found)) = &classifier {
        who = who.with_model(&found.0);
        job.classifier_model = Some(found.clone());
    }
    job.identities = fleet.identities();
    check::check_names(&job)?;
    tell_skipped(&job);
    let mut residency = fleet::residency(fleet, arguments.memory_budget);
    let mut sorter = Sorter::new(who, job.categories.clone(), job.threshold);
    if let Err(error) = classifier {
        sorter.fall_back(&error, &mut residency);
    }
    // A comparison sorts every prompt: what sorting costs is a part of it.
    if arguments.compare.is_none() {
        sorter.remember_all();
    }
    let mut worker = Worker::new(Meter::system(), sorter, residency);
    match () {
        () if arguments.explain.is_some() => explain(&mut worker, &job, arguments),
        () if arguments.dry_run => dry_run(&mut worker, &job, arguments),
        () if arguments.compare.is_some() => compare::run(&mut worker, &job, arguments, config),
        () => answer_all(&mut worker, &job, arguments, config),
    }
}

fn prompts(arguments: &RouteRunArguments) -> anyhow::Result<Vec<PromptEntry>> {
    if let Some(text) = &arguments.explain {
        return Ok(vec![PromptEntry {
            id: PromptId::Number(1),
            category: None,
            prompt: text.clone(),
            model: None,
            max_tokens: None,
            system: None,
        }]);
    }
    let path = arguments
        .prompts
        .as_deref()
        .unwrap_or(Path::new("prompts.json"));
    job::chosen_prompts(job::read_prompts(path)?, arguments)
}

fn resolve(
    arguments: &RouteRunArguments,
    prompts: Vec<PromptEntry>,
    fleet: &Fleet,
) -> anyhow::Result<Job> {
    let classifier: Classifier = arguments.classify.classifier.parse()?;
    Ok(Job {
        tool: job::tool(),
        prompts,
        categories: job::categories(&arguments.classify)?,
        classifier: classifier.to_string(),
        classifier_model: None,
        memory_budget_mib: arguments.memory_budget,
        threshold: arguments.classify.threshold,
        policy: job::policy(&arguments.policy)?,
        fallback: arguments.policy.fallback.clone(),
        options: fleet.options().clone(),
        models: fleet.names(),
        identities: BTreeMap::new(),
        allow_remote: arguments.policy.allow_remote,
        max_tokens: arguments.max_tokens,
    })
}

/// Routes whose model is not installed are no fault: they are shown, with what is nearest.
fn tell_skipped(job: &Job) {
    for route in report::skipped(job) {
        let nearest = route.suggestion.map_or_else(String::new, |near| {
            format!("; nearest: {} ({})", near.model, near.reason)
        });
        terminal::tell(&format!(
            "skipped: {} is routed to {}, which is not installed{nearest}",
            route.category, route.model
        ));
    }
}

/// One prompt's decision with everything it was made from.
fn explain(worker: &mut Worker, job: &Job, arguments: &RouteRunArguments) -> anyhow::Result<Exit> {
    let (sorted, decision) = worker.decide(job, &job.prompts[0]);
    if sorted.is_cancelled {
        return Ok(Exit::Cancelled);
    }
    let candidates = fleet::candidates(&worker.residency);
    if arguments.output.json {
        print_json(&serde_json::json!({
            "classification": sorted.classification,
            "classifier": sorted.classifier,
            "classification_ms": sorted.took_ms,
            "decision": decision,
            "candidates": candidates,
        }))?;
    } else {
        print_line(&text::explanation(&sorted, &decision, &candidates))?;
    }
    Ok(match decision.model {
        Some(_) => Exit::Fine,
        None => Exit::Failed,
    })
}

/// Every prompt's decision; nothing is loaded for answers and nothing is answered.
fn dry_run(worker: &mut Worker, job: &Job, arguments: &RouteRunArguments) -> anyhow::Result<Exit> {
    let mut all = Vec::new();
    for (index, entry) in job.prompts.iter().enumerate() {
        let (sorted, decision) = worker.decide(job, entry);
        if sorted.is_cancelled {
            return Ok(Exit::Cancelled);
        }
        if !arguments.output.json {
            print_line(&text::decision_line(index, entry, &decision))?;
        }
        all.push(serde_json::json!({
            "id": entry.id,
            "expected": entry.category,
            "classification_ms": sorted.took_ms,
            "decision": decision,
        }));
    }
    if arguments.output.json {
        print_json(&all)?;
    }
    Ok(Exit::Fine)
}

/// Answers every prompt that has no row yet.
fn answer_all(
    worker: &mut Worker,
    job: &Job,
    arguments: &RouteRunArguments,
    config: &Config,
) -> anyhow::Result<Exit> {
    let place = Place::of(arguments, job, config)?;
    if arguments.fresh {
        Batch::<Row>::forget(&place.journal)?;
    }
    let mut batch: Batch<Row> =
        Batch::open(&place.journal, job, expected_bytes(job)).map_err(begun_by_another)?;
    let mut done = BTreeSet::new();
    // One row a prompt, whoever wrote the file.
    batch.retain(|row| row.index < job.prompts.len() && done.insert(row.index));
    worker.recall(job, batch.rows());
    if let Some(last) = batch.rows().last() {
        let n = batch.rows().len();
        terminal::tell(&format!(
            "going on after {n} prompts that are done (--fresh begins anew)"
        ));
        let is_over = n == job.prompts.len();
        if !is_over && worker.go_on_from(job, last) {
            return Ok(Exit::Cancelled);
        }
    }
    let n_before = batch.rows().len();
    let begun = Instant::now();
    let mut status = StatusLine::new();
    if !arguments.output.json {
        print_line(&text::row_head())?;
    }
    for index in 0..job.prompts.len() {
        if done.contains(&index) {
            continue;
        }
        status.show(&progress(
            batch.rows().len(),
            job.prompts.len(),
            n_before,
            begun.elapsed(),
        ));
        let one = worker.work(job, index);
        status.clear();
        // What the user cut short is done again by the run that goes on.
        if one.is_cancelled {
            let n = batch.rows().len();
            terminal::tell(&format!(
                "interrupted after {n} of {} prompts; the same command goes on",
                job.prompts.len()
            ));
            return Ok(Exit::Cancelled);
        }
        if !arguments.output.json {
            print_line(&text::row_line(&one.row))?;
        }
        batch.push(one.row)?;
    }
    let mut rows = batch.rows().to_vec();
    rows.sort_by_key(|row| row.index);
    let report = Report {
        schema: SCHEMA,
        tool: job::tool(),
        written_at: jiff::Timestamp::now().to_string(),
        job,
        rows: &rows,
        totals: Totals::of(job, &rows),
    };
    let written = place.write(&report, &arguments.format)?;
    // Only now: until the report is written, the rows are all there is.
    batch.finish();
    if arguments.output.json {
        print_json(&report)?;
    } else {
        print_line(&text::totals(&report))?;
    }
    for path in written {
        terminal::tell(&format!("wrote {}", path.display()));
    }
    Ok(match report.totals.failures.is_empty() {
        true => Exit::Fine,
        false => Exit::Failed,
    })
}

/// A file by one of the reports' endings; everything else is a folder, dots in its name or not.
fn is_report(path: &Path) -> bool {
    let ending = path.extension().and_then(std::ffi::OsStr::to_str);
    matches!(ending, Some("json" | "csv" | "md" | "html")) && !path.is_dir()
}

fn progress(n_done: usize, n_all: usize, n_before: usize, elapsed: Duration) -> String {
    let here = n_done - n_before;
    let left = (here > 0).then(|| elapsed.mul_f64((n_all - n_done) as f64 / here as f64));
    let left = left.map_or_else(String::new, |left| {
        format!(", about {} left", human_duration(left))
    });
    format!("prompt {} of {n_all}{left}", n_done + 1)
}

/// Rows of another version are told as such: the job is the same, but its answers need not be.
fn begun_by_another(error: HostError) -> anyhow::Error {
    match error {
        HostError::OtherJob { path, what, theirs } if what == "tool" => {
            let (path, theirs) = (path.display(), theirs.trim_matches('"'));
            anyhow::anyhow!("{path} was begun by {theirs}; begin anew with --fresh")
        }
        HostError::Format { .. } => anyhow::anyhow!("{error}; begin anew with --fresh"),
        other => other.into(),
    }
}

/// Rows are mostly answers: four bytes a token, and what is said of each. An answer ends with the
/// context however much is allowed, and a disk is not filled to see whether it could be.
fn expected_bytes(job: &Job) -> u64 {
    const BYTES_OF_ROW: u64 = 2_000;
    const MOST_BYTES: u64 = 256 << 20;
    let n_tokens = job.max_tokens.min(LoadOptions::DEFAULT_CONTEXT) as u64;
    let n_prompts = job.prompts.len() as u64;
    n_prompts
        .saturating_mul(BYTES_OF_ROW + 4 * n_tokens)
        .min(MOST_BYTES)
}

/// Where a run's rows and reports lie.
struct Place {
    journal: PathBuf,
    report: PathBuf,
}

impl Place {
    /// The rows of a job lie under its own name, so that the same command finds them again.
    fn of(arguments: &RouteRunArguments, job: &Job, config: &Config) -> anyhow::Result<Self> {
        let default = config.home.join("route");
        let (folder, report) = match &arguments.report {
            Some(path) if is_report(path) => {
                let folder = path
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty());
                (folder.unwrap_or(Path::new(".")).to_owned(), path.clone())
            }
            folder => {
                let folder = folder.clone().unwrap_or(default);
                let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ");
                let report = folder.join(format!("{now}-route.json"));
                (folder, report)
            }
        };
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self {
            journal: folder.join(format!("{}.rows.jsonl", job.hash()?)),
            report,
        })
    }

    /// Writes the report in every format, each in one step.
    fn write(&self, report: &Report<'_>, formats: &[RouteFormat]) -> anyhow::Result<Vec<PathBuf>> {
        let json = serde_json::to_string_pretty(report).context("writing JSON")?;
        let mut files = vec![(self.report.with_extension("json"), json)];
        for format in formats {
            files.push(match format {
                RouteFormat::Csv => (self.report.with_extension("csv"), export::csv(report)?),
                RouteFormat::Md => (self.report.with_extension("md"), export::markdown(report)),
                RouteFormat::Html => (self.report.with_extension("html"), export::html(report)),
            });
        }
        for (path, text) in &files {
            crate::commands::write_whole(path, text)?;
        }
        Ok(files.into_iter().map(|(path, _)| path).collect())
    }
}
