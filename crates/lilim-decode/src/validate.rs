//! What options may say. Checked before work begins, so that a bad option never costs a prefill.

use lilim_api::{EngineError, SamplingOptions, StopOptions, TokenId};

/// Checks sampling options against a vocabulary of so many tokens.
///
/// # Errors
/// `InvalidOption` naming option and value, or `InvalidToken` for a bias outside the vocabulary.
pub fn validate_sampling(options: &SamplingOptions, vocab_size: usize) -> Result<(), EngineError> {
    let unit = |name, value| within(name, value, 0.0, 1.0);
    let at_least_zero = |name, value| within(name, value, 0.0, f32::MAX);
    let finite = |name, value| within(name, value, f32::MIN, f32::MAX);
    at_least_zero("temperature", options.temperature)?;
    unit("top_p", options.top_p)?;
    unit("min_p", options.min_p)?;
    unit("typical_p", options.typical_p)?;
    within(
        "repeat_penalty",
        options.repeat_penalty,
        f32::MIN_POSITIVE,
        f32::MAX,
    )
    .map_err(|_| {
        invalid(
            "repeat_penalty",
            options.repeat_penalty,
            "it must be positive",
        )
    })?;
    finite("presence_penalty", options.presence_penalty)?;
    finite("frequency_penalty", options.frequency_penalty)?;
    at_least_zero("dry_multiplier", options.dry_multiplier)?;
    within("dry_base", options.dry_base, 1.0, f32::MAX)?;
    if options.dry_sequence_breakers.iter().any(String::is_empty) {
        return Err(invalid(
            "dry_sequence_breakers",
            "an empty string",
            "it would match everywhere",
        ));
    }
    for &(id, bias) in &options.logit_bias {
        check_id(id, vocab_size)?;
        if bias.is_nan() || bias == f32::INFINITY {
            let value = format!("{bias} for token {id}");
            return Err(invalid(
                "logit_bias",
                value,
                "it must be a number, or -inf to ban the token",
            ));
        }
    }
    Ok(())
}

/// Checks stop options against a vocabulary of so many tokens.
///
/// # Errors
/// As [`validate_sampling`].
pub fn validate_stop(options: &StopOptions, vocab_size: usize) -> Result<(), EngineError> {
    if options.strings.iter().any(String::is_empty) {
        return Err(invalid(
            "stop",
            "an empty string",
            "it would end every answer at once",
        ));
    }
    options
        .tokens
        .iter()
        .try_for_each(|&id| check_id(id, vocab_size))
}

pub(crate) fn check_id(id: TokenId, vocab_size: usize) -> Result<(), EngineError> {
    if (id as usize) < vocab_size {
        Ok(())
    } else {
        Err(EngineError::InvalidToken { id, vocab_size })
    }
}

pub(crate) fn invalid(
    option: &'static str,
    value: impl ToString,
    reason: impl Into<String>,
) -> EngineError {
    EngineError::InvalidOption {
        option: option.into(),
        value: value.to_string(),
        reason: reason.into(),
    }
}

fn within(option: &'static str, value: f32, low: f32, high: f32) -> Result<(), EngineError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let reason = match (low, high) {
        (f32::MIN, _) => "it must be a finite number".to_owned(),
        (_, f32::MAX) => format!("it must be finite and at least {low}"),
        _ => format!("it must lie between {low} and {high}"),
    };
    Err(invalid(option, value, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&mut SamplingOptions), expected: &str) {
        let mut options = SamplingOptions::default();
        change(&mut options);
        let error = validate_sampling(&options, 10).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn defaults_and_greedy_are_fine() {
        assert_eq!(validate_sampling(&SamplingOptions::default(), 10), Ok(()));
        assert_eq!(validate_sampling(&SamplingOptions::greedy(), 10), Ok(()));
        assert_eq!(validate_stop(&StopOptions::default(), 10), Ok(()));
    }

    #[test]
    fn errors_name_option_value_and_reason() {
        check(
            |o| o.temperature = -1.0,
            "temperature cannot be -1: it must be finite and at least 0",
        );
        check(
            |o| o.temperature = f32::NAN,
            "temperature cannot be NaN: it must be finite and at least 0",
        );
        check(
            |o| o.top_p = 1.5,
            "top_p cannot be 1.5: it must lie between 0 and 1",
        );
        check(
            |o| o.min_p = -0.1,
            "min_p cannot be -0.1: it must lie between 0 and 1",
        );
        check(
            |o| o.typical_p = 2.0,
            "typical_p cannot be 2: it must lie between 0 and 1",
        );
        check(
            |o| o.repeat_penalty = 0.0,
            "repeat_penalty cannot be 0: it must be positive",
        );
        check(
            |o| o.presence_penalty = f32::INFINITY,
            "presence_penalty cannot be inf: it must be a finite number",
        );
        check(
            |o| o.frequency_penalty = f32::NAN,
            "frequency_penalty cannot be NaN: it must be a finite number",
        );
        check(
            |o| o.dry_multiplier = -1.0,
            "dry_multiplier cannot be -1: it must be finite and at least 0",
        );
        check(
            |o| o.dry_base = 0.5,
            "dry_base cannot be 0.5: it must be finite and at least 1",
        );
        check(
            |o| o.dry_sequence_breakers.push(String::new()),
            "dry_sequence_breakers cannot be an empty string: it would match everywhere",
        );
        check(
            |o| o.logit_bias = vec![(3, f32::NAN)],
            "logit_bias cannot be NaN for token 3: it must be a number, or -inf to ban the token",
        );
        check(
            |o| o.logit_bias = vec![(10, 1.0)],
            "token id 10 is outside the vocabulary of 10",
        );
    }

    #[test]
    fn stops_are_checked_too() {
        let empty = StopOptions {
            strings: vec![String::new()],
            ..StopOptions::default()
        };
        let outside = StopOptions {
            tokens: vec![9, 10],
            ..StopOptions::default()
        };
        assert!(matches!(
            validate_stop(&empty, 10),
            Err(EngineError::InvalidOption { option, .. }) if option == "stop"
        ));
        assert_eq!(
            validate_stop(&outside, 10),
            Err(EngineError::InvalidToken {
                id: 10,
                vocab_size: 10
            })
        );
    }
}
