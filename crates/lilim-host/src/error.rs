//! What can go wrong with models in memory and with jobs.

use std::path::PathBuf;

use lilim_api::EngineError;
use lilim_store::LineFileError;

/// Why a model is not there, or a job cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The model would not fit even alone.
    #[error("{model} needs {need_bytes} bytes, the budget for models is {budget_bytes}")]
    TooLarge {
        /// The model.
        model: String,
        /// What it would take.
        need_bytes: u64,
        /// What there is.
        budget_bytes: u64,
    },
    /// The engine could not tell about it or load it.
    #[error("loading {model}")]
    Load {
        /// The model.
        model: String,
        /// What the engine says.
        source: EngineError,
    },
    /// A job's file could not be read or written.
    #[error(transparent)]
    File(#[from] LineFileError),
    /// A job's file holds something else.
    #[error("{path} line {line}: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A job's file holds the rows of another job.
    #[error("{path} holds another job ({what} differs)")]
    OtherJob {
        /// The file.
        path: PathBuf,
        /// The first thing that differs.
        what: String,
    },
}
