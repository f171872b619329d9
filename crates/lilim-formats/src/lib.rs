//! Model file formats: bytes in, checked views out. Every parser of foreign bytes in Lilim's model
//! path lives here, so that the crates above may trust shapes, offsets and lengths.
//!
//! **Invariant**: no I/O, no unsafe code, no allocation larger than a small multiple of the bytes
//! given, and no panic on any input.

pub mod blocks;
pub mod codec;
mod ggml_type;
pub mod gguf;
pub mod safetensors;
mod shown;

pub use ggml_type::GgmlType;
