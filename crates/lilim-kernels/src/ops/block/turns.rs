//! Block dots of several rows where registers hold no more than half of a block's weights.
//!
//! The first half meets all rows of a tile, then the second does. So a step's activations are read
//! once for sixteen weight rows and weights once for a tile; what waits between the halves is one
//! line of each row.

use super::kinds::{Kind, MAX_BLOCKS, Shape};
use super::layout::{Line, Run};
use super::{ActBlock, PanelBlock, READ_SLOWLY, STEPS, Scales, TILE, ask_for_share};
use crate::packed::PackedRows;
use crate::simd::{Chunk, LANES, Op, Simd};
use std::marker::PhantomData;

/// Fewest rows for which this is quicker than one row after the other.
pub(crate) const MIN_ROWS: usize = 4;

/// Adds the products of some panel blocks with the rows of a tile to their sums.
pub(crate) struct Accumulate<'a, H> {
    pub(crate) panel: &'a [PanelBlock],
    /// `[block][row of the tile]`
    pub(crate) x: &'a [ActBlock],
    /// Of each row of the tile.
    pub(crate) sums: &'a mut [Chunk],
    pub(crate) shape: PhantomData<H>,
}

impl<H: Shape> Op for Accumulate<'_, H> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (mut parts, mut acc) = ([H::no_part(s); TILE], [s.zero(); TILE]);
        for (panel, x) in self.panel.iter().zip(self.x.chunks_exact(self.sums.len())) {
            step::<S, H>((s, &panel.scales), &panel.q, x, (&mut parts, &mut acc));
        }
        for (sums, acc) in self.sums.iter_mut().zip(acc) {
            s.store(acc, sums);
        }
    }
}

/// Unpacks a slab and adds its products with the rows of a tile, run by run and block by block.
pub(crate) struct Fused<'a, K> {
    pub(crate) weight: PackedRows<'a>,
    /// The weight row that the slab begins with.
    pub(crate) row: usize,
    /// `[block][row of the tile]`, and the number of these rows.
    pub(crate) x: (&'a [ActBlock], usize),
    /// Of each group of the slab and row of the tile, zeros.
    pub(crate) sums: &'a mut [[Chunk; TILE]],
    pub(crate) kind: PhantomData<K>,
}

impl<K: Kind> Op for Fused<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        const { assert!(MIN_ROWS >= READ_SLOWLY) };
        let (x, n_rows) = self.x;
        let mut scales = [Scales::ZERO; MAX_BLOCKS];
        let (mut parts, mut acc) = ([K::Shape::no_part(s); TILE], [s.zero(); TILE]);
        let mut lines = PanelBlock::ZERO.q;
        for (x, first) in x
            .chunks(Run::BLOCKS * n_rows)
            .zip((0..).step_by(Run::BLOCKS))
        {
            for (group, sums) in self.sums.iter_mut().enumerate() {
                let run = Run::of::<K>(self.weight, self.row + group * LANES, first);
                for row in 0..n_rows {
                    acc[row] = s.load(&sums[row]);
                }
                for (block, x) in x.chunks_exact(K::BLOCKS * n_rows).enumerate() {
                    let packed = run.block::<K>(block);
                    K::scales(s, packed, &mut scales);
                    for (index, x) in x.chunks_exact(n_rows).enumerate() {
                        ask_for_share::<S, K>(s, packed, index);
                        let w = K::quads(s, packed, index);
                        for i in 0..STEPS {
                            s.store_quads(w[i], &mut lines[i]);
                        }
                        step::<S, K::Shape>((s, &scales[index]), &lines, x, (&mut parts, &mut acc));
                    }
                }
                for row in 0..n_rows {
                    s.store(acc[row], &mut sums[row]);
                }
            }
        }
    }
}

/// Adds a block's products with the rows of a tile.
#[inline(always)]
fn step<S: Simd, H: Shape>(
    (s, scales): (S, &Scales),
    lines: &[Line; STEPS],
    x: &[ActBlock],
    (parts, acc): (&mut [H::Part<S>; TILE], &mut [S::F; TILE]),
) {
    let w = load(s, lines);
    for (x, part) in x.iter().zip(&mut *parts) {
        *part = H::first(s, &w, scales, x);
    }
    let w = load(s, lines);
    for ((x, part), acc) in x.iter().zip(&*parts).zip(acc) {
        H::second(s, &w, scales, (x, *part), acc);
    }
}

/// A block's weights; those that are not used are not loaded.
#[inline(always)]
fn load<S: Simd>(s: S, lines: &[Line; STEPS]) -> [S::Quads; STEPS] {
    let mut w = [s.load_quads(&lines[0]); STEPS];
    for i in 1..STEPS {
        w[i] = s.load_quads(&lines[i]);
    }
    w
}
