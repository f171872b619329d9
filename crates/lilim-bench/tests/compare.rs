//! Comparisons on fake engines: the proof of equal work, ratios, verdicts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fake;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lilim_api::{CancelToken, EngineError};
use lilim_bench::clock::Clock;
use lilim_bench::derive::ComparisonFindings;
use lilim_bench::plan::{Arm, Comparison, Gate, Plan, RequestShape, RoundShape, Work};
use lilim_bench::record::{Outcome, Recording};
use lilim_bench::request::SILENCE_LIMIT;
use lilim_bench::result_file::ResultFile;
use lilim_bench::scenario::{Bench, Probe, REPLAY_CASE};
use lilim_bench::sensors::Sensors;
use lilim_bench::side::{Launched, Launcher};
use lilim_bench::stats::{ErrorRate, Limit, LookPlan, Verdict};
use lilim_testkit::{Script, StepperOptions};

use fake::{FakeLauncher, Kept, case, with_options};

const ROUND: RoundShape = RoundShape {
    prefill: RequestShape {
        n_prompt: 32,
        n_out: 1,
    },
    decode: RequestShape {
        n_prompt: 24,
        n_out: 4,
    },
    n_requests: 1,
    n_warmups: 0,
};

fn plan(n_rounds: usize) -> Plan {
    let arm = |arm: Arm, side| {
        let mut case = case(arm.case_id(), Work::Arm(arm), 0, 0);
        case.side = side;
        case
    };
    let mut plan = fake::plan(vec![
        arm(Arm::Tested, 0),
        arm(Arm::Baseline, 1),
        arm(Arm::BaselineAgain, 1),
        arm(Arm::Control, 0),
        arm(Arm::InProcess, 0),
        case(REPLAY_CASE, Work::Replay, 0, 2),
    ]);
    plan.sides = vec![fake::side("tested"), fake::side("baseline")];
    for side in &mut plan.sides {
        side.model.sha256 = Some("ab".repeat(32));
    }
    plan.comparison = Some(Comparison {
        tested: 0,
        baseline: 1,
        declared_equivalent: false,
        round: ROUND,
        looks: LookPlan::new(n_rounds, ErrorRate::default()).unwrap(),
        gates: vec![Gate {
            metric: "decode_tps".to_owned(),
            limit: Limit::AtLeast(0.8),
        }],
        targets: Vec::new(),
        pilot: BTreeMap::new(),
    });
    plan
}

fn run(plan: Plan, tested: StepperOptions, baseline: StepperOptions) -> ResultFile {
    let launchers: Vec<Box<dyn Launcher>> = vec![
        Box::new(FakeLauncher(tested)),
        Box::new(FakeLauncher(baseline)),
    ];
    run_on(plan, &launchers)
}

fn run_on(plan: Plan, launchers: &[Box<dyn Launcher>]) -> ResultFile {
    let mut kept = Kept::default();
    let control = Probe {
        name: "control/call_ns".to_owned(),
        constants: Vec::new(),
        prepare: None,
        limit: None,
        call: Box::new(|| Ok(())),
    };
    Bench {
        plan: &plan,
        launchers,
        probes: vec![control],
        clock: Clock::starting_at(0),
        sensors: Sensors::system(),
        cancel: CancelToken::new(),
        silence: SILENCE_LIMIT,
        done: BTreeSet::new(),
    }
    .run(&mut kept)
    .unwrap();
    ResultFile::of(Recording {
        header: fake::header(),
        plan,
        samples: kept.0,
    })
}

fn found(file: &ResultFile) -> &ComparisonFindings {
    file.findings.comparison.as_ref().unwrap()
}

fn step(ms: u64) -> StepperOptions {
    let mut options = with_options(fake::fast());
    options.delays.step = Duration::from_millis(ms);
    options
}

#[test]
fn half_the_speed_is_a_fail_and_both_did_the_same_work() {
    let file = run(plan(14), step(8), step(4));
    let found = found(&file);
    assert!(found.equality.refusals.is_empty(), "{:?}", found.equality);
    assert_eq!(found.consistency.n_answers, found.consistency.n_equal);
    assert_eq!(found.consistency.first_divergence, None);
    let replay = found.consistency.replay.as_ref().unwrap();
    assert_eq!((replay.n_answers, replay.n_positions), (2, 8));
    assert_eq!(replay.largest_logit_difference, 0.0);
    assert_eq!(replay.divergence, None);
    let decode = found
        .metrics
        .iter()
        .find(|one| one.metric == "decode_tps")
        .unwrap();
    // Sleeping threads wake late on a busy machine: the direction is sure, the size is not.
    assert!(decode.ratio.value < 0.8, "{decode:?}");
    let verdict = decode.decision.as_ref().unwrap().verdict;
    assert!(
        matches!(verdict, Verdict::Fail | Verdict::Unfit),
        "{decode:?}"
    );
    assert!(file.verify().is_empty());
    let expected = [
        "load_ms",
        "ttft_ms",
        "client_prefill_tps",
        "decode_tps",
        "e2e_ms",
    ];
    let names: Vec<_> = found
        .metrics
        .iter()
        .map(|one| one.metric.as_str())
        .collect();
    assert!(
        expected.iter().all(|name| names.contains(name)),
        "{names:?}"
    );
}

#[test]
fn every_arm_gets_the_same_prompts_in_each_round_and_others_in_the_next() {
    let file = run(plan(6), step(0), step(0));
    let mut prompts: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for sample in &file.recording.samples {
        if let Outcome::Request(request) = &sample.outcome {
            let of_slot = prompts.entry(sample.slot).or_default();
            of_slot.insert(request.prompt_hash.clone());
        }
    }
    assert!(prompts.values().all(|hashes| hashes.len() == 1));
    let all: BTreeSet<_> = prompts.values().flatten().collect();
    assert_eq!(all.len(), prompts.len());
}

#[test]
fn other_answers_are_told_and_are_no_refusal() {
    let mut other = step(0);
    other.script = Script::Hash { seed: 8 };
    let file = run(plan(6), other, step(0));
    let found = found(&file);
    assert!(found.equality.refusals.is_empty(), "{:?}", found.equality);
    assert!(found.consistency.n_equal < found.consistency.n_answers);
    let first = found.consistency.first_divergence.unwrap();
    let replay = found.consistency.replay.as_ref().unwrap();
    assert!(replay.kld_mean > 0.0 && replay.same_top1 < 1.0);
    // The answers that differ are replayed first, so the place is the same.
    assert_eq!(replay.divergence.unwrap().token as usize, first);
}

#[test]
fn no_ratio_is_given_for_different_work() {
    let check = |change: &dyn Fn(&mut Plan), reason: &str| {
        let mut plan = plan(6);
        change(&mut plan);
        let file = run(plan, step(0), step(0));
        let found = found(&file);
        assert!(found.metrics.is_empty());
        let refusals = found.equality.refusals.join("; ");
        assert!(refusals.contains(reason), "{refusals}");
    };
    check(
        &|plan| plan.sides[0].model.sha256 = None,
        "the weights differ",
    );
    check(
        &|plan| plan.sides[0].options.prefix_cache = true,
        "a prefix cache is on",
    );
    let several = |plan: &mut Plan| {
        plan.sides[0].options.threads = Some(1);
        plan.sides[0].options.chunk = 64;
    };
    check(
        &several,
        "the sides differ in several things: threads, chunk",
    );
}

#[test]
fn a_round_that_failed_counts_for_nothing() {
    let mut broken = step(0);
    broken.context = 3;
    let file = run(plan(6), broken, step(0));
    let found = found(&file);
    assert_eq!(found.n_rounds, 0);
    assert!(found.metrics.is_empty());
    assert!(file.findings.cases[0].n_failed > 0);
}

/// An engine that does not start the third time.
struct Flaky(AtomicUsize);

impl Launcher for Flaky {
    fn launch(&self) -> Result<Launched, EngineError> {
        if self.0.fetch_add(1, Ordering::Relaxed) == 2 {
            return Err(EngineError::Text("it did not start".to_owned()));
        }
        FakeLauncher(step(0)).launch()
    }

    fn drop_page_cache(&self) -> String {
        String::new()
    }
}

#[test]
fn another_round_makes_up_for_one_that_failed() {
    let mut plan = plan(6);
    // Whatever is measured, it is not decided before the end.
    plan.comparison.as_mut().unwrap().gates.clear();
    // The third start of the tested side is then one of the rounds.
    plan.cases
        .retain(|case| case.work != Work::Arm(Arm::InProcess));
    let launchers: Vec<Box<dyn Launcher>> = vec![
        Box::new(Flaky(AtomicUsize::new(0))),
        Box::new(FakeLauncher(step(0))),
    ];
    let file = run_on(plan, &launchers);
    assert_eq!(file.findings.cases[0].failures["it did not start"], 1);
    assert_eq!(found(&file).n_rounds, 6);
    assert!(
        found(&file)
            .metrics
            .iter()
            .all(|one| one.differences.len() == 6)
    );
}

#[test]
fn a_side_that_writes_less_is_refused_and_not_left_out() {
    let mut short = step(0);
    // Room for the prompt and two tokens of four.
    short.context = ROUND.decode.n_prompt as usize + 2;
    let file = run(plan(6), short, step(0));
    let refusals = found(&file).equality.refusals.join("; ");
    assert!(
        refusals.contains("2 out") && refusals.contains("4 out"),
        "{refusals}"
    );
}

#[test]
fn a_plan_knows_how_many_samples_its_rounds_make() {
    let mut plan = plan(6);
    let n_slots = plan.n_slots();
    // Never decided: a limit that holds whatever is measured would end it at half.
    plan.comparison.as_mut().unwrap().gates.clear();
    let file = run(plan, step(0), step(0));
    assert_eq!(file.recording.samples.len() as u64, n_slots);
}

#[test]
fn a_gate_without_a_figure_is_inconclusive_with_the_reason() {
    let mut plan = plan(6);
    plan.comparison.as_mut().unwrap().gates = vec![Gate {
        metric: "energy_j".to_owned(),
        limit: Limit::AtMost(1.1),
    }];
    let file = run(plan, step(0), step(0));
    let found = found(&file);
    let missing = found.missing.iter().find(|one| one.metric == "energy_j");
    let missing = missing.unwrap();
    assert!(missing.limit.is_some() && !missing.reason.is_empty());
    // Not decided at half: nothing was found out.
    assert_eq!(found.n_rounds, 6);
}

#[test]
fn what_the_wire_costs_is_told_where_the_side_also_ran_in_process() {
    let file = run(plan(6), step(0), step(0));
    for one in &found(&file).metrics {
        let is_timed = one.metric != "peak_rss_bytes" && one.metric != "cpu_s";
        assert_eq!(one.in_process.is_some(), is_timed, "{}", one.metric);
    }
}
