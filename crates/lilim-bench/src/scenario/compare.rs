//! Rounds of a comparison: every arm afresh, in seeded orders that turn back every second round.

use super::requests::Client;
use super::{Bench, Context, Keep, Sink};
use crate::derive;
use crate::error::BenchError;
use crate::plan::{Arm, Case, Comparison, RequestShape, RoundShape, Work};
use crate::process;
use crate::record::{Outcome, Reading, Recording, Sample};
use crate::side::Ready;
use crate::stats;

pub(super) fn run(
    bench: &mut Bench<'_>,
    comparison: &Comparison,
    sink: &mut dyn Sink,
) -> Result<(), BenchError> {
    let plan = bench.plan;
    let n_rounds = comparison.looks.rounds();
    let orders = stats::round_orders(&Arm::ALL, n_rounds + SPARE_ROUNDS, plan.seed);
    for (round, order) in (0..).zip(orders) {
        for arm in order {
            let case = plan.cases.iter().find(|case| case.work == Work::Arm(arm));
            let Some(case) = case else { continue };
            if bench.is_done(case, round, comparison.round) {
                continue;
            }
            one_arm(bench, comparison, (case, arm, round), sink)?;
        }
        let n_whole = derive::n_whole_rounds(sink.samples());
        if n_whole >= n_rounds || is_decided(plan, sink.samples(), n_whole) {
            return Ok(());
        }
    }
    Ok(())
}

/// Rounds that may take the place of rounds in which something failed. Whatever fails more often is
/// not to be compared.
const SPARE_ROUNDS: usize = 6;

impl Bench<'_> {
    /// A journal that is resumed holds whole rounds only.
    fn is_done(&self, case: &Case, round: u32, shape: RoundShape) -> bool {
        let first_slot = round * shape.n_slots();
        self.done.contains(&(case.id.clone(), first_slot))
    }
}

/// At a planned look: whether every gate has its verdict, so that nothing is left to find out.
fn is_decided(plan: &crate::plan::Plan, samples: &[Sample], n_rounds: usize) -> bool {
    let looks = plan.comparison.iter().flat_map(|one| &one.looks.looks);
    if !looks.into_iter().any(|look| look.rounds == n_rounds) {
        return false;
    }
    derive::comparison(plan, samples).is_some_and(|found| found.is_decided())
}

fn one_arm(
    bench: &mut Bench<'_>,
    comparison: &Comparison,
    (case, arm, round): (&Case, Arm, u32),
    sink: &mut dyn Sink,
) -> Result<(), BenchError> {
    let mut keep = Keep {
        round: Some(round),
        first_slot: round * comparison.round.n_slots(),
        ..Keep::new(case, sink, &bench.cancel)
    };
    keep.check()?;
    let at_ns = bench.clock.now_ns();
    if arm == Arm::Control {
        let readings = bench.probes.iter_mut().filter_map(|probe| {
            let metric = probe.name.strip_prefix("control/")?.to_owned();
            Some(match super::probe::time(probe, CONTROL_TIME) {
                Ok(call_ns) => Reading::of(&metric, call_ns),
                Err(reason) => Reading::null(&metric, reason),
            })
        });
        let readings = readings.collect();
        return keep.sample(0, at_ns, Outcome::Readings(readings));
    }
    let context = Context {
        launcher: &*bench.launchers[case.side],
        clock: &bench.clock,
        sensors: &bench.sensors,
        cancel: &bench.cancel,
        silence: bench.silence,
        seed: bench.plan.seed,
    };
    match context.load() {
        Err(error) => keep.failed(0, at_ns, &error),
        Ok(ready) => {
            keep.sample(0, at_ns, Outcome::Load(ready.load.clone()))?;
            requests(&context, &ready, comparison.round, round, &mut keep)
        }
    }
}

/// How long a control probe is repeated.
const CONTROL_TIME: std::time::Duration = std::time::Duration::from_millis(20);

fn requests(
    context: &Context<'_>,
    ready: &Ready,
    shape: RoundShape,
    round: u32,
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let mut client = match Client::new(context, ready) {
        Ok(client) => client,
        Err(error) => return keep.failed(1, context.clock.now_ns(), &error),
    };
    let mut slot = 1;
    for (n_requests, is_warmup) in [(shape.n_warmups, true), (shape.n_requests, false)] {
        for _ in 0..n_requests {
            for kind in [shape.prefill, shape.decode] {
                // Every arm of a round gets the same prompts, every round others.
                let number = round * shape.n_slots() + slot;
                one_request(&mut client, kind, (slot, number, is_warmup), keep)?;
                slot += 1;
            }
        }
    }
    let at_ns = context.clock.now_ns();
    keep.sample(
        slot,
        at_ns,
        Outcome::Readings(process::readings(ready.process_id)),
    )
}

fn one_request(
    client: &mut Client<'_>,
    shape: RequestShape,
    (slot, number, is_warmup): (u32, u32, bool),
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let at_ns = client.now_ns();
    let outcome = match client.ask(shape, number) {
        Ok(record) => Outcome::Request(record),
        Err(error) => Outcome::Failed {
            reason: error.to_string(),
        },
    };
    keep.sample_of_round(slot, at_ns, is_warmup, outcome)
}

/// What a journal holds of a recording that is not finished.
pub(crate) fn whole_rounds(recording: &mut Recording) {
    let Some(comparison) = &recording.plan.comparison else {
        return;
    };
    let arms = recording.plan.cases.iter();
    let n_arms = arms
        .filter(|case| matches!(case.work, Work::Arm(_)))
        .count();
    let Some(last) = recording
        .samples
        .iter()
        .filter_map(|sample| sample.round)
        .max()
    else {
        return;
    };
    let is_of_last = |sample: &&Sample| sample.round == Some(last);
    let n_slots = comparison.round.n_slots() as usize;
    // Every arm but the control makes `n_slots` samples.
    let n_whole = n_arms.saturating_sub(1) * n_slots + 1;
    if recording.samples.iter().filter(is_of_last).count() < n_whole {
        recording
            .samples
            .retain(|sample| sample.round != Some(last));
    }
}
