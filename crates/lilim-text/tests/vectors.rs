//! Vocabularies with known tokenizations: llama.cpp's vectors and the originals' own.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skipped"
)]

mod common;

use common::{gguf_tokenizer, shared};
use lilim_text::{AddSpecial, EncodeOptions, TokenKind, Tokenizer};

const PLAIN: EncodeOptions = EncodeOptions {
    add_special: AddSpecial::Never,
    parse_special: false,
};

fn check_llama_cpp_vectors(name: &str) {
    let Some(tokenizer) = gguf_tokenizer(&format!("{name}.gguf")) else {
        return;
    };
    let inputs = String::from_utf8(shared(&format!("{name}.gguf.inp")).unwrap()).unwrap();
    let outputs = String::from_utf8(shared(&format!("{name}.gguf.out")).unwrap()).unwrap();
    let separator = "\n__ggml_vocab_test__\n";
    let texts: Vec<&str> = inputs
        .trim_end_matches(separator)
        .split(separator)
        .collect();
    let lines: Vec<&str> = outputs.lines().collect();
    assert_eq!(texts.len(), lines.len());
    assert!(texts.len() >= 40, "{name} has {} cases", texts.len());
    let mut wrong = Vec::new();
    for (text, line) in texts.iter().zip(lines) {
        let expected: Vec<u32> = line
            .split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect();
        let found = tokenizer.encode(text, PLAIN).unwrap();
        if found != expected {
            wrong.push(format!(
                "{text:?}\n  found    {found:?}\n  expected {expected:?}"
            ));
        }
        assert_eq!(tokenizer.decode(&found, true), *text, "{name} {text:?}");
    }
    assert!(
        wrong.is_empty(),
        "{name}: {} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

macro_rules! llama_cpp_vectors {
    ($($test:ident: $name:literal,)*) => {$(
        #[test]
        fn $test() {
            check_llama_cpp_vectors($name);
        }
    )*};
}

llama_cpp_vectors! {
    vectors_of_deepseek_coder: "ggml-vocab-deepseek-coder",
    vectors_of_falcon: "ggml-vocab-falcon",
    vectors_of_gemma_4: "ggml-vocab-gemma-4",
    vectors_of_gpt_2: "ggml-vocab-gpt-2",
    vectors_of_llama_bpe: "ggml-vocab-llama-bpe",
    vectors_of_llama_spm: "ggml-vocab-llama-spm",
    vectors_of_phi_3: "ggml-vocab-phi-3",
    vectors_of_qwen2: "ggml-vocab-qwen2",
    vectors_of_refact: "ggml-vocab-refact",
}

#[test]
fn gpt2_encodes_a_long_text_as_its_authors_do() {
    let Some(json) = shared("gpt2/tokenizer.json") else {
        return;
    };
    let case: serde_json::Value =
        serde_json::from_slice(&shared("gpt2/gpt2_encoded_tokens.json").unwrap()).unwrap();
    let ids = case["token_ids"].as_array().unwrap();
    let expected: Vec<u32> = ids.iter().map(|id| id.as_u64().unwrap() as u32).collect();
    let text = case["text"].as_str().unwrap();
    assert_eq!(
        Tokenizer::from_json(&json)
            .unwrap()
            .encode(text, PLAIN)
            .unwrap(),
        expected
    );
    let gguf = gguf_tokenizer("ggml-vocab-gpt-2.gguf").unwrap();
    assert_eq!(gguf.encode(text, PLAIN).unwrap(), expected);
}

#[test]
fn rwkv_world_takes_the_longest_token() {
    let Some(file) = shared("rwkv_vocab_v20230424.txt") else {
        return;
    };
    let tokenizer = Tokenizer::from_rwkv_vocab(&file).unwrap();
    // The file ends at id 65529; the World models have 65536 logits.
    assert_eq!(tokenizer.vocab_size(), 65530);
    let cases: [(&str, &[u32]); 6] = [
        ("", &[]),
        ("Hello world", &[33155, 40213]),
        ("\n\n", &[261]),
        ("\n", &[11]),
        ("\u{0}", &[1]),
        ("User: hi", &[24281, 59, 4571]),
    ];
    for (text, expected) in cases {
        assert_eq!(tokenizer.encode(text, PLAIN).unwrap(), expected, "{text:?}");
    }
    let text = "naïve Straße 日本語 \u{1F468}\u{200D}\u{1F469} \t\r\n  x² <|endoftext|>";
    let ids = tokenizer.encode(text, PLAIN).unwrap();
    assert_eq!(tokenizer.decode(&ids, true), text);
    assert!(!ids.contains(&0));
    assert!(tokenizer.is_end(0) && tokenizer.kind(0) == Some(TokenKind::Control));
}

#[test]
fn special_tokens_are_found_only_when_asked() {
    let Some(tokenizer) = gguf_tokenizer("ggml-vocab-phi-3.gguf") else {
        return;
    };
    let options = EncodeOptions {
        parse_special: true,
        ..PLAIN
    };
    let text = "<|user|>\nHi<|end|>\n<|assistant|>";
    let ids = tokenizer.encode(text, options).unwrap();
    // Phi-3's special tokens swallow the spaces after them.
    assert_eq!(ids, [32010, 6324, 32007, 32001]);
    assert!(!tokenizer.encode(text, PLAIN).unwrap().contains(&32010));
    assert!(tokenizer.is_end(32007) && tokenizer.is_end(32000) && !tokenizer.is_end(32010));
}

#[test]
fn bos_and_eos_go_by_metadata() {
    let Some(spm) = gguf_tokenizer("ggml-vocab-llama-spm.gguf") else {
        return;
    };
    let encode = |tokenizer: &Tokenizer, text, add_special| {
        let options = EncodeOptions {
            add_special,
            parse_special: true,
        };
        tokenizer.encode(text, options).unwrap()
    };
    assert_eq!((spm.bos(), spm.eos()), (Some(1), Some(2)));
    assert_eq!(encode(&spm, "", AddSpecial::ByModel), [1]);
    assert_eq!(encode(&spm, "", AddSpecial::Never), [] as [u32; 0]);
    assert_eq!(encode(&spm, "<s>", AddSpecial::ByModel), [1, 1]);
    assert_eq!(encode(&spm, "<s>", AddSpecial::IfMissing), [1]);
    let llama3 = gguf_tokenizer("ggml-vocab-llama-bpe.gguf").unwrap();
    assert_eq!(encode(&llama3, "a", AddSpecial::ByModel), [128000, 64]);
    assert_eq!(
        encode(&llama3, "<|begin_of_text|>a", AddSpecial::IfMissing),
        [128000, 64]
    );
    let qwen2 = gguf_tokenizer("ggml-vocab-qwen2.gguf").unwrap();
    assert_eq!(encode(&qwen2, "a", AddSpecial::ByModel), [64]);
    assert_eq!(encode(&qwen2, "a", AddSpecial::Always), [151643, 64]);
}

#[test]
fn end_tokens_are_gathered_by_id_and_by_name() {
    let cases: [(&str, &[u32]); 5] = [
        ("ggml-vocab-llama-spm.gguf", &[2]),
        ("ggml-vocab-llama-bpe.gguf", &[128001, 128009]),
        ("ggml-vocab-qwen2.gguf", &[151643, 151645]),
        ("ggml-vocab-gpt-2.gguf", &[50256]),
        ("ggml-vocab-gemma-4.gguf", &[1, 50, 106]),
    ];
    for (name, expected) in cases {
        let Some(tokenizer) = gguf_tokenizer(name) else {
            continue;
        };
        let found: Vec<u32> = tokenizer.ends().collect();
        let named: Vec<_> = found.iter().map(|&id| (id, tokenizer.piece(id))).collect();
        assert_eq!(found, expected, "{name}: {named:?}");
    }
}
