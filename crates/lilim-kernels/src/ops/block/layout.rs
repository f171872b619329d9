//! Quantized weights as block dots read them: sixteen rows side by side, four bytes of each row
//! after the other, so that one vector holds a quad of every row, and in the order of reading.
//!
//! A group of sixteen rows is made of lines of 64 bytes. A block of the format is its quads, a line
//! each. What a block has beyond whole quads (the scale of Q8_0, the exponent of MXFP4) shares a
//! line with that of the next blocks, before the first of them.

use lilim_formats::GgmlType;

use super::kinds::{Kind, for_block_type};
use crate::packed::PackedRows;
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

/// Bytes of a group of sixteen rows of a type with block dots.
pub(crate) fn group_bytes(ty: GgmlType, n_cols: usize) -> usize {
    Layout::of(ty).n_lines(n_cols / ty.block_len()) * size_of::<Line>()
}

/// Packs up to sixteen rows into a group, where rows that are not there are zeros.
pub(crate) fn pack_group(rows: WeightRows<'_>, out: &mut [u8]) {
    let layout = Layout::of(rows.ty());
    let (lines, _) = out.as_chunks_mut();
    if rows.n_rows() < LANES {
        lines.fill([0; size_of::<Line>()]);
    }
    for row in 0..rows.n_rows() {
        pack_row(layout, rows.row(row), row, lines);
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
    /// The group of packed rows that `row` begins.
    #[inline(always)]
    pub(crate) fn of<K: Kind>(weight: PackedRows<'a>, row: usize) -> Self {
        let n = Layout::of_kind::<K>().n_lines(weight.n_cols() / (K::BLOCKS * super::BLOCK));
        let (lines, _) = weight.bytes().as_chunks();
        Self {
            lines: &lines[row / LANES * n..][..n],
        }
    }

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
}
