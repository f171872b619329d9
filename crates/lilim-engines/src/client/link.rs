//! The connection to a worker: writing requests, who waits for which reply, and its end.

use std::collections::HashMap;
use std::fmt;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use lilim_api::EngineError;

use super::calls::{Pending, PendingRequest};
use super::process::Process;
use super::reader;
use crate::wire::{Answer, Call, Encoding, Hello, Request, frame};

/// How long a worker may take to say hello: a worker in another language may have a lot to import.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(60);

/// How long dropping a model or a session waits for its memory to be given back.
const DROP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long closing waits for somebody who writes into a pipe that nobody empties.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The connection, held by all that use it; its end is the worker's.
pub(super) struct Link {
    shared: Arc<Shared>,
    hello: Hello,
}

/// What the reading thread and cancelled tokens know, which do not keep the worker alive.
pub(super) struct Shared {
    next_id: AtomicU64,
    /// Known from the hello.
    encoding: OnceLock<Encoding>,
    writer: Mutex<Option<Box<dyn Write + Send>>>,
    table: Mutex<Table>,
    pub(super) process: Option<Process>,
    /// The worker's name in errors.
    name: OnceLock<String>,
}

#[derive(Default)]
pub(super) struct Table {
    pub(super) pending: HashMap<u64, Pending>,
    /// Why there is no worker any more.
    dead: Option<EngineError>,
}

impl Link {
    /// Starts to read, and waits for the hello.
    pub(super) fn open(
        reader: Box<dyn Read + Send>,
        writer: Box<dyn Write + Send>,
        process: Option<Process>,
    ) -> Result<Arc<Self>, EngineError> {
        let shared = Arc::new(Shared {
            next_id: AtomicU64::new(1),
            encoding: OnceLock::new(),
            writer: Mutex::new(Some(writer)),
            table: Mutex::default(),
            process,
            name: OnceLock::new(),
        });
        let (greet, greeting) = bounded(1);
        let for_reader = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("lilim-replies".to_owned())
            .spawn(move || reader::read(&for_reader, reader, &greet));
        let hello = match thread {
            Ok(_ends_with_the_worker) => {
                greeting.recv_timeout(HELLO_TIMEOUT).unwrap_or_else(|_| {
                    let seconds = HELLO_TIMEOUT.as_secs();
                    Err(shared.error(format!("it said no hello within {seconds} s")))
                })
            }
            Err(error) => Err(EngineError::System {
                what: "the thread that reads a worker's replies".to_owned(),
                reason: error.to_string(),
            }),
        };
        match hello {
            Ok(hello) => Ok(Arc::new(Self { shared, hello })),
            Err(error) => {
                shared.close();
                if let Some(process) = &shared.process {
                    process.kill();
                }
                Err(error)
            }
        }
    }

    pub(super) fn hello(&self) -> &Hello {
        &self.hello
    }

    pub(super) fn process(&self) -> Option<&Process> {
        self.shared.process.as_ref()
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Asks and waits for the last answer.
    pub(super) fn call(&self, call: Call) -> Result<Answer, EngineError> {
        self.ask(call)?.wait(&mut |_| {})
    }

    /// Asks; the answers come through what is returned.
    pub(super) fn ask(&self, call: Call) -> Result<PendingRequest, EngineError> {
        let id = self.shared.new_id();
        let (pending, request) = PendingRequest::new(id, &call);
        self.shared.begin(id, pending, call)?;
        Ok(request)
    }

    /// Tells the worker to give something back, and waits until it has, but not for ever.
    pub(super) fn give_back(&self, call: Call) {
        let name = call.name();
        if let Ok(request) = self.ask(call)
            && !request.wait_at_most(DROP_TIMEOUT)
        {
            tracing::warn!(worker = self.hello.pid, "no answer to `{name}`");
        }
    }

    /// An error of the worker.
    pub(super) fn error(&self, reason: String) -> EngineError {
        self.shared.error(reason)
    }

    /// An answer that does not belong to its call.
    pub(super) fn unexpected(&self, call: &str, answer: &Answer) -> EngineError {
        self.error(format!("it answered `{}` to `{call}`", answer.name()))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("hello", &self.hello)
            .finish_non_exhaustive()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.close();
        if let Some(process) = &self.shared.process {
            process.end();
        }
    }
}

impl Shared {
    pub(super) fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether a request of this id was ever made.
    pub(super) fn was_asked(&self, id: u64) -> bool {
        (1..self.next_id.load(Ordering::Relaxed)).contains(&id)
    }

    /// Notes who waits for a request's answers, then sends it.
    pub(super) fn begin(&self, id: u64, pending: Pending, call: Call) -> Result<(), EngineError> {
        {
            let mut table = self.table();
            if let Some(dead) = &table.dead {
                return Err(dead.clone());
            }
            table.pending.insert(id, pending);
        }
        self.send(id, call).inspect_err(|_| {
            self.table().pending.remove(&id);
        })
    }

    /// Sends one request.
    pub(super) fn send(&self, id: u64, call: Call) -> Result<(), EngineError> {
        let name = call.name();
        let encoding = *self
            .encoding
            .get()
            .expect("nothing is asked before the hello");
        let bytes = frame(&Request { id, call }, encoding)
            .map_err(|error| self.error(format!("the request `{name}`: {error}")))?;
        let done = match &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(writer) => writer.write_all(&bytes).and_then(|()| writer.flush()),
            None => return Err(self.error("the connection is closed".to_owned())),
        };
        done.map_err(|error| self.gone(&error))
    }

    /// Lets the worker send so many more events or rows, if it still has any to send.
    pub(super) fn credit(&self, id: u64, n: u32) {
        match self.table().pending.get_mut(&id) {
            Some(pending) => *pending.credits() += n,
            None => return,
        }
        // a worker that is gone needs none
        let _gone = self.send(id, Call::Credit { n });
    }

    /// Why a request could not be written: mostly because the worker died, of which the reading
    /// thread knows more.
    fn gone(&self, error: &std::io::Error) -> EngineError {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        while Instant::now() < deadline {
            if let Some(dead) = &self.table().dead {
                return dead.clone();
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.error(format!("nothing can be sent to it: {error}"))
    }

    /// Closes the worker's input. Somebody who writes at this moment is waited for, but not for ever:
    /// he is freed when the process is killed.
    fn close(&self) {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        loop {
            match self.writer.try_lock() {
                Ok(mut writer) => return drop(writer.take()),
                Err(TryLockError::Poisoned(writer)) => return drop(writer.into_inner().take()),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(TryLockError::WouldBlock) => {
                    if let Some(process) = &self.process {
                        process.kill();
                    }
                    return;
                }
            }
        }
    }

    /// Notes what the hello says.
    pub(super) fn greet(&self, hello: &Hello) {
        let _first_of_all = self.encoding.set(hello.encoding);
        let _first_of_all = self
            .name
            .set(format!("{} (process {})", hello.engine, hello.pid));
    }

    /// The worker is gone: everybody who waits is told why, and whoever asks later.
    pub(super) fn die(&self, error: &EngineError) {
        let pending = {
            let mut table = self.table();
            table.dead = Some(error.clone());
            std::mem::take(&mut table.pending)
        };
        for (_, pending) in pending {
            pending.fail(error);
        }
    }

    pub(super) fn error(&self, reason: String) -> EngineError {
        let worker = match (self.name.get(), &self.process) {
            (Some(name), _) => name.clone(),
            (None, Some(process)) => format!("process {}", process.pid()),
            (None, None) => "that is connected".to_owned(),
        };
        EngineError::Worker { worker, reason }
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
