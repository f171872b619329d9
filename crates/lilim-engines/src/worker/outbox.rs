//! Where replies leave: one writer that many threads share, a whole frame at a time.

use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use lilim_api::EngineError;

use crate::wire::{Answer, Encoding, Reply, WireError, frame};

pub(super) struct Outbox<'a> {
    writer: Mutex<Writer<'a>>,
    encoding: Encoding,
    /// What event times count from.
    hello_at: Instant,
    /// For messages about the worker itself.
    name: String,
}

struct Writer<'a> {
    bytes: &'a mut (dyn Write + Send),
    failed: Option<WireError>,
}

impl<'a> Outbox<'a> {
    pub(super) fn new(
        writer: &'a mut (dyn Write + Send),
        encoding: Encoding,
        engine: &str,
    ) -> Self {
        let failed = None;
        Self {
            writer: Mutex::new(Writer {
                bytes: writer,
                failed,
            }),
            encoding,
            hello_at: Instant::now(),
            name: format!("{engine} (process {})", std::process::id()),
        }
    }

    /// Sends a reply. What cannot be encoded is told instead; a writer that fails has lost its
    /// reader, and so will the input soon.
    pub(super) fn send(&self, id: u64, reply: Answer) {
        let name = reply.name();
        let bytes = match frame(&Reply { id, reply }, self.encoding) {
            Ok(bytes) => bytes,
            Err(error) => {
                let error = self.failure(format!("its answer `{name}`: {error}"));
                let reply = Answer::Error { error };
                let told = frame(&Reply { id, reply }, self.encoding);
                told.expect("text can be encoded")
            }
        };
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.failed.is_some() {
            return;
        }
        let done = writer.bytes.write_all(&bytes);
        if let Err(error) = done.and_then(|()| writer.bytes.flush()) {
            writer.failed = Some(WireError::Write(error));
        }
    }

    /// What went wrong with writing, if anything.
    pub(super) fn end(&self) -> Result<(), WireError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.failed.take().map_or(Ok(()), Err)
    }

    /// Nanoseconds from the hello to a moment.
    pub(super) fn since_hello(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.hello_at);
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Does the work of a request and sends what it gives; an engine that panics is an error of this
    /// request alone.
    pub(super) fn answer(&self, id: u64, work: impl FnOnce() -> Result<Answer, EngineError>) {
        let reply = self
            .guard(work)
            .unwrap_or_else(|error| Answer::Error { error });
        self.send(id, reply);
    }

    /// Does what an engine does; a panic is an error.
    pub(super) fn guard<T>(
        &self,
        work: impl FnOnce() -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        // what a panic leaves half done is the engine's, which is asked again at its own risk
        catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|panic| Err(self.failure(format!("panicked: {}", text_of(&*panic)))))
    }

    /// An error of the worker itself.
    pub(super) fn failure(&self, reason: String) -> EngineError {
        EngineError::Worker {
            worker: self.name.clone(),
            reason,
        }
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
