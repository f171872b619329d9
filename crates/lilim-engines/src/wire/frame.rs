//! Frames: a length of four bytes, little-endian, and that many bytes of payload.
//!
//! A frame that lies about its length costs no memory: room is made as bytes arrive.

use std::io::{ErrorKind, Read, Write};

use serde::Serialize;

use super::{Encoding, WireError};

/// The longest payload. A row of logits of a large vocabulary in JSON takes 2 MB, a prompt of a
/// million tokens 8 MB. Four characters of text read as a length are always more than this, which is
/// how somebody who prints into the connection is found out.
pub const MAX_FRAME_BYTES: usize = 128 << 20;

/// Bytes of the length before each payload.
pub const HEADER_BYTES: usize = 4;

/// Room made at once while a payload arrives.
const READ_STEP: usize = 1 << 20;

/// Makes the whole frame of a message, ready to be written at once.
///
/// # Errors
/// A message that cannot be encoded, or is longer than [`MAX_FRAME_BYTES`].
pub fn frame(message: &impl Serialize, encoding: Encoding) -> Result<Vec<u8>, WireError> {
    let mut bytes = vec![0; HEADER_BYTES];
    super::encode_into(&mut bytes, message, encoding)?;
    let len = bytes.len() - HEADER_BYTES;
    match u32::try_from(len) {
        Ok(header) if len <= MAX_FRAME_BYTES => {
            bytes[..HEADER_BYTES].copy_from_slice(&header.to_le_bytes());
            Ok(bytes)
        }
        _ => Err(WireError::TooLong {
            len,
            limit: MAX_FRAME_BYTES,
        }),
    }
}

/// Writes a message as one frame and flushes it.
///
/// # Errors
/// As [`frame`], or what the writer says.
pub fn write_frame(
    writer: &mut dyn Write,
    message: &impl Serialize,
    encoding: Encoding,
) -> Result<(), WireError> {
    let bytes = frame(message, encoding)?;
    writer.write_all(&bytes).map_err(WireError::Write)?;
    writer.flush().map_err(WireError::Write)
}

/// Reads the next payload into `payload`; false where the other side closed between two frames.
///
/// # Errors
/// A length of nothing or above the limit, an end in the middle, or what the reader says.
pub fn read_frame(reader: &mut dyn Read, payload: &mut Vec<u8>) -> Result<bool, WireError> {
    payload.clear();
    // the first byte of the payload comes with its length: it tells a message from anything else
    let mut head = [0; HEADER_BYTES + 1];
    let got = read_up_to(reader, &mut head)?;
    if got == 0 {
        return Ok(false);
    }
    let [header @ .., first] = head;
    let len = u32::from_le_bytes(header) as usize;
    if got == head.len() && (len > MAX_FRAME_BYTES || !begins_message(first)) && is_text(&header) {
        let text = text_after(reader, &head)?;
        return Err(WireError::NoFrame { text });
    }
    if got >= HEADER_BYTES && (len == 0 || len > MAX_FRAME_BYTES) {
        let limit = MAX_FRAME_BYTES;
        return Err(WireError::TooLong { len, limit });
    }
    if got < head.len() {
        let expected = head.len();
        return Err(WireError::Truncated { got, expected });
    }
    if !begins_message(first) {
        return Err(WireError::NoMessage { first });
    }
    payload.push(first);
    while payload.len() < len {
        let start = payload.len();
        payload.resize(start + READ_STEP.min(len - start), 0);
        let got = read_up_to(reader, &mut payload[start..])?;
        if start + got < payload.len() {
            let (got, expected) = (HEADER_BYTES + start + got, HEADER_BYTES + len);
            return Err(WireError::Truncated { got, expected });
        }
    }
    Ok(true)
}

/// Whether a payload may begin so: `{` of JSON, or a map of MessagePack.
fn begins_message(first: u8) -> bool {
    matches!(first, b'{' | 0x80..=0x8f | 0xde | 0xdf)
}

fn is_text(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r'))
}

/// The first line of text where a frame should be, for the error message.
fn text_after(reader: &mut dyn Read, head: &[u8]) -> Result<String, WireError> {
    const MOST: usize = 80;
    let mut text = head.to_vec();
    let mut more = [0; MOST];
    // one read: waiting for more of it could wait for ever
    let got = read_some(reader, &mut more)?;
    text.extend_from_slice(&more[..got]);
    let text = String::from_utf8_lossy(&text);
    Ok(text
        .trim_start()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// Fills as much of `bytes` as there is before the end.
fn read_up_to(reader: &mut dyn Read, bytes: &mut [u8]) -> Result<usize, WireError> {
    let mut n_read = 0;
    while n_read < bytes.len() {
        match read_some(reader, &mut bytes[n_read..])? {
            0 => break,
            n => n_read += n,
        }
    }
    Ok(n_read)
}

fn read_some(reader: &mut dyn Read, bytes: &mut [u8]) -> Result<usize, WireError> {
    loop {
        match reader.read(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done.map_err(WireError::Read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let mut payloads = Vec::new();
        let mut payload = Vec::new();
        loop {
            match read_frame(&mut bytes, &mut payload) {
                Ok(true) => payloads.push(payload.clone()),
                Ok(false) => return Ok(payloads),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    #[test]
    fn frames_are_read_back_or_refused_with_the_reason() {
        let two = [&[2, 0, 0, 0, b'{', b'}'][..], &[1, 0, 0, 0, 0x80]].concat();
        assert_eq!(read(&two).unwrap(), [b"{}".to_vec(), vec![0x80]]);
        assert_eq!(read(&[]).unwrap(), Vec::<Vec<u8>>::new());
        let refused: [(&[u8], &str); 8] = [
            (&[2, 0], "ended after 2 of 5 bytes of a frame"),
            (&[2, 0, 0, 0], "ended after 4 of 5 bytes of a frame"),
            (b"\x02\0\0\0{", "ended after 5 of 6 bytes of a frame"),
            (&[0; 4], "a frame of 0 bytes (it may have 1 to 134217728)"),
            (
                &[1, 0, 0, 8, 0x80],
                "a frame of 134217729 bytes (it may have 1 to 134217728)",
            ),
            (
                &[0, 0, 0, 8, 0x80],
                "ended after 5 of 134217732 bytes of a frame",
            ),
            (
                &[9, 0, 0, 0, b'['],
                "a frame that begins with 0x5b is no message",
            ),
            (
                b"Loading model\nready\n",
                "what came is no frame but text: \"Loading model\"",
            ),
        ];
        for (bytes, message) in refused {
            assert_eq!(read(bytes).unwrap_err(), message);
        }
    }

    #[test]
    fn text_is_never_taken_for_a_length() {
        for byte in [b'\t', b'\n', b'\r', b' ', b'~'] {
            let bytes = [byte; 100];
            let error = read(&bytes).unwrap_err();
            assert!(
                error.starts_with("what came is no frame but text"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_long_frame_arrives_in_steps() {
        let message = serde_json::json!({"text": "x".repeat(3 * READ_STEP)});
        let bytes = frame(&message, Encoding::Json).unwrap();
        assert_eq!(read(&bytes).unwrap()[0], bytes[HEADER_BYTES..]);
    }

    #[test]
    fn a_lying_length_takes_no_memory() {
        let mut payload = Vec::new();
        let bytes = [&[0, 0, 0, 8][..], &[0x80; 100]].concat();
        assert!(read_frame(&mut &bytes[..], &mut payload).is_err());
        assert!(
            payload.capacity() <= 2 * READ_STEP,
            "{}",
            payload.capacity()
        );
    }
}
