//! Loads of requests on engines that crash, hang, or are slow: every request has its sample.

mod fake;

use std::time::{Duration, Instant};

use lilim_api::EngineError;
use lilim_bench::plan::{Arrivals, Case, Delivery, Limits, RequestShape, Work};
use lilim_bench::request::SILENCE_LIMIT;
use lilim_bench::result_file::ResultFile;
use lilim_bench::sensors::Sensors;
use lilim_testkit::{Faults, StepperOptions};

use fake::{FlakyLauncher, case, delays, fast, plan, record_by, with_options};

const CLOSED: Arrivals = Arrivals::Closed { concurrency: 2 };
const POISSON: Arrivals = Arrivals::Poisson {
    per_s: 200.0,
    n_sessions: 2,
};

fn load(arrivals: Arrivals, n_warmups: u32, n_samples: u32) -> Case {
    let work = Work::Throughput {
        shape: RequestShape {
            n_prompt: 2,
            n_out: 4,
        },
        arrivals,
        delivery: Delivery::Streamed,
        limits: Limits::default(),
    };
    case("throughput", work, n_warmups, n_samples)
}

fn crashing() -> StepperOptions {
    let mut options = with_options(fast());
    options.faults = Faults {
        fail_at_step: Some((1, EngineError::Text("the fake broke".to_owned()))),
        ..Faults::default()
    };
    options
}

/// Takes longer for its second token than any of these tests waits.
fn hanging() -> StepperOptions {
    with_options(delays(0, 60_000, 0))
}

fn good() -> StepperOptions {
    with_options(fast())
}

fn run(case: Case, engines: Vec<StepperOptions>, silence: Duration) -> ResultFile {
    let n_slots = case.n_slots();
    let launcher = Box::new(FlakyLauncher::new(engines));
    let file = record_by(plan(vec![case]), launcher, (Sensors::system(), silence));
    let mut slots: Vec<_> = file.recording.samples.iter().map(|one| one.slot).collect();
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), file.recording.samples.len(), "each slot once");
    assert!(slots.last().is_none_or(|&last| last < n_slots));
    assert!(file.verify().is_empty());
    file
}

#[test]
fn an_engine_that_crashes_within_a_load_is_started_again() {
    for arrivals in [CLOSED, POISSON] {
        for n_warmups in [0, 3] {
            let engines = vec![crashing(), crashing(), good()];
            let file = run(load(arrivals, n_warmups, 12), engines, SILENCE_LIMIT);
            assert_eq!(file.recording.samples.len(), 12 + n_warmups as usize);
            let found = &file.findings.cases[0];
            // Two clients broke two engines; a restarted one may break while it is warmed up.
            assert!((1..=4).contains(&found.n_failed), "{:?}", found.failures);
            assert_eq!(found.failures["the fake broke"], found.n_failed);
            assert!(found.n_samples >= 8, "{}", found.n_samples);
        }
    }
}

#[test]
fn a_silent_engine_costs_the_limit_once_and_is_started_again() {
    let begun = Instant::now();
    let silence = Duration::from_secs(1);
    let file = run(load(CLOSED, 0, 12), vec![hanging(), good()], silence);
    assert_eq!(file.recording.samples.len(), 12);
    let found = &file.findings.cases[0];
    assert_eq!(
        found.failures.keys().collect::<Vec<_>>(),
        ["silent for 1 s"]
    );
    assert!((1..=2).contains(&found.n_failed), "{}", found.n_failed);
    assert_eq!(found.n_samples, 12 - found.n_failed);
    let steady = &found.metrics["steady_throughput_tps"];
    assert!(steady.summary.is_none() && steady.why_null.is_some());
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn an_engine_that_keeps_breaking_is_given_up_with_the_reason() {
    let file = run(load(CLOSED, 1, 20), vec![crashing()], SILENCE_LIMIT);
    let found = &file.findings.cases[0];
    assert_eq!((found.n_samples, found.n_failed), (0, 21));
    let reasons: Vec<_> = found.failures.keys().map(String::as_str).collect();
    let given_up = "not sent: the engine broke 3 times in a row without an answer";
    assert_eq!(reasons, [given_up, "the fake broke"]);
}

#[test]
fn a_load_ends_when_its_time_is_over_and_every_client_had_a_request() {
    for (arrivals, n_least) in [
        (Arrivals::Closed { concurrency: 5 }, 5),
        (Arrivals::Closed { concurrency: 1 }, 3),
        (POISSON, 3),
    ] {
        let mut case = load(arrivals, 1, 50);
        case.budget_s = Some(0.0);
        let file = run(case, vec![with_options(delays(1, 1, 0))], SILENCE_LIMIT);
        let found = &file.findings.cases[0];
        assert_eq!((found.n_samples, found.n_failed), (n_least, 0));
    }
}
