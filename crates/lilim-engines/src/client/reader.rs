//! The thread that reads a worker's replies. It waits for nothing but the worker.

use std::io::{BufReader, Read};

use crossbeam_channel::Sender;
use lilim_api::EngineError;

use super::calls::Violation;
use super::link::Shared;
use crate::wire::{
    Answer, CONNECTION_ID, Encoding, Hello, PROTOCOL_VERSION, Reply, WireError, decode, read_frame,
};

/// Bytes read from the worker at once.
const READ_BUFFER_BYTES: usize = 64 << 10;

/// Reads until the worker ends or says what it may not, and tells everybody who waits.
pub(super) fn read(
    shared: &Shared,
    reader: Box<dyn Read + Send>,
    greet: &Sender<Result<Hello, EngineError>>,
) {
    let mut reader = BufReader::with_capacity(READ_BUFFER_BYTES, reader);
    let mut payload = Vec::new();
    let encoding = match read_hello(&mut reader, &mut payload) {
        Ok(hello) => {
            shared.greet(&hello);
            let encoding = hello.encoding;
            let _gave_up_waiting = greet.send(Ok(hello));
            encoding
        }
        Err(end) => {
            let error = shared.error(reason(shared, end));
            shared.die(&error);
            let _gave_up_waiting = greet.send(Err(error));
            return;
        }
    };
    let end = loop {
        if let Err(end) = read_reply(shared, &mut reader, &mut payload, encoding) {
            break end;
        }
    };
    let error = shared.error(reason(shared, end));
    shared.die(&error);
}

/// Why no more is read.
enum End {
    /// The worker closed its output.
    Closed,
    /// It said what nobody can understand.
    Wrong(String),
    /// It says itself that it gives up.
    GaveUp(EngineError),
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        match error {
            // cut off by its own death, mostly
            WireError::Truncated { .. } | WireError::Read(_) => Self::Closed,
            other => Self::Wrong(other.to_string()),
        }
    }
}

/// The end in words. Who cannot be understood is not listened to any longer.
fn reason(shared: &Shared, end: End) -> String {
    let process = shared.process.as_ref();
    match (end, process) {
        (End::Closed, Some(process)) => process.obituary(),
        (End::Closed, None) => "it closed the connection".to_owned(),
        (End::GaveUp(error), _) => format!("it gave up: {error}"),
        (End::Wrong(reason), Some(process)) => {
            process.kill();
            format!("{reason}{}", process.last_words())
        }
        (End::Wrong(reason), None) => reason,
    }
}

fn read_hello(reader: &mut dyn Read, payload: &mut Vec<u8>) -> Result<Hello, End> {
    if !read_frame(reader, payload)? {
        return Err(End::Closed);
    }
    let encoding = Encoding::of(payload);
    let reply: Reply = decode(payload, encoding)?;
    let hello = match reply.reply {
        Answer::Hello(hello) => hello,
        other => {
            let reason = format!("its first word is `{}` instead of `hello`", other.name());
            return Err(End::Wrong(reason));
        }
    };
    if hello.protocol != PROTOCOL_VERSION {
        let theirs = hello.protocol;
        let reason = format!("it speaks version {theirs} of the protocol, not {PROTOCOL_VERSION}");
        return Err(End::Wrong(reason));
    }
    if hello.encoding != encoding {
        let said = hello.encoding;
        let reason = format!("its hello is in {encoding} but promises {said}");
        return Err(End::Wrong(reason));
    }
    Ok(hello)
}

/// Reads one reply and hands it to whoever waits for it.
fn read_reply(
    shared: &Shared,
    reader: &mut dyn Read,
    payload: &mut Vec<u8>,
    encoding: Encoding,
) -> Result<(), End> {
    if !read_frame(reader, payload)? {
        return Err(End::Closed);
    }
    let Reply { id, reply } = decode(payload, encoding)?;
    if id == CONNECTION_ID {
        return Err(match reply {
            Answer::Error { error } => End::GaveUp(error),
            other => End::Wrong(format!("`{}` is about no request", other.name())),
        });
    }
    deliver(shared, id, reply).map_err(End::Wrong)
}

fn deliver(shared: &Shared, id: u64, answer: Answer) -> Result<(), Violation> {
    let mut table = shared.table();
    if answer.is_last() {
        if let Some(pending) = table.pending.get(&id) {
            // while it is in the table it hears of the end that a violation is
            pending.check_last(&answer)?;
        }
        if let Some(pending) = table.pending.remove(&id) {
            drop(table);
            pending.finish(answer);
            return Ok(());
        }
    } else if let Some(pending) = table.pending.get_mut(&id) {
        return pending.note(answer);
    }
    // a request that was forgotten because its answer took too long
    if shared.was_asked(id) {
        return Ok(());
    }
    Err(format!(
        "`{}` is about request {id}, which nobody made",
        answer.name()
    ))
}
