//! Runs one request to its end, printing as it goes, and lets Ctrl-C stop the answer.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::Context;
use lilim_api::{CancelToken, EngineError, Event, FinishReason, GenerateRequest, Session};

use crate::metrics::Answer;
use crate::terminal::StatusLine;

/// The generation that Ctrl-C ends.
static RUNNING: Mutex<Option<CancelToken>> = Mutex::new(None);

/// Whether Ctrl-C leaves the program alone when there is no answer to end.
static STAYS: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C end the running answer; where none runs, or it is being ended already, the program.
pub(crate) fn install_ctrl_c() -> anyhow::Result<()> {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    if INSTALLED.set(()).is_err() {
        return Ok(());
    }
    ctrlc::set_handler(|| {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        match &*running {
            Some(cancel) if !cancel.is_cancelled() => cancel.cancel(),
            _ if STAYS.load(Ordering::Relaxed) => {}
            _ => std::process::exit(130),
        }
    })?;
    Ok(())
}

/// From here on Ctrl-C ends answers only: a chat has its own ways out, and an impatient second
/// press must not lose the conversation.
pub(crate) fn stay_on_ctrl_c() {
    STAYS.store(true, Ordering::Relaxed);
}

/// A flag that Ctrl-C raises; a second press ends the program.
pub(crate) fn end_on_ctrl_c() -> CancelToken {
    let cancel = CancelToken::new();
    // Where no handler can be had, Ctrl-C ends the program: what was measured is on disk.
    if install_ctrl_c().is_ok() {
        set_running(Some(cancel.clone()));
    }
    cancel
}

fn set_running(cancel: Option<CancelToken>) {
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = cancel;
}

/// Does work that Ctrl-C ends, as far as the work looks at the flag.
///
/// # Errors
/// The work's; `Cancelled` where the flag was raised, even when the work was done by then: whoever pressed
/// the keys wants no more.
pub(crate) fn interruptible<T>(
    work: impl FnOnce(&CancelToken) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let cancel = CancelToken::new();
    set_running(Some(cancel.clone()));
    let done = work(&cancel);
    set_running(None);
    match cancel.is_cancelled() {
        true => Err(EngineError::Cancelled.into()),
        false => done,
    }
}

/// Generates and writes the text to `out` as it comes, token by token.
///
/// # Errors
/// The engine's, or that of writing (which ends the generation like a cancel).
pub(crate) fn stream_answer(
    session: &mut dyn Session,
    request: GenerateRequest,
    out: &mut dyn Write,
) -> anyhow::Result<Answer> {
    let cancel = CancelToken::new();
    set_running(Some(cancel.clone()));
    let mut answer = Answer::sent_now();
    let outcome = follow(session, request, &cancel, &mut answer, out);
    set_running(None);
    outcome.map(|()| answer)
}

fn follow(
    session: &mut dyn Session,
    request: GenerateRequest,
    cancel: &CancelToken,
    answer: &mut Answer,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut status = StatusLine::new();
    let receiver = session.generate(request, cancel.clone())?;
    while let Some(timed) = receiver.recv() {
        match &timed.event {
            Event::PrefillProgress { done, total } if done < total => {
                status.show(&format!("reading the prompt: {done} of {total} tokens"));
            }
            Event::Failed(error) => {
                status.clear();
                return Err(error.clone().into());
            }
            _ => status.clear(),
        }
        // Returning drops the receiver, and that cancels.
        write_now(out, answer.take(&timed)).context("writing to stdout")?;
    }
    status.clear();
    if answer.finish_reason.is_none() {
        // An engine that breaks down sends no last event; after a cancel nobody waits for one.
        anyhow::ensure!(
            cancel.is_cancelled(),
            "the engine stopped after {} tokens without saying why",
            answer.token_ids.len()
        );
        answer.finish_reason = Some(FinishReason::Cancelled);
    }
    Ok(())
}

fn write_now(out: &mut dyn Write, text: &str) -> std::io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lilim_api::{
        EventReceiver, Prompt, SamplingOptions, StopOptions, TokenEvent, TokenStepper,
        event_channel,
    };

    /// A session whose engine sends one token and is gone without a last event.
    struct Vanishing {
        cancels: bool,
    }

    impl Session for Vanishing {
        fn generate(
            &mut self,
            _request: GenerateRequest,
            cancel: CancelToken,
        ) -> Result<EventReceiver, EngineError> {
            let (sender, receiver) = event_channel(cancel);
            let token = TokenEvent {
                id: 1,
                text: "Once".to_owned(),
                logprob: None,
                top_logprobs: Vec::new(),
            };
            sender.send(Event::Token(token)).unwrap();
            if self.cancels {
                receiver.cancel_token().cancel();
            }
            Ok(receiver)
        }

        fn with_stepper(
            &mut self,
            _work: &mut dyn FnMut(&mut dyn TokenStepper) -> Result<(), EngineError>,
        ) -> Result<(), EngineError> {
            unreachable!("nothing here steps")
        }
    }

    fn answer(cancels: bool, out: &mut dyn Write) -> anyhow::Result<Answer> {
        let request = GenerateRequest {
            prompt: Prompt::Raw(String::new()),
            sampling: SamplingOptions::greedy(),
            stop: StopOptions::default(),
            whole: false,
        };
        stream_answer(&mut Vanishing { cancels }, request, out)
    }

    #[test]
    fn a_cancel_whose_last_event_was_lost_is_still_a_cancel() {
        let mut out = Vec::new();
        let answer = answer(true, &mut out).unwrap();
        assert_eq!(answer.finish_reason, Some(FinishReason::Cancelled));
        assert_eq!(out, b"Once");
    }

    #[test]
    fn work_that_was_ended_is_cancelled_even_when_it_was_done() {
        assert_eq!(interruptible(|_| Ok(1)).unwrap(), 1);
        let error = interruptible(|cancel| {
            cancel.cancel();
            Ok(1)
        });
        let error = error.unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(EngineError::Cancelled)));
    }

    #[test]
    fn an_engine_that_vanishes_is_an_error() {
        let error = answer(false, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("after 1 tokens"), "{error}");
    }

    #[test]
    fn text_that_cannot_be_written_is_an_error_with_its_cause() {
        let error = answer(true, &mut [0; 2].as_mut_slice()).unwrap_err();
        assert!(
            error.downcast_ref::<std::io::Error>().is_some(),
            "{error:#}"
        );
    }
}
