//! The key-value cache of one head: its kinds, its bytes, how it is written and read.
//!
//! Keys lie in tiles of sixteen positions, transposed: for each of a key's elements the sixteen
//! positions' values side by side. So a lane owns a position, its dot product with a query is one
//! chain, and one read of the keys serves any number of queries. Values lie in rows, one a
//! position. Neither holds anything but numbers: what is behind the last position is never used.

use crate::simd::{LANES, Simd};
use lilim_formats::blocks::q8_0;

/// How keys or values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KvKind {
    /// f32, exact.
    F32,
    /// f16, rounded to nearest even.
    F16,
    /// Blocks of 32 values of a row, as in Q8_0; the last block is padded with zeros.
    Q8_0,
}

impl KvKind {
    /// Positions in a tile of keys.
    pub const TILE: usize = LANES;

    /// Returns the bytes of one head's keys at sixteen positions.
    pub const fn tile_bytes(self, head_dim: usize) -> usize {
        match self {
            Self::F32 => size_of::<<F32 as Code>::Keys>() * head_dim,
            Self::F16 => size_of::<<F16 as Code>::Keys>() * head_dim.div_ceil(2),
            Self::Q8_0 => size_of::<<Q8_0 as Code>::Keys>() * head_dim.div_ceil(q8_0::LEN),
        }
    }

    /// Returns the bytes of one head's values at one position; they are padded with zeros to whole
    /// vectors of sixteen.
    pub const fn row_bytes(self, head_dim: usize) -> usize {
        match self {
            Self::F32 => 4 * head_dim.next_multiple_of(LANES),
            Self::F16 => 2 * head_dim.next_multiple_of(LANES),
            Self::Q8_0 => head_dim.div_ceil(q8_0::LEN) * q8_0::BYTES,
        }
    }
}

/// Writes one head's values at one position.
#[inline(always)]
pub(crate) fn store_values<S: Simd>(s: S, kind: KvKind, values: &[f32], out: &mut [u8]) {
    match kind {
        KvKind::F32 => {
            let out = out.as_chunks_mut::<4>().0;
            for (out, value) in out.iter_mut().zip(values.iter().chain([&0.0; LANES])) {
                *out = value.to_le_bytes();
            }
        }
        KvKind::F16 => {
            for (out, values) in out.as_chunks_mut().0.iter_mut().zip(values.chunks(LANES)) {
                s.store_f16(s.load_first(values), out);
            }
        }
        KvKind::Q8_0 => {
            let blocks = out.as_chunks_mut().0.iter_mut();
            for (out, values) in blocks.zip(values.chunks(q8_0::LEN)) {
                *out = encode_q8_0(values);
            }
        }
    }
}

/// Writes one head's key at one position into that position's lane of its tile.
#[inline(always)]
pub(crate) fn store_key<S: Simd>(s: S, kind: KvKind, key: &[f32], lane: usize, tile: &mut [u8]) {
    match kind {
        KvKind::F32 => {
            for (out, value) in tile.as_chunks_mut::<64>().0.iter_mut().zip(key) {
                out[4 * lane..][..4].copy_from_slice(&value.to_le_bytes());
            }
        }
        KvKind::F16 => {
            for (tile, key) in tile.chunks_mut(32 * LANES).zip(key.chunks(LANES)) {
                let mut halves = [0; 2 * LANES];
                s.store_f16(s.load_first(key), &mut halves);
                let halves = halves.as_chunks::<2>().0;
                for (out, half) in tile.as_chunks_mut::<32>().0.iter_mut().zip(halves) {
                    out[2 * lane..][..2].copy_from_slice(half);
                }
            }
        }
        KvKind::Q8_0 => {
            for (out, key) in tile.as_chunks_mut().0.iter_mut().zip(key.chunks(q8_0::LEN)) {
                let block = encode_q8_0(key);
                let (scales, rows) = split_q8_0_mut(out);
                scales[2 * lane..][..2].copy_from_slice(&block[q8_0::D..][..2]);
                for (out, q) in rows.iter_mut().zip(&block[q8_0::QS..]) {
                    out[lane] = *q;
                }
            }
        }
    }
}

/// One block of Q8_0 as the codec encodes it: the scale is the largest magnitude over 127, each
/// value is divided by it (through the f32 reciprocal) and rounded half away from zero. A NaN makes
/// the scale one, so that it is not forgotten here (a byte cannot hold it).
#[inline(always)]
fn encode_q8_0(values: &[f32]) -> [u8; q8_0::BYTES] {
    let mut largest = 0.0f32;
    let mut has_nan = false;
    for value in values {
        largest = largest.max(value.abs());
        has_nan |= value.is_nan();
    }
    let d = if has_nan { f32::NAN } else { largest / 127.0 };
    let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
    let mut block = [0; q8_0::BYTES];
    block[q8_0::D..][..2].copy_from_slice(&half::f16::from_f32(d).to_le_bytes());
    for (q, value) in block[q8_0::QS..].iter_mut().zip(values) {
        *q = (value * inverse).round() as i8 as u8;
    }
    block
}

/// A kind of cache, as vectors are read from it; all values are exact in f32.
pub(crate) trait Code: 'static {
    /// Some elements of a key at sixteen positions.
    type Keys: 'static;
    /// What [`scales`](Self::scales) prepares.
    type Scales<S: Simd>: Copy;
    /// How many elements of a key [`Keys`](Self::Keys) hold.
    const ELEMENTS: usize;

    /// A tile's blocks.
    fn tile(bytes: &[u8]) -> &[Self::Keys];

    /// A block's bytes.
    fn bytes(keys: &Self::Keys) -> &[u8];

    /// Reads what the elements of a block share.
    fn scales<S: Simd>(s: S, keys: &Self::Keys) -> Self::Scales<S>;

    /// One element of the sixteen positions' keys.
    fn key<S: Simd>(s: S, keys: &Self::Keys, scales: &Self::Scales<S>, element: usize) -> S::F;

    /// The bytes of `N` vectors of a row of values from vector `first` on. Where `N` is more than
    /// one, `first` is even.
    fn strip<const N: usize>(row: &[u8], first: usize) -> &[u8];

    /// Vector `index` of such a strip.
    fn values<S: Simd, const N: usize>(s: S, strip: &[u8], first: usize, index: usize) -> S::F;
}

/// The kinds without scales. Keys come in blocks of a cache line.
macro_rules! float_code {
    ($name:ident, $bytes:literal, $load:ident) => {
        pub(crate) struct $name;

        impl Code for $name {
            type Keys = [u8; 64];
            type Scales<S: Simd> = ();
            const ELEMENTS: usize = 64 / $bytes;

            #[inline(always)]
            fn tile(bytes: &[u8]) -> &[Self::Keys] {
                bytes.as_chunks().0
            }

            #[inline(always)]
            fn bytes(keys: &Self::Keys) -> &[u8] {
                keys
            }

            #[inline(always)]
            fn scales<S: Simd>(_: S, _: &Self::Keys) {}

            #[inline(always)]
            fn key<S: Simd>(s: S, keys: &Self::Keys, (): &(), element: usize) -> S::F {
                s.$load(&keys.as_chunks().0[element])
            }

            #[inline(always)]
            fn strip<const N: usize>(row: &[u8], first: usize) -> &[u8] {
                &row[first * $bytes..][..N * $bytes]
            }

            #[inline(always)]
            fn values<S: Simd, const N: usize>(s: S, strip: &[u8], _: usize, index: usize) -> S::F {
                s.$load(&strip.as_chunks().0[index])
            }
        }
    };
}

float_code!(F32, 64, load_f32);
float_code!(F16, 32, load_f16);

/// Blocks of 32 elements: sixteen f16 scales, then sixteen bytes an element.
#[allow(non_camel_case_types, reason = "the format's name")]
pub(crate) struct Q8_0;

/// Bytes of the scales before them.
const Q8_0_SCALES: usize = 2 * LANES;
/// Bytes of a block of keys.
const Q8_0_KEYS: usize = Q8_0_SCALES + q8_0::LEN * LANES;

/// A block's scales and its elements.
#[inline(always)]
fn split_q8_0_mut(block: &mut [u8; Q8_0_KEYS]) -> (&mut [u8], &mut [[u8; LANES]]) {
    let (scales, rows) = block.split_at_mut(Q8_0_SCALES);
    (scales, rows.as_chunks_mut().0)
}

impl Code for Q8_0 {
    type Keys = [u8; Q8_0_KEYS];
    type Scales<S: Simd> = S::F;
    const ELEMENTS: usize = q8_0::LEN;

    #[inline(always)]
    fn tile(bytes: &[u8]) -> &[Self::Keys] {
        bytes.as_chunks().0
    }

    #[inline(always)]
    fn bytes(keys: &Self::Keys) -> &[u8] {
        keys
    }

    #[inline(always)]
    fn scales<S: Simd>(s: S, keys: &Self::Keys) -> S::F {
        s.load_f16(&keys.as_chunks().0[0])
    }

    #[inline(always)]
    fn key<S: Simd>(s: S, keys: &Self::Keys, scales: &S::F, element: usize) -> S::F {
        let rows = keys.as_chunks::<LANES>().0;
        s.mul(
            s.widen_i8(s.load_bytes(&rows[Q8_0_SCALES / LANES + element])),
            *scales,
        )
    }

    #[inline(always)]
    fn strip<const N: usize>(row: &[u8], first: usize) -> &[u8] {
        &row[first / 2 * q8_0::BYTES..][..N.div_ceil(2) * q8_0::BYTES]
    }

    #[inline(always)]
    fn values<S: Simd, const N: usize>(s: S, strip: &[u8], first: usize, index: usize) -> S::F {
        // Of one vector the strip is the whole block that it is half of.
        let index = if N == 1 { first % 2 } else { index };
        let block = &strip.as_chunks::<{ q8_0::BYTES }>().0[index / 2];
        let scale = s.splat_f16(u16::from_le_bytes([block[q8_0::D], block[q8_0::D + 1]]));
        let mut bytes = [0; LANES];
        bytes.copy_from_slice(&block[q8_0::QS + index % 2 * LANES..][..LANES]);
        s.mul(s.widen_i8(s.load_bytes(&bytes)), scale)
    }
}
