//! Measuring: every run keeps raw timestamped events, every figure is derived from them, and every
//! comparison says how sure it is.
//!
//! The engines behind `dyn Engine` are all alike from here: this crate cannot know which one it
//! measures. The way of the data: [`plan`] → [`scenario`] → [`record`] (kept line by line in a
//! [`journal`]) → [`derive`](mod@derive) → [`result_file`].

pub mod check;
pub mod climate;
pub mod clock;
pub mod derive;
pub mod energy;
pub mod error;
pub mod journal;
pub mod metric;
pub mod plan;
pub mod process;
pub mod prompts;
pub mod record;
pub mod report;
pub mod request;
pub mod result_file;
pub mod scenario;
pub mod self_test;
pub mod sensors;
pub mod side;
pub mod stats;

pub use error::BenchError;
