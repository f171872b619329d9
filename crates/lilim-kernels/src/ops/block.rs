//! Block dot: products of quantized weights with activations rounded to 8 bits (design:
//! `docs/design/arithmetic.md`).
//!
//! Weights are packed ([`layout`]): a vector holds four neighbouring weights of each of sixteen
//! rows, so a lane is a row, that is, an output. Few rows of activations meet the weights as they
//! are unpacked, in registers; for many, sixteen weight rows are unpacked into a *panel* first, once
//! for all of them. Every output is one chain over the blocks of 32 columns, so the number of rows
//! changes no bit.

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays of registers, side by side"
)]

pub(crate) mod kinds;
pub(crate) mod layout;
pub(crate) mod round;
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "there is no such unit; the twin is tested")
)]
pub(crate) mod tiles;
mod turns;

pub(crate) use round::round_tile;

use crate::columns::ColumnsMut;
use crate::level::Level;
use crate::packed::PackedRows;
use crate::simd::{AHEAD, CACHE_LINE, Chunk, LANES, Op, Simd};
use kinds::{Kind, MAX_BLOCKS, Shape, for_block_type};
use layout::{PackedBlock, Run, SLAB_GROUPS, SLAB_ROWS};
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
    /// What the level's exact sums over each half start from.
    pub(crate) starts: [i32; 2],
}

impl ActBlock {
    /// A block of zeros, to make room with.
    pub const ZERO: Self = Self {
        q: [0; BLOCK],
        scales: [0.0; 2],
        sum: 0.0,
        half_sums: [0.0; 2],
        starts: [0; 2],
    };
}

/// Scales of sixteen rows in a block of 32 columns, and what is added to each weight; of each half
/// where halves have their own, else the first.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Scales {
    pub(crate) scales: [Chunk; 2],
    pub(crate) mins: [Chunk; 2],
}

impl Scales {
    const ZERO: Self = Self {
        scales: [[0.0; LANES]; 2],
        mins: [[0.0; LANES]; 2],
    };
}

/// Room for 32 unpacked columns of sixteen weight rows.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct PanelBlock {
    /// Step `i` holds columns `4 * i..4 * i + 4` of row 0, then of row 1 and so on.
    q: [[u8; 64]; STEPS],
    scales: Scales,
}

impl PanelBlock {
    /// A block of zeros, to make room with.
    pub const ZERO: Self = Self {
        q: [[0; 64]; STEPS],
        scales: Scales::ZERO,
    };
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
    if m <= TILE { 0 } else { n_cols / BLOCK }
}

/// `out[i][row] = block dot(weight row, x[i])`; `x` are tiles of [`TILE`] rows, the last one padded,
/// in each of which the rows' blocks lie side by side: `[tile][block][row of the tile]`.
#[inline(always)]
pub(crate) fn multiply<S: Simd>(
    s: S,
    weight: PackedRows<'_>,
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
    weight: PackedRows<'a>,
    x: &'a [ActBlock],
    out: ColumnsMut<'a>,
    panel: &'a mut [PanelBlock],
    kind: PhantomData<K>,
}

impl<K: Kind> Op for Product<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let m = self.out.n_rows();
        if S::LEVEL != Level::Reference && m <= TILE {
            for row in (0..self.weight.n_rows()).step_by(SLAB_ROWS) {
                if S::IN_TURNS && tile_rows(m) >= turns::MIN_ROWS {
                    self.few_in_turns(s, row);
                } else {
                    self.few(s, row);
                }
            }
            return;
        }
        for row in (0..self.weight.n_rows()).step_by(LANES) {
            if S::LEVEL == Level::Reference {
                self.one_by_one(s, row);
            } else if S::IN_TURNS {
                self.many_in_turns(s, row);
            } else {
                self.many(s, row);
            }
        }
    }
}

impl<K: Kind> Product<'_, K> {
    /// Sixteen outputs of every row of activations, the slow way: blocks and rows one by one.
    #[inline(always)]
    fn one_by_one<S: Simd>(&mut self, s: S, row: usize) {
        let n_blocks = self.weight.n_cols() / BLOCK;
        let m = self.out.n_rows();
        for (x, first) in self.x.chunks(TILE * n_blocks).zip((0..m).step_by(TILE)) {
            let n_rows = tile_rows(m - first);
            let mut sums = [[0.0; LANES]; TILE];
            let mut scales = [Scales::ZERO; MAX_BLOCKS];
            for (block, x) in x.chunks(n_rows).enumerate() {
                let (in_run, index) = (block % Run::BLOCKS / K::BLOCKS, block % K::BLOCKS);
                let run = Run::of::<K>(self.weight, row, block / Run::BLOCKS * Run::BLOCKS);
                let packed = run.block::<K>(in_run);
                K::scales(s, packed, &mut scales);
                let w = K::quads(s, packed, index);
                for (x, sums) in x.iter().zip(&mut sums) {
                    let mut acc = [s.load(sums)];
                    let x = std::array::from_ref(x);
                    K::Shape::step(s, &w, &scales[index], x, &mut acc);
                    s.store(acc[0], sums);
                }
            }
            store_outputs(s, &sums[..n_rows], &mut self.out, (first, row));
        }
    }

    /// Sixteen outputs of many rows, the block's weights in turns.
    #[inline(always)]
    fn many_in_turns<S: Simd>(&mut self, s: S, row: usize) {
        let n_blocks = self.weight.n_cols() / BLOCK;
        let panel = &mut self.panel[..n_blocks];
        unpack::<K, S, false>(s, self.weight, row, panel);
        let m = self.out.n_rows();
        let mut sums = [[0.0; LANES]; TILE];
        for (x, first) in self.x.chunks(TILE * n_blocks).zip((0..m).step_by(TILE)) {
            let sums = &mut sums[..tile_rows(m - first)];
            s.run(turns::Accumulate::<K::Shape> {
                panel,
                x,
                sums,
                shape: PhantomData,
            });
            store_outputs(s, sums, &mut self.out, (first, row));
        }
    }

    /// A slab's outputs of one tile, the block's weights in turns.
    #[inline(always)]
    fn few_in_turns<S: Simd>(&mut self, s: S, row: usize) {
        let mut sums = [[[0.0; LANES]; TILE]; SLAB_GROUPS];
        let n_rows = SLAB_ROWS.min(self.weight.n_rows() - row);
        let sums = &mut sums[..n_rows.div_ceil(LANES)];
        let tile_rows = tile_rows(self.out.n_rows());
        s.run(turns::Fused::<K> {
            weight: self.weight,
            row,
            x: (self.x, tile_rows),
            sums,
            kind: PhantomData,
        });
        for (row, sums) in (row..).step_by(LANES).zip(sums) {
            store_outputs(s, &sums[..tile_rows], &mut self.out, (0, row));
        }
    }

    /// A slab's outputs of one tile.
    #[inline(always)]
    fn few<S: Simd>(&mut self, s: S, row: usize) {
        match tile_rows(self.out.n_rows()) {
            1 => self.few_rows::<S, 1>(s, row),
            2 => self.few_rows::<S, 2>(s, row),
            _ if S::IN_TURNS => unreachable!("many rows"),
            4 => self.few_rows::<S, 4>(s, row),
            8 => self.few_rows::<S, 8>(s, row),
            _ => self.few_rows::<S, TILE>(s, row),
        }
    }

    #[inline(always)]
    fn few_rows<S: Simd, const M: usize>(&mut self, s: S, row: usize) {
        let mut sums = [[[0.0; LANES]; M]; SLAB_GROUPS];
        let mut scales = [Scales::ZERO; MAX_BLOCKS];
        let n_rows = SLAB_ROWS.min(self.weight.n_rows() - row);
        let rows = (row..row + n_rows).step_by(LANES);
        let (x, _) = self.x.as_chunks();
        for (x, first) in x.chunks(Run::BLOCKS).zip((0..).step_by(Run::BLOCKS)) {
            for (row, sums) in rows.clone().zip(&mut sums) {
                s.run(Fused::<K, M> {
                    run: Run::of::<K>(self.weight, row, first),
                    x,
                    sums,
                    scales: &mut scales,
                    kind: PhantomData,
                });
            }
        }
        for (row, sums) in rows.zip(&sums) {
            store_outputs(s, sums, &mut self.out, (0, row));
        }
    }

    /// Sixteen outputs of many rows: the whole weight rows are unpacked, then meet tile after tile.
    #[inline(always)]
    fn many<S: Simd>(&mut self, s: S, row: usize) {
        let n_blocks = self.weight.n_cols() / BLOCK;
        let panel = &mut self.panel[..n_blocks];
        unpack::<K, S, false>(s, self.weight, row, panel);
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
    store_outputs(s, &sums, out, at);
}

/// Writes the sixteen (or fewer) outputs of some rows, of those that do not merely pad a tile.
#[inline(always)]
fn store_outputs<S: Simd>(
    s: S,
    sums: &[Chunk],
    out: &mut ColumnsMut<'_>,
    (first, col): (usize, usize),
) {
    let n_rows = out.n_rows().min(first + sums.len());
    for (row, sums) in (first..n_rows).zip(sums) {
        let out = &mut out.row_mut(row)[col..];
        match out.first_chunk_mut() {
            // by the level's own store: the compiler would make one call to copy of both ways
            Some(out) => s.store(s.load(sums), out),
            None => out.copy_from_slice(&sums[..out.len()]),
        }
    }
}

/// Unpacks sixteen whole rows: as bytes above the weights by the kind's offset, or as they are.
#[inline(always)]
fn unpack<K: Kind, S: Simd, const SIGNED: bool>(
    s: S,
    weight: PackedRows<'_>,
    row: usize,
    panel: &mut [PanelBlock],
) {
    let firsts = (0..).step_by(Run::BLOCKS);
    for (panel, first) in panel.chunks_mut(Run::BLOCKS).zip(firsts) {
        s.run(Unpack::<K, SIGNED> {
            run: Run::of::<K>(weight, row, first),
            panel,
            kind: PhantomData,
        });
    }
}

/// [`unpack`] of a run.
struct Unpack<'a, K, const SIGNED: bool> {
    run: Run<'a>,
    panel: &'a mut [PanelBlock],
    kind: PhantomData<K>,
}

impl<K: Kind, const SIGNED: bool> Op for Unpack<'_, K, SIGNED> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut scales = [Scales::ZERO; MAX_BLOCKS];
        let less = s.splat_quads(K::Shape::OFFSET as u8);
        for (block, panel) in self.panel.chunks_exact_mut(K::BLOCKS).enumerate() {
            let packed = self.run.block::<K>(block);
            K::scales(s, packed, &mut scales);
            for index in 0..K::BLOCKS {
                let w = K::quads(s, packed, index);
                for i in 0..STEPS {
                    let q = if SIGNED && K::Shape::OFFSET > 0 {
                        s.sub_quads(w[i], less)
                    } else {
                        w[i]
                    };
                    s.store_quads(q, &mut panel[index].q[i]);
                }
                panel[index].scales = scales[index];
            }
        }
    }
}

/// Rows whose sums are computed side by side where there are registers for them.
const GROUP: usize = 4;

/// Unpacks a run of sixteen rows and adds their products with the `M` rows of a tile to their sums,
/// block by block.
struct Fused<'a, K, const M: usize> {
    run: Run<'a>,
    /// `[block of the run]`
    x: &'a [[ActBlock; M]],
    sums: &'a mut [Chunk; M],
    /// Room for those of a block of the format: clearing it for every run would take time.
    scales: &'a mut [Scales; MAX_BLOCKS],
    kind: PhantomData<K>,
}

impl<K: Kind, const M: usize> Op for Fused<'_, K, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let scales = self.scales;
        let mut acc = [s.zero(); M];
        for row in 0..M {
            acc[row] = s.load(&self.sums[row]);
        }
        for (block, x) in self.x.chunks_exact(K::BLOCKS).enumerate() {
            let packed = self.run.block::<K>(block);
            K::scales(s, packed, scales);
            for index in 0..K::BLOCKS {
                if M >= READ_SLOWLY {
                    ask_for_share::<S, K>(s, packed, index);
                }
                let w = K::quads(s, packed, index);
                step_tile::<S, K::Shape, M>(s, &w, &scales[index], &x[index], &mut acc);
            }
        }
        for row in 0..M {
            s.store(acc[row], &mut self.sums[row]);
        }
    }
}

/// From so many rows of activations on, weights are read so slowly that the machine's own foresight
/// falls short (four rows of Q4_K: 102 cycles a block, 60 where the lines are asked for).
const READ_SLOWLY: usize = 4;

/// Asks for one block's share of what is read soon.
#[inline(always)]
fn ask_for_share<S: Simd, K: Kind>(s: S, packed: PackedBlock<'_>, index: usize) {
    // One more where a line of rests may come between this block and the next.
    let n = K::BYTES.div_ceil(4);
    for line in index * n / K::BLOCKS..(index + 1) * n / K::BLOCKS {
        s.prefetch(&packed.quads[0], AHEAD + line * CACHE_LINE);
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
        for (panel, x) in self.panel.iter().zip(self.x) {
            let mut w = [s.load_quads(&panel.q[0]); STEPS];
            for i in 1..STEPS {
                w[i] = s.load_quads(&panel.q[i]);
            }
            step_tile::<S, H, M>(s, &w, &panel.scales, x, &mut acc);
        }
        for row in 0..M {
            s.store(acc[row], &mut self.sums[row]);
        }
    }
}

/// Adds a block's products with the rows of a tile.
#[inline(always)]
fn step_tile<S: Simd, H: Shape, const M: usize>(
    s: S,
    w: &[S::Quads; STEPS],
    scales: &Scales,
    x: &[ActBlock; M],
    acc: &mut [S::F; M],
) {
    if !S::WIDE {
        // Registers do not hold the sums of several rows: one after the other.
        for (x, acc) in x.iter().zip(acc) {
            let (x, acc) = (std::array::from_ref(x), std::array::from_mut(acc));
            H::step(s, w, scales, x, acc);
        }
        return;
    }
    match M {
        1 => step_rows::<S, H, M, 1>(s, w, scales, x, acc),
        2 => step_rows::<S, H, M, 2>(s, w, scales, x, acc),
        _ => step_rows::<S, H, M, GROUP>(s, w, scales, x, acc),
    }
}

/// Adds a block's products with the rows of a tile, `G` at a time; written out, so that the sums
/// stay in registers.
#[inline(always)]
fn step_rows<S: Simd, H: Shape, const M: usize, const G: usize>(
    s: S,
    w: &[S::Quads; STEPS],
    scales: &Scales,
    x: &[ActBlock; M],
    acc: &mut [S::F; M],
) {
    let ((x, _), (acc, _)) = (x.as_chunks::<G>(), acc.as_chunks_mut::<G>());
    if M / G > 0 {
        H::step(s, w, scales, &x[0], &mut acc[0]);
    }
    if M / G > 1 {
        H::step(s, w, scales, &x[1], &mut acc[1]);
    }
    if M / G > 2 {
        H::step(s, w, scales, &x[2], &mut acc[2]);
        H::step(s, w, scales, &x[3], &mut acc[3]);
    }
}
