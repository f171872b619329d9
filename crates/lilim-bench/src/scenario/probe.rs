//! Times closures that the caller hands in: kernels, encoders, round trips. What they are is not
//! known here.

use std::time::{Duration, Instant};

use super::Keep;
use crate::clock::{Clock, nanos};
use crate::error::BenchError;
use crate::record::{Outcome, Reading};

/// Something to be timed.
pub struct Probe<'a> {
    /// The name by which a plan refers to it.
    pub name: String,
    /// What is known beforehand, such as `message_bytes`, or `bytes` and `ops` of a call.
    pub constants: Vec<Reading>,
    /// What is done before the first call of a case and is not timed, such as making room and
    /// checking the answer.
    pub prepare: Option<Step<'a>>,
    /// One call.
    pub call: Step<'a>,
}

/// A step of a probe; what it says where it fails is why the sample failed.
pub type Step<'a> = Box<dyn FnMut() -> Result<(), String> + 'a>;

/// A name for the bytes that one call touches, among the constants.
pub const BYTES: &str = "bytes";
/// A name for the operations of one call, among the constants.
pub const OPS: &str = "ops";

pub(super) fn run(
    probe: &mut Probe<'_>,
    min_ns: u64,
    slots: &[u32],
    clock: &Clock,
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let ready = probe.prepare.as_mut().map_or(Ok(()), |prepare| prepare());
    for &slot in slots {
        keep.check()?;
        if keep.is_out_of_time(slot) {
            break;
        }
        let at_ns = clock.now_ns();
        if let Err(reason) = &ready {
            // A probe that is not ready once is not ready at all.
            let reason = reason.clone();
            return keep.sample(slot, at_ns, Outcome::Failed { reason });
        }
        match time(probe, Duration::from_nanos(min_ns)) {
            Ok(call_ns) => {
                let mut readings = vec![Reading::of("call_ns", call_ns)];
                readings.extend(probe.constants.iter().cloned());
                keep.sample(slot, at_ns, Outcome::Readings(readings))?;
            }
            Err(reason) => keep.sample(slot, at_ns, Outcome::Failed { reason })?,
        }
    }
    Ok(())
}

/// Nanoseconds of one call, over as many calls as fill the time: their number is doubled until they
/// do, so the clock is read rarely.
pub(super) fn time(probe: &mut Probe<'_>, least: Duration) -> Result<f64, String> {
    let mut n_calls: u32 = 1;
    loop {
        let start = Instant::now();
        for _ in 0..n_calls {
            (probe.call)()?;
        }
        let elapsed = start.elapsed();
        if elapsed >= least || n_calls > u32::MAX / 2 {
            return Ok(nanos(elapsed) as f64 / f64::from(n_calls));
        }
        n_calls *= 2;
    }
}
