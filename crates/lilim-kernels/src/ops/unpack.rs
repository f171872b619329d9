//! How the weights of each type become f32 vectors.
//!
//! A block is read in chunks of a few vectors, in the order of the weights. The values are the
//! codec's own: where a product is fused with a sum, the product is exact (an f16 scale has 11
//! significant bits, a sub-block's scale 8, a weight 6 with the sum below 24).

use crate::simd::{LANES, Simd};
use lilim_formats::GgmlType;
use lilim_formats::blocks::{self, field};

/// Calls a generic item for the weight type `$ty` names: `$body` sees it as `$unpack`.
macro_rules! for_weight_type {
    ($ty:expr, $unpack:ident => $body:expr) => {
        for_weight_type!(@arms $ty, $unpack, $body;
            F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4)
    };
    (@arms $ty:expr, $unpack:ident, $body:expr; $($name:ident)*) => {
        match $ty {
            $(lilim_formats::GgmlType::$name => {
                type $unpack = $crate::ops::unpack::$name;
                $body
            })*
            ty => unreachable!("WeightRows refuses {ty}"),
        }
    };
}
pub(crate) use for_weight_type;

/// Whether there is an [`Unpack`] for the type.
pub(crate) fn is_weight(ty: GgmlType) -> bool {
    !matches!(
        ty,
        GgmlType::I8 | GgmlType::I16 | GgmlType::I32 | GgmlType::I64 | GgmlType::F64
    ) && ty.id() <= GgmlType::MXFP4.id()
}

/// The most vectors in a chunk.
pub(crate) const CHUNK_VECTORS: usize = 4;

/// A weight type: how to read its blocks.
pub(crate) trait Unpack: 'static {
    /// The bytes of a block; sixteen values for the types without blocks.
    type Block: Copy + 'static;
    /// What is read once a block: scales and minimums, ready to be used.
    type Scales<S: Simd>: Copy;
    /// Vectors that [`chunk`](Self::chunk) fills.
    const VECTORS: usize;
    /// Chunks in a block.
    const CHUNKS: usize;

    /// Splits a row into its blocks and what is left of a last one, padded with zeros. Only the
    /// types without blocks have such a rest.
    fn split(row: &[u8]) -> (&[Self::Block], Self::Block);

    /// Reads what is needed once a block.
    fn scales<S: Simd>(s: S, block: &Self::Block) -> Self::Scales<S>;

    /// Decodes chunk `c`: the first `VECTORS` vectors of the result.
    fn chunk<S: Simd>(
        s: S,
        block: &Self::Block,
        scales: &Self::Scales<S>,
        c: usize,
    ) -> [S::F; CHUNK_VECTORS];
}

/// A chunk of two vectors.
#[inline(always)]
fn pair<S: Simd>(v: (S::F, S::F)) -> [S::F; CHUNK_VECTORS] {
    [v.0, v.1, v.1, v.1]
}

/// The types without blocks: sixteen values a chunk.
macro_rules! unpack_float {
    ($name:ident, $bytes:literal, $load:ident) => {
        pub(crate) struct $name;

        impl Unpack for $name {
            type Block = [u8; $bytes];
            type Scales<S: Simd> = ();
            const VECTORS: usize = 1;
            const CHUNKS: usize = 1;

            #[inline(always)]
            fn split(row: &[u8]) -> (&[Self::Block], Self::Block) {
                let (blocks, rest) = row.as_chunks();
                let mut last = [0; $bytes];
                last[..rest.len()].copy_from_slice(rest);
                (blocks, last)
            }

            #[inline(always)]
            fn scales<S: Simd>(_: S, _: &Self::Block) {}

            #[inline(always)]
            fn chunk<S: Simd>(
                s: S,
                block: &Self::Block,
                (): &(),
                _: usize,
            ) -> [S::F; CHUNK_VECTORS] {
                [s.$load(block); CHUNK_VECTORS]
            }
        }
    };
}

unpack_float!(F32, 64, load_f32);
unpack_float!(F16, 32, load_f16);
unpack_float!(BF16, 32, load_bf16);

/// The quantized types: `scales` and `chunk` are given as expressions.
macro_rules! unpack_blocks {
    (
        $(#[$doc:meta])* $name:ident, $layout:ident, $vectors:literal, $scales_ty:ty,
        scales($s:ident, $block:ident) $scales:expr,
        chunk($cs:ident, $cblock:ident, $cscales:ident, $c:ident) $chunk:expr
    ) => {
        $(#[$doc])*
        #[allow(non_camel_case_types, reason = "the names of the formats")]
        pub(crate) struct $name;

        impl Unpack for $name {
            type Block = [u8; blocks::$layout::BYTES];
            type Scales<S: Simd> = $scales_ty;
            const VECTORS: usize = $vectors;
            const CHUNKS: usize = blocks::$layout::LEN / LANES / $vectors;

            #[inline(always)]
            fn split(row: &[u8]) -> (&[Self::Block], Self::Block) {
                let (blocks, rest) = row.as_chunks();
                debug_assert!(rest.is_empty());
                (blocks, [0; blocks::$layout::BYTES])
            }

            #[inline(always)]
            fn scales<S: Simd>($s: S, $block: &Self::Block) -> $scales_ty {
                $scales
            }

            #[inline(always)]
            fn chunk<S: Simd>(
                $cs: S,
                $cblock: &Self::Block,
                $cscales: &$scales_ty,
                $c: usize,
            ) -> [S::F; CHUNK_VECTORS] {
                $chunk
            }
        }
    };
}

/// The f16 at `offset` in all lanes.
#[inline(always)]
fn splat_f16_at<S: Simd>(s: S, block: &[u8], offset: usize) -> S::F {
    s.splat_f16(u16::from_le_bytes(*field(block, offset)))
}

/// The sixteen bytes at `offset`.
#[inline(always)]
fn bytes_at<S: Simd>(s: S, block: &[u8], offset: usize) -> S::B {
    s.load_bytes(field(block, offset))
}

/// The types whose blocks are one scale and 32 nibbles that choose from a table.
macro_rules! unpack_table {
    ($name:ident, $layout:ident, $values:expr, ($s:ident, $block:ident) $d:expr) => {
        unpack_blocks!($name, $layout, 2, S::Table,
            scales($s, $block) $s.table($d, $values),
            chunk(s, block, table, _c) {
                pair::<S>(s.nibbles_of(*table, bytes_at(s, block, blocks::$layout::QS)))
            }
        );
    };
}

/// Q4_0's nibbles.
const CENTERED: [i8; 16] = [-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7];

unpack_table!(Q4_0, q4_0, &CENTERED, (s, block) splat_f16_at(s, block, blocks::q4_0::D));
unpack_table!(IQ4_NL, iq4_nl, &blocks::IQ4_VALUES, (s, block) {
    splat_f16_at(s, block, blocks::iq4_nl::D)
});
unpack_table!(MXFP4, mxfp4, &blocks::MXFP4_VALUES, (s, block) {
    s.splat(blocks::e8m0_half(block[blocks::mxfp4::E]))
});

unpack_blocks!(Q4_1, q4_1, 2, S::Affine,
    scales(s, block) {
        let d = splat_f16_at(s, block, blocks::q4_1::D);
        s.affine(d, splat_f16_at(s, block, blocks::q4_1::M))
    },
    chunk(s, block, affine, _c) {
        pair::<S>(s.nibbles(*affine, *affine, bytes_at(s, block, blocks::q4_1::QS)))
    }
);

/// The low and high nibbles at `qs`, each with a fifth bit from the u32 at `qh`.
#[inline(always)]
fn five_bits<S: Simd>(s: S, block: &[u8], qs: usize, qh: usize) -> (S::B, S::B) {
    let qs = bytes_at(s, block, qs);
    let [a, b, c, d] = *field(block, qh);
    let bit = s.splat_byte(16);
    let low = s.and(s.spread_bits(u16::from_le_bytes([a, b])), bit);
    let high = s.and(s.spread_bits(u16::from_le_bytes([c, d])), bit);
    (
        s.or(s.and(qs, s.splat_byte(15)), low),
        s.or(s.shr::<4>(qs), high),
    )
}

unpack_blocks!(Q5_0, q5_0, 2, S::F,
    scales(s, block) splat_f16_at(s, block, blocks::q5_0::D),
    chunk(s, block, d, _c) {
        let (low, high) = five_bits(s, block, blocks::q5_0::QS, blocks::q5_0::QH);
        let bias = s.splat_byte(16);
        let low = s.widen_i8(s.sub_bytes(low, bias));
        let high = s.widen_i8(s.sub_bytes(high, bias));
        pair::<S>((s.mul(low, *d), s.mul(high, *d)))
    }
);

unpack_blocks!(Q5_1, q5_1, 2, (S::F, S::F),
    scales(s, block) {
        let m = splat_f16_at(s, block, blocks::q5_1::M);
        (splat_f16_at(s, block, blocks::q5_1::D), m)
    },
    chunk(s, block, scales, _c) {
        let (low, high) = five_bits(s, block, blocks::q5_1::QS, blocks::q5_1::QH);
        let low = s.fma(s.widen_u8(low), scales.0, scales.1);
        pair::<S>((low, s.fma(s.widen_u8(high), scales.0, scales.1)))
    }
);

unpack_blocks!(Q8_0, q8_0, 2, S::F,
    scales(s, block) splat_f16_at(s, block, blocks::q8_0::D),
    chunk(s, block, d, _c) {
        let low = s.widen_i8(bytes_at(s, block, blocks::q8_0::QS));
        let high = s.widen_i8(bytes_at(s, block, blocks::q8_0::QS + LANES));
        pair::<S>((s.mul(low, *d), s.mul(high, *d)))
    }
);

/// Scales, minimums negated, of sixteen groups.
#[derive(Clone, Copy)]
pub(crate) struct ScalesMins {
    scales: [f32; 16],
    mins: [f32; 16],
}

unpack_blocks!(Q2_K, q2_k, 2, ScalesMins,
    scales(s, block) {
        let packed = bytes_at(s, block, blocks::q2_k::SCALES);
        let d = splat_f16_at(s, block, blocks::q2_k::D);
        let dmin = negated(s, splat_f16_at(s, block, blocks::q2_k::DMIN));
        let mut out = ScalesMins { scales: [0.0; 16], mins: [0.0; 16] };
        s.store(s.mul(d, s.widen_u8(s.and(packed, s.splat_byte(15)))), &mut out.scales);
        s.store(s.mul(dmin, s.widen_u8(s.shr::<4>(packed))), &mut out.mins);
        out
    },
    chunk(s, block, scales, c) {
        let qs = blocks::q2_k::QS + c / 4 * 32;
        let low = two_bits(s, bytes_at(s, block, qs), c % 4);
        let high = two_bits(s, bytes_at(s, block, qs + LANES), c % 4);
        pair::<S>((
            affine(s, low, scales.scales[2 * c], scales.mins[2 * c]),
            affine(s, high, scales.scales[2 * c + 1], scales.mins[2 * c + 1]),
        ))
    }
);

/// The value with its sign turned, also of zero.
#[inline(always)]
fn negated<S: Simd>(s: S, v: S::F) -> S::F {
    s.mul(v, s.splat(-1.0))
}

/// `q * d + m` for unsigned bytes.
#[inline(always)]
fn affine<S: Simd>(s: S, q: S::B, d: f32, m: f32) -> S::F {
    s.fma(s.widen_u8(q), s.splat(d), s.splat(m))
}

/// `(q - bias) * d` for unsigned bytes.
#[inline(always)]
fn biased<S: Simd>(s: S, q: S::B, bias: u8, d: f32) -> S::F {
    s.mul(s.widen_i8(s.sub_bytes(q, s.splat_byte(bias))), s.splat(d))
}

/// The two bits at bit `2 * shift` of each byte.
#[inline(always)]
fn two_bits<S: Simd>(s: S, bytes: S::B, shift: usize) -> S::B {
    let shifted = match shift {
        0 => bytes,
        1 => s.shr::<2>(bytes),
        2 => s.shr::<4>(bytes),
        _ => s.shr::<6>(bytes),
    };
    s.and(shifted, s.splat_byte(3))
}

/// The bit at `bit` of each byte, as 0 or 1.
#[inline(always)]
fn one_bit<S: Simd>(s: S, bytes: S::B, bit: usize) -> S::B {
    let shifted = match bit {
        0 => bytes,
        1 => s.shr::<1>(bytes),
        2 => s.shr::<2>(bytes),
        3 => s.shr::<3>(bytes),
        4 => s.shr::<4>(bytes),
        5 => s.shr::<5>(bytes),
        6 => s.shr::<6>(bytes),
        _ => s.shr::<7>(bytes),
    };
    s.and(shifted, s.splat_byte(1))
}

/// The scales of sixteen groups: signed bytes times `d`.
#[inline(always)]
fn group_scales<S: Simd>(s: S, packed: S::B, d: S::F) -> [f32; 16] {
    let mut scales = [0.0; 16];
    s.store(s.mul(d, s.widen_i8(packed)), &mut scales);
    scales
}

unpack_blocks!(Q3_K, q3_k, 2, [f32; 16],
    scales(s, block) {
        let packed = blocks::q3_k_scales(field(block, blocks::q3_k::SCALES)).map(|sc| sc as u8);
        group_scales(s, s.load_bytes(&packed), splat_f16_at(s, block, blocks::q3_k::D))
    },
    chunk(s, block, scales, c) {
        let qs = blocks::q3_k::QS + c / 4 * 32;
        let low = three_bits(s, block, qs, blocks::q3_k::HMASK, c);
        let high = three_bits(s, block, qs + LANES, blocks::q3_k::HMASK + LANES, c);
        pair::<S>((biased(s, low, 4, scales[2 * c]), biased(s, high, 4, scales[2 * c + 1])))
    }
);

/// Sixteen weights of Q3_K in chunk `c`, from 0 to 7.
#[inline(always)]
fn three_bits<S: Simd>(s: S, block: &[u8], qs: usize, hmask: usize, c: usize) -> S::B {
    let low = two_bits(s, bytes_at(s, block, qs), c % 4);
    s.or(low, s.shl::<2>(one_bit(s, bytes_at(s, block, hmask), c)))
}

/// The scales and minimums of the eight groups of Q4_K and Q5_K: lanes 0 to 7 and 8 to 15.
#[inline(always)]
fn eight_scales_mins<S: Simd>(
    s: S,
    block: &[u8],
    d: usize,
    dmin: usize,
    packed: usize,
) -> [f32; 16] {
    let packed: &[u8; blocks::PACKED_SCALES] = field(block, packed);
    let low = u32::from_le_bytes(*field(packed, 0));
    let high = u32::from_le_bytes(*field(packed, 4));
    let shared = u32::from_le_bytes(*field(packed, 8));
    let words = [
        low & 0x3f3f_3f3f,
        (shared & 0x0f0f_0f0f) | ((low >> 2) & 0x3030_3030),
        high & 0x3f3f_3f3f,
        ((shared >> 4) & 0x0f0f_0f0f) | ((high >> 2) & 0x3030_3030),
    ];
    let mut bytes = [0; 16];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    let d = s.halves(
        splat_f16_at(s, block, d),
        negated(s, splat_f16_at(s, block, dmin)),
    );
    let mut out = [0.0; 16];
    s.store(s.mul(d, s.widen_u8(s.load_bytes(&bytes))), &mut out);
    out
}

unpack_blocks!(Q4_K, q4_k, 4, [f32; 16],
    scales(s, block) {
        eight_scales_mins(s, block, blocks::q4_k::D, blocks::q4_k::DMIN, blocks::q4_k::SCALES)
    },
    chunk(s, block, scales, c) {
        let qs = blocks::q4_k::QS + 32 * c;
        let low = s.affine(s.splat(scales[2 * c]), s.splat(scales[8 + 2 * c]));
        let high = s.affine(s.splat(scales[2 * c + 1]), s.splat(scales[9 + 2 * c]));
        let first = s.nibbles(low, high, bytes_at(s, block, qs));
        let second = s.nibbles(low, high, bytes_at(s, block, qs + LANES));
        [first.0, second.0, first.1, second.1]
    }
);

unpack_blocks!(Q5_K, q5_k, 4, [f32; 16],
    scales(s, block) {
        eight_scales_mins(s, block, blocks::q5_k::D, blocks::q5_k::DMIN, blocks::q5_k::SCALES)
    },
    chunk(s, block, scales, c) {
        let qs = blocks::q5_k::QS + 32 * c;
        let (d, m) = ((scales[2 * c], scales[2 * c + 1]), (scales[8 + 2 * c], scales[9 + 2 * c]));
        let first = fifth_bits(s, block, qs, blocks::q5_k::QH, c);
        let second = fifth_bits(s, block, qs + LANES, blocks::q5_k::QH + LANES, c);
        [
            affine(s, first.0, d.0, m.0),
            affine(s, second.0, d.0, m.0),
            affine(s, first.1, d.1, m.1),
            affine(s, second.1, d.1, m.1),
        ]
    }
);

/// Low and high nibbles of sixteen bytes of Q5_K with their fifth bits, in chunk `c`, 0 to 3.
#[inline(always)]
fn fifth_bits<S: Simd>(s: S, block: &[u8], qs: usize, qh: usize, c: usize) -> (S::B, S::B) {
    let (qs, qh) = (bytes_at(s, block, qs), bytes_at(s, block, qh));
    let low = s.shl::<4>(one_bit(s, qh, 2 * c));
    let high = s.shl::<4>(one_bit(s, qh, 2 * c + 1));
    (
        s.or(s.and(qs, s.splat_byte(15)), low),
        s.or(s.shr::<4>(qs), high),
    )
}

unpack_blocks!(Q6_K, q6_k, 4, [f32; 16],
    scales(s, block) {
        let packed = bytes_at(s, block, blocks::q6_k::SCALES);
        group_scales(s, packed, splat_f16_at(s, block, blocks::q6_k::D))
    },
    chunk(s, block, scales, c) {
        // Chunk c is 64 weights: low bits in one nibble of 64 bytes, high bits of the first 32 and
        // of the last 32 at neighbouring places of the same 32 bytes.
        let (half, nibble) = (c / 2, c % 2);
        let mut out = [s.zero(); CHUNK_VECTORS];
        let mut v = 0;
        while v < CHUNK_VECTORS {
            let ql = bytes_at(s, block, blocks::q6_k::QL + 64 * half + LANES * v);
            let low = if nibble == 0 { s.and(ql, s.splat_byte(15)) } else { s.shr::<4>(ql) };
            let qh = bytes_at(s, block, blocks::q6_k::QH + 32 * half + LANES * (v % 2));
            let high = s.shl::<4>(two_bits(s, qh, 2 * nibble + v / 2));
            out[v] = biased(s, s.or(low, high), 32, scales[4 * c + v]);
            v += 1;
        }
        out
    }
);

unpack_blocks!(IQ4_XS, iq4_xs, 2, [f32; 8],
    scales(_s, block) {
        let high = u16::from_le_bytes(*field(block, blocks::iq4_xs::SCALES_H));
        let d = blocks::f16_at(block, blocks::iq4_xs::D);
        let packed = blocks::iq4_xs_scales(high, field(block, blocks::iq4_xs::SCALES_L));
        packed.map(|scale| d * f32::from(scale))
    },
    chunk(s, block, scales, c) {
        let table = s.table(s.splat(scales[c]), &blocks::IQ4_VALUES);
        pair::<S>(s.nibbles_of(table, bytes_at(s, block, blocks::iq4_xs::QS + LANES * c)))
    }
);
