//! Figures of one request, from its events.

use super::{Gathered, load, millis, per_second, readings};
use crate::record::{EngineUsage, RawEvent, RequestRecord};

/// When a request's output came.
pub(super) struct Output {
    /// The events that brought output.
    pub(super) events: Vec<RawEvent>,
    /// Whether it is known how many tokens each brought.
    pub(super) is_counted: bool,
}

impl Output {
    /// `None` where nothing came.
    pub(super) fn of(request: &RequestRecord) -> Option<Self> {
        let events = request.events.iter().filter(|one| one.is_output());
        let mut events: Vec<RawEvent> = events.copied().collect();
        let mut is_counted = events.iter().any(|event| event.n_tokens > 0);
        let n_events = u32::try_from(events.len()).unwrap_or(u32::MAX);
        // As many events with text as tokens: each brought one.
        if !is_counted && request.n_out() == Some(n_events) {
            is_counted = true;
            events.iter_mut().for_each(|event| event.n_tokens = 1);
        }
        (!events.is_empty()).then_some(Self { events, is_counted })
    }

    /// When the first came.
    pub(super) fn first_ns(&self) -> u64 {
        self.events[0].t_ns
    }

    /// When the last came.
    pub(super) fn last_ns(&self) -> u64 {
        self.events[self.events.len() - 1].t_ns
    }

    /// Tokens that came after the first event; none where nobody counts.
    pub(super) fn n_later(&self) -> u32 {
        self.events[1..].iter().map(|event| event.n_tokens).sum()
    }
}

/// Why there is no figure that needs the tokens of single events.
pub(super) const UNCOUNTED: &str = "the server does not tell how many tokens a chunk brings";

/// Milliseconds: to the first token, a token after it, in all.
pub(super) struct Latencies {
    pub(super) ttft_ms: f64,
    pub(super) itl_ms: Option<f64>,
    pub(super) e2e_ms: f64,
}

pub(super) fn latencies(request: &RequestRecord, output: &Output) -> Latencies {
    let since_intended = |t_ns: u64| millis(t_ns.saturating_sub(request.intended_ns));
    let n_later = output.n_later();
    let decode_ns = output.last_ns().saturating_sub(output.first_ns());
    Latencies {
        ttft_ms: since_intended(output.first_ns()),
        itl_ms: (n_later > 0).then(|| millis(decode_ns) / f64::from(n_later)),
        e2e_ms: since_intended(output.last_ns()),
    }
}

pub(super) fn gather(request: &RequestRecord, gathered: &mut Gathered) {
    if let Some(output) = Output::of(request) {
        of_output(request, &output, gathered);
    }
    of_transport(request, gathered);
    if let Some(engine) = request.engine {
        of_engine(engine, gathered);
    }
    if let Some(loading) = &request.load {
        load::gather(loading, gathered);
    }
    readings::gather(&request.readings, gathered);
}

/// What each event took longer than the quickest, where the engine tells when it emitted them.
fn of_transport(request: &RequestRecord, gathered: &mut Gathered) {
    let (events, times) = (&request.events, &request.engine_times_ns);
    if events.len() != times.len() || events.len() < 2 {
        return;
    }
    let both = events.iter().zip(times);
    let ways = both.map(|(event, &engine_ns)| i128::from(event.t_ns) - i128::from(engine_ns));
    let ways: Vec<i128> = ways.collect();
    let quickest = ways.iter().copied().min().unwrap_or_default();
    for way in ways {
        gathered.add("ipc_ms", (way - quickest) as f64 / 1e6);
    }
}

fn of_engine(engine: EngineUsage, gathered: &mut Gathered) {
    let n_computed = engine.n_prompt.saturating_sub(engine.n_cached);
    let is_told = !engine.untold.durations && !engine.untold.n_prompt;
    match per_second(f64::from(n_computed), engine.prefill_ns) {
        Some(rate) if is_told && n_computed > 0 => gathered.add("prefill_tps", rate),
        _ if !is_told => gathered.add_null("prefill_tps", "the server does not tell its times"),
        _ => {}
    }
    match engine.untold.n_cached {
        true => gathered.add_null("n_cached", "the server does not tell"),
        false => gathered.add("n_cached", f64::from(engine.n_cached)),
    }
}

fn of_output(request: &RequestRecord, output: &Output, gathered: &mut Gathered) {
    let latencies = latencies(request, output);
    gathered.add("ttft_ms", latencies.ttft_ms);
    gathered.add_some("itl_ms", latencies.itl_ms);
    gathered.add("e2e_ms", latencies.e2e_ms);
    let from_send_ns = output.first_ns().saturating_sub(request.sent_ns);
    gathered.add("ttft_from_send_ms", millis(from_send_ns));
    match request.n_prompt {
        0 => gathered.add_null("client_prefill_tps", "the prompt's length is not known"),
        n => gathered.add_some("client_prefill_tps", per_second(f64::from(n), from_send_ns)),
    }
    if request.is_text && request.n_prompt > 0 {
        gathered.add("n_prompt", f64::from(request.n_prompt));
    }
    if !output.is_counted {
        gathered.add_null("itl_ms", UNCOUNTED);
        gathered.add_null("decode_tps", UNCOUNTED);
    }
    let decode_ns = output.last_ns().saturating_sub(output.first_ns());
    let n_later = output.n_later();
    if n_later > 0 {
        gathered.add_some("decode_tps", per_second(f64::from(n_later), decode_ns));
    }
    for pair in output.events.windows(2) {
        gathered.add("icl_ms", millis(pair[1].t_ns.saturating_sub(pair[0].t_ns)));
    }
    if let Some(loading) = &request.load {
        let since_start = output.first_ns().saturating_sub(loading.start_ns);
        gathered.add("start_to_first_token_ms", millis(since_start));
    }
}
