//! A session's thread: one call after another, as its one owner in the same process would make them.

use std::thread::Scope;

use crossbeam_channel::Receiver;
use lilim_api::{EngineError, Session, TokenId, TokenStepper};

use super::desk::{Desk, Job, Words, spawn};
use super::generation::{self, Credits};
use crate::wire::{Answer, Call, Logits};

/// Works until the session is closed or the connection ends.
pub(super) fn run<'scope, 'env>(
    desk: &'scope Desk<'env>,
    scope: &'scope Scope<'scope, 'env>,
    mut session: Box<dyn Session>,
    jobs: &Receiver<Job>,
) {
    for Job { id, call, words } in jobs {
        // what was asked before the end came is not begun after it
        if desk.is_closed() {
            return;
        }
        match call {
            Call::Close { .. } => {
                let freed = desk.out.guard(|| {
                    drop(session);
                    Ok(Answer::Done {})
                });
                return desk.out.answer(id, || freed);
            }
            Call::Generate { request, .. } => {
                let (out, request) = (desk.out, *request);
                let begun = out
                    .guard(|| session.generate(request, words.cancel.clone()))
                    .and_then(|events| {
                        out.send(id, Answer::Started {});
                        let credits = Credits::new(words.credit);
                        spawn(scope, move || {
                            generation::forward(desk, id, events, credits)
                        })
                    });
                if let Err(error) = begun {
                    desk.finish(id);
                    out.send(id, Answer::Error { error });
                }
            }
            call => {
                desk.out
                    .answer(id, || step(desk, session.as_mut(), (id, call), words));
                desk.finish(id);
            }
        }
    }
}

/// Runs one call on the session's token-level face.
fn step(
    desk: &Desk<'_>,
    session: &mut dyn Session,
    (id, call): (u64, Call),
    words: Words,
) -> Result<Answer, EngineError> {
    let mut answer = None;
    let mut credits = Credits::new(words.credit.clone());
    session.with_stepper(&mut |stepper| {
        answer = Some(match &call {
            Call::Stepper { .. } => state(stepper),
            Call::Logits { .. } => row(stepper.logits()),
            Call::Verified { index, .. } => row(stepper.verified(*index)),
            Call::Prefill { ids, .. } => {
                let progress = &mut |done| desk.out.send(id, Answer::Prefilled { done });
                let done = stepper.prefill(ids, &words.cancel, progress);
                stepped(stepper, done)
            }
            Call::Step { id, .. } => {
                let done = stepper.step(*id);
                stepped(stepper, done)
            }
            Call::Verify { ids, .. } => {
                let done = verify(stepper, ids);
                stepped(stepper, done)
            }
            Call::Rewind { keep, .. } => {
                stepper.rewind(*keep);
                stepped(stepper, Ok(()))
            }
            Call::Score { ids, from, .. } => {
                let sink = &mut |index, logits: &[f32]| {
                    if credits.take() {
                        let logits = Logits(logits.to_vec());
                        desk.out.send(id, Answer::Row { index, logits });
                    }
                };
                let done = stepper.score(ids, *from, sink);
                stepped(stepper, done)
            }
            other => unreachable!("`{}` is no work for a session", other.name()),
        });
        Ok(())
    })?;
    answer.ok_or_else(|| {
        desk.out
            .failure("its session did not do the work".to_owned())
    })
}

/// A client's mistake is an error here, not a broken promise of our own code.
fn verify(stepper: &mut dyn TokenStepper, ids: &[TokenId]) -> Result<(), EngineError> {
    if ids.is_empty() {
        return Err(EngineError::InvalidOption {
            option: "ids".into(),
            value: "[]".to_owned(),
            reason: "there is nothing to verify".to_owned(),
        });
    }
    stepper.verify(ids)
}

fn state(stepper: &dyn TokenStepper) -> Answer {
    Answer::Stepper {
        vocab_size: stepper.vocab_size(),
        context: stepper.context(),
        tokens: stepper.tokens().to_vec(),
        max_verify: stepper.max_verify(),
        speculation: stepper.speculation(),
    }
}

fn stepped(stepper: &dyn TokenStepper, done: Result<(), EngineError>) -> Answer {
    Answer::Stepped {
        n_tokens: stepper.tokens().len(),
        max_verify: stepper.max_verify(),
        speculation: stepper.speculation(),
        error: done.err(),
    }
}

fn row(logits: &[f32]) -> Answer {
    Answer::Logits {
        logits: Logits(logits.to_vec()),
    }
}
