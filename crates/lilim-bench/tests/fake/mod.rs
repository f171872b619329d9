//! A fake side: plans, launchers and recordings for tests.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lilim_api::{CancelToken, EngineError, LoadOptions, ModelFiles};
use lilim_bench::BenchError;
use lilim_bench::clock::Clock;
use lilim_bench::plan::{Case, Plan, Work};
use lilim_bench::record::{
    Header, Machine, ModelIdentity, Recording, SCHEMA, Sample, SideInfo, Transport,
};
use lilim_bench::request::SILENCE_LIMIT;
use lilim_bench::result_file::ResultFile;
use lilim_bench::scenario::{Bench, Sink};
use lilim_bench::sensors::Sensors;
use lilim_bench::side::{Launched, Launcher};
use lilim_testkit::{Delays, FakeEngine, Script, StepperOptions};

/// A launcher of fake engines.
pub(crate) struct FakeLauncher(pub(crate) StepperOptions);

impl Launcher for FakeLauncher {
    fn launch(&self) -> Result<Launched, EngineError> {
        Ok(Launched {
            engine: Arc::new(FakeEngine::new(self.0.clone())),
            model: ModelFiles::Gguf("fake.gguf".into()),
            options: LoadOptions {
                prefix_cache: false,
                ..LoadOptions::default()
            },
            process_id: Some(std::process::id()),
        })
    }

    fn drop_page_cache(&self) -> String {
        "there is no file".to_owned()
    }
}

/// A launcher whose first engines are these, one each time; the last one from then on.
pub(crate) struct FlakyLauncher {
    engines: Vec<StepperOptions>,
    n_launched: AtomicUsize,
}

impl FlakyLauncher {
    pub(crate) fn new(engines: Vec<StepperOptions>) -> Self {
        Self {
            engines,
            n_launched: AtomicUsize::new(0),
        }
    }
}

impl Launcher for FlakyLauncher {
    fn launch(&self) -> Result<Launched, EngineError> {
        let number = self.n_launched.fetch_add(1, Ordering::Relaxed);
        let engine = &self.engines[number.min(self.engines.len() - 1)];
        FakeLauncher(engine.clone()).launch()
    }

    fn drop_page_cache(&self) -> String {
        "there is no file".to_owned()
    }
}

/// Keeps samples in memory.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Vec<Sample>);

impl Sink for Kept {
    fn keep(&mut self, sample: Sample) -> Result<(), BenchError> {
        self.0.push(sample);
        Ok(())
    }

    fn samples(&self) -> &[Sample] {
        &self.0
    }
}

pub(crate) fn delays(prefill_token_ms: u64, step_ms: u64, load_ms: u64) -> Delays {
    Delays {
        prefill_token: Duration::from_millis(prefill_token_ms),
        step: Duration::from_millis(step_ms),
        load: Duration::from_millis(load_ms),
        ..Delays::default()
    }
}

/// No delays at all.
pub(crate) fn fast() -> Delays {
    Delays::default()
}

pub(crate) fn with_options(delays: Delays) -> StepperOptions {
    StepperOptions {
        delays,
        context: 4096,
        ..StepperOptions::new(Script::Hash { seed: 7 })
    }
}

pub(crate) fn case(id: &str, work: Work, n_warmups: u32, n_samples: u32) -> Case {
    Case {
        id: id.to_owned(),
        side: 0,
        work,
        n_warmups,
        n_samples,
        budget_s: None,
    }
}

pub(crate) fn side(name: &str) -> SideInfo {
    SideInfo {
        name: name.to_owned(),
        engine: "fake".to_owned(),
        server: None,
        transport: Transport::InProcess,
        program: None,
        model: ModelIdentity {
            name: "fake".to_owned(),
            sha256: None,
            quantization: "F32".to_owned(),
            file_bytes: 1000,
        },
        options: LoadOptions {
            prefix_cache: false,
            ..LoadOptions::default()
        },
    }
}

pub(crate) fn plan(cases: Vec<Case>) -> Plan {
    Plan {
        seed: 1,
        sides: vec![side("fake")],
        cases,
        targets: Vec::new(),
        left_out: Vec::new(),
        comparison: None,
        check: None,
    }
}

pub(crate) fn header() -> Header {
    Header {
        schema: SCHEMA.to_owned(),
        tool: "lilim 0.0.0".to_owned(),
        build: "test".to_owned(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        command: vec!["lilim".to_owned(), "bench".to_owned()],
        machine: Machine {
            fingerprint: "0123456789abcdef".to_owned(),
            facts: BTreeMap::new(),
        },
    }
}

/// Runs a plan on fake engines of one kind.
pub(crate) fn record(plan: Plan, options: StepperOptions) -> ResultFile {
    record_on(plan, options, Sensors::system())
}

/// The same on a machine that tells this of itself.
pub(crate) fn record_on(plan: Plan, options: StepperOptions, sensors: Sensors) -> ResultFile {
    record_by(
        plan,
        Box::new(FakeLauncher(options)),
        (sensors, SILENCE_LIMIT),
    )
}

/// The same on engines of this launcher, which may be silent for so long.
pub(crate) fn record_by(
    plan: Plan,
    launcher: Box<dyn Launcher>,
    (sensors, silence): (Sensors, Duration),
) -> ResultFile {
    let launchers = vec![launcher];
    let mut kept = Kept::default();
    Bench {
        plan: &plan,
        launchers: &launchers,
        probes: Vec::new(),
        clock: Clock::starting_at(0),
        sensors,
        cancel: CancelToken::new(),
        silence,
        done: BTreeSet::new(),
    }
    .run(&mut kept)
    .expect("samples in memory can be kept");
    ResultFile::of(Recording {
        header: header(),
        plan,
        samples: kept.0,
    })
}

pub(crate) fn file_of(cases: Vec<Case>, delays: Delays) -> ResultFile {
    record(plan(cases), with_options(delays))
}

pub(crate) fn median(file: &ResultFile, case: usize, metric: &str) -> f64 {
    let found = &file.findings.cases[case];
    let metrics = &found.metrics;
    let summary = metrics.get(metric).and_then(|metric| metric.summary);
    summary
        .unwrap_or_else(|| panic!("no {metric} in {metrics:?}, failures {:?}", found.failures))
        .median
}
