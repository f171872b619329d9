//! What can be wrong with weights handed to the kernels.

use lilim_formats::GgmlType;

/// A tensor that no kernel can work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// No kernel reads weights of this type.
    #[error("no kernel for weights of type {ty}")]
    WeightType {
        /// The type.
        ty: GgmlType,
    },
    /// A row is not a whole number of blocks, or its size does not fit.
    #[error("rows of {n_cols} weights are not whole blocks of {ty}")]
    RowLength {
        /// The type.
        ty: GgmlType,
        /// Weights in a row.
        n_cols: usize,
    },
    /// The bytes are not those of the rows.
    #[error("{n_rows} rows of {n_cols} weights of type {ty} are not {got} bytes")]
    WeightBytes {
        /// The type.
        ty: GgmlType,
        /// Rows announced.
        n_rows: usize,
        /// Weights in a row.
        n_cols: usize,
        /// Bytes given.
        got: usize,
    },
}
