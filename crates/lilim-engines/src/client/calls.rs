//! Who waits for which replies: a call for its answers, a generation for its events.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use lilim_api::{CancelWatch, EVENT_CHANNEL_BOUND, EngineError, Event, EventSender};

use crate::wire::{Answer, Call};

/// Events that a worker may send before more are asked for: what the channel holds, less one place
/// for the error when the worker dies, so that the thread that reads never waits for a slow reader.
pub(super) const EVENT_CREDITS: u32 = EVENT_CHANNEL_BOUND as u32 - 1;

/// Rows of logits that a worker may send before more are asked for: enough that it computes while
/// they travel, and 10 MB of a vocabulary of 150,000.
pub(super) const ROW_CREDITS: u32 = 16;

/// Progress that waits for a slow listener; what comes on top of it is left out.
const MOST_NOTES: usize = 1 << 10;

/// Somebody who waits.
pub(super) enum Pending {
    Call(PendingCall),
    Stream(Box<PendingStream>),
}

pub(super) struct PendingCall {
    answers: Sender<Result<Answer, EngineError>>,
    /// Rows that may still come.
    credits: u32,
}

pub(super) struct PendingStream {
    /// Told once whether generation began.
    pub(super) begun: Option<Sender<Result<(), EngineError>>>,
    /// Closed after the last event.
    pub(super) events: Option<EventSender>,
    /// Events that may still come.
    pub(super) credits: u32,
    /// Passes a raised flag on.
    pub(super) watch: Option<CancelWatch>,
}

/// Why a reply is none that a worker may send here.
pub(super) type Violation = String;

impl Pending {
    /// Takes a reply that is not the last.
    pub(super) fn note(&mut self, answer: Answer) -> Result<(), Violation> {
        match (self, answer) {
            (Self::Stream(stream), answer) => stream.note(answer),
            (Self::Call(call), row @ Answer::Row { .. }) => {
                call.credits = spend(call.credits, "row")?;
                let _listener_gone = call.answers.send(Ok(row));
                Ok(())
            }
            (Self::Call(call), note @ (Answer::Progress(_) | Answer::Prefilled { .. })) => {
                if call.answers.len() < MOST_NOTES {
                    let _listener_gone = call.answers.send(Ok(note));
                }
                Ok(())
            }
            (Self::Call(_), other) => Err(format!("`{}` belongs to a generation", other.name())),
        }
    }

    /// Events or rows that may still come.
    pub(super) fn credits(&mut self) -> &mut u32 {
        match self {
            Self::Call(call) => &mut call.credits,
            Self::Stream(stream) => &mut stream.credits,
        }
    }

    /// Whether this may be its last reply.
    pub(super) fn check_last(&self, answer: &Answer) -> Result<(), Violation> {
        match (self, answer) {
            (_, Answer::Error { .. }) => Ok(()),
            (Self::Stream(stream), Answer::Ended {}) if stream.begun.is_some() => {
                Err("`ended` came before `started`".to_owned())
            }
            (Self::Stream(_), Answer::Ended {}) => Ok(()),
            (Self::Stream(_), other) => Err(format!("`{}` ends no generation", other.name())),
            // whoever waits looks at it
            (Self::Call(_), _) => Ok(()),
        }
    }

    /// Takes the last reply, which may be it.
    pub(super) fn finish(self, answer: Answer) {
        match (self, answer) {
            (pending, Answer::Error { error }) => pending.fail(&error),
            (Self::Call(call), answer) => {
                let _listener_gone = call.answers.send(Ok(answer));
            }
            // its end closes the channel of events
            (Self::Stream(_), _ended) => {}
        }
    }

    /// Ends it with an error.
    pub(super) fn fail(self, error: &EngineError) {
        match self {
            Self::Call(call) => {
                let _listener_gone = call.answers.send(Err(error.clone()));
            }
            Self::Stream(stream) => {
                if let Some(begun) = stream.begun {
                    let _listener_gone = begun.send(Err(error.clone()));
                } else if let Some(events) = stream.events {
                    // the place that no credit is given for
                    let _reader_gone = events.send(Event::Failed(error.clone()));
                }
            }
        }
    }
}

impl PendingStream {
    fn note(&mut self, answer: Answer) -> Result<(), Violation> {
        match answer {
            Answer::Started {} => {
                let Some(begun) = self.begun.take() else {
                    return Err("`started` came twice".to_owned());
                };
                let _listener_gone = begun.send(Ok(()));
            }
            Answer::Event { at_ns, event } => {
                if self.begun.is_some() {
                    return Err("`event` came before `started`".to_owned());
                }
                self.credits = spend(self.credits, "event")?;
                let Some(events) = &self.events else {
                    return Err("`event` came after the last one".to_owned());
                };
                let is_last = matches!(event, Event::Done { .. } | Event::Failed(_));
                // stamped with this moment besides: the clock is the client's
                let _reader_gone = events.send_from(event, at_ns);
                if is_last {
                    self.events = None;
                }
            }
            other => return Err(format!("`{}` is nothing of a generation", other.name())),
        }
        Ok(())
    }
}

fn spend(credits: u32, what: &str) -> Result<u32, Violation> {
    let left = credits.checked_sub(1);
    left.ok_or_else(|| format!("`{what}` came without credit for it"))
}

/// A call that was made, for whoever waits for its answers.
pub(super) struct PendingRequest {
    id: u64,
    answers: Receiver<Result<Answer, EngineError>>,
}

impl PendingRequest {
    pub(super) fn new(id: u64, call: &Call) -> (Pending, Self) {
        let (sender, answers) = unbounded();
        let credits = match call {
            Call::Score { credits, .. } => *credits,
            _ => 0,
        };
        let pending = Pending::Call(PendingCall {
            answers: sender,
            credits,
        });
        (pending, Self { id, answers })
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Waits for the last answer; `note` hears those before it.
    pub(super) fn wait(&self, note: &mut dyn FnMut(Answer)) -> Result<Answer, EngineError> {
        loop {
            let answer = self.answers.recv();
            let answer = answer.expect("whoever forgets a request tells why")?;
            if answer.is_last() {
                return Ok(answer);
            }
            note(answer);
        }
    }

    /// Waits for the last answer, whatever it is, but not for ever: false when there was none.
    pub(super) fn wait_at_most(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            match self.answers.recv_deadline(deadline) {
                Ok(Ok(answer)) if !answer.is_last() => {}
                Ok(_last_or_error) => return true,
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}
