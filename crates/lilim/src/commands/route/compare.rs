//! `lilim route --compare MODEL`: what routing saved against one model for everything. Each round takes
//! its share of the prompts through every arm, in seeded orders that turn back every second round.

use anyhow::Context;
use lilim_bench::stats::{
    Confidence, Estimate, NOISE_FLOOR, hodges_lehmann, log_ratios, median, round_orders,
};
use lilim_router::Policy;
use serde::{Deserialize, Serialize};

use super::Place;
use super::job::Job;
use super::row::Row;
use super::text;
use super::work::Worker;
use crate::arguments::RouteRunArguments;
use crate::commands::{print_json, print_line, write_whole};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::terminal::{self, StatusLine};

/// What takes a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Arm {
    /// The router's choice.
    Routed,
    /// The one model.
    Direct,
    /// The one model again: what this machine makes of no difference.
    DirectAgain,
}

const ARMS: [Arm; 3] = [Arm::Routed, Arm::Direct, Arm::DirectAgain];

/// One arm's rows of one round.
#[derive(Debug, Serialize)]
pub(super) struct Sample {
    round: usize,
    arm: Arm,
    rows: Vec<Row>,
    /// Bytes of the models that its answers came from.
    model_bytes: u64,
}

/// What the rounds show.
#[derive(Debug, Serialize)]
pub(super) struct Comparison<'a> {
    schema: &'static str,
    tool: String,
    job: &'a Job,
    pub(super) direct: &'a str,
    n_rounds: usize,
    samples: Vec<Sample>,
    /// One for each figure.
    pub(super) ratios: Vec<Ratio>,
    /// Of the routed arm's whole time, the share that classifying took.
    pub(super) classifier_share: f64,
    /// Classifying a prompt, milliseconds, the middle.
    pub(super) classification_ms: Option<f64>,
    /// Answers that are the same as the one model's.
    pub(super) n_same: usize,
    /// Answers in all.
    pub(super) n_answers: usize,
    /// Of the one model's answers, those that it gave again itself.
    pub(super) n_same_again: usize,
}

/// Routed / direct.
#[derive(Debug, Serialize)]
pub(super) struct Ratio {
    pub(super) figure: &'static str,
    pub(super) routed: f64,
    pub(super) direct: f64,
    /// The Hodges-Lehmann estimate, and its bounds at 95%.
    pub(super) ratio: [Option<f64>; 3],
    /// Direct / direct.
    pub(super) noise_floor: [Option<f64>; 3],
    /// Why there is no ratio.
    pub(super) why_null: Option<String>,
}

/// Runs the rounds.
pub(super) fn run(
    worker: &mut Worker,
    job: &Job,
    arguments: &RouteRunArguments,
    config: &Config,
) -> anyhow::Result<Exit> {
    let direct = arguments
        .compare
        .as_deref()
        .context("a model to compare with")?;
    let direct = job
        .models
        .iter()
        .map(|(name, _)| name.as_str())
        .find(|name| name.eq_ignore_ascii_case(direct))
        .ok_or_else(|| UsageError(format!("--compare {direct}: no such model was chosen")))?;
    let n_rounds = arguments.rounds as usize;
    if job.prompts.len() < n_rounds {
        let n = job.prompts.len();
        let reason =
            format!("--rounds {n_rounds}: there are {n} prompts, a round needs one at least");
        return Err(UsageError(reason).into());
    }
    let mut direct_job = Job {
        policy: Policy::Direct(direct.to_owned()),
        ..job.clone()
    };
    // Straight to the one model, also where an entry names another.
    for entry in &mut direct_job.prompts {
        entry.model = None;
    }
    warm_up(worker, [&direct_job, job]);
    let mut samples = Vec::new();
    let mut status = StatusLine::new();
    for (round, order) in round_orders(&ARMS, n_rounds, 1).into_iter().enumerate() {
        for arm in order {
            status.show(&format!("round {} of {n_rounds}", round + 1));
            let of_arm = match arm {
                Arm::Routed => job,
                Arm::Direct | Arm::DirectAgain => &direct_job,
            };
            let Some(sample) = one_arm(worker, of_arm, (round, n_rounds), arm) else {
                terminal::tell("interrupted: a comparison has whole rounds or none");
                return Ok(Exit::Cancelled);
            };
            samples.push(sample);
        }
    }
    status.clear();
    let found = findings(job, direct, n_rounds, samples);
    let place = Place::of(arguments, job, config)?;
    let path = place.report.with_extension("compare.json");
    write_whole(
        &path,
        &serde_json::to_string(&found).context("writing JSON")?,
    )?;
    match arguments.output.json {
        true => print_json(&found)?,
        false => print_line(&text::comparison(&found))?,
    }
    terminal::tell(&format!("wrote {}", path.display()));
    let failed = found.samples.iter().flat_map(|one| &one.rows);
    Ok(match failed.filter(|row| row.failure.is_some()).count() {
        0 => Exit::Fine,
        _ => Exit::Failed,
    })
}

/// A prompt through each arm: models are in memory before the first round, as far as they fit.
fn warm_up(worker: &mut Worker, jobs: [&Job; 2]) {
    const MOST: usize = 5;
    for job in jobs {
        for index in 0..job.prompts.len().min(MOST) {
            worker.work(job, index);
        }
    }
}

/// `None` where the user ended it.
fn one_arm(
    worker: &mut Worker,
    job: &Job,
    (round, n_rounds): (usize, usize),
    arm: Arm,
) -> Option<Sample> {
    let n = job.prompts.len();
    let share = round * n / n_rounds..(round + 1) * n / n_rounds;
    let mut rows = Vec::new();
    for index in share {
        let done = worker.work(job, index);
        if done.is_cancelled {
            return None;
        }
        rows.push(done.row);
    }
    // A cascade's first answers took their models too.
    let used = |name: &str| {
        rows.iter().any(|row: &Row| {
            let is_final = row.decision.model.as_deref() == Some(name);
            is_final || row.unsure.iter().any(|one| one.model == name)
        })
    };
    let models = job.models.iter().filter(|(name, _)| used(name));
    Some(Sample {
        round,
        arm,
        model_bytes: models.map(|(_, bytes)| bytes).sum(),
        rows,
    })
}

fn findings<'a>(
    job: &'a Job,
    direct: &'a str,
    n_rounds: usize,
    samples: Vec<Sample>,
) -> Comparison<'a> {
    let rows = |arm: Arm| {
        let ours = samples.iter().filter(move |one| one.arm == arm);
        ours.flat_map(|one| &one.rows)
    };
    let answer = |arm: Arm, index: usize| {
        let mut all = rows(arm);
        all.find(|row| row.index == index)?.completion.as_ref()
    };
    let is_same = |a: Arm, b: Arm| {
        let all = 0..job.prompts.len();
        all.filter(|&index| {
            let a = answer(a, index);
            a.is_some() && a == answer(b, index)
        })
        .count()
    };
    let classification: Vec<f64> = rows(Arm::Routed).map(|row| row.classification_ms).collect();
    let routed_ms: f64 = rows(Arm::Routed).map(|row| row.total_ms).sum();
    Comparison {
        schema: "lilim.route-compare/1",
        tool: format!("lilim {}", env!("CARGO_PKG_VERSION")),
        job,
        direct,
        n_rounds,
        ratios: FIGURES
            .iter()
            .map(|(name, figure)| ratio(name, *figure, n_rounds, &samples))
            .collect(),
        classifier_share: classification.iter().sum::<f64>() / routed_ms,
        classification_ms: median(&classification).ok().flatten(),
        n_same: is_same(Arm::Routed, Arm::Direct),
        n_answers: rows(Arm::Routed)
            .filter(|row| row.completion.is_some())
            .count(),
        n_same_again: is_same(Arm::DirectAgain, Arm::Direct),
        samples,
    }
}

/// A figure of one arm's round; `None` where it cannot be measured.
type Figure = fn(&Sample) -> Option<f64>;

/// What is compared. Memory is that of the models' files: both arms run in one process, whose own peak
/// could not be told apart.
const FIGURES: [(&str, Figure); 6] = [
    ("time, all in all", |one| sum(one, |row| Some(row.total_ms))),
    ("time to the first token of the final answer", |one| {
        sum(one, |row| row.figures.as_ref()?.ttft_ms)
    }),
    ("tokens a second of the final answer", |one| {
        let tokens = sum(one, |row| Some(row.figures.as_ref()?.n_out as f64))?;
        Some(tokens / sum(one, |row| Some(row.figures.as_ref()?.e2e_ms? / 1e3))?)
    }),
    ("bytes of models used", |one| Some(one.model_bytes as f64)),
    ("CPU seconds", |one| sum(one, |row| row.cpu_s)),
    ("energy", |one| sum(one, |row| row.energy_j)),
];

fn sum(sample: &Sample, value: impl Fn(&Row) -> Option<f64>) -> Option<f64> {
    let values: Option<Vec<f64>> = sample.rows.iter().map(value).collect();
    values.map(|values| values.iter().sum())
}

fn ratio(name: &'static str, figure: Figure, n_rounds: usize, samples: &[Sample]) -> Ratio {
    let of = |arm: Arm| -> Option<Vec<f64>> {
        let round = |round| {
            let sample = samples
                .iter()
                .find(|one| one.round == round && one.arm == arm)?;
            figure(sample).filter(|value| *value > 0.0)
        };
        (0..n_rounds).map(round).collect()
    };
    let all = of(Arm::Routed)
        .zip(of(Arm::Direct))
        .zip(of(Arm::DirectAgain));
    let Some(((routed, direct), again)) = all else {
        return Ratio {
            figure: name,
            routed: 0.0,
            direct: 0.0,
            ratio: [None; 3],
            noise_floor: [None; 3],
            why_null: Some("not every round gave it".to_owned()),
        };
    };
    let interval = |a: &[f64], confidence| -> [Option<f64>; 3] {
        let differences = log_ratios(a, &direct).unwrap_or_default();
        let estimate = hodges_lehmann(&differences, confidence).ok().flatten();
        estimate.as_ref().map(as_ratio).unwrap_or_default()
    };
    let middle = |values: &[f64]| median(values).ok().flatten().unwrap_or(f64::NAN);
    Ratio {
        figure: name,
        routed: middle(&routed),
        direct: middle(&direct),
        ratio: interval(&routed, Confidence::TwoSided(0.95)),
        noise_floor: interval(&again, NOISE_FLOOR),
        why_null: None,
    }
}

fn as_ratio(estimate: &Estimate) -> [Option<f64>; 3] {
    let ratio = estimate.exp();
    [
        Some(ratio.estimate),
        ratio.interval.lower,
        ratio.interval.upper,
    ]
}
