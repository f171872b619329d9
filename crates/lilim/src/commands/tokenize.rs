//! `lilim tokenize`: how a vocabulary splits a text into ids, pieces and bytes.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use lilim_api::ModelFiles;
use lilim_formats::gguf::Gguf;
use lilim_store::MappedModel;
use lilim_text::{AddSpecial, EncodeOptions, Tokenizer};
use serde::Serialize;

use crate::arguments::TokenizeArguments;
use crate::commands::{print_json, print_line};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::models;
use crate::terminal::{Align, table};

/// The result: three lists of equal length.
#[derive(Debug, Serialize)]
struct Tokens {
    ids: Vec<u32>,
    pieces: Vec<String>,
    bytes: Vec<Vec<u8>>,
}

/// Runs the command.
pub(crate) fn run(arguments: &TokenizeArguments, config: &Config) -> anyhow::Result<Exit> {
    let tokenizer = open_tokenizer(&arguments.model, config)?;
    let text = match &arguments.text {
        Some(text) => text.clone(),
        None => stdin_text()?,
    };
    let add_special = if arguments.special {
        AddSpecial::ByModel
    } else {
        AddSpecial::Never
    };
    let options = EncodeOptions {
        add_special,
        parse_special: arguments.parse_special,
    };
    let ids = tokenizer.encode(&text, options)?;
    let tokens = Tokens {
        pieces: ids
            .iter()
            .map(|&id| tokenizer.piece(id).unwrap_or_default().to_owned())
            .collect(),
        bytes: ids
            .iter()
            .map(|&id| tokenizer.token_bytes(id).to_vec())
            .collect(),
        ids,
    };
    if arguments.output.json {
        print_json(&tokens)?;
    } else {
        print_line(&token_table(&tokens))?;
    }
    Ok(Exit::Fine)
}

fn token_table(tokens: &Tokens) -> String {
    let head = [
        ("id", Align::Right),
        ("piece", Align::Left),
        ("bytes", Align::Left),
    ];
    let rows: Vec<Vec<String>> = (0..tokens.ids.len())
        .map(|index| {
            let hex: Vec<String> = tokens.bytes[index]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let piece = tokens.pieces[index].escape_debug().to_string();
            vec![tokens.ids[index].to_string(), piece, hex.join(" ")]
        })
        .collect();
    format!("{}\n{} tokens", table(&head, &rows), tokens.ids.len())
}

/// A tokenizer from a tokenizer.json, a GGUF file (also one without weights), or a model's name.
fn open_tokenizer(reference: &str, config: &Config) -> anyhow::Result<Tokenizer> {
    let path = Path::new(reference);
    if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        let bytes = fs::read(path).with_context(|| format!("reading {reference}"))?;
        return Tokenizer::from_json(&bytes).with_context(|| reference.to_owned());
    }
    match models::resolve(config, reference)? {
        ModelFiles::Gguf(path) => {
            let mapped = MappedModel::open(&path)?;
            Tokenizer::from_gguf(mapped.gguf().metadata())
                .with_context(|| path.display().to_string())
        }
        ModelFiles::Embedded { name, bytes } => {
            let gguf = Gguf::parse(name, bytes)?;
            Tokenizer::from_gguf(gguf.metadata()).with_context(|| name.to_owned())
        }
    }
}

fn stdin_text() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .context("reading stdin")?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        UsageError(format!("stdin is not valid UTF-8 at byte {at}")).into()
    })
}
