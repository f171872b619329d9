//! Lesson 2: a vocabulary splits a text, and the pieces make the text again.
//!
//! `cargo run --release --example 02_tokenize -- MODEL.gguf "Some text"`

use anyhow::Context;
use lilim_store::MappedModel;
use lilim_text::{AddSpecial, EncodeOptions, Tokenizer};

#[allow(clippy::print_stdout, reason = "a lesson shows what it does")]
fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .context("usage: 02_tokenize MODEL.gguf TEXT")?;
    let text = arguments
        .next()
        .context("usage: 02_tokenize MODEL.gguf TEXT")?;
    let model = MappedModel::open(path.as_ref())?;
    let tokenizer = Tokenizer::from_gguf(model.gguf().metadata())?;
    let options = EncodeOptions {
        add_special: AddSpecial::Never,
        parse_special: false,
    };
    let ids = tokenizer.encode(&text, options)?;
    for &id in &ids {
        println!("{id:>7}  {:?}", tokenizer.piece(id).unwrap_or_default());
    }
    println!("{:?}", tokenizer.decode(&ids, false));
    Ok(())
}
