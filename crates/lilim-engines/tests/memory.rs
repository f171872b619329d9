//! The conformance checks in this process, and through the wire over pipes inside it; what both ends
//! do with words that nobody should say.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod conformance;

use std::io::{PipeReader, PipeWriter, pipe};
use std::thread::{self, JoinHandle};

use lilim_api::{Engine, ModelFiles};
use lilim_engines::wire::{Encoding, WireError};
use lilim_engines::{ServeOptions, WorkerEngine, serve};

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
