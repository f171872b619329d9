//! `lilim convert`: model files of other formats into GGUF.
//!
//! One format so far: rwkv.cpp's `ggmf` files of RWKV-7 models.

use std::fs::{self, File};
use std::io::{BufWriter, Write};

use anyhow::Context;

use crate::arguments::ConvertArguments;
use crate::exit::{Exit, UsageError};
use crate::terminal::tell;

/// Runs the command.
pub(crate) fn run(arguments: &ConvertArguments) -> anyhow::Result<Exit> {
    let (input, output) = (&arguments.input, &arguments.output);
    if output.exists() && !arguments.force {
        let message = format!("{} is there already; --force replaces it", output.display());
        return Err(UsageError(message).into());
    }
    if output.is_dir() {
        let message = format!("{} is a folder, name a file in it", output.display());
        return Err(UsageError(message).into());
    }
    let bytes = fs::read(input).with_context(|| format!("reading {}", input.display()))?;
    let partial = output.with_extension("gguf.tmp");
    let file = File::create(&partial).with_context(|| format!("writing {}", partial.display()))?;
    let mut writer = BufWriter::new(file);
    let written = lilim_native::import_rwkv7(&bytes, &lilim_native::byte_tokens(), &mut writer)
        .with_context(|| format!("converting {}", input.display()))
        .and_then(|writer| writer.flush().context("writing the converted model"))
        .and_then(|()| {
            fs::rename(&partial, output).with_context(|| format!("writing {}", output.display()))
        });
    if let Err(error) = written {
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    tell(&format!("{} written", output.display()));
    Ok(Exit::Fine)
}
