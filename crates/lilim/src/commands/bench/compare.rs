//! `lilim bench compare`: two sides of the same program or of two, in rounds, with verdicts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use lilim_api::LoadOptions;
use lilim_bench::BenchError;
use lilim_bench::clock::Clock;
use lilim_bench::derive::derive;
use lilim_bench::journal::Journal;
use lilim_bench::plan::{Arm, Case, Comparison, Gate, Plan, RequestShape, RoundShape, Work};
use lilim_bench::record::{Recording, Sample};
use lilim_bench::request::SILENCE_LIMIT;
use lilim_bench::scenario::{Bench, REPLAY_CASE, Sink};
use lilim_bench::sensors::Sensors;
use lilim_bench::side::Launcher;
use lilim_bench::stats::{
    ErrorRate, Limit, LookPlan, MAX_ROUNDS, PowerQuestion, minimum_rounds, planning_sigma,
    rounds_needed,
};
use lilim_engines::ServerAddress;

use super::launch::{Native, Wanted, this_program};
use super::server::{Server, Side};
use super::{cases, control, header, output, progress, server, targets};
use crate::arguments::CompareFlags;
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::generate::end_on_ctrl_c;
use crate::models;
use crate::terminal;

/// Rounds of a pilot: enough for a rough σ, few enough to be short.
pub(super) const PILOT_ROUNDS: usize = 6;

/// What a comparison is planned to find: a side that is 10% slower, with a probability of 0.9.
const EFFECT: f64 = 0.9;
const POWER: f64 = 0.9;

/// Rounds at most where nobody says otherwise: what needs more says so and stays INCONCLUSIVE.
const MOST_ROUNDS: usize = 40;

/// Runs the command.
pub(crate) fn run(flags: &CompareFlags, config: &Config) -> anyhow::Result<Exit> {
    if flags.run.budget.is_some() {
        let reason = "a comparison has rounds and no --budget (--rounds, --quick)";
        return Err(UsageError(reason.to_owned()).into());
    }
    let shape = round_shape(flags);
    let make = |text, in_process| side((text, in_process), flags, shape, config);
    let mut sides = vec![make(&flags.tested, false)?, make(&flags.baseline, false)?];
    if sides[0].is_of_this_program()? {
        sides.push(make(&flags.tested, true)?);
    }
    let infos = sides.iter().map(Side::info).collect();
    let mut launchers: Vec<_> = sides.into_iter().map(Side::launcher).collect();
    let mut plan = plan(flags, infos, shape);
    server::measure_client(&mut plan, &mut launchers)?;
    let cancel = end_on_ctrl_c();
    if let Some(path) = &flags.run.resume {
        // The journal's own plan: its number of rounds came from a pilot that is over.
        let journaled = lilim_bench::journal::read(path)?.recording.plan;
        if let (Some(ours), Some(theirs)) = (&mut plan.comparison, journaled.comparison) {
            let planned = theirs.looks.rounds();
            if flags
                .rounds
                .is_some_and(|rounds| rounds as usize != planned)
            {
                let reason = format!("--rounds: the run to go on with was planned with {planned}");
                return Err(UsageError(reason).into());
            }
            ours.looks = theirs.looks;
            ours.pilot = theirs.pilot;
        }
    } else if flags.rounds.is_none() && !flags.run.quick {
        let pilot = pilot(&plan, &launchers, &cancel)?;
        settle_rounds(&mut plan, pilot)?;
    }
    let place = output::Place::of(&flags.run, "compare", config)?;
    let mut journal = match &flags.run.resume {
        Some(path) => Journal::resume(path, &plan)?,
        None => Journal::create(
            &place.journal,
            header::header()?,
            plan.clone(),
            EXPECTED_BYTES,
        )?,
    };
    let outcome = {
        let samples = &journal.recording().samples;
        let done = samples
            .iter()
            .map(|sample| (sample.case.clone(), sample.slot))
            .collect();
        let clock = Clock::starting_at(journal.end_ns());
        let mut progress = progress::Progress::new(&plan, samples.len() as u64, &mut journal);
        let mut bench = Bench {
            plan: &plan,
            launchers: &launchers,
            probes: control::probes(),
            clock,
            sensors: Sensors::system(),
            cancel,
            silence: SILENCE_LIMIT,
            done,
        };
        bench.run(&mut progress)
    };
    super::finish(outcome, journal, &plan, &place, &flags.run)
}

/// Answers that are forced through both sides: enough to see how far their numbers lie apart, few
/// enough to be over in seconds.
const REPLAYED_ANSWERS: u32 = 4;

/// A comparison's journal is small: a few requests of a few tokens in each round.
pub(super) const EXPECTED_BYTES: u64 = 4 << 20;

fn round_shape(flags: &CompareFlags) -> RoundShape {
    RoundShape {
        prefill: RequestShape {
            n_prompt: flags.prompt,
            n_out: 1,
        },
        decode: RequestShape {
            n_prompt: 16,
            n_out: flags.tokens,
        },
        n_requests: flags.run.samples.unwrap_or(3),
        n_warmups: flags.run.warmup.unwrap_or(1),
    }
}

fn plan(
    flags: &CompareFlags,
    sides: Vec<lilim_bench::record::SideInfo>,
    shape: RoundShape,
) -> Plan {
    let gates = gates();
    let error = ErrorRate {
        metrics: gates.len(),
        ..ErrorRate::default()
    };
    let rounds = flags.rounds.unwrap_or(PILOT_ROUNDS as u32) as usize;
    let case = |id: &str, side, work, n_samples| Case {
        id: id.to_owned(),
        side,
        work,
        n_warmups: 0,
        n_samples,
        budget_s: None,
    };
    let side_of = |arm| match arm {
        Arm::Tested | Arm::Control => 0,
        Arm::Baseline | Arm::BaselineAgain => 1,
        Arm::InProcess => 2,
    };
    let arms = Arm::ALL
        .into_iter()
        .filter(|&arm| side_of(arm) < sides.len());
    let arms = arms.map(|arm| case(arm.case_id(), side_of(arm), Work::Arm(arm), 0));
    let idle = cases::idle_case(&Sensors::system(), flags.run.quick);
    let replay = case(REPLAY_CASE, 0, Work::Replay, REPLAYED_ANSWERS);
    Plan {
        seed: flags.run.seed,
        cases: idle.into_iter().chain(arms).chain([replay]).collect(),
        sides,
        targets: targets::of_sides(shape),
        left_out: Vec::new(),
        comparison: Some(Comparison {
            tested: 0,
            baseline: 1,
            declared_equivalent: flags.equivalent,
            round: shape,
            looks: looks(rounds, error),
            gates,
            targets: targets::of_ratios(),
            pilot: BTreeMap::new(),
        }),
        check: None,
    }
}

/// Looks at so many rounds; at the least number that can decide anything where they are too few.
pub(super) fn looks(rounds: usize, error: ErrorRate) -> LookPlan {
    let even = rounds.next_multiple_of(2).min(MAX_ROUNDS);
    let least = minimum_rounds(error).expect("the error rate is a constant in range");
    LookPlan::new(even.max(least), error).expect("an even number between least and most")
}

/// The limits that decide: those of the project's documents for CI. TTFT and end to end are the same
/// times as these rates, seen from the other side: they are described and decide nothing.
fn gates() -> Vec<Gate> {
    [
        ("decode_tps", Limit::AtLeast(0.95)),
        ("client_prefill_tps", Limit::AtLeast(0.95)),
        ("peak_rss_bytes", Limit::AtMost(1.10)),
    ]
    .map(|(metric, limit)| Gate {
        metric: metric.to_owned(),
        limit,
    })
    .to_vec()
}

/// Samples of a pilot: they choose the number of rounds and are no part of the result.
#[derive(Default)]
struct Pilot(Vec<Sample>);

impl Sink for Pilot {
    fn keep(&mut self, sample: Sample) -> Result<(), BenchError> {
        self.0.push(sample);
        Ok(())
    }

    // The looks of a pilot are not looked at: it is to be whole.
    fn samples(&self) -> &[Sample] {
        &[]
    }
}

/// ln(tested / baseline) of each gate's metric over a few rounds.
pub(super) fn pilot(
    plan: &Plan,
    launchers: &[Box<dyn Launcher>],
    cancel: &lilim_api::CancelToken,
) -> anyhow::Result<BTreeMap<String, Vec<f64>>> {
    let n_rounds = plan.comparison.as_ref().map_or(0, |one| one.looks.rounds());
    terminal::tell(&format!(
        "a pilot of {n_rounds} rounds chooses how many are needed …"
    ));
    let mut pilot = Pilot::default();
    Bench {
        plan,
        launchers,
        probes: control::probes(),
        clock: Clock::starting_at(0),
        sensors: Sensors::system(),
        cancel: cancel.clone(),
        silence: SILENCE_LIMIT,
        done: std::collections::BTreeSet::new(),
    }
    .run(&mut pilot)?;
    let recording = Recording {
        header: header::header()?,
        plan: plan.clone(),
        samples: pilot.0,
    };
    let found = derive(&recording)
        .comparison
        .context("a plan of a comparison has one")?;
    if let Some(refusal) = found.equality.refusals.first() {
        let reason = format!("no comparison: {refusal}");
        return Err(UsageError(reason).into());
    }
    let ratios = found.metrics.into_iter();
    Ok(ratios.map(|one| (one.metric, one.differences)).collect())
}

/// As many rounds as the metric that needs most, as far as a person waits.
pub(super) fn settle_rounds(
    plan: &mut Plan,
    pilot: BTreeMap<String, Vec<f64>>,
) -> anyhow::Result<()> {
    let seed = plan.seed;
    let comparison = plan
        .comparison
        .as_mut()
        .context("a plan of a comparison has one")?;
    let error = comparison.looks.error;
    let mut most = minimum_rounds(error)?;
    for gate in &comparison.gates {
        let Some(differences) = pilot.get(&gate.metric) else {
            continue;
        };
        let Some(sigma) = planning_sigma(differences)? else {
            continue;
        };
        let beyond = EFFECT / 0.95;
        let true_ratio = match gate.limit {
            Limit::AtLeast(limit) => limit * beyond,
            Limit::AtMost(limit) => limit / beyond,
        };
        let question = PowerQuestion {
            // A pilot whose rounds are all alike says that there is little noise, not that there is none.
            sigma: sigma.max(0.005),
            limit: gate.limit,
            true_ratio,
            power: POWER,
            error,
        };
        let rounds = rounds_needed(&question, seed)?.map_or(MAX_ROUNDS, |needed| needed.rounds);
        if rounds > MOST_ROUNDS {
            terminal::tell(&format!(
                "{} varies by {:.1}% from round to round: {rounds} rounds would be needed, {MOST_ROUNDS} are run (--rounds says otherwise)",
                gate.metric,
                100.0 * sigma
            ));
        }
        most = most.max(rounds.min(MOST_ROUNDS));
    }
    comparison.looks = looks(most, error);
    comparison.pilot = pilot;
    Ok(())
}

/// `MODEL[,key=value…]`: a model and what it is loaded with.
fn side(
    (text, in_process): (&str, bool),
    flags: &CompareFlags,
    shape: RoundShape,
    config: &Config,
) -> anyhow::Result<Side> {
    if ServerAddress::is_meant(text) {
        return Ok(Side::Server(Box::new(Server::new(text)?)));
    }
    let mut parts = text.split(',');
    let model = parts.next().unwrap_or_default();
    let mut options = models::options(config, &flags.run.load)?;
    let mut program: Option<PathBuf> = None;
    for part in parts {
        let (key, value) = part
            .split_once('=')
            .ok_or_else(|| UsageError(format!("'{part}' of side '{text}' is not KEY=VALUE")))?;
        if key == "program" {
            program = Some(value.into());
        } else {
            set(&mut options, key, value)
                .map_err(|reason| UsageError(format!("side '{text}': {reason}")))?;
        }
    }
    let context = shape.prefill.n_context().max(shape.decode.n_context());
    let worker = match program {
        _ if in_process => None,
        Some(program) => Some(program),
        None => Some(this_program()?),
    };
    let wanted = Wanted {
        name: Some(short_name(text, in_process)),
        model,
        options,
        context,
        worker,
    };
    Ok(Side::Native(Box::new(Native::new(config, wanted)?)))
}

/// What reports call a side: without the folders of its files.
fn short_name(text: &str, in_process: bool) -> String {
    let short = |path: &str| {
        let path = std::path::Path::new(path);
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let mut parts = text.split(',');
    let model = short(parts.next().unwrap_or_default());
    let model = model.strip_suffix(".gguf").unwrap_or(&model).to_owned();
    let rest = parts.map(|part| match part.split_once('=') {
        Some(("program", path)) => format!("program={}", short(path)),
        _ => part.to_owned(),
    });
    let place = in_process.then(|| "in process".to_owned());
    let all: Vec<_> = [model].into_iter().chain(rest).chain(place).collect();
    all.join(",")
}

pub(super) fn set(options: &mut LoadOptions, key: &str, value: &str) -> Result<(), String> {
    let number = || {
        let number: Result<usize, _> = value.parse();
        number.map_err(|error| format!("{key} '{value}': {error}"))
    };
    match key {
        "threads" => options.threads = Some(number()?),
        "context" => options.context = Some(number()?),
        "chunk" => options.chunk = number()?,
        "level" => options.level = Some(value.parse().map_err(|error| format!("{error}"))?),
        "kv_type" => options.kv_type = value.parse().map_err(|error| format!("{error}"))?,
        "speculation" => options.speculation = value.parse().map_err(|error| format!("{error}"))?,
        _ => {
            return Err(format!(
                "unknown key '{key}' (one of: threads, context, chunk, level, kv_type, speculation, program)"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_called_by_its_files_without_their_folders() {
        for (text, name) in [
            ("small", "small"),
            ("/a/b/tiny-q8_0.gguf,level=avx2", "tiny-q8_0,level=avx2"),
            ("../x.gguf,program=/old/lilim", "x,program=lilim"),
        ] {
            assert_eq!(short_name(text, false), name);
        }
        assert_eq!(short_name("small", true), "small,in process");
    }

    #[test]
    fn options_of_a_side_are_set_or_refused_with_the_reason() {
        let mut options = LoadOptions::default();
        set(&mut options, "threads", "3").unwrap();
        set(&mut options, "level", "avx2").unwrap();
        assert_eq!(options.threads, Some(3));
        assert_eq!(options.level, Some(lilim_api::Level::Avx2));
        for (key, value, reason) in [
            ("threads", "x", "threads 'x'"),
            ("level", "sse9", "unknown level 'sse9'"),
            ("colour", "red", "unknown key 'colour' (one of: threads"),
        ] {
            let error = set(&mut options, key, value).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
