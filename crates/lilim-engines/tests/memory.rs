//! The conformance checks in this process, and through the wire over pipes inside it; what both ends
//! do with words that nobody should say.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod conformance;

use std::io::{PipeReader, PipeWriter, Write, pipe};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};

use lilim_api::{
    Availability, CancelToken, Engine, EngineError, Event, LoadOptions, LoadProgress, LoadedModel,
    MemoryEstimate, ModelFiles, ModelInfo,
};
use lilim_engines::wire::{Answer, Encoding, Reply, WireError, decode, read_frame};
use lilim_engines::{ServeOptions, WorkerEngine, serve};
use lilim_testkit::FakeEngine;
use proptest::prelude::*;

use conformance::{CHECKS, fake, here};

/// An engine behind two pipes, served by a thread.
fn through_pipes(
    engine: impl Engine + 'static,
    encoding: Encoding,
) -> (WorkerEngine, JoinHandle<Result<(), WireError>>) {
    let (requests, to_worker): (PipeReader, PipeWriter) = pipe().unwrap();
    let (replies, to_client) = pipe().unwrap();
    let worker = thread::spawn(move || {
        let embedded = |name: &str| match name {
            "small" => Some(ModelFiles::Embedded {
                name: "small",
                bytes: b"GGUF",
            }),
            _ => None,
        };
        let options = ServeOptions {
            encoding,
            embedded: &embedded,
        };
        serve(&engine, options, requests, to_client)
    });
    let engine = WorkerEngine::connect(replies, to_worker).unwrap();
    assert_eq!(engine.hello().encoding, encoding);
    (engine, worker)
}

#[test]
fn in_this_process() {
    for (name, check) in CHECKS {
        println!("{name}");
        check(&|fake_name| here(fake_name));
    }
}

#[test]
fn through_the_wire() {
    for encoding in Encoding::ALL {
        for (name, check) in CHECKS {
            println!("{name}, {encoding}");
            check(&|name| Box::new(through_pipes(fake(name), encoding).0));
        }
    }
}

/// What a server answers to these bytes, and how it ends.
fn answers(bytes: &[u8]) -> (Vec<Reply>, Result<(), String>) {
    let mut out = Vec::new();
    let options = ServeOptions {
        encoding: Encoding::Json,
        embedded: &|_| None,
    };
    let done = serve(&fake("hash"), options, bytes, &mut out).map_err(|error| error.to_string());
    let (mut reader, mut payload, mut replies) = (&out[..], Vec::new(), Vec::new());
    while read_frame(&mut reader, &mut payload).unwrap() {
        replies.push(decode(&payload, Encoding::Json).unwrap());
    }
    assert!(matches!(
        replies.remove(0),
        Reply {
            id: 0,
            reply: Answer::Hello(_)
        }
    ));
    (replies, done)
}

fn framed(json: &str) -> Vec<u8> {
    [&(json.len() as u32).to_le_bytes(), json.as_bytes()].concat()
}

fn said(replies: &[Reply]) -> Vec<String> {
    let text = |reply: &Reply| match &reply.reply {
        Answer::Error {
            error: EngineError::Worker { reason, .. },
        } => {
            format!(
                "{} {}",
                reply.id,
                reason.split(", expected").next().unwrap()
            )
        }
        other => format!("{} {}", reply.id, other.name()),
    };
    replies.iter().map(text).collect()
}

#[test]
fn a_server_answers_what_it_can_and_says_what_it_cannot() {
    let requests = [
        r#"{"id":1,"call":{"load":{"model":{"gguf":"a"},"options":{}}}}"#,
        r#"{"id":2,"call":{"dance":{}}}"#,
        r#"{"id":3,"call":{"tokenize":{"model":9,"text":"","add_bos":true,"parse_special":true}}}"#,
        r#"{"id":4,"call":{"step":{"session":9,"id":1}}}"#,
        r#"{"id":4,"call":{"close":{"session":9}}}"#,
        r#"{"id":77,"call":{"cancel":{}}}"#,
        r#"{"id":77,"call":{"credit":{"n":5}}}"#,
        r#"{"id":77,"call":{"abandon":{}}}"#,
        r#"{"id":5,"call":{"check":{"model":{"embedded":"nano"}}}}"#,
        r#"{"id":0,"call":{"unload":{"model":1}}}"#,
        r#"{"id":8,"call":{"quit":{}}}"#,
        r#"{"id":9,"call":{"check":{"model":{"gguf":"a"}}}}"#,
    ];
    let bytes: Vec<u8> = requests.iter().flat_map(|json| framed(json)).collect();
    let (mut replies, done) = answers(&bytes);
    assert_eq!(done, Ok(()));
    replies.sort_by_key(|reply| reply.id);
    let said = said(&replies);
    let expected = [
        "0 the request id 0 is taken",
        "1 progress",
        "1 progress",
        "1 progress",
        "1 loaded",
        "2 cannot read request 2: not a message in json: unknown variant `dance`",
        "3 no model 9",
        "4 no session 9",
        "4 no session 9",
        "5 error",
        "8 done",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_server_ends_at_bytes_that_are_no_message() {
    let cases: [(&[u8], &str); 5] = [
        (b"", ""),
        (b"\x05\0\0\0{", "ended after 5 of 9 bytes of a frame"),
        (
            b"GET / HTTP/1.1\r\n\r\n",
            "what came is no frame but text: \"GET / HTTP/1.1\"",
        ),
        (b"\x02\0\0\0{}", "not a message in json: missing field `id`"),
        (
            b"\x08\0\0\0{\"id\":1}",
            "not a message in json: missing field `call`",
        ),
    ];
    for (bytes, expected) in cases {
        let (replies, done) = answers(bytes);
        match done {
            // its id is known, so it is told and the server goes on
            Ok(()) => assert!(
                expected.is_empty() || expected.contains("`call`"),
                "{expected}"
            ),
            Err(error) => {
                assert!(error.contains(expected), "{error}");
                assert_eq!(replies.last().unwrap().id, 0);
            }
        }
    }
}

/// A client of a worker that answers its requests, one after another, with these replies.
fn client_of(answers: Vec<Vec<String>>) -> WorkerEngine {
    let hello = r#"{"id":0,"reply":{"hello":{"protocol":1,"encoding":"json","engine":"odd","version":"1","pid":7,"availability":{"ready":"x"}}}}"#;
    let (reader, mut writer) = pipe().unwrap();
    let (mut requests, to_worker) = pipe().unwrap();
    thread::spawn(move || {
        writer.write_all(&framed(hello)).unwrap();
        let mut payload = Vec::new();
        for replies in answers {
            read_frame(&mut requests, &mut payload).unwrap();
            let said: Vec<u8> = replies.iter().flat_map(|json| framed(json)).collect();
            writer.write_all(&said).unwrap();
        }
    });
    WorkerEngine::connect(reader, to_worker).unwrap()
}

fn reason(error: EngineError) -> String {
    match error {
        EngineError::Worker { worker, reason } => {
            assert_eq!(worker, "odd (process 7)");
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_names_what_a_worker_may_not_say() {
    let cases = [
        ("", "it closed the connection"),
        (
            r#"{"id":1,"reply":{"done":{}}}"#,
            "it answered `done` to `check`",
        ),
        (
            r#"{"id":5,"reply":{"done":{}}}"#,
            "`done` is about request 5, which nobody made",
        ),
        (
            r#"{"id":1,"reply":{"row":{"index":0,"logits":[]}}}"#,
            "`row` came without credit for it",
        ),
        (
            r#"{"id":1,"reply":{"started":{}}}"#,
            "`started` belongs to a generation",
        ),
        (
            r#"{"id":0,"reply":{"done":{}}}"#,
            "`done` is about no request",
        ),
        (r#"{"id":1,"reply":"#, "not a message in json"),
    ];
    for (reply, expected) in cases {
        let replies = if reply.is_empty() {
            vec![]
        } else {
            vec![reply.to_owned()]
        };
        let error = client_of(vec![replies]).check(&conformance::files());
        let reason = reason(error.unwrap_err());
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn a_client_names_what_a_worker_may_not_say_of_a_generation() {
    let event = r#"{"id":3,"reply":{"event":{"at_ns":1,"event":{"prefill_progress":{"done":1,"total":1}}}}}"#;
    let done = r#"{"id":3,"reply":{"event":{"at_ns":1,"event":{"failed":"cancelled"}}}}"#;
    let [started, ended, wrong] =
        ["started", "ended", "done"].map(|name| format!(r#"{{"id":3,"reply":{{"{name}":{{}}}}}}"#));
    let say = |replies: &[&str], n: usize| {
        let events = vec![event.to_owned(); n];
        let replies = replies.iter().map(|&reply| reply.to_owned());
        replies.chain(events).collect::<Vec<_>>()
    };
    let cases = [
        (say(&[&ended], 0), "`ended` came before `started`"),
        (say(&[], 1), "`event` came before `started`"),
        (say(&[&started, &started], 0), "`started` came twice"),
        (say(&[&started, &wrong], 0), "`done` ends no generation"),
        (say(&[&started, done], 1), "`event` came after the last one"),
        (say(&[&started], 64), "`event` came without credit for it"),
        (say(&[&started], 63), "it closed the connection"),
    ];
    for (replies, expected) in cases {
        let loaded = r#"{"id":1,"reply":{"loaded":{"info":{"name":"","arch":"","quantization":"","n_params":1,"n_weight_bytes":1,"vocab_size":1,"train_context":1,"has_chat_template":false},"context":1,"device":""}}}"#;
        let opened = r#"{"id":2,"reply":{"done":{}}}"#;
        let engine = client_of(vec![
            vec![loaded.to_owned()],
            vec![opened.to_owned()],
            replies,
        ]);
        let mut session = conformance::session(&engine);
        let receiver = session.generate(conformance::request(9), CancelToken::new());
        let error = match receiver {
            Err(error) => error,
            // Nobody reads meanwhile: whoever reads gives credit.
            Ok(_unread) if expected.contains("without credit") => {
                engine.check(&conformance::files()).unwrap_err()
            }
            Ok(receiver) => match conformance::rest(&receiver).pop() {
                // the worker ended it as it should, and then went on
                Some(Event::Failed(EngineError::Cancelled)) => {
                    engine.check(&conformance::files()).unwrap_err()
                }
                Some(Event::Failed(error)) => error,
                other => panic!("{other:?}"),
            },
        };
        let reason = reason(error);
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn logits_of_a_large_vocabulary_reach_the_stepper() {
    let vocab_size = 152_000;
    let info = r#"{"name":"","arch":"","quantization":"","n_params":1,"n_weight_bytes":1,"vocab_size":1,"train_context":1,"has_chat_template":false}"#;
    let row = vec!["-0.125"; vocab_size].join(",");
    let replies = [
        format!(r#"{{"id":1,"reply":{{"loaded":{{"info":{info},"context":1,"device":""}}}}}}"#),
        r#"{"id":2,"reply":{"done":{}}}"#.to_owned(),
        format!(
            r#"{{"id":3,"reply":{{"stepper":{{"vocab_size":{vocab_size},"context":1,"tokens":[],"max_verify":1,"speculation":null}}}}}}"#
        ),
        format!(r#"{{"id":4,"reply":{{"logits":{{"logits":[{row}]}}}}}}"#),
    ];
    let engine = client_of(replies.map(|reply| vec![reply]).to_vec());
    let mut session = conformance::session(&engine);
    let done = session.with_stepper(&mut |stepper| {
        assert_eq!(stepper.logits(), vec![-0.125; vocab_size]);
        Ok(())
    });
    assert_eq!(done, Ok(()));
    let done = session.with_stepper(&mut |_| Ok(()));
    assert_eq!(reason(done.unwrap_err()), "it closed the connection");
}

#[test]
fn embedded_models_travel_by_name() {
    let (engine, _) = through_pipes(fake("hash"), Encoding::Msgpack);
    let check = |name| engine.check(&ModelFiles::Embedded { name, bytes: &[] });
    assert_eq!(check("small").unwrap().name, "small");
    let error = check("large").unwrap_err().to_string();
    assert_eq!(
        error,
        "model large is not supported: it is not part of the worker's program"
    );
}

/// Remembers the models that it loaded, without holding them.
struct Remembering {
    fake: FakeEngine,
    loaded: Arc<Mutex<Vec<Weak<dyn LoadedModel>>>>,
}

impl Engine for Remembering {
    fn name(&self) -> &str {
        "remembering"
    }

    fn availability(&self) -> Availability {
        Availability::Unavailable("a test".to_owned())
    }

    fn check(&self, _: &ModelFiles) -> Result<ModelInfo, EngineError> {
        panic!("by {}", self.name())
    }

    fn estimate(&self, _: &ModelFiles, _: &LoadOptions) -> Result<MemoryEstimate, EngineError> {
        Err(EngineError::Cancelled)
    }

    fn load(
        &self,
        model: &ModelFiles,
        options: &LoadOptions,
        progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Arc<dyn LoadedModel>, EngineError> {
        let loaded = self.fake.load(model, options, progress)?;
        self.loaded.lock().unwrap().push(Arc::downgrade(&loaded));
        Ok(loaded)
    }
}

#[test]
fn dropping_the_last_handle_unloads_and_a_panic_is_an_error() {
    let loaded: Arc<Mutex<Vec<Weak<dyn LoadedModel>>>> = Arc::default();
    let remembering = Remembering {
        fake: fake("hash"),
        loaded: Arc::clone(&loaded),
    };
    let (engine, worker) = through_pipes(remembering, Encoding::Json);
    let is_loaded = || loaded.lock().unwrap()[0].upgrade().is_some();
    let model = conformance::load(&engine);
    let session = Arc::clone(&model).session().unwrap();
    drop(model);
    assert!(is_loaded(), "a session holds it");
    drop(session);
    assert!(!is_loaded());
    let error = engine.check(&conformance::files()).unwrap_err();
    assert!(
        error.to_string().contains("panicked: by remembering"),
        "{error}"
    );
    let unavailable = Availability::Unavailable("a test".to_owned());
    assert_eq!(engine.availability(), unavailable);
    drop(engine);
    assert!(worker.join().unwrap().is_ok());
}

/// A server of a loaded model, 1, with an open session, 2, spoken to in frames of bytes.
struct RawClient {
    to_worker: PipeWriter,
    replies: PipeReader,
    worker: JoinHandle<Result<(), WireError>>,
}

impl RawClient {
    fn open(name: &'static str) -> Self {
        let (requests, to_worker) = pipe().unwrap();
        let (replies, to_client) = pipe().unwrap();
        let worker = thread::spawn(move || {
            let options = ServeOptions {
                encoding: Encoding::Json,
                embedded: &|_| None,
            };
            serve(&fake(name), options, requests, to_client)
        });
        let mut client = Self {
            to_worker,
            replies,
            worker,
        };
        client.read();
        client.send(r#"{"id":1,"call":{"load":{"model":{"gguf":"a"},"options":{}}}}"#);
        client.send(r#"{"id":2,"call":{"open":{"model":1}}}"#);
        client
    }

    fn read(&mut self) -> Option<Reply> {
        let mut payload = Vec::new();
        let more = read_frame(&mut self.replies, &mut payload).unwrap();
        more.then(|| decode(&payload, Encoding::Json).unwrap())
    }

    /// Sends a request and reads to its last answer.
    fn send(&mut self, json: &str) {
        self.to_worker.write_all(&framed(json)).unwrap();
        while !self.read().unwrap().reply.is_last() {}
    }

    /// Closes the worker's input and reads to the end of its output.
    fn end(self) -> (Vec<Reply>, Result<(), WireError>) {
        let Self {
            to_worker,
            replies,
            worker,
        } = self;
        drop(to_worker);
        let mut rest = Vec::new();
        let (mut replies, mut payload) = (replies, Vec::new());
        while read_frame(&mut replies, &mut payload).unwrap() {
            rest.push(decode(&payload, Encoding::Json).unwrap());
        }
        (rest, worker.join().unwrap())
    }
}

#[test]
fn a_client_that_goes_away_ends_what_runs() {
    let mut client = RawClient::open("endless");
    let generate = r#"{"id":3,"call":{"generate":{"session":2,"request":{"prompt":{"raw":"x"}},"credits":5}}}"#;
    let score = r#"{"id":4,"call":{"score":{"session":2,"ids":[1,2,3],"from":0,"credits":0}}}"#;
    for json in [generate, score] {
        client.to_worker.write_all(&framed(json)).unwrap();
    }
    let (rest, done) = client.end();
    assert!(done.is_ok());
    let events = rest.iter().filter(|reply| reply.reply.name() == "event");
    assert!(events.count() <= 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_server_survives_damaged_requests(which in 0..4, at: prop::sample::Index, bit in 0..8_u8) {
        let json = match which {
            0 => r#"{"id":3,"call":{"generate":{"session":2,"request":{"prompt":{"raw":"x"},"stop":{"max_tokens":9}},"credits":63}}}"#,
            1 => r#"{"id":4,"call":{"score":{"session":2,"ids":[1,2,3],"from":0,"credits":1}}}"#,
            2 => r#"{"id":5,"call":{"verify":{"session":2,"ids":[1,2,3,4]}}}"#,
            _ => r#"{"id":6,"call":{"verified":{"session":2,"index":0}}}"#,
        };
        let mut bytes = framed(json);
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        let mut client = RawClient::open("hash");
        client.to_worker.write_all(&bytes).unwrap();
        let _refused_or_not = client.end();
    }

    #[test]
    fn a_client_survives_damaged_replies(at: prop::sample::Index, bit in 0..8_u8, noise: Vec<u8>) {
        for encoding in Encoding::ALL {
            let mut out = Vec::new();
            let options = ServeOptions { encoding, embedded: &|_| None };
            serve(&fake("hash"), options, &[][..], &mut out).unwrap();
            let first = at.index(2 * out.len());
            if let Some(byte) = out.get_mut(first) {
                *byte ^= 1 << bit;
            }
            out.extend(&noise);
            let reader = std::io::Cursor::new(out);
            if let Ok(engine) = WorkerEngine::connect(reader, std::io::sink()) {
                prop_assert!(engine.check(&conformance::files()).is_err());
            }
        }
    }
}
