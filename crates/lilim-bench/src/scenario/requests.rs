//! Requests one after another: to a fresh process each (`ttft` cold, `memory`) or to a loaded model
//! (`ttft` warm).

use lilim_api::{EngineError, Session};

use super::{Context, Keep};
use crate::error::BenchError;
use crate::plan::{Delivery, Questions, RequestShape, Work};
use crate::process;
use crate::prompts::{self, Words};
use crate::record::{Outcome, Reading, RequestRecord};
use crate::request::{self, Ask};
use crate::side::Ready;

/// The first request of a fresh process each.
pub(super) fn fresh(
    context: &Context<'_>,
    shape: RequestShape,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    for &slot in slots {
        keep.check()?;
        if keep.is_out_of_time(slot) {
            break;
        }
        let page_cache = match keep.case.work {
            // What is resident does not hang on where it came from.
            Work::Memory(_) => context.launcher.page_cache(),
            _ => context.launcher.drop_page_cache(),
        };
        let at_ns = context.clock.now_ns();
        let outcome = context.load().and_then(|mut ready| {
            ready.load.page_cache = page_cache;
            let mut client = Client::new(context, &ready)?;
            let mut record = client.ask(shape, slot)?;
            record.load = Some(ready.load.clone());
            Ok(record)
        });
        match outcome {
            Ok(record) => keep.sample(slot, at_ns, Outcome::Request(record))?,
            Err(error) => keep.failed(slot, at_ns, &error)?,
        }
    }
    Ok(())
}

/// Requests to a loaded model, each with another prompt. An engine that breaks is started again.
pub(super) fn warm(
    context: &Context<'_>,
    questions: &Questions,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let mut slots = slots.iter().copied().peekable();
    while slots.peek().is_some_and(|&slot| !keep.is_out_of_time(slot)) {
        let at_ns = context.clock.now_ns();
        let served = context.load().and_then(|ready| {
            let mut client = Client::new(context, &ready)?;
            client.resets_peak = true;
            // A process that was started in the middle of a case is warmed up like the first.
            if slots.peek().is_some_and(|&slot| slot > 0) {
                for number in 0..keep.case.n_warmups {
                    client.question(questions, u32::MAX - number)?;
                }
            }
            while let Some(slot) =
                slots.next_if(|&slot| !context.cancel.is_cancelled() && !keep.is_out_of_time(slot))
            {
                let at_ns = context.clock.now_ns();
                let record = client.question(questions, slot)?;
                let broke = record.failure.is_some();
                if let Err(error) = keep.sample(slot, at_ns, Outcome::Request(record)) {
                    return Ok(Err(error));
                }
                if broke {
                    return Ok(Ok(()));
                }
            }
            Ok(Ok(()))
        });
        keep.check()?;
        match served {
            Ok(kept) => kept?,
            // It did not start, or no request could be made: this sample has failed.
            Err(error) => {
                if let Some(slot) = slots.next() {
                    keep.failed(slot, at_ns, &error)?;
                }
            }
        }
    }
    Ok(())
}

/// Sends requests to one session of a loaded model.
pub(super) struct Client<'a> {
    context: &'a Context<'a>,
    ready: &'a Ready,
    session: Box<dyn Session>,
    /// How the answers are taken.
    pub(super) delivery: Delivery,
    /// Whether a request's peak of memory is its own: else it is the process's since its start.
    pub(super) resets_peak: bool,
}

impl<'a> Client<'a> {
    pub(super) fn new(context: &'a Context<'a>, ready: &'a Ready) -> Result<Self, EngineError> {
        Ok(Self {
            context,
            ready,
            session: std::sync::Arc::clone(&ready.model).session()?,
            delivery: Delivery::Streamed,
            resets_peak: false,
        })
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.context.clock.now_ns()
    }

    /// Asks the question of a number.
    fn question(
        &mut self,
        questions: &Questions,
        number: u32,
    ) -> Result<RequestRecord, EngineError> {
        match questions {
            Questions::Text(shape) => self.ask(*shape, number),
            Questions::Chats { n_out, chats } => {
                let index = number as usize % chats.len().max(1);
                let chat = chats
                    .get(index)
                    .ok_or_else(|| EngineError::Text("there is no prompt to send".to_owned()))?;
                let start_ns = self.now_ns();
                let words = prompts::chat(&*self.ready.model, chat)?;
                Ok(self.ask_words(&words, *n_out, start_ns))
            }
        }
    }

    /// Sends one request now, with CPU time and memory read before and after.
    pub(super) fn ask(
        &mut self,
        shape: RequestShape,
        number: u32,
    ) -> Result<RequestRecord, EngineError> {
        let start_ns = self.now_ns();
        let words = self.prompt(shape, number)?;
        Ok(self.ask_words(&words, shape.n_out, start_ns))
    }

    fn ask_words(&mut self, words: &Words, n_out: u32, start_ns: u64) -> RequestRecord {
        let tokenize_ns = [start_ns, self.now_ns()];
        let process_id = self.ready.process_id;
        let has_own_peak = self.resets_peak && process_id.is_some_and(process::reset_peak);
        let before = process::readings(process_id);
        let mark = self.context.sensors.energy.mark();
        let mut record = self.send(words, n_out, None);
        let energy = self.context.sensors.energy.since(mark);
        let after = match self.resets_peak && !has_own_peak {
            true => process::without_peak(self.ready.readings()),
            false => self.ready.readings(),
        };
        record.tokenize_ns = matches!(words, Words::Ids(_)).then_some(tokenize_ns);
        record.readings = used_since(&before, after);
        record.readings.extend(energy);
        record
    }

    pub(super) fn prompt(&self, shape: RequestShape, number: u32) -> Result<Words, EngineError> {
        let n_tokens = shape.n_prompt as usize;
        prompts::words(
            &*self.ready.model,
            n_tokens,
            self.context.seed,
            number.into(),
        )
    }

    pub(super) fn send(
        &mut self,
        words: &Words,
        n_out: u32,
        intended_ns: Option<u64>,
    ) -> RequestRecord {
        let ask = Ask {
            words,
            n_out,
            intended_ns,
            delivery: self.delivery,
            may_be_cached: self.ready.prefix_cache,
            silence: self.context.silence,
        };
        request::send(
            &mut *self.session,
            ask,
            self.context.clock,
            self.context.cancel,
        )
    }
}

/// Counters as their difference, sizes as they are afterwards.
fn used_since(before: &[Reading], mut after: Vec<Reading>) -> Vec<Reading> {
    for (before, after) in before.iter().zip(&mut after) {
        if let ("cpu_user_s" | "cpu_system_s", Some(start), Some(end)) =
            (after.name.as_str(), before.value, after.value)
        {
            after.value = Some(end - start);
        }
    }
    after
}
