//! Figures of a run of minutes: tokens a second in steps, and how they hold.

use super::request::{Output, UNCOUNTED};
use super::{Gathered, Series, per_second};
use crate::climate::{CPU_MHZ, TEMPERATURE};
use crate::record::{Outcome, RequestRecord, Sample};
use crate::stats;

/// A day: a file whose times were changed must not ask for more memory than there is.
const MOST_STEPS: u64 = 86_400 / 5;

/// Nanoseconds of a step.
const STEP_NS: u64 = 5_000_000_000;

pub(super) fn gather(requests: &[&RequestRecord], gathered: &mut Gathered) -> Option<Series> {
    let outputs: Vec<_> = requests.iter().filter_map(|one| Output::of(one)).collect();
    let start_ns = requests.first()?.sent_ns;
    let end_ns = outputs.last()?.last_ns();
    let events = || outputs.iter().flat_map(|output| &output.events);
    let n_out = requests.iter().map(|one| one.n_out().map(f64::from));
    let rate = |n_tokens| per_second(n_tokens, end_ns.saturating_sub(start_ns));
    gathered.add_some("sustained_tps", n_out.sum::<Option<f64>>().and_then(rate));
    if outputs.iter().any(|output| !output.is_counted) {
        gathered.add_null("retention", UNCOUNTED);
        gathered.add_null("time_to_95_s", UNCOUNTED);
        return None;
    }
    // Whole steps only: a part of a step would look like a fall.
    let n_steps = end_ns.saturating_sub(start_ns) / STEP_NS;
    let n_steps = n_steps.min(MOST_STEPS) as usize;
    let mut values = vec![0.0; n_steps];
    for event in events() {
        let step = (event.t_ns.saturating_sub(start_ns) / STEP_NS) as usize;
        if let Some(value) = values.get_mut(step) {
            *value += f64::from(event.n_tokens);
        }
    }
    for value in &mut values {
        *value /= STEP_NS as f64 / 1e9;
    }
    hold(&values, gathered);
    Some(Series {
        metric: "sustained_tps".to_owned(),
        step_s: STEP_NS as f64 / 1e9,
        values,
    })
}

/// Heat and clock rate over time.
pub(super) fn climate(samples: &[&Sample]) -> Vec<Series> {
    let of = |metric: &str| {
        let readings = samples.iter().filter_map(|sample| match &sample.outcome {
            Outcome::Readings(all) => all.iter().find(|one| one.name == metric)?.value,
            _ => None,
        });
        Series {
            metric: metric.to_owned(),
            step_s: STEP_NS as f64 / 1e9,
            values: readings.collect(),
        }
    };
    let all = [TEMPERATURE, CPU_MHZ].map(of).into_iter();
    all.filter(|series| !series.values.is_empty()).collect()
}

/// How the rate holds from the first fifth to the last.
fn hold(values: &[f64], gathered: &mut Gathered) {
    let fifth = values.len() / 5;
    if fifth == 0 {
        gathered.add_null("retention", "fewer than five steps of 5 s");
        gathered.add_null("time_to_95_s", "fewer than five steps of 5 s");
        return;
    }
    let median = |values: &[f64]| stats::median(values).ok().flatten().unwrap_or(0.0);
    let first = median(&values[..fifth]);
    let last = median(&values[values.len() - fifth..]);
    if first > 0.0 {
        gathered.add("retention", last / first);
    }
    // The last step that still reached it: afterwards it stays below.
    let reached = values.iter().rposition(|&value| value >= 0.95 * first);
    match reached {
        Some(step) if step + 1 < values.len() => {
            gathered.add("time_to_95_s", (step + 1) as f64 * (STEP_NS as f64 / 1e9));
        }
        _ => gathered.add_null("time_to_95_s", "it never falls below for good"),
    }
}
