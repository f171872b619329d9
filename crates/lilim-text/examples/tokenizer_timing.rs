//! Times a GGUF file's tokenizer: reading it, a text of words, and texts of one character.
//!
//! `cargo run --release -p lilim-text --example tokenizer_timing -- FILE.gguf [TEXT]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example prints and stops at the first fault"
)]

use std::time::Instant;

use lilim_formats::gguf::Gguf;
use lilim_text::{AddSpecial, EncodeOptions, Tokenizer};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let start = Instant::now();
    let gguf = Gguf::parse(&file, &bytes).unwrap();
    let parsed = start.elapsed();
    let start = Instant::now();
    let tokenizer = Tokenizer::from_gguf(gguf.metadata()).unwrap();
    let read = start.elapsed();
    println!(
        "parse {parsed:.1?}, read tokenizer of {} tokens {read:.1?}",
        tokenizer.vocab_size()
    );
    let text = match arguments.next() {
        Some(path) => std::fs::read_to_string(path).unwrap(),
        None => "The quick brown fox jumps over the lazy dog, 12 times.\n".repeat(20_000),
    };
    time(&tokenizer, "text", &text);
    for unit in ["a", " ", "\n", "é", "日", "'", "1", "a ", " \n"] {
        time(
            &tokenizer,
            &format!("{unit:?}"),
            &unit.repeat((1 << 20) / unit.len()),
        );
    }
}

fn time(tokenizer: &Tokenizer, name: &str, text: &str) {
    let options = EncodeOptions {
        add_special: AddSpecial::Never,
        parse_special: true,
    };
    let start = Instant::now();
    let outcome = tokenizer.encode(text, options);
    let took = start.elapsed();
    let rate = text.len() as f64 / took.as_secs_f64() / 1e6;
    match outcome {
        Ok(ids) => {
            assert_eq!(tokenizer.decode(&ids, false).len(), text.len());
            println!(
                "{name:8} {:8} tokens {took:10.1?} {rate:7.1} MB/s",
                ids.len()
            );
        }
        Err(error) => println!("{name:8} {error}"),
    }
}
