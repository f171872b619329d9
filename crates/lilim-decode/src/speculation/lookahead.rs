//! A sequence that computes guesses ahead and hands them out as the steps that they turn out to be.

use std::time::Duration;

use lilim_api::{CancelToken, EngineError, SpeculationUsage, TokenId, TokenStepper};

use super::pace::Outcome;
use super::{Promise, Speculation};

/// One answer's sequence with guesses. To its user it is the sequence without them.
pub struct Lookahead<'a> {
    stepper: &'a mut dyn TokenStepper,
    speculation: &'a mut Speculation,
    /// The tokens that were chosen; the sequence may hold guesses behind them.
    chosen: Vec<TokenId>,
    /// Steps that may still come: more guesses would be for nothing.
    n_steps_left: usize,
    /// Whether the speculator knows the prompt.
    begun: bool,
    /// The last verification, while its logits are in use.
    run: Option<Run>,
    cancel: CancelToken,
    usage: SpeculationUsage,
}

/// One verification.
struct Run {
    promise: Promise,
    n_behind: usize,
    guesses: Vec<TokenId>,
    n_accepted: usize,
    guess_took: Duration,
    pass_took: Duration,
}

impl<'a> Lookahead<'a> {
    /// Begins an answer of at most `max_tokens`.
    pub fn new(
        stepper: &'a mut dyn TokenStepper,
        speculation: &'a mut Speculation,
        max_tokens: Option<usize>,
    ) -> Self {
        Self {
            chosen: stepper.tokens().to_vec(),
            stepper,
            speculation,
            // the last token is not computed
            n_steps_left: max_tokens.map_or(usize::MAX, |max| max.saturating_sub(1)),
            begun: false,
            run: None,
            cancel: CancelToken::new(),
            usage: SpeculationUsage::default(),
        }
    }

    /// Ends the answer: the sequence holds what was chosen and nothing else.
    pub fn finish(mut self) {
        self.settle(false);
    }

    /// Leaves the last verification behind; `failed` when another token than the guess was chosen.
    fn settle(&mut self, failed: bool) {
        if let Some(run) = self.run.take() {
            self.speculation.pace.verified(&Outcome {
                promise: run.promise,
                n_behind: run.n_behind,
                n_guessed: run.guesses.len(),
                n_accepted: run.n_accepted,
                failed: failed && run.n_accepted < run.guesses.len(),
                guess_took: run.guess_took,
                pass_took: run.pass_took,
            });
        }
        let n = self.chosen.len();
        if self.stepper.tokens().len() > n {
            let kept = self.stepper.rewind(n);
            assert_eq!(kept, n, "a sequence that verifies rewinds to any token");
        }
    }

    /// Guesses what follows the chosen tokens, where that pays: how promising it is, and how many
    /// tokens the guesser had to read for it.
    fn guess(&mut self, guesses: &mut Vec<TokenId>) -> Option<(Promise, usize)> {
        let Speculation {
            speculator, pace, ..
        } = &mut *self.speculation;
        let room = self.stepper.context().saturating_sub(self.chosen.len());
        let max = (self.stepper.max_verify() - 1)
            .min(room)
            .min(self.n_steps_left);
        if max == 0 {
            return None;
        }
        let promise = speculator.look(&self.chosen)?;
        let n_behind = speculator.n_behind(&self.chosen);
        let n = pace.n_guesses(promise, n_behind, max);
        if n == 0 {
            return None;
        }
        speculator.guess(&self.chosen, n, guesses);
        let vocab_size = self.stepper.vocab_size();
        let n_known = guesses
            .iter()
            .take_while(|&&id| (id as usize) < vocab_size)
            .count();
        guesses.truncate(n_known);
        Some((promise, n_behind))
    }

    /// Computes the newest chosen token, with guesses where they pay.
    fn compute(&mut self, id: TokenId) -> Result<(), EngineError> {
        if !self.begun {
            // reading the prompt is paid once and says nothing about guesses: it is not timed
            self.speculation
                .speculator
                .begin(&self.chosen, &self.cancel);
            self.begun = true;
        }
        let start = (self.speculation.clock)();
        let mut guesses = Vec::new();
        let guessed = self.guess(&mut guesses);
        let guessed_at = (self.speculation.clock)();
        self.usage.n_passes += 1;
        let Some((promise, n_behind)) = guessed.filter(|_| !guesses.is_empty()) else {
            self.stepper.step(id)?;
            let took = (self.speculation.clock)() - guessed_at;
            // a pass shared with others tells nothing of what one alone takes
            if self.stepper.max_verify() > 1 {
                self.speculation.pace.stepped(took);
                let behind = guessed.map(|(_, n_behind)| n_behind);
                self.speculation.pace.wasted(guessed_at - start, behind);
            }
            return Ok(());
        };
        self.usage.n_guessed += guesses.len();
        let mut ids = vec![id];
        ids.extend(&guesses);
        self.stepper.verify(&ids)?;
        self.run = Some(Run {
            promise,
            n_behind,
            guesses,
            n_accepted: 0,
            guess_took: guessed_at - start,
            pass_took: (self.speculation.clock)() - guessed_at,
        });
        Ok(())
    }
}

impl TokenStepper for Lookahead<'_> {
    fn vocab_size(&self) -> usize {
        self.stepper.vocab_size()
    }

    fn context(&self) -> usize {
        self.stepper.context()
    }

    fn tokens(&self) -> &[TokenId] {
        &self.chosen
    }

    fn prefill(
        &mut self,
        ids: &[TokenId],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError> {
        self.settle(false);
        self.begun = false;
        self.cancel = cancel.clone();
        let done = self.stepper.prefill(ids, cancel, progress);
        self.chosen = self.stepper.tokens().to_vec();
        done
    }

    fn step(&mut self, id: TokenId) -> Result<(), EngineError> {
        self.n_steps_left = self.n_steps_left.saturating_sub(1);
        if let Some(run) = &mut self.run
            && run.guesses.get(run.n_accepted) == Some(&id)
        {
            run.n_accepted += 1;
            self.usage.n_accepted += 1;
            self.chosen.push(id);
            return Ok(());
        }
        self.settle(true);
        self.chosen.push(id);
        let computed = self.compute(id);
        if computed.is_err() {
            self.chosen.pop();
        }
        computed
    }

    fn logits(&self) -> &[f32] {
        match &self.run {
            Some(run) => self.stepper.verified(run.n_accepted),
            None => self.stepper.logits(),
        }
    }

    fn speculation(&self) -> Option<SpeculationUsage> {
        Some(self.usage)
    }

    fn rewind(&mut self, keep: usize) -> usize {
        self.settle(false);
        let kept = self.stepper.rewind(keep);
        self.chosen.truncate(kept);
        kept
    }

    fn score(
        &mut self,
        ids: &[TokenId],
        from: usize,
        sink: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<(), EngineError> {
        self.settle(false);
        let done = self.stepper.score(ids, from, sink);
        self.chosen = self.stepper.tokens().to_vec();
        done
    }
}
