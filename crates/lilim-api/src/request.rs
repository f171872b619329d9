//! What is asked of a session: a prompt, how to sample, when to stop.

use serde::{Deserialize, Serialize};

use crate::{Message, TokenId};

/// What generation starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// A conversation, rendered by the model's own chat template.
    Chat {
        /// The messages so far.
        messages: Vec<Message>,
        /// What else the template may look at.
        template: TemplateOptions,
    },
    /// Plain text, no template; BOS as the model's metadata says.
    Raw(String),
    /// Token ids, taken as they are: nothing is added.
    Tokens(Vec<TokenId>),
}

/// What a chat template may look at besides the messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateOptions {
    /// Tool definitions in OpenAI's JSON shape.
    pub tools: Vec<serde_json::Value>,
    /// Further variables, such as `enable_thinking`.
    pub variables: serde_json::Map<String, serde_json::Value>,
}

/// How the next token is chosen. The defaults are llama.cpp's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SamplingOptions {
    /// 0 is greedy; otherwise logits are divided by it.
    #[serde(with = "crate::number")]
    pub temperature: f32,
    /// Keep the k likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Keep the likeliest tokens whose probabilities reach this sum; 1 keeps all.
    #[serde(with = "crate::number")]
    pub top_p: f32,
    /// Keep tokens with at least this share of the likeliest one's probability; 0 keeps all.
    #[serde(with = "crate::number")]
    pub min_p: f32,
    /// Locally typical sampling's mass; 1 keeps all.
    #[serde(with = "crate::number")]
    pub typical_p: f32,
    /// Divides (or multiplies, when negative) the logits of recent tokens; 1 is off.
    #[serde(with = "crate::number")]
    pub repeat_penalty: f32,
    /// Subtracted once from the logits of tokens that occurred.
    #[serde(with = "crate::number")]
    pub presence_penalty: f32,
    /// Subtracted as often as the token occurred.
    #[serde(with = "crate::number")]
    pub frequency_penalty: f32,
    /// How many recent tokens the penalties look at; 0 switches them off.
    pub penalty_last_n: usize,
    /// DRY's strength; 0 is off.
    #[serde(with = "crate::number")]
    pub dry_multiplier: f32,
    /// DRY's base.
    #[serde(with = "crate::number")]
    pub dry_base: f32,
    /// Repetitions up to this length are free of DRY.
    pub dry_allowed_length: usize,
    /// How many recent tokens DRY looks at; 0 means the whole context.
    pub dry_last_n: usize,
    /// Strings across which DRY does not match.
    pub dry_sequence_breakers: Vec<String>,
    /// Added to the logits of single tokens.
    #[serde(with = "crate::number::pairs")]
    pub logit_bias: Vec<(TokenId, f32)>,
    /// The random seed; `None` draws one from the operating system.
    pub seed: Option<u64>,
    /// With each token, the log-probabilities of this many likeliest ones; `None` reports none.
    pub logprobs: Option<usize>,
}

impl SamplingOptions {
    /// Always the likeliest token, no penalties: the setting that comparisons use.
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            ..Self::default()
        }
    }
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self {
            temperature: 0.8,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.05,
            typical_p: 1.0,
            repeat_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            penalty_last_n: 64,
            dry_multiplier: 0.0,
            dry_base: 1.75,
            dry_allowed_length: 2,
            dry_last_n: 0,
            dry_sequence_breakers: ["\n", ":", "\"", "*"].map(str::to_owned).to_vec(),
            logit_bias: Vec::new(),
            seed: None,
            logprobs: None,
        }
    }
}

/// When generation ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StopOptions {
    /// The most tokens to generate; `None` means until the context is full.
    pub max_tokens: Option<usize>,
    /// Strings that end the answer; they are not part of it.
    pub strings: Vec<String>,
    /// Token ids that end the answer, besides the model's own end-of-generation set.
    pub tokens: Vec<TokenId>,
    /// Go on through the model's end-of-generation tokens (benchmarks only).
    pub ignore_eos: bool,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// What to start from.
    pub prompt: Prompt,
    /// How to choose tokens.
    #[serde(default)]
    pub sampling: SamplingOptions,
    /// When to end.
    #[serde(default)]
    pub stop: StopOptions,
    /// The answer is wanted in one event at its end and not token by token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

impl GenerateRequest {
    /// Makes a request with default sampling that ends where the model ends.
    pub fn new(prompt: Prompt) -> Self {
        Self {
            prompt,
            sampling: SamplingOptions::default(),
            stop: StopOptions::default(),
            whole: false,
        }
    }
}
