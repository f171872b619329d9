//! The worker's side: answers requests for any engine until its input ends.
//!
//! The calling thread reads requests and hands each to the thread whose it is: one for each loaded
//! model, one for each session, one for each generation's events; checking and loading get a thread
//! of their own. So nothing that one client's call waits for keeps another from being heard.

mod desk;
mod generation;
mod model;
mod outbox;
mod session;

use std::io::{BufReader, Read, Write};
use std::thread;

use lilim_api::{Engine, EngineError, ModelFiles};
use serde::Deserialize;

use crate::wire::{
    Answer, CONNECTION_ID, Call, Encoding, Hello, ModelRef, PROTOCOL_VERSION, Request, WireError,
    decode, read_frame,
};
use desk::Desk;
use outbox::Outbox;

/// What a worker is told before it starts.
#[derive(Clone, Copy)]
pub struct ServeOptions<'a> {
    /// How its payloads are written.
    pub encoding: Encoding,
    /// The models that are part of its program, by name.
    pub embedded: &'a (dyn Fn(&str) -> Option<ModelFiles> + Sync),
}

/// Bytes read from the input at once.
const READ_BUFFER_BYTES: usize = 64 << 10;

/// Answers requests until the input ends or a client says quit, then cancels what runs, waits for it
/// and returns. Nothing but frames is written.
///
/// # Errors
/// Input that is no frame or no message, after telling the client; output that cannot be written.
pub fn serve(
    engine: &dyn Engine,
    options: ServeOptions<'_>,
    reader: impl Read,
    mut writer: impl Write + Send,
) -> Result<(), WireError> {
    let out = Outbox::new(&mut writer, options.encoding, engine.name());
    out.send(
        CONNECTION_ID,
        Answer::Hello(hello(engine, options.encoding)),
    );
    let desk = Desk::new(engine, options.embedded, &out);
    let mut reader = BufReader::with_capacity(READ_BUFFER_BYTES, reader);
    let done = thread::scope(|scope| {
        let done = read_requests(&mut reader, options.encoding, &mut |request| {
            desk.take(scope, request);
        });
        desk.close();
        done
    });
    match done {
        Ok(Some(quit)) => out.send(quit, Answer::Done {}),
        Ok(None) => {}
        Err(error) => {
            let failed = out.failure(format!("what it was sent is wrong: {error}"));
            out.send(CONNECTION_ID, Answer::Error { error: failed });
            return Err(error);
        }
    }
    out.end()
}

fn hello(engine: &dyn Engine, encoding: Encoding) -> Hello {
    Hello {
        protocol: PROTOCOL_VERSION,
        encoding,
        engine: engine.name().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        availability: engine.availability(),
    }
}

/// A request that was read, or the reason why it is none and whose it was.
type Incoming = Result<Request, (u64, WireError)>;

/// Hands over each request until the input ends, or one says quit, whose id is returned.
fn read_requests(
    reader: &mut dyn Read,
    encoding: Encoding,
    take: &mut dyn FnMut(Incoming),
) -> Result<Option<u64>, WireError> {
    let mut payload = Vec::new();
    while read_frame(reader, &mut payload)? {
        match decode::<Request>(&payload, encoding) {
            Ok(Request {
                id,
                call: Call::Quit {},
            }) => return Ok(Some(id)),
            Ok(request) => take(Ok(request)),
            // a call of a later version has an id all the same
            Err(error) => match decode::<OnlyId>(&payload, encoding) {
                Ok(OnlyId { id }) if id != CONNECTION_ID => take(Err((id, error))),
                _ => return Err(error),
            },
        }
    }
    Ok(None)
}

#[derive(Deserialize)]
struct OnlyId {
    id: u64,
}

/// The files that a client means.
fn files_of(
    model: ModelRef,
    embedded: &dyn Fn(&str) -> Option<ModelFiles>,
) -> Result<ModelFiles, EngineError> {
    match model {
        ModelRef::Gguf(path) => Ok(ModelFiles::Gguf(path)),
        ModelRef::Embedded(name) => embedded(&name).ok_or_else(|| EngineError::Unsupported {
            reason: "it is not part of the worker's program".to_owned(),
            model: name,
        }),
    }
}
