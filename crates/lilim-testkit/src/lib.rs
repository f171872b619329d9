//! Models that are no models, for tests of everything above the engine.
//!
//! [`FakeStepper`] plays a script, or a tiny model made of hashes, behind the token-level trait;
//! [`FakeEngine`] is a whole engine of it. Both take delays (real, or on a clock of their own) and
//! faults, and both are deterministic.

mod engine;
mod script;
mod stepper;
mod text;

pub use engine::{FakeEngine, FakeModel};
pub use script::{Delays, Faults, Script, VirtualClock};
pub use stepper::{FakeStepper, StepperOptions};
pub use text::{BOS, BYTE_VOCAB, END, decode_bytes, encode_bytes};
