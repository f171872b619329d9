//! A matrix on fake engines: ranks, failures that are one sample's, what was left out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fake;

use std::collections::BTreeSet;

use lilim_api::{CancelToken, EngineError};
use lilim_bench::clock::Clock;
use lilim_bench::derive::MatrixSet;
use lilim_bench::plan::{ChatPrompt, LeftOut, Plan, Questions, RequestShape, Work};
use lilim_bench::record::Recording;
use lilim_bench::request::SILENCE_LIMIT;
use lilim_bench::result_file::ResultFile;
use lilim_bench::scenario::Bench;
use lilim_bench::sensors::Sensors;
use lilim_bench::side::Launcher;
use lilim_testkit::StepperOptions;

use fake::{FakeLauncher, Kept, case, delays, fast, with_options};

const N_SAMPLES: u32 = 4;

fn text(n_prompt: u32) -> Questions {
    Questions::Text(RequestShape { n_prompt, n_out: 4 })
}

fn chats(prompts: &[&str]) -> Questions {
    let chat = |prompt: &&str| ChatPrompt {
        system: None,
        prompt: (*prompt).to_owned(),
    };
    Questions::Chats {
        n_out: 4,
        chats: prompts.iter().map(chat).collect(),
    }
}

/// Runs one set on an engine each, the load of each beside it.
fn run(questions: &Questions, engines: Vec<(&str, StepperOptions)>) -> ResultFile {
    let mut plan: Plan = fake::plan(Vec::new());
    plan.sides.clear();
    let mut launchers: Vec<Box<dyn Launcher>> = Vec::new();
    for (side, (name, options)) in engines.into_iter().enumerate() {
        for (set, work, n_warmups) in [
            ("load", Work::Load, 0),
            ("asked", Work::Matrix(questions.clone()), 1),
        ] {
            let mut case = case(
                &format!("matrix/{set}/{name}/m"),
                work,
                n_warmups,
                N_SAMPLES,
            );
            case.side = side;
            plan.cases.push(case);
        }
        plan.sides.push(fake::side(name));
        launchers.push(Box::new(FakeLauncher(options)));
    }
    plan.left_out.push(LeftOut {
        case: "matrix/asked/other/m".to_owned(),
        reason: "it knows no such architecture".to_owned(),
    });
    let mut kept = Kept::default();
    Bench {
        plan: &plan,
        launchers: &launchers,
        probes: Vec::new(),
        clock: Clock::starting_at(0),
        cancel: CancelToken::new(),
        sensors: Sensors::system(),
        silence: SILENCE_LIMIT,
        done: BTreeSet::new(),
    }
    .run(&mut kept)
    .unwrap();
    let file = ResultFile::of(Recording {
        header: fake::header(),
        plan,
        samples: kept.0,
    });
    assert!(file.verify().is_empty());
    file
}

fn crashing() -> StepperOptions {
    let mut options = with_options(fast());
    options.faults.fail_at_step = Some((2, EngineError::Text("the worker died".to_owned())));
    options
}

fn only_set(file: &ResultFile) -> &MatrixSet {
    assert_eq!(file.findings.matrix.len(), 1);
    &file.findings.matrix[0]
}

#[test]
fn the_faster_engine_is_first_and_what_failed_or_was_left_out_has_no_rank() {
    let slow = with_options(delays(0, 40, 5));
    let engines = vec![
        ("slow", slow),
        ("crashing", crashing()),
        ("quick", with_options(fast())),
    ];
    let file = run(&text(16), engines);
    let rows = &only_set(&file).rows;
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.engine.as_str(), row.rank, row.success_rate))
        .collect();
    assert_eq!(
        shown,
        [
            ("quick", Some(1), Some(1.0)),
            ("slow", Some(2), Some(1.0)),
            ("crashing", None, Some(0.0)),
            ("other", None, None),
        ]
    );
    assert!(rows[1].e2e_ms.unwrap() >= 3.0 * 40.0 && rows[1].load_ms.unwrap() >= 5.0);
    assert!(rows[2].reason.as_ref().unwrap().contains("the worker died"));
    assert_eq!(rows[2].n_requests, N_SAMPLES as usize);
    assert_eq!(
        rows[3].reason.as_deref(),
        Some("it knows no such architecture")
    );
}

#[test]
fn engines_whose_times_overlap_share_a_rank() {
    let same = || with_options(delays(0, 10, 0));
    let mut file = run(&text(8), vec![("a", same()), ("b", same())]);
    // The times of the one for the other as well: nothing of chance is left.
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    for sample in &mut file.recording.samples {
        match sample.case.as_str() {
            "matrix/asked/a/m" => of_a.push(sample.outcome.clone()),
            "matrix/asked/b/m" => of_b.push(&mut sample.outcome),
            _ => {}
        }
    }
    for (to, from) in of_b.into_iter().zip(of_a) {
        *to = from;
    }
    let file = ResultFile::of(file.recording);
    let ranks: Vec<_> = only_set(&file).rows.iter().map(|row| row.rank).collect();
    assert_eq!(ranks, [Some(1), Some(1), None]);
}

#[test]
fn a_prompt_too_long_for_a_model_fails_alone() {
    let mut small = with_options(fast());
    small.context = 64;
    let long = "word ".repeat(40);
    let engines = vec![("small", small), ("roomy", with_options(fast()))];
    let file = run(&chats(&["Hello?", &long]), engines);
    let rows = &only_set(&file).rows;
    assert_eq!(
        (rows[0].engine.as_str(), rows[0].rank, rows[0].success_rate),
        ("roomy", Some(1), Some(1.0))
    );
    assert_eq!(
        (rows[1].engine.as_str(), rows[1].rank, rows[1].success_rate),
        ("small", Some(2), Some(0.5))
    );
    assert!(rows[1].reason.is_some());
}

#[test]
fn every_report_has_the_ranked_table() {
    let engines = vec![("quick", with_options(fast())), ("crashing", crashing())];
    let file = run(&text(16), engines);
    for text in [
        lilim_bench::report::console(&file, lilim_bench::report::Style::default()),
        lilim_bench::report::markdown(&file),
        lilim_bench::report::html(&file),
    ] {
        for part in [
            "first: m · quick",
            "✗ 0 of 4",
            "– left out",
            "it knows no such architecture",
            "Ranks are by the share",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
