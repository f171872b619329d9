//! A server that computes nothing and answers at once: what a request to it takes is the client's
//! own time, and this server's small part.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use serde_json::{Value, json};

/// Bytes at most of a question.
const MAX_QUESTION_BYTES: usize = 16 << 20;

/// Tokens at most of an answer, and the context that it says it has.
const CONTEXT: u64 = 1 << 20;

/// Runs on this machine for itself alone, until it is dropped.
#[derive(Debug)]
pub struct NullServer {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl NullServer {
    /// Starts it at a free port.
    ///
    /// # Errors
    /// The system's, where there is no port or no thread to be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let listen = move || {
            for connection in listener.incoming() {
                if over.load(Ordering::Acquire) {
                    return;
                }
                let Ok(connection) = connection else { continue };
                let name = "lilim-null".to_owned();
                // a client that goes away is no error of a server
                let serve = move || drop(serve(&connection));
                let _no_thread = Builder::new().name(name).spawn(serve);
            }
        };
        let listener = Builder::new().name("lilim-null".to_owned()).spawn(listen)?;
        Ok(Self {
            address,
            is_over,
            listener: Some(listener),
        })
    }

    /// Its address, as a person would write it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for NullServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // what waits for a connection gets one
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(listener) = self.listener.take().filter(|_| woken) {
            let _panicked = listener.join();
        }
    }
}

/// Answers one connection's requests until it closes.
fn serve(connection: &TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    while let Some((path, body)) = read_question(&mut reader)? {
        let question: Value = serde_json::from_slice(&body).unwrap_or_default();
        match path.as_str() {
            "/v1/models" => reply(connection, &json!({ "data": [{ "id": "null" }] }))?,
            "/props" => {
                let settings = json!({ "n_ctx": CONTEXT });
                reply(
                    connection,
                    &json!({ "default_generation_settings": settings, "build_info": "null" }),
                )?;
            }
            "/tokenize" => reply(connection, &json!({ "tokens": tokens(&question) }))?,
            "/v1/completions" => complete(connection, &question)?,
            _ => write!(
                &*connection,
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            )?,
        }
    }
    Ok(())
}

/// The path and body of the next request; `None` when there is none.
fn read_question(reader: &mut impl BufRead) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut n_bytes = 0;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            n_bytes = value.trim().parse().unwrap_or(0);
        }
    }
    if n_bytes > MAX_QUESTION_BYTES {
        return Ok(None);
    }
    let mut body = vec![0; n_bytes];
    reader.read_exact(&mut body)?;
    Ok(Some((path, body)))
}

/// A token for every four bytes: as many as text has that a model would read.
fn tokens(question: &Value) -> Vec<usize> {
    let text = question["content"].as_str().unwrap_or_default();
    (0..text.len().div_ceil(4)).collect()
}

fn reply(mut connection: &TcpStream, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    let n_bytes = body.len();
    connection.write_all(format!("{head}\r\nContent-Length: {n_bytes}\r\n\r\n{body}").as_bytes())
}

/// So many tokens as were asked for, each in an event and a packet of its own.
fn complete(mut connection: &TcpStream, question: &Value) -> io::Result<()> {
    let n_out = question["max_tokens"].as_u64().unwrap_or(1).min(CONTEXT);
    let n_prompt = question["prompt"].as_array().map_or(0, Vec::len);
    let timings = |n: u64| json!({ "cache_n": 0, "prompt_n": n_prompt, "prompt_ms": 0.0, "predicted_n": n, "predicted_ms": 0.0 });
    if question["stream"] != json!(true) {
        let text = " word".repeat(usize::try_from(n_out).unwrap_or(0));
        let choice = json!({ "index": 0, "text": text, "finish_reason": "length" });
        return reply(
            connection,
            &json!({ "choices": [choice], "timings": timings(n_out) }),
        );
    }
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.write_all(head.as_bytes())?;
    let mut send = |data: &str| {
        let event = format!("data: {data}\n\n");
        connection.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())
    };
    for n in 1..=n_out {
        let choice = json!({ "index": 0, "text": " word", "finish_reason": null });
        send(&json!({ "choices": [choice], "timings": timings(n) }).to_string())?;
    }
    let last = json!({ "index": 0, "text": "", "finish_reason": "length" });
    send(&json!({ "choices": [last], "timings": timings(n_out) }).to_string())?;
    send("[DONE]")?;
    connection.write_all(b"0\r\n\r\n")
}
