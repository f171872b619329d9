//! A generation's thread: sends its events as the client gives credit for them.
//!
//! Without credit it stops reading, the engine's channel fills, and the engine parks, as it does for
//! a slow reader in its own process; the connection stays free for others.

use crossbeam_channel::Receiver;
use lilim_api::{Event, EventReceiver};

use super::desk::Desk;
use crate::wire::Answer;

/// What may be sent before the client has room again.
pub(super) struct Credits {
    left: u64,
    more: Option<Receiver<u32>>,
}

impl Credits {
    pub(super) fn new(more: Option<Receiver<u32>>) -> Self {
        Self { left: 0, more }
    }

    /// Takes one, waiting for it; false when none will ever come.
    pub(super) fn take(&mut self) -> bool {
        while self.left == 0 {
            let Some(n) = self.more.as_ref().and_then(|more| more.recv().ok()) else {
                self.more = None;
                return false;
            };
            self.left += u64::from(n);
        }
        self.left -= 1;
        true
    }
}

/// Sends events until the generation ends or nobody wants them; then says that it is over.
pub(super) fn forward(desk: &Desk<'_>, id: u64, events: EventReceiver, mut credits: Credits) {
    while credits.take() {
        let Some(timed) = events.recv() else { break };
        let at_ns = desk.out.since_hello(timed.at);
        let event = timed.event;
        let is_last = matches!(event, Event::Done { .. } | Event::Failed(_));
        desk.out.send(id, Answer::Event { at_ns, event });
        if is_last {
            break;
        }
    }
    drop(events);
    desk.finish(id);
    desk.out.send(id, Answer::Ended {});
}
