//! The messages. A client sends requests, a worker replies; each names the request it is about.

use std::path::PathBuf;

use lilim_api::{
    Availability, EngineError, Event, GenerateRequest, LoadOptions, LoadProgress, MemoryEstimate,
    Message, ModelFiles, ModelInfo, SpeculationUsage, TemplateOptions, TokenId,
};
use serde::{Deserialize, Serialize};

use super::{Encoding, Logits};

/// The id of replies that are about no request: the hello, and an error that ends the connection.
pub const CONNECTION_ID: u64 = 0;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// A number that no other request of this connection has, 1 or more; for [`Call::Credit`],
    /// [`Call::Cancel`] and [`Call::Abandon`] that of the request they are about.
    pub id: u64,
    /// What is wanted.
    pub call: Call,
}

/// What is wanted of a worker. A model is named by the id of the request that loaded it, a session
/// by that of the request that opened it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// What a model is and whether it can run: [`Answer::Checked`].
    Check {
        /// The model's files.
        model: ModelRef,
    },
    /// What memory it would take: [`Answer::Estimated`].
    Estimate {
        /// The model's files.
        model: ModelRef,
        /// How it would be loaded.
        options: LoadOptions,
    },
    /// Loads it: [`Answer::Progress`] any number of times, then [`Answer::Loaded`].
    Load {
        /// The model's files.
        model: ModelRef,
        /// How to load it.
        options: LoadOptions,
    },
    /// Gives a loaded model's memory back: [`Answer::Done`].
    Unload {
        /// The model.
        model: u64,
    },
    /// Text into token ids: [`Answer::Tokens`].
    Tokenize {
        /// The model.
        model: u64,
        /// The text.
        text: String,
        /// Whether the model's begin token is put before it.
        add_bos: bool,
        /// Whether special tokens are read in the text.
        parse_special: bool,
    },
    /// Token ids into text: [`Answer::Text`].
    Detokenize {
        /// The model.
        model: u64,
        /// The ids.
        ids: Vec<TokenId>,
    },
    /// A conversation by the model's template: [`Answer::Text`].
    RenderChat {
        /// The model.
        model: u64,
        /// The conversation.
        messages: Vec<Message>,
        /// What else the template may look at.
        options: TemplateOptions,
    },
    /// Starts an empty session: [`Answer::Done`].
    Open {
        /// The model.
        model: u64,
    },
    /// Ends a session and gives its memory back: [`Answer::Done`].
    Close {
        /// The session.
        session: u64,
    },
    /// Generates: [`Answer::Started`], [`Answer::Event`] any number of times, [`Answer::Ended`].
    Generate {
        /// The session.
        session: u64,
        /// What to generate.
        request: Box<GenerateRequest>,
        /// How many events may be sent before more credit comes.
        credits: u32,
    },
    /// The token-level face of a session as it stands: [`Answer::Stepper`].
    Stepper {
        /// The session.
        session: u64,
    },
    /// Appends prompt tokens: [`Answer::Prefilled`] any number of times, [`Answer::Stepped`].
    Prefill {
        /// The session.
        session: u64,
        /// The tokens.
        ids: Vec<TokenId>,
    },
    /// Appends a generated token: [`Answer::Stepped`].
    Step {
        /// The session.
        session: u64,
        /// The token.
        id: TokenId,
    },
    /// Appends a generated token and guesses of those after it: [`Answer::Stepped`].
    Verify {
        /// The session.
        session: u64,
        /// The tokens.
        ids: Vec<TokenId>,
    },
    /// Logits after the newest token: [`Answer::Logits`].
    Logits {
        /// The session.
        session: u64,
    },
    /// Logits after a token of the last verification: [`Answer::Logits`].
    Verified {
        /// The session.
        session: u64,
        /// Which of its tokens, from 0.
        index: usize,
    },
    /// Shortens the sequence: [`Answer::Stepped`].
    Rewind {
        /// The session.
        session: u64,
        /// Tokens to keep.
        keep: usize,
    },
    /// Appends tokens and tells the logits after each: [`Answer::Row`] any number of times,
    /// [`Answer::Stepped`].
    Score {
        /// The session.
        session: u64,
        /// The tokens.
        ids: Vec<TokenId>,
        /// The first index whose logits are wanted.
        from: usize,
        /// How many rows may be sent before more credit comes.
        credits: u32,
    },
    /// More events or rows may be sent for the request of this id. No reply.
    Credit {
        /// How many more.
        n: u32,
    },
    /// The request of this id is to stop as soon as it can; its last reply comes as ever. No reply.
    Cancel {},
    /// Cancels, and nobody reads its events any more: it needs no credit to end. No reply.
    Abandon {},
    /// The worker is to end: [`Answer::Done`] is the last it says. Closing its stdin does the same.
    Quit {},
}

/// A model's files by their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelRef {
    /// A GGUF file.
    Gguf(PathBuf),
    /// A model that is part of the worker's program.
    Embedded(String),
}

impl From<&ModelFiles> for ModelRef {
    fn from(files: &ModelFiles) -> Self {
        match files {
            ModelFiles::Gguf(path) => Self::Gguf(path.clone()),
            ModelFiles::Embedded { name, .. } => Self::Embedded((*name).to_owned()),
        }
    }
}

/// What a worker sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The request that it is about, or [`CONNECTION_ID`].
    pub id: u64,
    /// What is said.
    pub reply: Answer,
}

/// What a worker says. Each request gets exactly one last answer; those that come before it are
/// marked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The first frame of a worker, about no request.
    Hello(Hello),
    /// How far loading has come. Not the last.
    Progress(LoadProgress),
    /// Generation began. Not the last.
    Started {},
    /// Something happened in a generation. Not the last.
    Event {
        /// When, in nanoseconds since the hello by the worker's monotonic clock.
        at_ns: u64,
        /// What.
        event: Event,
    },
    /// So many of the prompt's tokens are done. Not the last.
    Prefilled {
        /// Tokens done.
        done: usize,
    },
    /// Logits of a scored token. Not the last.
    Row {
        /// The token's index among those scored.
        index: usize,
        /// The logits after it.
        logits: Logits,
    },
    /// It is done, and there is nothing to tell.
    Done {},
    /// What a model is.
    Checked {
        /// What is known of it.
        info: ModelInfo,
    },
    /// What a model would take.
    Estimated {
        /// By part.
        memory: MemoryEstimate,
    },
    /// A model is loaded.
    Loaded {
        /// What it is.
        info: ModelInfo,
        /// The context of its sessions, in tokens.
        context: usize,
        /// What computes.
        device: String,
    },
    /// Token ids.
    Tokens {
        /// The ids.
        ids: Vec<TokenId>,
    },
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A generation is over: after its last event nothing more comes.
    Ended {},
    /// A session's token-level face.
    Stepper {
        /// Tokens in the vocabulary.
        vocab_size: usize,
        /// Tokens that the context holds.
        context: usize,
        /// The tokens computed so far.
        tokens: Vec<TokenId>,
        /// The most tokens that a verification should be given now.
        max_verify: usize,
        /// What guessing ahead brought.
        speculation: Option<SpeculationUsage>,
    },
    /// The sequence was worked on, to the end or not.
    Stepped {
        /// Tokens of the sequence now.
        n_tokens: usize,
        /// The most tokens that a verification should be given now.
        max_verify: usize,
        /// What guessing ahead brought.
        speculation: Option<SpeculationUsage>,
        /// Why it was not done to the end.
        error: Option<EngineError>,
    },
    /// A row of logits.
    Logits {
        /// The row.
        logits: Logits,
    },
    /// The request failed.
    Error {
        /// Why.
        error: EngineError,
    },
}

/// Who a worker is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol, [`super::PROTOCOL_VERSION`].
    pub protocol: u32,
    /// How the payloads are written, this one too.
    pub encoding: Encoding,
    /// The engine's name.
    pub engine: String,
    /// The version of the worker's program.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Whether the engine can run here.
    pub availability: Availability,
}

impl Call {
    /// The name that it has on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Check { .. } => "check",
            Self::Estimate { .. } => "estimate",
            Self::Load { .. } => "load",
            Self::Unload { .. } => "unload",
            Self::Tokenize { .. } => "tokenize",
            Self::Detokenize { .. } => "detokenize",
            Self::RenderChat { .. } => "render_chat",
            Self::Open { .. } => "open",
            Self::Close { .. } => "close",
            Self::Generate { .. } => "generate",
            Self::Stepper { .. } => "stepper",
            Self::Prefill { .. } => "prefill",
            Self::Step { .. } => "step",
            Self::Verify { .. } => "verify",
            Self::Logits { .. } => "logits",
            Self::Verified { .. } => "verified",
            Self::Rewind { .. } => "rewind",
            Self::Score { .. } => "score",
            Self::Credit { .. } => "credit",
            Self::Cancel {} => "cancel",
            Self::Abandon {} => "abandon",
            Self::Quit {} => "quit",
        }
    }
}

impl Answer {
    /// The name that it has on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Progress(_) => "progress",
            Self::Started {} => "started",
            Self::Event { .. } => "event",
            Self::Prefilled { .. } => "prefilled",
            Self::Row { .. } => "row",
            Self::Done {} => "done",
            Self::Checked { .. } => "checked",
            Self::Estimated { .. } => "estimated",
            Self::Loaded { .. } => "loaded",
            Self::Tokens { .. } => "tokens",
            Self::Text { .. } => "text",
            Self::Ended {} => "ended",
            Self::Stepper { .. } => "stepper",
            Self::Stepped { .. } => "stepped",
            Self::Logits { .. } => "logits",
            Self::Error { .. } => "error",
        }
    }

    /// Whether its request gets nothing more after it.
    pub fn is_last(&self) -> bool {
        !matches!(
            self,
            Self::Hello(_)
                | Self::Progress(_)
                | Self::Started {}
                | Self::Event { .. }
                | Self::Prefilled { .. }
                | Self::Row { .. }
        )
    }
}
