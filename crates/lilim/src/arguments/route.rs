//! The flags of `lilim route`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{LoadArguments, OutputArguments};

/// Send each prompt of a file to the model that suits it, and report what that gave.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct RouteArguments {
    #[command(subcommand)]
    pub(crate) command: Option<RouteCommand>,
    #[command(flatten)]
    pub(crate) run: RouteRunArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RouteCommand {
    /// How well a classifier names the categories of a labelled file: accuracy, macro-F1,
    /// calibration, confusion, what abstaining brings, and time a decision.
    Eval(RouteEvalArguments),
}

#[derive(Args, Debug)]
pub(crate) struct RouteRunArguments {
    /// The prompts: {"prompts":[{"id","category","prompt"}]}, or the same fields as JSON lines or CSV.
    #[arg(required_unless_present = "explain")]
    pub(crate) prompts: Option<PathBuf>,
    /// Decide for this prompt alone and say why; nothing is answered.
    #[arg(long, value_name = "PROMPT", conflicts_with_all = ["prompts", "dry_run"])]
    pub(crate) explain: Option<String>,
    /// Classify and decide, with reasons, and answer nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Route, and also send every prompt straight to this model, in rounds in turns: what routing
    /// saved, with intervals, and what the classifier itself took.
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["explain", "dry_run"])]
    pub(crate) compare: Option<String>,
    /// Rounds of a comparison; each takes its share of the prompts, of every category alike.
    #[arg(long, value_name = "N", default_value_t = 10, requires = "compare",
        value_parser = clap::value_parser!(u32).range(6..=200))]
    pub(crate) rounds: u32,
    /// This side of a comparison alone, for its peak memory: the program runs itself so.
    #[arg(long, hide = true, requires = "compare")]
    pub(crate) arm: Option<RouteArm>,
    /// Only the first so many prompts.
    #[arg(long, value_name = "N", value_parser = one_or_more)]
    pub(crate) limit: Option<usize>,
    /// Only prompts whose file says this category (repeatable).
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) only: Vec<String>,
    #[command(flatten)]
    pub(crate) classify: ClassifyArguments,
    #[command(flatten)]
    pub(crate) policy: PolicyArguments,
    /// The most tokens of an answer.
    #[arg(
        short = 'n',
        long,
        visible_alias = "n-predict",
        default_value_t = 256,
        value_name = "N",
        value_parser = one_or_more
    )]
    pub(crate) max_tokens: usize,
    /// Memory for models, in MiB; the one used longest ago makes room [default: what is free].
    #[arg(long, value_name = "MIB")]
    pub(crate) memory_budget: Option<u64>,
    /// The report's JSON file, or a folder for it [default: the folder `route` of the data folder].
    #[arg(short = 'o', long = "output", value_name = "PATH")]
    pub(crate) report: Option<PathBuf>,
    /// Further formats beside the JSON file (repeatable, or separated by commas).
    #[arg(long, value_name = "FORMAT", value_delimiter = ',',
        conflicts_with_all = ["compare", "dry_run", "explain"])]
    pub(crate) format: Vec<RouteFormat>,
    /// Begin anew where an interrupted run of the same job lies; without it, that run goes on.
    #[arg(long, conflicts_with_all = ["compare", "dry_run", "explain"])]
    pub(crate) fresh: bool,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// How prompts are classified.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Classification")]
pub(crate) struct ClassifyArguments {
    /// The categories: {"categories":["Factual", …]} [default: the five built-in ones].
    #[arg(long, value_name = "FILE")]
    pub(crate) categories: Option<PathBuf>,
    /// Who classifies: embedded (microseconds, the built-in categories), zero-shot or
    /// zero-shot:MODEL (a model scores each label), generate or generate:MODEL (a model writes the
    /// label), keywords, or none.
    #[arg(long, value_name = "WHO", default_value = "embedded")]
    pub(crate) classifier: String,
    /// Abstain where the likeliest category is less probable than this (0 to 1); the default route
    /// takes the prompt.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    pub(crate) threshold: f64,
}

/// Which rule sends a prompt to a model.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyArguments {
    /// A model for each category: {"Factual":"MODEL", …}.
    #[arg(long, value_name = "FILE", group = "rule")]
    pub(crate) mapping: Option<PathBuf>,
    /// The cheapest model that keeps limits, by this machine's newest benchmark results, such as
    /// "ttft_p95 < 200 ms, peak_rss < 2 GB".
    #[arg(long, value_name = "LIMITS", group = "rule")]
    pub(crate) target: Option<String>,
    /// Models in order; the next one is asked where an answer is less sure than --min-confidence.
    #[arg(long, value_name = "MODELS", value_delimiter = ',', group = "rule")]
    pub(crate) cascade: Vec<String>,
    /// No routing: every prompt that names no model itself to this one.
    #[arg(long, value_name = "MODEL", group = "rule")]
    pub(crate) direct: Option<String>,
    /// The geometric mean of an answer's token probabilities that a cascade is content with.
    #[arg(long, value_name = "P", default_value_t = 0.5, requires = "cascade")]
    pub(crate) min_confidence: f64,
    /// The default route: the model where the classifier abstains or no rule fits.
    #[arg(long = "default", value_name = "MODEL")]
    pub(crate) fallback: Option<String>,
    /// A model that may answer: a name, a path, `small`, or a server that speaks OpenAI's API as
    /// http://HOST:PORT[,model=NAME,key_env=VARIABLE,…] (repeatable) [default: every installed one, and
    /// the embedded one].
    #[arg(short, long, value_name = "MODEL")]
    pub(crate) model: Vec<String>,
    /// Prompts may go to servers on other machines; without it none is asked anything.
    #[arg(long)]
    pub(crate) allow_remote: bool,
}

impl PolicyArguments {
    /// Whether a rule is named.
    pub(crate) fn has_rule(&self) -> bool {
        let is_file_or_limits = self.mapping.is_some() || self.target.is_some();
        is_file_or_limits || !self.cascade.is_empty() || self.direct.is_some()
    }

    /// The first of these flags that was given.
    pub(crate) fn first_flag(&self) -> Option<&'static str> {
        let given = [
            ("--mapping", self.mapping.is_some()),
            ("--target", self.target.is_some()),
            ("--cascade", !self.cascade.is_empty()),
            ("--direct", self.direct.is_some()),
            ("--default", self.fallback.is_some()),
            ("--model", !self.model.is_empty()),
            ("--allow-remote", self.allow_remote),
        ];
        let mut given = given.into_iter();
        given.find_map(|(flag, is_given)| is_given.then_some(flag))
    }
}

#[derive(Args, Debug)]
pub(crate) struct RouteEvalArguments {
    /// Labelled prompts, in the same formats; those without a category are counted and left out.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Instead: send every labelled prompt to every model (-m) and tell what the policy's choices cost
    /// against the best ones in hindsight, against a perfect classifier, always one model, and chance.
    #[arg(long)]
    pub(crate) regret: bool,
    /// The model that judges answers by how likely it finds them [default: the largest of the models].
    #[arg(long, value_name = "MODEL", requires = "regret")]
    pub(crate) reference: Option<String>,
    /// Only the first so many labelled prompts.
    #[arg(long, value_name = "N", requires = "regret", value_parser = one_or_more)]
    pub(crate) limit: Option<usize>,
    /// The most tokens of an answer.
    #[arg(
        short = 'n',
        long,
        visible_alias = "n-predict",
        default_value_t = 256,
        value_name = "N",
        requires = "regret",
        value_parser = one_or_more
    )]
    pub(crate) max_tokens: usize,
    #[command(flatten)]
    pub(crate) classify: ClassifyArguments,
    #[command(flatten)]
    pub(crate) policy: PolicyArguments,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// A format of reports beside JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouteFormat {
    /// One row a prompt.
    Csv,
    /// Tables to paste.
    Md,
    /// One page.
    Html,
}

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouteArm {
    /// The router's choices.
    Routed,
    /// The one model.
    Direct,
}

impl std::fmt::Display for RouteArm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Routed => "routed",
            Self::Direct => "direct",
        })
    }
}

fn one_or_more(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("there must be one at least".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(error.to_string()),
    }
}
