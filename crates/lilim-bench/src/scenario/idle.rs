//! `idle`: what the machine's energy counters count while nothing is asked of it.

use std::time::{Duration, Instant};

use super::{Context, Keep};
use crate::error::BenchError;
use crate::record::Outcome;

/// How often it is looked whether the user ends the run.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) fn run(
    context: &Context<'_>,
    seconds: u32,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    for &slot in slots {
        let (at_ns, begun) = (context.clock.now_ns(), Instant::now());
        let mark = context.sensors.energy.mark();
        while begun.elapsed() < Duration::from_secs(seconds.into()) {
            keep.check()?;
            std::thread::sleep(PAUSE);
        }
        let readings = context.sensors.energy.since(mark);
        keep.sample(slot, at_ns, Outcome::Readings(readings))?;
    }
    Ok(())
}
