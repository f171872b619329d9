//! Quantized weights as block dots read them: sixteen rows side by side, four bytes of each row
//! after the other, so that one vector holds a quad of every row, and in the order of reading, so
//! that memory is read in a line.
//!
//! A group of sixteen rows is made of lines of 64 bytes. A block of the format is its quads, a line
//! each. What a block has beyond whole quads (the scale of Q8_0, the exponent of MXFP4) shares a
//! line with that of the next blocks, before the first of them. Of a matrix whose rows are not a
//! multiple of sixteen, the last group has zeros for rows.

use std::ops::Range;

use lilim_formats::GgmlType;

use super::kinds::{Kind, for_block_type};
use crate::error::KernelError;
use crate::simd::LANES;
use crate::weights::WeightRows;

/// A quad of sixteen rows.
pub(crate) type Line = [u8; 4 * LANES];

/// How the bytes of a block become lines.
#[derive(Clone, Copy)]
struct Layout {
    /// Bytes of a block in the file.
    bytes: usize,
    /// Where the quads begin in it.
    quads_at: usize,
    /// Its quads in the order of reading: where each run of them begins, and how many they are.
    order: &'static [(usize, usize)],
}

impl Layout {
    /// Of a type with block dots.
    fn of(ty: GgmlType) -> Self {
        for_block_type!(ty, K => Self::of_kind::<K>())
    }

    #[inline(always)]
    const fn of_kind<K: Kind>() -> Self {
        Self {
            bytes: K::BYTES,
            quads_at: K::QUADS_AT,
            order: K::ORDER,
        }
    }

    #[inline(always)]
    const fn n_quads(self) -> usize {
        self.bytes / 4
    }

    /// Bytes of a block beyond whole quads.
    #[inline(always)]
    const fn rest(self) -> usize {
        self.bytes % 4
    }

    fn rest_at(self) -> usize {
        if self.quads_at > 0 {
            0
        } else {
            self.bytes - self.rest()
        }
    }

    /// Lines of so many blocks.
    #[inline(always)]
    const fn n_lines(self, n_blocks: usize) -> usize {
        let rests = (n_blocks * self.rest()).div_ceil(4);
        n_blocks * self.n_quads() + rests
    }

    /// The line where a block's quads begin.
    #[inline(always)]
    const fn quads_line(self, block: usize) -> usize {
        self.n_lines(block) + if self.shares_first_line(block) { 1 } else { 0 }
    }

    /// The line that holds a block's rest, and where in it.
    #[inline(always)]
    const fn rest_place(self, block: usize) -> (usize, usize) {
        let sharers = match self.rest() {
            0 => 1,
            n => 4 / n,
        };
        let first = block / sharers * sharers;
        (self.n_lines(first), block % sharers * self.rest() * LANES)
    }

    /// Whether a new line of rests begins before this block.
    #[inline(always)]
    const fn shares_first_line(self, block: usize) -> bool {
        self.rest() > 0 && (block * self.rest()).is_multiple_of(4)
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
        let lines = Layout::of(ty).n_lines(n_cols / ty.block_len());
        (lines * size_of::<Line>()).checked_mul(n_rows.div_ceil(LANES))
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
        let (lines, _) = out.as_chunks_mut::<{ size_of::<Line>() }>();
        let groups = lines.chunks_exact_mut(layout.n_lines(n_blocks).max(1));
        for (lines, first) in groups.zip((0..n_rows).step_by(LANES)) {
            let rows = weight.slice(first..n_rows.min(first + LANES));
            if rows.n_rows() < LANES {
                lines.fill([0; size_of::<Line>()]);
            }
            for row in 0..rows.n_rows() {
                pack_row(layout, rows.row(row), row, lines);
            }
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
        let n_blocks = self.n_cols / self.ty.block_len();
        Layout::of(self.ty).n_lines(n_blocks) * size_of::<Line>()
    }

    /// The group of sixteen rows that `row` begins.
    #[inline(always)]
    pub(crate) fn group<K: Kind>(&self, row: usize) -> Group<'a> {
        let n = Layout::of_kind::<K>().n_lines(self.n_cols / (K::BLOCKS * super::BLOCK));
        let (lines, _) = self.bytes.as_chunks();
        Group {
            lines: &lines[row / LANES * n..][..n],
        }
    }
}

/// Writes one row's share of a group's lines.
fn pack_row(layout: Layout, bytes: &[u8], row: usize, lines: &mut [Line]) {
    let n_rest = layout.rest();
    for (index, block) in bytes.chunks_exact(layout.bytes).enumerate() {
        let (quads, _) = block[layout.quads_at..][..4 * layout.n_quads()].as_chunks::<4>();
        let mut to = layout.quads_line(index);
        for &(first, n) in layout.order {
            for (from, to) in quads[first..first + n].iter().zip(&mut lines[to..to + n]) {
                to[4 * row..4 * row + 4].copy_from_slice(from);
            }
            to += n;
        }
        let (line, at) = layout.rest_place(index);
        if n_rest > 0 {
            let rest = &block[layout.rest_at()..][..n_rest];
            lines[line][at + row * n_rest..][..n_rest].copy_from_slice(rest);
        }
    }
}

/// Sixteen packed rows.
#[derive(Clone, Copy)]
pub(crate) struct Group<'a> {
    lines: &'a [Line],
}

impl<'a> Group<'a> {
    /// A block of the format, of all sixteen rows.
    #[inline(always)]
    pub(crate) fn block<K: Kind>(&self, index: usize) -> PackedBlock<'a> {
        let layout = Layout::of_kind::<K>();
        let rest = if layout.rest() > 0 {
            let (line, at) = layout.rest_place(index);
            &self.lines[line][at..][..layout.rest() * LANES]
        } else {
            &[]
        };
        PackedBlock {
            quads: &self.lines[layout.quads_line(index)..][..layout.n_quads()],
            rest,
        }
    }
}

/// A block of the format, of sixteen rows.
#[derive(Clone, Copy)]
pub(crate) struct PackedBlock<'a> {
    /// In the order of reading.
    pub(crate) quads: &'a [Line],
    /// What is beyond whole quads, row after row.
    pub(crate) rest: &'a [u8],
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
    fn every_quad_is_read_once_in_some_order() {
        for name in [
            "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_XS", "MXFP4",
        ] {
            let layout = Layout::of(GgmlType::from_name(name).expect("a type"));
            let mut quads: Vec<usize> = (layout.order.iter())
                .flat_map(|&(first, n)| first..first + n)
                .collect();
            quads.sort_unstable();
            assert!(quads.into_iter().eq(0..layout.n_quads()), "{name}");
        }
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
