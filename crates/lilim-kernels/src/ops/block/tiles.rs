//! Block dots of many rows where the machine multiplies whole tiles of bytes.
//!
//! A block of sixteen rows of activations and a panel's block are the two factors of such a
//! product as they lie in memory, and it gives the exact integers of 16 × 16 outputs. What follows
//! is the chain of [`Shape::add`], in the same order as ever, so the bits are those of the other
//! levels.
//!
//! The integers go through memory. So that nobody waits for them, the products of the next blocks
//! are asked for before the sums of one are used. And as the products are so quick that a cache
//! cannot deliver in their time what they read, activations are read once for several panels: a
//! run of blocks stays in the nearest cache while it meets all of them.

use super::kinds::{Kind, Shape, for_block_type};
use super::layout::Line;
use super::{
    ActBlock, BLOCK, GROUP, PanelBlock, STEPS, Scales, TILE, store_outputs, tile_rows, unpack,
};
use crate::columns::ColumnsMut;
use crate::packed::PackedRows;
use crate::simd::{Chunk, LANES, Op, Simd};
use std::marker::PhantomData;

/// Most panels that meet the same activations.
const MAX_PANELS: usize = 8;

/// Most blocks of panels at a time, for the second cache: 768 KiB.
const MAX_PANEL_BLOCKS: usize = 1024;

/// Blocks of activations that stay in the first cache: 16 KiB, and 10 of each panel.
const RUN: usize = 16;

/// Blocks whose integers are there at a time: one in use, and those asked for.
const RING: usize = 4;

/// Integers of one product: of each row of activations, those of sixteen weight rows.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Dots<const M: usize>(pub(crate) [[i32; LANES]; M]);

/// One product of tiles: `M` rows of activations, of `4 * N` columns from `col` on, with as many
/// columns of a panel's signed bytes.
pub(crate) struct TileProduct<'a, const M: usize, const N: usize> {
    pub(crate) x: &'a [ActBlock; M],
    pub(crate) col: usize,
    pub(crate) w: &'a [Line; N],
}

/// A unit that multiplies tiles of bytes; a thread has one.
pub(crate) trait TileUnit {
    /// The unit when it is ready.
    type Tiles: Tiles;

    /// Makes the calling thread's unit ready for products of `4 * steps` columns with [`TILE`] or
    /// with `rest` rows of activations.
    fn ready(self, steps: usize, rest: usize) -> Self::Tiles;
}

/// A unit that is ready.
pub(crate) trait Tiles {
    /// Writes the exact sums of products. Those of one `set` (0 or 1) need not wait for those of
    /// the other.
    fn multiply<const M: usize, const N: usize>(
        &self,
        set: usize,
        product: TileProduct<'_, M, N>,
        out: &mut Dots<M>,
    );
}

/// Panels that are unpacked at a time.
const fn n_panels(n_blocks: usize) -> usize {
    if n_blocks * MAX_PANELS <= MAX_PANEL_BLOCKS {
        MAX_PANELS
    } else if n_blocks < MAX_PANEL_BLOCKS {
        MAX_PANEL_BLOCKS / n_blocks
    } else {
        1
    }
}

/// Panel blocks that [`multiply`] needs.
pub(crate) const fn panel_len(n_cols: usize) -> usize {
    let n_blocks = n_cols / BLOCK;
    n_panels(n_blocks) * n_blocks
}

/// The most of [`panel_len`] for at most so many columns.
pub(crate) const fn max_panel_len(n_cols: usize) -> usize {
    let n_blocks = n_cols / BLOCK;
    if n_blocks * MAX_PANELS <= MAX_PANEL_BLOCKS {
        n_blocks * MAX_PANELS
    } else if n_blocks < MAX_PANEL_BLOCKS {
        MAX_PANEL_BLOCKS
    } else {
        n_blocks
    }
}

/// What [`super::multiply`] computes, for more than [`TILE`] rows of activations.
#[inline(always)]
pub(crate) fn multiply<S: Simd, U: TileUnit>(
    (s, unit): (S, U),
    weight: PackedRows<'_>,
    x: &[ActBlock],
    out: ColumnsMut<'_>,
    panels: &mut [PanelBlock],
) {
    for_block_type!(weight.ty(), K => {
        s.run(Product::<K, U> { unit, weight, x, out, panels, kind: PhantomData });
    });
}

/// A product with weights of one type.
struct Product<'a, K, U> {
    unit: U,
    weight: PackedRows<'a>,
    x: &'a [ActBlock],
    out: ColumnsMut<'a>,
    panels: &'a mut [PanelBlock],
    kind: PhantomData<K>,
}

impl<K: Kind, U: TileUnit> Op for Product<'_, K, U> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let n_blocks = self.weight.n_cols() / BLOCK;
        let rest = self.out.n_rows() % TILE;
        let rest = if rest == 0 { 0 } else { tile_rows(rest) };
        let tiles = self.unit.ready(STEPS / K::Shape::PARTS, rest);
        let rows_at_once = LANES * n_panels(n_blocks);
        for row in (0..self.weight.n_rows()).step_by(rows_at_once) {
            let n_rows = rows_at_once.min(self.weight.n_rows() - row);
            let panels = &mut self.panels[..n_rows.div_ceil(LANES) * n_blocks];
            for (i, panel) in panels.chunks_exact_mut(n_blocks).enumerate() {
                unpack::<K, S, true>(s, self.weight, row + i * LANES, panel);
            }
            let panels = &*panels;
            let m = self.out.n_rows();
            for (x, first) in self.x.chunks(TILE * n_blocks).zip((0..m).step_by(TILE)) {
                let (out, at) = (&mut self.out, (first, row));
                match tile_rows(m - first) {
                    1 => tile::<K::Shape, U, S, 1>((s, &tiles), panels, x, out, at),
                    2 => tile::<K::Shape, U, S, 2>((s, &tiles), panels, x, out, at),
                    4 => tile::<K::Shape, U, S, 4>((s, &tiles), panels, x, out, at),
                    8 => tile::<K::Shape, U, S, 8>((s, &tiles), panels, x, out, at),
                    _ => tile::<K::Shape, U, S, TILE>((s, &tiles), panels, x, out, at),
                }
            }
        }
    }
}

/// Multiplies whole panels with a tile of activations.
#[inline(always)]
fn tile<H: Shape, U: TileUnit, S: Simd, const M: usize>(
    (s, tiles): (S, &U::Tiles),
    panels: &[PanelBlock],
    x: &[ActBlock],
    out: &mut ColumnsMut<'_>,
    (first, row): (usize, usize),
) {
    let x = x.as_chunks().0;
    let mut sums = [[[0.0; LANES]; M]; MAX_PANELS];
    let sums = &mut sums[..panels.len() / x.len()];
    s.run(Accumulate::<H, U::Tiles, M> {
        tiles,
        panels,
        x,
        sums,
        shape: PhantomData,
    });
    for (i, sums) in sums.iter().enumerate() {
        store_outputs(s, sums, out, (first, row + i * LANES));
    }
}

/// Adds the products of whole panels with the `M` rows of a tile to their sums.
struct Accumulate<'a, H, T, const M: usize> {
    tiles: &'a T,
    /// `[panel, block]`
    panels: &'a [PanelBlock],
    /// `[block]`
    x: &'a [[ActBlock; M]],
    /// `[panel]`
    sums: &'a mut [[Chunk; M]],
    shape: PhantomData<H>,
}

impl<H: Shape, T: Tiles, const M: usize> Op for Accumulate<'_, H, T, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut ring = [[Dots([[0; LANES]; M]); 2]; RING];
        let n_blocks = self.x.len();
        for start in (0..n_blocks).step_by(RUN) {
            let run = start..n_blocks.min(start + RUN);
            let panels = self.panels.chunks_exact(n_blocks);
            for (panel, sums) in panels.zip(&mut *self.sums) {
                let (panel, x) = (&panel[run.clone()], &self.x[run.clone()]);
                add_run::<H, T, S, M>((s, self.tiles), panel, x, &mut ring, sums);
            }
        }
    }
}

/// Adds the products of a run of blocks to their sums.
#[inline(always)]
fn add_run<H: Shape, T: Tiles, S: Simd, const M: usize>(
    (s, tiles): (S, &T),
    panel: &[PanelBlock],
    x: &[[ActBlock; M]],
    ring: &mut [[Dots<M>; 2]; RING],
    sums: &mut [Chunk; M],
) {
    let mut acc = [s.zero(); M];
    for (acc, sums) in acc.iter_mut().zip(&*sums) {
        *acc = s.load(sums);
    }
    for block in 0..panel.len() + RING - 1 {
        if block < panel.len() {
            let out = &mut ring[block % RING];
            ask::<H, T, M>(tiles, block, (&panel[block], &x[block]), out);
        }
        if block + 1 >= RING {
            let block = block + 1 - RING;
            let dots = &ring[block % RING];
            add_tile::<H, S, M>(s, dots, &panel[block].scales, &x[block], &mut acc);
        }
    }
    for (acc, sums) in acc.iter().zip(sums) {
        s.store(*acc, sums);
    }
}

/// Asks for the integers of one block.
#[inline(always)]
fn ask<H: Shape, T: Tiles, const M: usize>(
    tiles: &T,
    block: usize,
    (panel, x): (&PanelBlock, &[ActBlock; M]),
    out: &mut [Dots<M>; 2],
) {
    let w = &panel.q;
    if H::PARTS == 1 {
        tiles.multiply(block % 2, TileProduct { x, col: 0, w }, &mut out[0]);
        return;
    }
    let (halves, _) = w.as_chunks::<{ STEPS / 2 }>();
    for (half, w) in halves.iter().enumerate() {
        let col = half * BLOCK / 2;
        tiles.multiply(half, TileProduct { x, col, w }, &mut out[half]);
    }
}

/// Adds a block's products, whose integers are there, to the sums of the rows of a tile.
#[inline(always)]
fn add_tile<H: Shape, S: Simd, const M: usize>(
    s: S,
    dots: &[Dots<M>; 2],
    scales: &Scales,
    x: &[ActBlock; M],
    acc: &mut [S::F; M],
) {
    match M {
        1 => add_rows::<H, S, M, 1>(s, dots, scales, x, acc),
        2 => add_rows::<H, S, M, 2>(s, dots, scales, x, acc),
        _ => add_rows::<H, S, M, GROUP>(s, dots, scales, x, acc),
    }
}

/// The same, `G` rows at a time; written out, so that the sums stay in registers.
#[inline(always)]
fn add_rows<H: Shape, S: Simd, const M: usize, const G: usize>(
    s: S,
    dots: &[Dots<M>; 2],
    scales: &Scales,
    x: &[ActBlock; M],
    acc: &mut [S::F; M],
) {
    let ((x, _), (acc, _)) = (x.as_chunks::<G>(), acc.as_chunks_mut::<G>());
    if M / G > 0 {
        H::add(
            s,
            floats::<H, S, M, G>(s, dots, 0),
            scales,
            &x[0],
            &mut acc[0],
        );
    }
    if M / G > 1 {
        H::add(
            s,
            floats::<H, S, M, G>(s, dots, 1),
            scales,
            &x[1],
            &mut acc[1],
        );
    }
    if M / G > 2 {
        H::add(
            s,
            floats::<H, S, M, G>(s, dots, 2),
            scales,
            &x[2],
            &mut acc[2],
        );
        H::add(
            s,
            floats::<H, S, M, G>(s, dots, 3),
            scales,
            &x[3],
            &mut acc[3],
        );
    }
}

/// The integers of one of the groups of `G` rows.
#[inline(always)]
fn floats<H: Shape, S: Simd, const M: usize, const G: usize>(
    s: S,
    dots: &[Dots<M>; 2],
    group: usize,
) -> [[S::F; G]; 2] {
    let mut out = [[s.zero(); G]; 2];
    for part in 0..H::PARTS {
        for g in 0..G {
            out[part][g] = s.whole(s.load_ints(&dots[part].0[group * G + g]));
        }
    }
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::round_tile;
    use super::*;
    use crate::ops::block::grain;
    use crate::simd::scalar::Scalar;
    use lilim_formats::GgmlType;

    /// The slow twin of a tile unit.
    struct Plain;

    /// The slow twin when it is ready.
    struct PlainTiles {
        steps: usize,
        rest: usize,
    }

    impl TileUnit for Plain {
        type Tiles = PlainTiles;

        fn ready(self, steps: usize, rest: usize) -> PlainTiles {
            PlainTiles { steps, rest }
        }
    }

    impl Tiles for PlainTiles {
        fn multiply<const M: usize, const N: usize>(
            &self,
            set: usize,
            TileProduct { x, col, w }: TileProduct<'_, M, N>,
            out: &mut Dots<M>,
        ) {
            assert_eq!(N, self.steps, "steps");
            assert!(M == TILE || M == self.rest, "{M} rows, {} set", self.rest);
            assert!(set < 2, "set {set}");
            for (x, out) in x.iter().zip(&mut out.0) {
                for (lane, out) in out.iter_mut().enumerate() {
                    let product = |k: usize| {
                        i32::from(x.q[col + k]) * i32::from(w[k / 4][4 * lane + k % 4] as i8)
                    };
                    *out = (0..4 * N).map(product).sum();
                }
            }
        }
    }

    /// Bytes whose exponents are small in every format.
    fn made_up(n: usize) -> Vec<u8> {
        let mut state = 7u64;
        let next = |_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            ((state >> 56) as u8) & 0xb3
        };
        (0..n).map(next).collect()
    }

    /// Tiles of rounded rows.
    fn rounded(ty: GgmlType, m: usize, n_cols: usize) -> Vec<ActBlock> {
        let x: Vec<f32> = (0..m * n_cols)
            .map(|k| ((k * 7919) % 1009) as f32 / 500.0 - 1.0)
            .collect();
        let mut out = vec![ActBlock::ZERO; super::super::rounded_len(n_cols, m)];
        let tiles = x.chunks(TILE * n_cols);
        for (x, out) in tiles.zip(out.chunks_mut(TILE * n_cols / BLOCK)) {
            round_tile(Scalar, grain(ty).expect("a block type"), x, n_cols, out);
        }
        out
    }

    /// Compares with rows taken one by one.
    fn check<S: Simd, U: TileUnit>(s: (S, U), ty: GgmlType, shape: (usize, usize, usize)) {
        let (n_rows, n_cols, m) = shape;
        let bytes = made_up(PackedRows::n_bytes(ty, n_rows, n_cols).expect("a size"));
        let weight = PackedRows::new(ty, &bytes, n_rows, n_cols).expect("packed rows");
        let x = rounded(ty, m, n_cols);
        let mut expected = vec![0.0; m * n_rows];
        let room = &mut vec![PanelBlock::ZERO; panel_len(n_cols)];
        super::super::multiply(Scalar, weight, &x, ColumnsMut::new(&mut expected, m), room);
        let mut got = vec![f32::NAN; m * n_rows];
        multiply(s, weight, &x, ColumnsMut::new(&mut got, m), room);
        for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
            let what = (ty, n_rows, n_cols, m, i);
            assert_eq!(got.to_bits(), expected.to_bits(), "{what:?}");
        }
    }

    /// Compares products of every type, with every size of a tile.
    pub(crate) fn check_all<S: Simd, U: TileUnit>(s: S, unit: impl Fn() -> U) {
        for (i, ty) in TYPES.into_iter().enumerate() {
            let m = [17, 18, 20, 24, 32][i % 5];
            check((s, unit()), ty, (19, 768, m));
        }
        check((s, unit()), GgmlType::Q8_0, (7, 32, 33));
        check((s, unit()), GgmlType::Q4_1, (16, 96, 31));
        check((s, unit()), GgmlType::Q4_0, (8 * 16 + 9, 160, 18));
        check((s, unit()), GgmlType::Q8_0, (3 * 16 + 1, 32 * 400, 17));
    }

    const TYPES: [GgmlType; 13] = [
        GgmlType::Q4_0,
        GgmlType::Q4_1,
        GgmlType::Q5_0,
        GgmlType::Q5_1,
        GgmlType::Q8_0,
        GgmlType::Q2_K,
        GgmlType::Q3_K,
        GgmlType::Q4_K,
        GgmlType::Q5_K,
        GgmlType::Q6_K,
        GgmlType::IQ4_NL,
        GgmlType::IQ4_XS,
        GgmlType::MXFP4,
    ];

    #[test]
    fn tiles_give_the_bits_of_rows_taken_one_by_one() {
        check_all(Scalar, || Plain);
    }

    #[test]
    fn panels_that_meet_the_same_activations_fit_the_cache() {
        assert_eq!((n_panels(128), n_panels(129), n_panels(5000)), (8, 7, 1));
        let mut most = 0;
        for n_cols in (0..60_000).step_by(BLOCK) {
            most = most.max(panel_len(n_cols));
            assert!(max_panel_len(n_cols) >= most, "{n_cols} columns");
        }
    }
}
