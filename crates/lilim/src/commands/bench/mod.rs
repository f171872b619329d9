//! `lilim bench`: from arguments to a plan, from a plan to a result file and its reports.

mod cases;
mod check;
mod compare;
mod control;
mod determinism;
pub(crate) mod header;
mod ipc;
mod kernels;
mod launch;
mod loads;
mod matrix;
mod output;
mod progress;
mod server;
mod targets;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use lilim_api::CancelToken;
use lilim_bench::BenchError;
use lilim_bench::clock::Clock;
use lilim_bench::journal::Journal;
use lilim_bench::plan::Plan;
use lilim_bench::report::Detail;
use lilim_bench::request::SILENCE_LIMIT;
use lilim_bench::result_file::ResultFile;
use lilim_bench::scenario::{Bench, Probe};
use lilim_bench::sensors::Sensors;
use lilim_bench::side::Launcher;
use lilim_bench::stats::Verdict;
use lilim_engines::ServerAddress;

use self::launch::{Native, Wanted, this_program};
use self::server::{Server, Side};
use crate::arguments::{BenchCommand, RunFlags, ScenarioFlags};
use crate::commands::{print_json, print_line};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::generate::end_on_ctrl_c;
use crate::models;
use crate::terminal;

/// Runs the command.
pub(crate) fn run(
    command: &BenchCommand,
    config: &dyn Fn() -> anyhow::Result<Config>,
) -> anyhow::Result<Exit> {
    let (flags, scenarios) = match command {
        BenchCommand::Verify { files, json } => return verify(files, *json),
        BenchCommand::Compare(flags) => return compare::run(flags, &config()?),
        BenchCommand::Determinism(flags) => return determinism::run(flags, &config()?),
        BenchCommand::Matrix(flags) => return matrix::run(flags, &config()?),
        BenchCommand::Check(flags) => return check::run(flags, &config()?),
        BenchCommand::Ttft(flags) => (flags, cases::TTFT.into()),
        BenchCommand::Throughput(flags) => (
            &flags.scenario,
            cases::Scenarios {
                loads: loads::Loads::of(flags),
                ..cases::THROUGHPUT.into()
            },
        ),
        BenchCommand::Load(flags) => (flags, cases::LOAD.into()),
        BenchCommand::Sustained { flags, seconds } => {
            let seconds = *seconds;
            (
                flags,
                cases::Scenarios {
                    seconds,
                    ..cases::SUSTAINED.into()
                },
            )
        }
        BenchCommand::Ipc(flags) => (flags, cases::IPC.into()),
        BenchCommand::Kernels(flags) => (flags, cases::KERNELS.into()),
        BenchCommand::Memory(flags) => (flags, cases::MEMORY.into()),
        BenchCommand::Size(flags) => (flags, cases::SIZE.into()),
        BenchCommand::All(flags) => (flags, cases::ALL.into()),
    };
    measure(flags, &scenarios, &config()?)
}

fn measure(
    flags: &ScenarioFlags,
    scenarios: &cases::Scenarios,
    config: &Config,
) -> anyhow::Result<Exit> {
    let side = side(flags, scenarios, config)?;
    let run = &flags.run;
    let probes = scenarios.probes(&side, run)?;
    let mut plan = cases::plan(run, scenarios, (&side, &probes));
    let mut launchers = vec![side.launcher()];
    server::measure_client(&mut plan, &mut launchers)?;
    let place = output::Place::of(run, scenarios.name, config)?;
    let mut journal = match &run.resume {
        Some(path) => Journal::resume(path, &plan)?,
        None => {
            let expected_bytes = cases::expected_bytes(&plan);
            Journal::create(
                &place.journal,
                header::header()?,
                plan.clone(),
                expected_bytes,
            )?
        }
    };
    let cancel = end_on_ctrl_c();
    let outcome = go((&plan, &cancel), launchers, probes, &mut journal);
    finish(outcome, journal, &plan, &place, run)
}

/// What is measured, as the user named it.
fn side(
    flags: &ScenarioFlags,
    scenarios: &cases::Scenarios,
    config: &Config,
) -> anyhow::Result<Side> {
    if ServerAddress::is_meant(&flags.model) {
        if flags.in_process {
            let reason = "a server is a process of its own and no --in-process";
            return Err(UsageError(reason.to_owned()).into());
        }
        return Ok(Side::Server(Box::new(Server::new(&flags.model)?)));
    }
    let wanted = Wanted {
        name: None,
        model: &flags.model,
        options: models::options(config, &flags.run.load)?,
        context: scenarios.context(),
        worker: match flags.in_process {
            true => None,
            false => Some(this_program()?),
        },
    };
    Ok(Side::Native(Box::new(Native::new(config, wanted)?)))
}

/// Writes what was found, or says how an interrupted run goes on.
fn finish(
    outcome: Result<(), BenchError>,
    journal: Journal,
    plan: &Plan,
    place: &output::Place,
    flags: &RunFlags,
) -> anyhow::Result<Exit> {
    if matches!(outcome, Err(BenchError::Interrupted)) {
        let path = flags.resume.as_deref().unwrap_or(&place.journal);
        return interrupted(&journal, plan, path);
    }
    outcome?;
    let result = ResultFile::of(journal.recording().clone());
    let written = output::write(&result, place, flags)?;
    // Only now: until the result is written, the journal is all there is.
    journal.finish();
    if flags.json {
        print_json(&result.findings)?;
    } else {
        let detail = match flags.all_metrics {
            true => Detail::All,
            false => Detail::Key,
        };
        print_line(output::for_people(&result, detail).trim_end())?;
    }
    for path in written {
        terminal::tell(&format!("wrote {}", path.display()));
    }
    let findings = &result.findings;
    let has_failures = findings.cases.iter().any(|case| case.n_failed > 0);
    let comparison = findings.comparison.iter();
    let is_refused = comparison.flat_map(|found| &found.equality.refusals).next();
    let mut metrics = findings.comparison.iter().flat_map(|found| &found.metrics);
    let is_missed = metrics.any(|one| {
        let decision = one.decision.as_ref();
        decision.is_some_and(|decision| decision.verdict == Verdict::Fail)
    });
    let mut gates = findings.gates.iter();
    let is_missed = is_missed || gates.any(|gate| gate.decision.verdict == Verdict::Fail);
    let mut settings = findings.settings.iter();
    let is_missed = is_missed || settings.any(|setting| setting.is_kept == Some(false));
    Ok(match has_failures || is_refused.is_some() {
        true => Exit::Failed,
        false if is_missed => Exit::GateFailed,
        false => Exit::Fine,
    })
}

fn go(
    (plan, cancel): (&Plan, &CancelToken),
    launchers: Vec<Box<dyn Launcher>>,
    probes: Vec<Probe<'_>>,
    journal: &mut Journal,
) -> Result<(), BenchError> {
    let samples = &journal.recording().samples;
    let done: BTreeSet<_> = samples
        .iter()
        .map(|sample| (sample.case.clone(), sample.slot))
        .collect();
    let clock = Clock::starting_at(journal.end_ns());
    let mut progress = progress::Progress::new(plan, done.len() as u64, journal);
    Bench {
        plan,
        launchers: &launchers,
        probes,
        clock,
        cancel: cancel.clone(),
        sensors: Sensors::system(),
        silence: SILENCE_LIMIT,
        done,
    }
    .run(&mut progress)
}

fn interrupted(journal: &Journal, plan: &Plan, path: &Path) -> anyhow::Result<Exit> {
    let n_done = journal.recording().samples.len();
    terminal::tell(&format!(
        "interrupted after {n_done} of {} samples; the same command with --resume {} goes on",
        plan.n_slots(),
        path.display()
    ));
    Ok(Exit::Cancelled)
}

fn verify(files: &[std::path::PathBuf], json: bool) -> anyhow::Result<Exit> {
    let mut all = Vec::new();
    for path in files {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let differences = ResultFile::parse(path, &text)?.verify();
        if !json {
            let verdict = match differences.len() {
                0 => "ok: every number follows from the samples".to_owned(),
                n => format!("FAIL: {n} differences"),
            };
            print_line(&format!("{}: {verdict}", path.display()))?;
            for one in differences.iter().take(MOST_DIFFERENCES) {
                let line = format!(
                    "  {}: the file says {}, it is {}",
                    one.place, one.said, one.found
                );
                print_line(&line)?;
            }
        }
        all.push((path, differences));
    }
    let is_sound = all.iter().all(|(_, differences)| differences.is_empty());
    if json {
        let report: Vec<_> = all
            .iter()
            .map(|(path, differences)| {
                serde_json::json!({ "file": path, "ok": differences.is_empty(), "differences": differences })
            })
            .collect();
        print_json(&report)?;
    }
    Ok(if is_sound { Exit::Fine } else { Exit::Failed })
}

/// Differences that are printed for people; JSON has all.
const MOST_DIFFERENCES: usize = 10;
