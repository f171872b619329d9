//! Which models are in memory, and jobs of many prompts that go on where they stopped.
//!
//! **Boundary**: decides when to load and what to give back, never how; whoever owns engines and files
//! hands that in.

mod batch;
mod error;
mod residency;

pub use batch::Batch;
pub use error::{HostError, Shortage};
pub use residency::{Fetched, Residency, Residents, Source, Switch};
