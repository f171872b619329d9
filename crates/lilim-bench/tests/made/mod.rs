//! Recordings made by hand, with the same numbers on every machine.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test file uses a part of it"
)]

mod rounds;
mod scenarios;

use std::collections::BTreeMap;

use lilim_api::{FinishReason, LoadOptions};
use lilim_bench::plan::{
    Arrivals, Bound, Case, Delivery, Figure, LeftOut, Limits, Plan, RequestShape, Target, Work,
};
use lilim_bench::record::{
    Channel, EngineUsage, Header, LoadRecord, Machine, ModelIdentity, Outcome, RawEvent, Reading,
    Recording, RequestRecord, SCHEMA, Sample, SideInfo, Transport,
};
use lilim_bench::result_file::ResultFile;

pub use rounds::compared;
pub use scenarios::everything;

/// Milliseconds in nanoseconds.
pub const MS: u64 = 1_000_000;

/// A number that looks like noise and is the same everywhere: 0 to `most`, from `n`.
pub fn noise(n: u64, most: u64) -> u64 {
    let mixed = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 33) % (most + 1)
}

pub fn shape(n_prompt: u32, n_out: u32) -> RequestShape {
    RequestShape { n_prompt, n_out }
}

pub fn case(id: &str, work: Work, n_samples: u32) -> Case {
    Case {
        id: id.to_owned(),
        side: 0,
        work,
        n_warmups: 0,
        n_samples,
        budget_s: None,
    }
}

pub fn sample(case: &str, slot: u32, at_ns: u64, outcome: Outcome) -> Sample {
    Sample {
        case: case.to_owned(),
        slot,
        warmup: false,
        round: None,
        at_ns,
        outcome,
    }
}

/// A request sent on time: `ttft_ns` to the first of `n_out` tokens, `step_ns` to each other.
pub fn request(at_ns: u64, shape: RequestShape, ttft_ns: u64, step_ns: u64) -> RequestRecord {
    let t_ns = |token: u32| at_ns + ttft_ns + u64::from(token) * step_ns;
    let mut events: Vec<RawEvent> = (0..shape.n_out)
        .map(|token| event(t_ns(token), 1, Channel::Content))
        .collect();
    events.push(event(t_ns(shape.n_out - 1), 0, Channel::Usage));
    RequestRecord {
        intended_ns: at_ns,
        sent_ns: at_ns,
        n_prompt: shape.n_prompt,
        prompt_hash: "0".repeat(64),
        n_out_asked: shape.n_out,
        events,
        token_ids: (0..shape.n_out).collect(),
        finish_reason: Some(FinishReason::Length),
        engine: Some(EngineUsage {
            n_prompt: shape.n_prompt,
            n_cached: 0,
            n_out: shape.n_out,
            prefill_ns: ttft_ns - ttft_ns / 20,
            decode_ns: u64::from(shape.n_out - 1) * step_ns,
            ..EngineUsage::default()
        }),
        readings: vec![
            Reading::of("peak_rss_bytes", 1.31e9),
            Reading::of("rss_anon_bytes", 2.1e8),
            Reading::of("rss_file_bytes", 1.1e9),
            Reading::null("energy_j", "this machine has no energy counter"),
        ],
        ..RequestRecord::default()
    }
}

pub fn event(t_ns: u64, n_tokens: u32, channel: Channel) -> RawEvent {
    RawEvent {
        t_ns,
        n_tokens,
        bytes: n_tokens * 4,
        channel,
    }
}

/// Loading in the parts of `ms`: process, open, weights, prepare.
pub fn load(start_ns: u64, ms: [u64; 4]) -> LoadRecord {
    let process_ready_ns = start_ns + ms[0] * MS;
    let weights_ns = process_ready_ns + ms[1] * MS;
    let prepare_ns = weights_ns + ms[2] * MS;
    LoadRecord {
        start_ns,
        process_ready_ns: Some(process_ready_ns),
        phases: vec![
            ("open".to_owned(), process_ready_ns),
            ("weights".to_owned(), weights_ns),
            ("prepare".to_owned(), prepare_ns),
        ],
        ready_ns: prepare_ns + ms[3] * MS,
        page_cache: "dropped".to_owned(),
        ..LoadRecord::default()
    }
}

pub fn side(name: &str) -> SideInfo {
    SideInfo {
        name: name.to_owned(),
        engine: "native".to_owned(),
        server: None,
        transport: Transport::Worker,
        program: Some("cd".repeat(32)),
        model: ModelIdentity {
            name: "tinyllama-1.1b".to_owned(),
            sha256: Some("ab".repeat(32)),
            quantization: "Q8_0".to_owned(),
            file_bytes: 1_170_000_000,
        },
        options: LoadOptions::default(),
    }
}

pub fn header() -> Header {
    let facts = [
        ("cpu", "AMD EPYC 9R14"),
        ("cores", "2"),
        ("memory_bytes", "34359738368"),
        ("kernel", "6.1.0"),
        ("governor", "not readable"),
        ("power_source", "mains"),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Header {
        schema: SCHEMA.to_owned(),
        tool: "lilim 0.1.0".to_owned(),
        build: "0123abc release".to_owned(),
        started_at: "2026-01-02T03:04:05Z".to_owned(),
        command: ["lilim", "bench", "all"].map(str::to_owned).to_vec(),
        machine: Machine {
            fingerprint: "0123456789abcdef".to_owned(),
            facts: BTreeMap::from(facts),
        },
    }
}

pub fn target(name: &str, case: &str, (metric, figure, bound): (&str, Figure, Bound)) -> Target {
    Target {
        name: name.to_owned(),
        case: case.to_owned(),
        metric: metric.to_owned(),
        figure,
        bound,
        source: "the project's documents".to_owned(),
    }
}

pub fn file(cases: Vec<Case>, targets: Vec<Target>, samples: Vec<Sample>) -> ResultFile {
    ResultFile::of(Recording {
        header: header(),
        plan: Plan {
            seed: 7,
            sides: vec![side("native")],
            cases,
            targets,
            left_out: Vec::new(),
            comparison: None,
            check: None,
        },
        samples,
    })
}

/// Nothing planned and nothing done.
pub fn empty() -> ResultFile {
    let mut file = file(Vec::new(), Vec::new(), Vec::new());
    file.recording.plan.sides.clear();
    ResultFile::of(file.recording)
}

/// Warm requests, each a little other than the one before.
pub fn warm(id: &str, n_prompt: u32, n_samples: u32) -> (Case, Vec<Sample>) {
    let shape = shape(n_prompt, 16);
    let samples = (0..n_samples).map(|slot| {
        let at_ns = u64::from(slot) * 1_000 * MS;
        let slow = match slot % 41 {
            40 => 30 * MS,
            _ => 0,
        };
        let ttft_ns = u64::from(n_prompt) * 300_000 + noise(slot.into(), 6 * MS) + slow;
        let step_ns = 28 * MS + noise(u64::from(slot) + 99, 2 * MS);
        let record = request(at_ns, shape, ttft_ns, step_ns);
        sample(id, slot, at_ns, Outcome::Request(record))
    });
    (
        case(id, Work::TtftWarm(shape), n_samples),
        samples.collect(),
    )
}
