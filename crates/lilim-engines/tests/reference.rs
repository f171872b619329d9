//! `docs/reference/worker-protocol.md` is for people who write workers: its messages are real ones.

use std::collections::BTreeSet;
use std::fmt::Debug;

use lilim_engines::wire::{Encoding, MAX_FRAME_BYTES, Reply, Request, decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/reference/worker-protocol.md");

/// Lines of the blocks that are marked so.
fn messages(mark: &str) -> Vec<&'static str> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in PAGE.lines() {
        match line {
            "```" => inside = false,
            _ if line.starts_with("```") => inside = line == format!("```json {mark}"),
            _ if inside => lines.push(line),
            _ => {}
        }
    }
    lines
}

/// Reads each line, holds it to what we would write, in both encodings, and returns the names.
fn check<T>(mark: &str, name_of: fn(&T) -> &'static str) -> BTreeSet<&'static str>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let read = |line: &&str| {
        let message: T = decode(line.as_bytes(), Encoding::Json).expect(line);
        let bytes = encode(&message, Encoding::Json).expect(line);
        let ours: Value = serde_json::from_slice(&bytes).expect(line);
        assert_eq!(ours, serde_json::from_str::<Value>(line).expect(line));
        let bytes = encode(&message, Encoding::Msgpack).expect(line);
        let back: T = decode(&bytes, Encoding::Msgpack).expect(line);
        // by their text: no NaN equals another
        assert_eq!(format!("{back:?}"), format!("{message:?}"));
        name_of(&message)
    };
    messages(mark).iter().map(read).collect()
}

/// The names that there are, as the error about an unknown one lists them.
fn known<T: DeserializeOwned + Debug>(field: &str) -> BTreeSet<String> {
    let json = format!(r#"{{"id":1,"{field}":{{"?":{{}}}}}}"#);
    let error = decode::<T>(json.as_bytes(), Encoding::Json).expect_err("no such name");
    let error = error.to_string();
    error
        .split('`')
        .skip(3)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_page_shows_every_call_and_every_reply_as_they_are() {
    let calls = check::<Request>("request", |request| request.call.name());
    assert_eq!(
        calls,
        known::<Request>("call")
            .iter()
            .map(String::as_str)
            .collect()
    );
    let replies = check::<Reply>("reply", |reply| reply.reply.name());
    assert_eq!(
        replies,
        known::<Reply>("reply").iter().map(String::as_str).collect()
    );
}

#[test]
fn the_page_names_the_limits_that_there_are() {
    assert!(PAGE.contains(&format!("1 to {MAX_FRAME_BYTES}")));
    let seconds = lilim_engines::HELLO_TIMEOUT.as_secs();
    assert!(PAGE.contains(&format!("waits {seconds} seconds for the hello")));
}
