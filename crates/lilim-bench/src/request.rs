//! Sends one request and records everything that comes back, with the client's own times.

use std::time::Duration;

use lilim_api::{
    CancelToken, Event, EventReceiver, FinishReason, GenerateRequest, RecvError, SamplingOptions,
    Session, StopOptions, TimedEvent, Usage,
};

use crate::clock::{Clock, nanos};
use crate::plan::Delivery;
use crate::prompts::Words;
use crate::record::{Channel, EngineUsage, RawEvent, RequestRecord};

/// How long an engine may be silent before it counts as hung, where nobody says otherwise.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(600);

/// How often a silent engine's reader looks whether the user wants to end the run.
const LOOK_AT_CANCEL: Duration = Duration::from_millis(50);

/// One request to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The prompt.
    pub words: &'a Words,
    /// Tokens to generate, whatever the model would rather do.
    pub n_out: u32,
    /// When it was to be sent; `None` means now.
    pub intended_ns: Option<u64>,
    /// How the answer is taken.
    pub delivery: Delivery,
    /// Whether a cache may have the prompt's beginning.
    pub may_be_cached: bool,
    /// How long the engine may be silent before it counts as hung.
    pub silence: Duration,
}

/// Sends it and waits for its end. A request that fails, or does other work than was asked, is
/// recorded with the reason and with what had come until then.
pub fn send(
    session: &mut dyn Session,
    ask: Ask<'_>,
    clock: &Clock,
    cancel: &CancelToken,
) -> RequestRecord {
    let request = GenerateRequest {
        prompt: ask.words.into(),
        sampling: SamplingOptions::greedy(),
        stop: StopOptions {
            max_tokens: Some(ask.n_out as usize),
            ignore_eos: true,
            ..StopOptions::default()
        },
        whole: ask.delivery == Delivery::Whole,
    };
    let n_prompt = match ask.words {
        Words::Ids(ids) => Some(count(ids.len())),
        Words::Text(_) => None,
    };
    let prompt_hash = ask.words.hash();
    let sent_ns = clock.now_ns();
    let mut record = RequestRecord {
        intended_ns: ask.intended_ns.unwrap_or(sent_ns),
        sent_ns,
        n_prompt: n_prompt.unwrap_or(0),
        is_text: n_prompt.is_none(),
        prompt_hash,
        n_out_asked: ask.n_out,
        events: Vec::with_capacity(ask.n_out as usize + 1),
        ..RequestRecord::default()
    };
    // A token of its own: dropping a receiver cancels, and that must not end the run.
    match session.generate(request, CancelToken::new()) {
        Err(error) => record.failure = Some(error.to_string()),
        Ok(receiver) => follow(&receiver, (&mut record, ask.silence), clock, cancel),
    }
    if let (true, Some(engine)) = (record.is_text, record.engine) {
        record.n_prompt = engine.n_prompt;
    }
    let n_outputs = record.events.iter().filter(|one| one.is_output()).count();
    if ask.delivery == Delivery::Whole && n_outputs > 1 {
        record.events = as_one(&record.events);
        record.engine_times_ns.clear();
    }
    if record.failure.is_none() {
        record.failure = what_is_wrong(&record, ask.may_be_cached);
    }
    record
}

fn follow(
    receiver: &EventReceiver,
    (record, limit): (&mut RequestRecord, Duration),
    clock: &Clock,
    cancel: &CancelToken,
) {
    let look = LOOK_AT_CANCEL.min(limit);
    let mut silent = Duration::ZERO;
    loop {
        match receiver.recv_timeout(look) {
            Ok(timed) => {
                take(record, timed, clock.now_ns());
                silent = Duration::ZERO;
            }
            Err(RecvError::Closed) => return,
            Err(RecvError::Timeout) => {
                silent += look;
                if silent >= limit {
                    let seconds = limit.as_secs_f64();
                    record.failure = Some(format!("silent for {seconds} s"));
                    return;
                }
            }
        }
        if cancel.is_cancelled() {
            receiver.cancel_token().cancel();
        }
    }
}

fn take(record: &mut RequestRecord, timed: TimedEvent, t_ns: u64) {
    let n_before = record.events.len();
    match timed.event {
        Event::Token(token) => {
            record.token_ids.push(token.id);
            record.events.push(RawEvent {
                t_ns,
                n_tokens: 1,
                bytes: count(token.text.len()),
                channel: Channel::Content,
            });
        }
        Event::Chunk(chunk) => {
            record.events.push(RawEvent {
                t_ns,
                n_tokens: count(chunk.n_tokens.unwrap_or(0)),
                bytes: count(chunk.text.len()),
                channel: chunk.channel.into(),
            });
            record.token_ids.extend(chunk.ids);
        }
        Event::Done {
            reason,
            tail,
            usage,
        } => {
            record.finish_reason = Some(reason);
            record.engine = Some(engine_usage(&usage));
            record.events.push(RawEvent {
                t_ns,
                n_tokens: 0,
                bytes: count(tail.len()),
                channel: Channel::Usage,
            });
        }
        Event::Failed(error) => record.failure = Some(error.to_string()),
        Event::PrefillProgress { .. } => {}
    }
    if record.events.len() > n_before {
        record.engine_times_ns.extend(timed.engine_ns);
    }
}

fn engine_usage(usage: &Usage) -> EngineUsage {
    EngineUsage {
        n_prompt: count(usage.n_prompt),
        n_cached: count(usage.n_cached),
        n_out: count(usage.n_out),
        prefill_ns: nanos(usage.prefill),
        decode_ns: nanos(usage.decode),
        untold: usage.untold,
    }
}

/// What a client sees that waits for the whole answer: one event, at the end. For an engine that
/// tells every token all the same.
fn as_one(events: &[RawEvent]) -> Vec<RawEvent> {
    let Some(last) = events.last() else {
        return Vec::new();
    };
    vec![RawEvent {
        t_ns: last.t_ns,
        n_tokens: events.iter().map(|event| event.n_tokens).sum(),
        bytes: events.iter().map(|event| event.bytes).sum(),
        channel: Channel::Content,
    }]
}

/// A request that did other work than was asked is no measurement of that work.
fn what_is_wrong(record: &RequestRecord, may_be_cached: bool) -> Option<String> {
    let Some(engine) = record.engine else {
        return Some("the engine stopped without saying why".to_owned());
    };
    if !engine.untold.n_prompt && engine.n_prompt != record.n_prompt {
        return Some(format!(
            "the engine counts {} prompt tokens, {} were sent",
            engine.n_prompt, record.n_prompt
        ));
    }
    if engine.n_cached > 0 && !may_be_cached {
        return Some(format!(
            "{} prompt tokens came from a cache",
            engine.n_cached
        ));
    }
    let asked = record.n_out_asked;
    let reason = record.finish_reason;
    match record.n_out() {
        Some(n_out) if n_out == asked => None,
        // Nobody counts, but what ended at the limit was as long as the limit.
        None if reason == Some(FinishReason::Length) => None,
        Some(n_out) => Some(format!(
            "{n_out} tokens came, {asked} were asked for ({reason:?})"
        )),
        None => Some(format!(
            "nobody tells how many tokens came, {asked} were asked for ({reason:?})"
        )),
    }
}

/// Counts and byte lengths in a recording are 32 bits wide; none comes near their end.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
