//! The flags of `lilim bench determinism`.

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
