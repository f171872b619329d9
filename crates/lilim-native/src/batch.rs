//! Sessions of one model that compute at the same time share passes, so that the weights are read
//! once for all of them.
//!
//! There is no thread for it. A session's own thread brings its next positions as a job; if no pass
//! runs, it becomes the leader: it gathers the jobs that wait, computes them all, and hands them
//! back. Who finds a pass running waits for it; the next leader is one of those whose jobs are left
//! or arrive. A session alone never waits.
//!
//! After a pass its members sample, all at about the same time, so the next leader waits for them to
//! come back, for a small share of a pass at most. Who takes longer (its reader parks it) holds the
//! others up once and is not waited for again; who has ended says so.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use lilim_api::{CancelToken, TokenId};

use crate::estimate::OutOfMemory;
use crate::threads::{lock, wait};
use crate::timeline::{Limits, Network, Run, Timeline};

/// The share of the last pass's time that a leader waits for its members.
const GATHER_SHARE: u32 = 8;

/// What a leader may wait even when passes are shorter: about what sampling takes.
const MIN_GATHER: Duration = Duration::from_micros(100);

/// Jobs of at most so many positions are steps, which others wait for word by word.
const STEP_ROWS: usize = 16;

/// Positions of prompts computed beside steps: few, so that the steps need not wait long.
const PROMPT_ROWS_BESIDE_STEPS: usize = 64;

/// A network and what its sequences share.
pub(crate) struct Batcher<N: Network> {
    network: N,
    limits: Limits,
    state: Mutex<State<N>>,
    /// Tells a gathering leader of a new job.
    arrived: Condvar,
    /// Tells all others of the end of a pass.
    ended: Condvar,
}

struct State<N: Network> {
    /// With the leader while there is one.
    workspace: Option<Workspace<N>>,
    /// Oldest first.
    waiting: Vec<Job<N>>,
    done: Vec<Job<N>>,
    last: LastPass,
    n_members: u64,
}

struct Workspace<N: Network> {
    buffers: N::Buffers,
    /// `[n, vocab_size]`
    logits: Vec<f32>,
}

struct LastPass {
    members: Vec<u64>,
    /// Until when it is worth waiting for them.
    gather_until: Instant,
}

/// Positions that a member wants computed.
struct Job<N: Network> {
    member: u64,
    memory: N::Memory,
    ids: Vec<TokenId>,
    /// How many of them are computed.
    n_done: usize,
    /// Logits after the last ids: `[n, vocab_size]`.
    logits: Vec<f32>,
    cancel: CancelToken,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Unfinished,
    Computed,
    Cancelled,
    /// The pass panicked, and what became of the memory is not known.
    Lost,
}

/// One sequence of a batcher.
pub(crate) struct Member<N: Network> {
    batcher: Arc<Batcher<N>>,
    /// Away only while it is computed.
    job: Option<Job<N>>,
}

impl<N: Network> Batcher<N> {
    pub(crate) fn new(network: N, limits: Limits) -> Result<Self, OutOfMemory> {
        let workspace = Workspace {
            buffers: network.buffers(limits.pass_rows())?,
            logits: Vec::new(),
        };
        let last = LastPass {
            members: Vec::new(),
            gather_until: Instant::now(),
        };
        Ok(Self {
            network,
            limits,
            state: Mutex::new(State {
                workspace: Some(workspace),
                waiting: Vec::new(),
                done: Vec::new(),
                last,
                n_members: 0,
            }),
            arrived: Condvar::new(),
            ended: Condvar::new(),
        })
    }

    /// Starts an empty sequence.
    pub(crate) fn member(self: &Arc<Self>) -> Result<Member<N>, OutOfMemory> {
        let memory = self.network.memory(self.limits)?;
        let mut state = lock(&self.state);
        state.n_members += 1;
        let job = Job {
            member: state.n_members,
            memory,
            ids: Vec::new(),
            n_done: 0,
            logits: Vec::new(),
            cancel: CancelToken::new(),
            outcome: Outcome::Unfinished,
        };
        drop(state);
        Ok(Member {
            batcher: Arc::clone(self),
            job: Some(job),
        })
    }

    pub(crate) fn vocab_size(&self) -> usize {
        self.network.vocab_size()
    }

    /// Has a job computed, by this thread or another.
    fn compute(&self, job: Job<N>) -> Job<N> {
        let member = job.member;
        let mut state = lock(&self.state);
        state.waiting.push(job);
        self.arrived.notify_one();
        loop {
            if let Some(index) = state.done.iter().position(|job| job.member == member) {
                return state.done.swap_remove(index);
            }
            state = match state.workspace.take() {
                Some(workspace) => self.lead(state, workspace),
                None => wait(&self.ended, state),
            };
        }
    }

    /// Computes one pass of what waits.
    fn lead<'a>(
        &'a self,
        state: MutexGuard<'a, State<N>>,
        mut workspace: Workspace<N>,
    ) -> MutexGuard<'a, State<N>> {
        let mut state = self.gather(state);
        let mut jobs = state.choose(self.limits.pass_rows());
        drop(state);
        let begin = Instant::now();
        let pass = std::panic::AssertUnwindSafe(|| self.pass(&mut jobs, &mut workspace));
        let panic = std::panic::catch_unwind(pass).err();
        if panic.is_some() {
            jobs.iter_mut()
                .for_each(|(job, _)| job.outcome = Outcome::Lost);
        }
        let now = Instant::now();
        let gather = ((now - begin) / GATHER_SHARE).max(MIN_GATHER);
        let mut state = lock(&self.state);
        state.last = LastPass {
            members: jobs.iter().map(|(job, _)| job.member).collect(),
            gather_until: now + gather,
        };
        // unfinished ones are older than those who came meanwhile
        for (job, _) in jobs.into_iter().rev() {
            match job.outcome {
                Outcome::Unfinished => state.waiting.insert(0, job),
                _ => state.done.push(job),
            }
        }
        state.workspace = Some(workspace);
        self.ended.notify_all();
        if let Some(panic) = panic {
            drop(state);
            std::panic::resume_unwind(panic);
        }
        state
    }

    /// Waits for the members of the last pass to come back, not for long.
    fn gather<'a>(&self, mut state: MutexGuard<'a, State<N>>) -> MutexGuard<'a, State<N>> {
        while !state.all_are_back() {
            let left = state
                .last
                .gather_until
                .saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = match self.arrived.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        state
    }

    /// Computes so many of each job's positions.
    fn pass(&self, jobs: &mut [(Job<N>, usize)], workspace: &mut Workspace<N>) {
        let vocab_size = self.network.vocab_size();
        let cancels: Vec<CancelToken> = jobs.iter().map(|(job, _)| job.cancel.clone()).collect();
        let mut runs: Vec<Run<'_, N::Memory>> = jobs
            .iter_mut()
            .map(|(job, n)| Run {
                memory: &mut job.memory,
                ids: &job.ids[job.n_done..job.n_done + *n],
            })
            .collect();
        // one that others share is finished for them
        let stop = || cancels.iter().all(CancelToken::is_cancelled);
        if !self
            .network
            .forward(&mut runs, &mut workspace.buffers, &stop)
        {
            jobs.iter_mut()
                .for_each(|(job, _)| job.outcome = Outcome::Cancelled);
            return;
        }
        let mut rows = Vec::new();
        let mut wanted = Vec::new();
        let mut end = 0;
        for (job, n) in jobs {
            end += *n;
            job.n_done += *n;
            if job.n_left() == 0 {
                job.outcome = Outcome::Computed;
            }
            let logits = job.logits_of_last(*n, vocab_size);
            if !logits.is_empty() {
                rows.extend(end - logits.len() / vocab_size..end);
                wanted.push(logits);
            }
        }
        self.logits(&rows, &mut wanted, workspace);
    }

    /// Computes the logits of these rows into their places, which hold one or more of them each.
    fn logits(&self, rows: &[usize], places: &mut [&mut [f32]], workspace: &mut Workspace<N>) {
        let Workspace { buffers, logits } = workspace;
        match places {
            [] => {}
            [place] => self.network.logits(rows, buffers, place),
            places => {
                logits.resize(rows.len() * self.network.vocab_size(), 0.0);
                self.network.logits(rows, buffers, logits);
                let mut rest = &logits[..];
                for place in places {
                    let (own, after) = rest.split_at(place.len());
                    place.copy_from_slice(own);
                    rest = after;
                }
            }
        }
    }
}

impl<N: Network> State<N> {
    /// Whether every member of the last pass has a job here again.
    fn all_are_back(&self) -> bool {
        let is_back = |member: &u64| self.waiting.iter().any(|job| job.member == *member);
        self.last.members.iter().all(is_back)
    }

    /// Takes what the next pass computes: the steps, then of prompts, oldest first, what fits.
    fn choose(&mut self, n_rows: usize) -> Vec<(Job<N>, usize)> {
        let mut room = n_rows;
        let mut chosen = vec![0; self.waiting.len()];
        for (job, chosen) in self.waiting.iter().zip(&mut chosen) {
            if job.n_left() <= STEP_ROWS.min(room) {
                *chosen = job.n_left();
                room -= *chosen;
            }
        }
        if room < n_rows {
            room = room.min(PROMPT_ROWS_BESIDE_STEPS);
        }
        for (job, chosen) in self.waiting.iter().zip(&mut chosen) {
            if *chosen == 0 {
                *chosen = job.n_left().min(room);
                room -= *chosen;
            }
        }
        let all = std::mem::take(&mut self.waiting).into_iter().zip(chosen);
        let (chosen, left): (Vec<_>, Vec<_>) = all.partition(|&(_, n)| n > 0);
        self.waiting = left.into_iter().map(|(job, _)| job).collect();
        chosen
    }
}

impl<N: Network> Job<N> {
    fn n_left(&self) -> usize {
        self.ids.len() - self.n_done
    }

    /// The place of the logits that were asked for of the last `n` positions done: those after the
    /// last of these, since rows are asked for at the end.
    fn logits_of_last(&mut self, n: usize, vocab_size: usize) -> &mut [f32] {
        let n_logits = self.logits.len() / vocab_size;
        let end = n_logits.saturating_sub(self.n_left());
        let start = end - end.min(n);
        &mut self.logits[start * vocab_size..end * vocab_size]
    }
}

impl<N: Network> Timeline for Member<N> {
    fn forward(&mut self, ids: &[TokenId], logits: &mut Vec<f32>, cancel: &CancelToken) -> bool {
        let mut job = self.job.take().expect("no pass of this sequence panicked");
        job.ids.clear();
        job.ids.extend_from_slice(ids);
        job.n_done = 0;
        job.cancel = cancel.clone();
        job.outcome = Outcome::Unfinished;
        std::mem::swap(&mut job.logits, logits);
        let mut job = self.batcher.compute(job);
        std::mem::swap(&mut job.logits, logits);
        let outcome = job.outcome;
        assert_ne!(
            outcome,
            Outcome::Lost,
            "the pass that computed this sequence panicked"
        );
        self.job = Some(job);
        outcome == Outcome::Computed
    }

    fn pause(&self) {
        let Some(job) = &self.job else { return };
        let mut state = lock(&self.batcher.state);
        state.last.members.retain(|&member| member != job.member);
        drop(state);
        self.batcher.arrived.notify_one();
    }

    fn rewinds(&self) -> bool {
        N::REWINDS
    }

    fn has_mates(&self) -> bool {
        let own = self.job.as_ref().map(|job| job.member);
        let state = lock(&self.batcher.state);
        let members = &state.last.members;
        members.len() > 1 && members.iter().any(|&member| Some(member) == own)
    }

    fn rewind(&mut self, keep: usize) -> usize {
        let job = self
            .job
            .as_mut()
            .expect("no pass of this sequence panicked");
        N::rewind(&mut job.memory, keep)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use lilim_api::KvType;

    use super::*;

    const VOCAB_SIZE: usize = 2;

    /// Remembers its tokens; their sum is every logit. Each pass is told and waits to be let go.
    struct Fake {
        begun: Sender<Vec<usize>>,
        go: Mutex<Receiver<()>>,
    }

    /// The test's ends of a fake's channels.
    struct Ends {
        begun: Receiver<Vec<usize>>,
        go: Sender<()>,
    }

    impl Network for Fake {
        const REWINDS: bool = true;
        type Memory = Vec<TokenId>;
        /// The sum after each row.
        type Buffers = Vec<u32>;

        fn vocab_size(&self) -> usize {
            VOCAB_SIZE
        }

        fn memory(&self, _limits: Limits) -> Result<Vec<TokenId>, OutOfMemory> {
            Ok(Vec::new())
        }

        fn buffers(&self, _n_rows: usize) -> Result<Vec<u32>, OutOfMemory> {
            Ok(Vec::new())
        }

        fn forward(
            &self,
            runs: &mut [Run<'_, Vec<TokenId>>],
            buffers: &mut Vec<u32>,
            stop: &dyn Fn() -> bool,
        ) -> bool {
            let n_rows = runs.iter().map(|run| run.ids.len()).collect();
            self.begun.send(n_rows).unwrap();
            lock(&self.go).recv().unwrap();
            if stop() {
                return false;
            }
            buffers.clear();
            for run in runs {
                for &id in run.ids {
                    assert_ne!(id, 666, "a bad token");
                    run.memory.push(id);
                    buffers.push(run.memory.iter().sum());
                }
            }
            true
        }

        fn logits(&self, rows: &[usize], buffers: &mut Vec<u32>, out: &mut [f32]) {
            for (out, &row) in out.chunks_exact_mut(VOCAB_SIZE).zip(rows) {
                out.fill(buffers[row] as f32);
            }
        }

        fn rewind(memory: &mut Vec<TokenId>, keep: usize) -> usize {
            memory.truncate(keep);
            memory.len()
        }
    }

    fn batcher() -> (Arc<Batcher<Fake>>, Ends) {
        let (begun, told) = channel();
        let (go, waits) = channel();
        let fake = Fake {
            begun,
            go: Mutex::new(waits),
        };
        let limits = Limits {
            context: 1000,
            chunk: 200,
            kv_type: KvType::F32,
        };
        let ends = Ends { begun: told, go };
        (Arc::new(Batcher::new(fake, limits).unwrap()), ends)
    }

    /// Computes on a thread of its own; the logits, if it was computed.
    fn spawn(
        batcher: &Arc<Batcher<Fake>>,
        ids: Vec<TokenId>,
        n_logits: usize,
    ) -> std::thread::JoinHandle<Option<Vec<f32>>> {
        let mut member = batcher.member().unwrap();
        std::thread::spawn(move || {
            let mut logits = vec![0.0; n_logits * VOCAB_SIZE];
            member
                .forward(&ids, &mut logits, &CancelToken::new())
                .then_some(logits)
        })
    }

    fn wait_for_jobs(batcher: &Batcher<Fake>, n: usize) {
        while lock(&batcher.state).waiting.len() < n {
            std::thread::yield_now();
        }
    }

    #[test]
    fn jobs_that_come_during_a_pass_share_the_next() {
        let (batcher, ends) = batcher();
        let first = spawn(&batcher, vec![1], 1);
        assert_eq!(ends.begun.recv(), Ok(vec![1]));
        let mut later = Vec::new();
        for i in 2..6 {
            later.push(spawn(&batcher, vec![10, i], 2));
            wait_for_jobs(&batcher, later.len());
        }
        ends.go.send(()).unwrap();
        assert_eq!(first.join().unwrap(), Some(vec![1.0; 2]));
        assert_eq!(ends.begun.recv(), Ok(vec![2; 4]));
        ends.go.send(()).unwrap();
        for (i, later) in (2..6).zip(later) {
            let sum = 10.0 + i as f32;
            assert_eq!(later.join().unwrap(), Some(vec![10.0, 10.0, sum, sum]));
        }
    }

    #[test]
    fn a_prompt_goes_in_pieces_beside_steps_and_gets_its_logits_whole() {
        let (batcher, ends) = batcher();
        let first = spawn(&batcher, vec![1], 0);
        assert_eq!(ends.begun.recv(), Ok(vec![1]));
        let prompt = spawn(&batcher, vec![1; 150], 100);
        wait_for_jobs(&batcher, 1);
        let step = spawn(&batcher, vec![5], 1);
        wait_for_jobs(&batcher, 2);
        ends.go.send(()).unwrap();
        assert_eq!(ends.begun.recv(), Ok(vec![64, 1]));
        ends.go.send(()).unwrap();
        assert_eq!(step.join().unwrap(), Some(vec![5.0; 2]));
        assert_eq!(ends.begun.recv(), Ok(vec![86]), "nothing beside it");
        ends.go.send(()).unwrap();
        let sums = (51..=150).flat_map(|sum| [sum as f32; VOCAB_SIZE]);
        assert_eq!(prompt.join().unwrap(), Some(sums.collect()));
        assert_eq!(first.join().unwrap(), Some(vec![]));
    }

    #[test]
    fn prompts_fill_a_pass_in_the_order_they_came() {
        let (batcher, ends) = batcher();
        let mut all = vec![spawn(&batcher, vec![1], 1)];
        assert_eq!(ends.begun.recv(), Ok(vec![1]));
        for n in 0..3 {
            all.push(spawn(&batcher, vec![1; 90], 1));
            wait_for_jobs(&batcher, n + 1);
        }
        for pass in [vec![90, 90, 20], vec![70]] {
            ends.go.send(()).unwrap();
            assert_eq!(ends.begun.recv(), Ok(pass));
        }
        ends.go.send(()).unwrap();
        for thread in all {
            assert!(thread.join().unwrap().is_some());
        }
    }

    #[test]
    fn who_pauses_is_not_waited_for() {
        let (batcher, ends) = batcher();
        let mut members = [0, 1].map(|_| batcher.member().unwrap());
        for member in &mut members {
            ends.go.send(()).unwrap();
            assert!(member.forward(&[1], &mut Vec::new(), &CancelToken::new()));
            assert!(!lock(&batcher.state).all_are_back());
            member.pause();
            assert!(lock(&batcher.state).all_are_back());
        }
    }

    #[test]
    fn a_panic_reaches_all_who_shared_the_pass_and_nobody_else() {
        let (batcher, ends) = batcher();
        let first = spawn(&batcher, vec![1], 1);
        assert_eq!(ends.begun.recv(), Ok(vec![1]));
        let bad = spawn(&batcher, vec![666], 1);
        let mate = spawn(&batcher, vec![3], 1);
        wait_for_jobs(&batcher, 2);
        ends.go.send(()).unwrap();
        assert_eq!(ends.begun.recv(), Ok(vec![1, 1]));
        ends.go.send(()).unwrap();
        assert!(first.join().unwrap().is_some());
        assert!(bad.join().is_err());
        assert!(mate.join().is_err());
        let next = spawn(&batcher, vec![4], 1);
        assert_eq!(ends.begun.recv(), Ok(vec![1]));
        ends.go.send(()).unwrap();
        assert_eq!(next.join().unwrap(), Some(vec![4.0; 2]));
    }

    #[test]
    fn a_pass_ends_early_only_when_all_have_cancelled() {
        for (cancelled, computed) in [([true, true], false), ([true, false], true)] {
            let (batcher, ends) = batcher();
            let first = spawn(&batcher, vec![1], 1);
            assert_eq!(ends.begun.recv(), Ok(vec![1]));
            let cancels = [CancelToken::new(), CancelToken::new()];
            let threads = cancels.clone().map(|cancel| {
                let mut member = batcher.member().unwrap();
                std::thread::spawn(move || {
                    let done = member.forward(&[7], &mut Vec::new(), &cancel);
                    assert_eq!(member.rewind(9), usize::from(done));
                    done
                })
            });
            wait_for_jobs(&batcher, 2);
            ends.go.send(()).unwrap();
            assert_eq!(ends.begun.recv(), Ok(vec![1, 1]));
            for (cancel, &cancelled) in cancels.iter().zip(&cancelled) {
                if cancelled {
                    cancel.cancel();
                }
            }
            ends.go.send(()).unwrap();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), computed);
            }
            assert!(first.join().unwrap().is_some());
        }
    }
}
