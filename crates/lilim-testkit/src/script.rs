//! What a fake model says, how long it takes, and where it fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lilim_api::{CancelToken, EngineError, TokenId};

/// Which token a fake model finds likeliest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// These tokens one after another, whatever was chosen, and then `end` for ever.
    Once {
        /// The tokens.
        ids: Vec<TokenId>,
        /// What follows them.
        end: TokenId,
    },
    /// These tokens over and over: a model that never ends.
    Cycle(Vec<TokenId>),
    /// Logits that are a hash of all tokens so far: a wrong, missing or doubled token anywhere
    /// changes everything after it.
    Hash {
        /// Another seed is another model.
        seed: u64,
    },
}

impl Script {
    /// A script that says `text`, one token a byte, and ends.
    pub fn text(text: &str) -> Self {
        Self::Once {
            ids: crate::encode_bytes(text),
            end: crate::END,
        }
    }
}

/// A clock that only fake delays move.
#[derive(Clone, Debug, Default)]
pub struct VirtualClock(Arc<AtomicU64>);

impl VirtualClock {
    /// The time spent in delays so far.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Ordering::Relaxed);
    }
}

/// How long work takes.
#[derive(Clone, Debug, Default)]
pub struct Delays {
    /// For each prompt token.
    pub prefill_token: Duration,
    /// For each generated token.
    pub step: Duration,
    /// For each token of a verification after the first, which takes a step.
    pub verify_more: Duration,
    /// Loading the model.
    pub load: Duration,
    /// The clock that the delays move; without one the thread really sleeps.
    pub clock: Option<VirtualClock>,
}

impl Delays {
    pub(crate) fn spend(&self, time: Duration) {
        match &self.clock {
            Some(clock) => clock.advance(time),
            None if time.is_zero() => {}
            None => std::thread::sleep(time),
        }
    }
}

/// Where things go wrong. Generated tokens are counted from 0 since the last prefill.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// `step` fails with this error when it is given the generated token of this number.
    pub fail_at_step: Option<(usize, EngineError)>,
    /// `prefill` fails with this error before the prompt token of this number.
    pub fail_at_prefill: Option<(usize, EngineError)>,
    /// The logits from which the generated token of this number is chosen hold a NaN.
    pub nan_at: Option<usize>,
    /// Raises the flag when `step` is given the generated token of this number.
    pub cancel_at_step: Option<(usize, CancelToken)>,
    /// Raises the flag when the prefill has done this many prompt tokens or more.
    pub cancel_at_prefill: Option<(usize, CancelToken)>,
    /// Loading the model fails with this error.
    pub fail_load: Option<EngineError>,
}
