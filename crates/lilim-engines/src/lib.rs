//! Engines beside our own: worker processes behind the frame protocol, servers behind OpenAI's API.
//!
//! [`wire`] holds the protocol, [`serve`] answers it for any engine, and [`WorkerEngine`] is an
//! engine that another process runs, told from one in this process by nothing but its errors.
//! [`OpenAiEngine`] is a server that somebody runs; it tells less of itself.

mod client;
mod openai;
pub mod wire;
mod worker;

pub use client::{HELLO_TIMEOUT, WorkerEngine};
pub use openai::{Api, NullServer, OpenAiEngine, ServerAddress};
pub use worker::{ServeOptions, serve};
