//! Quantized weights as block dots read them: sixteen rows side by side, four bytes of each row
//! after the other, so that one vector holds a quad of every row, and in the order of reading.
//!
//! A group of sixteen rows is made of lines of 64 bytes. A block of the format is its quads, a line
//! each. What a block has beyond whole quads (the scale of Q8_0, the exponent of MXFP4) shares a
//! line with that of the next blocks, before the first of them.
//!
//! Long rows are cut into *runs* of columns, and groups are gathered in *slabs* of four: of a slab
//! the first run of each group comes first, then the second of each, and so on. So the activations
//! of a run meet four groups while they are in the first cache, from which the weights of whole rows
//! push them out (one row of them, one thread, from memory: Q4_K 23 → 31 GB/s), and memory is still
//! read in a line.

use lilim_formats::GgmlType;

use super::kinds::{Kind, for_block_type};
use crate::packed::PackedRows;
use crate::simd::LANES;
use crate::weights::WeightRows;

/// Columns of a run: of Q6_K, whose weights of a run take 13 KiB, 2,048 are too many for a cache of
/// 32 KiB; 512 are no better than these.
const RUN_COLS: usize = 1024;

/// Groups of a slab: eight are no better, and rows are shared out among threads by slabs.
pub(crate) const SLAB_GROUPS: usize = 4;

/// Rows of a slab.
pub(crate) const SLAB_ROWS: usize = SLAB_GROUPS * LANES;

/// A quad of sixteen rows.
pub(crate) type Line = [u8; 4 * LANES];

/// How the bytes of a block become lines.
#[derive(Clone, Copy)]
struct Layout {
    /// Bytes of a block in the file.
    bytes: usize,
    /// Blocks of a run.
    run: usize,
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
            run: RUN_COLS / (K::BLOCKS * super::BLOCK),
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

/// Whether rows are short enough for one run: then a slab is its groups, one after the other.
pub(crate) fn is_one_run(n_cols: usize) -> bool {
    n_cols <= RUN_COLS
}

/// Packs up to [`SLAB_ROWS`] rows into a slab, where rows that are not there are zeros.
pub(crate) fn pack_slab(rows: WeightRows<'_>, out: &mut [u8]) {
    let layout = Layout::of(rows.ty());
    let (mut rest, _) = out.as_chunks_mut();
    if !rows.n_rows().is_multiple_of(LANES) {
        rest.fill([0; size_of::<Line>()]);
    }
    let run_bytes = layout.run * layout.bytes;
    for start in (0..rows.n_cols() / rows.ty().block_len() * layout.bytes).step_by(run_bytes) {
        for first in (0..rows.n_rows()).step_by(LANES) {
            let n_rows = LANES.min(rows.n_rows() - first);
            let run = |row: usize| {
                let bytes = &rows.row(first + row)[start..];
                &bytes[..run_bytes.min(bytes.len())]
            };
            let lines;
            (lines, rest) = rest.split_at_mut(layout.n_lines(run(0).len() / layout.bytes));
            for row in 0..n_rows {
                pack_row(layout, run(row), row, lines);
            }
        }
    }
}

/// Writes one row's share of the lines of a group's run.
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

/// A run of sixteen packed rows.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    lines: &'a [Line],
}

impl<'a> Run<'a> {
    /// Blocks of 32 columns in every run but the last of a row.
    pub(crate) const BLOCKS: usize = RUN_COLS / super::BLOCK;

    /// Of the group of packed rows that `row` begins, the run that the block of 32 columns `block`
    /// begins.
    #[inline(always)]
    pub(crate) fn of<K: Kind>(weight: PackedRows<'a>, row: usize, block: usize) -> Self {
        let layout = Layout::of_kind::<K>();
        let (n_blocks, block) = (
            weight.n_cols() / super::BLOCK / K::BLOCKS,
            block / K::BLOCKS,
        );
        let (slab, group) = (row / SLAB_ROWS * SLAB_ROWS, row % SLAB_ROWS / LANES);
        let n_groups = (weight.n_rows() - slab).div_ceil(LANES).min(SLAB_GROUPS);
        let n = layout.n_lines(layout.run.min(n_blocks - block));
        let first = slab / LANES * layout.n_lines(n_blocks) + n_groups * layout.n_lines(block);
        let (lines, _) = weight.bytes().as_chunks();
        Self {
            lines: &lines[first + group * n..][..n],
        }
    }

    /// A block of the format, of all sixteen rows, by its place in the run.
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
