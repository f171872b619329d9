//! The flags of `lilim bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::LoadArguments;

/// Measure a model on this machine, keep every event, and report what follows from them.
#[derive(Args, Debug)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    pub(crate) command: BenchCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Time to the first token: first request of a fresh start, and warm, at three prompt lengths.
    Ttft(RunFlags),
    /// Several clients at once: short, medium and long prompts, a closed loop and random arrivals.
    Throughput(RunFlags),
    /// From starting to a model that is ready, split into its parts.
    Load(RunFlags),
    /// Minutes of continuous generation: tokens a second every 5 s, and how they hold.
    Sustained {
        /// For how long [default: 300, with --quick 20].
        #[arg(long, value_name = "N")]
        seconds: Option<u32>,
        #[command(flatten)]
        run: RunFlags,
    },
    /// Resident memory as the context fills.
    Memory(RunFlags),
    /// Size of the program with its embedded model.
    Size(RunFlags),
    /// Everything above, one after another.
    All(RunFlags),
    /// Derive every number of a result file again from its samples; fails on any difference.
    Verify {
        /// Result files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print JSON to stdout.
        #[arg(long)]
        json: bool,
    },
}

/// What every measuring command takes.
#[derive(Args, Debug)]
pub(crate) struct RunFlags {
    /// An installed model's name, a path to a GGUF file, or `small` for the embedded model.
    #[arg(default_value = "small")]
    pub(crate) model: String,
    /// Fewer samples, shorter work: minutes instead of an hour. Figures that need more samples are
    /// null.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Samples of each case [default: by scenario, enough for its percentiles].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) samples: Option<u32>,
    /// Samples of each case before those that count [default: 2].
    #[arg(long, value_name = "N")]
    pub(crate) warmup: Option<u32>,
    /// Seconds for each case: no sample is begun after them, once there are three.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) budget: Option<f64>,
    /// What prompts, orders and arrivals are drawn from.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// The result file, or a folder for it [default: the folder `bench` of the data folder].
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Further formats beside the JSON file (repeatable, or separated by commas).
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pub(crate) format: Vec<Format>,
    /// Go on with a run that was interrupted: its journal (`….jsonl`).
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// Print the findings as JSON to stdout instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
}

/// A format of results beside JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One row a case and metric.
    Csv,
    /// Tables to paste.
    Md,
    /// One page with plots.
    Html,
}
