//! What can go wrong in a run as a whole. What goes wrong in one sample is a sample.

use lilim_api::EngineError;

/// An error of a run, or of reading or verifying a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// Nothing could be measured on this side.
    #[error("{side}: {source}")]
    Side {
        /// The side's name.
        side: String,
        /// What the engine said.
        source: EngineError,
    },
    /// A prompt of the asked length cannot be made.
    #[error("{side}: no prompt of {n_prompt} tokens can be made: {reason}")]
    Prompt {
        /// The side's name.
        side: String,
        /// Tokens asked for.
        n_prompt: u32,
        /// Why not.
        reason: String,
    },
    /// The plan names a probe that was not handed in.
    #[error("there is no probe '{0}'")]
    NoProbe(String),
    /// A journal could not be read or written.
    #[error(transparent)]
    Journal(lilim_store::LineFileError),
    /// A result file is not one, or of another version.
    #[error("{path} line {line}: {reason}")]
    Format {
        /// The file.
        path: std::path::PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Where a run would be kept lies one that was interrupted.
    #[error("{0} holds a run that was interrupted")]
    Unfinished(std::path::PathBuf),
    /// A run was to be resumed with another plan.
    #[error("{path} was made with another plan ({what} differs)")]
    OtherPlan {
        /// The journal.
        path: std::path::PathBuf,
        /// What differs.
        what: String,
    },
    /// The user ended the run; what was measured is kept.
    #[error("interrupted")]
    Interrupted,
}
