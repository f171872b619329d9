//! Random strings against the Python package `tokenizers`: the samples of fixtures/tokenizers,
//! or with LILIM_FUZZ_FOLDER any folder with files of the same names and shape.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skipped"
)]

mod common;

use std::path::PathBuf;

use common::{gguf_tokenizer, qwen_tokenizer_json, shared};
use lilim_text::{AddSpecial, EncodeOptions, Tokenizer};
use serde_json::Value;

fn fuzz_file(name: &str) -> Option<String> {
    let folder = std::env::var_os("LILIM_FUZZ_FOLDER").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tokenizers"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join(name)).ok();
    if text.is_none() {
        eprintln!("skipped: {name} is not there");
    }
    text
}

fn ids(value: &Value) -> Vec<u32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_u64().unwrap() as u32)
        .collect()
}

fn options(parse_special: bool) -> EncodeOptions {
    EncodeOptions {
        add_special: AddSpecial::Never,
        parse_special,
    }
}

/// Compares every line; `applies` says which lines a tokenizer is held to.
fn check(file: &str, tokenizer: &Tokenizer, applies: &dyn Fn(&Value) -> bool) {
    let Some(lines) = fuzz_file(file) else { return };
    let (mut n_checked, mut wrong) = (0, Vec::new());
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        if !applies(&case) {
            continue;
        }
        n_checked += 1;
        let text = case["text"].as_str().unwrap();
        let with_special = ids(&case["ids"]);
        let plain = case.get("plain").map_or_else(|| with_special.clone(), ids);
        let found = tokenizer.encode(text, options(true)).unwrap();
        if found != with_special {
            wrong.push(format!(
                "{text:?}\n  found    {found:?}\n  expected {with_special:?}"
            ));
        }
        let found = tokenizer.encode(text, options(false)).unwrap();
        if found != plain {
            wrong.push(format!(
                "{text:?} plain\n  found    {found:?}\n  expected {plain:?}"
            ));
        }
        let decoded = case["decoded"].as_str().unwrap_or(text);
        let found = tokenizer.decode(&with_special, false);
        if found != decoded {
            wrong.push(format!(
                "decode {with_special:?}\n  found    {found:?}\n  expected {decoded:?}"
            ));
        }
    }
    eprintln!("{file}: {n_checked} lines checked");
    assert!(n_checked > 100);
    let n_wrong = wrong.len();
    wrong.truncate(20);
    assert!(
        wrong.is_empty(),
        "{file}: {n_wrong} of {n_checked} wrong:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn gpt2_json_is_the_python_package() {
    let Some(json) = shared("gpt2/tokenizer.json") else {
        return;
    };
    check(
        "fuzz-gpt2.jsonl",
        &Tokenizer::from_json(&json).unwrap(),
        &|_| true,
    );
}

#[test]
fn gpt2_gguf_is_the_python_package() {
    let Some(tokenizer) = gguf_tokenizer("ggml-vocab-gpt-2.gguf") else {
        return;
    };
    check("fuzz-gpt2.jsonl", &tokenizer, &|_| true);
}

#[test]
fn phi_3_json_is_the_python_package() {
    let Some(json) = shared("phi-3-mini/tokenizer.json") else {
        return;
    };
    check(
        "fuzz-phi-3-mini.jsonl",
        &Tokenizer::from_json(&json).unwrap(),
        &|_| true,
    );
}

#[test]
fn qwen_json_is_the_python_package() {
    let Some(json) = qwen_tokenizer_json() else {
        return;
    };
    check(
        "fuzz-qwen2.5.jsonl",
        &Tokenizer::from_json(&json).unwrap(),
        &|_| true,
    );
}

/// The GGUF tokenizer does not normalize, so it is held to texts that NFC leaves alone.
#[test]
fn qwen_gguf_is_the_python_package_where_nothing_is_normalized() {
    let Some(tokenizer) = gguf_tokenizer("ggml-vocab-qwen2.gguf") else {
        return;
    };
    let is_added_later = |id: &Value| id.as_u64().unwrap() > 151_645;
    check("fuzz-qwen2.5.jsonl", &tokenizer, &|case| {
        case.get("decoded").is_none() && !case["ids"].as_array().unwrap().iter().any(is_added_later)
    });
}

/// llama.cpp's way with spaces differs from the library's after special tokens and in texts that
/// hold them, so the GGUF tokenizer is held to the others.
#[test]
fn phi_3_gguf_is_the_python_package_without_special_tokens() {
    let Some(tokenizer) = gguf_tokenizer("ggml-vocab-phi-3.gguf") else {
        return;
    };
    check("fuzz-phi-3-mini.jsonl", &tokenizer, &|case| {
        let is_special = |id: &Value| matches!(id.as_u64().unwrap(), 0..=2 | 32_000..);
        case.get("decoded").is_none() && !case["ids"].as_array().unwrap().iter().any(is_special)
    });
}
