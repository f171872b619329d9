//! The flags of `lilim bench determinism` and of `lilim bench matrix`.

use std::path::PathBuf;

use clap::Args;

use super::RunFlags;

/// What `lilim bench determinism` takes.
#[derive(Args, Debug)]
pub(crate) struct DeterminismFlags {
    /// An installed model's name, a path to a GGUF file, or `small` for the embedded model.
    #[arg(default_value = "small")]
    pub(crate) model: String,
    #[command(flatten)]
    pub(crate) run: RunFlags,
}

/// What `lilim bench matrix` takes.
#[derive(Args, Debug)]
pub(crate) struct MatrixFlags {
    /// Installed models' names, paths to GGUF files, `small` for the embedded model, or servers with their
    /// models: http://HOST:PORT[,KEY=VALUE…] [default: the embedded model and all that are installed].
    #[arg(value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// An engine to be measured (repeatable): native, in a worker process, in-process, or server
    /// [default: all].
    #[arg(long, value_name = "ENGINE", value_delimiter = ',')]
    pub(crate) engine: Vec<String>,
    /// Ask these prompts (JSON, JSONL or CSV, as `lilim route` reads them) instead of our own texts of
    /// three lengths.
    #[arg(long, value_name = "FILE")]
    pub(crate) prompts: Option<PathBuf>,
    /// Tokens of every answer to --prompts [default: 64].
    #[arg(short = 'n', long, value_name = "N", requires = "prompts", value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub(crate) tokens: Option<u32>,
    #[command(flatten)]
    pub(crate) run: RunFlags,
}
