//! A small model of the same vocabulary that guesses what the large one will say.

use lilim_api::{CancelToken, EngineError, TokenId, TokenStepper};

use super::{Promise, Speculator};
use crate::candidates::{Candidate, likeliest};

/// Below this probability of its likeliest token the draft model stops guessing.
const LEAST_PROBABILITY: f32 = 0.4;

/// Logits so far below the best add nothing that matters to the sum of probabilities.
const NEGLIGIBLE: f32 = 14.0;

/// Guesses by a draft model's likeliest tokens.
#[derive(Debug)]
pub struct DraftModel<S> {
    stepper: S,
    /// The draft model could not follow; it guesses nothing more in this answer.
    lost: bool,
}

impl<S: TokenStepper + Send> DraftModel<S> {
    /// Takes a sequence of the draft model, which must be one that rewinds to any token.
    pub fn new(stepper: S) -> Self {
        Self {
            stepper,
            lost: false,
        }
    }

    /// How many of these tokens the draft model's sequence keeps. The last is computed again when
    /// all are there: its logits are needed.
    fn n_kept(&self, tokens: &[TokenId]) -> usize {
        let held = self.stepper.tokens().iter();
        let common = held.zip(tokens).take_while(|(a, b)| a == b).count();
        common.min(tokens.len() - 1)
    }

    /// Brings the draft model's sequence to these tokens.
    fn follow(&mut self, tokens: &[TokenId], cancel: &CancelToken) -> Result<(), EngineError> {
        let kept = self.stepper.rewind(self.n_kept(tokens));
        self.stepper.prefill(&tokens[kept..], cancel, &mut |_| {})
    }

    fn draft(&mut self, n: usize, guesses: &mut Vec<TokenId>) -> Result<(), EngineError> {
        loop {
            let Some(id) = likely(self.stepper.logits()) else {
                return Ok(());
            };
            guesses.push(id);
            if guesses.len() == n || self.stepper.tokens().len() == self.stepper.context() {
                return Ok(());
            }
            self.stepper.step(id)?;
        }
    }
}

impl<S: TokenStepper + Send> Speculator for DraftModel<S> {
    fn begin(&mut self, tokens: &[TokenId], cancel: &CancelToken) {
        self.lost = self.follow(tokens, cancel).is_err();
    }

    fn look(&mut self, tokens: &[TokenId]) -> Option<Promise> {
        let has_room = tokens.len() < self.stepper.context();
        (has_room && !self.lost).then(|| Promise::new(Promise::COUNT / 2))
    }

    fn n_behind(&self, tokens: &[TokenId]) -> usize {
        tokens.len() - 1 - self.n_kept(tokens)
    }

    fn guess(&mut self, tokens: &[TokenId], n: usize, guesses: &mut Vec<TokenId>) {
        let followed = self.follow(tokens, &CancelToken::new());
        // A draft model that fails costs speed, not the answer.
        self.lost = followed.and_then(|()| self.draft(n, guesses)).is_err();
    }
}

/// The likeliest token if it is likely enough. Guesses need no exact arithmetic, so the system's
/// `exp` will do.
fn likely(logits: &[f32]) -> Option<TokenId> {
    let all = (0..).zip(logits);
    let best = likeliest(all.map(|(id, &logit)| Candidate { id, logit }));
    let sum: f32 = logits
        .iter()
        .map(|logit| logit - best.logit)
        .filter(|&below| below > -NEGLIGIBLE)
        .map(f32::exp)
        .sum();
    (1.0 / sum >= LEAST_PROBABILITY).then_some(best.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lilim_testkit::{FakeStepper, Script, StepperOptions, encode_bytes};

    #[test]
    fn only_a_likely_token_is_guessed() {
        let ln = f32::ln;
        assert_eq!(likely(&[ln(0.3), ln(0.45), ln(0.25)]), Some(1));
        assert_eq!(likely(&[ln(0.3), ln(0.38), ln(0.32)]), None);
        assert_eq!(likely(&[0.0; 1000]), None);
    }

    #[test]
    fn a_draft_follows_what_was_chosen_and_stops_at_its_context() {
        let mut options = StepperOptions::new(Script::Cycle(encode_bytes("ab")));
        options.context = 8;
        let mut draft = DraftModel::new(FakeStepper::new(options));
        draft.begin(&[1, 2, 3], &CancelToken::new());
        let mut guess = |tokens: &[TokenId]| {
            let mut guesses = Vec::new();
            if draft.look(tokens).is_some() {
                draft.guess(tokens, 4, &mut guesses);
            }
            assert!(draft.stepper.tokens().starts_with(tokens) || guesses.is_empty());
            guesses.len()
        };
        assert_eq!(guess(&[1, 2, 3]), 4);
        assert_eq!(guess(&[1, 2, 3, 97, 5]), 4);
        assert_eq!(guess(&[1, 2, 3, 97, 5, 6, 7]), 2);
        assert_eq!(guess(&[1, 2, 3, 97, 5, 6, 7, 8]), 0);
    }

    #[test]
    fn a_draft_tells_how_far_it_is_behind() {
        let options = StepperOptions::new(Script::Cycle(encode_bytes("ab")));
        let mut draft = DraftModel::new(FakeStepper::new(options));
        draft.begin(&[1, 2, 3], &CancelToken::new());
        // the last token is always computed anew
        for (tokens, n) in [
            (&[1, 2, 3][..], 0),
            (&[1, 2, 3, 4, 5], 1),
            (&[1, 9, 3, 4], 2),
        ] {
            assert_eq!(draft.n_behind(tokens), n, "{tokens:?}");
        }
    }
}
