//! A matrix whose columns several threads fill at once: each owns some columns of every row.

#![allow(
    unsafe_code,
    reason = "disjoint columns of one allocation, which slices cannot express"
)]

use std::marker::PhantomData;

/// Some columns of a row-major f32 matrix `[n_rows, stride]`, owned exclusively.
///
/// [`split_at_col`](Self::split_at_col) makes two of one; they share rows but no element, so they
/// may be written at the same time.
pub struct ColumnsMut<'a> {
    // The first owned element of the first row. For `row < n_rows` and `col < n_cols` the element
    // at `row * stride + col` lies in the borrowed slice and belongs to no other `ColumnsMut`.
    start: *mut f32,
    n_rows: usize,
    n_cols: usize,
    stride: usize,
    borrow: PhantomData<&'a mut [f32]>,
}

// SAFETY: the elements it reaches are its own, as with `&mut [f32]`.
unsafe impl Send for ColumnsMut<'_> {}
// SAFETY: a shared reference gives out no element.
unsafe impl Sync for ColumnsMut<'_> {}

impl<'a> ColumnsMut<'a> {
    /// Takes all columns of `data`, a matrix of `n_rows` rows.
    ///
    /// # Panics
    /// When `data` is not whole rows.
    pub fn new(data: &'a mut [f32], n_rows: usize) -> Self {
        let stride = data.len().checked_div(n_rows).unwrap_or(0);
        assert_eq!(
            data.len(),
            n_rows * stride,
            "{} values in {n_rows} rows",
            data.len()
        );
        Self {
            start: data.as_mut_ptr(),
            n_rows,
            n_cols: stride,
            stride,
            borrow: PhantomData,
        }
    }

    /// Splits into the columns before `col` and those from it on.
    ///
    /// # Panics
    /// When `col` is beyond the last column.
    pub fn split_at_col(self, col: usize) -> (Self, Self) {
        assert!(col <= self.n_cols, "column {col} of {}", self.n_cols);
        let right = Self {
            start: self.start.wrapping_add(col),
            n_cols: self.n_cols - col,
            ..self
        };
        (
            Self {
                n_cols: col,
                ..self
            },
            right,
        )
    }

    /// Splits into the rows before `row` and those from it on.
    ///
    /// # Panics
    /// When `row` is beyond the last row.
    pub fn split_at_row(self, row: usize) -> (Self, Self) {
        assert!(row <= self.n_rows, "row {row} of {}", self.n_rows);
        let right = Self {
            start: self.start.wrapping_add(row * self.stride),
            n_rows: self.n_rows - row,
            ..self
        };
        (
            Self {
                n_rows: row,
                ..self
            },
            right,
        )
    }

    /// Lends the same columns for a shorter time.
    pub fn reborrow(&mut self) -> ColumnsMut<'_> {
        ColumnsMut {
            borrow: PhantomData,
            ..*self
        }
    }

    /// Returns the owned columns of one row.
    ///
    /// # Panics
    /// When there is no such row.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        assert!(row < self.n_rows, "row {row} of {}", self.n_rows);
        let start = self.start.wrapping_add(row * self.stride);
        // SAFETY: these `n_cols` elements lie in the slice borrowed for 'a and are this value's
        // own (see `start`); the result borrows `self` mutably, so no two overlap. With no columns
        // the pointer is still non-null and aligned, since it was derived from a slice's.
        unsafe { std::slice::from_raw_parts_mut(start, self.n_cols) }
    }

    /// Returns the number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Returns the number of owned columns.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_written_from_threads_meet_in_one_matrix() {
        let mut data = vec![0.0; 3 * 10];
        let all = ColumnsMut::new(&mut data, 3);
        let (left, right) = all.split_at_col(4);
        let (middle, right) = right.split_at_col(6);
        assert_eq!((left.n_cols(), middle.n_cols(), right.n_cols()), (4, 6, 0));
        std::thread::scope(|scope| {
            for (first, mut part) in [(0, left), (4, middle), (10, right)] {
                scope.spawn(move || {
                    for row in 0..part.n_rows() {
                        for (col, value) in part.row_mut(row).iter_mut().enumerate() {
                            *value += (row * 10 + first + col) as f32;
                        }
                    }
                });
            }
        });
        assert!(
            data.iter()
                .enumerate()
                .all(|(index, value)| *value == index as f32)
        );
    }

    #[test]
    fn rows_split_too() {
        let mut data: Vec<f32> = (0..12).map(|value| value as f32).collect();
        let (_, right) = ColumnsMut::new(&mut data, 4).split_at_col(1);
        let (mut top, mut bottom) = right.split_at_row(3);
        assert_eq!(top.row_mut(2), [7.0, 8.0]);
        assert_eq!(bottom.row_mut(0), [10.0, 11.0]);
        assert_eq!(bottom.reborrow().n_rows(), 1);
        assert_eq!(ColumnsMut::new(&mut [], 0).n_cols(), 0);
    }

    #[test]
    #[should_panic(expected = "row 2 of 2")]
    fn a_row_beyond_the_last_is_refused() {
        ColumnsMut::new(&mut [0.0; 4], 2).row_mut(2);
    }
}
