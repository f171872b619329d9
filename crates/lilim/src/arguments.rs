//! Every flag in one place: the command line as types.

mod bench;
mod check;
mod loads;
mod matrix;
mod route;

use std::path::PathBuf;

pub(crate) use bench::{
    BenchArguments, BenchCommand, CompareFlags, Format, RunFlags, ScenarioFlags,
};
pub(crate) use check::CheckFlags;
use clap::{Args, Parser, Subcommand};
use lilim_api::{KvType, Level, LoadOptions, SamplingOptions, SpeculationOptions, StopOptions};
use lilim_engines::wire::Encoding;
pub(crate) use loads::ThroughputFlags;
pub(crate) use matrix::{DeterminismFlags, MatrixFlags};
pub(crate) use route::{
    ClassifyArguments, PolicyArguments, RouteArguments, RouteArm, RouteCommand, RouteEvalArguments,
    RouteFormat, RouteRunArguments,
};

/// Runs language models on your own machine, sends each prompt to the model that suits it, and
/// measures what it does.
#[derive(Debug, Parser)]
#[command(
    name = "lilim",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    /// Log more to stderr: -v for loads and requests, -vv for steps (or set LILIM_LOG).
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the main job on the embedded model: route, answer, measure.
    Demo(DemoArguments),
    /// Answer one prompt, or chat when no prompt is given.
    #[command(alias = "chat")]
    Run(Box<RunArguments>),
    /// Send each prompt of a file to the model that suits it, and report what that gave.
    Route(Box<RouteArguments>),
    /// Measure a model on this machine; results are files whose numbers can be checked.
    Bench(Box<BenchArguments>),
    /// Show how a model splits text into tokens.
    Tokenize(TokenizeArguments),
    /// List the models that are installed here.
    #[command(alias = "ls")]
    List(OutputArguments),
    /// Show a model's metadata, tensors, template and memory need.
    Show(ShowArguments),
    /// Turn a model file of another format into GGUF (rwkv.cpp's `ggmf` files).
    Convert(ConvertArguments),
    /// Tell which engines can run here, and why the rest cannot.
    Engines(OutputArguments),
    /// Check the machine, the configuration with its origins, and the embedded model.
    Doctor(OutputArguments),
    /// Run an engine for another program, over stdin and stdout (docs/reference/worker-protocol.md).
    #[command(hide = true)]
    Worker(WorkerArguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff).
    Man,
}

/// What every command that prints results takes.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct OutputArguments {
    /// Print JSON to stdout.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DemoArguments {
    /// Route and answer only so many of the shipped prompts.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Args, Debug)]
#[command(allow_negative_numbers = true)]
pub(crate) struct RunArguments {
    /// An installed model's name or a unique beginning of it, a path to a GGUF file, or `small`
    /// for the embedded model.
    pub(crate) model: String,
    /// What to say ("" is a prompt too). Without it: stdin when piped, else a chat.
    pub(crate) prompt: Option<String>,
    /// Send the text as it is, without the chat template.
    #[arg(long)]
    pub(crate) raw: bool,
    /// A system message before the conversation.
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    pub(crate) system: Option<String>,
    /// A variable for the chat template, such as enable_thinking=false (JSON values).
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "raw")]
    pub(crate) template_var: Vec<String>,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
    #[command(flatten)]
    pub(crate) sampling: SamplingArguments,
    #[command(flatten)]
    pub(crate) stop: StopArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// How the model is loaded.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Loading")]
pub(crate) struct LoadArguments {
    /// Worker threads [default: physical cores].
    #[arg(short, long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Context length in tokens [default: the model's own, at most 4096].
    #[arg(
        short = 'c',
        long = "context",
        visible_alias = "ctx-size",
        value_name = "N"
    )]
    pub(crate) context: Option<usize>,
    /// Prompt tokens computed at once [default: 512].
    #[arg(
        short = 'b',
        long = "chunk",
        visible_alias = "batch-size",
        value_name = "N"
    )]
    pub(crate) chunk: Option<usize>,
    /// CPU kernels: reference, avx2, avx2-vnni, avx512, amx, neon, neon-dotprod or neon-i8mm
    /// [default: the best there is].
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// How the KV cache is stored: f32, f16 or q8_0 [default: f16].
    #[arg(long, visible_alias = "cache-type", value_name = "TYPE")]
    pub(crate) kv_type: Option<KvType>,
    /// Guess ahead and check several tokens in one pass, which changes no answer: off, lookup (from
    /// earlier text) or draft:MODEL (a smaller model with the same vocabulary) [default: off].
    #[arg(long, value_name = "HOW")]
    pub(crate) speculation: Option<SpeculationOptions>,
    /// Compute every prompt from its first token, also when it begins like the last one.
    #[arg(long)]
    pub(crate) no_prefix_cache: bool,
    /// Refuse models that need more memory than this many MiB [default: what is free].
    #[arg(long, value_name = "MIB")]
    pub(crate) memory_limit: Option<u64>,
}

impl LoadArguments {
    /// The options with `defaults` (from the configuration) where no flag was given.
    pub(crate) fn over(&self, defaults: &LoadOptions) -> LoadOptions {
        const MIB: u64 = 1 << 20;
        LoadOptions {
            threads: self.threads.or(defaults.threads),
            level: self.level.or(defaults.level),
            context: self.context.or(defaults.context),
            chunk: self.chunk.unwrap_or(defaults.chunk),
            kv_type: self.kv_type.unwrap_or(defaults.kv_type),
            prefix_cache: defaults.prefix_cache && !self.no_prefix_cache,
            speculation: self
                .speculation
                .as_ref()
                .unwrap_or(&defaults.speculation)
                .clone(),
            memory_limit_bytes: self
                .memory_limit
                .map(|mib| mib.saturating_mul(MIB))
                .or(defaults.memory_limit_bytes),
        }
    }
}

/// How tokens are chosen; the defaults are llama.cpp's.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Sampling")]
pub(crate) struct SamplingArguments {
    /// 0 is greedy.
    #[arg(
        long,
        visible_alias = "temperature",
        default_value_t = 0.8,
        value_name = "T"
    )]
    temp: f32,
    /// Keep the k likeliest tokens; 0 keeps all.
    #[arg(long, default_value_t = 40, value_name = "K")]
    top_k: usize,
    /// Keep the likeliest tokens up to this sum of probabilities; 1 keeps all.
    #[arg(long, default_value_t = 0.95, value_name = "P")]
    top_p: f32,
    /// Keep tokens with at least this share of the best one's probability; 0 keeps all.
    #[arg(long, default_value_t = 0.05, value_name = "P")]
    min_p: f32,
    /// Locally typical sampling; 1 is off.
    #[arg(
        long,
        visible_alias = "typical-p",
        default_value_t = 1.0,
        value_name = "P"
    )]
    typical: f32,
    /// Penalty on repeated tokens; 1 is off.
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    repeat_penalty: f32,
    /// Subtracted once from tokens that occurred.
    #[arg(long, default_value_t = 0.0, value_name = "X")]
    presence_penalty: f32,
    /// Subtracted for each time a token occurred.
    #[arg(long, default_value_t = 0.0, value_name = "X")]
    frequency_penalty: f32,
    /// Tokens that the penalties look back on; 0 is off.
    #[arg(long, default_value_t = 64, value_name = "N")]
    repeat_last_n: usize,
    /// DRY's strength against repeated sequences; 0 is off.
    #[arg(long, default_value_t = 0.0, value_name = "X")]
    dry_multiplier: f32,
    /// DRY's base.
    #[arg(long, default_value_t = 1.75, value_name = "X")]
    dry_base: f32,
    /// Repeats up to this length are free of DRY.
    #[arg(long, default_value_t = 2, value_name = "N")]
    dry_allowed_length: usize,
    /// Tokens that DRY looks back on; 0 is the whole context.
    #[arg(long, default_value_t = 0, value_name = "N")]
    dry_penalty_last_n: usize,
    /// Add X to the logit of token ID (repeatable).
    #[arg(long, value_name = "ID=X", value_parser = parse_logit_bias)]
    logit_bias: Vec<(u32, f32)>,
    /// Seed of the random choices [default: drawn anew, and reported].
    #[arg(short, long, value_name = "N")]
    seed: Option<u64>,
    /// Report the log-probabilities of the N likeliest tokens at each place (with --json).
    #[arg(long, value_name = "N", requires = "json")]
    logprobs: Option<usize>,
}

impl SamplingArguments {
    /// The options in the engines' vocabulary.
    pub(crate) fn options(&self) -> SamplingOptions {
        SamplingOptions {
            temperature: self.temp,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            typical_p: self.typical,
            repeat_penalty: self.repeat_penalty,
            presence_penalty: self.presence_penalty,
            frequency_penalty: self.frequency_penalty,
            penalty_last_n: self.repeat_last_n,
            dry_multiplier: self.dry_multiplier,
            dry_base: self.dry_base,
            dry_allowed_length: self.dry_allowed_length,
            dry_last_n: self.dry_penalty_last_n,
            logit_bias: self.logit_bias.clone(),
            seed: self.seed,
            logprobs: self.logprobs,
            ..SamplingOptions::default()
        }
    }
}

fn parse_logit_bias(text: &str) -> Result<(u32, f32), String> {
    let (id, bias) = text
        .split_once('=')
        .ok_or("expected ID=X, for example 15043=-1.5")?;
    let id = id
        .parse()
        .map_err(|error| format!("token id '{id}': {error}"))?;
    let bias = bias
        .parse()
        .map_err(|error| format!("bias '{bias}': {error}"))?;
    Ok((id, bias))
}

/// When an answer ends.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Ending")]
pub(crate) struct StopArguments {
    /// The most tokens to generate [default: until the model or the context ends].
    #[arg(
        short = 'n',
        long = "max-tokens",
        visible_alias = "n-predict",
        value_name = "N"
    )]
    max_tokens: Option<usize>,
    /// End where this text would appear; it is not printed (repeatable).
    #[arg(long = "stop", value_name = "TEXT")]
    strings: Vec<String>,
    /// Go on through the model's end-of-generation tokens.
    #[arg(long)]
    ignore_eos: bool,
}

impl StopArguments {
    /// The options in the engines' vocabulary.
    pub(crate) fn options(&self) -> StopOptions {
        StopOptions {
            max_tokens: self.max_tokens,
            strings: self.strings.clone(),
            tokens: Vec::new(),
            ignore_eos: self.ignore_eos,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct TokenizeArguments {
    /// A model, a vocabulary-only GGUF file, or a tokenizer.json.
    pub(crate) model: String,
    /// The text; without it stdin, byte for byte.
    pub(crate) text: Option<String>,
    /// Put the model's begin (and end) tokens where its metadata says.
    #[arg(long, visible_alias = "add-bos")]
    pub(crate) special: bool,
    /// Read special tokens such as <|im_start|> in the text as tokens.
    #[arg(long)]
    pub(crate) parse_special: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArguments {
    /// An installed model's name, a path, or `small`.
    pub(crate) model: String,
    /// List every tensor.
    #[arg(long)]
    pub(crate) tensors: bool,
    /// Print the chat template and nothing else.
    #[arg(long, conflicts_with_all = ["tensors", "json"])]
    pub(crate) template: bool,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Args, Debug)]
pub(crate) struct ConvertArguments {
    /// The file to read.
    pub(crate) input: PathBuf,
    /// The GGUF file to write.
    pub(crate) output: PathBuf,
    /// Replace the output file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct WorkerArguments {
    /// The engine to run.
    #[arg(value_enum)]
    pub(crate) engine: WorkerEngineName,
    /// How the payloads of frames are written: msgpack or json.
    #[arg(long, value_name = "NAME", default_value_t = Encoding::Msgpack)]
    pub(crate) encoding: Encoding,
}

/// The engines of this program.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum WorkerEngineName {
    /// Our own.
    Native,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_sampling_flags_default_to_the_librarys_defaults() {
        let arguments = Arguments::parse_from(["lilim", "run", "small"]);
        let Command::Run(run) = arguments.command else {
            panic!("not run")
        };
        assert_eq!(run.sampling.options(), SamplingOptions::default());
        assert_eq!(run.stop.options(), StopOptions::default());
        assert_eq!(
            run.load.over(&LoadOptions::default()),
            LoadOptions::default()
        );
    }

    #[test]
    fn logit_biases_are_parsed_or_refused_with_the_reason() {
        assert_eq!(parse_logit_bias("7=-1.5"), Ok((7, -1.5)));
        assert!(parse_logit_bias("7").unwrap_err().contains("expected ID=X"));
        assert!(
            parse_logit_bias("x=1")
                .unwrap_err()
                .contains("token id 'x'")
        );
    }
}
