//! `sustained`: one request after another for minutes, to see what heat and time do.

use super::requests::Client;
use super::{Context, Keep};
use crate::error::BenchError;
use crate::plan::RequestShape;
use crate::record::Outcome;

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
    let nanos = u64::from(seconds) * 1_000_000_000;
    let end_ns = context.clock.now_ns().saturating_add(nanos);
    let mut slot = 0;
    loop {
        let at_ns = context.clock.now_ns();
        match client.ask(shape, slot) {
            Ok(record) => {
                let broke = record.failure.is_some();
                keep.sample(slot, at_ns, Outcome::Request(record))?;
                // What a broken engine does afterwards says nothing about heat.
                if broke {
                    break;
                }
            }
            Err(error) => return keep.failed(slot, at_ns, &error),
        }
        slot += 1;
        if context.clock.now_ns() >= end_ns {
            break;
        }
    }
    Ok(())
}
