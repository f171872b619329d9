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
use crate::level::Level;
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
    /// The sum of `q` in each half.
    pub(crate) half_sums: [f32; 2],
    /// The same times `-MAX_OFFSET`.
    pub(crate) starts: [i32; 2],
}

impl ActBlock {
    /// The most that a panel's bytes hold more than their weights.
    pub(crate) const MAX_OFFSET: i32 = 128;

    /// A block of zeros, to make room with.
    pub const ZERO: Self = Self {
        q: [0; BLOCK],
        scales: [0.0; 2],
        sum: 0.0,
        half_sums: [0.0; 2],
        starts: [0; 2],
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

/// Sixteen weight rows of one length, one after the other; fewer in a matrix that has fewer.
pub(crate) struct Rows16<'a> {
    /// All of them.
    bytes: &'a [u8],
    row_bytes: usize,
}

impl<'a> Rows16<'a> {
    #[inline(always)]
    fn new(weight: WeightRows<'a>, first: usize) -> Self {
        let rows = weight.slice(first..weight.n_rows().min(first + LANES));
        Self {
            bytes: rows.bytes(),
            row_bytes: rows.row(0).len(),
        }
    }

    /// Whether there are fewer than sixteen: then there is [`row`](Self::row) alone.
    #[inline(always)]
    pub(crate) fn is_short(&self) -> bool {
        self.bytes.len() < LANES * self.row_bytes
    }

    /// Where the sixteen bytes at `at` of row `r` begin; they lie inside the row.
    #[inline(always)]
    pub(crate) fn sixteen(&self, r: usize, at: usize) -> *const u8 {
        let n = self.row_bytes;
        assert!(
            r < LANES && n >= 16 && at <= n - 16 && LANES * n <= self.bytes.len(),
            "byte {at} of row {r} of {n} bytes"
        );
        self.bytes.as_ptr().wrapping_add(at + r * n)
    }

    /// The little-endian 16-bit values at `at` of every row, as they lie in memory.
    #[inline(always)]
    pub(crate) fn halfs(&self, at: usize) -> [u8; 2 * LANES] {
        let mut out = [0; 2 * LANES];
        for r in 0..LANES {
            let at = r * self.row_bytes + at;
            out[2 * r..2 * r + 2].copy_from_slice(&self.bytes[at..at + 2]);
        }
        out
    }

    /// The bytes of one row, or of the last one where there are fewer.
    #[inline(always)]
    pub(crate) fn row(&self, r: usize) -> &'a [u8] {
        let r = r.min(self.bytes.len() / self.row_bytes - 1);
        &self.bytes[r * self.row_bytes..(r + 1) * self.row_bytes]
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

/// Rows that a tile of `n` rows (those beyond a whole one do not count) is padded to.
pub(crate) const fn tile_rows(n: usize) -> usize {
    if n < TILE {
        n.next_power_of_two()
    } else {
        TILE
    }
}

/// Blocks that `m` rounded rows take: whole tiles, and a last one that is padded.
pub(crate) const fn rounded_len(n_cols: usize, m: usize) -> usize {
    let rest = match m % TILE {
        0 => 0,
        n => tile_rows(n),
    };
    n_cols / BLOCK * (m / TILE * TILE + rest)
}

/// Panel blocks that [`multiply`] needs for `m` rows of activations.
pub(crate) const fn panel_len(n_cols: usize, m: usize) -> usize {
    if m <= TILE { UNIT } else { n_cols / BLOCK }
}

/// Blocks that are unpacked before they are used, when that is not the whole row.
const UNIT: usize = 8;

/// `out[i][row] = block dot(weight row, x[i])`; `x` are tiles of [`TILE`] rows, the last one padded,
/// in each of which the rows' blocks lie side by side: `[tile][block][row of the tile]`.
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
        let n_rows = self.weight.n_rows();
        let mut row = 0;
        while row < n_rows {
            // The last sixteen rows may take some again that were taken before: same bits.
            let first = row.min(n_rows.saturating_sub(LANES));
            if S::LEVEL == Level::Reference {
                self.one_by_one(s, first);
            } else if self.out.n_rows() <= TILE {
                self.few(s, first);
            } else {
                self.many(s, first);
            }
            row += LANES;
        }
    }
}

impl<K: Kind> Product<'_, K> {
    /// Sixteen outputs of every row of activations, the slow way: blocks and rows one by one.
    #[inline(always)]
    fn one_by_one<S: Simd>(&mut self, s: S, row: usize) {
        let n_blocks = self.weight.n_cols() / BLOCK;
        let rows = Rows16::new(self.weight, row);
        let m = self.out.n_rows();
        for (x, first) in self.x.chunks(TILE * n_blocks).zip((0..m).step_by(TILE)) {
            let n_rows = tile_rows(m - first);
            let mut sums = [[0.0; LANES]; TILE];
            for (block, x) in x.chunks(n_rows).enumerate() {
                let panel = &mut self.panel[block % UNIT..][..1];
                K::unpack(s, &rows, block, panel);
                let w = load_steps(s, &panel[0]);
                for (x, sums) in x.iter().zip(&mut sums) {
                    let mut acc = [s.load(sums)];
                    K::Shape::step(s, &w, &panel[0], std::array::from_ref(x), &mut acc);
                    s.store(acc[0], sums);
                }
            }
            store_outputs(&sums[..n_rows], &mut self.out, (first, row));
        }
    }

    /// Sixteen outputs of one tile: some blocks at a time, unpacked and used.
    #[inline(always)]
    fn few<S: Simd>(&mut self, s: S, row: usize) {
        match tile_rows(self.out.n_rows()) {
            1 => self.few_rows::<S, 1>(s, row),
            2 => self.few_rows::<S, 2>(s, row),
            4 => self.few_rows::<S, 4>(s, row),
            8 => self.few_rows::<S, 8>(s, row),
            _ => self.few_rows::<S, TILE>(s, row),
        }
    }

    #[inline(always)]
    fn few_rows<S: Simd, const M: usize>(&mut self, s: S, row: usize) {
        let n_blocks = self.weight.n_cols() / BLOCK;
        let rows = Rows16::new(self.weight, row);
        let (x, _) = self.x.as_chunks::<M>();
        let mut sums = [[0.0; LANES]; M];
        let mut block = 0;
        while block < n_blocks {
            let n = UNIT.min(n_blocks - block);
            ask_for_next(s, self.weight, row, (block, n));
            if M <= FUSED_ROWS && K::GROUP > 0 && !rows.is_short() {
                s.run(Fused::<K, M> {
                    rows: &rows,
                    block,
                    panel: &mut self.panel[..n],
                    x: &x[block..block + n],
                    sums: &mut sums,
                    kind: PhantomData,
                });
                block += n;
                continue;
            }
            s.run(Unpack::<K> {
                rows: &rows,
                block,
                panel: &mut self.panel[..n],
                kind: PhantomData,
            });
            s.run(Accumulate::<K::Shape, M> {
                panel: &self.panel[..n],
                x: &x[block..block + n],
                sums: &mut sums,
                shape: PhantomData,
            });
            block += n;
        }
        store_outputs(&sums, &mut self.out, (0, row));
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
        let (m, mut first) = (self.out.n_rows(), 0);
        for x in self.x.chunks(TILE * n_blocks) {
            let (out, at) = (&mut self.out, (first, row));
            match tile_rows(m - first) {
                1 => whole_rows::<K::Shape, S, 1>(s, panel, x, out, at),
                2 => whole_rows::<K::Shape, S, 2>(s, panel, x, out, at),
                4 => whole_rows::<K::Shape, S, 4>(s, panel, x, out, at),
                8 => whole_rows::<K::Shape, S, 8>(s, panel, x, out, at),
                _ => whole_rows::<K::Shape, S, TILE>(s, panel, x, out, at),
            }
            first += TILE;
        }
    }
}

/// Multiplies a whole panel with a tile.
#[inline(always)]
fn whole_rows<H: Shape, S: Simd, const M: usize>(
    s: S,
    panel: &[PanelBlock],
    x: &[ActBlock],
    out: &mut ColumnsMut<'_>,
    at: (usize, usize),
) {
    let mut sums = [[0.0; LANES]; M];
    s.run(Accumulate::<H, M> {
        panel,
        x: x.as_chunks().0,
        sums: &mut sums,
        shape: PhantomData,
    });
    store_outputs(&sums, out, at);
}

/// Asks for the part of the next sixteen rows that lies as far into them as these blocks in theirs:
/// sixteen rows side by side are more streams than the machine's own prefetch follows.
#[inline(always)]
fn ask_for_next<S: Simd>(s: S, weight: WeightRows<'_>, row: usize, blocks: (usize, usize)) {
    let n_blocks = weight.n_cols() / BLOCK;
    let group = LANES * weight.row(0).len();
    let start = row * weight.row(0).len() + group;
    let to = start + (blocks.0 + blocks.1) * group / n_blocks;
    let mut at = start + blocks.0 * group / n_blocks;
    while at < to {
        s.prefetch(weight.bytes(), at);
        at += 64;
    }
}

/// Writes the sixteen (or fewer) outputs of some rows, of those that do not merely pad a tile.
#[inline(always)]
fn store_outputs(sums: &[Chunk], out: &mut ColumnsMut<'_>, (first, col): (usize, usize)) {
    let n_rows = out.n_rows().min(first + sums.len());
    for (row, sums) in (first..n_rows).zip(sums) {
        let out = &mut out.row_mut(row)[col..];
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

/// Rows whose sums are computed side by side.
const GROUP: usize = 4;

/// Rows of a tile for which unpacked weights are used from registers; more want them for their
/// sums.
const FUSED_ROWS: usize = 8;

/// Unpacks some blocks of sixteen rows and adds their products with the `M` rows of a tile; of the
/// panel only scales and minimums are used.
struct Fused<'a, K, const M: usize> {
    rows: &'a Rows16<'a>,
    block: usize,
    panel: &'a mut [PanelBlock],
    /// `[block]`
    x: &'a [[ActBlock; M]],
    sums: &'a mut [Chunk; M],
    kind: PhantomData<K>,
}

impl<K: Kind, const M: usize> Op for Fused<'_, K, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        K::scales(s, self.rows, self.block, self.panel);
        let mut acc = [s.zero(); M];
        for row in 0..M {
            acc[row] = s.load(&self.sums[row]);
        }
        let mut i = 0;
        while i < self.panel.len() {
            let w = K::quads(s, self.rows, self.block + i);
            step_tile::<S, K::Shape, M>(s, &w[0], &self.panel[i], &self.x[i], &mut acc);
            if K::GROUP == 2 {
                let i = i + 1;
                step_tile::<S, K::Shape, M>(s, &w[1], &self.panel[i], &self.x[i], &mut acc);
            }
            i += K::GROUP;
        }
        for row in 0..M {
            s.store(acc[row], &mut self.sums[row]);
        }
    }
}

/// Adds the products of some panel blocks with the `M` rows of a tile to their sums.
struct Accumulate<'a, H, const M: usize> {
    panel: &'a [PanelBlock],
    /// `[block]`
    x: &'a [[ActBlock; M]],
    sums: &'a mut [Chunk; M],
    shape: PhantomData<H>,
}

impl<H: Shape, const M: usize> Op for Accumulate<'_, H, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut acc = [s.zero(); M];
        for row in 0..M {
            acc[row] = s.load(&self.sums[row]);
        }
        for (panel, x) in self.panel.iter().zip(self.x) {
            let w = load_steps(s, panel);
            step_tile::<S, H, M>(s, &w, panel, x, &mut acc);
        }
        for row in 0..M {
            s.store(acc[row], &mut self.sums[row]);
        }
    }
}

/// The unpacked weights of a block.
#[inline(always)]
fn load_steps<S: Simd>(s: S, panel: &PanelBlock) -> [S::Quads; STEPS] {
    let mut w = [s.load_quads(&panel.q[0]); STEPS];
    for i in 1..STEPS {
        w[i] = s.load_quads(&panel.q[i]);
    }
    w
}

/// Adds a block's products with the rows of a tile.
#[inline(always)]
fn step_tile<S: Simd, H: Shape, const M: usize>(
    s: S,
    w: &[S::Quads; STEPS],
    panel: &PanelBlock,
    x: &[ActBlock; M],
    acc: &mut [S::F; M],
) {
    match M {
        1 => step_rows::<S, H, M, 1>(s, w, panel, x, acc),
        2 => step_rows::<S, H, M, 2>(s, w, panel, x, acc),
        _ => step_rows::<S, H, M, GROUP>(s, w, panel, x, acc),
    }
}

/// Adds a block's products with the rows of a tile, `G` at a time; written out, so that the sums
/// stay in registers.
#[inline(always)]
fn step_rows<S: Simd, H: Shape, const M: usize, const G: usize>(
    s: S,
    w: &[S::Quads; STEPS],
    panel: &PanelBlock,
    x: &[ActBlock; M],
    acc: &mut [S::F; M],
) {
    let ((x, _), (acc, _)) = (x.as_chunks::<G>(), acc.as_chunks_mut::<G>());
    if M / G > 0 {
        H::step(s, w, panel, &x[0], &mut acc[0]);
    }
    if M / G > 1 {
        H::step(s, w, panel, &x[1], &mut acc[1]);
    }
    if M / G > 2 {
        H::step(s, w, panel, &x[2], &mut acc[2]);
        H::step(s, w, panel, &x[3], &mut acc[3]);
    }
}
