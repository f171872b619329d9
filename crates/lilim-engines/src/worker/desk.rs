//! Who is who: the models, sessions and running requests of a connection, and which thread a request
//! belongs to.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};

use crossbeam_channel::{Receiver, Sender, unbounded};
use lilim_api::{CancelToken, Engine, EngineError, LoadOptions, ModelFiles};

use super::outbox::Outbox;
use super::{Incoming, files_of, model};
use crate::wire::{Answer, Call, ModelRef, Request, WireError};

/// As much as a program's first thread has, on which engines are used in their own process.
const STACK_BYTES: usize = 8 << 20;

/// The names of embedded models.
type Embedded<'env> = &'env (dyn Fn(&str) -> Option<ModelFiles> + Sync);

pub(super) struct Desk<'env> {
    pub(super) engine: &'env dyn Engine,
    pub(super) out: &'env Outbox<'env>,
    embedded: Embedded<'env>,
    tables: Mutex<Tables>,
}

/// Work for a model's or a session's own thread.
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) call: Call,
    /// What may be asked of it while it runs.
    pub(super) words: Words,
}

/// What a client says about a request that runs.
#[derive(Default)]
pub(super) struct Words {
    pub(super) cancel: CancelToken,
    /// Credit as it comes; closed when nobody reads any more.
    pub(super) credit: Option<Receiver<u32>>,
}

#[derive(Default)]
struct Tables {
    /// Set at the end: nothing new is taken in.
    closed: bool,
    models: HashMap<u64, Sender<Job>>,
    sessions: HashMap<u64, Sender<Job>>,
    running: HashMap<u64, Running>,
}

struct Running {
    cancel: CancelToken,
    credit: Option<Sender<u32>>,
}

impl<'env> Desk<'env> {
    pub(super) fn new(
        engine: &'env dyn Engine,
        embedded: Embedded<'env>,
        out: &'env Outbox<'env>,
    ) -> Self {
        Self {
            engine,
            out,
            embedded,
            tables: Mutex::default(),
        }
    }

    /// Hands a request to its thread. Never waits for work.
    pub(super) fn take<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, 'env>,
        incoming: Incoming,
    ) {
        match incoming {
            Ok(request) => self.dispatch(scope, request),
            Err((id, error)) => self.refuse(id, &error),
        }
    }

    fn refuse(&self, id: u64, error: &WireError) {
        let error = self
            .out
            .failure(format!("cannot read request {id}: {error}"));
        self.out.send(id, Answer::Error { error });
    }

    fn dispatch<'scope>(&'scope self, scope: &'scope Scope<'scope, 'env>, request: Request) {
        let Request { id, call } = request;
        match call {
            Call::Credit { n } => self.credit(id, n),
            Call::Cancel {} => self.cancel(id),
            Call::Abandon {} => self.abandon(id),
            _ if self.is_taken(id) => {
                let error = self.out.failure(format!("the request id {id} is taken"));
                self.out.send(id, Answer::Error { error });
            }
            Call::Check { model } => {
                let work = move || self.out.answer(id, || self.check(model));
                self.start(scope, id, work);
            }
            Call::Estimate { model, options } => {
                let work = move || self.out.answer(id, || self.estimate(model, &options));
                self.start(scope, id, work);
            }
            Call::Load { model, options } => {
                let work = move || {
                    let load = || self.load(scope, id, (model, options));
                    self.out.answer(id, load);
                };
                self.start(scope, id, work);
            }
            // without its sender a thread ends after the jobs that it has
            Call::Unload { model } => {
                let job = self.job(id, call);
                let thread = self.tables().models.remove(&model);
                self.hand(thread, job, || format!("no model {model}"));
            }
            Call::Close { session } => {
                let job = self.job(id, call);
                let thread = self.tables().sessions.remove(&session);
                self.hand(thread, job, || format!("no session {session}"));
            }
            Call::Tokenize { model, .. }
            | Call::Detokenize { model, .. }
            | Call::RenderChat { model, .. }
            | Call::Open { model } => {
                let job = self.job(id, call);
                let thread = self.tables().models.get(&model).cloned();
                self.hand(thread, job, || format!("no model {model}"));
            }
            Call::Generate { session, .. }
            | Call::Stepper { session }
            | Call::Prefill { session, .. }
            | Call::Step { session, .. }
            | Call::Verify { session, .. }
            | Call::Logits { session }
            | Call::Verified { session, .. }
            | Call::Rewind { session, .. }
            | Call::Score { session, .. } => {
                let job = self.job(id, call);
                let thread = self.tables().sessions.get(&session).cloned();
                self.hand(thread, job, || format!("no session {session}"));
            }
            Call::Quit {} => unreachable!("the reader ends at it"),
        }
    }

    /// Starts a thread for one request.
    fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, 'env>,
        id: u64,
        work: impl FnOnce() + Send + 'scope,
    ) {
        if let Err(error) = spawn(scope, work) {
            self.out.send(id, Answer::Error { error });
        }
    }

    fn check(&self, model: ModelRef) -> Result<Answer, EngineError> {
        let info = self.engine.check(&files_of(model, self.embedded)?)?;
        Ok(Answer::Checked { info })
    }

    fn estimate(&self, model: ModelRef, options: &LoadOptions) -> Result<Answer, EngineError> {
        let files = files_of(model, self.embedded)?;
        let memory = self.engine.estimate(&files, options)?;
        Ok(Answer::Estimated { memory })
    }

    fn load<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, 'env>,
        id: u64,
        (model, options): (ModelRef, LoadOptions),
    ) -> Result<Answer, EngineError> {
        let files = files_of(model, self.embedded)?;
        let mut progress = |progress| self.out.send(id, Answer::Progress(progress));
        let loaded = self.engine.load(&files, &options, &mut progress)?;
        let answer = Answer::Loaded {
            info: loaded.info().clone(),
            context: loaded.context(),
            device: loaded.device(),
        };
        if let Some(jobs) = self.enter(|tables| &mut tables.models, id) {
            spawn(scope, move || model::run(self, scope, loaded, &jobs))?;
        }
        Ok(answer)
    }

    /// Opens the mailbox of a model's or session's thread; `None` when all is about to end.
    fn enter(
        &self,
        table: fn(&mut Tables) -> &mut HashMap<u64, Sender<Job>>,
        id: u64,
    ) -> Option<Receiver<Job>> {
        let mut tables = self.tables();
        if tables.closed {
            return None;
        }
        let (sender, jobs) = unbounded();
        table(&mut tables).insert(id, sender);
        Some(jobs)
    }

    pub(super) fn enter_session(&self, id: u64) -> Option<Receiver<Job>> {
        self.enter(|tables| &mut tables.sessions, id)
    }

    /// Makes a job of a request, and notes it where words about it may come.
    fn job(&self, id: u64, call: Call) -> Job {
        let mut words = Words::default();
        let credits = match &call {
            Call::Generate { credits, .. } | Call::Score { credits, .. } => Some(*credits),
            Call::Prefill { .. } => None,
            _ => return Job { id, call, words },
        };
        let cancel = words.cancel.clone();
        let credit = credits.map(|n| {
            let (sender, receiver) = unbounded();
            words.credit = Some(receiver);
            sender.send(n).expect("its receiver was just made");
            sender
        });
        self.tables().running.insert(id, Running { cancel, credit });
        Job { id, call, words }
    }

    fn hand(&self, thread: Option<Sender<Job>>, job: Job, missing: impl FnOnce() -> String) {
        let id = job.id;
        if thread.is_none_or(|thread| thread.send(job).is_err()) {
            self.finish(id);
            let error = self.out.failure(missing());
            self.out.send(id, Answer::Error { error });
        }
    }

    /// Forgets a request that ended.
    pub(super) fn finish(&self, id: u64) {
        self.tables().running.remove(&id);
    }

    fn credit(&self, id: u64, n: u32) {
        // what ended meanwhile needs none
        if let Some(credit) = self
            .tables()
            .running
            .get(&id)
            .and_then(|one| one.credit.as_ref())
        {
            let _ended = credit.send(n);
        }
    }

    fn cancel(&self, id: u64) {
        let token = self.tables().running.get(&id).map(|one| one.cancel.clone());
        if let Some(token) = token {
            token.cancel();
        }
    }

    fn abandon(&self, id: u64) {
        self.cancel(id);
        if let Some(running) = self.tables().running.get_mut(&id) {
            running.credit = None;
        }
    }

    fn is_taken(&self, id: u64) -> bool {
        let tables = self.tables();
        id == 0
            || tables.models.contains_key(&id)
            || tables.sessions.contains_key(&id)
            || tables.running.contains_key(&id)
    }

    /// Whether nothing is to be begun any more.
    pub(super) fn is_closed(&self) -> bool {
        self.tables().closed
    }

    /// Cancels everything and lets every thread end.
    pub(super) fn close(&self) {
        let tables = {
            let mut tables = self.tables();
            let closed = Tables {
                closed: true,
                ..Tables::default()
            };
            std::mem::replace(&mut *tables, closed)
        };
        for running in tables.running.into_values() {
            running.cancel.cancel();
        }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a thread; that there is none to be had is an error of the request alone.
pub(super) fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() + Send + 'scope,
) -> Result<(), EngineError> {
    let thread = Builder::new()
        .name("lilim-worker".to_owned())
        .stack_size(STACK_BYTES)
        .spawn_scoped(scope, work);
    match thread {
        Ok(_joined_by_the_scope) => Ok(()),
        Err(error) => Err(EngineError::System {
            what: "a thread of the worker".to_owned(),
            reason: error.to_string(),
        }),
    }
}
