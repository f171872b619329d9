//! `lilim bench check`: this build held against a baseline, and baselines written.

mod baseline;
mod rounds;
mod self_test;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use lilim_api::LoadOptions;
use lilim_bench::check::{
    ANSWER_SHAPE, ANSWERS, ANSWERS_OF_BASELINE, Check, LOAD, N_ANSWERS, N_LOADS, N_TEXTS,
    PERPLEXITY, PERPLEXITY_OF_BASELINE, Recorded, TEXT_TOKENS,
};
use lilim_bench::journal::Journal;
use lilim_bench::plan::{Case, Plan, Work};
use lilim_bench::result_file::ResultFile;
use lilim_bench::side::Launcher;

use self::baseline::Baseline;
use super::launch::{Native, Wanted, this_program};
use super::{compare, control, header, output};
use crate::arguments::CheckFlags;
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::generate::end_on_ctrl_c;
use crate::models;
use crate::terminal;

/// Runs the command.
pub(crate) fn run(flags: &CheckFlags, config: &Config) -> anyhow::Result<Exit> {
    if flags.self_test {
        return self_test::run(&flags.run);
    }
    if flags.run.budget.is_some() || flags.run.samples.is_some() || flags.run.warmup.is_some() {
        let reason = "a check does the same work every time: no --samples, --warmup or --budget";
        return Err(UsageError(reason.to_owned()).into());
    }
    match (&flags.baseline, &flags.write_baseline) {
        (Some(path), _) => check(path, flags, config),
        (None, Some(path)) => write(path, flags, config),
        (None, None) => unreachable!("the flags are a group that is required"),
    }
}

/// Tokens that the longest piece of work needs.
fn context() -> u32 {
    ANSWER_SHAPE.n_context().max(TEXT_TOKENS)
}

fn case(id: &str, side: usize, work: Work, n_samples: u32) -> Case {
    Case {
        id: id.to_owned(),
        side,
        n_warmups: u32::from(matches!(work, Work::Answers(_))),
        work,
        n_samples,
        budget_s: None,
    }
}

/// What every check does, so that any two can be held against each other.
fn cases() -> Vec<Case> {
    let n_tokens = TEXT_TOKENS;
    vec![
        case(LOAD, 0, Work::Load, N_LOADS),
        case(ANSWERS, 0, Work::Answers(ANSWER_SHAPE), N_ANSWERS),
        case(PERPLEXITY, 0, Work::Perplexity { n_tokens }, N_TEXTS),
    ]
}

/// What the older program must say where the baseline does not.
fn cases_of_baseline(recorded: &Recorded) -> Vec<Case> {
    let n_tokens = TEXT_TOKENS;
    let mut cases = Vec::new();
    if recorded.quality_hash.is_none() {
        let work = Work::Answers(ANSWER_SHAPE);
        cases.push(case(ANSWERS_OF_BASELINE, 1, work, N_ANSWERS));
    }
    if recorded.nats.is_empty() {
        let work = Work::Perplexity { n_tokens };
        cases.push(case(PERPLEXITY_OF_BASELINE, 1, work, N_TEXTS));
    }
    cases
}

fn side(
    model: &str,
    options: &LoadOptions,
    program: Option<&Path>,
    config: &Config,
) -> anyhow::Result<Native> {
    let name = models::resolve(config, model).map(|files| models::name_of(&files))?;
    let wanted = Wanted {
        name: Some(match program {
            Some(_) => format!("{name}, older program"),
            None => name,
        }),
        model,
        options: options.clone(),
        context: context().max(rounds::context()),
        worker: Some(match program {
            Some(program) => program.to_owned(),
            None => this_program()?,
        }),
    };
    Native::new(config, wanted)
}

fn check(path: &Path, flags: &CheckFlags, config: &Config) -> anyhow::Result<Exit> {
    let options = models::options(config, &flags.run.load)?;
    let baseline = Baseline::read(path, options)?;
    let model = flags.model.as_ref().unwrap_or(&baseline.model);
    // A flag goes over the file, the file over the configuration.
    let options = flags.run.load.over(&baseline.options);
    let tested = side(model, &options, None, config).with_context(|| {
        format!(
            "finding the model of {} (--model names another)",
            path.display()
        )
    })?;
    refuse_other_model(&baseline, &tested, flags)?;
    let mut launchers: Vec<Box<dyn Launcher>> = Vec::new();
    let mut sides = vec![tested.info()];
    launchers.push(Box::new(tested));
    let program = flags.program.as_ref().or(baseline.program.as_ref());
    if let Some(program) = program {
        let older = side(model, &options, Some(program), config)?;
        sides.push(older.info());
        launchers.push(Box::new(older));
    }
    let recorded = baseline.recorded.clone();
    let mut cases = cases();
    if program.is_some() {
        cases.extend(cases_of_baseline(&recorded));
    }
    let mut plan = Plan {
        seed: flags.run.seed,
        sides,
        cases,
        targets: Vec::new(),
        left_out: Vec::new(),
        comparison: None,
        check: Some(Check {
            baseline: path.display().to_string(),
            gates: baseline.gates,
            recorded,
        }),
    };
    let cancel = end_on_ctrl_c();
    if program.is_some() {
        rounds::add(&mut plan, flags, &launchers, &cancel)?;
    }
    let place = output::Place::of(&flags.run, "check", config)?;
    let mut journal = start(&plan, flags, &place)?;
    let probes = match plan.comparison {
        Some(_) => control::probes(),
        None => Vec::new(),
    };
    let outcome = super::go((&plan, &cancel), launchers, probes, &mut journal);
    super::finish(outcome, journal, &plan, &place, &flags.run)
}

/// Other weights give other answers: that is no finding about the build.
fn refuse_other_model(
    baseline: &Baseline,
    tested: &Native,
    flags: &CheckFlags,
) -> anyhow::Result<()> {
    let found = tested.info().model.sha256;
    let (Some(then), Some(now)) = (&baseline.recorded.model_sha256, &found) else {
        return Ok(());
    };
    if then == now || flags.equivalent {
        return Ok(());
    }
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    let (then, now) = (short(then), short(now));
    let reason = format!(
        "the baseline is of another model file (SHA-256 {then}…, this one is {now}…): \
         --write-baseline makes a new one, --equivalent goes on"
    );
    Err(UsageError(reason).into())
}

fn start(plan: &Plan, flags: &CheckFlags, place: &output::Place) -> anyhow::Result<Journal> {
    Ok(match &flags.run.resume {
        Some(path) => Journal::resume(path, plan)?,
        None => {
            let expected_bytes = super::cases::expected_bytes(plan) + compare::EXPECTED_BYTES;
            Journal::create(
                &place.journal,
                header::header()?,
                plan.clone(),
                expected_bytes,
            )?
        }
    })
}

/// Measures and writes the baseline.
fn write(path: &Path, flags: &CheckFlags, config: &Config) -> anyhow::Result<Exit> {
    let old = old_baseline(path)?;
    let model = flags.model.as_deref().unwrap_or(models::EMBEDDED_NAME);
    let options = models::options(config, &flags.run.load)?;
    let tested = side(model, &options, None, config)?;
    let plan = Plan {
        seed: flags.run.seed,
        sides: vec![tested.info()],
        cases: cases(),
        targets: Vec::new(),
        left_out: Vec::new(),
        comparison: None,
        check: None,
    };
    let place = output::Place::of(&flags.run, "baseline", config)?;
    let mut journal = start(&plan, flags, &place)?;
    let cancel = end_on_ctrl_c();
    let outcome = super::go(
        (&plan, &cancel),
        vec![Box::new(tested)],
        Vec::new(),
        &mut journal,
    );
    let result = ResultFile::of(journal.recording().clone());
    let exit = super::finish(outcome, journal, &plan, &place, &flags.run)?;
    if exit != Exit::Fine {
        terminal::tell("no baseline is written: not everything was measured");
        return Ok(exit);
    }
    let recorded = Recorded::of(&result.recording, &result.findings.cases);
    let text = baseline::text((model, &set_options(flags)), &recorded, old.as_deref())?;
    crate::commands::write_whole(path, &text)?;
    terminal::tell(&format!("wrote {}", path.display()));
    Ok(exit)
}

/// The file that is to be written anew; refused where it is anything but a baseline.
fn old_baseline(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("looking at {}", path.display())),
        Ok(known) if !known.is_file() => {
            let reason = format!("{} is no regular file", path.display());
            Err(UsageError(reason).into())
        }
        Ok(_) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("reading {}", path.display()))?;
            // What does not read as a baseline is somebody's file, and stays.
            Baseline::read(path, LoadOptions::default())?;
            Ok(Some(text))
        }
    }
}

/// What the command line sets of the side, as the file has it.
fn set_options(flags: &CheckFlags) -> Vec<(&'static str, String)> {
    let load = &flags.run.load;
    let number = |number: Option<usize>| number.map(|number| number.to_string());
    let all = BTreeMap::from([
        ("threads", number(load.threads)),
        ("context", number(load.context)),
        ("chunk", number(load.chunk)),
        ("level", load.level.map(|level| level.to_string())),
        ("kv_type", load.kv_type.map(|kind| kind.as_str().to_owned())),
        (
            "speculation",
            load.speculation.as_ref().map(ToString::to_string),
        ),
    ]);
    let set = all
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)));
    set.collect()
}
