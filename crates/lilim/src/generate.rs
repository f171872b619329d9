//! Runs one request to its end, printing as it goes, and lets Ctrl-C stop the answer.

use std::io::Write;
use std::sync::{Mutex, OnceLock};

use lilim_api::{CancelToken, EngineError, Event, GenerateRequest, Session};

use crate::metrics::Answer;
use crate::terminal::StatusLine;

/// The generation that Ctrl-C ends.
static RUNNING: Mutex<Option<CancelToken>> = Mutex::new(None);

/// Makes Ctrl-C end the running answer, or the program when none runs.
pub(crate) fn install_ctrl_c() -> anyhow::Result<()> {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    if INSTALLED.set(()).is_err() {
        return Ok(());
    }
    ctrlc::set_handler(|| {
        let running = RUNNING
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        match running {
            Some(cancel) => cancel.cancel(),
            None => std::process::exit(130),
        }
    })?;
    Ok(())
}

fn set_running(cancel: Option<CancelToken>) {
    *RUNNING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = cancel;
}

/// Generates and writes the text to `out` as it comes, token by token.
///
/// A reader that goes away (a closed pipe) ends the generation like a cancel.
pub(crate) fn stream_answer(
    session: &mut dyn Session,
    request: GenerateRequest,
    out: &mut dyn Write,
) -> Result<Answer, EngineError> {
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
) -> Result<(), EngineError> {
    let mut status = StatusLine::new();
    let receiver = session.generate(request, cancel.clone())?;
    while let Some(timed) = receiver.recv() {
        match &timed.event {
            Event::PrefillProgress { done, total } if done < total => {
                status.show(&format!("reading the prompt: {done} of {total} tokens"));
            }
            Event::Failed(error) => {
                status.clear();
                return Err(error.clone());
            }
            _ => status.clear(),
        }
        let text = answer.take(&timed);
        if write_now(out, text).is_err() {
            cancel.cancel();
        }
    }
    status.clear();
    Ok(())
}

fn write_now(out: &mut dyn Write, text: &str) -> std::io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
