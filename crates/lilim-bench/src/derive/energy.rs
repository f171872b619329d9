//! Energy of requests: what was counted while they ran, less what an idle machine takes in that time.

use super::Gathered;
use crate::energy::{COUNTER_J, COUNTER_S, ENERGY};
use crate::plan::{Plan, Work};
use crate::record::{Outcome, Reading, RequestRecord, Sample};

/// Joules and seconds of counters; `None` where there are none.
fn counted(all: &[Reading]) -> Option<(f64, f64)> {
    let value = |name: &str| all.iter().find(|one| one.name == name)?.value;
    Some((value(COUNTER_J)?, value(COUNTER_S)?))
}

/// Watts of the idle machine, from the plan's idle case.
pub(super) fn idle_power(plan: &Plan, samples: &[Sample]) -> Option<f64> {
    let is_idle = |sample: &&Sample| {
        let mut cases = plan.cases.iter();
        cases.any(|case| matches!(case.work, Work::Idle { .. }) && case.id == sample.case)
    };
    let all = samples.iter().filter(is_idle);
    let (mut joules, mut seconds) = (0.0, 0.0);
    for sample in all {
        if let Outcome::Readings(readings) = &sample.outcome
            && let Some((j, s)) = counted(readings)
        {
            joules += j;
            seconds += s;
        }
    }
    (seconds > 0.0).then(|| joules / seconds)
}

/// Of the idle case itself.
pub(super) fn idle(all: &[Reading], gathered: &mut Gathered) {
    if let Some((joules, seconds)) = counted(all).filter(|(_, seconds)| *seconds > 0.0) {
        gathered.add("idle_power_w", joules / seconds);
    }
}

/// Of one request.
pub(super) fn gather(request: &RequestRecord, idle_w: Option<f64>, gathered: &mut Gathered) {
    let Some((joules, seconds)) = counted(&request.readings) else {
        return;
    };
    let Some(idle_w) = idle_w else {
        gathered.add_null(ENERGY, "the idle machine was not measured in this run");
        return;
    };
    let energy_j = joules - idle_w * seconds;
    gathered.add(ENERGY, energy_j);
    let n_tokens: u32 = request.events.iter().map(|event| event.n_tokens).sum();
    if n_tokens > 0 {
        gathered.add("energy_per_token_j", energy_j / f64::from(n_tokens));
    }
}
