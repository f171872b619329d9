//! Gates of a check on fake engines: what is decided, what is not, and why.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fake;

use lilim_bench::check::{
    ANSWERS, Check, CheckGate, LOAD, N_ANSWERS, N_LOADS, N_TEXTS, PERPLEXITY, Recorded,
};
use lilim_bench::derive::GateFinding;
use lilim_bench::plan::{RequestShape, Work};
use lilim_bench::result_file::ResultFile;
use lilim_bench::stats::Verdict;
use lilim_testkit::{Script, StepperOptions};

use fake::{case, delays, fast, record, with_options};

const SHAPE: RequestShape = RequestShape {
    n_prompt: 24,
    n_out: 8,
};

fn plan(gates: &[(&str, &str)], recorded: Recorded) -> lilim_bench::plan::Plan {
    let mut plan = fake::plan(vec![
        case(LOAD, Work::Load, 0, N_LOADS),
        case(ANSWERS, Work::Answers(SHAPE), 1, N_ANSWERS),
        case(PERPLEXITY, Work::Perplexity { n_tokens: 24 }, 0, N_TEXTS),
    ]);
    let gates = gates
        .iter()
        .map(|(name, rule)| CheckGate::parse(name, rule).unwrap());
    plan.check = Some(Check {
        baseline: "baseline.toml".to_owned(),
        gates: gates.collect(),
        recorded,
    });
    plan
}

fn engine() -> StepperOptions {
    with_options(fast())
}

fn recorded(engine: StepperOptions) -> Recorded {
    let file = record(plan(&[], Recorded::default()), engine);
    Recorded::of(&file.recording, &file.findings.cases)
}

fn check(
    gate: (&str, &str),
    recorded: Recorded,
    engine: StepperOptions,
) -> (ResultFile, GateFinding) {
    let file = record(plan(&[gate], recorded), engine);
    assert!(file.verify().is_empty());
    let found = file.findings.gates[0].clone();
    (file, found)
}

#[track_caller]
fn says(found: &GateFinding, verdict: Verdict, reason: &str) {
    assert_eq!(found.decision.verdict, verdict, "{found:?}");
    assert!(found.decision.reason.contains(reason), "{found:?}");
}

#[test]
fn an_unchanged_build_gives_the_same_answers_and_perplexity() {
    let then = recorded(engine());
    assert_eq!(then.nats.len(), N_TEXTS as usize);
    let (_, hash) = check(("quality_hash", "same"), then.clone(), engine());
    says(&hash, Verdict::Pass, "the same tokens");
    let (_, ppl) = check(("ppl", "<= 1.005x"), then.clone(), engine());
    says(&ppl, Verdict::Pass, "meets it");
    assert_eq!(ppl.ratio.unwrap().value, 1.0);
    // Whatever the plan's seed is: the prompts are fixed.
    let mut plan = plan(&[("quality_hash", "same")], then);
    plan.seed = 99;
    says(&record(plan, engine()).findings.gates[0], Verdict::Pass, "");
}

#[test]
fn other_answers_fail_and_a_small_perplexity_more_is_told_from_none() {
    let mut other = engine();
    other.script = Script::Hash { seed: 8 };
    let then = recorded(engine());
    let (_, hash) = check(("quality_hash", "same"), then.clone(), other);
    says(&hash, Verdict::Fail, "other answers to the same prompts");
    let mut better = then.clone();
    better.nats.iter_mut().for_each(|nats| *nats -= 0.01);
    let (_, ppl) = check(("ppl", "<= 1.005x"), better, engine());
    says(&ppl, Verdict::Fail, "misses it");
    let mut mixed = then;
    let signs = [0.5, -0.5].into_iter().cycle();
    mixed
        .nats
        .iter_mut()
        .zip(signs)
        .for_each(|(nats, sign)| *nats += sign);
    let (_, ppl) = check(("ppl", "<= 1.005x"), mixed, engine());
    says(&ppl, Verdict::Inconclusive, "both sides");
}

#[test]
fn speed_is_never_decided_by_figures_of_another_hour() {
    let mut then = recorded(engine());
    then.figures.insert("decode_tps".to_owned(), 1e9);
    let (_, speed) = check(("decode", ">= 0.95x"), then, engine());
    says(&speed, Verdict::Inconclusive, "--program");
    assert_eq!(speed.baseline, Some(1e9));
    assert!(speed.found.is_some() && speed.ratio.is_none());
}

#[test]
fn sizes_are_held_against_the_same_machine_only() {
    let mut then = recorded(engine());
    if !then.figures.contains_key("peak_rss_bytes") {
        println!("skipped: this system tells no resident memory");
        return;
    }
    let gate = ("peak_rss_bytes", "<= 1.5x");
    // Tests of one process share its memory: only the direction is sure.
    then.figures.insert("peak_rss_bytes".to_owned(), 1e12);
    says(
        &check(gate, then.clone(), engine()).1,
        Verdict::Pass,
        "as recorded",
    );
    then.figures.insert("peak_rss_bytes".to_owned(), 1e4);
    says(
        &check(gate, then.clone(), engine()).1,
        Verdict::Fail,
        "as recorded",
    );
    then.machine = Some("another".to_owned());
    says(
        &check(gate, then, engine()).1,
        Verdict::Inconclusive,
        "another machine",
    );
}

#[test]
fn an_absolute_bar_is_missed_only_where_no_busy_hour_explains_it() {
    let loads = || with_options(delays(0, 0, 40));
    let of = |rule| check(("load", rule), Recorded::default(), loads()).1;
    says(&of("<= 60 s"), Verdict::Pass, "all 6 samples meet it");
    says(&of("<= 4 ms"), Verdict::Fail, "miss it");
    says(&of("<= 39 ms"), Verdict::Inconclusive, "busy hour");
}

#[test]
fn what_was_not_measured_is_inconclusive_and_says_why() {
    let (_, hash) = check(("quality_hash", "same"), Recorded::default(), engine());
    says(&hash, Verdict::Inconclusive, "no quality hash");
    let mut then = recorded(engine());
    then.sentences = Some("others".to_owned());
    let (_, hash) = check(("quality_hash", "same"), then.clone(), engine());
    says(&hash, Verdict::Inconclusive, "recorded with other prompts");
    then.sentences = None;
    then.nats.pop();
    let (_, ppl) = check(("ppl", "<= 1.005x"), then.clone(), engine());
    says(
        &ppl,
        Verdict::Inconclusive,
        "16 texts were scored, the baseline has 15",
    );
    let mut broken = engine();
    broken.context = 3;
    let (file, hash) = check(("quality_hash", "same"), then, broken);
    says(&hash, Verdict::Inconclusive, "not every fixed prompt");
    assert!(file.findings.cases[1].n_failed > 0);
}

#[test]
fn every_report_shows_the_gates() {
    let then = recorded(engine());
    let file = record(
        plan(&[("quality_hash", "same"), ("decode", ">= 0.95x")], then),
        engine(),
    );
    let style = lilim_bench::report::Style::default();
    for text in [
        lilim_bench::report::console(&file, style),
        lilim_bench::report::markdown(&file),
        lilim_bench::report::html(&file),
    ] {
        assert!(text.contains("1 of 2 are met, 1 undecided"), "{text}");
        assert!(
            text.contains("INCONCLUSIVE") && text.contains("PASS"),
            "{text}"
        );
    }
}
