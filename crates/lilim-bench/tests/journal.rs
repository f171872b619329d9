//! A run that was interrupted is resumed, and gives what an uninterrupted one gives.

mod fake;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lilim_api::CancelToken;
use lilim_bench::BenchError;
use lilim_bench::clock::Clock;
use lilim_bench::journal::Journal;
use lilim_bench::plan::{Arrivals, Delivery, Limits, Plan, RequestShape, Work};
use lilim_bench::record::{Outcome, Sample};
use lilim_bench::request::SILENCE_LIMIT;
use lilim_bench::result_file::ResultFile;
use lilim_bench::scenario::{Bench, Sink};
use lilim_bench::sensors::Sensors;
use lilim_bench::side::Launcher;

use fake::{FakeLauncher, case, fast, header, with_options};

const SHAPE: RequestShape = RequestShape {
    n_prompt: 8,
    n_out: 4,
};

fn plan() -> Plan {
    fake::plan(vec![
        case("ttft/warm/8", Work::TtftWarm(SHAPE), 1, 3),
        case("ttft/cold/8", Work::TtftCold(SHAPE), 0, 3),
        case("load", Work::Load, 0, 2),
    ])
}

/// Hands samples to a journal and raises the cancel flag after so many.
struct Interrupting<'a> {
    journal: &'a mut Journal,
    left: usize,
    cancel: CancelToken,
}

impl Sink for Interrupting<'_> {
    fn keep(&mut self, sample: Sample) -> Result<(), BenchError> {
        self.journal.keep(sample)?;
        self.left -= 1;
        if self.left == 0 {
            self.cancel.cancel();
        }
        Ok(())
    }

    fn samples(&self) -> &[Sample] {
        self.journal.samples()
    }
}

fn run(plan: &Plan, journal: &mut Journal, at_most: usize) -> Result<(), BenchError> {
    let launchers: Vec<Box<dyn Launcher>> = vec![Box::new(FakeLauncher(with_options(fast())))];
    let done: BTreeSet<_> = journal
        .recording()
        .samples
        .iter()
        .map(|sample| (sample.case.clone(), sample.slot))
        .collect();
    let cancel = CancelToken::new();
    let mut bench = Bench {
        plan,
        launchers: &launchers,
        probes: Vec::new(),
        clock: Clock::starting_at(journal.end_ns()),
        sensors: Sensors::system(),
        cancel: cancel.clone(),
        silence: SILENCE_LIMIT,
        done,
    };
    bench.run(&mut Interrupting {
        journal,
        left: at_most,
        cancel,
    })
}

/// What must not depend on interruptions: everything but times.
fn work_of(file: &ResultFile) -> Vec<(String, u32, bool, Vec<u32>)> {
    let mut all: Vec<_> = file
        .recording
        .samples
        .iter()
        .map(|sample| {
            let ids = match &sample.outcome {
                Outcome::Request(request) => request.token_ids.clone(),
                _ => Vec::new(),
            };
            (sample.case.clone(), sample.slot, sample.warmup, ids)
        })
        .collect();
    all.sort();
    all
}

fn begin(path: &Path) -> Journal {
    Journal::create(path, header(), plan(), 1 << 20).expect("a temporary folder takes a journal")
}

#[test]
fn an_interrupted_run_is_resumed_wherever_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let mut journal = begin(&path);
    run(&plan(), &mut journal, usize::MAX).unwrap();
    let whole = ResultFile::of(journal.finish());
    assert!(!path.exists());
    assert_eq!(whole.recording.samples.len(), 9);
    for n_first in 1..9 {
        let mut journal = begin(&path);
        let error = run(&plan(), &mut journal, n_first).unwrap_err();
        assert!(matches!(error, BenchError::Interrupted), "{error}");
        drop(journal);
        // The power fails while a line is being written.
        let mut text = fs::read(&path).unwrap();
        text.extend(br#"{"case":"lo"#);
        fs::write(&path, &text).unwrap();
        let mut journal = Journal::resume(&path, &plan()).unwrap();
        assert_eq!(journal.recording().samples.len(), n_first);
        run(&plan(), &mut journal, usize::MAX).unwrap();
        let resumed = ResultFile::of(journal.finish());
        assert_eq!(work_of(&resumed), work_of(&whole));
        let hashes = |file: &ResultFile| -> Vec<_> {
            let cases = file.findings.cases.iter();
            cases.map(|case| case.quality_hash.clone()).collect()
        };
        assert_eq!(hashes(&resumed), hashes(&whole));
        let times: Vec<_> = resumed
            .recording
            .samples
            .iter()
            .map(|one| one.at_ns)
            .collect();
        assert!(times.is_sorted(), "{times:?}");
    }
}

#[test]
fn half_of_what_is_one_thing_is_done_again() {
    let sustained = Work::Sustained {
        shape: SHAPE,
        seconds: 1,
    };
    let throughput = Work::Throughput {
        shape: SHAPE,
        arrivals: Arrivals::Closed { concurrency: 2 },
        delivery: Delivery::Streamed,
        limits: Limits::default(),
    };
    for (work, n_samples) in [(sustained, 0), (throughput, 6)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let plan = fake::plan(vec![
            case("load", Work::Load, 0, 1),
            case("one thing", work, 0, n_samples),
        ]);
        let mut journal = Journal::create(&path, header(), plan.clone(), 0).unwrap();
        run(&plan, &mut journal, 3).unwrap_err();
        drop(journal);
        let mut journal = Journal::resume(&path, &plan).unwrap();
        assert_eq!(journal.recording().samples.len(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
        run(&plan, &mut journal, usize::MAX).unwrap();
        drop(journal);
        // A whole one stays.
        let journal = Journal::resume(&path, &plan).unwrap();
        let least = 1 + n_samples.max(1) as usize;
        assert!(journal.recording().samples.len() >= least);
    }
}

#[test]
fn another_plan_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    drop(begin(&path));
    let other = Plan { seed: 2, ..plan() };
    let error = Journal::resume(&path, &other).unwrap_err().to_string();
    assert!(error.contains("another plan (the seed differs)"), "{error}");
}

#[test]
fn a_damaged_line_is_named_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let mut journal = begin(&path);
    run(&plan(), &mut journal, 3).unwrap_err();
    drop(journal);
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[2] = "{}";
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let error = Journal::resume(&path, &plan()).unwrap_err().to_string();
    assert!(error.contains("run.jsonl line 3: missing field"), "{error}");
}

#[test]
fn what_cannot_be_written_is_found_before_the_run() {
    let error = Journal::create("no/such/folder/run.jsonl".as_ref(), header(), plan(), 0);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("no/such/folder/run.jsonl")
    );
    if Path::new("/dev/full").exists() {
        let error = Journal::create("/dev/full".as_ref(), header(), plan(), 4096).unwrap_err();
        assert!(matches!(error, BenchError::Journal(_)), "{error}");
        assert!(
            Path::new("/dev/full").exists(),
            "a device is nobody's journal"
        );
    } else {
        eprintln!("skipped: no /dev/full on this system");
    }
}

#[test]
fn an_interrupted_run_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    drop(begin(&path));
    let error = Journal::create(&path, header(), plan(), 0).unwrap_err();
    assert!(matches!(error, BenchError::Unfinished(_)), "{error}");
}
