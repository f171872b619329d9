//! `lilim worker native` is the native engine: the same tokens as `lilim run`, for another program.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::{Command, Output, Stdio};

use lilim_api::{
    CancelToken, Engine, EngineError, Event, GenerateRequest, LoadOptions, ModelFiles, Prompt,
    SamplingOptions, TokenId,
};
use lilim_engines::WorkerEngine;
use lilim_engines::wire::Encoding;
use serde_json::Value;

fn lilim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lilim"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn worker(encoding: Encoding) -> WorkerEngine {
    let arguments = ["worker", "native", "--encoding", encoding.as_str()];
    WorkerEngine::spawn(lilim(&arguments)).unwrap()
}

/// The embedded model travels by its name: nobody but the worker has its bytes.
fn small() -> ModelFiles {
    ModelFiles::Embedded {
        name: "small",
        bytes: &[],
    }
}

fn answer(engine: &WorkerEngine) -> Vec<TokenId> {
    let options = LoadOptions::default();
    let model = engine.load(&small(), &options, &mut |_| {}).unwrap();
    let mut request = GenerateRequest::new(Prompt::Raw("Once".to_owned()));
    request.sampling = SamplingOptions::greedy();
    request.stop.max_tokens = Some(12);
    let mut session = model.session().unwrap();
    let receiver = session.generate(request, CancelToken::new()).unwrap();
    let tokens = std::iter::from_fn(|| receiver.recv()).filter_map(|timed| match timed.event {
        Event::Token(token) => Some(token.id),
        _ => None,
    });
    tokens.collect()
}

#[test]
fn a_worker_gives_the_tokens_that_run_gives() {
    let run = [
        "run", "small", "Once", "--raw", "--temp", "0", "-n", "12", "--json",
    ];
    let output = lilim(&run).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    for encoding in Encoding::ALL {
        let engine = worker(encoding);
        assert_eq!(engine.name(), "native");
        assert_eq!(serde_json::json!(answer(&engine)), report["token_ids"]);
    }
}

#[test]
fn a_workers_errors_are_the_engines() {
    let engine = worker(Encoding::Msgpack);
    let error = engine.check(&ModelFiles::Gguf("no/such.gguf".into()));
    let missing = EngineError::Io {
        path: "no/such.gguf".into(),
        reason: "it does not exist".to_owned(),
    };
    assert_eq!(error, Err(missing));
    let options = LoadOptions {
        threads: Some(0),
        ..LoadOptions::default()
    };
    let error = engine.load(&small(), &options, &mut |_| {}).err().unwrap();
    assert!(matches!(error, EngineError::InvalidOption { option, .. } if option == "threads"));
}

#[test]
fn a_worker_without_input_says_hello_and_ends() {
    let Output {
        status,
        stdout,
        stderr,
    } = lilim(&["worker", "native", "--encoding", "json"])
        .output()
        .unwrap();
    assert!(status.success());
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    let hello: Value = serde_json::from_slice(&stdout[4..]).unwrap();
    assert_eq!(hello["reply"]["hello"]["engine"], "native");
    let refused = lilim(&["worker", "native", "--encoding", "xml"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("one of: msgpack, json"));
}
