//! Rounds of this build and the older program in turns, for the gates that are ratios.

use std::collections::BTreeMap;

use lilim_api::CancelToken;
use lilim_bench::check::Bar;
use lilim_bench::plan::{Arm, Case, Comparison, Gate, Plan, RequestShape, RoundShape, Work};
use lilim_bench::side::Launcher;
use lilim_bench::stats::ErrorRate;

use super::super::compare;
use crate::arguments::CheckFlags;
use crate::exit::UsageError;

/// What an arm does in a round: as `lilim bench compare` does where nobody says otherwise.
const SHAPE: RoundShape = RoundShape {
    prefill: RequestShape {
        n_prompt: 128,
        n_out: 1,
    },
    decode: RequestShape {
        n_prompt: 16,
        n_out: 32,
    },
    n_requests: 3,
    n_warmups: 1,
};

/// Tokens that a round's longest request needs.
pub(super) fn context() -> u32 {
    SHAPE.prefill.n_context().max(SHAPE.decode.n_context())
}

const ARMS: [Arm; 4] = [Arm::Tested, Arm::Baseline, Arm::BaselineAgain, Arm::Control];

/// Adds them to a plan, as many as a pilot says are needed; nothing where no gate is a ratio of speed
/// or size.
pub(super) fn add(
    plan: &mut Plan,
    flags: &CheckFlags,
    launchers: &[Box<dyn Launcher>],
    cancel: &CancelToken,
) -> anyhow::Result<()> {
    let gates = gates(plan);
    if gates.is_empty() {
        return Ok(());
    }
    let error = ErrorRate {
        metrics: gates.len(),
        ..ErrorRate::default()
    };
    let rounds = flags
        .rounds
        .map_or(compare::PILOT_ROUNDS, |rounds| rounds as usize);
    let comparison = Comparison {
        tested: 0,
        baseline: 1,
        declared_equivalent: flags.equivalent,
        round: SHAPE,
        looks: compare::looks(rounds, error),
        gates,
        targets: Vec::new(),
        pilot: BTreeMap::new(),
    };
    // The pilot makes rounds alone: what else a check does comes once, later.
    let mut of_rounds = Plan {
        cases: ARMS.map(arm).to_vec(),
        comparison: Some(comparison),
        check: None,
        ..plan.clone()
    };
    if let Some(path) = &flags.run.resume {
        let journaled = lilim_bench::journal::read(path)?.recording.plan;
        let (Some(ours), Some(theirs)) = (&mut of_rounds.comparison, journaled.comparison) else {
            let reason = "the run to be resumed had no older program";
            return Err(UsageError(reason.to_owned()).into());
        };
        ours.looks = theirs.looks;
        ours.pilot = theirs.pilot;
    } else if flags.rounds.is_none() && !flags.run.quick {
        let pilot = compare::pilot(&of_rounds, launchers, cancel)?;
        compare::settle_rounds(&mut of_rounds, pilot)?;
    }
    plan.cases.extend(of_rounds.cases);
    plan.comparison = of_rounds.comparison;
    Ok(())
}

fn gates(plan: &Plan) -> Vec<Gate> {
    let gates = plan.check.iter().flat_map(|check| &check.gates);
    let of_rounds = gates.filter_map(|gate| match gate.bar {
        Bar::Ratio(limit) if gate.metric != "ppl" => Some(Gate {
            metric: gate.metric.clone(),
            limit,
        }),
        _ => None,
    });
    of_rounds.collect()
}

fn arm(arm: Arm) -> Case {
    Case {
        id: arm.case_id().to_owned(),
        side: usize::from(matches!(arm, Arm::Baseline | Arm::BaselineAgain)),
        work: Work::Arm(arm),
        n_warmups: 0,
        n_samples: 0,
        budget_s: None,
    }
}
