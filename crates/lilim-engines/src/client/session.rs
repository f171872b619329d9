//! A session that a worker holds.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use crossbeam_channel::bounded;
use lilim_api::{
    CancelToken, CancelWatch, EngineError, EventReceiver, GenerateRequest, Session, TokenStepper,
    watched_event_channel,
};

use super::calls::{EVENT_CREDITS, Pending, PendingStream};
use super::link::{Link, Shared};
use super::model::WorkerModel;
use super::stepper::WorkerStepper;
use crate::wire::Call;

/// Events read before credit is given for them again: half of what may be under way, so that the
/// worker neither waits for credit nor is told of each event.
const CREDIT_STEP: u32 = EVENT_CREDITS / 2;

/// A handle on it; dropping it closes it.
pub(super) struct WorkerSession {
    /// The request that opened it.
    pub(super) id: u64,
    /// Keeps the model loaded.
    pub(super) model: Arc<WorkerModel>,
}

impl Drop for WorkerSession {
    fn drop(&mut self) {
        self.model.link.give_back(Call::Close { session: self.id });
    }
}

impl Session for WorkerSession {
    fn generate(
        &mut self,
        request: GenerateRequest,
        cancel: CancelToken,
    ) -> Result<EventReceiver, EngineError> {
        let link = &self.model.link;
        let shared = link.shared();
        let id = shared.new_id();
        let reading = Reading {
            link: Arc::clone(link),
            id,
            taken: AtomicU32::new(0),
        };
        let (sender, receiver) = watched_event_channel(cancel.clone(), move || reading.took_one());
        let (begin, begun) = bounded(1);
        let pending = PendingStream {
            begun: Some(begin),
            events: Some(sender),
            credits: EVENT_CREDITS,
            watch: None,
        };
        let call = Call::Generate {
            session: self.id,
            request: Box::new(request),
            credits: EVENT_CREDITS,
        };
        shared.begin(id, Pending::Stream(Box::new(pending)), call)?;
        // only now: a word about a request that the worker does not know yet is lost
        keep_watch(shared, id, pass_on_cancel(shared, id, &cancel));
        begun.recv().expect("whoever forgets a request tells why")?;
        Ok(receiver)
    }

    fn with_stepper(
        &mut self,
        work: &mut dyn FnMut(&mut dyn TokenStepper) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let mut stepper = WorkerStepper::new(&self.model.link, self.id)?;
        let done = work(&mut stepper);
        // a row that could not be fetched is why the work failed, if it did
        stepper.end()?;
        done
    }
}

/// Tells the worker when the flag is raised.
pub(super) fn pass_on_cancel(shared: &Arc<Shared>, id: u64, cancel: &CancelToken) -> CancelWatch {
    let shared: Weak<Shared> = Arc::downgrade(shared);
    cancel.on_cancel(move || {
        if let Some(shared) = shared.upgrade() {
            // a worker that is gone has cancelled
            let _gone = shared.send(id, Call::Cancel {});
        }
    })
}

/// Leaves the watch with the generation, whose end ends it.
fn keep_watch(shared: &Shared, id: u64, watch: CancelWatch) {
    let mut table = shared.table();
    if let Some(Pending::Stream(stream)) = table.pending.get_mut(&id) {
        stream.watch = Some(watch);
    } else {
        drop(table);
        drop(watch);
    }
}

/// The reader's side of a generation: gives credit as events are taken, and tells when nobody reads
/// any more.
struct Reading {
    link: Arc<Link>,
    id: u64,
    taken: AtomicU32,
}

impl Reading {
    fn took_one(&self) {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        if !taken.is_multiple_of(CREDIT_STEP) {
            return;
        }
        self.link.shared().credit(self.id, CREDIT_STEP);
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let shared = self.link.shared();
        let runs = shared.table().pending.contains_key(&self.id);
        if runs {
            let _gone = shared.send(self.id, Call::Abandon {});
        }
    }
}
