//! A view of a weight matrix as it lies in the file.

use crate::error::KernelError;
use lilim_formats::GgmlType;
use std::ops::Range;

/// A matrix of weights, quantized or not: `n_rows` rows of `n_cols` values, each row contiguous.
///
/// Shapes and type are checked once, at construction.
#[derive(Clone, Copy, Debug)]
pub struct WeightRows<'a> {
    ty: GgmlType,
    bytes: &'a [u8],
    n_rows: usize,
    n_cols: usize,
    row_bytes: usize,
}

impl<'a> WeightRows<'a> {
    /// Takes `bytes` as `n_rows` rows of `n_cols` values of type `ty`.
    ///
    /// # Errors
    /// When no kernel reads the type, a row is not whole blocks, or `bytes` has another length.
    pub fn new(
        ty: GgmlType,
        bytes: &'a [u8],
        n_rows: usize,
        n_cols: usize,
    ) -> Result<Self, KernelError> {
        if !Self::supports(ty) {
            return Err(KernelError::WeightType { ty });
        }
        let row_bytes = ty
            .row_bytes(n_cols)
            .ok_or(KernelError::RowLength { ty, n_cols })?;
        if row_bytes.checked_mul(n_rows) != Some(bytes.len()) {
            return Err(KernelError::WeightBytes {
                ty,
                n_rows,
                n_cols,
                got: bytes.len(),
            });
        }
        Ok(Self {
            ty,
            bytes,
            n_rows,
            n_cols,
            row_bytes,
        })
    }

    /// Whether the kernels read weights of this type.
    pub fn supports(ty: GgmlType) -> bool {
        crate::ops::unpack::is_weight(ty)
    }

    /// Returns some of the rows.
    ///
    /// # Panics
    /// When `rows` does not lie within `0..n_rows`.
    pub fn slice(&self, rows: Range<usize>) -> Self {
        assert!(
            rows.start <= rows.end && rows.end <= self.n_rows,
            "rows {rows:?} of {}",
            self.n_rows
        );
        Self {
            bytes: &self.bytes[rows.start * self.row_bytes..rows.end * self.row_bytes],
            n_rows: rows.len(),
            ..*self
        }
    }

    /// Returns the bytes of one row.
    ///
    /// # Panics
    /// When there is no such row.
    #[inline]
    pub fn row(&self, row: usize) -> &'a [u8] {
        &self.bytes[row * self.row_bytes..][..self.row_bytes]
    }

    /// Returns the element type.
    pub fn ty(&self) -> GgmlType {
        self.ty
    }

    /// Returns the number of rows, which is the number of outputs.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Returns the number of values in a row, which is the number of inputs.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Returns all the bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_matrices_of_known_types_are_taken() {
        let bytes = [0; 72];
        let cases = [
            (GgmlType::Q4_0, 2, 64, None),
            (GgmlType::F32, 2, 9, None),
            (
                GgmlType::I8,
                2,
                36,
                Some(KernelError::WeightType { ty: GgmlType::I8 }),
            ),
            (
                GgmlType::Q4_0,
                2,
                63,
                Some(KernelError::RowLength {
                    ty: GgmlType::Q4_0,
                    n_cols: 63,
                }),
            ),
            (
                GgmlType::Q4_0,
                3,
                64,
                Some(KernelError::WeightBytes {
                    ty: GgmlType::Q4_0,
                    n_rows: 3,
                    n_cols: 64,
                    got: 72,
                }),
            ),
        ];
        for (ty, n_rows, n_cols, error) in cases {
            assert_eq!(WeightRows::new(ty, &bytes, n_rows, n_cols).err(), error);
        }
        assert!(WeightRows::new(GgmlType::F32, &bytes, usize::MAX, 18).is_err());
    }

    #[test]
    fn a_slice_holds_its_own_rows() {
        let bytes: Vec<u8> = (0..72).collect();
        let rows = WeightRows::new(GgmlType::BF16, &bytes, 6, 6).unwrap();
        let slice = rows.slice(2..5);
        assert_eq!((slice.n_rows(), slice.n_cols()), (3, 6));
        assert_eq!(slice.row(0), rows.row(2));
        assert_eq!(slice.bytes(), &bytes[24..60]);
        assert_eq!(rows.slice(6..6).n_rows(), 0);
    }
}
