//! The embedded model against an independent implementation: the tokens that float32 PyTorch
//! chooses from the same dequantized weights (`training/expect.py` wrote them).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::sync::Arc;

use lilim_api::{
    CancelToken, Engine, EngineError, KvType, Level, LoadOptions, LoadedModel, ModelFiles,
};
use lilim_native::{ModelBytes, NativeEngine};
use serde_json::Value;

static MODEL: &[u8] = include_bytes!("../assets/lilim-small.gguf");

/// The limit that the issue set for the file.
const MAX_MODEL_BYTES: usize = 8 << 20;

/// Logits that differ by at most this are near equals.
const NEAR: f32 = 0.1;

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

fn load(level: Option<Level>) -> Arc<dyn LoadedModel> {
    let engine = NativeEngine::new(Box::new(open));
    let options = LoadOptions {
        kv_type: KvType::F32,
        level,
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

/// What a model would choose where a text goes on with a given token.
struct Choice {
    id: u32,
    /// How much larger its logit is than the given token's.
    margin: f32,
}

/// What a model chooses after a prompt that goes on with `tokens`, at each of them.
fn choices(model: &Arc<dyn LoadedModel>, prompt: &[u32], tokens: &[u32]) -> Vec<Choice> {
    let mut chosen = Vec::new();
    let mut session = Arc::clone(model).session().unwrap();
    session
        .with_stepper(&mut |stepper| {
            stepper.prefill(prompt, &CancelToken::new(), &mut |_| {})?;
            for &id in tokens {
                let logits = stepper.logits();
                let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
                let best = best.unwrap();
                chosen.push(Choice {
                    id: u32::try_from(best).unwrap(),
                    margin: logits[best] - logits[id as usize],
                });
                stepper.step(id)?;
            }
            Ok(())
        })
        .unwrap();
    chosen
}

/// Calls `check` with each case's name, greedy tokens and the model's choices along them.
fn for_each_case(level: Option<Level>, check: impl Fn(&str, &[u32], &[Choice])) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../training/expected.json");
    let expected: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let model = load(level);
    let cases = expected["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let (prompt, tokens) = (ids(&case["prompt_ids"]), ids(&case["greedy_ids"]));
        let name = case["name"].as_str().unwrap();
        check(name, &tokens, &choices(&model, &prompt, &tokens));
    }
}

#[test]
fn greedy_tokens_of_exact_activations_are_those_of_float32_pytorch() {
    for_each_case(Some(Level::Reference), |name, tokens, choices| {
        let chosen: Vec<u32> = choices.iter().map(|choice| choice.id).collect();
        assert_eq!(chosen, tokens, "{name}");
    });
}

/// Activations of 8 bits may choose otherwise where two tokens are about as likely.
#[test]
fn this_machines_level_chooses_otherwise_only_between_near_equals() {
    for_each_case(None, |name, tokens, choices| {
        for (&token, Choice { id, margin }) in tokens.iter().zip(choices) {
            assert!(*margin <= NEAR, "{name}: {id} is {margin} above {token}");
        }
    });
}

#[test]
fn the_model_is_small_enough_to_ship() {
    assert!(MODEL.len() <= MAX_MODEL_BYTES, "{} bytes", MODEL.len());
}
