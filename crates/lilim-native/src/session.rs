//! One token timeline over a loaded model: prompts in chunks, single steps, going back, scoring.
//!
//! Which chunks a sequence was computed in leaves no trace in its results, so a prompt that begins
//! like the last one keeps what is there already and computes the rest.

use lilim_api::{CancelToken, EngineError, TokenId, TokenStepper};

use crate::estimate::zeros;
use crate::timeline::{Limits, Timeline};

/// Bytes of logits computed at once when all are asked for; bounds memory, not results.
const SCORED_BYTES: usize = 16 << 20;

/// The most tokens of one verification: as many rows as the kernels multiply at once, beyond which a
/// pass costs half as much again.
pub(crate) const MAX_VERIFY: usize = 16;

/// A sequence of tokens and the network that computes it.
pub(crate) struct Sequence {
    timeline: Box<dyn Timeline>,
    limits: Limits,
    vocab_size: usize,
    tokens: Vec<TokenId>,
    /// `[vocab_size]`
    logits: Vec<f32>,
    /// Whether `logits` are those after the newest token.
    has_logits: bool,
    /// Of the last verification, row by row; grown when first needed. `[n, vocab_size]`
    verified: Vec<f32>,
    /// For work that nobody can cancel.
    never: CancelToken,
}

impl Sequence {
    pub(crate) fn new(
        timeline: Box<dyn Timeline>,
        limits: Limits,
        vocab_size: usize,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            timeline,
            limits,
            vocab_size,
            tokens: Vec::new(),
            logits: zeros("logits", vocab_size)?,
            has_logits: false,
            verified: Vec::new(),
            never: CancelToken::new(),
        })
    }

    /// Tells that nothing is to be computed for a while.
    pub(crate) fn pause(&self) {
        self.timeline.pause();
    }

    /// The most tokens of one verification, whatever pays.
    fn verify_limit(&self) -> usize {
        MAX_VERIFY.min(self.limits.chunk)
    }

    /// Checks what can be told before work begins.
    fn admit(&self, ids: &[TokenId]) -> Result<(), EngineError> {
        let vocab_size = self.vocab_size;
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocab_size) {
            return Err(EngineError::InvalidToken { id, vocab_size });
        }
        let n_prompt = self.tokens.len() + ids.len();
        if n_prompt > self.limits.context {
            return Err(EngineError::ContextExceeded {
                n_prompt,
                context: self.limits.context,
            });
        }
        Ok(())
    }

    /// Computes one chunk and as many rows of logits as there is room for; the sequence's own are
    /// stale afterwards.
    fn forward(
        &mut self,
        ids: &[TokenId],
        logits: &mut Vec<f32>,
        cancel: &CancelToken,
    ) -> Result<(), EngineError> {
        self.has_logits = false;
        if self.timeline.forward(ids, logits, cancel) {
            self.tokens.extend_from_slice(ids);
            return Ok(());
        }
        let kept = self.timeline.rewind(self.tokens.len());
        self.tokens.truncate(kept);
        Err(EngineError::Cancelled)
    }

    /// Computes one chunk and the logits after its last token.
    fn finish(&mut self, ids: &[TokenId], cancel: &CancelToken) -> Result<(), EngineError> {
        let mut logits = std::mem::take(&mut self.logits);
        let done = self.forward(ids, &mut logits, cancel);
        self.logits = logits;
        done?;
        check_numbers(&self.logits, self.tokens.len() - 1)?;
        self.has_logits = true;
        Ok(())
    }
}

impl TokenStepper for Sequence {
    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn context(&self) -> usize {
        self.limits.context
    }

    fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }

    fn prefill(
        &mut self,
        ids: &[TokenId],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError> {
        self.admit(ids)?;
        let mut done = 0;
        for chunk in ids.chunks(self.limits.chunk) {
            done += chunk.len();
            if done == ids.len() {
                self.finish(chunk, cancel)?;
            } else {
                self.forward(chunk, &mut Vec::new(), cancel)?;
            }
            progress(done);
        }
        Ok(())
    }

    fn step(&mut self, id: TokenId) -> Result<(), EngineError> {
        self.admit(&[id])?;
        self.finish(&[id], &self.never.clone())
    }

    fn logits(&self) -> &[f32] {
        if self.has_logits { &self.logits } else { &[] }
    }

    /// A recurrent state cannot be taken back to a token in the middle, so nothing is guessed there.
    /// Beside others nothing either: their tokens fill the pass, and rows for guesses would take more
    /// from them than they bring.
    fn max_verify(&self) -> usize {
        if self.timeline.rewinds() && !self.timeline.has_mates() {
            self.verify_limit()
        } else {
            1
        }
    }

    fn verify(&mut self, ids: &[TokenId]) -> Result<(), EngineError> {
        let n = ids.len();
        let max = self.verify_limit();
        assert!(
            (1..=max).contains(&n),
            "{n} tokens to verify, at most {max}"
        );
        self.admit(ids)?;
        let mut logits = std::mem::take(&mut self.verified);
        if logits.capacity() < n * self.vocab_size {
            logits = zeros("logits of guesses", n * self.vocab_size)?;
        }
        logits.resize(n * self.vocab_size, 0.0);
        let done = self.forward(ids, &mut logits, &self.never.clone());
        self.verified = logits;
        done
    }

    fn verified(&self, index: usize) -> &[f32] {
        &self.verified[index * self.vocab_size..(index + 1) * self.vocab_size]
    }

    fn rewind(&mut self, keep: usize) -> usize {
        if keep >= self.tokens.len() {
            return self.tokens.len();
        }
        self.has_logits = false;
        let kept = self.timeline.rewind(keep);
        self.tokens.truncate(kept);
        kept
    }

    fn score(
        &mut self,
        ids: &[TokenId],
        from: usize,
        sink: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<(), EngineError> {
        self.admit(ids)?;
        let never = self.never.clone();
        // the last row is computed whether asked for or not: it is the sequence's own
        let n_unscored = from.min(ids.len().saturating_sub(1));
        let (unscored, scored) = ids.split_at(n_unscored);
        for chunk in unscored.chunks(self.limits.chunk) {
            self.forward(chunk, &mut Vec::new(), &never)?;
        }
        let most_rows = (SCORED_BYTES / 4 / self.vocab_size).clamp(1, self.limits.chunk);
        let mut logits = zeros("logits", most_rows.min(scored.len()) * self.vocab_size)?;
        let mut index = n_unscored;
        for chunk in scored.chunks(most_rows) {
            logits.truncate(chunk.len() * self.vocab_size);
            let first = self.tokens.len();
            self.forward(chunk, &mut logits, &never)?;
            for (row, logits) in logits.chunks_exact(self.vocab_size).enumerate() {
                check_numbers(logits, first + row)?;
                if index >= from {
                    sink(index, logits);
                }
                index += 1;
            }
        }
        if let Some(last) = logits.chunks_exact(self.vocab_size).last() {
            self.logits.copy_from_slice(last);
            self.has_logits = true;
        }
        Ok(())
    }
}

/// Looks for what is no number: a sampler would make a silent choice of it.
fn check_numbers(logits: &[f32], pos: usize) -> Result<(), EngineError> {
    // without a way out of the loop many are looked at at once
    if logits
        .iter()
        .fold(true, |all, logit| all & logit.is_finite())
    {
        return Ok(());
    }
    match logits.iter().position(|logit| !logit.is_finite()) {
        None => Ok(()),
        Some(id) => Err(EngineError::NotANumber {
            value: logits[id],
            id: id as u32,
            pos,
        }),
    }
}
