//! `throughput`: several clients at once, in a closed loop or at random times.
//!
//! An engine that crashes or falls silent within a load is started again and gets the requests that
//! are left; those it broke on have failed. One that keeps breaking without an answer is given up.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;

use lilim_api::EngineError;

use super::requests::Client;
use super::{Context, Keep};
use crate::clock::nanos;
use crate::error::BenchError;
use crate::plan::{Arrivals, MIN_SAMPLES, RequestShape, Work};
use crate::prompts::Words;
use crate::record::{Outcome, RequestRecord};
use crate::stats;

/// How often in a row an engine may break without having answered anything before what is left is
/// given up: each time may cost as long as a silent engine is waited for.
const MOST_BREAKS: u32 = 3;

/// How often a client that waits for a request's time looks whether it still is to be sent.
const LOOK_NS: u64 = 50_000_000;

/// All requests of the case as one load; a resumed run sends only those that are missing.
pub(super) fn run(
    context: &Context<'_>,
    work: &Work,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let mut loads = None;
    let mut n_breaks = 0;
    loop {
        let served = serve(context, work, slots, (&mut loads, keep));
        keep.check()?;
        let reason = match served {
            Err(error) => error.to_string(),
            Ok(ended) => match ended? {
                Ended::Done => return Ok(()),
                Ended::Broke { has_answered: true } => {
                    n_breaks = 0;
                    continue;
                }
                Ended::Broke {
                    has_answered: false,
                } => {
                    n_breaks += 1;
                    if n_breaks < MOST_BREAKS {
                        continue;
                    }
                    format!(
                        "not sent: the engine broke {n_breaks} times in a row without an answer"
                    )
                }
            },
        };
        let left = match &loads {
            None => slots.to_vec(),
            Some(loads) => loads.iter().flat_map(Load::slots_left).collect(),
        };
        let at_ns = context.clock.now_ns();
        return left.into_iter().try_for_each(|slot| {
            let reason = reason.clone();
            keep.sample(slot, at_ns, Outcome::Failed { reason })
        });
    }
}

/// How it ended with one start of the engine.
#[derive(Clone, Copy)]
enum Ended {
    /// Nothing is left to be sent.
    Done,
    /// The engine broke and requests are left.
    Broke {
        /// Whether it had answered any.
        has_answered: bool,
    },
}

/// Starts the engine and sends what is left. The outer error is the engine's before any request.
fn serve(
    context: &Context<'_>,
    work: &Work,
    slots: &[u32],
    (loads, keep): (&mut Option<[Load; 2]>, &mut Keep<'_>),
) -> Result<Result<Ended, BenchError>, EngineError> {
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
    let mut has_answered = false;
    let loads = match loads {
        None => loads.insert(both_loads(
            (context, keep),
            &clients[0],
            (shape, arrivals),
            slots,
        )?),
        Some(loads) => {
            // A process that was started in the middle of a load is warmed up like the first.
            for number in 0..keep.case.n_warmups {
                if is_broken(&clients[0].ask(shape, u32::MAX - number)?) {
                    return Ok(Ok(Ended::Broke { has_answered }));
                }
            }
            loads
        }
    };
    for load in &*loads {
        let has_broken = match load.serve(context, &mut clients, (keep, &mut has_answered)) {
            Ok(has_broken) => has_broken,
            Err(error) => return Ok(Err(error)),
        };
        if has_broken {
            // At once: of each session of an engine that hangs the end is waited for.
            thread::scope(|scope| {
                for client in clients {
                    scope.spawn(move || drop(client));
                }
            });
            let is_done = loads.iter().all(|load| load.slots_left().is_empty());
            return Ok(Ok(match is_done {
                true => Ended::Done,
                false => Ended::Broke { has_answered },
            }));
        }
    }
    Ok(Ok(Ended::Done))
}

/// Without a last word it did not answer: it has crashed, or hangs.
fn is_broken(record: &RequestRecord) -> bool {
    record.engine.is_none()
}

/// What warms up, which is over before the first request that counts is sent, and what counts.
fn both_loads(
    (context, keep): (&Context<'_>, &Keep<'_>),
    client: &Client<'_>,
    (shape, arrivals): (RequestShape, Arrivals),
    slots: &[u32],
) -> Result<[Load; 2], EngineError> {
    let n_warmups = keep.case.n_warmups;
    let (warm, counted): (Vec<u32>, Vec<u32>) = slots.iter().partition(|&&slot| slot < n_warmups);
    let n_clients = match arrivals {
        Arrivals::Closed { concurrency } => concurrency,
        Arrivals::Poisson { .. } => 0,
    };
    let due_ns = due_times(arrivals, counted.len(), context)?;
    Ok([
        Load::new(client, shape, warm)?,
        Load {
            due_ns,
            budget_ns: keep.case.budget_s.map(|seconds| (seconds * 1e9) as u64),
            n_least: MIN_SAMPLES.max(n_clients) as usize,
            ..Load::new(client, shape, counted)?
        },
    ])
}

/// Requests that are ready to be sent. Prompts are made beforehand: the client must not be slower
/// than what it measures.
struct Load {
    n_out: u32,
    slots: Vec<u32>,
    prompts: Vec<Words>,
    /// When each is due after the beginning; empty where each is due when a client is free.
    due_ns: Vec<u64>,
    /// How long after the beginning no further request is sent,
    budget_ns: Option<u64>,
    /// once so many were: every client has one, or the load would be another.
    n_least: usize,
    /// The beginning.
    start_ns: OnceLock<u64>,
    /// Which are to be sent still.
    left: Mutex<BTreeSet<usize>>,
}

impl Load {
    fn new(client: &Client<'_>, shape: RequestShape, slots: Vec<u32>) -> Result<Self, EngineError> {
        let prompts = slots.iter().map(|&slot| client.prompt(shape, slot));
        let prompts = prompts.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            n_out: shape.n_out,
            left: Mutex::new((0..slots.len()).collect()),
            slots,
            prompts,
            due_ns: Vec::new(),
            budget_ns: None,
            n_least: 0,
            start_ns: OnceLock::new(),
        })
    }

    fn slots_left(&self) -> Vec<u32> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.iter().map(|&index| self.slots[index]).collect()
    }

    /// Sends what is left, each client its next when its last is answered, and tells whether the
    /// engine broke.
    fn serve(
        &self,
        context: &Context<'_>,
        clients: &mut [Client<'_>],
        (keep, has_answered): (&mut Keep<'_>, &mut bool),
    ) -> Result<bool, BenchError> {
        let start_ns = *self.start_ns.get_or_init(|| context.clock.now_ns());
        let has_broken = AtomicBool::new(false);
        let (sender, answers) = mpsc::channel::<(u32, RequestRecord)>();
        thread::scope(|scope| {
            for client in clients {
                let (sender, has_broken) = (sender.clone(), &has_broken);
                scope.spawn(move || {
                    while let Some((index, due_ns)) = self.next(context, start_ns, has_broken) {
                        let record = client.send(&self.prompts[index], self.n_out, due_ns);
                        has_broken.fetch_or(is_broken(&record), Ordering::AcqRel);
                        if sender.send((self.slots[index], record)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            // Moved in: where a sample cannot be kept, nobody listens, and the clients stop.
            answers.into_iter().try_for_each(|(slot, record)| {
                *has_answered |= !is_broken(&record);
                keep.sample(slot, record.intended_ns, Outcome::Request(record))
            })
        })?;
        Ok(has_broken.into_inner())
    }

    /// The next request, at its time; `None` where there is none, no time for it, or nobody to
    /// answer it.
    fn next(
        &self,
        context: &Context<'_>,
        start_ns: u64,
        has_broken: &AtomicBool,
    ) -> Option<(usize, Option<u64>)> {
        let goes_on = || !context.cancel.is_cancelled() && !has_broken.load(Ordering::Acquire);
        if !goes_on() {
            return None;
        }
        let index = self.take(context.clock.now_ns().saturating_sub(start_ns))?;
        let Some(due_ns) = self.due_ns.get(index).map(|due_ns| start_ns + due_ns) else {
            return Some((index, None));
        };
        while goes_on() {
            let now_ns = context.clock.now_ns();
            if now_ns >= due_ns {
                return Some((index, Some(due_ns)));
            }
            context.clock.sleep_until(due_ns.min(now_ns + LOOK_NS));
        }
        // Another engine may answer it.
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.insert(index);
        None
    }

    /// The first that is left. Where it would begin too late, all that are left go.
    fn take(&self, since_start_ns: u64) -> Option<usize> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let index = left.pop_first()?;
        let due_ns = self.due_ns.get(index).copied().unwrap_or(0);
        let is_late = |budget_ns| since_start_ns.max(due_ns) > budget_ns;
        if index >= self.n_least && self.budget_ns.is_some_and(is_late) {
            left.clear();
            return None;
        }
        Some(index)
    }
}

/// When each request is due after the beginning; empty in a closed loop, where each is due when a
/// client is free.
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
    Ok(times.into_iter().map(nanos).collect())
}
