//! The two products of attention on a tile of queries that share keys and values: every key and
//! value is read once for all of them.
//!
//! Both keep `R` queries by some vectors of sums in registers. Scores: a lane is a position, each
//! sum a chain over the elements of a key. Mixtures: a lane is an element of the values, each sum
//! a chain over positions.

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays of registers, side by side"
)]

use crate::level::Level;
use crate::ops::kv::Code;
use crate::simd::{CACHE_LINE, Chunk, LANES, Op, Simd};
use std::marker::PhantomData;
use std::ops::Range;

/// Positions of a span.
pub(crate) const SPAN: usize = 256;

/// One query's scores, later its weights.
pub(crate) type Row = [f32; SPAN];

/// How many queries a tile takes of so many that are left, padding included.
#[inline(always)]
pub(crate) fn tile_queries<S: Simd>(left: usize) -> usize {
    if S::LEVEL == Level::Reference {
        return 1;
    }
    match (S::WIDE, left) {
        (_, 0..=1) => 1,
        (_, 2) => 2,
        (_, 3..=4) => 4,
        (true, 5..=8) => 8,
        (true, _) => 12,
        (false, _) => 6,
    }
}

/// Calls an operation for a kind and a number of queries: `Op::<Code, R, V>`, where `V` vectors
/// for each of `R` queries fit into the level's registers.
macro_rules! for_tile {
    ($s:ident, $kind:expr, $r:expr, $call:ident($($arg:expr),*)) => {
        match $kind {
            crate::ops::kv::KvKind::F32 => for_tile!(@queries $s, $r, crate::ops::kv::F32, $call($($arg),*)),
            crate::ops::kv::KvKind::F16 => for_tile!(@queries $s, $r, crate::ops::kv::F16, $call($($arg),*)),
            crate::ops::kv::KvKind::Q8_0 => for_tile!(@queries $s, $r, crate::ops::kv::Q8_0, $call($($arg),*)),
        }
    };
    (@queries $s:ident, $r:expr, $code:ty, $call:ident($($arg:expr),*)) => {
        if S::LEVEL == $crate::level::Level::Reference {
            $s.run($call::<$code, 1, 1>::new($($arg),*))
        } else if S::WIDE {
            match $r {
                1 => $s.run($call::<$code, 1, 8>::new($($arg),*)),
                2 => $s.run($call::<$code, 2, 8>::new($($arg),*)),
                4 => $s.run($call::<$code, 4, 4>::new($($arg),*)),
                8 => $s.run($call::<$code, 8, 2>::new($($arg),*)),
                _ => $s.run($call::<$code, 12, 2>::new($($arg),*)),
            }
        } else {
            match $r {
                1 => $s.run($call::<$code, 1, 4>::new($($arg),*)),
                2 => $s.run($call::<$code, 2, 2>::new($($arg),*)),
                4 => $s.run($call::<$code, 4, 1>::new($($arg),*)),
                _ => $s.run($call::<$code, 6, 1>::new($($arg),*)),
            }
        }
    };
}
pub(crate) use for_tile;

/// The dot products of `R` queries with the keys of some tiles, `T` tiles at a time.
pub(crate) struct Scores<'a, C, const R: usize, const T: usize> {
    /// The span's tiles.
    keys: &'a [u8],
    tile_bytes: usize,
    tiles: Range<usize>,
    /// `[key_dim, R]`
    q: &'a [f32],
    /// `[R]`
    scores: &'a mut [Row],
    code: PhantomData<C>,
}

impl<'a, C, const R: usize, const T: usize> Scores<'a, C, R, T> {
    #[inline(always)]
    pub(crate) fn new(
        keys: &'a [u8],
        tile_bytes: usize,
        tiles: Range<usize>,
        q: &'a [f32],
        scores: &'a mut [Row],
    ) -> Self {
        Self {
            keys,
            tile_bytes,
            tiles,
            q,
            scores,
            code: PhantomData,
        }
    }
}

impl<C: Code, const R: usize, const T: usize> Op for Scores<'_, C, R, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let q = self.q.as_chunks::<R>().0;
        let n_blocks = q.len().div_ceil(C::ELEMENTS);
        let mut tile = self.tiles.start;
        while tile < self.tiles.end {
            // A last group that is not full computes its last tile more than once.
            let last = self.tiles.end - 1;
            let mut tiles: [&[C::Keys]; T] = [&[]; T];
            for t in 0..T {
                let bytes = &self.keys[(tile + t).min(last) * self.tile_bytes..];
                // Slices of one length known to the compiler to be one: no index is checked below.
                tiles[t] = &C::tile(&bytes[..self.tile_bytes])[..n_blocks];
            }
            let sums = tile_scores::<S, C, R, T>(s, tiles, q, T * self.tile_bytes);
            for r in 0..R {
                let row = self.scores[r].as_chunks_mut::<LANES>().0;
                for t in 0..T.min(last + 1 - tile) {
                    s.store(sums[r][t], &mut row[tile + t]);
                }
            }
            tile += T;
        }
    }
}

/// The sums of one group of tiles. The group that comes next lies `ahead` bytes after it; where
/// reading is what takes the time, it is asked for meanwhile.
#[inline(always)]
fn tile_scores<S: Simd, C: Code, const R: usize, const T: usize>(
    s: S,
    tiles: [&[C::Keys]; T],
    q: &[[f32; R]],
    ahead: usize,
) -> [[S::F; T]; R] {
    let mut sums = [[s.zero(); T]; R];
    let n_whole = q.len() / C::ELEMENTS;
    for block in 0..n_whole {
        let mut keys = [&tiles[0][block]; T];
        for t in 1..T {
            keys[t] = &tiles[t][block];
        }
        if R <= READING {
            for t in 0..T {
                ask_for(s, C::bytes(keys[t]), ahead);
            }
        }
        let q = &q[block * C::ELEMENTS..][..C::ELEMENTS];
        add_block::<S, C, R, T>(s, keys, q, &mut sums);
    }
    if n_whole * C::ELEMENTS < q.len() {
        let mut keys = [&tiles[0][n_whole]; T];
        for t in 1..T {
            keys[t] = &tiles[t][n_whole];
        }
        add_block::<S, C, R, T>(s, keys, &q[n_whole * C::ELEMENTS..], &mut sums);
    }
    sums
}

/// Adds the products with the elements of one block.
#[inline(always)]
fn add_block<S: Simd, C: Code, const R: usize, const T: usize>(
    s: S,
    blocks: [&C::Keys; T],
    q: &[[f32; R]],
    sums: &mut [[S::F; T]; R],
) {
    let mut scales = [C::scales(s, blocks[0]); T];
    for t in 1..T {
        scales[t] = C::scales(s, blocks[t]);
    }
    for (element, q) in q.iter().enumerate() {
        let mut keys = [s.zero(); T];
        for t in 0..T {
            keys[t] = C::key(s, blocks[t], &scales[t], element);
        }
        for r in 0..R {
            let q = s.splat(q[r]);
            for t in 0..T {
                sums[r][t] = s.fma(q, keys[t], sums[r][t]);
            }
        }
    }
}

/// So many queries at most take less time than keys and values take to come from memory.
const READING: usize = 8;

/// Asks for the lines that lie `ahead` bytes after these.
#[inline(always)]
fn ask_for<S: Simd>(s: S, bytes: &[u8], ahead: usize) {
    for line in 0..bytes.len().div_ceil(CACHE_LINE) {
        s.prefetch(bytes, ahead + line * CACHE_LINE);
    }
}

/// Rows of values that are asked for ahead of their use.
const ROWS_AHEAD: usize = 16;

/// Adds rows of values to `R` queries' sums, each times its query's weight, at most `V` vectors
/// at a time.
pub(crate) struct Mix<'a, C, const R: usize, const V: usize> {
    /// Whole rows, from position `first` of the span on.
    values: &'a [u8],
    row_bytes: usize,
    first: usize,
    /// `[R]`
    weights: &'a [Row],
    sums: Sums<'a>,
    code: PhantomData<C>,
}

/// Sums of several queries: `[R, stride]`, of which the first vectors are used.
pub(crate) struct Sums<'a> {
    pub chunks: &'a mut [Chunk],
    pub stride: usize,
    /// Vectors of a row of values.
    pub n_vectors: usize,
}

impl<'a, C, const R: usize, const V: usize> Mix<'a, C, R, V> {
    #[inline(always)]
    pub(crate) fn new(
        values: &'a [u8],
        row_bytes: usize,
        first: usize,
        weights: &'a [Row],
        sums: Sums<'a>,
    ) -> Self {
        Self {
            values,
            row_bytes,
            first,
            weights,
            sums,
            code: PhantomData,
        }
    }
}

impl<C: Code, const R: usize, const V: usize> Op for Mix<'_, C, R, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let mut vector = 0;
        while vector < self.sums.n_vectors {
            vector += match (self.sums.n_vectors - vector).min(V) {
                8.. => self.strip::<S, 8>(s, vector),
                4.. => self.strip::<S, 4>(s, vector),
                2.. => self.strip::<S, 2>(s, vector),
                _ => self.strip::<S, 1>(s, vector),
            };
        }
    }
}

impl<C: Code, const R: usize, const V: usize> Mix<'_, C, R, V> {
    /// Adds `N` vectors of all rows from vector `first` on; returns `N`.
    #[inline(always)]
    fn strip<S: Simd, const N: usize>(&mut self, s: S, first: usize) -> usize {
        if N > V {
            return N;
        }
        let weights = self.weights.first_chunk::<R>().expect("R rows of weights");
        let Sums { chunks, stride, .. } = &mut self.sums;
        let mut sums = [[s.zero(); N]; R];
        for r in 0..R {
            for n in 0..N {
                sums[r][n] = s.load(&chunks[r * *stride + first + n]);
            }
        }
        for (row, position) in self.values.chunks_exact(self.row_bytes).zip(self.first..) {
            let strip = C::strip::<N>(row, first);
            if R <= READING {
                ask_for(s, strip, ROWS_AHEAD * self.row_bytes);
            }
            let mut values = [s.zero(); N];
            for n in 0..N {
                values[n] = C::values::<S, N>(s, strip, first, n);
            }
            for r in 0..R {
                // The remainder tells the compiler that there is nothing to check.
                let weight = s.splat(weights[r][position % SPAN]);
                for n in 0..N {
                    sums[r][n] = s.fma(weight, values[n], sums[r][n]);
                }
            }
        }
        for r in 0..R {
            for n in 0..N {
                s.store(sums[r][n], &mut chunks[r * *stride + first + n]);
            }
        }
        N
    }
}
