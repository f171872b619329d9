//! The flags of `lilim bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lilim_bench::report::dialects::Dialect;

use super::{CheckFlags, DeterminismFlags, LoadArguments, MatrixFlags, ThroughputFlags};

/// Measure a model on this machine, keep every event, and report what follows from them.
#[derive(Args, Debug)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    pub(crate) command: BenchCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Time to the first token: first request of a fresh start, and warm, at three prompt lengths.
    Ttft(ScenarioFlags),
    /// Several clients at once: short, medium and long prompts, answers taken token by token and whole,
    /// a closed loop and random arrivals. --samples are the requests of each load, --budget its seconds
    /// from the first of them.
    Throughput(ThroughputFlags),
    /// From starting to a model that is ready, split into its parts.
    Load(ScenarioFlags),
    /// Minutes of continuous generation: tokens a second every 5 s, and how they hold.
    Sustained {
        /// For how long [default: 300, with --quick 20].
        #[arg(long, value_name = "N")]
        seconds: Option<u32>,
        #[command(flatten)]
        flags: ScenarioFlags,
    },
    /// Resident memory as the context fills, up to 8192 tokens or --context; --memory-limit is what
    /// its peak is held against.
    Memory(ScenarioFlags),
    /// Size of the program with its embedded model.
    Size(ScenarioFlags),
    /// What messages between processes cost, in JSON and in MessagePack.
    Ipc(ScenarioFlags),
    /// Each hot loop at models' shapes and at every CPU level, as a share of what this machine can do
    /// at most, measured beside it. Needs no model.
    Kernels(ScenarioFlags),
    /// Everything above, one after another.
    All(ScenarioFlags),
    /// Two engines, models, options or builds against each other, in rounds, with verdicts. Of each
    /// round --samples are the requests of each kind [default: 3], --warmup those before [default: 1];
    /// --quick takes the fewest rounds that can decide anything. A FAIL ends with exit code 3.
    Compare(CompareFlags),
    /// Hold this build against a baseline: answers, perplexity, sizes, and with the older program beside
    /// it speed. A FAIL ends with exit code 3, noise never does.
    Check(Box<CheckFlags>),
    /// Whether answers, and the bits of all logits, are the same with other threads, chunks, batches,
    /// caches, guesses, levels and processes. A difference that must not be ends with exit code 3.
    Determinism(DeterminismFlags),
    /// Every engine with every model on every set of prompts: what succeeds, how fast, in how much
    /// memory, ranked. A pair that cannot be run is shown with its reason.
    Matrix(MatrixFlags),
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

/// What every scenario takes.
#[derive(Args, Debug)]
pub(crate) struct ScenarioFlags {
    /// An installed model's name, a path to a GGUF file, `small` for the embedded model, or the
    /// address of a server that speaks OpenAI's API: http://HOST:PORT[,KEY=VALUE…] with model,
    /// key_env (the environment variable that holds its key), pid, api, strict, prefix_cache.
    #[arg(default_value = "small")]
    pub(crate) model: String,
    #[command(flatten)]
    pub(crate) run: RunFlags,
    /// Run the engine in this process and not in a worker process of its own.
    #[arg(long)]
    pub(crate) in_process: bool,
}

/// How it is measured and where it goes.
#[derive(Args, Debug)]
pub(crate) struct RunFlags {
    /// Fewer samples, shorter work: minutes instead of an hour. Figures that need more samples are
    /// null.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Samples of each case [default: by scenario, enough for its percentiles].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) samples: Option<u32>,
    /// Samples of each case before those that count [default: 2, none where each starts afresh].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000))]
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
    /// The same in another tool's names and definitions (repeatable): vllm, aiperf, guidellm,
    /// llama-bench, ollama, otel.
    #[arg(long, value_name = "TOOL", value_delimiter = ',', value_parser = parse_dialect)]
    pub(crate) dialect: Vec<Dialect>,
    /// Add the result to the history beside it (`history.jsonl`, `HISTORY.md`), under this title.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// What was changed before this run, for the history.
    #[arg(long, value_name = "TEXT", requires = "title")]
    pub(crate) change: Option<String>,
    /// Show every metric, not only those that answer what the scenario asks.
    #[arg(long)]
    pub(crate) all_metrics: bool,
    /// Go on with a run that was interrupted: its journal (`….jsonl`).
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// Print the findings as JSON to stdout instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
}

/// What `lilim bench compare` takes.
#[derive(Args, Debug)]
pub(crate) struct CompareFlags {
    /// The side that is tested: MODEL[,KEY=VALUE…] with threads, context, chunk, level, kv_type,
    /// speculation, or program (another `lilim`); or a server's address as for the other commands.
    pub(crate) tested: String,
    /// The side that it is compared with, written the same way.
    pub(crate) baseline: String,
    /// Rounds [default: as many as a pilot says are needed, at most 40].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) rounds: Option<u32>,
    /// Tokens of the prompts that show how fast a prompt is read.
    #[arg(long, default_value_t = 128, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) prompt: u32,
    /// Tokens of the answers that show how fast one is written.
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) tokens: u32,
    /// Two different files hold the same weights: compare them, and say so.
    #[arg(long)]
    pub(crate) equivalent: bool,
    #[command(flatten)]
    pub(crate) run: RunFlags,
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
    /// Spans of every request and loading, for Perfetto or Chrome's tracing.
    Trace,
}

fn parse_dialect(name: &str) -> Result<Dialect, String> {
    let known = Dialect::ALL.map(Dialect::name).join(", ");
    Dialect::by_name(name).ok_or_else(|| format!("unknown dialect (one of: {known})"))
}
