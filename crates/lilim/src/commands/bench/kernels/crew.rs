//! Threads that do a probe's work together, as an engine's do: each its share, all beginning at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Work in shares: called once with the number of each thread, from 0.
pub(super) type Job = Arc<dyn Fn(usize) + Send + Sync>;

/// The caller's thread and those that help it.
pub(super) struct Crew {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    job: Mutex<Option<Job>>,
    /// Counts jobs: a helper that sees a new number begins.
    turn: AtomicU64,
    n_done: AtomicUsize,
    failed: AtomicBool,
    is_over: AtomicBool,
}

/// Looks at the counter before a helper sleeps: calls of a probe that is timed follow one another
/// within microseconds, and waking up would be timed with them.
const SPINS: u32 = 1 << 14;

impl Crew {
    /// So many threads, the caller's among them.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn new(n_threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let helper = |index: usize| {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name(format!("kernels-{index}"))
                .spawn(move || shared.help(index))
        };
        let helpers = (1..n_threads).map(helper).collect::<Result<_, _>>()?;
        Ok(Self { shared, helpers })
    }

    /// How many threads share a job.
    pub(super) fn n_threads(&self) -> usize {
        1 + self.helpers.len()
    }

    /// Does a job and waits for every share.
    pub(super) fn run(&self, job: &Job) -> Result<(), String> {
        let shared = &*self.shared;
        if !self.helpers.is_empty() {
            *lock(&shared.job) = Some(Arc::clone(job));
            shared.n_done.store(0, Ordering::Relaxed);
            shared.turn.fetch_add(1, Ordering::Release);
            self.wake();
        }
        job(0);
        let mut n_spins = 0;
        while shared.n_done.load(Ordering::Acquire) < self.helpers.len() {
            n_spins += 1;
            pause(n_spins);
        }
        match shared.failed.load(Ordering::Relaxed) {
            true => Err("a thread of the probe panicked".to_owned()),
            false => Ok(()),
        }
    }

    fn wake(&self) {
        for helper in &self.helpers {
            helper.thread().unpark();
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        self.wake();
        for helper in self.helpers.drain(..) {
            // It catches panics of jobs; there is nothing to do about any other here.
            let _ = helper.join();
        }
    }
}

impl Shared {
    fn help(&self, index: usize) {
        let (mut seen, mut n_spins) = (0, 0);
        while !self.is_over.load(Ordering::Acquire) {
            let turn = self.turn.load(Ordering::Acquire);
            if turn == seen {
                n_spins += 1;
                match n_spins < SPINS {
                    true => pause(n_spins),
                    false => thread::park(),
                }
                continue;
            }
            (seen, n_spins) = (turn, 0);
            let job = lock(&self.job).clone();
            let done = catch_unwind(AssertUnwindSafe(|| job.iter().for_each(|job| job(index))));
            drop(job);
            if done.is_err() {
                self.failed.store(true, Ordering::Relaxed);
            }
            self.n_done.fetch_add(1, Ordering::Release);
        }
    }
}

/// Waits a moment; on a machine with more to do than cores lets somebody else run now and then.
fn pause(n_spins: u32) {
    match n_spins.is_multiple_of(1 << 10) {
        true => thread::yield_now(),
        false => std::hint::spin_loop(),
    }
}

/// A thread that panicked leaves nothing half done that a later probe would read.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_does_its_share_once_a_job() {
        let crew = Crew::new(3).unwrap();
        let counts: Arc<[AtomicUsize; 3]> = Arc::default();
        let counted = Arc::clone(&counts);
        let job: Job = Arc::new(move |index| {
            counted[index].fetch_add(1, Ordering::Relaxed);
        });
        for _ in 0..1_000 {
            crew.run(&job).unwrap();
        }
        for count in counts.iter() {
            assert_eq!(count.load(Ordering::Relaxed), 1_000);
        }
    }

    #[test]
    fn a_share_that_panics_is_an_error_and_no_hang() {
        let crew = Crew::new(2).unwrap();
        let job: Job = Arc::new(|index| assert_eq!(index, 0, "on purpose"));
        assert!(crew.run(&job).is_err());
    }
}
