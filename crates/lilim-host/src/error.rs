//! What can go wrong with models in memory and with jobs.

use std::fmt;
use std::path::PathBuf;

use lilim_api::EngineError;
use lilim_store::LineFileError;

/// Why a model is not there, or a job cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The model would not fit even alone with what has to stay.
    #[error("{model} {shortage}")]
    TooLarge {
        /// The model.
        model: String,
        /// What it would take, and what there is.
        shortage: Shortage,
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
        /// What it is in the other job, as JSON; `null` where that has none.
        theirs: String,
    },
}

/// What a model would take of a budget that can never hold it. Shown it follows the model's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// What it would take.
    pub need_bytes: u64,
    /// The whole budget.
    pub budget_bytes: u64,
    /// Of the budget, what models have that must stay.
    pub pinned_bytes: u64,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded apart, so that the need is seen to be the larger one.
        let (need, budget) = (self.need_bytes, self.budget_bytes);
        let (need, budget) = (mebibytes(need, true), mebibytes(budget, false));
        write!(f, "needs {need}, the budget is {budget}")?;
        match self.pinned_bytes {
            0 => Ok(()),
            pinned => {
                let pinned = mebibytes(pinned, true);
                write!(f, ", of which {pinned} are taken by what has to stay")
            }
        }
    }
}

/// In the unit of budgets, thousands apart; what is less than one of them in bytes.
fn mebibytes(bytes: u64, up: bool) -> String {
    const MIB: u64 = 1 << 20;
    let (count, unit) = match (bytes < MIB, up) {
        (true, _) => (bytes, "bytes"),
        (false, true) => (bytes.div_ceil(MIB), "MiB"),
        (false, false) => (bytes / MIB, "MiB"),
    };
    let digits = count.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_is_said_with_its_numbers() {
        const MIB: u64 = 1 << 20;
        let check = |need_bytes, budget_bytes, pinned_bytes, expected: &str| {
            let shortage = Shortage {
                need_bytes,
                budget_bytes,
                pinned_bytes,
            };
            assert_eq!(shortage.to_string(), expected);
        };
        check(
            4_096 * MIB,
            2_048 * MIB,
            0,
            "needs 4,096 MiB, the budget is 2,048 MiB",
        );
        check(
            1_500 * MIB + 1,
            2_048 * MIB,
            1_000 * MIB,
            "needs 1,501 MiB, the budget is 2,048 MiB, of which 1,000 MiB are taken by what has to stay",
        );
        check(MIB + 1, 900, 0, "needs 2 MiB, the budget is 900 bytes");
    }
}
