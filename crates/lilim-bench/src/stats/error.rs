//! What the estimators refuse.

/// An input that no estimate can be made from.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// A sample is NaN or infinite: it is a mistake of the caller, never an observation.
    #[error("sample {index} is {value}, not a finite number")]
    NotFinite {
        /// Its position.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// A ratio needs values above zero.
    #[error("sample {index} is {value}, a ratio needs values above zero")]
    NotPositive {
        /// Its position.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// Paired samples are not of the same number.
    #[error("{left} samples are paired with {right}")]
    Unpaired {
        /// How many on the first side.
        left: usize,
        /// How many on the second side.
        right: usize,
    },
    /// More samples than an estimator whose cost grows with their square takes.
    #[error("{n} samples are more than {max}")]
    TooMany {
        /// How many there are.
        n: usize,
        /// How many are taken.
        max: usize,
    },
    /// A parameter lies outside its range.
    #[error("{name} is {value}, expected {expected}")]
    Parameter {
        /// Which one.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The range, in words.
        expected: &'static str,
    },
}

/// Refuses NaN and infinities.
pub(crate) fn check_finite(sample: &[f64]) -> Result<(), StatsError> {
    match sample.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(StatsError::NotFinite {
            index,
            value: sample[index],
        }),
        None => Ok(()),
    }
}

/// Refuses a parameter for which `holds` is false (NaN makes every comparison false).
pub(crate) fn check_parameter(
    name: &'static str,
    value: f64,
    expected: &'static str,
    holds: bool,
) -> Result<(), StatsError> {
    if holds {
        return Ok(());
    }
    Err(StatsError::Parameter {
        name,
        value,
        expected,
    })
}
