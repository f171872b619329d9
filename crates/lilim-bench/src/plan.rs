//! What is to be done, with every parameter resolved: cases of work for one side each.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::record::SideInfo;
use crate::stats::{Limit, LookPlan};

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What prompts, orders and arrivals are drawn from.
    pub seed: u64,
    /// The engines with their models.
    pub sides: Vec<SideInfo>,
    /// The work, in order.
    pub cases: Vec<Case>,
    /// Named targets that findings are held against.
    pub targets: Vec<Target>,
    /// What would have been done but cannot be here, and why.
    pub left_out: Vec<LeftOut>,
    /// Two sides against each other; the arms are cases of the plan.
    pub comparison: Option<Comparison>,
    /// What the build is held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
}

/// A case that is not in a plan, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// What its id would be.
    pub case: String,
    /// Why it is not there.
    pub reason: String,
}

impl Plan {
    /// Samples of all cases and rounds, warm-ups included. How many requests a sustained run takes
    /// nobody knows beforehand: it counts for none.
    pub fn n_slots(&self) -> u64 {
        let of_cases = self.cases.iter().map(|case| u64::from(case.n_slots()));
        let of_rounds = self.comparison.as_ref().map_or(0, |comparison| {
            let of_round = self.cases.iter().map(|case| match case.work {
                Work::Arm(Arm::Control) => 1,
                Work::Arm(_) => u64::from(comparison.round.n_slots()),
                _ => 0,
            });
            comparison.looks.rounds() as u64 * of_round.sum::<u64>()
        });
        of_cases.sum::<u64>() + of_rounds
    }
}

/// Work of one kind with one set of parameters on one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A name that is unique in the plan, such as `ttft/warm/128`.
    pub id: String,
    /// Which of the plan's sides.
    pub side: usize,
    /// What is done.
    pub work: Work,
    /// Samples that are kept but left out of every figure.
    pub n_warmups: u32,
    /// Samples that count.
    pub n_samples: u32,
    /// Seconds after which no further sample is begun, once there are [`MIN_SAMPLES`].
    pub budget_s: Option<f64>,
}

/// The name of the side that answers at once with nothing computed: what a request to it takes is
/// the client's own.
pub const NULL_SERVER: &str = "null-server";

/// The case that measures it.
pub const CLIENT_CASE: &str = "client/null-server";

/// Samples that a case makes however little time it has: fewer would say nothing of their scatter.
pub const MIN_SAMPLES: u32 = 3;

impl Case {
    /// Samples, warm-ups included.
    pub fn n_slots(&self) -> u32 {
        self.n_warmups.saturating_add(self.n_samples)
    }
}

/// What a case does for each sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// The first request of a fresh process each: launch, load, one request.
    TtftCold(RequestShape),
    /// One request after another to a loaded model, each with another prompt.
    TtftWarm(RequestShape),
    /// A load of requests; each sample is a request.
    Throughput {
        /// What each request is.
        shape: RequestShape,
        /// When requests are sent.
        arrivals: Arrivals,
        /// Whether tokens are taken one by one or all at the end.
        delivery: Delivery,
        /// What a request must keep to count as good.
        limits: Limits,
    },
    /// Process start to ready, the model's file in the system's cache.
    Load,
    /// The same with the file put out of the cache before.
    LoadCold,
    /// Nothing, for so long: what the machine takes when it does nothing.
    Idle {
        /// For how long.
        seconds: u32,
    },
    /// Requests one after another for a time; each sample is a request, as many as it takes.
    Sustained {
        /// What each request is.
        shape: RequestShape,
        /// For how long.
        seconds: u32,
    },
    /// The fixed prompts one after another, to a loaded model: their greedy answers are what it
    /// says, whatever the seed.
    Answers(RequestShape),
    /// How likely the model finds the fixed texts; each sample is a text.
    Perplexity {
        /// Tokens of each text.
        n_tokens: u32,
    },
    /// The fixed prompts under one setting of a determinism matrix; of each prompt two samples, one
    /// generated and one stepped through.
    Setting(Setting),
    /// A cell of a matrix of engines, models and prompts: requests one after another to a loaded
    /// model. Its case is called `matrix/<set>/<engine>/<model>`.
    Matrix(Questions),
    /// Resident memory with this much of the context filled, in a fresh process.
    Memory(RequestShape),
    /// One arm of the plan's comparison; its samples are made in rounds, in turns with the others'.
    Arm(Arm),
    /// The baseline's answers of the rounds, forced token by token through both sides: how far their
    /// numbers lie apart. Answers that differed come first.
    Replay,
    /// A probe that the caller handed in, by name.
    Probe {
        /// The probe's name.
        probe: String,
        /// Calls are repeated for at least so long and timed together; 0 times every call alone.
        min_ns: u64,
        /// The case whose rate is this one's limit.
        limit: Option<String>,
    },
}

impl Work {
    /// The scenario's name, which is also how the command line calls it.
    pub fn scenario(&self) -> &'static str {
        match self {
            Self::TtftCold(_) | Self::TtftWarm(_) => "ttft",
            Self::Throughput { .. } => "throughput",
            Self::Load | Self::LoadCold => "load",
            Self::Idle { .. } => "idle",
            Self::Sustained { .. } => "sustained",
            Self::Memory(_) => "memory",
            Self::Answers(_) | Self::Perplexity { .. } => "quality",
            Self::Setting(_) => "determinism",
            Self::Matrix(_) => "matrix",
            Self::Probe { .. } => "probe",
            Self::Arm(_) | Self::Replay => "compare",
        }
    }

    /// The shape of its requests, where it sends any.
    pub fn shape(&self) -> Option<RequestShape> {
        match self {
            Self::TtftCold(shape)
            | Self::TtftWarm(shape)
            | Self::Memory(shape)
            | Self::Answers(shape)
            | Self::Matrix(Questions::Text(shape))
            | Self::Throughput { shape, .. }
            | Self::Sustained { shape, .. } => Some(*shape),
            Self::Load
            | Self::LoadCold
            | Self::Idle { .. }
            | Self::Probe { .. }
            | Self::Arm(_)
            | Self::Replay
            | Self::Setting(_)
            | Self::Matrix(Questions::Chats { .. })
            | Self::Perplexity { .. } => None,
        }
    }
}

/// What a model is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Questions {
    /// Our own text, of an exact number of tokens.
    Text(RequestShape),
    /// Somebody's prompts, one after another and again from the first, through the model's chat
    /// template where it has one.
    Chats {
        /// Tokens of every answer.
        n_out: u32,
        /// The prompts.
        chats: Vec<ChatPrompt>,
    },
}

/// A prompt as a person writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatPrompt {
    /// What the model is told before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The text.
    pub prompt: String,
}

/// What one row of a determinism matrix does; its side has the loading options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Tokens of every prompt and answer.
    pub shape: RequestShape,
    /// Sessions of the loaded model that compute at the same time.
    pub n_sessions: u32,
    /// How often all prompts are gone through in one process; the last lap counts.
    pub n_laps: u32,
    /// Whether a prompt that begins alike goes before each.
    pub is_cached: bool,
    /// Why it may give other answers than the first setting; `None` where it must not.
    pub may_differ: Option<String>,
}

/// Two sides against each other, in rounds. Each round starts every arm afresh, in turn: load, warm
/// up, requests; what a round gives an arm is one figure a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The side that is tested.
    pub tested: usize,
    /// The side that it is compared with; it also runs against itself.
    pub baseline: usize,
    /// Whether two different model files count as the same weights.
    pub declared_equivalent: bool,
    /// What an arm does in a round.
    pub round: RoundShape,
    /// How many rounds there are, where they are looked at, and how sure a verdict is.
    #[schemars(with = "serde_json::Value")]
    pub looks: LookPlan,
    /// What decides.
    pub gates: Vec<Gate>,
    /// Named limits that are reported with a verdict of their own and decide nothing.
    pub targets: Vec<RatioTarget>,
    /// What the number of rounds was chosen from: ln(tested / baseline) by metric.
    pub pilot: BTreeMap<String, Vec<f64>>,
}

/// A limit on the ratio of the tested side to the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// A metric's name.
    pub metric: String,
    /// The limit.
    #[schemars(with = "serde_json::Value")]
    pub limit: Limit,
}

/// A limit on a ratio that somebody named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioTarget {
    /// What people call it.
    pub name: String,
    /// A metric's name.
    pub metric: String,
    /// The limit.
    #[schemars(with = "serde_json::Value")]
    pub limit: Limit,
}

/// What an arm does in a round, after it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoundShape {
    /// A request that shows how fast a prompt is read.
    pub prefill: RequestShape,
    /// A request that shows how fast an answer is written.
    pub decode: RequestShape,
    /// Requests of each kind.
    pub n_requests: u32,
    /// Requests of each kind before them.
    pub n_warmups: u32,
}

impl RoundShape {
    /// Samples that an arm makes in a round: loading, requests, and what the process took.
    pub fn n_slots(self) -> u32 {
        2 + 2 * (self.n_requests + self.n_warmups)
    }
}

/// An arm of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The side that is tested.
    Tested,
    /// The side that it is compared with.
    Baseline,
    /// The baseline once more: its ratio to itself is the noise of this machine.
    BaselineAgain,
    /// Fixed work that no side has a part in: its times show how the machine drifts.
    Control,
    /// The tested side once more without a process of its own, where it is this program's: what the
    /// wire costs. Not in every plan.
    InProcess,
}

impl Arm {
    /// Every arm, those first that every comparison has.
    pub const ALL: [Self; 5] = [
        Self::Tested,
        Self::Baseline,
        Self::BaselineAgain,
        Self::Control,
        Self::InProcess,
    ];

    /// The id of its case.
    pub fn case_id(self) -> &'static str {
        match self {
            Self::Tested => "compare/tested",
            Self::Baseline => "compare/baseline",
            Self::BaselineAgain => "compare/baseline-again",
            Self::Control => "compare/control",
            Self::InProcess => "compare/in-process",
        }
    }
}

/// How long a request's prompt and answer are, in tokens. Both are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestShape {
    /// Tokens of the prompt.
    pub n_prompt: u32,
    /// Tokens of the answer.
    pub n_out: u32,
}

impl RequestShape {
    /// Tokens that the context must hold. The last token is never computed, only told.
    pub fn n_context(self) -> u32 {
        self.n_prompt.saturating_add(self.n_out)
    }
}

/// When the requests of a load are sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Arrivals {
    /// So many clients, each sending its next request when its last is answered.
    Closed {
        /// Clients.
        concurrency: u32,
    },
    /// At random times, whatever is still running (an open loop).
    Poisson {
        /// Requests a second on average.
        per_s: f64,
        /// Sessions that serve them; a request waits while all are busy, and its wait counts.
        n_sessions: u32,
    },
}

/// What a request must keep to count into goodput.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The most milliseconds to the first token.
    pub ttft_ms: f64,
    /// The most milliseconds a token after the first, on average.
    pub itl_ms: f64,
    /// The most milliseconds in all.
    pub e2e_ms: f64,
}

impl Default for Limits {
    /// What a person who waits finds good: an answer within a second, faster than reading aloud.
    fn default() -> Self {
        Self {
            ttft_ms: 1_000.0,
            itl_ms: 100.0,
            e2e_ms: 60_000.0,
        }
    }
}

/// How an answer is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Token by token.
    Streamed,
    /// All at the end.
    Whole,
}

/// A bar that a figure is held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What people call it.
    pub name: String,
    /// A case's id; one `*` in it stands for anything.
    pub case: String,
    /// A metric's name.
    pub metric: String,
    /// Which figure of it.
    pub figure: Figure,
    /// The bar.
    pub bound: Bound,
    /// Where it comes from.
    pub source: String,
}

impl Target {
    /// Whether it speaks of a case.
    pub fn applies_to(&self, case: &str) -> bool {
        match self.case.split_once('*') {
            Some((beginning, end)) => {
                let rest = case.strip_prefix(beginning);
                rest.is_some_and(|rest| rest.ends_with(end))
            }
            None => case == self.case,
        }
    }
}

/// A figure of a metric over the samples of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// The middle.
    Median,
    /// The 95th percentile.
    P95,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// A one-sided bar.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Bound {
    /// Whether a value meets it.
    pub fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        }
    }
}
