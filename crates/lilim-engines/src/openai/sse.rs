//! Server-sent events: lines of a stream, of which only the data counts.

/// Bytes of one event at most: what sends more than this is no stream of tokens.
const MAX_EVENT_BYTES: usize = 16 << 20;

/// Cuts a stream into the data of its events, however it arrives.
#[derive(Default)]
pub(super) struct Events {
    /// What has come of the line that is not ended.
    line: Vec<u8>,
    /// Data lines of the event that is not ended.
    data: Option<String>,
    /// Whether the last byte was a carriage return: a line feed after it ends no further line.
    after_return: bool,
}

/// An event, or part of one, that is longer than any token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Events {
    /// Takes in bytes as they came and hands `sink` the data of each event that they end.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        sink: &mut dyn FnMut(String),
    ) -> Result<(), TooLong> {
        for &byte in bytes {
            let is_second_half = std::mem::take(&mut self.after_return) && byte == b'\n';
            match byte {
                b'\n' if is_second_half => {}
                b'\n' | b'\r' => {
                    self.after_return = byte == b'\r';
                    self.end_line(sink);
                }
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > MAX_EVENT_BYTES {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    /// The stream is over: an event without the blank line that should end it counts too.
    pub(super) fn end(mut self, sink: &mut dyn FnMut(String)) {
        self.end_line(sink);
        self.end_line(sink);
    }

    fn end_line(&mut self, sink: &mut dyn FnMut(String)) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            if let Some(data) = self.data.take() {
                sink(data);
            }
            return;
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        // llama-server writes `error:` where others write data with an error in it; a line that
        // begins with a colon is a comment that keeps the connection alive
        if matches!(field.trim_start_matches('\u{feff}'), "data" | "error") {
            match &mut self.data {
                None => self.data = Some(value.to_owned()),
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], at_once: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut events = Events::default();
        for part in bytes.chunks(at_once) {
            events
                .push(part, &mut |data| found.push(data))
                .expect("short");
        }
        events.end(&mut |data| found.push(data));
        found
    }

    #[test]
    fn events_are_the_same_however_the_bytes_arrive() {
        let stream = "\u{feff}data: {\"a\":1}\n\n: keep-alive\n\nevent: x\r\ndata:é\r\ndata: b\r\n\r\n\
                      id: 7\rerror: {\"code\":500}\r\rdata\n\ndata: [DONE]";
        let expected = ["{\"a\":1}", "é\nb", "{\"code\":500}", "", "[DONE]"];
        for at_once in [1, 2, 3, 7, 1000] {
            assert_eq!(read(stream.as_bytes(), at_once), expected, "{at_once}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut events = Events::default();
        let line = vec![b'x'; MAX_EVENT_BYTES];
        assert_eq!(events.push(&line, &mut |_| {}), Ok(()));
        assert_eq!(events.push(b"x", &mut |_| {}), Err(TooLong));
    }
}
