//! Quantized weights as block dots read them: sixteen rows side by side, four bytes of each row
//! after the other, so that one vector holds a quad of every row and memory is read in a line.
//!
//! A group of sixteen rows is `[block of the format][quad of the block][row]`, four bytes each; then
//! what a block has beyond whole quads (the scale of Q8_0, the exponent of MXFP4) as
//! `[block][row]`, padded to 64 bytes. Of a matrix whose rows are not a multiple of sixteen, the
//! last group holds zeros.

use std::ops::Range;

use lilim_formats::GgmlType;

use super::kinds::{Kind, for_block_type};
use crate::error::KernelError;
use crate::simd::LANES;
use crate::weights::WeightRows;

/// Bytes of a quad of sixteen rows, to a multiple of which a group is padded.
const QUAD_BYTES: usize = 4 * LANES;

/// How the bytes of a block become quads.
#[derive(Clone, Copy)]
struct Layout {
    /// Bytes of a block in the file.
    bytes: usize,
    /// Where the quads begin in it.
    quads_at: usize,
}

impl Layout {
    /// Of a type with block dots.
    fn of(ty: GgmlType) -> Self {
        for_block_type!(ty, K => Self { bytes: K::BYTES, quads_at: K::QUADS_AT })
    }

    fn n_quads(self) -> usize {
        self.bytes / 4
    }

    /// Bytes of a block beyond whole quads.
    fn rest(self) -> usize {
        self.bytes % 4
    }

    fn rest_at(self) -> usize {
        if self.quads_at > 0 {
            0
        } else {
            self.bytes - self.rest()
        }
    }

    fn quads_bytes(self, n_blocks: usize) -> usize {
        n_blocks * self.n_quads() * QUAD_BYTES
    }

    fn group_bytes(self, n_blocks: usize) -> usize {
        let rests = n_blocks * self.rest() * LANES;
        self.quads_bytes(n_blocks) + rests.next_multiple_of(QUAD_BYTES)
    }
}

/// A matrix of quantized weights, packed: see the module.
#[derive(Clone, Copy, Debug)]
pub struct PackedRows<'a> {
    ty: GgmlType,
    bytes: &'a [u8],
    n_rows: usize,
    n_cols: usize,
}

impl<'a> PackedRows<'a> {
    /// Returns the bytes of a packed matrix; `None` for types without block dots, rows that are not
    /// whole blocks, and sizes beyond counting.
    pub fn n_bytes(ty: GgmlType, n_rows: usize, n_cols: usize) -> Option<usize> {
        super::grain(ty)?;
        ty.row_bytes(n_cols)?.checked_mul(2 * LANES)?;
        let group = Layout::of(ty).group_bytes(n_cols / ty.block_len());
        group.checked_mul(n_rows.div_ceil(LANES))
    }

    /// Takes `bytes`, which [`pack`](Self::pack) filled.
    ///
    /// # Errors
    /// When there are no block dots with the type or `bytes` has another length.
    pub fn new(
        ty: GgmlType,
        bytes: &'a [u8],
        n_rows: usize,
        n_cols: usize,
    ) -> Result<Self, KernelError> {
        if super::grain(ty).is_none() {
            return Err(KernelError::WeightType { ty });
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
    /// When it is not, or there are no block dots with the type.
    pub fn pack(weight: WeightRows<'_>, out: &mut [u8]) {
        let (ty, n_rows) = (weight.ty(), weight.n_rows());
        let need = Self::n_bytes(ty, n_rows, weight.n_cols());
        assert_eq!(Some(out.len()), need, "bytes of packed {ty}");
        let layout = Layout::of(ty);
        let n_blocks = weight.n_cols() / ty.block_len();
        let groups = out.chunks_exact_mut(layout.group_bytes(n_blocks).max(1));
        for (out, first) in groups.zip((0..n_rows).step_by(LANES)) {
            let rows = weight.slice(first..n_rows.min(first + LANES));
            if rows.n_rows() < LANES {
                out.fill(0);
            }
            let (quads, rests) = out.split_at_mut(layout.quads_bytes(n_blocks));
            pack_group(layout, rows, quads.as_chunks_mut().0, rests);
        }
    }

    /// Returns some of the rows.
    ///
    /// # Panics
    /// When they do not lie within `0..n_rows`, or begin or end inside a group of sixteen.
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let (start, end) = (rows.start, rows.end);
        assert!(
            start <= end
                && end <= self.n_rows
                && start.is_multiple_of(LANES)
                && (end.is_multiple_of(LANES) || end == self.n_rows),
            "rows {rows:?} of {} in sixteens",
            self.n_rows
        );
        let group = self.group_bytes();
        Self {
            bytes: &self.bytes[start / LANES * group..end.div_ceil(LANES) * group],
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

    fn group_bytes(&self) -> usize {
        Layout::of(self.ty).group_bytes(self.n_cols / self.ty.block_len())
    }

    /// The group of sixteen rows that `row` begins.
    #[inline(always)]
    pub(crate) fn group<K: Kind>(&self, row: usize) -> Group<'a> {
        let n_blocks = self.n_cols / (K::BLOCKS * super::BLOCK);
        let layout = Layout {
            bytes: K::BYTES,
            quads_at: K::QUADS_AT,
        };
        let n = layout.group_bytes(n_blocks);
        let bytes = &self.bytes[row / LANES * n..][..n];
        let (quads, rests) = bytes.split_at(layout.quads_bytes(n_blocks));
        Group {
            quads: quads.as_chunks().0,
            rests,
        }
    }
}

/// Writes the quads and the rests of at most sixteen rows.
fn pack_group(
    layout: Layout,
    rows: WeightRows<'_>,
    quads: &mut [[u8; QUAD_BYTES]],
    rests: &mut [u8],
) {
    let (n_quads, n_rest) = (layout.n_quads(), layout.rest());
    for row in 0..rows.n_rows() {
        for (index, block) in rows.row(row).chunks_exact(layout.bytes).enumerate() {
            let (from, _) = block[layout.quads_at..][..4 * n_quads].as_chunks::<4>();
            let to = &mut quads[index * n_quads..(index + 1) * n_quads];
            for (from, to) in from.iter().zip(to) {
                to[4 * row..4 * row + 4].copy_from_slice(from);
            }
            let rest = &block[layout.rest_at()..][..n_rest];
            rests[(index * LANES + row) * n_rest..][..n_rest].copy_from_slice(rest);
        }
    }
}

/// Sixteen packed rows.
#[derive(Clone, Copy)]
pub(crate) struct Group<'a> {
    quads: &'a [[u8; QUAD_BYTES]],
    rests: &'a [u8],
}

impl<'a> Group<'a> {
    /// A block of the format, of all sixteen rows.
    #[inline(always)]
    pub(crate) fn block<K: Kind>(&self, index: usize) -> PackedBlock<'a> {
        let (n_quads, n_rest) = (K::BYTES / 4, K::BYTES % 4 * LANES);
        PackedBlock {
            quads: &self.quads[index * n_quads..][..n_quads],
            rest: &self.rests[index * n_rest..][..n_rest],
        }
    }
}

/// A block of the format, of sixteen rows.
#[derive(Clone, Copy)]
pub(crate) struct PackedBlock<'a> {
    pub(crate) quads: &'a [[u8; QUAD_BYTES]],
    /// What is beyond whole quads, row after row.
    pub(crate) rest: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quads_of_sixteen_rows_lie_side_by_side_and_the_rests_after_them() {
        // Two blocks of Q8_0: a scale of two bytes, then eight quads.
        let bytes: Vec<u8> = (0..17 * 68).map(|i| (i % 251) as u8).collect();
        let weight = WeightRows::new(GgmlType::Q8_0, &bytes, 17, 64).expect("whole rows");
        let n = PackedRows::n_bytes(GgmlType::Q8_0, 17, 64).expect("a size");
        assert_eq!(n, 2 * 16 * 68);
        let mut out = vec![9; n];
        PackedRows::pack(weight, &mut out);
        let at = |row: usize, byte: usize| bytes[row * 68 + byte];
        for row in 0..16 {
            for byte in 0..4 {
                assert_eq!(out[4 * row + byte], at(row, 2 + byte));
                assert_eq!(out[15 * 64 + 4 * row + byte], at(row, 36 + 28 + byte));
            }
            assert_eq!(out[16 * 64 + 2 * row], at(row, 0));
            assert_eq!(out[16 * 64 + 32 + 2 * row + 1], at(row, 35));
        }
        let last = &out[16 * 68..];
        assert_eq!(last[..4], bytes[16 * 68 + 2..16 * 68 + 6]);
        assert!(last[4..64].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn what_is_no_packed_matrix_is_refused() {
        assert_eq!(PackedRows::n_bytes(GgmlType::F16, 16, 32), None);
        assert_eq!(PackedRows::n_bytes(GgmlType::Q8_0, 16, 33), None);
        assert_eq!(PackedRows::n_bytes(GgmlType::Q8_0, usize::MAX, 32), None);
        assert!(PackedRows::new(GgmlType::Q8_0, &[0; 543], 16, 32).is_err());
        assert!(PackedRows::new(GgmlType::F32, &[0; 2048], 16, 32).is_err());
        let packed = PackedRows::new(GgmlType::Q4_K, &[0; 3 * 16 * 144], 40, 256);
        let packed = packed.expect("three groups");
        assert_eq!(packed.slice(16..40).n_rows(), 24);
        assert_eq!(packed.slice(16..40).bytes.len(), 2 * 16 * 144);
    }

    #[test]
    #[should_panic(expected = "rows 8..16 of 40 in sixteens")]
    fn a_slice_inside_a_group_is_refused() {
        let packed = PackedRows::new(GgmlType::Q4_K, &[0; 3 * 16 * 144], 40, 256);
        packed.expect("three groups").slice(8..16);
    }
}
