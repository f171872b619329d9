//! The spans of a request and of loading, from what was recorded.
//!
//! A request of an engine in another process has spans for the way there and back. The clocks of two
//! processes have different zeros, so that one way alone cannot be known; taken as known is that the
//! quickest event of a request took no time.

use serde_json::{Value, json};

use crate::record::{LoadRecord, RawEvent, RequestRecord};

/// A part of a request or of loading.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) name: String,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) args: Value,
}

impl Span {
    pub(super) fn of(name: &str, start_ns: u64, end_ns: u64) -> Self {
        Self {
            name: name.to_owned(),
            start_ns,
            end_ns: end_ns.max(start_ns),
            args: json!({}),
        }
    }

    pub(super) fn ns(&self) -> u64 {
        self.end_ns - self.start_ns
    }
}

/// Times of the first and the last output.
pub(super) fn output_ends(request: &RequestRecord) -> Option<(u64, u64)> {
    let output = |event: &&RawEvent| event.is_output();
    let first = request.events.iter().find(output)?;
    let last = request.events.iter().rev().find(output)?;
    Some((first.t_ns, last.t_ns))
}

/// Starting the process, then each phase until the next begins. Where the engine `is_apart`, the
/// request for loading travels there and the first word of a phase back.
pub(super) fn load_spans(load: &LoadRecord, is_apart: bool) -> Vec<Span> {
    let process_ready_ns = load.process_ready_ns.unwrap_or(load.start_ns);
    let mut spans = Vec::new();
    if load.process_ready_ns.is_some() {
        spans.push(Span::of("process", load.start_ns, process_ready_ns));
    }
    if let (Some((_, begin)), true) = (load.phases.first(), is_apart) {
        spans.push(Span::of("ipc", process_ready_ns, *begin));
    }
    let ends = load.phases.iter().skip(1).map(|(_, begin)| *begin);
    let ends = ends.chain([load.ready_ns]);
    for ((phase, begin), end) in load.phases.iter().zip(ends) {
        spans.push(Span::of(phase, *begin, end));
    }
    if load.phases.is_empty() {
        spans.push(Span::of("load", process_ready_ns, load.ready_ns));
    }
    spans
}

pub(super) const QUEUE: &str = "queue";

/// The caller's turning of text into tokens, which is over before the request is to be sent.
pub(super) fn tokenize_span(request: &RequestRecord) -> Option<Span> {
    let [start_ns, end_ns] = request.tokenize_ns?;
    Some(Span::of("tokenize", start_ns, end_ns))
}

/// Waiting to be sent, the way to the engine, reading the prompt, writing the answer, the way back.
pub(super) fn request_spans(request: &RequestRecord) -> Vec<Span> {
    let mut spans = vec![Span::of(QUEUE, request.intended_ns, request.sent_ns)];
    let Some(ends) = output_ends(request) else {
        return spans;
    };
    let there = EngineTimes::of(request, ends);
    let (begin_ns, first_ns, last_ns) = match &there {
        Some(there) => (there.begin_ns, there.first_ns, there.last_ns),
        None => (request.sent_ns, ends.0, ends.1),
    };
    let mut prefill = Span::of("prefill", begin_ns, first_ns);
    let mut decode = Span::of("decode", first_ns, last_ns);
    prefill.args = json!({ "n_prompt": request.n_prompt });
    decode.args = json!({ "n_out": request.token_ids.len() });
    if let Some(engine) = request.engine.filter(|engine| !engine.untold.durations) {
        prefill.args["engine_prefill_ms"] = json!(engine.prefill_ns as f64 / 1e6);
        decode.args["engine_decode_ms"] = json!(engine.decode_ns as f64 / 1e6);
    }
    if there.is_some() {
        let mut way_there = Span::of("ipc", request.sent_ns, begin_ns);
        way_there.args = json!({ "way": "there" });
        let mut way_back = Span::of("ipc", last_ns, ends.1);
        way_back.args = json!({ "way": "back" });
        spans.extend([way_there, prefill, decode, way_back]);
    } else {
        spans.extend([prefill, decode]);
    }
    spans
}

/// When things happened in the engine's process, on the client's clock.
struct EngineTimes {
    /// It began with the prompt.
    begin_ns: u64,
    /// It emitted its first output.
    first_ns: u64,
    /// It emitted its last.
    last_ns: u64,
}

impl EngineTimes {
    /// `None` where the engine tells no times of its own.
    fn of(request: &RequestRecord, (_, client_last_ns): (u64, u64)) -> Option<Self> {
        let engine = request.engine?;
        let (events, times) = (&request.events, &request.engine_times_ns);
        if events.len() != times.len() || engine.untold.durations {
            return None;
        }
        let both = || events.iter().zip(times);
        // Zero of the engine's clock on the client's: the quickest event took no time.
        let zero = both().map(|(event, &engine_ns)| i128::from(event.t_ns) - i128::from(engine_ns));
        let zero = zero.min()?;
        let on_ours = |engine_ns: u64| u64::try_from(i128::from(engine_ns) + zero).unwrap_or(0);
        let mut outputs = both().filter(|(event, _)| event.is_output());
        let (_, &first) = outputs.next()?;
        let last = outputs.next_back();
        let last_ns = on_ours(last.map_or(first, |(_, &last)| last)).min(client_last_ns);
        let mut first_ns = on_ours(first);
        if last.is_none() {
            // An answer taken whole: its first token was there long before it was told.
            first_ns = first_ns.saturating_sub(engine.decode_ns);
        }
        let first_ns = first_ns.clamp(request.sent_ns, last_ns.max(request.sent_ns));
        let begin_ns = first_ns.saturating_sub(engine.prefill_ns);
        Some(Self {
            begin_ns: begin_ns.max(request.sent_ns),
            first_ns,
            last_ns: last_ns.max(first_ns),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Channel, EngineUsage};

    const MS: u64 = 1_000_000;

    fn event(t_ms: u64, n_tokens: u32) -> RawEvent {
        RawEvent {
            t_ns: t_ms * MS,
            n_tokens,
            bytes: n_tokens,
            channel: Channel::Content,
        }
    }

    fn spans(events: &[(u64, u64, u32)], prefill_ms: u64, decode_ms: u64) -> Vec<(String, u64)> {
        let request = RequestRecord {
            intended_ns: 90 * MS,
            sent_ns: 100 * MS,
            events: events.iter().map(|one| event(one.0, one.2)).collect(),
            engine_times_ns: events.iter().map(|one| one.1 * MS).collect(),
            engine: Some(EngineUsage {
                prefill_ns: prefill_ms * MS,
                decode_ns: decode_ms * MS,
                ..EngineUsage::default()
            }),
            ..RequestRecord::default()
        };
        let all = request_spans(&request);
        let whole = request.events.last().map_or(0, |last| last.t_ns) - request.intended_ns;
        assert_eq!(all.iter().map(Span::ns).sum::<u64>(), whole);
        all.into_iter()
            .map(|span| (span.name.clone(), span.ns() / MS))
            .collect()
    }

    fn named<const N: usize>(all: [(&str, u64); N]) -> Vec<(String, u64)> {
        all.map(|(name, ms)| (name.to_owned(), ms)).to_vec()
    }

    #[test]
    fn the_way_there_and_back_is_what_the_slowest_event_took_longer() {
        // The engine's clock is 900 ms behind; the last event was 5 ms on its way.
        let found = spans(&[(150, 1050, 1), (160, 1060, 1), (175, 1070, 1)], 45, 20);
        let expected = [
            ("queue", 10),
            ("ipc", 5),
            ("prefill", 45),
            ("decode", 20),
            ("ipc", 5),
        ];
        assert_eq!(found, named(expected));
    }

    #[test]
    fn an_answer_taken_whole_is_split_by_the_engines_durations() {
        let found = spans(&[(180, 7, 3)], 45, 30);
        let expected = [
            ("queue", 10),
            ("ipc", 5),
            ("prefill", 45),
            ("decode", 30),
            ("ipc", 0),
        ];
        assert_eq!(found, named(expected));
    }
}
