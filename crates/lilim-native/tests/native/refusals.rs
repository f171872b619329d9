//! What the files' headers and vocabularies tell is said before any weight is moved.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lilim_api::{Engine, LoadOptions, LoadPhase, ModelFiles, SpeculationOptions};
use lilim_formats::gguf::{Array, Value};
use lilim_native::{ModelBytes, NativeEngine};

use crate::damage::rewritten;
use crate::support::{exact, fixtures, in_memory, name_of};

/// A small model with a vocabulary of SentencePiece's kind.
fn llama() -> Option<Vec<u8>> {
    let mut paths = fixtures("models").into_iter();
    let path = paths.find(|path| name_of(path) == "llama")?;
    Some(std::fs::read(path).unwrap())
}

/// A file in memory that counts what is given back of it.
struct Watched {
    bytes: Vec<u8>,
    n_released: AtomicUsize,
}

impl ModelBytes for Watched {
    fn parts(&self) -> Vec<&[u8]> {
        vec![&self.bytes]
    }

    fn name(&self) -> &str {
        "watched"
    }

    fn path(&self) -> &Path {
        Path::new("watched.gguf")
    }

    fn release(&self, _part: usize, bytes: Range<usize>) {
        self.n_released.fetch_add(bytes.len(), Ordering::Relaxed);
    }
}

/// Loads a file that shall not fit, beside a draft where there is one; returns the error, after
/// seeing that no weight was moved for it.
fn refused_before_weights_move(model: Vec<u8>, draft: Option<Vec<u8>>) -> String {
    let watched = |bytes| {
        Arc::new(Watched {
            bytes,
            n_released: AtomicUsize::new(0),
        })
    };
    let speculation = match draft {
        Some(_) => SpeculationOptions::Draft("draft.gguf".into()),
        None => SpeculationOptions::Off,
    };
    let files = [watched(model), watched(draft.unwrap_or_default())];
    let [model, draft] = files.clone();
    let engine = NativeEngine::new(Box::new(move |files| match files {
        ModelFiles::Gguf(path) if path == Path::new("draft.gguf") => Ok(draft.clone()),
        _ => Ok(model.clone()),
    }));
    let options = LoadOptions {
        speculation,
        ..exact()
    };
    let mut phases = Vec::new();
    let loaded = engine.load(&in_memory(), &options, &mut |progress| {
        phases.push(progress.phase);
    });
    let error = loaded.err().expect("an error").to_string();
    assert!(
        phases.iter().all(|phase| *phase == LoadPhase::Open),
        "{error}: after {phases:?}"
    );
    for file in files {
        assert_eq!(file.n_released.load(Ordering::Relaxed), 0, "{error}");
    }
    error
}

#[test]
fn a_vocabulary_that_cannot_be_used_is_refused_before_weights_move() {
    let Some(bytes) = llama() else { return };
    let text = |text: &str| Value::String(text.to_owned());
    let model = "tokenizer.ggml.model";
    let cases = [
        (model, text("magic"), "'magic', which is not supported"),
        (model, text("none"), "the model has no vocabulary"),
        (model, text("gpt2"), "tokenizer.ggml.merges is missing"),
        (
            "tokenizer.ggml.token_type",
            Value::Array(Array::I32(vec![1; 7])),
            "tokenizer.ggml.token_type has 7 elements",
        ),
        (
            "tokenizer.ggml.scores",
            Value::Array(Array::F32(vec![0.0; 7])),
            "tokenizer.ggml.scores has 7 elements",
        ),
        (
            "tokenizer.chat_template",
            Value::U32(7),
            "tokenizer.chat_template",
        ),
    ];
    for (key, value, expected) in cases {
        let damaged = rewritten(&bytes, |metadata, _| metadata.set(key, value));
        let error = refused_before_weights_move(damaged, None);
        assert!(error.contains(expected), "{key}: {error}");
    }
    let unknown_splitting = rewritten(&bytes, |metadata, _| {
        metadata.set(model, text("gpt2"));
        metadata.set(
            "tokenizer.ggml.merges",
            Value::Array(Array::String(Vec::new())),
        );
        metadata.set("tokenizer.ggml.pre", text("by-magic"));
    });
    let error = refused_before_weights_move(unknown_splitting, None);
    assert!(
        error.contains("tokenizer.ggml.pre is 'by-magic'"),
        "{error}"
    );
}

#[test]
fn a_draft_with_another_vocabulary_is_refused_before_weights_move() {
    let Some(bytes) = llama() else { return };
    let key = "tokenizer.ggml.tokens";
    let other = rewritten(&bytes, |metadata, _| {
        let mut tokens = metadata.strings(key).unwrap().unwrap().to_vec();
        tokens[270] = "elsewhere".to_owned();
        metadata.set(key, Value::Array(Array::String(tokens)));
    });
    let error = refused_before_weights_move(bytes.clone(), Some(other));
    let expected = "its vocabulary is another: token 270 is 'elsewhere' there and ";
    assert!(error.contains(expected), "{error}");
    let unknown = rewritten(&bytes, |metadata, _| {
        metadata.set("tokenizer.ggml.model", Value::String("magic".to_owned()));
    });
    let error = refused_before_weights_move(bytes, Some(unknown));
    assert!(error.contains("'magic', which is not supported"), "{error}");
}
