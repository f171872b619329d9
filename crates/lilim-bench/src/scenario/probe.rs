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
    /// What the machine can do at most, timed anew before every sample: a machine wanders.
    pub limit: Option<Beside<'a>>,
    /// One call.
    pub call: Step<'a>,
}

/// A limit that is timed beside a probe.
pub struct Beside<'a> {
    /// The bytes that one call of it touches; `None` where it is bound by arithmetic.
    pub bytes: Option<f64>,
    /// The operations of one call of it.
    pub ops: Option<f64>,
    /// One call.
    pub call: Step<'a>,
}

impl Beside<'_> {
    fn readings(&mut self, least: Duration) -> Result<Vec<Reading>, String> {
        let mut all = vec![Reading::of(LIMIT_NS, time_step(&mut self.call, least)?)];
        let constants = [(LIMIT_BYTES, self.bytes), (LIMIT_OPS, self.ops)];
        let told = constants
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        all.extend(told.map(|(name, value)| Reading::of(name, value)));
        Ok(all)
    }
}

/// A step of a probe; what it says where it fails is why the sample failed.
pub type Step<'a> = Box<dyn FnMut() -> Result<(), String> + 'a>;

/// A name for the bytes that one call touches, among the constants.
pub const BYTES: &str = "bytes";
/// A name for the operations of one call, among the constants.
pub const OPS: &str = "ops";

/// A name for the time of one call of the limit, among the readings.
pub const LIMIT_NS: &str = "limit_ns";
/// A name for the bytes that one call of the limit touches.
pub const LIMIT_BYTES: &str = "limit_bytes";
/// A name for the operations of one call of the limit.
pub const LIMIT_OPS: &str = "limit_ops";

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
        let least = Duration::from_nanos(min_ns);
        let limit = probe.limit.as_mut();
        let limit = limit.map_or(Ok(Vec::new()), |limit| limit.readings(least));
        let timed = limit.and_then(|limit| Ok((limit, time(probe, least)?)));
        match timed {
            Ok((limit, call_ns)) => {
                let mut readings = vec![Reading::of("call_ns", call_ns)];
                readings.extend(limit);
                readings.extend(probe.constants.iter().cloned());
                keep.sample(slot, at_ns, Outcome::Readings(readings))?;
            }
            Err(reason) => keep.sample(slot, at_ns, Outcome::Failed { reason })?,
        }
    }
    Ok(())
}

/// Nanoseconds of one call of a probe.
pub(super) fn time(probe: &mut Probe<'_>, least: Duration) -> Result<f64, String> {
    time_step(&mut probe.call, least)
}

/// Nanoseconds of one call, over as many calls as fill the time: their number is doubled until they
/// do, so the clock is read rarely.
fn time_step(call: &mut Step<'_>, least: Duration) -> Result<f64, String> {
    let mut n_calls: u32 = 1;
    loop {
        let start = Instant::now();
        for _ in 0..n_calls {
            call()?;
        }
        let elapsed = start.elapsed();
        if elapsed >= least || n_calls > u32::MAX / 2 {
            return Ok(nanos(elapsed) as f64 / f64::from(n_calls));
        }
        n_calls *= 2;
    }
}
