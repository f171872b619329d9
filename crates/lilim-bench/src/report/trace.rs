//! A recording as Chrome trace events, for Perfetto or `chrome://tracing`, and the check that its
//! spans leave no time out.
//!
//! A case is a process and a session a lane: requests that ran at once lie in lanes of their own.
//! Waiting before a request was sent is drawn apart from the lanes, since the session that it waits
//! for is busy with another.

mod spans;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use self::spans::{QUEUE, Span, load_spans, output_ends, request_spans, tokenize_span};
use crate::record::{LoadRecord, Outcome, Recording, RequestRecord, Sample, Transport};

/// How much of a time its spans may miss.
const TOLERANCE: f64 = 0.01;

/// A time that its spans do not add up to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// The case.
    pub case: String,
    /// The sample's number.
    pub slot: u32,
    /// What was summed: `request`, `load`, or `engine` where the engine's own durations are longer
    /// than the client's.
    pub what: &'static str,
    /// Milliseconds of the spans.
    pub spans_ms: f64,
    /// Milliseconds from beginning to end.
    pub whole_ms: f64,
}

/// Finds every request and loading whose spans differ from its whole time by more than 1%.
pub fn check(recording: &Recording) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for sample in &recording.samples {
        let mut hold = |what, spans_ns: u64, whole_ns: u64, is_off: bool| {
            if is_off {
                gaps.push(Gap {
                    case: sample.case.clone(),
                    slot: sample.slot,
                    what,
                    spans_ms: spans_ns as f64 / 1e6,
                    whole_ms: whole_ns as f64 / 1e6,
                });
            }
        };
        if let Some(load) = load_of(sample) {
            let spans_ns = sum(&load_spans(load, is_apart(recording, sample)));
            let whole_ns = load.ready_ns.saturating_sub(load.start_ns);
            hold("load", spans_ns, whole_ns, differ(spans_ns, whole_ns));
        }
        let Some((request, last_ns)) = answered(sample) else {
            continue;
        };
        let spans_ns = sum(&request_spans(request));
        let whole_ns = last_ns.saturating_sub(request.intended_ns);
        hold("request", spans_ns, whole_ns, differ(spans_ns, whole_ns));
        if let Some(engine) = request.engine {
            let engine_ns = engine.prefill_ns.saturating_add(engine.decode_ns);
            let client_ns = last_ns.saturating_sub(request.sent_ns);
            let is_longer = engine_ns > client_ns && differ(engine_ns, client_ns);
            hold("engine", engine_ns, client_ns, is_longer);
        }
    }
    gaps
}

fn differ(spans_ns: u64, whole_ns: u64) -> bool {
    spans_ns.abs_diff(whole_ns) as f64 > TOLERANCE * whole_ns as f64
}

fn sum(spans: &[Span]) -> u64 {
    spans.iter().map(Span::ns).sum()
}

/// The recording as a trace in JSON.
pub fn trace(recording: &Recording) -> String {
    let mut events = Vec::new();
    let cases = recording.plan.cases.iter().enumerate();
    for (index, case) in cases {
        let process = index + 1;
        let name = json!({ "name": case.id });
        events.push(json!({ "ph": "M", "name": "process_name", "pid": process, "args": name }));
        let ours: Vec<&Sample> = recording
            .samples
            .iter()
            .filter(|sample| sample.case == case.id)
            .collect();
        for (sample, lane) in ours.iter().zip(lanes(&ours)) {
            let load = load_of(sample);
            let load = load.map(|load| load_spans(load, is_apart(recording, sample)));
            draw(
                sample,
                &load.unwrap_or_default(),
                (process, lane),
                &mut events,
            );
        }
    }
    let header = &recording.header;
    let whole = json!({
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "tool": header.tool,
            "build": header.build,
            "started_at": header.started_at,
            "machine": header.machine.fingerprint,
        },
    });
    format!("{whole}\n")
}

/// Events of a sample in its lane, loading first.
fn draw(sample: &Sample, load: &[Span], (process, lane): (usize, usize), events: &mut Vec<Value>) {
    let category = match sample.warmup {
        true => "warm-up",
        false => "sample",
    };
    let mut add = |span: &Span| {
        let mut args = span.args.clone();
        args["sample"] = json!(sample.slot);
        events.push(json!({
            "ph": "X",
            "name": span.name,
            "cat": category,
            "pid": process,
            "tid": lane,
            "ts": micros(span.start_ns),
            "dur": micros(span.ns()),
            "args": args,
        }));
    };
    load.iter().for_each(&mut add);
    match &sample.outcome {
        Outcome::Request(request) => {
            tokenize_span(request).iter().for_each(&mut add);
            let spans = request_spans(request);
            let is_queue = |span: &&Span| span.name == QUEUE;
            spans
                .iter()
                .filter(|span| !is_queue(span))
                .for_each(&mut add);
            for span in spans.iter().filter(is_queue).filter(|span| span.ns() > 0) {
                events.extend(apart(span, sample.slot, process));
            }
            if let Some(reason) = &request.failure {
                let at_ns = request
                    .events
                    .last()
                    .map_or(request.sent_ns, |event| event.t_ns);
                events.push(instant("failed", at_ns, reason, (process, lane)));
            }
        }
        Outcome::Failed { reason } => {
            events.push(instant("failed", sample.at_ns, reason, (process, lane)));
        }
        Outcome::Readings(all) => {
            let values = all
                .iter()
                .filter_map(|one| Some((one.name.clone(), one.value?)));
            let args: serde_json::Map<_, _> = values.map(|(name, x)| (name, json!(x))).collect();
            let mut event = instant("readings", sample.at_ns, "", (process, lane));
            event["args"] = Value::Object(args);
            events.push(event);
        }
        Outcome::Load(_) | Outcome::Scored(_) | Outcome::Traced(_) => {}
    }
}

/// A span that may overlap others: two events with an id of their own.
fn apart(span: &Span, slot: u32, process: usize) -> [Value; 2] {
    let end = |phase: &str, t_ns: u64| {
        json!({
            "ph": phase,
            "name": span.name,
            "cat": "queue",
            "id": format!("{process}.{slot}"),
            "pid": process,
            "tid": 0,
            "ts": micros(t_ns),
        })
    };
    [end("b", span.start_ns), end("e", span.end_ns)]
}

fn instant(name: &str, at_ns: u64, reason: &str, (process, lane): (usize, usize)) -> Value {
    json!({
        "ph": "i",
        "s": "t",
        "name": name,
        "pid": process,
        "tid": lane,
        "ts": micros(at_ns),
        "args": { "reason": reason },
    })
}

/// Nanoseconds as microseconds, in which trace events are.
fn micros(ns: u64) -> f64 {
    ns as f64 / 1e3
}

/// The lane of each sample, from 1: the lowest that is free when it begins.
fn lanes(samples: &[&Sample]) -> Vec<usize> {
    let mut order: Vec<(u64, u64, usize)> = samples
        .iter()
        .enumerate()
        .map(|(index, sample)| {
            let (start_ns, end_ns) = ends(sample);
            (start_ns, end_ns, index)
        })
        .collect();
    order.sort_unstable();
    let mut busy_until: Vec<u64> = Vec::new();
    let mut lanes = BTreeMap::new();
    for (start_ns, end_ns, index) in order {
        let free = busy_until.iter().position(|&until| until <= start_ns);
        let lane = free.unwrap_or(busy_until.len());
        match free {
            Some(lane) => busy_until[lane] = end_ns,
            None => busy_until.push(end_ns),
        }
        lanes.insert(index, lane + 1);
    }
    lanes.into_values().collect()
}

/// When a sample occupies a lane.
fn ends(sample: &Sample) -> (u64, u64) {
    let load = load_of(sample);
    let mut spans = load.map_or_else(Vec::new, |load| load_spans(load, true));
    if let Outcome::Request(request) = &sample.outcome {
        spans.extend(tokenize_span(request));
        spans.extend(request_spans(request));
        spans.retain(|span| span.name != QUEUE);
    }
    let start = spans.iter().map(|span| span.start_ns).min();
    let end = spans.iter().map(|span| span.end_ns).max();
    (start.unwrap_or(sample.at_ns), end.unwrap_or(sample.at_ns))
}

fn load_of(sample: &Sample) -> Option<&LoadRecord> {
    match &sample.outcome {
        Outcome::Load(load) => Some(load),
        Outcome::Request(request) => request.load.as_ref(),
        Outcome::Readings(_) | Outcome::Scored(_) | Outcome::Traced(_) | Outcome::Failed { .. } => {
            None
        }
    }
}

/// A request that did what was asked, with the time of its last output.
fn answered(sample: &Sample) -> Option<(&RequestRecord, u64)> {
    let Outcome::Request(request) = &sample.outcome else {
        return None;
    };
    let (_, last_ns) = output_ends(request)?;
    request.failure.is_none().then_some((request, last_ns))
}

/// Whether the engine of a sample is in another process than the client.
fn is_apart(recording: &Recording, sample: &Sample) -> bool {
    let mut cases = recording.plan.cases.iter();
    let case = cases.find(|case| case.id == sample.case);
    let side = case.and_then(|case| recording.plan.sides.get(case.side));
    side.is_some_and(|side| side.transport != Transport::InProcess)
}
