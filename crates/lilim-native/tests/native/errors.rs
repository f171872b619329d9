//! What cannot be done is an error with its numbers, and leaves the sequence usable.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lilim_api::{
    CancelToken, Engine, EngineError, LoadOptions, LoadedModel, MemoryEstimate, ModelFiles,
};
use lilim_formats::gguf::{Gguf, GgufWriter, Metadata, Value};
use lilim_native::{ModelBytes, NativeEngine};

use crate::support::{
    Expected, bits, engine, engine_of, exact, fixtures, in_memory, load, name_of, prefill,
    with_stepper,
};

fn llama() -> Option<std::path::PathBuf> {
    let mut paths = fixtures("models").into_iter();
    paths.find(|path| name_of(path) == "llama")
}

#[test]
fn a_full_context_and_an_unknown_token_are_refused() {
    let Some(path) = llama() else { return };
    let options = LoadOptions {
        context: Some(5),
        ..exact()
    };
    with_stepper(&load(&path, &options), |stepper| {
        assert_eq!(stepper.context(), 5);
        prefill(stepper, &[3, 4, 5]).unwrap();
        let error = prefill(stepper, &[6, 7, 8]).unwrap_err();
        let full = |n_prompt| EngineError::ContextExceeded {
            n_prompt,
            context: 5,
        };
        assert_eq!(error, full(6));
        let error = stepper.step(288).unwrap_err();
        assert_eq!(
            error.to_string(),
            "token id 288 is outside the vocabulary of 288"
        );
        let error = stepper
            .score(&[1, u32::MAX], 0, &mut |_, _| ())
            .unwrap_err();
        assert!(matches!(
            error,
            EngineError::InvalidToken { id: u32::MAX, .. }
        ));
        assert_eq!(stepper.tokens(), [3, 4, 5]);
        stepper.step(6).unwrap();
        stepper.step(7).unwrap();
        assert_eq!(stepper.step(8), Err(full(6)));
        assert_eq!(stepper.logits().len(), 288);
    });
}

#[test]
fn cancelling_keeps_the_chunks_that_are_done() {
    let Some(path) = llama() else { return };
    let tokens = Expected::of(&path).tokens;
    let options = LoadOptions {
        chunk: 10,
        ..exact()
    };
    with_stepper(&load(&path, &options), |stepper| {
        let cancel = CancelToken::new();
        let mut heard = Vec::new();
        let result = stepper.prefill(&tokens, &cancel, &mut |done| {
            heard.push(done);
            if done == 20 {
                cancel.cancel();
            }
        });
        assert_eq!(result, Err(EngineError::Cancelled));
        assert_eq!(heard, [10, 20]);
        assert_eq!(stepper.tokens(), &tokens[..20]);
    });
}

/// A model whose files, once a token lies in the slot, cancel it when a chunk looks at them.
fn cancelled_inside_a_chunk(name: &str) -> Option<(Arc<dyn LoadedModel>, CancelSlot)> {
    let path = fixtures("models")
        .into_iter()
        .find(|path| name_of(path) == name)?;
    let slot = CancelSlot::default();
    let bytes: Arc<dyn ModelBytes> = Arc::new(CancellingBytes {
        bytes: std::fs::read(path).unwrap(),
        slot: Arc::clone(&slot),
    });
    let engine = NativeEngine::new(Box::new(move |_| Ok(Arc::clone(&bytes))));
    let model = engine.load(&in_memory(), &exact(), &mut |_| ()).unwrap();
    Some((model, slot))
}

type CancelSlot = Arc<Mutex<Option<CancelToken>>>;

struct CancellingBytes {
    bytes: Vec<u8>,
    slot: CancelSlot,
}

impl ModelBytes for CancellingBytes {
    fn parts(&self) -> Vec<&[u8]> {
        if let Some(cancel) = self.slot.lock().unwrap().take() {
            cancel.cancel();
        }
        vec![&self.bytes]
    }

    fn name(&self) -> &str {
        "cancelling"
    }

    fn path(&self) -> &Path {
        Path::new("memory.gguf")
    }
}

#[test]
fn a_prompt_is_cancelled_inside_a_chunk() {
    for name in ["llama", "mistral", "rwkv7"] {
        let Some((model, slot)) = cancelled_inside_a_chunk(name) else {
            return;
        };
        with_stepper(&model, |stepper| {
            prefill(stepper, &[3, 4, 5]).unwrap();
            let cancel = CancelToken::new();
            *slot.lock().unwrap() = Some(cancel.clone());
            let result = stepper.prefill(&[6, 7, 8, 9], &cancel, &mut |_| panic!("a chunk done"));
            assert_eq!(result, Err(EngineError::Cancelled), "{name}");
            assert_eq!(stepper.tokens(), [3, 4, 5], "{name}: nothing was begun");
            assert!(stepper.logits().is_empty(), "{name}");
        });
    }
}

#[test]
fn cancelling_at_any_moment_leaves_a_sequence_that_goes_on_as_if_nothing_was() {
    for name in ["llama", "rwkv7"] {
        let Some(path) = fixtures("models")
            .into_iter()
            .find(|path| name_of(path) == name)
        else {
            return;
        };
        let tokens = Expected::of(&path).tokens;
        let model = load(&path, &exact());
        let straight = with_stepper(&model, |stepper| {
            prefill(stepper, &tokens).unwrap();
            bits(stepper.logits())
        });
        for round in 0..40 {
            let cancel = CancelToken::new();
            let raised = cancel.clone();
            let timer = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_micros(round * 100));
                raised.cancel();
            });
            with_stepper(&model, |stepper| {
                prefill(stepper, &tokens[..8]).unwrap();
                let result = stepper.prefill(&tokens[8..], &cancel, &mut |_| ());
                let n = stepper.tokens().len();
                match result {
                    Ok(()) => assert_eq!(n, tokens.len()),
                    Err(error) => {
                        assert_eq!(error, EngineError::Cancelled);
                        assert!(n == 8 || (name == "rwkv7" && n == 0), "{name}: {n} kept");
                        prefill(stepper, &tokens[n..]).unwrap();
                    }
                }
                assert!(bits(stepper.logits()) == straight, "{name} after {n}");
            });
            timer.join().unwrap();
        }
    }
}

#[test]
fn options_that_cannot_be_used_are_named() {
    let Some(path) = llama() else { return };
    let cases: [(LoadOptions, &str); 5] = [
        (
            LoadOptions {
                threads: Some(0),
                ..exact()
            },
            "threads cannot be 0",
        ),
        (
            LoadOptions {
                threads: Some(100_000),
                ..exact()
            },
            "threads cannot be 100000",
        ),
        (
            LoadOptions {
                chunk: 0,
                ..exact()
            },
            "chunk cannot be 0",
        ),
        (
            LoadOptions {
                context: Some(0),
                ..exact()
            },
            "context cannot be 0",
        ),
        (
            LoadOptions {
                context: Some(usize::MAX),
                ..exact()
            },
            "context cannot be",
        ),
    ];
    for (options, expected) in cases {
        let files = ModelFiles::Gguf(path.clone());
        let result = engine().load(&files, &options, &mut |_| ());
        let error = result.err().unwrap().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn learned_positions_bound_the_context() {
    for path in fixtures("models") {
        let options = LoadOptions {
            context: Some(100_000),
            ..exact()
        };
        let learned = name_of(&path).starts_with("gpt");
        let result = engine().estimate(&ModelFiles::Gguf(path.clone()), &options);
        assert_eq!(result.is_err(), learned, "{}", name_of(&path));
    }
}

#[test]
fn memory_is_counted_before_it_is_taken() {
    let Some(path) = llama() else { return };
    let files = ModelFiles::Gguf(path);
    let estimate = engine().estimate(&files, &exact()).unwrap();
    // 2 layers, 128 positions, keys and values of 2 heads of 16 floats
    assert_eq!(estimate.kv_bytes, 2 * 128 * 2 * 2 * 16 * 4);
    let MemoryEstimate { weight_bytes, .. } = estimate;
    assert!(
        weight_bytes > 400_000 && weight_bytes < 500_000,
        "{weight_bytes}"
    );
    let limited = |bytes| LoadOptions {
        memory_limit_bytes: Some(bytes),
        ..exact()
    };
    let total = estimate.total_bytes();
    assert!(engine().load(&files, &limited(total), &mut |_| ()).is_ok());
    let refused = engine().load(&files, &limited(total - 1), &mut |_| ());
    let error = refused.err().unwrap();
    assert!(
        matches!(
            error,
            EngineError::OutOfMemory { needed_bytes, available_bytes, .. }
                if needed_bytes == total && available_bytes == total - 1
        ),
        "{error}"
    );
}

#[test]
fn each_thread_is_counted_with_the_scratch_it_takes() {
    let Some(path) = llama() else { return };
    let buffers = |threads, context| {
        let options = LoadOptions {
            threads: Some(threads),
            context: Some(context),
            chunk: 1,
            ..exact()
        };
        let files = ModelFiles::Gguf(path.clone());
        engine().estimate(&files, &options).unwrap().buffer_bytes
    };
    let more = |context| buffers(3, context) - buffers(1, context);
    assert!(more(256) > 0);
    // threads that share a sequence keep a state for each span of its positions
    let span = more(512) - more(256);
    assert!(span > 0);
    assert_eq!(more(1 << 20), more(256) + ((1 << 12) - 1) * span);
}

#[test]
fn logits_that_are_no_numbers_are_an_error() {
    let Some(path) = llama() else { return };
    let mut bytes = std::fs::read(path).unwrap();
    let gguf = Gguf::parse("llama", &bytes).unwrap();
    let tensor = gguf.tensor("blk.1.ffn_down.weight").unwrap();
    let at = tensor.offset as usize;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let model = engine_of(bytes)
        .load(&in_memory(), &exact(), &mut |_| ())
        .unwrap();
    with_stepper(&model, |stepper| {
        let error = prefill(stepper, &[3, 4]).unwrap_err();
        assert!(
            matches!(error, EngineError::NotANumber { pos: 1, .. }),
            "{error}"
        );
        assert!(stepper.logits().is_empty());
    });
}

#[test]
fn no_cache_hides_what_is_no_number() {
    let Some(path) = llama() else { return };
    let mut bytes = std::fs::read(path).unwrap();
    let gguf = Gguf::parse("llama", &bytes).unwrap();
    let embedding = gguf.tensor("token_embd.weight").unwrap();
    let at = (embedding.offset + 3 * embedding.n_bytes / embedding.dims[1]) as usize;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    for kv_type in lilim_api::KvType::ALL {
        let options = LoadOptions { kv_type, ..exact() };
        let model = engine_of(bytes.clone())
            .load(&in_memory(), &options, &mut |_| ())
            .unwrap();
        with_stepper(&model, |stepper| {
            // the second token sees the first through the cache alone
            let result = prefill(stepper, &[3, 4]);
            assert!(
                matches!(result, Err(EngineError::NotANumber { pos: 1, .. })),
                "{kv_type}: {result:?}"
            );
        });
    }
}

#[test]
fn dropping_the_last_handle_ends_the_threads() {
    let Some(path) = llama() else { return };
    let options = LoadOptions {
        threads: Some(4),
        ..exact()
    };
    let model = load(&path, &options);
    let weak = Arc::downgrade(&model);
    let session = model.session().unwrap();
    assert!(weak.upgrade().is_some(), "a session keeps its model");
    drop(session);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_file_without_weights_says_what_it_is_good_for() {
    let mut metadata = Metadata::new("vocabulary.gguf");
    let arch = Value::String("llama".to_owned());
    metadata.push("general.architecture", arch).unwrap();
    let writer = GgufWriter::new(Vec::new(), &metadata, &[]).unwrap();
    let engine = engine_of(writer.finish().unwrap());
    let error = engine.check(&in_memory()).unwrap_err().to_string();
    assert!(error.contains("no weights"), "{error}");
}
