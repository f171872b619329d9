//! `lilim route --compare MODEL`: what routing saved against one model for everything. Each round takes
//! its share of the prompts, dealt out by lot, through every arm, in seeded orders that turn back every
//! second round.

mod arms;
mod findings;
mod memory;
mod quality;
mod shown;

use anyhow::Context;
use lilim_bench::stats::round_orders;
use serde::Serialize;

use self::arms::{ARMS, Arm, Held, SEED, Sample, deal, direct_job, one_arm};
use self::findings::Findings;
pub(super) use self::findings::mean_difference;
use self::memory::Memory;
use self::quality::Quality;
use super::Place;
use super::job::{self, Job};
use super::work::Worker;
use crate::arguments::RouteRunArguments;
use crate::commands::{print_json, print_line, write_whole};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::generate::end_on_ctrl_c;
use crate::terminal::{self, StatusLine};

/// The layout of [`Comparison`].
const SCHEMA: &str = "lilim.route-compare/3";

/// What the rounds show.
#[derive(Debug, Serialize)]
struct Comparison<'a> {
    schema: &'static str,
    tool: String,
    job: &'a Job,
    /// The one model.
    direct: &'a str,
    n_rounds: usize,
    /// Models that were loaded, untimed, so that each arm has in memory what it had at the end of its last
    /// share.
    n_restored: usize,
    samples: Vec<Sample>,
    #[serde(flatten)]
    findings: Findings,
    /// How likely the one model finds the answers.
    quality: Quality,
    /// Peak memory, each arm in a process of its own.
    memory: Memory,
}

/// Runs the rounds.
pub(super) fn run(
    worker: &mut Worker,
    job: &Job,
    arguments: &RouteRunArguments,
    config: &Config,
) -> anyhow::Result<Exit> {
    let direct = direct_model(job, arguments)?;
    let n_rounds = arguments.rounds as usize;
    if job.prompts.len() < n_rounds {
        let n = job.prompts.len();
        let reason =
            format!("--rounds {n_rounds}: there are {n} prompts, a round needs one at least");
        return Err(UsageError(reason).into());
    }
    if let Some(arm) = arguments.arm {
        return memory::arm_alone(worker, job, direct, arm);
    }
    let direct_job = direct_job(job, direct);
    let mut status = StatusLine::new();
    status.show("warming up");
    let Some(mut held) = Held::warm_up(worker, job, &direct_job)? else {
        return Ok(interrupted());
    };
    let mut samples = Vec::new();
    let shares = deal(&job.prompts, n_rounds);
    let orders = round_orders(&ARMS, n_rounds, SEED);
    for (round, (order, share)) in orders.into_iter().zip(&shares).enumerate() {
        for arm in order {
            status.show(&format!("round {} of {n_rounds}", round + 1));
            let of_arm = match arm {
                Arm::Routed => job,
                Arm::Direct | Arm::DirectAgain => &direct_job,
            };
            if !held.restore(arm, worker, of_arm)? {
                return Ok(interrupted());
            }
            let Some(sample) = one_arm(worker, of_arm, (round, share), arm) else {
                return Ok(interrupted());
            };
            held.keep(arm, worker);
            samples.push(sample);
        }
    }
    status.clear();
    let cancel = end_on_ctrl_c();
    let quality = quality::measure(worker, job, direct, &samples, &cancel);
    let memory = memory::measure(worker, job, &samples, &cancel);
    let found = Comparison {
        schema: SCHEMA,
        tool: job::tool(),
        job,
        direct,
        n_rounds,
        n_restored: held.n_restored,
        findings: findings::of(job, n_rounds, &samples),
        quality,
        memory,
        samples,
    };
    let place = Place::of(arguments, job, config)?;
    let path = place.report.with_extension("compare.json");
    write_whole(
        &path,
        &serde_json::to_string(&found).context("writing JSON")?,
    )?;
    match arguments.output.json {
        true => print_json(&found)?,
        false => print_line(&shown::comparison(&found))?,
    }
    terminal::tell(&format!("wrote {}", path.display()));
    let failed = found.samples.iter().flat_map(|one| &one.rows);
    let n_failed = failed.filter(|row| row.failure.is_some()).count();
    Ok(match n_failed {
        _ if cancel.is_cancelled() => Exit::Cancelled,
        0 => Exit::Fine,
        _ => Exit::Failed,
    })
}

fn interrupted() -> Exit {
    terminal::tell("interrupted: a comparison has whole rounds or none");
    Exit::Cancelled
}

/// The model that the comparison is with, as it is called among the chosen ones.
fn direct_model<'a>(job: &'a Job, arguments: &RouteRunArguments) -> anyhow::Result<&'a str> {
    let asked = arguments
        .compare
        .as_deref()
        .context("a model to compare with")?;
    let mut names = job.models.iter().map(|(name, _)| name.as_str());
    let found = names.find(|name| name.eq_ignore_ascii_case(asked));
    found.ok_or_else(|| UsageError(format!("--compare {asked}: no such model was chosen")).into())
}
