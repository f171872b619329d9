//! The engine's own worker threads: work is cut into parts, of which each thread takes its own share
//! in order, then what others have left.
//!
//! Shares are the same stretch of the parts every time. Where parts are rows in order, a thread so
//! finds in its own cache what it wrote in the step before (measured: 78 GB/s, and 24 to 70 from
//! the other core's).
//!
//! Parts never share a result, so neither the number of threads nor who takes which part can change
//! one. The caller works too; a worker that wakes late finds nothing left and delays nobody. Workers
//! look for new work for some microseconds (a model's steps follow each other closely), then sleep.
//!
//! One word, the gate, says which work is open and how many workers are inside it. While all are
//! awake nobody takes a lock that another waits for, and nothing calls the system: starting and
//! ending a work costs about a microsecond.

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

/// How often a thread looks for a change before it sleeps: some 20 to 50 µs, a few times the gap
/// between two steps of a small model's layer.
const SPINS: u32 = 2000;

/// The same where threads are more than cores: who looks keeps another from working.
const SPINS_WHEN_CROWDED: u32 = 20;

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

/// Two cache lines: neighbours that are written by different threads are kept apart by so much.
#[repr(align(128))]
struct Apart<T>(T);

struct Shared {
    /// Which work is open to workers, and how many are inside: see [`Gate`].
    gate: Apart<AtomicU64>,
    /// How much of each thread's share is taken.
    taken: Vec<Apart<Taken>>,
    /// Set before the gate opens.
    job: Mutex<Option<Job>>,
    panicked: AtomicBool,
    stop: AtomicBool,
    /// Workers that sleep, or are about to.
    n_sleeping: AtomicUsize,
    /// Whether the caller sleeps until the last worker leaves, or is about to.
    caller_sleeps: AtomicBool,
    /// Held while deciding to sleep, and by who wakes a sleeper.
    sleep: Mutex<()>,
    wake: Condvar,
    done: Condvar,
    n_spins: u32,
}

#[derive(Clone, Copy)]
struct Job {
    work: &'static Work<'static>,
    n_parts: usize,
    /// The gate as it opens for this work.
    gate: Gate,
}

/// How much of a share is taken: the low half of a work's number, then parts of it. What is left
/// over from an earlier work counts as nothing, so nobody has to write in all shares before a work
/// can start.
#[derive(Default)]
struct Taken(AtomicU64);

impl Taken {
    /// Takes the next of `n` parts of the work behind the gate.
    fn take(&self, gate: Gate, n: usize) -> Option<usize> {
        let none = gate.number() << 32;
        let so_far = |taken: u64| taken.checked_sub(none).filter(|&done| done >> 32 == 0);
        let one_more = |taken: u64| {
            let done = so_far(taken).unwrap_or(0);
            (done < n as u64).then_some(none + done + 1)
        };
        // parts share no memory, and the gate orders what goes before and after all of them
        let before = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()?;
        Some(so_far(before).unwrap_or(0) as usize)
    }
}

/// The gate's word: the number of the work, whether it is open, and the workers inside it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Gate(u64);

impl Gate {
    const OPEN: u64 = 1 << 16;

    fn n_inside(self) -> u64 {
        self.0 % Self::OPEN
    }

    fn is_open(self) -> bool {
        self.0 & Self::OPEN != 0
    }

    fn number(self) -> u64 {
        self.0 / (2 * Self::OPEN)
    }

    /// The next work, open and empty.
    fn next(self) -> Self {
        Self((self.number() + 1) * 2 * Self::OPEN + Self::OPEN)
    }
}

impl Pool {
    /// Starts `n_threads - 1` workers; the caller of [`Self::run`] is the last thread.
    pub(crate) fn new(n_threads: usize) -> std::io::Result<Self> {
        assert!(
            (1..=MAX_THREADS).contains(&n_threads),
            "{n_threads} threads"
        );
        let crowded = n_threads > default_threads();
        let shared = Arc::new(Shared {
            gate: Apart(AtomicU64::new(0)),
            taken: (0..n_threads).map(|_| Apart(Taken::default())).collect(),
            job: Mutex::new(None),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            n_sleeping: AtomicUsize::new(0),
            caller_sleeps: AtomicBool::new(false),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
            done: Condvar::new(),
            n_spins: if crowded { SPINS_WHEN_CROWDED } else { SPINS },
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

    /// Runs `work` once on each item, each thread on its own stretch and then on what others have
    /// left: `(thread, item)`.
    pub(crate) fn for_each<T: Send>(&self, items: Vec<T>, work: impl Fn(usize, T) + Sync) {
        if items.len() == 1 || self.workers.is_empty() {
            items.into_iter().for_each(|item| work(0, item));
            return;
        }
        let slots: Vec<Mutex<Option<T>>> = items
            .into_iter()
            .map(|item| Mutex::new(Some(item)))
            .collect();
        self.for_parts(slots.len(), |thread, part| {
            let item = lock(&slots[part]).take();
            work(thread, item.expect("each part is taken once"));
        });
    }

    /// The same for each part `0..n_parts`: `(thread, part)`. Allocates nothing.
    pub(crate) fn for_parts(&self, n_parts: usize, work: impl Fn(usize, usize) + Sync) {
        if n_parts <= 1 || self.workers.is_empty() {
            (0..n_parts).for_each(|part| work(0, part));
            return;
        }
        self.run(n_parts, &work);
    }

    /// Runs `work` on each `chunk_len` of `data`, the last may be shorter: `(thread, chunk number,
    /// chunk)`. Allocates nothing.
    pub(crate) fn for_chunks<T: Send>(
        &self,
        data: &mut [T],
        chunk_len: usize,
        work: impl Fn(usize, usize, &mut [T]) + Sync,
    ) {
        assert!(chunk_len > 0, "chunks of nothing");
        let len = data.len();
        let base = Base(data.as_mut_ptr());
        self.for_parts(len.div_ceil(chunk_len), |thread, part| {
            let start = part * chunk_len;
            let n = chunk_len.min(len - start);
            // SAFETY: `part` is below the number of chunks, so `start` is inside `data`.
            let first = unsafe { base.get().add(start) };
            // SAFETY: `n` elements from `start` on are inside `data`, whose borrow lasts until
            // every part is done; each part runs once and no two parts overlap.
            let chunk = unsafe { std::slice::from_raw_parts_mut(first, n) };
            work(thread, part, chunk);
        });
    }

    /// Runs `work` for parts `0..n_parts` and returns when all are done.
    ///
    /// # Panics
    /// When a part panicked.
    fn run(&self, n_parts: usize, work: &Work<'_>) {
        let _turn = lock(&self.turn);
        // SAFETY: only the lifetime changes. Workers take the job only while they are counted at
        // the open gate; `close` closes it and waits until none is inside, and is reached on every
        // path because the caller's own share cannot unwind past it.
        let work: &'static Work<'static> = unsafe { std::mem::transmute(work) };
        let gate = self.shared.gate().next();
        let job = Job {
            work,
            n_parts,
            gate,
        };
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
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(lock(&self.shared.sleep));
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // a worker's panic was reported by the run that saw it
            let _ = worker.join();
        }
    }
}

/// Where a slice begins, for threads that take different parts of it.
struct Base<T>(*mut T);

// SAFETY: the pointer is used only to make disjoint parts of a slice of `Send` elements, each on one
// thread.
unsafe impl<T: Send> Sync for Base<T> {}

impl<T> Base<T> {
    fn get(&self) -> *mut T {
        self.0
    }
}

impl Shared {
    /// The gate as it is; sequentially consistent, so that either who is about to sleep sees a
    /// change, or who makes it sees the sleeper.
    fn gate(&self) -> Gate {
        Gate(self.gate.0.load(Ordering::SeqCst))
    }

    /// Lets workers in. The gate is closed and nobody inside.
    fn open(&self, job: Job) {
        *lock(&self.job) = Some(job);
        self.gate.0.store(job.gate.0, Ordering::SeqCst);
        if self.n_sleeping.load(Ordering::SeqCst) > 0 {
            // who counted itself and holds the lock has not looked at the gate yet, or sleeps
            drop(lock(&self.sleep));
            self.wake.notify_all();
        }
    }

    /// Lets nobody in any more and waits for the workers that are inside.
    fn close(&self) {
        self.gate.0.fetch_and(!Gate::OPEN, Ordering::SeqCst);
        if self.spin_until(|| self.gate().n_inside() == 0) {
            return;
        }
        let mut sleep = lock(&self.sleep);
        self.caller_sleeps.store(true, Ordering::SeqCst);
        while self.gate().n_inside() > 0 {
            sleep = wait(&self.done, sleep);
        }
        self.caller_sleeps.store(false, Ordering::SeqCst);
    }

    /// Takes the thread's own share, then what is left of the others'.
    fn take_parts(&self, job: Job, thread: usize) {
        let n_threads = self.taken.len();
        let first = |share: usize| share * job.n_parts / n_threads;
        for share in (thread..n_threads).chain(0..thread) {
            let (start, end) = (first(share), first(share + 1));
            while let Some(index) = self.taken[share].0.take(job.gate, end - start) {
                (job.work)(thread, start + index);
            }
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
            self.gate.0.fetch_sub(1, Ordering::SeqCst);
            if self.caller_sleeps.load(Ordering::SeqCst) {
                drop(lock(&self.sleep));
                self.done.notify_one();
            }
        }
    }

    /// Waits for work that this worker has not seen and enters it; `None` when the pool ends.
    fn next_job(&self, seen: &mut u64) -> Option<Job> {
        let is_new = |seen: u64| {
            let gate = self.gate();
            gate.is_open() && gate.number() != seen
        };
        let stops = || self.stop.load(Ordering::SeqCst);
        loop {
            if !self.spin_until(|| is_new(*seen)) {
                let mut sleep = lock(&self.sleep);
                self.n_sleeping.fetch_add(1, Ordering::SeqCst);
                while !is_new(*seen) && !stops() {
                    sleep = wait(&self.wake, sleep);
                }
                self.n_sleeping.fetch_sub(1, Ordering::SeqCst);
            }
            if stops() {
                return None;
            }
            let gate = self.gate();
            // fails when the work is closed meanwhile, or another worker enters or leaves
            if gate.is_open() && gate.number() != *seen && self.enter(gate) {
                *seen = gate.number();
                let job = *lock(&self.job);
                return Some(job.expect("set before the gate opens"));
            }
        }
    }

    fn enter(&self, gate: Gate) -> bool {
        let (old, new) = (gate.0, gate.0 + 1);
        let swap = self
            .gate
            .0
            .compare_exchange(old, new, Ordering::SeqCst, Ordering::Relaxed);
        swap.is_ok()
    }

    /// Looks at `condition` for a while; tells whether it came true.
    fn spin_until(&self, condition: impl Fn() -> bool) -> bool {
        (0..self.n_spins).any(|_| {
            let held = condition();
            if !held {
                std::hint::spin_loop();
            }
            held
        })
    }
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
    fn every_chunk_is_lent_once_and_whole() {
        for n_threads in [1, 2, 3, 8] {
            let pool = Pool::new(n_threads).unwrap();
            for (len, chunk_len) in [(0, 3), (1, 3), (3, 3), (100, 7), (64, 1), (10, 100)] {
                let mut cells = vec![0; len];
                pool.for_chunks(&mut cells, chunk_len, |_, number, chunk| {
                    for (i, cell) in chunk.iter_mut().enumerate() {
                        *cell += number * chunk_len + i + 1;
                    }
                });
                let expected: Vec<usize> = (1..=len).collect();
                assert_eq!(cells, expected, "{n_threads} threads, {len} by {chunk_len}");
            }
        }
    }

    #[test]
    fn workers_wake_from_sleep_and_a_caller_waits_for_a_slow_part() {
        let pool = Pool::new(3).unwrap();
        for pause in [0, 1, 5].map(std::time::Duration::from_millis) {
            // longer than anybody spins
            std::thread::sleep(pause);
            let all_in = std::sync::Barrier::new(3);
            let n_done = AtomicUsize::new(0);
            pool.for_parts(3, |_, part| {
                // only three threads at once get past this
                all_in.wait();
                if part == 2 {
                    std::thread::sleep(pause);
                }
                n_done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(n_done.into_inner(), 3);
        }
    }

    #[test]
    fn more_threads_than_cores_are_not_pathologically_slow() {
        let pool = Pool::new(MAX_THREADS.min(4 * default_threads())).unwrap();
        let begin = std::time::Instant::now();
        for _ in 0..500 {
            pool.for_parts(64, |_, part| {
                std::hint::black_box((0..500).fold(part, |a, b| a ^ b));
            });
        }
        // some 20 ms; a caller that waited for sleepers would take many times the bound
        assert!(begin.elapsed() < std::time::Duration::from_secs(5));
    }

    #[test]
    fn no_items_is_no_work() {
        Pool::new(2)
            .unwrap()
            .for_each(Vec::<u8>::new(), |_, _| unreachable!());
    }
}
