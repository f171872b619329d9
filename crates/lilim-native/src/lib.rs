//! Lilim's own inference engine: a model file's bytes in, logits out.
//!
//! Read in this order: `config` (what the metadata say, with one row a family in `families`),
//! `tensors` and `weights` (where the numbers lie), `kv_cache`, `rope`, `compute` (kernels over
//! `threads`) with `heads` and `attention`, `decoder` and `rwkv7` (the networks), `session`
//! (a sequence of tokens), `estimate`, `model`, `loaded` and `generation`, `engine` (the face).

mod attention;
mod batch;
mod bytes;
mod compute;
mod config;
mod decoder;
mod engine;
mod error;
mod estimate;
mod families;
mod floats;
mod generation;
mod guesser;
mod heads;
mod kv_cache;
mod loaded;
mod model;
mod resident;
mod rope;
mod rwkv7;
mod rwkv7_weights;
mod rwkv_import;
mod session;
mod tensors;
mod threads;
mod timeline;
mod warm;
mod weights;

pub use bytes::{ModelBytes, Opener};
pub use engine::NativeEngine;
pub use error::ModelError;
pub use rwkv_import::{byte_tokens, import_rwkv7};
