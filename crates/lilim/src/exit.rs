//! Exit codes, assigned here and nowhere else.

use std::process::ExitCode;

use lilim_api::EngineError;
use lilim_bench::BenchError;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Fine,
    /// Something failed while running.
    Failed,
    /// The command line asked for something that makes no sense.
    Usage,
    /// Everything was done, and a limit was missed beyond doubt.
    GateFailed,
    /// The user cancelled.
    Cancelled,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::GateFailed => 3,
            Exit::Cancelled => 130,
        })
    }
}

/// An error of the command line itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// What the user may do about an error, where there is something.
pub(crate) fn hint(error: &anyhow::Error) -> Option<&'static str> {
    if let Some(BenchError::Unfinished(_)) = error.downcast_ref() {
        return Some("--resume with that file goes on with it; remove it to begin anew");
    }
    match error.downcast_ref::<EngineError>()? {
        EngineError::OutOfMemory { .. } | EngineError::AllocationFailed { .. } => {
            Some("a smaller --context or --kv-type q8_0 takes less memory")
        }
        EngineError::ContextExceeded { .. } => Some("--context makes room, as far as memory goes"),
        _ => None,
    }
}

/// The exit that an error deserves.
pub(crate) fn of_error(error: &anyhow::Error) -> Exit {
    if error.is::<UsageError>() {
        return Exit::Usage;
    }
    if matches!(error.downcast_ref(), Some(BenchError::Interrupted)) {
        return Exit::Cancelled;
    }
    match error.downcast_ref::<EngineError>() {
        Some(EngineError::Cancelled) => Exit::Cancelled,
        // Token ids come from the command line alone (`--logit-bias`).
        Some(EngineError::InvalidOption { .. } | EngineError::InvalidToken { .. }) => Exit::Usage,
        _ => Exit::Failed,
    }
}
