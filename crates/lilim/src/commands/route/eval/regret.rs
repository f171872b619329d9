//! `lilim route eval --regret`: every labelled prompt through every candidate once, and what the policy's
//! choices cost against the best ones.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context;
use lilim_api::FinishReason;
use lilim_bench::stats::Summary;
use lilim_host::Residency;
use lilim_router::{
    Candidate, Classification, Decision, DecisionInput, PromptEntry, decide, escalate,
};
use serde::Serialize;

use super::hindsight::{Chosen, Hindsight, PromptOutcome, Quantity, Tried, judge};
use super::shown;
use crate::arguments::RouteEvalArguments;
use crate::commands::route::fleet::{self, Fleet};
use crate::commands::route::job::{self, Job};
use crate::commands::route::score::log_prob_per_token;
use crate::commands::route::work::{ask, size};
use crate::commands::{print_json, print_line};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::generate::end_on_ctrl_c;
use crate::models;
use crate::terminal::{self, StatusLine};

/// What choices cost, and everything it follows from.
#[derive(Debug, Serialize)]
pub(super) struct Found<'a> {
    schema: &'static str,
    tool: String,
    pub(super) job: &'a Job,
    pub(super) prompts: Vec<PromptOutcome>,
    /// Prompts without a known category, which are left out.
    pub(super) n_without_label: usize,
    /// Prompts whose category the classifier named right; `None` where nobody classified.
    pub(super) n_right: Option<usize>,
    /// Time of a decision, classifying included, milliseconds.
    pub(super) decision_ms: Option<Summary>,
    /// In milliseconds; less is better.
    pub(super) time: Option<Hindsight>,
    /// In mean log-probability of a token; more is better.
    pub(super) quality: Option<Hindsight>,
    /// Who judges the answers.
    pub(super) reference: String,
    /// Why there is no quality.
    pub(super) why_no_quality: Option<String>,
}

/// A prompt's decisions: by the classifier's category, and by the true one.
struct Decided {
    predicted: Decision,
    perfect: Decision,
    is_right: Option<bool>,
    took_ms: f64,
}

/// Runs the command.
pub(super) fn run(arguments: &RouteEvalArguments, config: &Config) -> anyhow::Result<Exit> {
    let mut options = models::options(config, &arguments.load)?;
    // Every prompt goes to each model twice where it warms up: a cache would measure itself.
    options.prefix_cache = false;
    let policy = &arguments.policy;
    if !policy.has_rule() {
        let reason = "--regret needs a policy to judge: --mapping, --target, --cascade or --direct";
        return Err(UsageError(reason.to_owned()).into());
    }
    let fleet = Fleet::new(config, &policy.model, options, policy.allow_remote)?;
    let (job, n_without_label) = job_of(arguments, &fleet)?;
    if job.models.len() < 2 {
        let reason = "--regret needs two models to choose between (-m MODEL -m MODEL)";
        return Err(UsageError(reason.to_owned()).into());
    }
    let mut residency = fleet::residency(fleet, None);
    let decided = decisions(arguments, config, &job, &residency)?;
    let Some((mut prompts, failures)) = answers(&job, &mut residency, &decided)? else {
        terminal::tell("interrupted: regret needs every candidate's answer");
        return Ok(Exit::Cancelled);
    };
    for (prompt, failures) in prompts.iter_mut().zip(failures) {
        let decided = &decided[prompt.index];
        prompt.failures = failures;
        prompt.predicted = follow(&decided.predicted, &prompt.answers);
        prompt.perfect = follow(&decided.perfect, &prompt.answers);
    }
    let (reference, scored) = score(arguments, config, &job, &mut residency, &mut prompts);
    let times: Vec<f64> = decided.iter().map(|one| one.took_ms).collect();
    let right: Option<Vec<bool>> = decided.iter().map(|one| one.is_right).collect();
    let found = Found {
        schema: "lilim.route-regret/1",
        tool: format!("lilim {}", env!("CARGO_PKG_VERSION")),
        job: &job,
        n_without_label,
        n_right: right.map(|all| all.iter().filter(|&&is_right| is_right).count()),
        decision_ms: Summary::of(&times).ok().flatten(),
        time: judge(&prompts, Quantity::Time),
        quality: judge(&prompts, Quantity::Quality),
        reference,
        why_no_quality: scored.err().map(|error| format!("{error:#}")),
        prompts,
    };
    match arguments.output.json {
        true => print_json(&found)?,
        false => print_line(&shown::regret(&found))?,
    }
    Ok(match found.time {
        Some(_) => Exit::Fine,
        None => Exit::Failed,
    })
}

/// The labelled prompts of all files, and how many have no label. Models that entries name are not asked
/// for: they are nobody's choice.
fn job_of(arguments: &RouteEvalArguments, fleet: &Fleet) -> anyhow::Result<(Job, usize)> {
    let categories = job::categories(&arguments.classify)?;
    let is_known = |entry: &PromptEntry| {
        let label = entry.category.as_ref();
        label.is_some_and(|label| categories.iter().any(|one| one.name == *label))
    };
    let mut all = Vec::new();
    for path in &arguments.files {
        all.extend(job::read_prompts(path)?.prompts);
    }
    let n_all = all.len();
    let labelled = all.into_iter().filter(is_known);
    let mut prompts: Vec<PromptEntry> = labelled
        .map(|entry| PromptEntry {
            model: None,
            ..entry
        })
        .collect();
    let n_without_label = n_all - prompts.len();
    prompts.truncate(arguments.limit.unwrap_or(usize::MAX));
    if prompts.is_empty() {
        let reason = format!("none of the {n_all} prompts says one of the categories");
        return Err(UsageError(reason).into());
    }
    let job = Job {
        tool: job::tool(),
        classifier_model: None,
        memory_budget_mib: None,
        prompts,
        categories,
        classifier: arguments.classify.classifier.clone(),
        threshold: arguments.classify.threshold,
        policy: job::policy(&arguments.policy)?,
        fallback: arguments.policy.fallback.clone(),
        allow_remote: arguments.policy.allow_remote,
        options: fleet.options().clone(),
        models: fleet.names(),
        identities: fleet.identities(),
        max_tokens: arguments.max_tokens,
    };
    Ok((job, n_without_label))
}

/// What the policy says of each prompt, as if every candidate were in memory.
fn decisions(
    arguments: &RouteEvalArguments,
    config: &Config,
    job: &Job,
    residency: &Residency<Fleet>,
) -> anyhow::Result<Vec<Decided>> {
    let candidates: Vec<Candidate> = fleet::candidates(residency)
        .into_iter()
        .map(|one| Candidate {
            is_resident: true,
            evicts: Vec::new(),
            ..one
        })
        .collect();
    let (mut sorter, mut sorting) = super::sorter(arguments, config, &job.categories)?;
    let asked = sorter.name();
    let mut status = StatusLine::new();
    let mut all = Vec::with_capacity(job.prompts.len());
    for (index, entry) in job.prompts.iter().enumerate() {
        status.show(&format!("deciding {} of {}", index + 1, job.prompts.len()));
        let begun = Instant::now();
        let sorted = sorter.sort(&entry.prompt, &mut sorting);
        let predicted = decided(job, entry, sorted.classification.as_ref(), &candidates);
        let took_ms = begun.elapsed().as_secs_f64() * 1e3;
        if let Some(by) = sorted.classifier {
            anyhow::ensure!(by == asked, "classifier {asked} failed, {by} answered");
        }
        let truth = job
            .categories
            .iter()
            .position(|one| Some(&one.name) == entry.category.as_ref());
        let truth = Classification::of_label(&job.categories, truth)?;
        let said = sorted.classification.as_ref();
        all.push(Decided {
            perfect: decided(job, entry, Some(&truth), &candidates),
            is_right: said.map(|said| said.likeliest() == truth.likeliest()),
            predicted,
            took_ms,
        });
    }
    status.clear();
    Ok(all)
}

fn decided(
    job: &Job,
    entry: &PromptEntry,
    classification: Option<&Classification>,
    candidates: &[Candidate],
) -> Decision {
    decide(&DecisionInput {
        classification,
        size: size(job, entry),
        fallback: job.fallback.as_deref(),
        allow_remote: job.allow_remote,
        ..DecisionInput::new(&job.policy, candidates)
    })
}

type Failures = Vec<BTreeMap<String, String>>;

/// Every candidate's answer to every prompt, model after model, so that each is loaded once; and why
/// there is none. `None` where the user ended it.
fn answers(
    job: &Job,
    residency: &mut Residency<Fleet>,
    decided: &[Decided],
) -> anyhow::Result<Option<(Vec<PromptOutcome>, Failures)>> {
    let is_cascade = decided.iter().any(|one| one.predicted.escalation.is_some());
    let mut failures: Failures = vec![BTreeMap::new(); job.prompts.len()];
    let mut prompts: Vec<PromptOutcome> = (0..job.prompts.len())
        .map(|index| PromptOutcome {
            index,
            answers: BTreeMap::new(),
            failures: BTreeMap::new(),
            predicted: None,
            perfect: None,
        })
        .collect();
    let mut status = StatusLine::new();
    for (model, _) in &job.models {
        // The first answer after loading is slower than the rest: it is given twice.
        let warm_up = prompts.first().map(|one| one.index);
        for index in warm_up.into_iter().chain(0..job.prompts.len()) {
            let n_all = job.prompts.len();
            status.show(&format!("{model}: prompt {} of {n_all}", index + 1));
            let loaded = residency.fetch(model)?.model;
            let begun = Instant::now();
            let answer = match ask(loaded, &job.prompts[index], job.max_tokens, is_cascade) {
                Ok(answer) => answer,
                Err(error) => {
                    failures[index].insert(model.clone(), format!("{error:#}"));
                    continue;
                }
            };
            if answer.finish_reason == Some(FinishReason::Cancelled) {
                status.clear();
                return Ok(None);
            }
            let tried = Tried {
                ms: begun.elapsed().as_secs_f64() * 1e3,
                confidence: answer.confidence(),
                quality: None,
                text: answer.text,
            };
            prompts[index].answers.insert(model.clone(), tried);
        }
    }
    status.clear();
    Ok(Some((prompts, failures)))
}

/// Whom a decision asks, given what they answer; `None` where one of them has no answer.
fn follow(decision: &Decision, answers: &BTreeMap<String, Tried>) -> Option<Chosen> {
    let mut asked = Vec::new();
    let mut decision = decision.clone();
    loop {
        let model = decision.model.clone()?;
        let confidence = answers.get(&model)?.confidence.unwrap_or(0.0);
        asked.push(model.clone());
        match escalate(&decision, confidence) {
            Some(next) => decision = next,
            None => return Some(Chosen { kept: model, asked }),
        }
    }
}

/// Scores every answer under the reference, and names it.
fn score(
    arguments: &RouteEvalArguments,
    config: &Config,
    job: &Job,
    residency: &mut Residency<Fleet>,
    prompts: &mut [PromptOutcome],
) -> (String, anyhow::Result<()>) {
    let Some(reference) = &arguments.reference else {
        let largest = job.models.iter().max_by_key(|(_, bytes)| *bytes);
        let name = largest.map_or_else(String::new, |(name, _)| name.clone());
        let scored = score_under(&name, residency, job, prompts);
        return (name, scored);
    };
    // The candidates' memory is the reference's now.
    let names: Vec<String> = residency.residents().map(str::to_owned).collect();
    for name in names {
        residency.drop_model(&name);
    }
    let named = [reference.clone()];
    let options = job.options.clone();
    let fleet = match Fleet::new(config, &named, options, arguments.policy.allow_remote) {
        Ok(fleet) => fleet,
        Err(error) => return (reference.clone(), Err(error)),
    };
    let name = fleet.names().swap_remove(0).0;
    let scored = score_under(&name, &mut fleet::residency(fleet, None), job, prompts);
    (name, scored)
}

fn score_under(
    name: &str,
    residency: &mut Residency<Fleet>,
    job: &Job,
    prompts: &mut [PromptOutcome],
) -> anyhow::Result<()> {
    let cancel = end_on_ctrl_c();
    let loaded = residency.fetch(name)?.model;
    let mut status = StatusLine::new();
    let n_all = prompts.len();
    let mut last = Ok(());
    for (place, prompt) in prompts.iter_mut().enumerate() {
        status.show(&format!("{name} judges prompt {} of {n_all}", place + 1));
        let texts: Vec<&str> = prompt.answers.values().map(|one| &*one.text).collect();
        match log_prob_per_token(loaded, &job.prompts[prompt.index], &texts, &cancel) {
            Ok(scores) => {
                for (tried, score) in prompt.answers.values_mut().zip(scores) {
                    tried.quality = score;
                }
            }
            Err(error) if cancel.is_cancelled() => {
                return Err(error.context("interrupted before it was measured"));
            }
            // One that is too long says nothing of the next.
            Err(error) => last = Err(error),
        }
    }
    status.clear();
    let mut tried = prompts.iter().flat_map(|one| one.answers.values());
    match tried.any(|one| one.quality.is_some()) {
        true => Ok(()),
        false => last.with_context(|| format!("{name} cannot score")),
    }
}
