//! Vocabularies of the shared data folder; what is not there is skipped aloud.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::path::PathBuf;

use lilim_formats::gguf::Gguf;
use lilim_text::Tokenizer;
use serde_json::{Value, json};

pub(crate) fn shared(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/tokenizers")
        .join(name);
    let bytes = fs::read(path).ok();
    if bytes.is_none() {
        eprintln!("skipped: {name} is not there");
    }
    bytes
}

pub(crate) fn gguf_tokenizer(name: &str) -> Option<Tokenizer> {
    let bytes = shared(name)?;
    Some(Tokenizer::from_gguf(Gguf::parse(name, &bytes).unwrap().metadata()).unwrap())
}

/// Qwen's `tokenizer.json`, built from the older files that are there.
pub(crate) fn qwen_tokenizer_json() -> Option<Vec<u8>> {
    let vocab: Value = serde_json::from_slice(&shared("qwen2.5/vocab.json")?).unwrap();
    let merges = String::from_utf8(shared("qwen2.5/merges.txt")?).unwrap();
    let merges: Vec<&str> = merges
        .lines()
        .filter(|line| !line.starts_with("#version"))
        .collect();
    let config: Value = serde_json::from_slice(&shared("qwen2.5/tokenizer_config.json")?).unwrap();
    let added: Vec<Value> = config["added_tokens_decoder"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(id, token)| {
            let mut token = token.clone();
            token["id"] = json!(id.parse::<u32>().unwrap());
            token
        })
        .collect();
    let pattern = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    let byte_level = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": use_regex});
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false},
            byte_level(false),
        ]},
        "post_processor": byte_level(false),
        "decoder": byte_level(false),
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false,
            "vocab": vocab, "merges": merges,
        },
    });
    Some(serde_json::to_vec(&tokenizer).unwrap())
}
