//! Figures of one request, from its events.

use super::{Gathered, load, millis, per_second, readings};
use crate::record::{RawEvent, RequestRecord};

/// When a request's output came.
pub(super) struct Output<'a> {
    /// The events that brought output.
    pub(super) events: Vec<&'a RawEvent>,
}

impl<'a> Output<'a> {
    /// `None` where nothing came.
    pub(super) fn of(request: &'a RequestRecord) -> Option<Self> {
        let events: Vec<_> = request
            .events
            .iter()
            .filter(|one| one.is_output())
            .collect();
        (!events.is_empty()).then_some(Self { events })
    }

    /// When the first came.
    pub(super) fn first_ns(&self) -> u64 {
        self.events[0].t_ns
    }

    /// When the last came.
    pub(super) fn last_ns(&self) -> u64 {
        self.events[self.events.len() - 1].t_ns
    }

    /// Tokens that came after the first event.
    pub(super) fn n_later(&self) -> u32 {
        self.events[1..].iter().map(|event| event.n_tokens).sum()
    }
}

/// Milliseconds: to the first token, a token after it, in all.
pub(super) struct Latencies {
    pub(super) ttft_ms: f64,
    pub(super) itl_ms: Option<f64>,
    pub(super) e2e_ms: f64,
}

pub(super) fn latencies(request: &RequestRecord, output: &Output<'_>) -> Latencies {
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
    if let Some(engine) = request.engine {
        let n_computed = engine.n_prompt.saturating_sub(engine.n_cached);
        let rate = per_second(f64::from(n_computed), engine.prefill_ns);
        gathered.add_some("prefill_tps", rate.filter(|_| n_computed > 0));
        gathered.add("n_cached", f64::from(engine.n_cached));
    }
    if let Some(loading) = &request.load {
        load::gather(loading, gathered);
    }
    readings::gather(&request.readings, gathered);
}

fn of_output(request: &RequestRecord, output: &Output<'_>, gathered: &mut Gathered) {
    let latencies = latencies(request, output);
    gathered.add("ttft_ms", latencies.ttft_ms);
    gathered.add_some("itl_ms", latencies.itl_ms);
    gathered.add("e2e_ms", latencies.e2e_ms);
    let from_send_ns = output.first_ns().saturating_sub(request.sent_ns);
    gathered.add("ttft_from_send_ms", millis(from_send_ns));
    gathered.add_some(
        "client_prefill_tps",
        per_second(f64::from(request.n_prompt), from_send_ns),
    );
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
