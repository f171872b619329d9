//! What an engine tells while it generates, each with a monotonic time, over a bounded channel.
//!
//! A full channel parks the sender (the sequence waits for its reader); a dropped receiver or a
//! raised [`CancelToken`] ends the generation.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel as channel;
use serde::{Deserialize, Serialize};

use crate::{CancelToken, EngineError, TokenId};

/// How many events wait for a slow reader before generation parks. Small enough that a reader who
/// goes away costs little work, large enough that a terminal never slows the model.
pub const EVENT_CHANNEL_BOUND: usize = 64;

/// How long a parked sender sleeps between looks at the cancel flag.
const PARK_POLL: Duration = Duration::from_millis(20);

/// Why generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model's own end, or a stop string or token.
    Stop,
    /// The asked number of tokens was reached.
    Length,
    /// The context is full.
    ContextFull,
    /// The reader cancelled or went away.
    Cancelled,
}

/// One generated token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenEvent {
    /// The token.
    pub id: TokenId,
    /// Text that became certain with this token: always valid UTF-8, sometimes empty.
    pub text: String,
    /// The token's natural-log probability before sampling filters, when asked for.
    pub logprob: Option<f32>,
    /// The likeliest tokens at this place, when asked for.
    pub top_logprobs: Vec<(TokenId, f32)>,
}

/// What a chunk of output belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The speaker's name and nothing else.
    Role,
    /// Thoughts before the answer.
    Reasoning,
    /// The answer.
    #[default]
    Content,
    /// A tool call.
    Tool,
}

/// Output that came at once: a chunk of a server's stream, or an answer that is taken whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkEvent {
    /// What it belongs to.
    pub channel: Channel,
    /// The text; a chunk may have none.
    pub text: String,
    /// Its tokens, where the engine tells them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<TokenId>,
    /// How many tokens it brings; `None` where the engine does not tell.
    pub n_tokens: Option<usize>,
}

/// What of a [`Usage`] an engine did not tell: the field is 0 then and means nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Untold {
    /// Of the prompt's tokens.
    pub n_prompt: bool,
    /// Of the cached tokens.
    pub n_cached: bool,
    /// Of the tokens generated.
    pub n_out: bool,
    /// Of both durations.
    pub durations: bool,
}

impl Untold {
    /// Nothing was told.
    pub const ALL: Self = Self {
        n_prompt: true,
        n_cached: true,
        n_out: true,
        durations: true,
    };

    /// Whether everything was told.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What a request used, and how long its parts took by the engine's own clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub n_prompt: usize,
    /// Of these, tokens whose keys and values were there already.
    pub n_cached: usize,
    /// Tokens generated, an end token included.
    pub n_out: usize,
    /// From the first prompt token's computation to the last's.
    pub prefill: Duration,
    /// From the first generated token to the last.
    pub decode: Duration,
    /// What guessing ahead brought; `None` where it is off.
    pub speculation: Option<SpeculationUsage>,
    /// What of this a server did not tell; engines of our own tell everything.
    #[serde(default, skip_serializing_if = "Untold::is_nothing")]
    pub untold: Untold,
}

/// What guessing ahead brought to one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeculationUsage {
    /// Tokens guessed.
    pub n_guessed: usize,
    /// Of these, tokens that the model chose too.
    pub n_accepted: usize,
    /// Passes over the weights after the prompt, with guesses or without. Without any guess these
    /// are the tokens less one.
    pub n_passes: usize,
}

/// What an engine emits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// So many of so many prompt tokens are computed.
    PrefillProgress {
        /// Prompt tokens done, cached ones included.
        done: usize,
        /// Prompt tokens in all.
        total: usize,
    },
    /// A token was chosen.
    Token(TokenEvent),
    /// Output came that is not told token by token.
    Chunk(ChunkEvent),
    /// Generation ended; the last event of a request that did not fail.
    Done {
        /// Why it ended.
        reason: FinishReason,
        /// Text held back until now, such as the beginning of a stop string that never came.
        tail: String,
        /// What was used.
        usage: Usage,
    },
    /// Generation failed; the last event.
    Failed(EngineError),
}

/// An event and when it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedEvent {
    /// The moment the engine emitted it; where it is in another process, the moment it arrived.
    pub at: Instant,
    /// Where the engine is in another process, when it emitted it there: nanoseconds by that
    /// process's clock since it began.
    pub engine_ns: Option<u64>,
    /// What happened.
    pub event: Event,
}

/// Makes the two ends of a bounded event channel that share one cancel flag.
pub fn event_channel(cancel: CancelToken) -> (EventSender, EventReceiver) {
    channel_with(cancel, None)
}

/// As [`event_channel`]; besides, `on_read` is called after each event that the reader takes, by the
/// reader. It is dropped with the receiver, after the flag is raised.
pub fn watched_event_channel(
    cancel: CancelToken,
    on_read: impl Fn() + Send + Sync + 'static,
) -> (EventSender, EventReceiver) {
    channel_with(cancel, Some(Box::new(on_read)))
}

type OnRead = Option<Box<dyn Fn() + Send + Sync>>;

fn channel_with(cancel: CancelToken, on_read: OnRead) -> (EventSender, EventReceiver) {
    let (sender, receiver) = channel::bounded(EVENT_CHANNEL_BOUND);
    let last = LastEvent::default();
    let sender = EventSender {
        sender,
        cancel: cancel.clone(),
        last: last.clone(),
        gathered: None,
    };
    (
        sender,
        EventReceiver {
            receiver,
            cancel,
            last,
            on_read,
        },
    )
}

/// Where the event that ends a generation waits when the channel is full and the reader has
/// cancelled: it is told after the others, so that a reader always learns how it ended.
type LastEvent = Arc<Mutex<Option<TimedEvent>>>;

/// The engine's end.
#[derive(Debug)]
pub struct EventSender {
    sender: channel::Sender<TimedEvent>,
    cancel: CancelToken,
    last: LastEvent,
    /// What came so far of an answer that is taken whole.
    gathered: Option<Mutex<ChunkEvent>>,
}

/// The reader is gone or has cancelled: stop working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl EventSender {
    /// Sends an event stamped with the present moment, waiting while the channel is full. An event
    /// that ends the generation is never lost: cancelled or not, the reader gets it.
    ///
    /// # Errors
    /// [`Stopped`] when the reader went away, or cancelled while the channel was full.
    pub fn send(&self, event: Event) -> Result<(), Stopped> {
        match &self.gathered {
            Some(gathered) => self.gather(gathered, event),
            None => self.send_timed(event, None),
        }
    }

    /// As [`Self::send`], with the time at which an engine in another process emitted it.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_from(&self, event: Event, engine_ns: u64) -> Result<(), Stopped> {
        self.send_timed(event, Some(engine_ns))
    }

    /// Where the answer is wanted whole ([`crate::GenerateRequest::whole`]), keeps tokens until the
    /// generation ends and sends them as one [`Event::Chunk`], without their probabilities.
    #[must_use]
    pub fn taken_whole(mut self, whole: bool) -> Self {
        self.gathered = whole.then(Mutex::default);
        self
    }

    fn gather(&self, gathered: &Mutex<ChunkEvent>, event: Event) -> Result<(), Stopped> {
        let mut answer = gathered.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::PrefillProgress { .. } => Ok(()),
            Event::Token(token) => {
                answer.text.push_str(&token.text);
                answer.ids.push(token.id);
                answer.n_tokens = Some(answer.ids.len());
                Ok(())
            }
            Event::Chunk(_) => self.send_timed(event, None),
            Event::Done { .. } | Event::Failed(_) => {
                let answer = std::mem::take(&mut *answer);
                if answer.n_tokens.is_some() {
                    // who went away or cancelled is still told how it ended
                    let _stopped = self.send_timed(Event::Chunk(answer), None);
                }
                self.send_timed(event, None)
            }
        }
    }

    fn send_timed(&self, event: Event, engine_ns: Option<u64>) -> Result<(), Stopped> {
        let mut timed = TimedEvent {
            at: Instant::now(),
            engine_ns,
            event,
        };
        loop {
            match self.sender.send_timeout(timed, PARK_POLL) {
                Ok(()) => return Ok(()),
                Err(channel::SendTimeoutError::Disconnected(_)) => return Err(Stopped),
                Err(channel::SendTimeoutError::Timeout(back)) => {
                    if !self.cancel.is_cancelled() {
                        timed = back;
                        continue;
                    }
                    if !matches!(back.event, Event::Done { .. } | Event::Failed(_)) {
                        return Err(Stopped);
                    }
                    *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(back);
                    return Ok(());
                }
            }
        }
    }

    /// The flag that the reader may raise.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }
}

/// Why no event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// None within the time given.
    Timeout,
    /// The engine is done: no more will come.
    Closed,
}

/// The reader's end. Dropping it cancels the generation.
pub struct EventReceiver {
    receiver: channel::Receiver<TimedEvent>,
    cancel: CancelToken,
    last: LastEvent,
    on_read: OnRead,
}

impl fmt::Debug for EventReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventReceiver")
            .field("receiver", &self.receiver)
            .field("cancel", &self.cancel)
            .finish_non_exhaustive()
    }
}

impl EventReceiver {
    /// Waits for the next event, at most so long.
    ///
    /// # Errors
    /// [`RecvError::Timeout`] or [`RecvError::Closed`].
    pub fn recv_timeout(&self, timeout: Duration) -> Result<TimedEvent, RecvError> {
        match self.receiver.recv_timeout(timeout) {
            Ok(timed) => Ok(self.taken(timed)),
            Err(channel::RecvTimeoutError::Timeout) => Err(RecvError::Timeout),
            Err(channel::RecvTimeoutError::Disconnected) => {
                self.take_last().ok_or(RecvError::Closed)
            }
        }
    }

    /// Waits for the next event; `None` when no more will come.
    pub fn recv(&self) -> Option<TimedEvent> {
        match self.receiver.recv() {
            Ok(timed) => Some(self.taken(timed)),
            Err(channel::RecvError) => self.take_last(),
        }
    }

    fn taken(&self, timed: TimedEvent) -> TimedEvent {
        if let Some(on_read) = &self.on_read {
            on_read();
        }
        timed
    }

    fn take_last(&self) -> Option<TimedEvent> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The flag that ends this generation.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }
}

impl Drop for EventReceiver {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(done: usize) -> Event {
        Event::PrefillProgress { done, total: 100 }
    }

    #[test]
    fn events_arrive_in_order_with_rising_times() {
        let (sender, receiver) = event_channel(CancelToken::new());
        for done in 0..5 {
            sender.send(progress(done)).unwrap();
        }
        drop(sender);
        let events: Vec<_> = std::iter::from_fn(|| receiver.recv()).collect();
        assert_eq!(events.len(), 5);
        assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert_eq!(
            receiver.recv_timeout(Duration::ZERO),
            Err(RecvError::Closed)
        );
    }

    #[test]
    fn a_full_channel_parks_until_cancelled() {
        let (sender, receiver) = event_channel(CancelToken::new());
        let filler = std::thread::spawn(move || (0..).find(|&n| sender.send(progress(n)).is_err()));
        while receiver.receiver.len() < EVENT_CHANNEL_BOUND {
            std::thread::yield_now();
        }
        receiver.cancel_token().cancel();
        assert_eq!(filler.join().unwrap(), Some(EVENT_CHANNEL_BOUND));
    }

    #[test]
    fn the_last_event_reaches_a_reader_who_cancelled_while_the_channel_was_full() {
        let (sender, receiver) = event_channel(CancelToken::new());
        for done in 0..EVENT_CHANNEL_BOUND {
            sender.send(progress(done)).unwrap();
        }
        receiver.cancel_token().cancel();
        assert_eq!(sender.send(progress(99)), Err(Stopped));
        assert_eq!(sender.send(Event::Failed(EngineError::Cancelled)), Ok(()));
        drop(sender);
        let events: Vec<_> = std::iter::from_fn(|| receiver.recv()).collect();
        assert_eq!(events.len(), EVENT_CHANNEL_BOUND + 1);
        assert_eq!(
            events.last().unwrap().event,
            Event::Failed(EngineError::Cancelled)
        );
        assert_eq!(receiver.recv(), None);
    }

    #[test]
    fn a_watched_channel_tells_of_each_event_that_was_taken() {
        let (told, heard) = channel::unbounded();
        let cancel = CancelToken::new();
        let (sender, receiver) =
            watched_event_channel(cancel, move || told.send(()).expect("heard"));
        sender.send(progress(1)).unwrap();
        sender.send(progress(2)).unwrap();
        assert_eq!(heard.len(), 0);
        receiver.recv().unwrap();
        receiver.recv_timeout(Duration::ZERO).unwrap();
        assert_eq!(heard.len(), 2);
        drop(receiver);
        assert_eq!(heard.iter().count(), 2, "the hook goes with the receiver");
    }

    #[test]
    fn an_answer_taken_whole_is_one_event_and_its_end() {
        let (sender, receiver) = event_channel(CancelToken::new());
        let sender = sender.taken_whole(true);
        sender.send(progress(100)).unwrap();
        for id in [5, 6] {
            let token = TokenEvent {
                id,
                text: format!("t{id}"),
                logprob: None,
                top_logprobs: Vec::new(),
            };
            sender.send(Event::Token(token)).unwrap();
        }
        sender.send(Event::Failed(EngineError::Cancelled)).unwrap();
        drop(sender);
        let events: Vec<_> = std::iter::from_fn(|| receiver.recv()).collect();
        let whole = Event::Chunk(ChunkEvent {
            channel: Channel::Content,
            text: "t5t6".to_owned(),
            ids: vec![5, 6],
            n_tokens: Some(2),
        });
        assert_eq!(events.len(), 2);
        assert_eq!(events[0].event, whole);
    }

    #[test]
    fn dropping_the_receiver_cancels() {
        let cancel = CancelToken::new();
        let (sender, receiver) = event_channel(cancel.clone());
        drop(receiver);
        assert!(cancel.is_cancelled());
        assert_eq!(sender.send(progress(0)), Err(Stopped));
    }
}
