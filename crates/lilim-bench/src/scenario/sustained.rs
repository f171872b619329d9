//! `sustained`: one request after another for minutes, to see what heat and time do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use super::requests::Client;
use super::{Context, Keep};
use crate::error::BenchError;
use crate::plan::RequestShape;
use crate::process;
use crate::record::{Outcome, Reading};

/// How often heat and clock rate are read: once a step of tokens a second.
const EVERY: Duration = Duration::from_secs(5);

/// What was read, and when.
type Read = (u64, Vec<Reading>);

/// A sustained run is one thing: where it was interrupted, it is done again from its beginning.
pub(super) fn run(
    context: &Context<'_>,
    shape: RequestShape,
    seconds: u32,
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let start_ns = context.clock.now_ns();
    let ready = match context.load() {
        Ok(ready) => ready,
        Err(error) => return keep.failed(0, start_ns, &error),
    };
    let mut client = match Client::new(context, &ready) {
        Ok(client) => client,
        Err(error) => return keep.failed(0, start_ns, &error),
    };
    // The peak is the run's own; where the system does not do it, loading is in it too.
    let _was_reset = ready.process_id.is_some_and(process::reset_peak);
    let nanos = u64::from(seconds) * 1_000_000_000;
    let end_ns = context.clock.now_ns().saturating_add(nanos);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (sender, read) = channel();
        let watcher = scope.spawn(|| watch(context, &is_over, sender));
        let outcome = requests(&mut client, (shape, end_ns), &read, keep);
        is_over.store(true, Ordering::Release);
        watcher.thread().unpark();
        outcome
    })
}

/// Requests until the time is over, and what was read meanwhile.
fn requests(
    client: &mut Client<'_>,
    (shape, end_ns): (RequestShape, u64),
    read: &Receiver<Read>,
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let mut slot = 0;
    loop {
        let at_ns = client.now_ns();
        let record = match client.ask(shape, slot) {
            Ok(record) => record,
            Err(error) => return keep.failed(slot, at_ns, &error),
        };
        let broke = record.failure.is_some();
        keep.sample(slot, at_ns, Outcome::Request(record))?;
        slot += 1;
        for (at_ns, readings) in read.try_iter() {
            keep.sample(slot, at_ns, Outcome::Readings(readings))?;
            slot += 1;
        }
        // What a broken engine does afterwards says nothing about heat.
        if broke || client.now_ns() >= end_ns {
            return Ok(());
        }
    }
}

/// Reads the machine at every step's end, until the run is over.
fn watch(context: &Context<'_>, is_over: &AtomicBool, sender: Sender<Read>) {
    let every_ns = u64::try_from(EVERY.as_nanos()).unwrap_or(u64::MAX);
    let mut due_ns = context.clock.now_ns().saturating_add(every_ns);
    while !is_over.load(Ordering::Acquire) {
        let now_ns = context.clock.now_ns();
        if now_ns < due_ns {
            thread::park_timeout(Duration::from_nanos(due_ns - now_ns));
            continue;
        }
        let readings = context.sensors.climate.readings();
        if sender.send((now_ns, readings)).is_err() {
            return;
        }
        due_ns = due_ns.saturating_add(every_ns);
    }
}
