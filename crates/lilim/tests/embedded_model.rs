//! The embedded model against an independent implementation: the tokens that float32 PyTorch
//! chooses from the same dequantized weights (`training/expect.py` wrote them).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::sync::Arc;

use lilim_api::{CancelToken, Engine, EngineError, KvType, LoadOptions, LoadedModel, ModelFiles};
use lilim_native::{ModelBytes, NativeEngine};
use serde_json::Value;

static MODEL: &[u8] = include_bytes!("../assets/lilim-small.gguf");

/// The limit that the issue set for the file.
const MAX_MODEL_BYTES: usize = 8 << 20;

struct Embedded;

impl ModelBytes for Embedded {
    fn parts(&self) -> Vec<&[u8]> {
        vec![MODEL]
    }

    fn name(&self) -> &str {
        "small"
    }

    fn path(&self) -> &Path {
        Path::new("small")
    }
}

fn open(_: &ModelFiles) -> Result<Arc<dyn ModelBytes>, EngineError> {
    Ok(Arc::new(Embedded))
}

fn load() -> Arc<dyn LoadedModel> {
    let engine = NativeEngine::new(Box::new(open));
    let options = LoadOptions {
        kv_type: KvType::F32,
        ..LoadOptions::default()
    };
    let files = ModelFiles::Embedded {
        name: "small",
        bytes: MODEL,
    };
    engine.load(&files, &options, &mut |_| {}).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|id| u32::try_from(id.as_u64().unwrap()).unwrap())
        .collect()
}

fn greedy(model: &Arc<dyn LoadedModel>, prompt: &[u32], n_tokens: usize) -> Vec<u32> {
    let mut chosen = Vec::new();
    let mut session = Arc::clone(model).session().unwrap();
    session
        .with_stepper(&mut |stepper| {
            stepper.prefill(prompt, &CancelToken::new(), &mut |_| {})?;
            while chosen.len() < n_tokens {
                let logits = stepper.logits();
                let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
                let id = u32::try_from(best.unwrap()).unwrap();
                chosen.push(id);
                stepper.step(id)?;
            }
            Ok(())
        })
        .unwrap();
    chosen
}

#[test]
fn greedy_tokens_are_those_of_float32_pytorch() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../training/expected.json");
    let expected: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let model = load();
    let cases = expected["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let (prompt, tokens) = (ids(&case["prompt_ids"]), ids(&case["greedy_ids"]));
        assert_eq!(
            greedy(&model, &prompt, tokens.len()),
            tokens,
            "{}",
            case["name"]
        );
    }
}

#[test]
fn the_model_is_small_enough_to_ship() {
    assert!(MODEL.len() <= MAX_MODEL_BYTES, "{} bytes", MODEL.len());
}
