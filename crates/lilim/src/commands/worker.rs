//! `lilim worker`: an engine for another program, which asks over stdin and is answered over stdout.
//! `docs/reference/worker-protocol.md` says how.

use std::fs::File;
use std::io::IsTerminal;

use anyhow::Context;
use lilim_api::ModelFiles;
use lilim_engines::{ServeOptions, serve};

use crate::arguments::{WorkerArguments, WorkerEngineName};
use crate::exit::{Exit, UsageError};
use crate::models;

/// Runs the command.
pub(crate) fn run(arguments: &WorkerArguments) -> anyhow::Result<Exit> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let reason = "a worker is started by a program and speaks frames to it, not text";
        return Err(UsageError(reason.to_owned()).into());
    }
    // Ctrl-C reaches every process of the terminal: what it means for a worker its client decides,
    // who says so or closes its stdin.
    ctrlc::set_handler(|| {})?;
    let engine = match arguments.engine {
        WorkerEngineName::Native => models::native_engine(),
    };
    let options = ServeOptions {
        encoding: arguments.encoding,
        embedded: &embedded,
    };
    serve(&engine, options, stdin.lock(), raw_stdout()?).context("speaking to the client")?;
    Ok(Exit::Fine)
}

fn embedded(name: &str) -> Option<ModelFiles> {
    (name == models::EMBEDDED_NAME).then(models::embedded)
}

/// Stdout without a buffer of lines, which would cut frames at every byte that looks like a line end.
fn raw_stdout() -> anyhow::Result<File> {
    let stdout = std::io::stdout();
    #[cfg(unix)]
    let raw = std::os::fd::AsFd::as_fd(&stdout).try_clone_to_owned();
    #[cfg(windows)]
    let raw = std::os::windows::io::AsHandle::as_handle(&stdout).try_clone_to_owned();
    Ok(File::from(raw.context("opening stdout")?))
}
