//! Runs the cases of a plan one after another and hands every sample to a sink as it is made.

mod compare;
mod idle;
mod load;
mod probe;
mod quality;
mod replay;
mod requests;
mod setting;
mod sustained;
mod throughput;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lilim_api::{CancelToken, EngineError};

use crate::clock::Clock;
use crate::error::BenchError;
use crate::plan::{Case, MIN_SAMPLES, Plan, Questions, Work};
use crate::prompts;
use crate::record::{Outcome, Sample};
use crate::sensors::Sensors;
use crate::side::{self, Launcher, Ready};

pub(crate) use compare::whole_rounds;
pub use probe::{BYTES, Beside, LIMIT_BYTES, LIMIT_NS, LIMIT_OPS, OPS, Probe, Step};
pub use replay::{
    DIVERGENCE_AT, DIVERGENCE_MARGIN, KLD, LOGIT_DIFFERENCE, REPLAY_CASE, REPLAYED_SLOT, SAME_TOP1,
};

/// Takes samples as they are made: a journal, a progress bar, a test.
pub trait Sink {
    /// Keeps a sample.
    ///
    /// # Errors
    /// When it cannot be kept, which ends the run.
    fn keep(&mut self, sample: Sample) -> Result<(), BenchError>;

    /// What was kept so far: a comparison looks at it where it was planned to.
    fn samples(&self) -> &[Sample];
}

/// What a run works with.
pub struct Bench<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// How to start each of the plan's sides, in their order.
    pub launchers: &'a [Box<dyn Launcher>],
    /// What the plan's probes call.
    pub probes: Vec<Probe<'a>>,
    /// The recording's clock.
    pub clock: Clock,
    /// What the machine tells of itself.
    pub sensors: Sensors,
    /// Ends the run between two samples, and the request that is running.
    pub cancel: CancelToken,
    /// How long an engine may be silent before it counts as hung; [`crate::request::SILENCE_LIMIT`]
    /// unless there is a reason.
    pub silence: Duration,
    /// Samples that a resumed run has already, by case and slot.
    pub done: BTreeSet<(String, u32)>,
}

impl Bench<'_> {
    /// Runs every case, or what is left of it.
    ///
    /// # Errors
    /// When a sample cannot be kept, the plan names a probe that is not there, or the user ended
    /// the run. An engine that fails is a sample, not an error.
    pub fn run(&mut self, sink: &mut dyn Sink) -> Result<(), BenchError> {
        let plan = self.plan;
        for case in &plan.cases {
            let slots = self.slots_left(case);
            if slots.is_empty() {
                continue;
            }
            self.case(case, &slots, sink)?;
        }
        match &plan.comparison {
            Some(comparison) => {
                compare::run(self, comparison, sink)?;
                replay::run(self, comparison, sink)
            }
            None => Ok(()),
        }
    }

    /// Slots of a case that are not done. A sustained run, whose number of requests nobody knows
    /// beforehand, is one thing: done or not.
    fn slots_left(&self, case: &Case) -> Vec<u32> {
        if case.budget_s.is_some() && self.is_past(case) {
            return Vec::new();
        }
        match case.work {
            Work::Sustained { .. } => self.not_done(case, 1),
            // They are run with the rounds.
            Work::Arm(_) | Work::Replay => Vec::new(),
            _ => self.not_done(case, case.n_slots()),
        }
    }

    fn not_done(&self, case: &Case, n_slots: u32) -> Vec<u32> {
        let is_done = |slot: &u32| self.done.contains(&(case.id.clone(), *slot));
        (0..n_slots).filter(|slot| !is_done(slot)).collect()
    }

    /// Whether a resumed run had begun a later case: this one's time was used up.
    fn is_past(&self, case: &Case) -> bool {
        let later = self
            .plan
            .cases
            .iter()
            .skip_while(|one| one.id != case.id)
            .skip(1);
        let mut later = later.map(|one| &one.id);
        later.any(|id| self.done.iter().any(|(done, _)| done == id))
    }

    fn case(&mut self, case: &Case, slots: &[u32], sink: &mut dyn Sink) -> Result<(), BenchError> {
        let mut keep = Keep::new(case, sink, &self.cancel);
        match &case.work {
            Work::Probe { probe, min_ns, .. } => {
                let probe = self
                    .probes
                    .iter_mut()
                    .find(|known| known.name == *probe)
                    .ok_or_else(|| BenchError::NoProbe(probe.clone()))?;
                probe::run(probe, *min_ns, slots, &self.clock, &mut keep)
            }
            work => {
                let context = Context {
                    launcher: &*self.launchers[case.side],
                    clock: &self.clock,
                    sensors: &self.sensors,
                    cancel: &self.cancel,
                    silence: self.silence,
                    seed: match work {
                        Work::Answers(_) | Work::Perplexity { .. } | Work::Setting(_) => {
                            prompts::FIXED_SEED
                        }
                        _ => self.plan.seed,
                    },
                };
                match work {
                    Work::Load => load::run(&context, load::Cache::Warm, slots, &mut keep),
                    Work::LoadCold => load::run(&context, load::Cache::Cold, slots, &mut keep),
                    Work::Idle { seconds } => idle::run(&context, *seconds, slots, &mut keep),
                    Work::TtftCold(shape) | Work::Memory(shape) => {
                        requests::fresh(&context, *shape, slots, &mut keep)
                    }
                    Work::Setting(how) => setting::run(&context, how, slots, &mut keep),
                    Work::Perplexity { n_tokens } => {
                        quality::perplexity(&context, *n_tokens, slots, &mut keep)
                    }
                    Work::TtftWarm(shape) | Work::Answers(shape) => {
                        requests::warm(&context, &Questions::Text(*shape), slots, &mut keep)
                    }
                    Work::Matrix(questions) => {
                        requests::warm(&context, questions, slots, &mut keep)
                    }
                    Work::Throughput { .. } => throughput::run(&context, work, slots, &mut keep),
                    Work::Sustained { shape, seconds } => {
                        sustained::run(&context, *shape, *seconds, &mut keep)
                    }
                    Work::Probe { .. } | Work::Arm(_) | Work::Replay => {
                        unreachable!("not run as a case")
                    }
                }
            }
        }
    }
}

/// What the work of a case on a side needs.
pub(crate) struct Context<'a> {
    launcher: &'a dyn Launcher,
    clock: &'a Clock,
    sensors: &'a Sensors,
    cancel: &'a CancelToken,
    silence: Duration,
    seed: u64,
}

impl Context<'_> {
    fn load(&self) -> Result<Ready, EngineError> {
        side::load(self.launcher, self.clock)
    }
}

/// Hands samples of one case on.
pub(crate) struct Keep<'a> {
    case: &'a Case,
    sink: &'a mut dyn Sink,
    cancel: &'a CancelToken,
    begun: Instant,
    /// The round of a comparison.
    round: Option<u32>,
    /// Where the slots of this round begin.
    first_slot: u32,
}

impl<'a> Keep<'a> {
    fn new(case: &'a Case, sink: &'a mut dyn Sink, cancel: &'a CancelToken) -> Self {
        Self {
            case,
            sink,
            cancel,
            begun: Instant::now(),
            round: None,
            first_slot: 0,
        }
    }
}

impl Keep<'_> {
    /// Whether the case's time is used up and it has samples enough to end.
    fn is_out_of_time(&self, slot: u32) -> bool {
        let least = self.case.n_warmups.saturating_add(MIN_SAMPLES);
        let is_over = |budget_s| self.begun.elapsed().as_secs_f64() > budget_s;
        slot >= least && self.case.budget_s.is_some_and(is_over)
    }

    fn sample(&mut self, slot: u32, at_ns: u64, outcome: Outcome) -> Result<(), BenchError> {
        let warmup = self.round.is_none() && slot < self.case.n_warmups;
        self.sample_of_round(slot, at_ns, warmup, outcome)
    }

    /// A sample of a comparison's round, whose warm-ups are not the case's first slots.
    fn sample_of_round(
        &mut self,
        slot: u32,
        at_ns: u64,
        warmup: bool,
        outcome: Outcome,
    ) -> Result<(), BenchError> {
        // What was cut short by the user is no sample: a resumed run makes it again.
        self.check()?;
        self.sink.keep(Sample {
            case: self.case.id.clone(),
            slot: self.first_slot + slot,
            warmup,
            round: self.round,
            at_ns,
            outcome,
        })
    }

    fn failed(&mut self, slot: u32, at_ns: u64, error: &EngineError) -> Result<(), BenchError> {
        let reason = error.to_string();
        self.sample(slot, at_ns, Outcome::Failed { reason })
    }

    fn check(&self) -> Result<(), BenchError> {
        if self.cancel.is_cancelled() {
            return Err(BenchError::Interrupted);
        }
        Ok(())
    }
}
