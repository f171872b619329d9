//! The token-level face of a worker's session: a mirror of what the worker has, with logits fetched
//! when they are looked at.

use std::cell::{OnceCell, RefCell};

use lilim_api::{CancelToken, EngineError, SpeculationUsage, TokenId, TokenStepper};

use super::calls::ROW_CREDITS;
use super::link::Link;
use super::session::pass_on_cancel;
use crate::wire::{Answer, Call, Logits, MAX_FRAME_BYTES};

/// Rows taken before credit is given for them again.
const CREDIT_STEP: u32 = ROW_CREDITS / 2;

pub(super) struct WorkerStepper<'a> {
    link: &'a Link,
    session: u64,
    vocab_size: usize,
    context: usize,
    tokens: Vec<TokenId>,
    max_verify: usize,
    speculation: Option<SpeculationUsage>,
    /// Fetched when first looked at. `[vocab_size]`
    logits: OnceCell<Vec<f32>>,
    /// Row by row, fetched when first looked at. `[n][vocab_size]`
    verified: Vec<OnceCell<Vec<f32>>>,
    /// Why a row could not be fetched: told by the next call that can fail.
    failed: RefCell<Option<EngineError>>,
}

impl<'a> WorkerStepper<'a> {
    pub(super) fn new(link: &'a Link, session: u64) -> Result<Self, EngineError> {
        match link.call(Call::Stepper { session })? {
            // a row of them could not travel
            Answer::Stepper { vocab_size, .. } if vocab_size > MAX_FRAME_BYTES => {
                Err(link.error(format!("it says it has a vocabulary of {vocab_size}")))
            }
            Answer::Stepper {
                vocab_size,
                context,
                tokens,
                max_verify,
                speculation,
            } => Ok(Self {
                link,
                session,
                vocab_size,
                context,
                tokens,
                max_verify,
                speculation,
                logits: OnceCell::new(),
                verified: Vec::new(),
                failed: RefCell::new(None),
            }),
            other => Err(link.unexpected("stepper", &other)),
        }
    }

    /// What went wrong where nothing could be said.
    pub(super) fn end(self) -> Result<(), EngineError> {
        self.check()
    }

    fn check(&self) -> Result<(), EngineError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn fetch(&self, call: Call) -> Vec<f32> {
        let name = call.name();
        let row = match self.link.call(call) {
            Ok(Answer::Logits { logits }) => self.checked(logits),
            Ok(other) => Err(self.link.unexpected(name, &other)),
            Err(error) => Err(error),
        };
        row.unwrap_or_else(|error| {
            *self.failed.borrow_mut() = Some(error);
            // no token can be chosen by mistake of these
            vec![f32::NAN; self.vocab_size]
        })
    }

    /// A row has a logit for each token, or none where the engine has none now.
    fn checked(&self, row: Logits) -> Result<Vec<f32>, EngineError> {
        let (len, vocab_size) = (row.0.len(), self.vocab_size);
        if len == vocab_size || len == 0 {
            return Ok(row.0);
        }
        let reason = format!("it sent {len} logits for a vocabulary of {vocab_size}");
        Err(self.link.error(reason))
    }

    /// Takes over how the sequence stands after `ids` were to be appended.
    fn follow(&mut self, call: &str, ids: &[TokenId], answer: Answer) -> Result<(), EngineError> {
        self.logits = OnceCell::new();
        let Answer::Stepped {
            n_tokens,
            max_verify,
            speculation,
            error,
        } = answer
        else {
            return Err(self.link.unexpected(call, &answer));
        };
        let before = self.tokens.len();
        let Some(appended) = ids.get(..n_tokens.saturating_sub(before)) else {
            let reason = format!("it says it has {n_tokens} tokens after `{call}`, too many");
            return Err(self.link.error(reason));
        };
        self.tokens.truncate(n_tokens);
        self.tokens.extend_from_slice(appended);
        self.max_verify = max_verify;
        self.speculation = speculation;
        error.map_or(Ok(()), Err)
    }
}

impl TokenStepper for WorkerStepper<'_> {
    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn context(&self) -> usize {
        self.context
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
        self.check()?;
        let call = Call::Prefill {
            session: self.session,
            ids: ids.to_vec(),
        };
        let request = self.link.ask(call)?;
        let watch = pass_on_cancel(self.link.shared(), request.id(), cancel);
        let answer = request.wait(&mut |note| {
            if let Answer::Prefilled { done } = note {
                progress(done);
            }
        })?;
        drop(watch);
        self.follow("prefill", ids, answer)
    }

    fn step(&mut self, id: TokenId) -> Result<(), EngineError> {
        self.check()?;
        let answer = self.link.call(Call::Step {
            session: self.session,
            id,
        })?;
        self.follow("step", &[id], answer)
    }

    fn logits(&self) -> &[f32] {
        let session = self.session;
        self.logits
            .get_or_init(|| self.fetch(Call::Logits { session }))
    }

    fn max_verify(&self) -> usize {
        self.max_verify
    }

    fn verify(&mut self, ids: &[TokenId]) -> Result<(), EngineError> {
        self.check()?;
        let call = Call::Verify {
            session: self.session,
            ids: ids.to_vec(),
        };
        let answer = self.link.call(call)?;
        self.verified = vec![OnceCell::new(); ids.len()];
        self.follow("verify", ids, answer)
    }

    fn verified(&self, index: usize) -> &[f32] {
        let session = self.session;
        self.verified[index].get_or_init(|| self.fetch(Call::Verified { session, index }))
    }

    fn speculation(&self) -> Option<SpeculationUsage> {
        self.speculation
    }

    fn rewind(&mut self, keep: usize) -> usize {
        let call = Call::Rewind {
            session: self.session,
            keep,
        };
        let done = self
            .link
            .call(call)
            .and_then(|answer| self.follow("rewind", &[], answer));
        if let Err(error) = done {
            *self.failed.borrow_mut() = Some(error);
        }
        self.tokens.len()
    }

    fn score(
        &mut self,
        ids: &[TokenId],
        from: usize,
        sink: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<(), EngineError> {
        self.check()?;
        let call = Call::Score {
            session: self.session,
            ids: ids.to_vec(),
            from,
            credits: ROW_CREDITS,
        };
        let request = self.link.ask(call)?;
        let mut n_taken = 0;
        let answer = request.wait(&mut |note| {
            if let Answer::Row { index, logits } = note {
                match self.checked(logits) {
                    Ok(logits) => sink(index, &logits),
                    Err(error) => *self.failed.borrow_mut() = Some(error),
                }
                n_taken += 1;
                if n_taken == CREDIT_STEP {
                    n_taken = 0;
                    self.link.shared().credit(request.id(), CREDIT_STEP);
                }
            }
        })?;
        self.follow("score", ids, answer)?;
        self.check()
    }
}
