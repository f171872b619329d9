//! Every scenario on the fake engine with known delays: each metric must come out near the truth.

mod fake;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lilim_api::EngineError;
use lilim_bench::plan::{
    Arrivals, Bound, Case, Delivery, Figure, Limits, RequestShape, Target, Work,
};
use lilim_bench::record::Outcome;
use lilim_bench::result_file::ResultFile;
use lilim_testkit::{Delays, Faults};

use fake::{case, delays, fast, file_of, median, record, with_options};

/// How far from the truth a figure may be on a machine that wakes sleepers in time.
const BOUND: f64 = 0.1;

/// Figures must be near the truth. The fake engine's delays are sleeps, and on a busy machine a
/// thread sleeps longer than it wanted; a witness that sleeps beside the run tells whether it did.
#[expect(clippy::print_stderr, reason = "a skip says why")]
fn near(cases: impl Fn() -> Vec<Case>, truths: &[(usize, &str, f64)]) {
    const TRIES: usize = 8;
    for _ in 0..TRIES {
        let (file, is_quiet) = Witness::watch(|| file_of(cases(), known()));
        if !is_quiet {
            continue;
        }
        for &(case, metric, truth) in truths {
            let found = median(&file, case, metric);
            let error = (found / truth - 1.0).abs();
            assert!(error < BOUND, "{metric}: {found}, the truth is {truth}");
        }
        return;
    }
    eprintln!("skipped: the machine was too busy to sleep in time, {TRIES} times");
}

/// A thread that sleeps in short steps and notes when it woke late.
struct Witness;

impl Witness {
    const STEP: Duration = Duration::from_millis(2);
    const LATE: Duration = Duration::from_millis(1);

    /// What the work gave, and whether every sleep beside it ended in time.
    fn watch<T>(work: impl FnOnce() -> T) -> (T, bool) {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let witness = scope.spawn(|| {
                let mut is_quiet = true;
                while !is_over.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    std::thread::sleep(Self::STEP);
                    is_quiet &= start.elapsed() < Self::STEP + Self::LATE;
                }
                is_quiet
            });
            let found = work();
            is_over.store(true, Ordering::Relaxed);
            (found, witness.join().expect("the witness only sleeps"))
        })
    }
}

const SHAPE: RequestShape = RequestShape {
    n_prompt: 2,
    n_out: 4,
};

/// 20 ms a prompt token, 15 ms a generated one after the first, 30 ms to load.
fn known() -> Delays {
    delays(20, 15, 30)
}

#[test]
fn warm_ttft_is_the_prompts_time() {
    let truths = [
        (0, "ttft_ms", 40.0),
        (0, "ttft_from_send_ms", 40.0),
        (0, "client_prefill_tps", 50.0),
        (0, "prefill_tps", 50.0),
        (0, "itl_ms", 15.0),
        (0, "icl_ms", 15.0),
        (0, "decode_tps", 1.0 / 0.015),
        (0, "e2e_ms", 85.0),
    ];
    near(
        || vec![case("ttft/warm/2", Work::TtftWarm(SHAPE), 1, 3)],
        &truths,
    );
}

#[test]
fn cold_ttft_loads_for_every_sample() {
    let truths = [
        (0, "load_ms", 30.0),
        (0, "ttft_ms", 40.0),
        (0, "start_to_first_token_ms", 70.0),
    ];
    near(
        || vec![case("ttft/cold/2", Work::TtftCold(SHAPE), 0, 2)],
        &truths,
    );
}

#[test]
fn load_is_split_into_parts_that_add_up() {
    near(
        || vec![case("load", Work::Load, 0, 3)],
        &[(0, "load_ms", 30.0)],
    );
    let file = file_of(vec![case("load", Work::Load, 0, 1)], known());
    let parts = [
        "process_ms",
        "load_ask_ms",
        "load_open_ms",
        "load_weights_ms",
        "load_prepare_ms",
    ];
    let sum: f64 = parts.iter().map(|part| median(&file, 0, part)).sum();
    assert!((sum - median(&file, 0, "load_ms")).abs() < 1e-6, "{sum}");
}

#[test]
fn warm_ups_are_kept_and_count_for_nothing() {
    let file = file_of(
        vec![case("ttft/warm/2", Work::TtftWarm(SHAPE), 2, 3)],
        fast(),
    );
    assert_eq!(file.findings.cases[0].n_samples, 3);
    assert_eq!(
        file.findings.cases[0].metrics["ttft_ms"].summary.unwrap().n,
        3
    );
    assert_eq!(file.recording.samples.len(), 5);
}

fn throughput(arrivals: Arrivals, delivery: Delivery) -> Work {
    Work::Throughput {
        shape: SHAPE,
        arrivals,
        delivery,
        limits: Limits {
            ttft_ms: 30.0,
            ..Limits::default()
        },
    }
}

#[test]
fn two_clients_give_twice_the_tokens_of_one() {
    let closed = |concurrency| {
        let work = throughput(Arrivals::Closed { concurrency }, Delivery::Streamed);
        case(&format!("throughput/{concurrency}"), work, 2, 4)
    };
    // 4 tokens in 40 + 45 ms.
    let truth = 4.0 / 0.085;
    let truths = [
        (0, "output_throughput_tps", truth),
        (1, "output_throughput_tps", 2.0 * truth),
    ];
    near(|| vec![closed(1), closed(2)], &truths);
    let file = file_of(vec![closed(2)], known());
    let per_request =
        median(&file, 0, "output_throughput_tps") / median(&file, 0, "requests_per_s");
    assert!((per_request - 4.0).abs() < 1e-9, "{per_request}");
    assert!(median(&file, 0, "steady_throughput_tps") > 0.0);
}

#[test]
fn a_wait_for_a_free_session_counts() {
    // Requests of 85 ms come every 10 ms to one session: the last waits for all before it.
    let arrivals = Arrivals::Poisson {
        per_s: 100.0,
        n_sessions: 1,
    };
    let work = throughput(arrivals, Delivery::Streamed);
    let file = file_of(vec![case("throughput/poisson", work, 0, 6)], known());
    let max = |metric: &str| file.findings.cases[0].metrics[metric].summary.unwrap().max;
    assert!(
        max("ttft_ms") > max("ttft_from_send_ms") + 200.0,
        "{}",
        max("ttft_ms")
    );
    let goodput = median(&file, 0, "goodput_per_s");
    assert!(
        goodput < 0.7 * median(&file, 0, "requests_per_s"),
        "{goodput}"
    );
}

#[test]
fn an_answer_taken_whole_has_one_event_at_its_end() {
    let work = || throughput(Arrivals::Closed { concurrency: 1 }, Delivery::Whole);
    near(
        || vec![case("throughput/whole", work(), 0, 3)],
        &[(0, "ttft_ms", 85.0)],
    );
    let file = file_of(vec![case("throughput/whole", work(), 0, 3)], fast());
    assert!(!file.findings.cases[0].metrics.contains_key("itl_ms"));
}

#[test]
fn a_failing_engine_is_a_failed_sample_and_the_run_goes_on() {
    let faults = Faults {
        fail_at_step: Some((2, EngineError::Text("the fake broke".to_owned()))),
        ..Faults::default()
    };
    let cases = vec![
        case("ttft/warm/16", Work::TtftWarm(SHAPE), 0, 3),
        case("load", Work::Load, 0, 1),
    ];
    let file = file_of_faulty(cases, faults);
    let found = &file.findings.cases[0];
    assert_eq!((found.n_samples, found.n_failed), (0, 3));
    assert_eq!(found.failures["the fake broke"], 3);
    // What had come until then is kept.
    let Outcome::Request(request) = &file.recording.samples[0].outcome else {
        panic!()
    };
    assert_eq!(request.token_ids.len(), 3);
    assert_eq!(file.findings.cases[1].n_samples, 1);
}

#[test]
fn an_engine_that_does_not_load_fails_each_sample() {
    let faults = Faults {
        fail_load: Some(EngineError::Text("no room".to_owned())),
        ..Faults::default()
    };
    let work = throughput(Arrivals::Closed { concurrency: 2 }, Delivery::Streamed);
    let cases = vec![
        case("ttft/cold/16", Work::TtftCold(SHAPE), 0, 2),
        case("ttft/warm/16", Work::TtftWarm(SHAPE), 1, 2),
        case("throughput/2", work, 0, 3),
    ];
    let file = file_of_faulty(cases, faults);
    let failed: Vec<_> = file
        .findings
        .cases
        .iter()
        .map(|case| case.n_failed)
        .collect();
    assert_eq!(failed, [2, 3, 3]);
}

fn file_of_faulty(cases: Vec<Case>, faults: Faults) -> ResultFile {
    let mut options = with_options(Delays::default());
    options.faults = faults;
    record(fake::plan(cases), options)
}

#[test]
fn fewer_tokens_than_asked_is_no_measurement() {
    // A context of 4 cannot hold 2 + 4.
    let mut options = with_options(fast());
    options.context = 4;
    let file = record(
        fake::plan(vec![case("ttft/warm/16", Work::TtftWarm(SHAPE), 0, 1)]),
        options,
    );
    let reasons: Vec<_> = file.findings.cases[0].failures.keys().collect();
    assert!(
        reasons[0].contains("tokens came, 4 were asked for"),
        "{reasons:?}"
    );
}

#[test]
fn sustained_counts_whole_steps() {
    let work = || Work::Sustained {
        shape: SHAPE,
        seconds: 1,
    };
    near(
        || vec![case("sustained", work(), 0, 0)],
        &[(0, "sustained_tps", 4.0 / 0.085)],
    );
    let file = file_of(vec![case("sustained", work(), 0, 0)], known());
    let retention = &file.findings.cases[0].metrics["retention"];
    assert!(retention.summary.is_none() && retention.why_null.is_some());
}

#[test]
fn targets_are_met_missed_or_unknown_with_the_reason() {
    let target = |metric: &str, figure, bound| Target {
        name: metric.to_owned(),
        case: "ttft/*".to_owned(),
        metric: metric.to_owned(),
        figure,
        bound,
        source: "a test".to_owned(),
    };
    let mut plan = fake::plan(vec![case("ttft/warm/16", Work::TtftWarm(SHAPE), 0, 3)]);
    plan.targets = vec![
        target("ttft_ms", Figure::Median, Bound::AtMost(1_000.0)),
        target("ttft_ms", Figure::Median, Bound::AtMost(0.001)),
        target("ttft_ms", Figure::P95, Bound::AtMost(1_000.0)),
        target("sustained_tps", Figure::Median, Bound::AtMost(1.0)),
    ];
    let file = record(plan, with_options(known()));
    let met: Vec<_> = file
        .findings
        .targets
        .iter()
        .map(|target| target.is_met)
        .collect();
    assert_eq!(met, [Some(true), Some(false), None, None]);
    let why: Vec<_> = file
        .findings
        .targets
        .iter()
        .filter_map(|one| one.why_null.as_deref())
        .collect();
    assert_eq!(
        why,
        [
            "3 samples are too few for this figure",
            "no sample gave sustained_tps"
        ]
    );
}

#[test]
fn a_changed_number_or_sample_is_found() {
    let file = file_of(
        vec![case("ttft/warm/16", Work::TtftWarm(SHAPE), 0, 3)],
        fast(),
    );
    let text = serde_json::to_string(&file).unwrap();
    let again = ResultFile::parse("result.json".as_ref(), &text).unwrap();
    assert_eq!(again, file);
    assert!(again.verify().is_empty());

    let mut better = again.clone();
    let metric = better.findings.cases[0].metrics.get_mut("ttft_ms").unwrap();
    metric.summary.as_mut().unwrap().median *= 0.9;
    let places: Vec<_> = better.verify().into_iter().map(|one| one.place).collect();
    assert_eq!(
        places,
        ["findings.cases[0].metrics.ttft_ms.summary.median", "hash"]
    );

    let mut faster = again;
    let Outcome::Request(request) = &mut faster.recording.samples[0].outcome else {
        panic!()
    };
    request.sent_ns += 1;
    assert!(faster.verify().iter().any(|one| one.place == "hash"));
}
