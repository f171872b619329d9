//! The recording of a run: what was planned, on which machine, and what happened when. Nothing in
//! it is computed; every figure is derived from it later (`derive`), also from an old file.

use std::collections::BTreeMap;

use lilim_api::{FinishReason, LoadOptions, TokenId, Untold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::Plan;

/// The version of the result file's layout; a reader refuses another.
pub const SCHEMA: &str = "lilim.bench/1";

/// Everything that a run left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Where, when and by what it was made.
    pub header: Header,
    /// What was to be done, with every parameter resolved.
    pub plan: Plan,
    /// What happened, in the order of happening.
    pub samples: Vec<Sample>,
}

/// Where, when and by what a recording was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program's name and version.
    pub tool: String,
    /// How the program was built, for example the commit and the profile.
    pub build: String,
    /// Wall-clock time of the beginning, RFC 3339; the only wall-clock time in a recording.
    pub started_at: String,
    /// The command as it was given.
    pub command: Vec<String>,
    /// The machine.
    pub machine: Machine,
}

/// What is known of the machine. What the system does not tell is absent, never guessed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// A short hash of processor, cores, memory and operating system: results with different
    /// fingerprints are never put into one trend.
    pub fingerprint: String,
    /// Named facts, such as `cpu`, `governor`, `kernel`, `memory_bytes`, `load_1m`.
    pub facts: BTreeMap<String, String>,
}

/// One side of a measurement: an engine with a model and options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SideInfo {
    /// How reports call it.
    pub name: String,
    /// The engine's name.
    pub engine: String,
    /// How it is reached.
    pub transport: Transport,
    /// The program that runs it, by the hash of its file; `None` where that cannot be known.
    pub program: Option<String>,
    /// The model.
    pub model: ModelIdentity,
    /// How the model is loaded.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub options: LoadOptions,
    /// What is known of a server; its `options` are what was asked of it, not what it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerFacts>,
}

/// What is known of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerFacts {
    /// What it tells of itself, such as its `build`; nothing of it can be checked.
    pub told: BTreeMap<String, String>,
    /// What a side of our own is known by and a server is not, each with the reason.
    pub unknown: BTreeMap<String, String>,
}

/// How an engine is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// In the measuring process.
    InProcess,
    /// A worker process behind the frame protocol.
    Worker,
    /// A server that speaks OpenAI's HTTP API.
    Server,
}

/// Which weights were run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelIdentity {
    /// The model's name.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal; for a split set, of the parts' hashes.
    pub sha256: Option<String>,
    /// The commonest weight type, such as `Q4_K_M`.
    pub quantization: String,
    /// Bytes of the file.
    pub file_bytes: u64,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The case it belongs to.
    pub case: String,
    /// Its number within the case, from 0; what makes a run resumable.
    pub slot: u32,
    /// Whether it warmed up: kept, but left out of every figure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warmup: bool,
    /// The round of a comparison, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// Nanoseconds from the recording's origin to the beginning of this sample.
    pub at_ns: u64,
    /// What happened.
    pub outcome: Outcome,
}

/// What happened in a sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every sample is a request"
)]
pub enum Outcome {
    /// A request was sent.
    Request(RequestRecord),
    /// A model was loaded.
    Load(LoadRecord),
    /// Numbers were read or timed.
    Readings(Vec<Reading>),
    /// A fixed text was scored.
    Scored(ScoreRecord),
    /// A fixed prompt was answered under a setting.
    Traced(TraceRecord),
    /// Nothing came of it.
    Failed {
        /// Why.
        reason: String,
    },
}

/// How likely a model found the tokens of a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreRecord {
    /// blake3 of the text's token ids.
    pub prompt_hash: String,
    /// −ln p of each token but the first, given those before it.
    pub nats: Vec<f64>,
}

/// The answer to a fixed prompt, with what is needed to tell where another one parts from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceRecord {
    /// The prompt's number.
    pub prompt: u32,
    /// blake3 of its token ids.
    pub prompt_hash: String,
    /// The answer.
    pub token_ids: Vec<TokenId>,
    /// Prompt tokens that a cache had.
    pub n_cached: u32,
    /// Hash of the bits of the logits that each token was chosen from; empty for a generated answer.
    pub logit_hashes: Vec<String>,
    /// How far the likeliest token lay above the second each time, as a logit; empty likewise.
    pub margins: Vec<f64>,
}

/// A request and what came back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestRecord {
    /// When it was to be sent, from the recording's origin: a client that falls behind does not hide
    /// the wait.
    pub intended_ns: u64,
    /// When it was sent.
    pub sent_ns: u64,
    /// When its text was turned into tokens, from and to: before it was to be sent, and no part of
    /// its times. Absent where it was text, or many prompts were made beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenize_ns: Option<[u64; 2]>,
    /// Tokens of the prompt; where it is text, as many as the server counts, 0 where it does not say.
    pub n_prompt: u32,
    /// Whether the prompt travelled as text, because the server has no tokenizer to be asked: its
    /// length is then not exactly what was wanted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_text: bool,
    /// blake3 of the prompt's token ids, or of its text.
    pub prompt_hash: String,
    /// Tokens asked for.
    pub n_out_asked: u32,
    /// Everything that came, in order.
    pub events: Vec<RawEvent>,
    /// When an engine in another process emitted each of them, by that process's clock, whose zero
    /// nobody knows: nanoseconds. Empty where the engine does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engine_times_ns: Vec<u64>,
    /// The tokens generated, where the engine tells them.
    pub token_ids: Vec<TokenId>,
    /// Why it ended.
    #[schemars(with = "Option<String>")]
    pub finish_reason: Option<FinishReason>,
    /// What the engine says it did.
    pub engine: Option<EngineUsage>,
    /// How the model was loaded, where it was loaded for this request alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadRecord>,
    /// What else was read about this request, such as the process's CPU seconds and peak memory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
    /// Why the request counts as failed; `None` where it did what was asked.
    pub failure: Option<String>,
}

/// Counts and durations by the engine's own clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineUsage {
    /// Tokens of the prompt.
    pub n_prompt: u32,
    /// Of these, tokens that were not computed because a cache had them.
    pub n_cached: u32,
    /// Tokens generated.
    pub n_out: u32,
    /// From the first prompt token's computation to the last's.
    pub prefill_ns: u64,
    /// From the first generated token to the last.
    pub decode_ns: u64,
    /// What of this it did not say: 0 above means nothing there.
    #[serde(default, skip_serializing_if = "Untold::is_nothing")]
    #[schemars(with = "BTreeMap<String, bool>")]
    pub untold: Untold,
}

impl RequestRecord {
    /// Tokens that were generated: as the events tell, else as the engine says; `None` where neither
    /// tells.
    pub fn n_out(&self) -> Option<u32> {
        let counted: u32 = self.events.iter().map(|event| event.n_tokens).sum();
        let said = self.engine.filter(|engine| !engine.untold.n_out);
        match counted {
            0 if self.events.iter().any(RawEvent::is_output) => said.map(|engine| engine.n_out),
            _ => Some(counted),
        }
    }
}

/// What kind of text an event carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The speaker's name and nothing else.
    Role,
    /// Thoughts before the answer.
    Reasoning,
    /// The answer.
    Content,
    /// A tool call.
    Tool,
    /// Counts.
    Usage,
}

/// One event of a stream, as the client saw it: `[t_ns, n_tokens, bytes, channel]` in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "EventTuple", into = "EventTuple")]
#[schemars(with = "EventTuple")]
pub struct RawEvent {
    /// From the recording's origin.
    pub t_ns: u64,
    /// Tokens it brought; 0 where a chunk does not tell.
    pub n_tokens: u32,
    /// Bytes of text it brought; a token may bring none.
    pub bytes: u32,
    /// What it carries.
    pub channel: Channel,
}

type EventTuple = (u64, u32, u32, Channel);

impl From<EventTuple> for RawEvent {
    fn from((t_ns, n_tokens, bytes, channel): EventTuple) -> Self {
        Self {
            t_ns,
            n_tokens,
            bytes,
            channel,
        }
    }
}

impl From<RawEvent> for EventTuple {
    fn from(event: RawEvent) -> Self {
        (event.t_ns, event.n_tokens, event.bytes, event.channel)
    }
}

impl From<lilim_api::Channel> for Channel {
    fn from(channel: lilim_api::Channel) -> Self {
        match channel {
            lilim_api::Channel::Role => Self::Role,
            lilim_api::Channel::Reasoning => Self::Reasoning,
            lilim_api::Channel::Content => Self::Content,
            lilim_api::Channel::Tool => Self::Tool,
        }
    }
}

impl RawEvent {
    /// Whether it brought generated output: a role or usage event is none, nor is an empty chunk.
    pub fn is_output(&self) -> bool {
        let speaks = !matches!(self.channel, Channel::Role | Channel::Usage);
        speaks && (self.n_tokens > 0 || self.bytes > 0)
    }
}

/// Loading a model, in parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadRecord {
    /// When the process was started, or loading began where there is no process of its own.
    pub start_ns: u64,
    /// When the engine answered for the first time.
    pub process_ready_ns: Option<u64>,
    /// When each part began: `open`, `weights`, `prepare`.
    pub phases: Vec<(String, u64)>,
    /// When the model was ready.
    pub ready_ns: u64,
    /// Why nothing was loaded, as by a server that has its model already: there is no time of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_loaded: Option<String>,
    /// What is known of the page cache beforehand: `dropped`, `warm` or why it is not known.
    pub page_cache: String,
    /// What else was read, such as resident memory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
}

/// A named number with its unit, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// A metric's name (`metric`).
    pub name: String,
    /// The number; never an estimate.
    pub value: Option<f64>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_null: Option<String>,
}

impl Reading {
    /// A number that was read.
    pub fn of(name: &str, value: f64) -> Self {
        Self {
            name: name.to_owned(),
            value: Some(value),
            why_null: None,
        }
    }

    /// A number that cannot be read here.
    pub fn null(name: &str, why: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            value: None,
            why_null: Some(why.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_four_things_in_a_row() {
        let event = RawEvent {
            t_ns: 7,
            n_tokens: 1,
            bytes: 3,
            channel: Channel::Content,
        };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(json, r#"[7,1,3,"content"]"#);
        assert_eq!(serde_json::from_str::<RawEvent>(&json).unwrap(), event);
    }

    #[test]
    fn roles_usage_and_empty_chunks_are_no_output() {
        let event = |n_tokens, bytes, channel| RawEvent {
            t_ns: 0,
            n_tokens,
            bytes,
            channel,
        };
        assert!(event(1, 0, Channel::Content).is_output());
        assert!(event(0, 2, Channel::Reasoning).is_output());
        assert!(!event(0, 0, Channel::Content).is_output());
        assert!(!event(0, 9, Channel::Role).is_output());
        assert!(!event(0, 9, Channel::Usage).is_output());
    }
}
