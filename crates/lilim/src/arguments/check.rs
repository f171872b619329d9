//! The flags of `lilim bench check`.

use std::path::PathBuf;

use clap::Args;

use super::RunFlags;

/// What `lilim bench check` takes.
#[derive(Args, Debug)]
#[group(id = "what", required = true, multiple = false, args = ["baseline", "write_baseline", "self_test"])]
pub(crate) struct CheckFlags {
    /// Hold this build against the baseline in this file: the TOML file that --write-baseline makes, or
    /// the JSON file of an earlier run.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Run, and write what was found as a baseline to be committed. Gates that the file has already are
    /// kept.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
    /// Test the gate itself: slow-downs of 2, 5 and 10% and an unchanged pair, simulated and with real
    /// delays on an engine that only waits; a minute, less with --quick. Exit code 3 where it does not
    /// keep what it promises.
    #[arg(long)]
    pub(crate) self_test: bool,
    /// The model: an installed one's name, a path, or `small` [default: the baseline's, else `small`].
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// The older `lilim` that the baseline was made with: gates of speed are decided in rounds with both
    /// [default: the baseline's].
    #[arg(long, value_name = "PATH", conflicts_with = "write_baseline")]
    pub(crate) program: Option<PathBuf>,
    /// Rounds with the older program [default: as many as a pilot says are needed, at most 40].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) rounds: Option<u32>,
    /// The model's file may be another than the baseline's.
    #[arg(long)]
    pub(crate) equivalent: bool,
    #[command(flatten)]
    pub(crate) run: RunFlags,
}
