//! Figures of a load of requests as a whole.

use super::request::{Output, UNCOUNTED, latencies};
use super::{Gathered, per_second};
use crate::plan::{Arrivals, Limits};
use crate::record::RequestRecord;

pub(super) fn gather(
    (requests, n_failed): (&[&RequestRecord], usize),
    limits: Limits,
    arrivals: Arrivals,
    gathered: &mut Gathered,
) {
    let outputs: Vec<_> = requests
        .iter()
        .filter_map(|request| Some((*request, Output::of(request)?)))
        .collect();
    let Some(first_ns) = requests.iter().map(|request| request.intended_ns).min() else {
        return;
    };
    let last_ns = outputs.iter().map(|(_, output)| output.last_ns()).max();
    let wall_ns = last_ns.unwrap_or(first_ns).saturating_sub(first_ns);
    let is_good = |(request, output): &&(&RequestRecord, Output)| {
        let found = latencies(request, output);
        found.ttft_ms <= limits.ttft_ms
            && found.itl_ms.is_none_or(|ms| ms <= limits.itl_ms)
            && found.e2e_ms <= limits.e2e_ms
    };
    let n_good = outputs.iter().filter(is_good).count();
    let rate = |n: f64| per_second(n, wall_ns);
    let n_out = outputs.iter().map(|(request, _)| request.n_out());
    match n_out.map(|n| n.map(f64::from)).sum::<Option<f64>>() {
        Some(n_tokens) => gathered.add_some("output_throughput_tps", rate(n_tokens)),
        None => gathered.add_null(
            "output_throughput_tps",
            "the server does not tell how many tokens came",
        ),
    }
    gathered.add_some("requests_per_s", rate(outputs.len() as f64));
    gathered.add_some("goodput_per_s", rate(n_good as f64));
    if outputs.iter().any(|(_, output)| !output.is_counted) {
        return gathered.add_null("steady_throughput_tps", UNCOUNTED);
    }
    match arrivals {
        Arrivals::Closed { .. } if n_failed > 0 => gathered.add_null(
            "steady_throughput_tps",
            "a request failed: not all clients were busy all the time",
        ),
        Arrivals::Closed { concurrency } => {
            let steady = steady_tps(&outputs, concurrency as usize);
            match steady {
                Some(tps) => gathered.add("steady_throughput_tps", tps),
                None => gathered.add_null(
                    "steady_throughput_tps",
                    "too few requests for a time in which all clients were busy",
                ),
            }
        }
        Arrivals::Poisson { .. } => gathered.add_null(
            "steady_throughput_tps",
            "requests that come at random times have no steady state",
        ),
    }
}

/// Tokens a second while all clients were busy.
fn steady_tps(outputs: &[(&RequestRecord, Output)], concurrency: usize) -> Option<f64> {
    let mut firsts: Vec<u64> = outputs
        .iter()
        .map(|(_, output)| output.first_ns())
        .collect();
    firsts.sort_unstable();
    let start_ns = *firsts.get(concurrency.checked_sub(1)?)?;
    let end_ns = outputs.iter().map(|(request, _)| request.sent_ns).max()?;
    // Answers taken whole may all end outside of a short time.
    let n_tokens = Some(tokens_between(outputs, start_ns, end_ns)).filter(|&n| n > 0.0)?;
    per_second(n_tokens, end_ns.checked_sub(start_ns)?)
}

/// Tokens that came after `start_ns` and not after `end_ns`.
fn tokens_between(outputs: &[(&RequestRecord, Output)], start_ns: u64, end_ns: u64) -> f64 {
    let is_within = |t_ns: u64| t_ns > start_ns && t_ns <= end_ns;
    outputs
        .iter()
        .flat_map(|(_, output)| &output.events)
        .filter(|event| is_within(event.t_ns))
        .map(|event| f64::from(event.n_tokens))
        .sum()
}
