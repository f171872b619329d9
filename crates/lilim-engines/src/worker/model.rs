//! A loaded model's thread: text and tokens, and opening sessions, in the order of asking.

use std::sync::Arc;
use std::thread::Scope;

use crossbeam_channel::Receiver;
use lilim_api::{EngineError, LoadedModel};

use super::desk::{Desk, Job, spawn};
use super::session;
use crate::wire::{Answer, Call};

/// Works until the model is unloaded or the connection ends.
pub(super) fn run<'scope, 'env>(
    desk: &'scope Desk<'env>,
    scope: &'scope Scope<'scope, 'env>,
    model: Arc<dyn LoadedModel>,
    jobs: &Receiver<Job>,
) {
    for Job { id, call, .. } in jobs {
        if desk.is_closed() {
            return;
        }
        match call {
            Call::Unload { .. } => {
                let freed = desk.out.guard(|| {
                    drop(model);
                    Ok(Answer::Done {})
                });
                return desk.out.answer(id, || freed);
            }
            Call::Open { .. } => desk.out.answer(id, || open(desk, scope, &model, id)),
            call => desk.out.answer(id, || answer(model.as_ref(), call)),
        }
    }
}

fn open<'scope, 'env>(
    desk: &'scope Desk<'env>,
    scope: &'scope Scope<'scope, 'env>,
    model: &Arc<dyn LoadedModel>,
    id: u64,
) -> Result<Answer, EngineError> {
    let session = Arc::clone(model).session()?;
    if let Some(jobs) = desk.enter_session(id) {
        spawn(scope, move || session::run(desk, scope, session, &jobs))?;
    }
    Ok(Answer::Done {})
}

fn answer(model: &dyn LoadedModel, call: Call) -> Result<Answer, EngineError> {
    Ok(match call {
        Call::Tokenize {
            text,
            add_bos,
            parse_special,
            ..
        } => Answer::Tokens {
            ids: model.tokenize(&text, add_bos, parse_special)?,
        },
        Call::Detokenize { ids, .. } => Answer::Text {
            text: model.detokenize(&ids)?,
        },
        Call::RenderChat {
            messages, options, ..
        } => Answer::Text {
            text: model.render_chat(&messages, &options)?,
        },
        other => unreachable!("`{}` is no work for a model", other.name()),
    })
}
