//! Engines beside our own: worker processes behind the frame protocol.

pub mod wire;
