//! The hot loops: quantized matrix products, attention, normalizations, activations.
//!
//! [`Kernels`] is a table of functions for one instruction set ([`Level`]), found once by
//! [`Kernels::detect`] and passed by reference. Each kernel is written once, over a vector of
//! sixteen lanes (`simd.rs`), and compiled for each level; the formula and its order are one, so
//! each kernel gives the same bits at every level (`docs/design/arithmetic.md`; the reference level
//! chooses other kernels for quantized weights).
//!
//! **Invariant**: no threads, no allocation, no environment, no knowledge of a model. Callers
//! split the work (a [`PackedRows::slice`] and its columns of [`ColumnsMut`]) and bring the
//! scratch.

mod columns;
mod error;
mod level;
mod ops;
mod packed;
mod peak;
#[cfg(target_arch = "x86_64")]
mod self_check;
mod simd;
mod table;
mod weights;

pub use columns::ColumnsMut;
pub use error::KernelError;
pub use level::Level;
pub use ops::activation::Activation;
pub use ops::attend::{AttendArgs, KvRows, Queries};
pub use ops::block::{ActBlock, BLOCK as BLOCK_COLUMNS, Grain, PanelBlock, TILE as TILE_ROWS};
pub use ops::kv::KvKind;
pub use ops::norm::LayerNorm;
pub use ops::rope::RopeStyle;
pub use ops::wkv7::{Wkv7Args, Wkv7Mix};
pub use packed::PackedRows;
pub use peak::{Peak, PeakKind};
pub use table::Kernels;
pub use weights::WeightRows;
