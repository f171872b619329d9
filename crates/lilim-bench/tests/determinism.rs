//! Settings of a determinism matrix on fake engines: what is the same, and where another parts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fake;

use std::collections::BTreeSet;

use lilim_api::CancelToken;
use lilim_bench::clock::Clock;
use lilim_bench::derive::SettingFinding;
use lilim_bench::plan::{Plan, RequestShape, Setting, Work};
use lilim_bench::record::Recording;
use lilim_bench::request::SILENCE_LIMIT;
use lilim_bench::result_file::ResultFile;
use lilim_bench::scenario::Bench;
use lilim_bench::sensors::Sensors;
use lilim_bench::side::Launcher;
use lilim_testkit::{Script, StepperOptions};

use fake::{FakeLauncher, Kept, case, fast, with_options};

const PROMPTS: usize = 4;
const N_OUT: usize = 6;

fn setting(may_differ: Option<&str>) -> Setting {
    Setting {
        shape: RequestShape {
            n_prompt: 16,
            n_out: N_OUT as u32,
        },
        n_sessions: 1,
        n_laps: 1,
        is_cached: false,
        may_differ: may_differ.map(str::to_owned),
    }
}

fn run(all: Vec<(Setting, StepperOptions)>) -> ResultFile {
    let mut plan: Plan = fake::plan(Vec::new());
    plan.sides.clear();
    let mut launchers: Vec<Box<dyn Launcher>> = Vec::new();
    for (index, (setting, options)) in all.into_iter().enumerate() {
        let mut case = case(
            &format!("determinism/{index}"),
            Work::Setting(setting),
            0,
            2 * PROMPTS as u32,
        );
        case.side = index;
        plan.cases.push(case);
        plan.sides.push(fake::side(&format!("setting {index}")));
        launchers.push(Box::new(FakeLauncher(options)));
    }
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
    let header = fake::header();
    let file = ResultFile::of(Recording {
        header,
        plan,
        samples: kept.0,
    });
    assert!(file.verify().is_empty());
    file
}

fn engine(seed: u64) -> StepperOptions {
    let mut options = with_options(fast());
    options.script = Script::Hash { seed };
    options
}

fn second(setting: Setting, options: StepperOptions) -> SettingFinding {
    let first = self::setting(None);
    let file = run(vec![(first, engine(7)), (setting, options)]);
    file.findings.settings[1].clone()
}

#[test]
fn the_same_engine_is_the_same_under_every_setting() {
    let changes: [&dyn Fn(&mut Setting); 4] = [
        &|_| {},
        &|setting| setting.n_sessions = 3,
        &|setting| setting.n_laps = 2,
        &|setting| setting.is_cached = true,
    ];
    for change in changes {
        let mut setting = setting(None);
        change(&mut setting);
        let found = second(setting, engine(7));
        assert_eq!(
            (found.n_answers, found.n_equal),
            (2 * PROMPTS, 2 * PROMPTS),
            "{found:?}"
        );
        assert_eq!(
            (found.n_rows, found.n_equal_rows),
            (PROMPTS * N_OUT, PROMPTS * N_OUT)
        );
        assert_eq!(found.is_kept, Some(true));
        assert!(found.divergence.is_none() && found.first_row.is_none());
    }
}

#[test]
fn another_answer_is_located_with_both_tokens_and_the_margin() {
    let found = second(setting(None), engine(8));
    assert_eq!(found.is_kept, Some(false));
    let parted = found.divergence.unwrap();
    assert!(parted.expected != parted.found && parted.margin.unwrap() >= 0.0);
    assert_eq!(found.first_row.unwrap().token, 0);
    let may = second(setting(Some("it rounds otherwise")), engine(8));
    assert_eq!(may.is_kept, Some(true));
}

#[test]
fn what_failed_is_neither_the_same_nor_different() {
    let mut broken = engine(7);
    broken.context = 3;
    let found = second(setting(None), broken);
    assert_eq!((found.is_kept, found.n_answers), (None, 0));
}

#[test]
fn every_report_has_the_matrix() {
    let file = run(vec![(setting(None), engine(7)), (setting(None), engine(8))]);
    for text in [
        lilim_bench::report::console(&file, lilim_bench::report::Style::default()),
        lilim_bench::report::markdown(&file),
        lilim_bench::report::html(&file),
    ] {
        assert!(
            text.contains("1 of 2 settings differ and must not"),
            "{text}"
        );
        assert!(
            text.contains("✗ DIFFERS") && text.contains("first other token: prompt"),
            "{text}"
        );
    }
}
