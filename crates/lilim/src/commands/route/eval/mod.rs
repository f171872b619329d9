//! `lilim route eval`: how well a classifier names the categories of labelled prompts, beside what a
//! list of words and the commonest label would reach.

mod hindsight;
mod regret;
mod shown;

use std::path::Path;

use anyhow::Context;
use lilim_bench::stats::Summary;
use lilim_host::Residency;
use lilim_router::{
    Category, Classification, ClassifyOptions, EmbeddedClassifier, Evaluation, Judged, PromptEntry,
    classify_by_keywords, evaluate,
};
use serde::Serialize;

use super::classifier::{Classifier, Sorter};
use super::fleet::{self, Fleet};
use super::{job, text};
use crate::arguments::RouteEvalArguments;
use crate::commands::{print_json, print_line};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::models;
use crate::terminal::StatusLine;

/// What one file, or all together, showed.
#[derive(Serialize)]
struct Finding {
    file: String,
    /// Prompts without a category, or with one that is none of the categories.
    n_without_label: usize,
    classifier: Evaluation,
    keywords: Option<Evaluation>,
    /// Time of a decision, milliseconds.
    median_ms: Option<f64>,
    p95_ms: Option<f64>,
    max_ms: Option<f64>,
}

/// A prompt's label and what was said of it.
struct Answered {
    expected: String,
    by_classifier: Classification,
    by_keywords: Option<Classification>,
    took_ms: f64,
}

/// Runs the command.
pub(super) fn run(arguments: &RouteEvalArguments, config: &Config) -> anyhow::Result<Exit> {
    let wants_regret = arguments.regret;
    if let Some(flag) = arguments.policy.first_flag().filter(|_| !wants_regret) {
        return Err(UsageError(format!("{flag} says nothing without --regret")).into());
    }
    if wants_regret {
        return regret::run(arguments, config);
    }
    let categories = job::categories(&arguments.classify)?;
    let who: Classifier = arguments.classify.classifier.parse()?;
    if who == Classifier::Nobody {
        return Err(UsageError("--classifier none classifies nothing".to_owned()).into());
    }
    let (mut sorter, mut residency) = sorter(arguments, config, &categories)?;
    let (mut findings, mut everything) = (Vec::new(), Vec::new());
    let mut n_without_label = 0;
    for path in &arguments.files {
        let entries = job::read_prompts(path)?.prompts;
        let n_entries = entries.len();
        let answered = of_entries(entries, &categories, &mut sorter, &mut residency)?;
        let n_left_out = n_entries - answered.len();
        n_without_label += n_left_out;
        let found = finding(name_of(path), n_left_out, &answered).ok_or_else(|| {
            let path = path.display();
            UsageError(format!(
                "{path}: none of its {n_entries} prompts says one of the categories"
            ))
        })?;
        findings.push(found);
        everything.extend(answered);
    }
    if findings.len() > 1 {
        let name = "all together".to_owned();
        findings.extend(finding(name, n_without_label, &everything));
    }
    match arguments.output.json {
        true => print_json(&findings)?,
        false => print_line(
            findings
                .iter()
                .map(for_people)
                .collect::<Vec<_>>()
                .join("\n")
                .trim_end(),
        )?,
    }
    Ok(Exit::Fine)
}

/// Who sorts, and the models that takes.
fn sorter(
    arguments: &RouteEvalArguments,
    config: &Config,
    categories: &[Category],
) -> anyhow::Result<(Sorter, Residency<Fleet>)> {
    let who: Classifier = arguments.classify.classifier.parse()?;
    let named: Vec<String> = match &who {
        Classifier::ZeroShot(model) | Classifier::Generate(model) => vec![model.clone()],
        _ => vec![models::EMBEDDED_NAME.to_owned()],
    };
    let fleet = Fleet::new(
        config,
        &named,
        models::options(config, &arguments.load)?,
        false,
    )?;
    // A path, or the beginning of a name, has become a name.
    let name = fleet.names().swap_remove(0).0;
    let who = match who {
        Classifier::ZeroShot(_) => Classifier::ZeroShot(name),
        Classifier::Generate(_) => Classifier::Generate(name),
        other => other,
    };
    let sorter = Sorter::new(who, categories.to_vec(), arguments.classify.threshold);
    Ok((sorter, fleet::residency(fleet, None)))
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn of_entries(
    entries: Vec<PromptEntry>,
    categories: &[Category],
    sorter: &mut Sorter,
    residency: &mut Residency<Fleet>,
) -> anyhow::Result<Vec<Answered>> {
    let mut status = StatusLine::new();
    let is_known = |label: &String| categories.iter().any(|one| one.name == *label);
    let asked = sorter.name();
    // The words are those of the built-in categories.
    let has_words = EmbeddedClassifier::built_in().knows(categories);
    let labelled: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| Some((entry.category.filter(is_known)?, entry.prompt)))
        .collect();
    let n_all = labelled.len();
    let mut all = Vec::with_capacity(n_all);
    for (index, (expected, prompt)) in labelled.into_iter().enumerate() {
        if index % 50 == 0 {
            status.show(&format!("prompt {index} of {n_all}"));
        }
        let sorted = sorter.sort(&prompt, residency);
        let found = sorted.classification.context("no classifier is left")?;
        // Another's figures under the name of the one that was asked are worse than none.
        let by = sorted.classifier.unwrap_or_default();
        anyhow::ensure!(by == asked, "classifier {asked} failed, {by} answered");
        let words = has_words
            .then(|| classify_by_keywords(&prompt, &ClassifyOptions::default()).ok())
            .flatten();
        all.push(Answered {
            expected,
            by_classifier: found,
            by_keywords: words,
            took_ms: sorted.took_ms,
        });
    }
    status.clear();
    Ok(all)
}

fn finding<'a>(file: String, n_without_label: usize, answered: &'a [Answered]) -> Option<Finding> {
    let judged = |of: &dyn Fn(&'a Answered) -> Option<&'a Classification>| {
        let all = answered.iter().map(|one| {
            Some(Judged {
                expected: &one.expected,
                classification: of(one)?,
            })
        });
        evaluate(&all.collect::<Option<Vec<_>>>()?)
    };
    let times: Vec<f64> = answered.iter().map(|one| one.took_ms).collect();
    let times = Summary::of(&times).ok().flatten();
    Some(Finding {
        file,
        n_without_label,
        classifier: judged(&|one| Some(&one.by_classifier))?,
        keywords: judged(&|one| one.by_keywords.as_ref()),
        median_ms: times.map(|times| times.median),
        p95_ms: times.and_then(|times| times.p95),
        max_ms: times.map(|times| times.max),
    })
}

fn for_people(found: &Finding) -> String {
    let mut text = format!("{}\n", found.file);
    if found.n_without_label > 0 {
        text += &format!(
            "  {} prompts without a known category are left out\n",
            found.n_without_label
        );
    }
    text += &text::accuracy_text(&found.classifier);
    if let Some(words) = &found.keywords {
        text += &format!(
            "\nkeywords: accuracy {:.3}, macro-F1 {:.3}",
            words.accuracy, words.macro_f1
        );
    }
    let shown =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.3} ms"));
    text += &format!(
        "\na decision takes {} (p95 {}, at most {})\n",
        shown(found.median_ms),
        shown(found.p95_ms),
        shown(found.max_ms)
    );
    if found.classifier.n > 0 {
        text += "abstaining below a threshold:\n";
        // Every second point: a curve is read, not a table.
        for point in found.classifier.abstain_curve.iter().step_by(2) {
            let accuracy = point
                .accuracy
                .map_or_else(|| "–".to_owned(), |share| format!("{share:.3}"));
            text += &format!(
                "  {:.2}: decides {:.0}%, accuracy of these {accuracy}\n",
                point.threshold,
                100.0 * point.coverage
            );
        }
    }
    text
}
