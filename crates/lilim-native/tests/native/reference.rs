//! Logits and tokens against independent implementations.

use lilim_api::{KvType, LoadOptions};

use crate::support::{
    Expected, argmax, engine_of, exact, fixtures, in_memory, levels, load, name_of, prefill,
    relative_difference, score_all, shared, with_stepper,
};
use lilim_api::Engine;

/// Sums of a few hundred f32 products in another order differ by some 1e-6; a wrong scale, bias or
/// angle by more than 1e-2 (fixtures/README.md).
const TOLERANCE: f32 = 1e-4;

/// How far the logits of a level may be from those of the dequantized weights: the fast levels
/// round activations to 8 bits for quantized weights, as llama.cpp does, and must not lose more
/// than it does on the same file.
fn tolerance(path: &std::path::Path, level: lilim_api::Level) -> f32 {
    let record = path.with_extension("llamacpp.json");
    if level == lilim_api::Level::Reference || !record.exists() {
        return TOLERANCE;
    }
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    // The largest of 30,000 differences scatters by some percent; the typical one is smaller than
    // its for every type (SPEED.md).
    1.05 * record["relative_difference"].as_f64().unwrap() as f32
}

#[test]
fn logits_of_every_family_are_the_reference_logits_at_every_level() {
    let mut worse = Vec::new();
    for folder in ["models", "quantized"] {
        for path in fixtures(folder) {
            let expected = Expected::of(&path);
            for level in levels() {
                let options = LoadOptions {
                    level: Some(level),
                    ..exact()
                };
                let model = load(&path, &options);
                let logits = score_all(&model, &expected.tokens);
                let difference = relative_difference(&logits, &expected.logits);
                let limit = tolerance(&path, level);
                let line = format!(
                    "{:24} {level} {difference:.2e} of {limit:.2e}",
                    name_of(&path)
                );
                println!("{line}");
                if difference > limit {
                    worse.push(line);
                }
            }
        }
    }
    assert!(worse.is_empty(), "{worse:#?}");
}

#[test]
fn a_short_context_takes_the_short_rope_factors() {
    let mut n_seen = 0;
    for path in fixtures("models") {
        let expected = Expected::of(&path);
        let Some((n, short)) = expected.short else {
            continue;
        };
        let options = LoadOptions {
            context: Some(n),
            ..exact()
        };
        let logits = score_all(&load(&path, &options), &expected.tokens[..n]);
        let difference = relative_difference(&logits, &short);
        assert!(difference <= TOLERANCE, "{} {difference}", path.display());
        n_seen += 1;
    }
    println!("{n_seen} fixtures with short factors");
}

#[test]
fn stories260k_tells_the_documented_story() {
    let (Some(path), Some(record)) = (
        shared("models/stories260K.gguf"),
        shared("models/stories260K.greedy256.json"),
    ) else {
        return;
    };
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    let ids = record["ids"].as_array().unwrap().iter();
    let expected: Vec<u32> = ids.map(|id| id.as_u64().unwrap() as u32).collect();
    for kv_type in [KvType::F32, KvType::F16] {
        let options = LoadOptions {
            kv_type,
            threads: Some(1),
            ..LoadOptions::default()
        };
        let told = with_stepper(&load(&path, &options), |stepper| {
            let mut id = 1;
            let mut told = Vec::new();
            for _ in &expected {
                stepper.step(id).unwrap();
                id = argmax(stepper.logits());
                told.push(id);
            }
            told
        });
        assert_eq!(told, expected, "{kv_type}");
    }
}

#[test]
fn a_model_with_heads_of_four_runs() {
    let Some(path) = shared("models/llama-2-tiny-random.gguf") else {
        return;
    };
    let model = load(&path, &exact());
    assert_eq!(model.info().vocab_size, 32_000);
    assert_eq!(model.info().quantization, "F16");
    with_stepper(&model, |stepper| {
        prefill(stepper, &[1, 5, 31_999]).unwrap();
        assert_eq!(stepper.logits().len(), 32_000);
    });
}

/// llama.cpp rounds activations to 8 bits, so its choice binds only where its margin is larger than
/// what that rounding moves logits by (`relative_difference` in its record).
#[test]
fn quantized_models_choose_what_llama_cpp_chooses() {
    for path in fixtures("quantized") {
        let record = path.with_extension("llamacpp.json");
        let record: serde_json::Value =
            serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
        let numbers = |key: &str| -> Vec<f64> {
            let values = record[key].as_array().unwrap().iter();
            values.map(|value| value.as_f64().unwrap()).collect()
        };
        let prompt: Vec<u32> = numbers("prompt").iter().map(|&id| id as u32).collect();
        let theirs: Vec<u32> = numbers("token").iter().map(|&id| id as u32).collect();
        let (margins, logits) = (numbers("margin"), numbers("logit"));
        let largest = logits.iter().fold(0f64, |max, logit| max.max(logit.abs()));
        let noise = 2.0 * largest * record["relative_difference"].as_f64().unwrap();
        let ours = choices(&load(&path, &exact()), &prompt, &theirs);
        let split = (0..theirs.len()).find(|&i| ours[i] != theirs[i]);
        let at = split.map(|i| format!("first at {i}, margin {:.3}", margins[i]));
        println!(
            "{:24} {} (noise {noise:.3})",
            name_of(&path),
            at.unwrap_or("all equal".into())
        );
        for i in 0..theirs.len() {
            assert!(
                ours[i] == theirs[i] || margins[i] <= noise,
                "{} token {i}: {} for {} at margin {}",
                path.display(),
                ours[i],
                theirs[i],
                margins[i]
            );
        }
    }
}

/// What we would choose after each of `fed`'s predecessors.
fn choices(
    model: &std::sync::Arc<dyn lilim_api::LoadedModel>,
    prompt: &[u32],
    fed: &[u32],
) -> Vec<u32> {
    with_stepper(model, |stepper| {
        prefill(stepper, prompt).unwrap();
        let mut ours = vec![argmax(stepper.logits())];
        for &id in &fed[..fed.len() - 1] {
            stepper.step(id).unwrap();
            ours.push(argmax(stepper.logits()));
        }
        ours
    })
}

#[test]
fn tiny_rwkv7_models_of_rwkv_cpp_have_their_published_logits() {
    let Some(expected) = shared("models/expected-logits-7v0-834K.bin") else {
        return;
    };
    let expected = std::fs::read(expected).unwrap();
    let (words, _) = expected.as_chunks();
    let expected: Vec<f32> = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
    for name in ["FP32", "FP16"] {
        let Some(path) = shared(&format!("models/tiny-rwkv-7v0-834K-{name}.bin")) else {
            continue;
        };
        let source = std::fs::read(path).unwrap();
        let tokens = lilim_native::byte_tokens();
        let gguf = lilim_native::import_rwkv7(&source, &tokens, Vec::new()).unwrap();
        let engine = engine_of(gguf);
        let model = engine.load(&in_memory(), &exact(), &mut |_| ()).unwrap();
        with_stepper(&model, |stepper| {
            prefill(stepper, &b"\"in".map(u32::from)).unwrap();
            let logits = stepper.logits();
            let pairs = logits.iter().zip(&expected);
            let difference = pairs.fold(0f32, |max, (a, b)| max.max((a - b).abs()));
            println!("{name}: at most {difference:.1e} off");
            assert!(difference <= 1e-3, "{name}: {difference}");
        });
    }
}

#[test]
fn a_cut_or_foreign_rwkv_file_is_an_error() {
    let tokens = lilim_native::byte_tokens();
    let import = |bytes: &[u8]| lilim_native::import_rwkv7(bytes, &tokens, Vec::new());
    assert!(import(b"").is_err());
    assert!(import(b"GGUF....").is_err());
    let Some(path) = shared("models/tiny-rwkv-7v0-834K-FP16.bin") else {
        return;
    };
    let source = std::fs::read(path).unwrap();
    for len in (0..source.len()).step_by(source.len() / 97) {
        assert!(import(&source[..len]).is_err(), "cut to {len}");
    }
}
