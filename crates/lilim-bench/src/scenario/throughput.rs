//! `throughput`: several clients at once, in a closed loop or at random times.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use lilim_api::EngineError;

use super::requests::Client;
use super::{Context, Keep};
use crate::clock::nanos;
use crate::error::BenchError;
use crate::plan::{Arrivals, RequestShape, Work};
use crate::prompts::Words;
use crate::record::{Outcome, RequestRecord};
use crate::stats;

/// All requests of the case as one load; a resumed run sends only those that are missing.
pub(super) fn run(
    context: &Context<'_>,
    work: &Work,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let at_ns = context.clock.now_ns();
    match offer(context, work, slots, keep) {
        Ok(kept) => kept,
        Err(error) => {
            keep.check()?;
            slots
                .iter()
                .try_for_each(|&slot| keep.failed(slot, at_ns, &error))
        }
    }
}

/// The outer error is the engine's before any request was sent.
fn offer(
    context: &Context<'_>,
    work: &Work,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<Result<(), BenchError>, EngineError> {
    let Work::Throughput {
        shape,
        arrivals,
        delivery,
        ..
    } = *work
    else {
        unreachable!("called for throughput only")
    };
    let ready = context.load()?;
    let n_clients = match arrivals {
        Arrivals::Closed { concurrency } => concurrency,
        Arrivals::Poisson { n_sessions, .. } => n_sessions,
    };
    let mut clients = (0..n_clients.max(1))
        .map(|_| Client::new(context, &ready))
        .collect::<Result<Vec<_>, _>>()?;
    for client in &mut clients {
        client.delivery = delivery;
    }
    // What warms up is over before the first request that counts is sent.
    let n_warmups = keep.case.n_warmups;
    let (warm, counted): (Vec<u32>, Vec<u32>) = slots.iter().partition(|&&slot| slot < n_warmups);
    for (slots, arrivals) in [
        (warm, Arrivals::Closed { concurrency: 0 }),
        (counted, arrivals),
    ] {
        let load = Load::new(context, &clients[0], (shape, arrivals), slots)?;
        if let Err(error) = load.serve(context, &mut clients, keep) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// Requests that are ready to be sent. Prompts are made beforehand: the client must not be slower
/// than what it measures.
struct Load {
    n_out: u32,
    slots: Vec<u32>,
    prompts: Vec<Words>,
    /// When each is due; empty where each is due when a client is free.
    due: Vec<u64>,
}

impl Load {
    fn new(
        context: &Context<'_>,
        client: &Client<'_>,
        (shape, arrivals): (RequestShape, Arrivals),
        slots: Vec<u32>,
    ) -> Result<Self, EngineError> {
        let prompts = slots.iter().map(|&slot| client.prompt(shape, slot));
        let prompts = prompts.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            n_out: shape.n_out,
            due: due_times(arrivals, slots.len(), context)?,
            slots,
            prompts,
        })
    }

    /// Sends all, each client its next when its last is answered.
    fn serve(
        &self,
        context: &Context<'_>,
        clients: &mut [Client<'_>],
        keep: &mut Keep<'_>,
    ) -> Result<(), BenchError> {
        let next = AtomicUsize::new(0);
        let (sender, answers) = mpsc::channel::<(u32, RequestRecord)>();
        std::thread::scope(|scope| {
            for client in clients {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    while !context.cancel.is_cancelled() {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(words) = self.prompts.get(index) else {
                            break;
                        };
                        let intended_ns = self.due.get(index).copied();
                        if let Some(due_ns) = intended_ns {
                            context.clock.sleep_until(due_ns);
                        }
                        let record = client.send(words, self.n_out, intended_ns);
                        if sender.send((self.slots[index], record)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            // Moved in: where a sample cannot be kept, nobody listens, and the clients stop.
            answers.into_iter().try_for_each(|(slot, record)| {
                keep.sample(slot, record.intended_ns, Outcome::Request(record))
            })
        })
    }
}

/// When each request is due; empty in a closed loop, where each is due when a client is free.
fn due_times(
    arrivals: Arrivals,
    n_requests: usize,
    context: &Context<'_>,
) -> Result<Vec<u64>, EngineError> {
    let Arrivals::Poisson { per_s, .. } = arrivals else {
        return Ok(Vec::new());
    };
    let times = stats::poisson_arrivals(per_s, n_requests, context.seed)
        .map_err(|error| EngineError::Text(error.to_string()))?;
    let start_ns = context.clock.now_ns();
    let due = times
        .into_iter()
        .map(|time| start_ns.saturating_add(nanos(time)));
    Ok(due.collect())
}
