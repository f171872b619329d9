//! What a machine tells of itself, told by a folder of files that a thread keeps changing.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod fake;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fake::{case, delays, plan, record_on, with_options};
use lilim_bench::climate::Climate;
use lilim_bench::energy::Meter;
use lilim_bench::plan::{RequestShape, Work};
use lilim_bench::record::Outcome;
use lilim_bench::result_file::ResultFile;
use lilim_bench::sensors::Sensors;

const SHAPE: RequestShape = RequestShape {
    n_prompt: 8,
    n_out: 4,
};

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // In one step: nobody reads half a number.
    let partial = path.with_extension("partial");
    fs::write(&partial, text).unwrap();
    fs::rename(&partial, &path).unwrap();
}

fn sensors(root: &Path) -> Sensors {
    Sensors {
        energy: Meter::at(&root.join("powercap")),
        climate: Climate::at(root),
    }
}

/// Counts 10 W from now on until the work is over.
fn at_ten_watts(root: &Path, work: impl FnOnce() -> ResultFile) -> ResultFile {
    let zone = "powercap/intel-rapl:0";
    put(root, &format!("{zone}/name"), "package-0\n");
    put(root, &format!("{zone}/max_energy_range_uj"), "1000000\n");
    let begun = Instant::now();
    // From just before the end of its range: it goes round while it is read.
    let count = || {
        let uj = (900_000 + begun.elapsed().as_micros() * 10) % 1_000_001;
        put(root, &format!("{zone}/energy_uj"), &format!("{uj}\n"));
    };
    count();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                count();
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let file = work();
        is_over.store(true, Ordering::Release);
        file
    })
}

#[test]
fn what_an_idle_machine_takes_is_subtracted() {
    let root = tempfile::tempdir().unwrap();
    let cases = vec![
        case("idle", Work::Idle { seconds: 0 }, 0, 0),
        case("ttft", Work::TtftWarm(SHAPE), 0, 3),
    ];
    let mut file = at_ten_watts(root.path(), || {
        let options = with_options(delays(1, 10, 1));
        record_on(plan(cases), options, sensors(root.path()))
    });
    // The counter says 10 W; an idle machine is said to have taken 4.
    file.recording.samples.insert(
        0,
        serde_json::from_value(serde_json::json!({
            "case": "idle", "slot": 0, "at_ns": 0,
            "outcome": { "readings": [
                { "name": "counter_j", "value": 8.0 }, { "name": "counter_s", "value": 2.0 },
            ] },
        }))
        .unwrap(),
    );
    let file = ResultFile::of(file.recording);
    let seconds = |slot: usize| {
        let Outcome::Request(request) = &file.recording.samples[slot].outcome else {
            panic!("a request")
        };
        let found = request.readings.iter().find(|one| one.name == "counter_s");
        found.unwrap().value.unwrap()
    };
    let metrics = &file.findings.cases[1].metrics;
    let energy = metrics["energy_j"].summary.unwrap();
    let truth: f64 = (1..=3).map(|slot| 6.0 * seconds(slot)).sum::<f64>() / 3.0;
    // The thread that counts may be late by some milliseconds on a busy machine.
    assert!(
        (energy.mean - truth).abs() < 0.5 * truth + 0.1,
        "{energy:?}, {truth}"
    );
    let token = metrics["energy_per_token_j"].summary.unwrap();
    assert!((token.mean - energy.mean / 4.0).abs() < 1e-9);
    assert_eq!(
        file.findings.cases[0].metrics["idle_power_w"]
            .summary
            .unwrap()
            .median,
        4.0
    );
}

#[test]
fn without_an_idle_machine_or_a_counter_energy_is_null_with_the_reason() {
    let root = tempfile::tempdir().unwrap();
    let cases = || vec![case("ttft", Work::TtftWarm(SHAPE), 0, 2)];
    let why = |file: &ResultFile| {
        let found = &file.findings.cases[0].metrics["energy_j"];
        assert!(found.summary.is_none());
        found.why_null.clone().unwrap()
    };
    let options = || with_options(fake::fast());
    let none = record_on(plan(cases()), options(), sensors(root.path()));
    assert!(why(&none).contains("no energy counter"), "{}", why(&none));
    let counted = at_ten_watts(root.path(), || {
        record_on(plan(cases()), options(), sensors(root.path()))
    });
    assert!(why(&counted).contains("idle"), "{}", why(&counted));
}

#[test]
fn an_idle_case_is_as_long_as_asked() {
    let root = tempfile::tempdir().unwrap();
    let cases = vec![case("idle", Work::Idle { seconds: 1 }, 0, 1)];
    let file = at_ten_watts(root.path(), || {
        record_on(
            plan(cases),
            with_options(fake::fast()),
            sensors(root.path()),
        )
    });
    let Outcome::Readings(all) = &file.recording.samples[0].outcome else {
        panic!("readings")
    };
    assert!(all[1].value.unwrap() >= 1.0, "{all:?}");
}
