//! Measuring: every run keeps raw timestamped events, every figure is derived from them, and every
//! comparison says how sure it is.
//!
//! The engines behind `dyn Engine` are all alike from here: this crate cannot know which one it
//! measures.

pub mod stats;
