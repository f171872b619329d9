//! How likely a model finds given continuations: what classification by labels stands on.

use lilim_api::{CancelToken, EngineError, TokenId, TokenStepper};

use crate::logprobs::LogProbs;

/// The natural-log probability of each continuation after the prompt.
///
/// The prompt is computed once; what the sequence already holds of its beginning is kept (all but
/// its last token, whose logits are needed). Afterwards the sequence holds the prompt and nothing
/// of the continuations, or is empty if the model cannot be rewound.
///
/// # Errors
/// What [`TokenStepper::prefill`] and [`TokenStepper::score`] return; an empty prompt is
/// [`EngineError::InvalidOption`].
///
/// # Cost
/// The new part of the prompt, and for each continuation all its tokens but one (recurrent models:
/// the prompt again for each continuation of two tokens or more).
pub fn score_continuations(
    stepper: &mut dyn TokenStepper,
    prompt: &[TokenId],
    continuations: &[Vec<TokenId>],
    cancel: &CancelToken,
) -> Result<Vec<f64>, EngineError> {
    if prompt.is_empty() {
        return Err(EngineError::InvalidOption {
            option: "prompt".into(),
            value: "no tokens".to_owned(),
            reason: "a continuation needs something to continue".to_owned(),
        });
    }
    hold_prompt(stepper, prompt, cancel)?;
    let first = LogProbs::new(stepper.logits());
    let mut scores: Vec<f64> = continuations
        .iter()
        .map(|ids| ids.first().map_or(0.0, |&id| first.of(id).into()))
        .collect();
    for (ids, score) in continuations.iter().zip(&mut scores) {
        if ids.len() > 1 {
            hold_prompt(stepper, prompt, cancel)?;
            *score += later_tokens(stepper, ids)?;
        }
    }
    stepper.rewind(prompt.len());
    Ok(scores)
}

/// Makes the sequence end with the prompt's last token, and its logits the current ones.
fn hold_prompt(
    stepper: &mut dyn TokenStepper,
    prompt: &[TokenId],
    cancel: &CancelToken,
) -> Result<(), EngineError> {
    // The last token is always computed: after a rewind the current logits may be older ones.
    let held = stepper.tokens();
    let common = held.iter().zip(prompt).take_while(|(a, b)| a == b).count();
    let kept = stepper.rewind(common.min(prompt.len() - 1));
    stepper.prefill(&prompt[kept..], cancel, &mut |_| {})
}

/// The log-probabilities of all tokens but the first, each after those before it.
fn later_tokens(stepper: &mut dyn TokenStepper, ids: &[TokenId]) -> Result<f64, EngineError> {
    let mut sum = 0.0;
    stepper.score(&ids[..ids.len() - 1], 0, &mut |index, logits| {
        sum += f64::from(LogProbs::new(logits).of(ids[index + 1]));
    })?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lilim_testkit::{FakeStepper, Script, StepperOptions};

    fn stepper(recurrent: bool) -> FakeStepper {
        let options = StepperOptions::new(Script::Hash { seed: 5 });
        FakeStepper::new(StepperOptions {
            recurrent,
            ..options
        })
    }

    /// The same by stepping through prompt and continuation from nothing.
    fn naive(prompt: &[TokenId], continuation: &[TokenId]) -> f64 {
        let mut stepper = stepper(false);
        stepper
            .prefill(prompt, &CancelToken::new(), &mut |_| {})
            .unwrap();
        let mut sum = 0.0;
        for &id in continuation {
            sum += f64::from(LogProbs::new(stepper.logits()).of(id));
            stepper.step(id).unwrap();
        }
        sum
    }

    #[test]
    fn scores_are_those_of_stepping_through_each_continuation() {
        let continuations = vec![vec![1], vec![2, 3], vec![], vec![4, 5, 6], vec![7]];
        for recurrent in [false, true] {
            let mut stepper = stepper(recurrent);
            for prompt in [&[9, 8, 7, 6][..], &[9, 8, 1], &[9, 8, 1, 1, 1]] {
                let scores =
                    score_continuations(&mut stepper, prompt, &continuations, &CancelToken::new());
                let expected: Vec<f64> =
                    continuations.iter().map(|ids| naive(prompt, ids)).collect();
                assert_eq!(scores.unwrap(), expected, "recurrent: {recurrent}");
            }
        }
    }

    #[test]
    fn a_shared_beginning_is_computed_once() {
        let mut stepper = stepper(false);
        let labels = vec![vec![1], vec![2]];
        score_continuations(&mut stepper, &[9, 8, 7, 6], &labels, &CancelToken::new()).unwrap();
        assert_eq!(stepper.n_computed(), 4);
        score_continuations(&mut stepper, &[9, 8, 7, 5], &labels, &CancelToken::new()).unwrap();
        assert_eq!(stepper.n_computed(), 5);
    }

    #[test]
    fn the_same_prompt_scored_again_gives_the_same() {
        let mut stepper = stepper(false);
        let labels = vec![vec![1], vec![2, 3]];
        let mut score =
            || score_continuations(&mut stepper, &[9, 8, 7], &labels, &CancelToken::new());
        assert_eq!(score().unwrap(), score().unwrap());
    }

    #[test]
    fn an_empty_prompt_is_refused() {
        let refused =
            score_continuations(&mut stepper(false), &[], &[vec![1]], &CancelToken::new());
        assert!(matches!(
            refused,
            Err(EngineError::InvalidOption { option, .. }) if option == "prompt"
        ));
    }
}
