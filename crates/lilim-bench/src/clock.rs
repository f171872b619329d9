//! The recording's clock: monotonic nanoseconds from one origin.

use std::time::{Duration, Instant};

/// A monotonic clock with its zero at the beginning of a recording.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    /// What a resumed recording had reached already.
    offset_ns: u64,
}

impl Clock {
    /// A clock that starts now at `offset_ns`: 0, or past the end of what is resumed.
    pub fn starting_at(offset_ns: u64) -> Self {
        Self {
            origin: Instant::now(),
            offset_ns,
        }
    }

    /// Nanoseconds since the origin.
    pub fn now_ns(&self) -> u64 {
        self.offset_ns.saturating_add(nanos(self.origin.elapsed()))
    }

    /// Waits until this time; returns at once where it has passed.
    pub fn sleep_until(&self, t_ns: u64) {
        let wait = t_ns.saturating_sub(self.now_ns());
        if wait > 0 {
            std::thread::sleep(Duration::from_nanos(wait));
        }
    }
}

/// Whole nanoseconds, for as long as 584 years.
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
