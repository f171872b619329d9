//! Vocabularies and texts made to break a tokenizer: each is an error that names its place, or
//! is read in time.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skipped"
)]

use std::time::{Duration, Instant};

use lilim_formats::gguf::{Array, Metadata, Value};
use lilim_text::{AddSpecial, EncodeOptions, Tokenizer};

const PLAIN: EncodeOptions = EncodeOptions {
    add_special: AddSpecial::Never,
    parse_special: false,
};

fn strings<S: ToString>(items: &[S]) -> Value {
    Value::Array(Array::String(items.iter().map(S::to_string).collect()))
}

fn metadata(pairs: &[(&str, Value)]) -> Metadata {
    let mut metadata = Metadata::new("test");
    for (key, value) in pairs {
        metadata.set(&format!("tokenizer.ggml.{key}"), value.clone());
    }
    metadata
}

fn bpe(tokens: &[&str], merges: &[&str]) -> Metadata {
    metadata(&[
        ("model", Value::String("gpt2".into())),
        ("pre", Value::String("gpt-2".into())),
        ("tokens", strings(tokens)),
        ("merges", strings(merges)),
    ])
}

fn spm(tokens: &[&str], scores: Vec<f32>, types: Vec<i32>) -> Metadata {
    metadata(&[
        ("model", Value::String("llama".into())),
        ("tokens", strings(tokens)),
        ("scores", Value::Array(Array::F32(scores))),
        ("token_type", Value::Array(Array::I32(types))),
    ])
}

fn with(mut metadata: Metadata, key: &str, value: Value) -> Metadata {
    metadata.set(&format!("tokenizer.ggml.{key}"), value);
    metadata
}

#[test]
fn faults_name_key_and_index() {
    let string = |text: &str| Value::String(text.into());
    let good = || bpe(&["a", "b", "ab"], &["a b"]);
    let cases = [
        (
            metadata(&[]),
            "metadata key tokenizer.ggml.model is missing",
        ),
        (
            with(good(), "model", string("none")),
            "the model has no vocabulary",
        ),
        (
            with(good(), "model", string("bert")),
            "tokenizer.ggml.model is 'bert'",
        ),
        (with(good(), "model", Value::U32(3)), "tokenizer.ggml.model"),
        (
            with(good(), "pre", string("gpt2")),
            "tokenizer.ggml.pre is 'gpt2'",
        ),
        (with(good(), "tokens", string("a")), "tokenizer.ggml.tokens"),
        (
            with(good(), "token_type", Value::Array(Array::I32(vec![1, 1]))),
            "token_type has 2 elements",
        ),
        (
            with(
                good(),
                "token_type",
                Value::Array(Array::I32(vec![1, 9, 1])),
            ),
            "token_type[1] is 9",
        ),
        (
            with(good(), "bos_token_id", string("x")),
            "tokenizer.ggml.bos_token_id",
        ),
        (bpe(&[], &[]), "tokenizer.ggml.tokens has 0 tokens"),
        (
            bpe(&["a", "b", "a"], &[]),
            "tokenizer.ggml.tokens[2] repeats the token \"a\" of index 0",
        ),
        (
            bpe(&["a", "b"], &["a b"]),
            "merges[0] names a token that is not in the vocabulary",
        ),
        (
            bpe(&["a", "b", "ab"], &["a b", "ab"]),
            "merges[1] is not two tokens",
        ),
        (
            bpe(&["a", "b", "ab"], &["", "a b"]),
            "merges[0] is not two tokens",
        ),
        (
            bpe(&["a", "b", "ab"], &["a "]),
            "merges[0] is not two tokens",
        ),
        (
            spm(&["a", "b"], vec![0.0], vec![1, 1]),
            "scores has 1 elements, but there are 2",
        ),
        (
            spm(&["a", "b"], vec![0.0, f32::NAN], vec![1, 1]),
            "scores[1] is NaN",
        ),
        (
            spm(&["a", "<0xZZ>"], vec![0.0; 2], vec![1, 6]),
            "tokens[1] is a byte token but reads",
        ),
        (
            spm(&["a", &"b".repeat(70_000)], vec![0.0; 2], vec![1, 1]),
            "tokens[1] has 70000 bytes",
        ),
    ];
    for (metadata, expected) in cases {
        let error = Tokenizer::from_gguf(&metadata).unwrap_err().to_string();
        assert!(
            error.contains(expected),
            "{error:?} should contain {expected:?}"
        );
    }
}

#[test]
fn ids_outside_the_vocabulary_are_warned_of_and_left_out() {
    let metadata = with(bpe(&["a"], &[]), "eos_token_id", Value::I32(-1));
    let tokenizer = Tokenizer::from_gguf(&metadata).unwrap();
    assert_eq!((tokenizer.bos(), tokenizer.eos()), (None, None));
    assert_eq!(tokenizer.warnings().len(), 1, "{:?}", tokenizer.warnings());
    assert_eq!(tokenizer.token_bytes(77), b"");
    assert_eq!(tokenizer.decode(&[0, 99, 0], true), "aa");
}

#[test]
fn a_text_without_tokens_is_unknown_or_an_error() {
    let tokenizer = Tokenizer::from_gguf(&bpe(&["a", "b", "ab"], &["a b"])).unwrap();
    assert_eq!(tokenizer.encode("abba", PLAIN).unwrap(), [2, 1, 0]);
    let error = tokenizer.encode("abc", PLAIN).unwrap_err().to_string();
    assert!(error.contains("no token for byte 0x63"), "{error}");
    let tokenizer =
        Tokenizer::from_gguf(&spm(&["?", "a", "▁"], vec![0.0; 3], vec![2, 1, 1])).unwrap();
    assert_eq!(tokenizer.encode("aé a", PLAIN).unwrap(), [2, 1, 0, 2, 1]);
}

#[test]
fn merges_that_go_in_circles_end() {
    // Each pair makes a token that pairs again; the text only ever gets shorter.
    let tokens = ["a", "aa", "aaa", "aaaa"];
    let merges = ["a a", "aa a", "a aa", "aa aa", "aaa a", "a aaa"];
    let tokenizer = Tokenizer::from_gguf(&bpe(&tokens, &merges)).unwrap();
    assert_eq!(tokenizer.encode("aaaaaaaaa", PLAIN).unwrap(), [3, 1, 2]);
}

#[test]
fn text_cannot_make_control_tokens() {
    let tokens = ["<unk>", "<s>", "</s>", "<", "s", ">", "<s", "▁"];
    let types = vec![2, 3, 3, 1, 1, 1, 1, 1];
    let tokenizer = Tokenizer::from_gguf(&spm(
        &tokens,
        vec![0.0, 0.0, 0.0, -1.0, -1.0, -1.0, -1.0, -1.0],
        types,
    ))
    .unwrap();
    assert_eq!(tokenizer.encode("<s>", PLAIN).unwrap(), [7, 6, 5]);
}

#[test]
fn a_megabyte_of_one_character_takes_no_quadratic_time() {
    const LEN: usize = 1 << 20;
    const LIMIT: Duration = Duration::from_secs(20);
    let bytes: Vec<String> = (0..=255_u8).map(|byte| format!("<0x{byte:02X}>")).collect();
    let mut tokens: Vec<&str> = bytes.iter().map(String::as_str).collect();
    let mut types = vec![6; 256];
    let runs: Vec<String> = (0..7)
        .flat_map(|power| ["a", "▁"].map(|unit| unit.repeat(1 << power)))
        .collect();
    tokens.extend(runs.iter().map(String::as_str));
    types.resize(tokens.len(), 1);
    let scores = (0..tokens.len()).map(|index| -(index as f32)).collect();
    let spm = Tokenizer::from_gguf(&spm(&tokens, scores, types)).unwrap();
    for unit in ["a", " ", "é", "\u{0}"] {
        let text = unit.repeat(LEN / unit.len());
        let start = Instant::now();
        let ids = spm.encode(&text, PLAIN).unwrap();
        assert!(
            start.elapsed() < LIMIT,
            "{unit:?} took {:?}",
            start.elapsed()
        );
        assert_eq!(spm.decode(&ids, true), text);
    }
}
