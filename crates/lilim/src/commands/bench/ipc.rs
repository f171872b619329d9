//! `lilim bench ipc`: what it costs to say the same things in JSON and in MessagePack, by
//! themselves and over a pipe and a socket.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::thread;

use anyhow::Context;
use lilim_api::{Event, GenerateRequest, ModelInfo, Prompt, SamplingOptions, TokenEvent};
use lilim_bench::record::Reading;
use lilim_bench::scenario::Probe;
use lilim_engines::wire::{
    Answer, Call, Encoding, Reply, Request, decode, encode, frame, read_frame,
};

/// A message of the frame protocol, of either direction.
enum Message {
    Asked(Request),
    Said(Reply),
}

impl Message {
    fn encode(&self, encoding: Encoding) -> Result<Vec<u8>, String> {
        let bytes = match self {
            Self::Asked(request) => encode(request, encoding),
            Self::Said(reply) => encode(reply, encoding),
        };
        bytes.map_err(|error| error.to_string())
    }

    fn decode(&self, bytes: &[u8], encoding: Encoding) -> Result<(), String> {
        let outcome = match self {
            Self::Asked(_) => decode::<Request>(bytes, encoding).map(drop),
            Self::Said(_) => decode::<Reply>(bytes, encoding).map(drop),
        };
        outcome.map_err(|error| error.to_string())
    }

    fn frame(&self, encoding: Encoding) -> Result<Vec<u8>, String> {
        let bytes = match self {
            Self::Asked(request) => frame(request, encoding),
            Self::Said(reply) => frame(reply, encoding),
        };
        bytes.map_err(|error| error.to_string())
    }
}

/// The messages that a generation is made of.
fn messages() -> Vec<(String, Rc<Message>)> {
    let token = Answer::Event {
        at_ns: 123_456_789,
        event: Event::Token(TokenEvent {
            id: 12_345,
            text: " lighthouse".to_owned(),
            logprob: None,
            top_logprobs: Vec::new(),
        }),
    };
    let loaded = Answer::Loaded {
        info: ModelInfo {
            name: "TinyLlama 1.1B Chat v1.0".to_owned(),
            arch: "llama".to_owned(),
            quantization: "Q4_K_M".to_owned(),
            n_params: 1_100_048_384,
            n_weight_bytes: 667_814_880,
            vocab_size: 32_000,
            train_context: 2_048,
            has_chat_template: true,
        },
        context: 2_048,
        device: "avx512, 2 threads".to_owned(),
    };
    let said = |answer| {
        Rc::new(Message::Said(Reply {
            id: 7,
            reply: answer,
        }))
    };
    let mut all = vec![
        ("token".to_owned(), said(token)),
        ("loaded".to_owned(), said(loaded)),
    ];
    for n_tokens in [128_u32, 2_048, 32_768] {
        // Ids as a vocabulary of 32,000 has them.
        let ids = (0..n_tokens).map(|k| (k * 7_919) % 32_000).collect();
        let request = GenerateRequest {
            sampling: SamplingOptions::greedy(),
            ..GenerateRequest::new(Prompt::Tokens(ids))
        };
        let call = Call::Generate {
            session: 3,
            request: Box::new(request),
            credits: 64,
        };
        let asked = Message::Asked(Request { id: 7, call });
        all.push((format!("prompt-{n_tokens}"), Rc::new(asked)));
    }
    all
}

/// Every message in every encoding: encoded, decoded, and sent round over a pipe and a socket.
///
/// # Errors
/// When a message cannot be encoded, or the system gives no pipe or socket.
pub(crate) fn probes() -> anyhow::Result<Vec<Probe<'static>>> {
    let mut probes = Vec::new();
    for (name, message) in messages() {
        for encoding in Encoding::ALL {
            let bytes = message.encode(encoding).map_err(anyhow::Error::msg)?;
            let small = zstd::bulk::compress(&bytes, zstd::DEFAULT_COMPRESSION_LEVEL)
                .context("compressing a message")?;
            let constants = vec![
                Reading::of("message_bytes", bytes.len() as f64),
                Reading::of("zstd_bytes", small.len() as f64),
            ];
            let mut add = |what: &str, call: Box<dyn FnMut() -> Result<(), String>>| {
                // A message is as long whatever is done with it: it is told once.
                let constants = match what {
                    "encode" => constants.clone(),
                    _ => Vec::new(),
                };
                let name = format!("ipc/{name}/{encoding}/{what}");
                probes.push(Probe {
                    name,
                    constants,
                    prepare: None,
                    limit: None,
                    call,
                });
            };
            let one = Rc::clone(&message);
            add("encode", Box::new(move || one.encode(encoding).map(drop)));
            let one = Rc::clone(&message);
            add("decode", Box::new(move || one.decode(&bytes, encoding)));
            for (what, line) in [("pipe", Line::pipe()?), ("socket", Line::socket()?)] {
                let Some(line) = line else { continue };
                let one = Rc::clone(&message);
                let line = RefCell::new(line);
                let call = move || {
                    let sent = one.frame(encoding)?;
                    let payload = line.borrow_mut().round(&sent)?;
                    one.decode(&payload, encoding)
                };
                add(what, Box::new(call));
            }
        }
    }
    Ok(probes)
}

/// A way to somebody who says everything back: a thread, through the kernel both ways.
struct Line {
    out: Box<dyn Write>,
    back: Box<dyn Read>,
    payload: Vec<u8>,
}

impl Line {
    fn new(
        (out, back): (impl Write + 'static, impl Read + 'static),
        (reader, writer): (impl Read + Send + 'static, impl Write + Send + 'static),
    ) -> Self {
        // It ends when the other end of what it reads is closed.
        thread::spawn(move || echo(reader, writer));
        Self {
            out: Box::new(out),
            back: Box::new(back),
            payload: Vec::new(),
        }
    }

    fn pipe() -> anyhow::Result<Option<Self>> {
        let (there, out) = std::io::pipe().context("making a pipe")?;
        let (back, answer) = std::io::pipe().context("making a pipe")?;
        Ok(Some(Self::new((out, back), (there, answer))))
    }

    /// `None` where there are no Unix sockets.
    #[cfg(unix)]
    fn socket() -> anyhow::Result<Option<Self>> {
        let (near, far) = std::os::unix::net::UnixStream::pair().context("making a socket")?;
        let near_again = near.try_clone().context("making a socket")?;
        let far_again = far.try_clone().context("making a socket")?;
        Ok(Some(Self::new((near, near_again), (far, far_again))))
    }

    #[cfg(not(unix))]
    fn socket() -> anyhow::Result<Option<Self>> {
        Ok(None)
    }

    /// Sends a frame and waits for it to come back.
    fn round(&mut self, frame: &[u8]) -> Result<Vec<u8>, String> {
        let outcome = self.out.write_all(frame).and_then(|()| self.out.flush());
        outcome.map_err(|error| error.to_string())?;
        match read_frame(&mut *self.back, &mut self.payload) {
            Ok(true) => Ok(std::mem::take(&mut self.payload)),
            Ok(false) => Err("the other side closed".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Says every frame back as it came.
fn echo(mut reader: impl Read, mut writer: impl Write) {
    let mut payload = Vec::new();
    while let Ok(true) = read_frame(&mut reader, &mut payload) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let header = writer.write_all(&length.to_le_bytes());
        if header.and_then(|()| writer.write_all(&payload)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_says_the_same_thing_there_and_back() {
        let mut probes = probes().unwrap();
        assert!(probes.len() >= 2 * 5 * 3);
        for probe in &mut probes {
            (probe.call)().unwrap_or_else(|error| panic!("{}: {error}", probe.name));
        }
        let bytes = |name: &str| {
            let probe = probes.iter().find(|probe| probe.name == name).unwrap();
            probe.constants[0].value.unwrap()
        };
        let msgpack = bytes("ipc/prompt-2048/msgpack/encode");
        assert!(msgpack < bytes("ipc/prompt-2048/json/encode"));
    }
}
