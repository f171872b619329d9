//! Engines beside our own: worker processes behind the frame protocol.
//!
//! [`wire`] holds the protocol, [`serve`] answers it for any engine, and [`WorkerEngine`] is an
//! engine that another process runs, told from one in this process by nothing but its errors.

mod client;
pub mod wire;
mod worker;

pub use client::{HELLO_TIMEOUT, WorkerEngine};
pub use worker::{ServeOptions, serve};
