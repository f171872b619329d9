//! Weight matrices as products read them: some rows side by side, so that memory is read in a line.
//!
//! Quantized types lie in groups of sixteen rows, long rows in slabs of four groups
//! (`ops/block/layout.rs`), the others in groups of four (`ops/floats.rs`). Of a matrix whose rows do not fill its last group, that has zeros for
//! rows.

use std::ops::Range;

use lilim_formats::GgmlType;

use crate::error::KernelError;
use crate::ops::block::{grain, layout};
use crate::ops::floats;
use crate::simd::LANES;
use crate::weights::WeightRows;

/// A matrix of weights, packed: see the module.
#[derive(Clone, Copy, Debug)]
pub struct PackedRows<'a> {
    ty: GgmlType,
    bytes: &'a [u8],
    n_rows: usize,
    n_cols: usize,
}

/// Rows that lie side by side.
#[derive(Clone, Copy)]
struct GroupSize {
    n_rows: usize,
    n_bytes: usize,
}

/// The groups of a matrix; `None` for what no kernel reads and for sizes beyond counting.
fn group_size(ty: GgmlType, n_cols: usize) -> Option<GroupSize> {
    if !WeightRows::supports(ty) || n_cols == 0 {
        return None;
    }
    // So that nothing overflows below: a group takes less than twice its rows' bytes and a vector.
    ty.row_bytes(n_cols)?
        .checked_mul(2 * LANES)?
        .checked_add(1 << 12)?;
    Some(match grain(ty) {
        Some(_) => GroupSize {
            n_rows: LANES,
            n_bytes: layout::group_bytes(ty, n_cols),
        },
        None => GroupSize {
            n_rows: floats::GROUP_ROWS,
            n_bytes: floats::group_bytes(ty, n_cols),
        },
    })
}

impl<'a> PackedRows<'a> {
    /// Returns the bytes of a packed matrix; `None` for types that no kernel reads, rows that are
    /// empty or not whole blocks, and sizes beyond counting.
    pub fn n_bytes(ty: GgmlType, n_rows: usize, n_cols: usize) -> Option<usize> {
        let group = group_size(ty, n_cols)?;
        group.n_bytes.checked_mul(n_rows.div_ceil(group.n_rows))
    }

    /// Takes `bytes`, which [`pack`](Self::pack) filled.
    ///
    /// # Errors
    /// When no kernel reads the type, a row is not whole blocks, or `bytes` has another length.
    pub fn new(
        ty: GgmlType,
        bytes: &'a [u8],
        n_rows: usize,
        n_cols: usize,
    ) -> Result<Self, KernelError> {
        if !WeightRows::supports(ty) {
            return Err(KernelError::WeightType { ty });
        }
        if ty.row_bytes(n_cols).is_none() {
            return Err(KernelError::RowLength { ty, n_cols });
        }
        if Self::n_bytes(ty, n_rows, n_cols) != Some(bytes.len()) {
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
        })
    }

    /// Packs rows into `out`, whose length is [`n_bytes`](Self::n_bytes).
    ///
    /// # Panics
    /// When it is not.
    pub fn pack(weight: WeightRows<'_>, out: &mut [u8]) {
        let (ty, n_rows, n_cols) = (weight.ty(), weight.n_rows(), weight.n_cols());
        let need = Self::n_bytes(ty, n_rows, n_cols);
        assert_eq!(Some(out.len()), need, "bytes of packed {ty}");
        let group = group_size(ty, n_cols).expect("the bytes were counted");
        let (n_at_once, pack): (_, fn(WeightRows<'_>, &mut [u8])) = match grain(ty) {
            Some(_) => (layout::SLAB_ROWS, layout::pack_slab),
            None => (group.n_rows, floats::pack_group),
        };
        let firsts = (0..n_rows).step_by(n_at_once);
        let outs = out.chunks_mut(n_at_once / group.n_rows * group.n_bytes);
        for (out, first) in outs.zip(firsts) {
            pack(weight.slice(first..n_rows.min(first + n_at_once)), out);
        }
    }

    /// Returns the number of rows of which a [`slice`](Self::slice) begins and ends at multiples:
    /// 16, or 64 where quantized rows are long.
    pub fn row_step(ty: GgmlType, n_cols: usize) -> usize {
        match grain(ty) {
            Some(_) if !layout::is_one_run(n_cols) => layout::SLAB_ROWS,
            _ => LANES,
        }
    }

    /// Returns some of the rows.
    ///
    /// # Panics
    /// When they do not lie within `0..n_rows`, or begin or end elsewhere than at multiples of
    /// [`row_step`](Self::row_step) (or the end of all).
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let (start, end) = (rows.start, rows.end);
        let step = Self::row_step(self.ty, self.n_cols);
        assert!(
            start <= end
                && end <= self.n_rows
                && start.is_multiple_of(step)
                && (end.is_multiple_of(step) || end == self.n_rows),
            "rows {rows:?} of {} in steps of {step}",
            self.n_rows
        );
        let group = group_size(self.ty, self.n_cols).expect("checked when the matrix was made");
        let byte = |row: usize| row.div_ceil(group.n_rows) * group.n_bytes;
        Self {
            bytes: &self.bytes[byte(start)..byte(end)],
            n_rows: rows.len(),
            ..*self
        }
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
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quads_of_sixteen_rows_lie_side_by_side_after_the_scales_of_two_blocks() {
        // Three blocks of Q8_0: a scale of two bytes, then eight quads.
        let row_bytes = 3 * 34;
        let bytes: Vec<u8> = (0..17 * row_bytes).map(|i| (i % 251) as u8).collect();
        let weight = WeightRows::new(GgmlType::Q8_0, &bytes, 17, 96).expect("whole rows");
        let n = PackedRows::n_bytes(GgmlType::Q8_0, 17, 96).expect("a size");
        assert_eq!(n, 2 * 64 * (1 + 2 * 8 + 1 + 8));
        let mut out = vec![9; n];
        PackedRows::pack(weight, &mut out);
        let at = |row: usize, byte: usize| bytes[row * row_bytes + byte];
        let (lines, _) = out.as_chunks::<64>();
        for row in 0..16 {
            for byte in 0..2 {
                assert_eq!(lines[0][2 * row + byte], at(row, byte));
                assert_eq!(lines[0][32 + 2 * row + byte], at(row, 34 + byte));
                assert_eq!(lines[17][2 * row + byte], at(row, 68 + byte));
            }
            for byte in 0..4 {
                assert_eq!(lines[1][4 * row + byte], at(row, 2 + byte));
                assert_eq!(lines[16][4 * row + byte], at(row, 36 + 28 + byte));
                assert_eq!(lines[25][4 * row + byte], at(row, 70 + 28 + byte));
            }
        }
        let last = &lines[26..];
        assert_eq!(last[1][..4], bytes[16 * row_bytes + 2..16 * row_bytes + 6]);
        assert!(last[1][4..].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn of_long_rows_four_groups_come_run_by_run() {
        // 65 blocks of Q8_0 are runs of 32, 32 and one; 83 rows are six groups, the last of three rows.
        let (n_rows, n_cols, row_bytes) = (83, 65 * 32, 65 * 34);
        let bytes: Vec<u8> = (0..n_rows * row_bytes).map(|i| (i % 251) as u8).collect();
        let weight = WeightRows::new(GgmlType::Q8_0, &bytes, n_rows, n_cols).expect("whole rows");
        let n = PackedRows::n_bytes(GgmlType::Q8_0, n_rows, n_cols).expect("a size");
        let mut out = vec![9; n];
        PackedRows::pack(weight, &mut out);
        let (lines, _) = out.as_chunks::<64>();
        let (run, last) = (32 * 8 + 16, 8 + 1);
        let check = |line: usize, row: usize, block: usize| {
            let first = bytes[row * row_bytes + block * 34];
            assert_eq!(lines[line][0], first, "row {row}, block {block}");
        };
        check(run, 16, 0);
        check(3 * run, 48, 0);
        check(4 * run, 0, 32);
        check(7 * run, 48, 32);
        check(8 * run, 0, 64);
        check(8 * run + last, 16, 64);
        let slab = 4 * (2 * run + last);
        check(slab + run, 80, 0);
        check(slab + 2 * run, 64, 32);
        check(slab + 4 * run + last, 80, 64);
        assert_eq!(lines.len(), slab / 2 * 3);
        assert!(lines[slab + run][6..32].iter().all(|&byte| byte == 0));

        let packed = PackedRows::new(GgmlType::Q8_0, &out, n_rows, n_cols).expect("packed");
        assert_eq!(packed.slice(64..83).bytes.len(), slab / 2 * 64);
        assert_eq!(PackedRows::row_step(GgmlType::Q8_0, n_cols), 64);
        assert_eq!(PackedRows::row_step(GgmlType::Q8_0, 1024), 16);
        assert_eq!(PackedRows::row_step(GgmlType::F16, n_cols), 16);
    }

    #[test]
    fn sixteen_columns_of_four_rows_of_floats_lie_side_by_side() {
        let bytes: Vec<u8> = (0..5 * 20 * 2).map(|i| (i % 251) as u8).collect();
        let weight = WeightRows::new(GgmlType::F16, &bytes, 5, 20).expect("whole rows");
        let n = PackedRows::n_bytes(GgmlType::F16, 5, 20).expect("a size");
        assert_eq!(n, 2 * 2 * 4 * 32, "two groups of two chunks");
        let mut out = vec![9; n];
        PackedRows::pack(weight, &mut out);
        let (vectors, _) = out.as_chunks::<32>();
        for row in 0..4 {
            assert_eq!(vectors[row], weight.row(row)[..32]);
            assert_eq!(vectors[4 + row][..8], weight.row(row)[32..]);
            assert_eq!(vectors[4 + row][8..], [0; 24]);
        }
        assert_eq!(vectors[8], weight.row(4)[..32]);
        assert!(out[9 * 32..12 * 32].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn what_is_no_packed_matrix_is_refused() {
        assert_eq!(PackedRows::n_bytes(GgmlType::I8, 16, 32), None);
        assert_eq!(PackedRows::n_bytes(GgmlType::F32, 16, 0), None);
        assert!(PackedRows::new(GgmlType::F32, &[], 16, 0).is_err());
        assert_eq!(PackedRows::n_bytes(GgmlType::Q8_0, 16, 33), None);
        assert_eq!(PackedRows::n_bytes(GgmlType::Q8_0, usize::MAX, 32), None);
        assert!(PackedRows::new(GgmlType::Q8_0, &[0; 543], 16, 32).is_err());
        assert!(PackedRows::new(GgmlType::F32, &[0; 2047], 16, 32).is_err());
        assert!(PackedRows::n_bytes(GgmlType::F16, 1, usize::MAX / 2).is_none());
        let packed = PackedRows::new(GgmlType::Q4_K, &[0; 3 * 16 * 144], 40, 256);
        let packed = packed.expect("three groups");
        assert_eq!(packed.slice(16..40).n_rows(), 24);
        assert_eq!(packed.slice(16..40).bytes.len(), 2 * 16 * 144);
    }

    #[test]
    #[should_panic(expected = "rows 0..48 of 80 in steps of 64")]
    fn a_slice_inside_a_slab_is_refused() {
        let packed = PackedRows::new(GgmlType::Q4_K, &[0; 5 * 5 * 16 * 144], 80, 1280);
        packed.expect("five groups").slice(0..48);
    }

    #[test]
    #[should_panic(expected = "rows 8..16 of 40 in steps of 16")]
    fn a_slice_inside_a_group_is_refused() {
        let packed = PackedRows::new(GgmlType::Q4_K, &[0; 3 * 16 * 144], 40, 256);
        packed.expect("three groups").slice(8..16);
    }
}
