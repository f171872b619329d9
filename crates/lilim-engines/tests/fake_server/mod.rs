//! A server of canned bytes: what it sends, in which pieces and when, the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// What the server does after it has read a request for a completion.
pub(crate) enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits.
    Wait(Duration),
    /// Says nothing more and keeps the connection open until the client closes it.
    Hang,
}

pub(crate) fn send(text: &str) -> Act {
    Act::Send(text.as_bytes().to_vec())
}

/// The head of a stream, without its events.
pub(crate) const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

/// A body with its head.
pub(crate) fn json(status: &str, body: &str) -> String {
    let n_bytes = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {n_bytes}\r\n\r\n{body}"
    )
}

/// Paths with what is answered there, besides completions.
pub(crate) type Pages = &'static [(&'static str, &'static str)];

pub(crate) const PLAIN: Pages = &[("/v1/models", r#"{"data":[{"id":"m"}]}"#)];

pub(crate) const LLAMA: Pages = &[
    ("/v1/models", r#"{"data":[{"id":"m"}]}"#),
    (
        "/props",
        r#"{"default_generation_settings":{"n_ctx":512},"total_slots":1,"build_info":"b1","model_path":"/home/me/m.gguf"}"#,
    ),
    ("/tokenize", r#"{"tokens":[1,2,3]}"#),
];

/// A running server, and the requests that came to it.
pub(crate) struct FakeServer {
    pub(crate) url: String,
    /// Path, head and body of each.
    pub(crate) requests: Receiver<(String, String, String)>,
}

/// Each completion is answered by the next list of acts; afterwards by nothing.
pub(crate) fn start(pages: Pages, answers: Vec<Vec<Act>>) -> FakeServer {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, requests) = channel();
    let answers = std::sync::Arc::new(std::sync::Mutex::new(answers.into_iter()));
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let (sender, answers) = (sender.clone(), answers.clone());
            thread::spawn(move || {
                let mut reader = BufReader::new(&connection);
                while let Some((path, head, body)) = read_request(&mut reader) {
                    let page = pages.iter().find(|(known, _)| *known == path);
                    let _test_is_over = sender.send((path.clone(), head, body));
                    let mut connection = &connection;
                    if path.contains("completions") {
                        let acts = answers.lock().expect("no panic").next();
                        act(connection, acts.unwrap_or_default());
                        return;
                    }
                    let reply = match page {
                        Some((_, body)) => json("200 OK", body),
                        None => json("404 Not Found", "{}"),
                    };
                    if connection.write_all(reply.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    FakeServer { url, requests }
}

fn act(mut connection: &TcpStream, acts: Vec<Act>) {
    for act in acts {
        match act {
            Act::Send(bytes) => {
                if connection.write_all(&bytes).is_err() {
                    return;
                }
            }
            Act::Wait(time) => thread::sleep(time),
            Act::Hang => {
                let _closed = connection.read(&mut [0; 1]);
                return;
            }
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<(String, String, String)> {
    let mut head = String::new();
    let mut n_bytes = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(length) = lower.strip_prefix("content-length:") {
            n_bytes = length.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; n_bytes];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    Some((path, head, String::from_utf8(body).ok()?))
}
