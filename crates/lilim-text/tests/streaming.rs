//! Detokenizer and StopFinder against the simple ways of doing the same.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skipped"
)]

mod common;

use common::{gguf_tokenizer, qwen_tokenizer_json, shared};
use lilim_text::{Detokenizer, StopFinder, TextStart, Tokenizer};
use proptest::prelude::*;

/// All bytes first, then UTF-8.
fn decode_naively(tokenizer: &Tokenizer, ids: &[u32], strips_first_space: bool) -> String {
    let bytes: Vec<u8> = ids
        .iter()
        .filter(|&&id| !tokenizer.is_control(id))
        .flat_map(|&id| tokenizer.token_bytes(id))
        .copied()
        .collect();
    let bytes = if strips_first_space {
        bytes.strip_prefix(b" ").unwrap_or(&bytes)
    } else {
        &bytes
    };
    String::from_utf8_lossy(bytes).into_owned()
}

fn stream(tokenizer: &Tokenizer, ids: &[u32], start: TextStart) -> String {
    let mut detokenizer = Detokenizer::new(tokenizer, start);
    let mut text: String = ids.iter().map(|&id| detokenizer.push(id)).collect();
    text.push_str(&detokenizer.finish());
    text
}

/// Ids that are likely to make broken characters besides random ones.
fn random_ids(tokenizer: &Tokenizer, seed: u64) -> Vec<u32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as u32 % below
    };
    let vocab_size = tokenizer.vocab_size() as u32;
    let len = next(40);
    (0..len)
        .map(|_| {
            if next(3) == 0 {
                next(vocab_size + 2)
            } else {
                next(300.min(vocab_size))
            }
        })
        .collect()
}

fn check_tokenizer(tokenizer: &Tokenizer, strips_first_space: bool) {
    for seed in 0..1500 {
        let ids = random_ids(tokenizer, seed);
        let expected = decode_naively(tokenizer, &ids, strips_first_space);
        assert_eq!(
            stream(tokenizer, &ids, TextStart::Text),
            expected,
            "{ids:?}"
        );
        assert_eq!(tokenizer.decode(&ids, true), expected, "{ids:?}");
        let middle = decode_naively(tokenizer, &ids, false);
        assert_eq!(
            stream(tokenizer, &ids, TextStart::Middle),
            middle,
            "{ids:?}"
        );
    }
}

#[test]
fn streamed_text_is_the_text_of_all_ids() {
    for (name, strips_first_space) in [
        ("ggml-vocab-deepseek-coder.gguf", false),
        ("ggml-vocab-falcon.gguf", false),
        ("ggml-vocab-gemma-4.gguf", false),
        ("ggml-vocab-gpt-2.gguf", false),
        ("ggml-vocab-llama-bpe.gguf", false),
        ("ggml-vocab-llama-spm.gguf", true),
        ("ggml-vocab-phi-3.gguf", true),
        ("ggml-vocab-qwen2.gguf", false),
        ("ggml-vocab-refact.gguf", false),
    ] {
        let Some(tokenizer) = gguf_tokenizer(name) else {
            continue;
        };
        check_tokenizer(&tokenizer, strips_first_space);
    }
    let read = |json: Option<Vec<u8>>| json.map(|json| Tokenizer::from_json(&json).unwrap());
    for (tokenizer, strips_first_space) in [
        (read(shared("gpt2/tokenizer.json")), false),
        (read(shared("phi-3-mini/tokenizer.json")), true),
        (read(qwen_tokenizer_json()), false),
        (
            shared("rwkv_vocab_v20230424.txt").map(|f| Tokenizer::from_rwkv_vocab(&f).unwrap()),
            false,
        ),
    ] {
        let Some(tokenizer) = tokenizer else { continue };
        check_tokenizer(&tokenizer, strips_first_space);
    }
}

#[test]
fn a_character_in_three_tokens_comes_when_it_is_whole() {
    let Some(tokenizer) = gguf_tokenizer("ggml-vocab-llama-spm.gguf") else {
        return;
    };
    let mut detokenizer = Detokenizer::new(&tokenizer, TextStart::Text);
    // Byte tokens begin at id 3: E6 97 A5 is 日.
    let pushed: Vec<String> = [0xE6, 0x97, 0xA5, 0xE6, 0x41, 0xFF]
        .map(|byte| detokenizer.push(byte + 3))
        .into();
    assert_eq!(pushed, ["", "", "日", "", "\u{FFFD}A", "\u{FFFD}"]);
    assert_eq!(detokenizer.push(0xF0 + 3), "");
    assert_eq!(detokenizer.finish(), "\u{FFFD}");
    assert_eq!(detokenizer.finish(), "");
}

/// The whole text, cut where the first stop string is complete.
fn stop_naively(stops: &[String], text: &str) -> (String, Option<usize>) {
    for end in 1..=text.len() {
        let found = stops
            .iter()
            .enumerate()
            .filter(|(_, stop)| {
                !stop.is_empty() && text.as_bytes()[..end].ends_with(stop.as_bytes())
            })
            .max_by_key(|(index, stop)| (stop.len(), usize::MAX - index));
        if let Some((index, stop)) = found {
            return (text[..end - stop.len()].to_owned(), Some(index));
        }
    }
    (text.to_owned(), None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn stops_are_found_whatever_the_pieces(
        stops in prop::collection::vec("[abé]{0,4}", 0..4),
        pieces in prop::collection::vec("[abcé]{0,5}", 0..8),
    ) {
        let (expected, expected_stop) = stop_naively(&stops, &pieces.concat());
        let mut finder = StopFinder::new(&stops);
        let (mut text, mut stop) = (String::new(), None);
        for piece in &pieces {
            let found = finder.push(piece);
            text.push_str(&found.text);
            prop_assert!(expected.starts_with(&text));
            stop = stop.or(found.stop);
        }
        text.push_str(&finder.finish());
        prop_assert_eq!((text, stop), (expected, expected_stop));
    }

    #[test]
    fn no_more_is_held_than_may_begin_a_stop(
        stops in prop::collection::vec("[ab]{1,4}", 1..4),
        text in "[abc]{0,12}",
    ) {
        let mut finder = StopFinder::new(&stops);
        let found = finder.push(&text);
        if found.stop.is_none() {
            let held = &text[found.text.len()..];
            prop_assert!(held.is_empty() || stops.iter().any(|stop| stop.starts_with(held)));
        }
    }
}
