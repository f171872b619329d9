//! How an engine fails. One variant for each thing that a caller may do differently.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An error of an engine, a loaded model or a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EngineError {
    /// The engine cannot run this model at all.
    #[error("model {model} is not supported: {reason}")]
    Unsupported {
        /// The model's name or path.
        model: String,
        /// What stands in the way.
        reason: String,
    },
    /// A file of the model is damaged or contradicts itself.
    #[error("model file {path} is invalid: {reason}")]
    InvalidModel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with tensor and number.
        reason: String,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {reason}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        reason: String,
    },
    /// Running this would take more memory than there is.
    #[error("{what} needs {needed_bytes} bytes but {available_bytes} are available")]
    OutOfMemory {
        /// What needs the memory.
        what: String,
        /// How much it needs.
        needed_bytes: u64,
        /// How much there is.
        available_bytes: u64,
    },
    /// The system refused memory that was thought to be there.
    #[error("{what} needs {needed_bytes} bytes, which the system refused")]
    AllocationFailed {
        /// What needs the memory.
        what: String,
        /// How much it needs.
        needed_bytes: u64,
    },
    /// The system refused something other than memory or a file, such as a thread.
    #[error("cannot start {what}: {reason}")]
    System {
        /// What was wanted.
        what: String,
        /// The operating system's answer.
        reason: String,
    },
    /// The prompt does not fit into the context.
    #[error("prompt of {n_prompt} tokens does not fit into the context of {context}")]
    ContextExceeded {
        /// Tokens of the prompt.
        n_prompt: usize,
        /// Tokens that the context holds.
        context: usize,
    },
    /// An option has a value that cannot be used.
    #[error("{option} cannot be {value}: {reason}")]
    InvalidOption {
        /// The option's name.
        option: Cow<'static, str>,
        /// The value given.
        value: String,
        /// Why not.
        reason: String,
    },
    /// A token id is not in the vocabulary.
    #[error("token id {id} is outside the vocabulary of {vocab_size}")]
    InvalidToken {
        /// The id.
        id: u32,
        /// The number of tokens there are.
        vocab_size: usize,
    },
    /// Text could not be tokenized or rendered.
    #[error("{0}")]
    Text(String),
    /// The work was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The computation gave something that is no number.
    #[error("the model computed {value} for token {id} at position {pos}")]
    NotANumber {
        /// The logit.
        #[serde(with = "crate::number")]
        value: f32,
        /// The token whose logit it is.
        id: u32,
        /// The position in the sequence.
        pos: usize,
    },
    /// The process that runs the engine ended, or says what nobody can understand.
    #[error("worker {worker} failed: {reason}")]
    Worker {
        /// The engine's name and the process.
        worker: String,
        /// How it ended or what it said, with the last of what it wrote to stderr.
        reason: String,
    },
    /// A server did not do what was asked of it.
    #[error("server {server}: {reason}")]
    Server {
        /// Its address.
        server: String,
        /// What it said, or why it said nothing.
        reason: String,
    },
}
