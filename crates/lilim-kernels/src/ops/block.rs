//! Block dot: products of quantized weights with activations rounded to 8 bits (design:
//! `docs/design/arithmetic.md`).
//!
//! Sixteen weight rows are unpacked at a time from the file's own bytes into a *panel*, in which a
//! vector holds four neighbouring weights of each row: a lane is a row, that is, an output. The
//! panel meets as many rows of activations as there are, so unpacking is paid once for all of them.
//! Every output is one chain over the blocks of 32 columns, so neither the panel's length nor the
//! number of rows changes a bit.

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays of registers, side by side"
)]

pub(crate) mod kinds;
mod plain;
pub(crate) mod round;

pub(crate) use round::round_tile;

use crate::columns::ColumnsMut;
use crate::simd::{Chunk, LANES, Op, Simd};
use crate::weights::WeightRows;
use kinds::{Kind, Shape, for_block_type};
use lilim_formats::GgmlType;
use std::marker::PhantomData;

/// Columns of a block.
pub const BLOCK: usize = 32;

/// Rows of activations that are kept together.
pub const TILE: usize = 16;

/// Steps of four columns in a block.
pub(crate) const STEPS: usize = BLOCK / 4;

/// How finely activations are rounded, which the weight type decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// One scale for 32 columns: for super-blocks of 256, where llama.cpp has one for 256.
    Coarse,
    /// One scale for 16 columns: for blocks of 32, where llama.cpp has one for 32.
    Fine,
}

/// 32 activations of one row, rounded: `scale * q` in each half.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct ActBlock {
    pub(crate) q: [i8; BLOCK],
    /// Of each half; the same ones where the grain is coarse.
    pub(crate) scales: [f32; 2],
    /// What a weight of 1 everywhere gives: the sum of `q` where the grain is coarse, else the sum
    /// of the activations.
    pub(crate) sum: f32,
    /// The sum of `q`, negated.
    pub(crate) minus_sum: i32,
    /// The sum of `q` in each half, and negated.
    pub(crate) half_sums: [f32; 2],
    pub(crate) minus_half_sums: [i32; 2],
}

impl ActBlock {
    /// A block of zeros, to make room with.
    pub const ZERO: Self = Self {
        q: [0; BLOCK],
        scales: [0.0; 2],
        sum: 0.0,
        minus_sum: 0,
        half_sums: [0.0; 2],
        minus_half_sums: [0; 2],
    };
}

/// Room for 32 unpacked columns of sixteen weight rows.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct PanelBlock {
    /// Step `i` holds columns `4 * i..4 * i + 4` of row 0, then of row 1 and so on.
    pub(crate) q: [[u8; 64]; STEPS],
    /// Scales of the sixteen rows; where halves have their own, of each half.
    pub(crate) scales: [Chunk; 2],
    /// What is added to each weight, likewise.
    pub(crate) mins: [Chunk; 2],
}

impl PanelBlock {
    /// A block of zeros, to make room with.
    pub const ZERO: Self = Self {
        q: [[0; 64]; STEPS],
        scales: [[0.0; LANES]; 2],
        mins: [[0.0; LANES]; 2],
    };
}

/// Sixteen weight rows of one length; where there are fewer, the last one stands in.
pub(crate) struct Rows16<'a> {
    rows: [&'a [u8]; LANES],
}

impl<'a> Rows16<'a> {
    #[inline(always)]
    fn new(weight: WeightRows<'a>, first: usize) -> Self {
        let last = weight.n_rows() - 1;
        let mut rows = [weight.row(first); LANES];
        for r in 1..LANES {
            rows[r] = weight.row((first + r).min(last));
        }
        Self { rows }
    }

    /// The sixteen bytes at `at` of every row.
    #[inline(always)]
    pub(crate) fn sixteens(&self, at: usize) -> [*const u8; LANES] {
        let n = self.rows[0].len();
        assert!(n >= 16 && at <= n - 16, "byte {at} of a row of {n}");
        let mut starts = [std::ptr::null(); LANES];
        for r in 0..LANES {
            starts[r] = self.rows[r].as_ptr().wrapping_add(at);
        }
        starts
    }

    /// The little-endian 16-bit values at `at` of every row, as they lie in memory.
    #[inline(always)]
    pub(crate) fn halfs(&self, at: usize) -> [u8; 2 * LANES] {
        let n = self.rows[0].len();
        assert!(n >= 2 && at <= n - 2, "byte {at} of a row of {n}");
        let mut out = [0; 2 * LANES];
        for r in 0..LANES {
            out[2 * r..2 * r + 2].copy_from_slice(&self.rows[r][at..at + 2]);
        }
        out
    }

    /// The bytes of one row.
    #[inline(always)]
    pub(crate) fn row(&self, r: usize) -> &'a [u8] {
        self.rows[r]
    }
}

/// The grain of block dots with weights of this type; none where there are no block dots.
pub(crate) fn grain(ty: GgmlType) -> Option<Grain> {
    use GgmlType as T;
    match ty {
        T::Q4_0 | T::Q4_1 | T::Q5_0 | T::Q5_1 | T::Q8_0 | T::IQ4_NL | T::MXFP4 => Some(Grain::Fine),
        T::Q2_K | T::Q3_K | T::Q4_K | T::Q5_K | T::Q6_K | T::IQ4_XS => Some(Grain::Coarse),
        _ => None,
    }
}

/// Panel blocks that [`multiply`] needs for `m` rows of activations.
pub(crate) const fn panel_len(n_cols: usize, m: usize) -> usize {
    if m <= TILE { UNIT } else { n_cols / BLOCK }
}

/// Blocks that are unpacked before they are used, when that is not the whole row.
const UNIT: usize = 8;

/// `out[i][row] = block dot(weight row, x[i])`; `x` are tiles of [`TILE`] rows, in each of which
/// the rows' blocks lie side by side: `[tile][block][row of the tile]`.
#[inline(always)]
pub(crate) fn multiply<S: Simd>(
    s: S,
    weight: WeightRows<'_>,
    x: &[ActBlock],
    out: ColumnsMut<'_>,
    panel: &mut [PanelBlock],
) {
    for_block_type!(weight.ty(), K => {
        s.run(Product::<K> { weight, x, out, panel, kind: PhantomData });
    });
}

/// A product with weights of one type.
struct Product<'a, K> {
    weight: WeightRows<'a>,
    x: &'a [ActBlock],
    out: ColumnsMut<'a>,
    panel: &'a mut [PanelBlock],
    kind: PhantomData<K>,
}

impl<K: Kind> Op for Product<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let mut row = 0;
        while row < self.weight.n_rows() {
            if self.out.n_rows() <= TILE {
                self.few(s, row);
            } else {
                self.many(s, row);
            }
            row += LANES;
        }
    }
}

impl<K: Kind> Product<'_, K> {
    /// Sixteen outputs of at most [`TILE`] rows: some blocks at a time, unpacked and used.
    #[inline(always)]
    fn few<S: Simd>(&mut self, s: S, row: usize) {
        match self.out.n_rows() {
            1 => self.few_rows::<S, 1>(s, row),
            2 => self.few_rows::<S, 2>(s, row),
            3..=4 => self.few_rows::<S, 4>(s, row),
            5..=8 => self.few_rows::<S, 8>(s, row),
            _ => self.few_rows::<S, TILE>(s, row),
        }
    }

    #[inline(always)]
    fn few_rows<S: Simd, const M: usize>(&mut self, s: S, row: usize) {
        let m = self.out.n_rows();
        let n_blocks = self.weight.n_cols() / BLOCK;
        let rows = Rows16::new(self.weight, row);
        let mut sums = [[0.0; LANES]; M];
        let mut block = 0;
        while block < n_blocks {
            let n = UNIT.min(n_blocks - block);
            ask_for_next(s, self.weight, row, (block, n));
            s.run(Unpack::<K> {
                rows: &rows,
                block,
                panel: &mut self.panel[..n],
                kind: PhantomData,
            });
            s.run(Accumulate::<K::Shape, M> {
                panel: &self.panel[..n],
                x: Tile {
                    blocks: &self.x[block * m..(block + n) * m],
                    n_rows: m,
                    first: 0,
                },
                sums: &mut sums,
                shape: PhantomData,
            });
            block += n;
        }
        store_outputs(&sums[..m], &mut self.out, (0, row));
    }

    /// Sixteen outputs of many rows: the whole weight rows are unpacked, then meet tile after tile.
    #[inline(always)]
    fn many<S: Simd>(&mut self, s: S, row: usize) {
        let n_blocks = self.weight.n_cols() / BLOCK;
        let rows = Rows16::new(self.weight, row);
        let panel = &mut self.panel[..n_blocks];
        s.run(Unpack::<K> {
            rows: &rows,
            block: 0,
            panel,
            kind: PhantomData,
        });
        let panel = &*panel;
        let m = self.out.n_rows();
        let mut first = 0;
        while first < m {
            let n_rows = TILE.min(m - first);
            let blocks = &self.x[first * n_blocks..(first + n_rows) * n_blocks];
            let mut i = 0;
            while i < n_rows {
                let x = Tile {
                    blocks,
                    n_rows,
                    first: i,
                };
                let (out, at) = (&mut self.out, (first + i, row));
                i += match n_rows - i {
                    16.. => whole_rows::<K::Shape, S, 16>(s, panel, x, out, at),
                    8.. => whole_rows::<K::Shape, S, 8>(s, panel, x, out, at),
                    4.. => whole_rows::<K::Shape, S, 4>(s, panel, x, out, at),
                    2.. => whole_rows::<K::Shape, S, 2>(s, panel, x, out, at),
                    _ => whole_rows::<K::Shape, S, 1>(s, panel, x, out, at),
                };
            }
            first += n_rows;
        }
    }
}

/// Multiplies a whole panel with `M` rows of a tile.
#[inline(always)]
fn whole_rows<H: Shape, S: Simd, const M: usize>(
    s: S,
    panel: &[PanelBlock],
    x: Tile<'_>,
    out: &mut ColumnsMut<'_>,
    at: (usize, usize),
) -> usize {
    let mut sums = [[0.0; LANES]; M];
    s.run(Accumulate::<H, M> {
        panel,
        x,
        sums: &mut sums,
        shape: PhantomData,
    });
    store_outputs(&sums, out, at);
    M
}

/// Asks for the part of the next sixteen rows that lies as far into them as these blocks in theirs:
/// their bytes follow those of the rows at hand, which the machine's own prefetch, following one
/// row, does not see.
#[inline(always)]
fn ask_for_next<S: Simd>(s: S, weight: WeightRows<'_>, row: usize, blocks: (usize, usize)) {
    let n_blocks = weight.n_cols() / BLOCK;
    let group = LANES * weight.row(0).len();
    let start = row * weight.row(0).len() + group;
    let (from, to) = (
        start + blocks.0 * group / n_blocks,
        start + (blocks.0 + blocks.1) * group / n_blocks,
    );
    let mut at = from;
    while at < to {
        s.prefetch(weight.bytes(), at);
        at += 64;
    }
}

/// Writes the sixteen (or fewer) outputs of some rows.
#[inline(always)]
fn store_outputs(sums: &[Chunk], out: &mut ColumnsMut<'_>, (first, col): (usize, usize)) {
    for (i, sums) in sums.iter().enumerate() {
        let out = &mut out.row_mut(first + i)[col..];
        let n = out.len().min(LANES);
        out[..n].copy_from_slice(&sums[..n]);
    }
}

/// Unpacks blocks of sixteen rows, from `block` on, as many as there is room for.
struct Unpack<'a, K> {
    rows: &'a Rows16<'a>,
    block: usize,
    panel: &'a mut [PanelBlock],
    kind: PhantomData<K>,
}

impl<K: Kind> Op for Unpack<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        K::unpack(s, self.rows, self.block, self.panel);
    }
}

/// Adds the products of some panel blocks with `M` rows of activations to their sums.
struct Accumulate<'a, H, const M: usize> {
    panel: &'a [PanelBlock],
    x: Tile<'a>,
    sums: &'a mut [Chunk; M],
    shape: PhantomData<H>,
}

/// Blocks of some rows of activations.
#[derive(Clone, Copy)]
struct Tile<'a> {
    /// `[block][n_rows]`
    blocks: &'a [ActBlock],
    n_rows: usize,
    /// The first row that is meant.
    first: usize,
}

impl<H: Shape, const M: usize> Op for Accumulate<'_, H, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Tile {
            blocks,
            n_rows,
            first,
        } = self.x;
        // Rows beyond the last repeat it; their sums are not read.
        let mut row = [0; M];
        let mut acc = [s.zero(); M];
        for i in 0..M {
            row[i] = (first + i).min(n_rows - 1);
            acc[i] = s.load(&self.sums[i]);
        }
        for (panel, x) in self.panel.iter().zip(blocks.chunks_exact(n_rows)) {
            let mut w = [s.load_quads(&panel.q[0]); STEPS];
            for i in 1..STEPS {
                w[i] = s.load_quads(&panel.q[i]);
            }
            for i in 0..M {
                acc[i] = H::step(s, &w, panel, &x[row[i]], acc[i]);
            }
        }
        for i in 0..M {
            s.store(acc[i], &mut self.sums[i]);
        }
    }
}
