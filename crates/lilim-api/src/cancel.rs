//! Cancellation: a flag that one side raises and every blocking loop of the other side looks at.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A cheap, cloneable flag; all clones share one state, and once raised it stays raised.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<State>);

#[derive(Default)]
struct State {
    raised: AtomicBool,
    next_watch: AtomicU64,
    watches: Mutex<Vec<(u64, Watch)>>,
}

type Watch = Box<dyn FnOnce() + Send>;

impl CancelToken {
    /// Makes a token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag. The running work stops within one token in decode, one layer of a chunk
    /// in prefill.
    pub fn cancel(&self) {
        self.0.raised.store(true, Ordering::Release);
        self.tell();
    }

    /// Tells whether the flag was raised.
    pub fn is_cancelled(&self) -> bool {
        self.0.raised.load(Ordering::Acquire)
    }

    /// Has `work` done once the flag is raised, by whoever raises it, or at once if it is: for work
    /// that another process does, which cannot look at the flag. Dropping the guard takes it back.
    pub fn on_cancel(&self, work: impl FnOnce() + Send + 'static) -> CancelWatch {
        let id = self.0.next_watch.fetch_add(1, Ordering::Relaxed);
        self.0.watches().push((id, Box::new(work)));
        if self.is_cancelled() {
            self.tell();
        }
        CancelWatch {
            token: self.clone(),
            id,
        }
    }

    /// Each watch is taken out under the lock and done outside of it: once, and free to drop guards.
    fn tell(&self) {
        let watches = std::mem::take(&mut *self.0.watches());
        for (_, work) in watches {
            work();
        }
    }
}

impl State {
    fn watches(&self) -> MutexGuard<'_, Vec<(u64, Watch)>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("raised", &self.raised)
            .finish_non_exhaustive()
    }
}

/// Keeps the work of [`CancelToken::on_cancel`] waiting.
#[derive(Debug)]
pub struct CancelWatch {
    token: CancelToken,
    id: u64,
}

impl Drop for CancelWatch {
    fn drop(&mut self) {
        // dropped outside of the lock: it may own tokens and guards itself
        let mut watches = self.token.0.watches();
        let found = watches.iter().position(|(id, _)| *id == self.id);
        let watch = found.map(|index| watches.swap_remove(index));
        drop(watches);
        drop(watch);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn clones_share_one_state() {
        let token = CancelToken::new();
        let other = token.clone();
        assert!(!other.is_cancelled());
        token.cancel();
        assert!(other.is_cancelled());
    }

    #[test]
    fn a_watch_is_told_once_and_never_after_its_guard_is_gone() {
        let told = Arc::new(AtomicUsize::new(0));
        let count = |token: &CancelToken| {
            let told = Arc::clone(&told);
            token.on_cancel(move || {
                told.fetch_add(1, Ordering::Relaxed);
            })
        };
        let token = CancelToken::new();
        drop(count(&token));
        let _kept = count(&token);
        token.cancel();
        token.cancel();
        assert_eq!(told.load(Ordering::Relaxed), 1);
        let _late = count(&token);
        assert_eq!(told.load(Ordering::Relaxed), 2);
    }
}
