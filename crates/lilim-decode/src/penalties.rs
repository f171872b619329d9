//! Changes of logits that come before any filter: bias, repetition, presence and frequency.

use lilim_api::{SamplingOptions, TokenId};

/// A logit from f64 arithmetic: only a ban (minus infinity) stays infinite, so that no sum of
/// penalties can ban a token or make a number that is none.
pub(crate) fn to_logit(value: f64) -> f32 {
    const LIMIT: f64 = f32::MAX as f64;
    if value == f64::NEG_INFINITY {
        f32::NEG_INFINITY
    } else {
        value.clamp(-LIMIT, LIMIT) as f32
    }
}

/// Adds the biases; several for one token add up.
pub(crate) fn apply_bias(logits: &mut [f32], biases: &[(TokenId, f32)]) {
    for &(id, bias) in biases {
        let logit = &mut logits[id as usize];
        *logit = to_logit(f64::from(*logit) + f64::from(bias));
    }
}

/// Whether the penalties would change anything.
pub(crate) fn is_active(options: &SamplingOptions) -> bool {
    options.penalty_last_n > 0
        && (options.repeat_penalty != 1.0
            || options.presence_penalty != 0.0
            || options.frequency_penalty != 0.0)
}

/// Penalises the tokens among the last `penalty_last_n` of the history (the prompt's included).
///
/// A positive logit is divided by the repetition penalty and any other multiplied, so that the token
/// never becomes likelier; then the frequency penalty is subtracted once for each occurrence and
/// the presence penalty once.
pub(crate) fn apply(logits: &mut [f32], history: &[TokenId], options: &SamplingOptions) {
    let first = history.len().saturating_sub(options.penalty_last_n);
    let mut recent = history[first..].to_vec();
    recent.sort_unstable();
    for same in recent.chunk_by(|a, b| a == b) {
        let logit = &mut logits[same[0] as usize];
        let repeat = f64::from(options.repeat_penalty);
        let mut value = f64::from(*logit);
        value = if value > 0.0 {
            value / repeat
        } else {
            value * repeat
        };
        value -= same.len() as f64 * f64::from(options.frequency_penalty);
        value -= f64::from(options.presence_penalty);
        *logit = to_logit(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::all;
    use crate::filters::softmax;

    /// `penalties` is repetition, frequency, presence.
    fn check(history: &[TokenId], penalties: [f32; 3], expected: [f64; 5]) {
        let options = SamplingOptions {
            repeat_penalty: penalties[0],
            frequency_penalty: penalties[1],
            presence_penalty: penalties[2],
            ..SamplingOptions::default()
        };
        let mut logits = [0.2_f32.ln(); 5];
        apply(&mut logits, history, &options);
        for (got, expected) in softmax(&all(&logits), 1.0).iter().zip(expected) {
            assert!(
                (got - expected).abs() < 1e-5,
                "{got}, expected {expected} ({history:?})"
            );
        }
    }

    #[test]
    fn repetition_cases() {
        let penalties = [50.0, 0.0, 0.0];
        check(&[0], penalties, [0.0, 0.25, 0.25, 0.25, 0.25]);
        check(&[0, 1, 2], penalties, [0.0, 0.0, 0.0, 0.5, 0.5]);
        check(&[0, 1, 2, 0, 0], penalties, [0.0, 0.0, 0.0, 0.5, 0.5]);
    }

    #[test]
    fn frequency_and_presence_cases() {
        let penalties = [1.0, 5.0, 5.0];
        check(
            &[0],
            penalties,
            [0.000_011, 0.249_997, 0.249_997, 0.249_997, 0.249_997],
        );
        check(
            &[0, 1, 2],
            penalties,
            [0.000_023, 0.000_023, 0.000_023, 0.499_966, 0.499_966],
        );
        check(
            &[0, 1, 2, 0, 0],
            penalties,
            [0.0, 0.000_023, 0.000_023, 0.499_977, 0.499_977],
        );
    }

    #[test]
    fn formulas_hold_for_either_sign() {
        let options = SamplingOptions {
            repeat_penalty: 2.0,
            frequency_penalty: 0.5,
            presence_penalty: 0.25,
            ..SamplingOptions::default()
        };
        let mut logits = [4.0, -4.0, 0.0, 1.0];
        apply(&mut logits, &[0, 1, 2, 0, 0], &options);
        assert_eq!(logits, [2.0 - 1.5 - 0.25, -8.0 - 0.75, -0.75, 1.0]);
    }

    #[test]
    fn only_the_last_tokens_count() {
        let options = SamplingOptions {
            presence_penalty: 1.0,
            penalty_last_n: 2,
            ..SamplingOptions::default()
        };
        let mut logits = [0.0; 4];
        apply(&mut logits, &[0, 1, 2], &options);
        assert_eq!(logits, [0.0, -1.0, -1.0, 0.0]);
    }

    #[test]
    fn extreme_penalties_stay_numbers() {
        let options = SamplingOptions {
            repeat_penalty: f32::MIN_POSITIVE,
            frequency_penalty: f32::MIN,
            presence_penalty: f32::MIN,
            ..SamplingOptions::default()
        };
        let mut logits = [1.0, -1.0, f32::NEG_INFINITY];
        apply(&mut logits, &[0, 1, 2, 2], &options);
        assert_eq!(logits, [f32::MAX, f32::MAX, f32::NEG_INFINITY]);
    }

    #[test]
    fn biases_add_up_and_ban() {
        let mut logits = [1.0, 1.0, 1.0];
        apply_bias(
            &mut logits,
            &[(0, 2.0), (2, f32::NEG_INFINITY), (0, -0.5), (2, 100.0)],
        );
        assert_eq!(logits, [2.5, 1.0, f32::NEG_INFINITY]);
    }
}
