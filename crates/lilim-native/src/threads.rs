//! The engine's own worker threads: work is cut into parts, and whoever is free takes the next.
//!
//! Parts never share a result, so neither the number of threads nor who takes which part can change
//! one. The caller works too; a worker that wakes late finds nothing left and delays nobody. Workers
//! look for new work for some microseconds (a model's steps follow each other closely), then sleep.

#![allow(
    unsafe_code,
    reason = "a persistent thread can run borrowed work only with its lifetime erased; `run` keeps \
              the borrow alive until every thread is out of it"
)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// The most threads one engine takes.
pub(crate) const MAX_THREADS: usize = 256;

/// How often a thread looks for a change before it sleeps: some 20 µs, a few times the gap between
/// two steps of a small model's layer.
const SPINS: u32 = 2000;

/// Work on one part: `(thread, part)`; `thread` is below [`Pool::n_threads`] and no two run at once
/// with the same.
type Work<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// A fixed set of threads that run one piece of work at a time.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// Held by the session whose work runs; others wait, so that threads are never oversubscribed.
    turn: Mutex<()>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    done: Condvar,
    /// Counts the works given out; changes only under the lock of `state`.
    epoch: AtomicU64,
    /// Workers inside the present work; changes only under the lock of `state`.
    n_inside: AtomicUsize,
    /// The next part to take.
    next_part: AtomicUsize,
    panicked: AtomicBool,
}

struct State {
    job: Option<Job>,
    stop: bool,
}

#[derive(Clone, Copy)]
struct Job {
    work: &'static Work<'static>,
    n_parts: usize,
}

impl Pool {
    /// Starts `n_threads - 1` workers; the caller of [`Self::run`] is the last thread.
    pub(crate) fn new(n_threads: usize) -> std::io::Result<Self> {
        assert!(
            (1..=MAX_THREADS).contains(&n_threads),
            "{n_threads} threads"
        );
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                job: None,
                stop: false,
            }),
            wake: Condvar::new(),
            done: Condvar::new(),
            epoch: AtomicU64::new(0),
            n_inside: AtomicUsize::new(0),
            next_part: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
        });
        let mut pool = Self {
            shared,
            workers: Vec::with_capacity(n_threads - 1),
            turn: Mutex::new(()),
        };
        for thread in 1..n_threads {
            let shared = Arc::clone(&pool.shared);
            let worker = std::thread::Builder::new()
                .name(format!("lilim-{thread}"))
                .spawn(move || shared.serve(thread))?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// Threads that work, the caller's own included.
    pub(crate) fn n_threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `work` once on each item, on whichever thread is free: `(thread, item)`.
    pub(crate) fn for_each<T: Send>(&self, items: Vec<T>, work: impl Fn(usize, T) + Sync) {
        if items.len() == 1 || self.workers.is_empty() {
            items.into_iter().for_each(|item| work(0, item));
            return;
        }
        let slots: Vec<Mutex<Option<T>>> = items
            .into_iter()
            .map(|item| Mutex::new(Some(item)))
            .collect();
        self.run(slots.len(), &|thread, part| {
            let item = lock(&slots[part]).take();
            work(thread, item.expect("each part is taken once"));
        });
    }

    /// Runs `work` for parts `0..n_parts` and returns when all are done.
    ///
    /// # Panics
    /// When a part panicked.
    fn run(&self, n_parts: usize, work: &Work<'_>) {
        let _turn = lock(&self.turn);
        // SAFETY: only the lifetime changes. Workers take the job under the lock while it is set;
        // `close` unsets it and waits until none is inside, and is reached on every path because
        // the caller's own share cannot unwind past it.
        let work: &'static Work<'static> = unsafe { std::mem::transmute(work) };
        let job = Job { work, n_parts };
        self.shared.open(job);
        let own = catch_unwind(AssertUnwindSafe(|| self.shared.take_parts(job, 0)));
        self.shared.close();
        // also when the caller's own share panicked: the next work starts clean
        let panicked = self.shared.panicked.swap(false, Ordering::AcqRel);
        if let Err(panic) = own {
            resume_unwind(panic);
        }
        assert!(!panicked, "a worker thread panicked");
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = lock(&self.shared.state);
        state.stop = true;
        self.shared.epoch.fetch_add(1, Ordering::Release);
        drop(state);
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // a worker's panic was reported by the run that saw it
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn open(&self, job: Job) {
        let mut state = lock(&self.state);
        self.next_part.store(0, Ordering::Relaxed);
        state.job = Some(job);
        self.epoch.fetch_add(1, Ordering::Release);
        drop(state);
        self.wake.notify_all();
    }

    /// Takes the job away and waits for the workers that are inside.
    fn close(&self) {
        lock(&self.state).job = None;
        if spin_until(|| self.n_inside.load(Ordering::Acquire) == 0) {
            return;
        }
        let mut state = lock(&self.state);
        while self.n_inside.load(Ordering::Acquire) > 0 {
            state = wait(&self.done, state);
        }
    }

    fn take_parts(&self, job: Job, thread: usize) {
        loop {
            let part = self.next_part.fetch_add(1, Ordering::Relaxed);
            if part >= job.n_parts {
                return;
            }
            (job.work)(thread, part);
        }
    }

    /// A worker's life.
    fn serve(&self, thread: usize) {
        let mut seen = 0;
        while let Some(job) = self.next_job(&mut seen) {
            let share = catch_unwind(AssertUnwindSafe(|| self.take_parts(job, thread)));
            if share.is_err() {
                self.panicked.store(true, Ordering::Release);
            }
            let state = lock(&self.state);
            if self.n_inside.fetch_sub(1, Ordering::AcqRel) == 1 {
                self.done.notify_all();
            }
            drop(state);
        }
    }

    /// Waits for work that this worker has not seen and enters it; `None` when the pool ends.
    fn next_job(&self, seen: &mut u64) -> Option<Job> {
        loop {
            spin_until(|| self.epoch.load(Ordering::Acquire) != *seen);
            let mut state = lock(&self.state);
            while self.epoch.load(Ordering::Acquire) == *seen {
                state = wait(&self.wake, state);
            }
            *seen = self.epoch.load(Ordering::Acquire);
            if state.stop {
                return None;
            }
            if let Some(job) = state.job {
                self.n_inside.fetch_add(1, Ordering::AcqRel);
                return Some(job);
            }
        }
    }
}

/// Looks at `condition` for a while; tells whether it came true.
fn spin_until(condition: impl Fn() -> bool) -> bool {
    (0..SPINS).any(|_| {
        std::hint::spin_loop();
        condition()
    })
}

/// Locks also after a panic elsewhere: the pool's state is consistent at every unlock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits also after a panic elsewhere.
pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// As many threads as this process may run at once; callers who know the cores say so themselves.
pub(crate) fn default_threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .clamp(1, MAX_THREADS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_runs_exactly_once_at_any_number_of_threads() {
        for n_threads in [1, 2, 3, 8] {
            let pool = Pool::new(n_threads).unwrap();
            for round in 0..300 {
                let mut cells = vec![0usize; 1 + round % 40];
                pool.for_each(
                    cells.iter_mut().enumerate().collect(),
                    |thread, (i, cell)| {
                        assert!(thread < n_threads);
                        *cell += i + 1;
                    },
                );
                let expected: Vec<usize> = (1..=cells.len()).collect();
                assert_eq!(cells, expected);
            }
        }
    }

    #[test]
    fn a_panicking_part_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new(3).unwrap();
        for bad in [0, 7, 19usize] {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                pool.for_each((0..20usize).collect(), |_, i| assert_ne!(i, bad));
            }));
            assert!(outcome.is_err());
            let sum = AtomicUsize::new(0);
            pool.for_each((0..20usize).collect(), |_, i| {
                sum.fetch_add(i, Ordering::Relaxed);
            });
            assert_eq!(sum.into_inner(), 190);
        }
    }

    #[test]
    fn two_panics_in_one_work_do_not_spoil_the_next() {
        let pool = Pool::new(2).unwrap();
        // both parts wait for each other, so that both threads panic
        let barrier = std::sync::Barrier::new(2);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            pool.for_each(vec![(), ()], |_, ()| {
                barrier.wait();
                panic!("of this part");
            });
        }));
        assert!(outcome.is_err());
        pool.for_each(vec![(), ()], |_, ()| ());
    }

    #[test]
    fn callers_on_several_threads_take_turns() {
        let pool = Pool::new(2).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let mut cells = [0u8; 16];
                        pool.for_each(cells.iter_mut().collect(), |_, cell| *cell += 1);
                        assert_eq!(cells, [1; 16]);
                    }
                });
            }
        });
    }

    #[test]
    fn no_items_is_no_work() {
        Pool::new(2)
            .unwrap()
            .for_each(Vec::<u8>::new(), |_, _| unreachable!());
    }
}
