//! The vocabulary of Lilim: what is asked of an engine, what it answers, and how it fails.
//!
//! Every other crate speaks in these types. Nothing here reads files, prints, or looks at a clock
//! except [`event::EventSender`], which stamps events with a monotonic time.

pub mod cancel;
pub mod engine;
pub mod error;
pub mod event;
pub mod message;
pub mod number;
pub mod options;
pub mod request;

pub use cancel::{CancelToken, CancelWatch};
pub use engine::{
    Availability, Engine, LoadPhase, LoadProgress, LoadedModel, MemoryEstimate, ModelFiles,
    ModelInfo, Session, TokenStepper,
};
pub use error::EngineError;
pub use event::{
    Channel, ChunkEvent, EVENT_CHANNEL_BOUND, Event, EventReceiver, EventSender, FinishReason,
    RecvError, SpeculationUsage, Stopped, TimedEvent, TokenEvent, Untold, Usage, event_channel,
    watched_event_channel,
};
pub use message::{Message, Role, ToolCall};
pub use options::{KvType, Level, LoadOptions, SpeculationOptions};
pub use request::{GenerateRequest, Prompt, SamplingOptions, StopOptions, TemplateOptions};

/// A token's number in its model's vocabulary.
pub type TokenId = u32;
