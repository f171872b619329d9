//! The frame protocol between a program and the process that runs an engine for it: frames, their
//! two encodings, and the messages. `docs/reference/worker-protocol.md` is the same for people.

mod frame;
mod logits;
mod message;

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

pub use frame::{HEADER_BYTES, MAX_FRAME_BYTES, frame, read_frame, write_frame};
pub use logits::Logits;
pub use message::{Answer, CONNECTION_ID, Call, Hello, ModelRef, Reply, Request};

/// The protocol's version. Messages and fields may be added within one: who does not know a field
/// ignores it, who does not know a call says so.
pub const PROTOCOL_VERSION: u32 = 1;

/// How a payload is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// MessagePack, structures as maps with their fields' names.
    #[default]
    Msgpack,
    /// JSON in UTF-8.
    Json,
}

impl Encoding {
    /// Every encoding there is.
    pub const ALL: [Self; 2] = [Self::Msgpack, Self::Json];

    /// The name used on the command line and in the hello.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Msgpack => "msgpack",
            Self::Json => "json",
        }
    }

    /// The encoding of a message, by its first byte: JSON's `{` is no beginning of a map in
    /// MessagePack.
    pub fn of(payload: &[u8]) -> Self {
        match payload.first() {
            Some(b'{') => Self::Json,
            _ => Self::Msgpack,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Encoding {
    type Err = WireError;

    fn from_str(name: &str) -> Result<Self, WireError> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == name);
        found.ok_or_else(|| WireError::UnknownEncoding {
            given: name.to_owned(),
        })
    }
}

/// What goes wrong between the two ends of a connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The other side closed, or its writer was cut off, inside a frame.
    #[error("ended after {got} of {expected} bytes of a frame")]
    Truncated {
        /// Bytes that came.
        got: usize,
        /// Bytes that the frame, or its header, should have.
        expected: usize,
    },
    /// A frame's length is out of bounds.
    #[error("a frame of {len} bytes (it may have 1 to {limit})")]
    TooLong {
        /// The length.
        len: usize,
        /// The most there may be.
        limit: usize,
    },
    /// Somebody prints into the connection.
    #[error("what came is no frame but text: {text:?}")]
    NoFrame {
        /// Its first line.
        text: String,
    },
    /// A payload begins as no message does.
    #[error("a frame that begins with {first:#04x} is no message")]
    NoMessage {
        /// Its first byte.
        first: u8,
    },
    /// A message cannot be written in this encoding.
    #[error("cannot be encoded as {encoding}: {reason}")]
    Encode {
        /// The encoding.
        encoding: Encoding,
        /// What stands in the way.
        reason: String,
    },
    /// A payload is no message.
    #[error("not a message in {encoding}: {reason}")]
    Decode {
        /// The encoding.
        encoding: Encoding,
        /// What is wrong.
        reason: String,
    },
    /// There is no such encoding.
    #[error("unknown encoding '{given}' (one of: msgpack, json)")]
    UnknownEncoding {
        /// What was given.
        given: String,
    },
    /// Reading failed.
    #[error("reading failed: {0}")]
    Read(#[source] std::io::Error),
    /// Writing failed.
    #[error("writing failed: {0}")]
    Write(#[source] std::io::Error),
}

/// Writes a message in an encoding, without a frame around it.
///
/// # Errors
/// What the encoding has no form for, such as a path that is no text.
pub fn encode(message: &impl Serialize, encoding: Encoding) -> Result<Vec<u8>, WireError> {
    let mut bytes = Vec::new();
    encode_into(&mut bytes, message, encoding)?;
    Ok(bytes)
}

pub(crate) fn encode_into(
    bytes: &mut Vec<u8>,
    message: &impl Serialize,
    encoding: Encoding,
) -> Result<(), WireError> {
    let done = match encoding {
        Encoding::Msgpack => {
            rmp_serde::encode::write_named(bytes, message).map_err(|error| error.to_string())
        }
        Encoding::Json => serde_json::to_writer(bytes, message).map_err(|error| error.to_string()),
    };
    done.map_err(|reason| WireError::Encode { encoding, reason })
}

/// Reads a message that [`encode`] wrote.
///
/// # Errors
/// When it is none.
pub fn decode<T: DeserializeOwned>(payload: &[u8], encoding: Encoding) -> Result<T, WireError> {
    let done = match encoding {
        Encoding::Msgpack => decode_msgpack(payload),
        Encoding::Json => serde_json::from_slice(payload).map_err(|error| error.to_string()),
    };
    done.map_err(|reason| WireError::Decode { encoding, reason })
}

/// How deep a message in MessagePack may nest: as deep as `serde_json` lets JSON, far deeper than any
/// real one, and shallow enough for every stack.
const MAX_DEPTH: usize = 128;

fn decode_msgpack<T: DeserializeOwned>(payload: &[u8]) -> Result<T, String> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(payload);
    deserializer.set_max_depth(MAX_DEPTH);
    let message = T::deserialize(&mut deserializer).map_err(|error| error.to_string())?;
    match IgnoredAny::deserialize(&mut deserializer) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(message),
        _ => Err("more follows after it".to_owned()),
    }
}
