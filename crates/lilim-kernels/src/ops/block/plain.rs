//! Every quantized type unpacked in plain Rust, weight by weight: the way of the types that no
//! faster one was written for, and the twin that the faster ones are checked against.

use super::{BLOCK, PanelBlock, Rows16};
use lilim_formats::blocks::{self, f16_at, field};

/// 32 weights as integers (each as much above its value as the kind says), and what is done with
/// them.
#[derive(Clone, Copy)]
pub(crate) struct Ints {
    pub q: [u8; BLOCK],
    pub scales: [f32; 2],
    pub mins: [f32; 2],
}

/// A quantized type, block by block.
pub(crate) trait Plain {
    /// Weights of a block of the format.
    const LEN: usize;
    /// Bytes of a block of the format.
    const BYTES: usize;

    /// The `group`th 32 weights of a block.
    fn ints(block: &[u8], group: usize) -> Ints;
}

/// Unpacks blocks of 32 columns, from `first` on.
#[inline(always)]
pub(crate) fn unpack<P: Plain>(rows: &Rows16<'_>, first: usize, panel: &mut [PanelBlock]) {
    let groups = P::LEN / BLOCK;
    for (i, out) in panel.iter_mut().enumerate() {
        let (block, group) = ((first + i) / groups, (first + i) % groups);
        for r in 0..crate::simd::LANES {
            let bytes = &rows.row(r)[block * P::BYTES..(block + 1) * P::BYTES];
            let ints = P::ints(bytes, group);
            for (step, q) in ints.q.as_chunks::<4>().0.iter().enumerate() {
                out.q[step][4 * r..4 * r + 4].copy_from_slice(q);
            }
            for half in 0..2 {
                out.scales[half][r] = ints.scales[half];
                out.mins[half][r] = ints.mins[half];
            }
        }
    }
}

/// The low nibbles of sixteen bytes, then the high ones.
#[inline(always)]
fn nibbles(qs: &[u8; 16]) -> [u8; BLOCK] {
    let mut q = [0; BLOCK];
    for (i, byte) in qs.iter().enumerate() {
        (q[i], q[i + 16]) = (byte & 15, byte >> 4);
    }
    q
}

/// [`nibbles`], each with a fifth bit.
#[inline(always)]
fn five_bits(qs: &[u8; 16], qh: &[u8; 4]) -> [u8; BLOCK] {
    let high = u32::from_le_bytes(*qh);
    let mut q = nibbles(qs);
    for (i, q) in q.iter_mut().enumerate() {
        *q |= ((high >> i & 1) as u8) << 4;
    }
    q
}

/// Integers with one scale and one minimum.
#[inline(always)]
fn whole(q: [u8; BLOCK], scale: f32, min: f32) -> Ints {
    Ints {
        q,
        scales: [scale; 2],
        mins: [min; 2],
    }
}

/// Bits `shift` and up of bytes, as many as `mask` has.
#[inline(always)]
fn bits(bytes: &[u8; BLOCK], shift: usize, mask: u8) -> [u8; BLOCK] {
    bytes.map(|byte| byte >> shift & mask)
}

macro_rules! plain {
    ($name:ident, $layout:ident, ($block:ident, $group:ident) $ints:expr) => {
        #[allow(non_camel_case_types, reason = "the names of the formats")]
        pub(crate) struct $name;

        impl Plain for $name {
            const LEN: usize = blocks::$layout::LEN;
            const BYTES: usize = blocks::$layout::BYTES;

            #[inline(always)]
            fn ints($block: &[u8], $group: usize) -> Ints {
                $ints
            }
        }
    };
}

plain!(Q4_0, q4_0, (block, _group) {
    whole(nibbles(field(block, blocks::q4_0::QS)), f16_at(block, blocks::q4_0::D), 0.0)
});

plain!(Q4_1, q4_1, (block, _group) {
    let q = nibbles(field(block, blocks::q4_1::QS));
    whole(q, f16_at(block, blocks::q4_1::D), f16_at(block, blocks::q4_1::M))
});

plain!(Q5_0, q5_0, (block, _group) {
    let q = five_bits(field(block, blocks::q5_0::QS), field(block, blocks::q5_0::QH));
    whole(q, f16_at(block, blocks::q5_0::D), 0.0)
});

plain!(Q5_1, q5_1, (block, _group) {
    let q = five_bits(field(block, blocks::q5_1::QS), field(block, blocks::q5_1::QH));
    whole(q, f16_at(block, blocks::q5_1::D), f16_at(block, blocks::q5_1::M))
});

plain!(Q8_0, q8_0, (block, _group) {
    let q = field::<BLOCK>(block, blocks::q8_0::QS).map(|q| q ^ 0x80);
    whole(q, f16_at(block, blocks::q8_0::D), 0.0)
});

plain!(IQ4_NL, iq4_nl, (block, _group) {
    let q = nibbles(field(block, blocks::iq4_nl::QS));
    whole(q.map(iq4_value), f16_at(block, blocks::iq4_nl::D), 0.0)
});

plain!(IQ4_XS, iq4_xs, (block, group) {
    let high = u16::from_le_bytes(*field(block, blocks::iq4_xs::SCALES_H));
    let scales = blocks::iq4_xs_scales(high, field(block, blocks::iq4_xs::SCALES_L));
    let q = nibbles(field(block, blocks::iq4_xs::QS + 16 * group));
    let scale = f16_at(block, blocks::iq4_xs::D) * f32::from(scales[group]);
    whole(q.map(iq4_value), scale, 0.0)
});

plain!(MXFP4, mxfp4, (block, _group) {
    let q = nibbles(field(block, blocks::mxfp4::QS));
    let value = |q: u8| (blocks::MXFP4_VALUES[usize::from(q)] + 16) as u8;
    whole(q.map(value), blocks::e8m0_half(block[blocks::mxfp4::E]), 0.0)
});

/// A code of the IQ4 types as a value, 128 above.
#[inline(always)]
fn iq4_value(q: u8) -> u8 {
    blocks::IQ4_VALUES[usize::from(q)] as u8 ^ 0x80
}

plain!(Q2_K, q2_k, (block, group) {
    let qs = field(block, blocks::q2_k::QS + group / 4 * BLOCK);
    let packed: &[u8; 2] = field(block, blocks::q2_k::SCALES + 2 * group);
    let (d, dmin) = (f16_at(block, blocks::q2_k::D), -f16_at(block, blocks::q2_k::DMIN));
    Ints {
        q: bits(qs, 2 * (group % 4), 3),
        scales: packed.map(|packed| d * f32::from(packed & 15)),
        mins: packed.map(|packed| dmin * f32::from(packed >> 4)),
    }
});

plain!(Q3_K, q3_k, (block, group) {
    let low = bits(field(block, blocks::q3_k::QS + group / 4 * BLOCK), 2 * (group % 4), 3);
    let high = bits(field(block, blocks::q3_k::HMASK), group, 1);
    let scales = blocks::q3_k_scales(field(block, blocks::q3_k::SCALES));
    let d = f16_at(block, blocks::q3_k::D);
    Ints {
        q: std::array::from_fn(|i| low[i] | high[i] << 2),
        scales: [d * f32::from(scales[2 * group]), d * f32::from(scales[2 * group + 1])],
        mins: [0.0; 2],
    }
});

plain!(Q4_K, q4_k, (block, group) {
    let (scales, mins) = blocks::scales_mins(field(block, blocks::q4_k::SCALES));
    let qs = field(block, blocks::q4_k::QS + group / 2 * BLOCK);
    let (d, dmin) = (f16_at(block, blocks::q4_k::D), -f16_at(block, blocks::q4_k::DMIN));
    let q = bits(qs, 4 * (group % 2), 15);
    whole(q, d * f32::from(scales[group]), dmin * f32::from(mins[group]))
});

plain!(Q5_K, q5_k, (block, group) {
    let (scales, mins) = blocks::scales_mins(field(block, blocks::q5_k::SCALES));
    let qs = field(block, blocks::q5_k::QS + group / 2 * BLOCK);
    let (d, dmin) = (f16_at(block, blocks::q5_k::D), -f16_at(block, blocks::q5_k::DMIN));
    let low = bits(qs, 4 * (group % 2), 15);
    let high = bits(field(block, blocks::q5_k::QH), group, 1);
    let q = std::array::from_fn(|i| low[i] | high[i] << 4);
    whole(q, d * f32::from(scales[group]), dmin * f32::from(mins[group]))
});

plain!(Q6_K, q6_k, (block, group) {
    let (part, nibble, side) = (group / 4, group / 2 % 2, group % 2);
    let low = bits(field(block, blocks::q6_k::QL + 64 * part + 32 * side), 4 * nibble, 15);
    let high = bits(field(block, blocks::q6_k::QH + 32 * part), 2 * (group % 4), 3);
    let scale = |g: usize| f32::from(block[blocks::q6_k::SCALES + g] as i8);
    let d = f16_at(block, blocks::q6_k::D);
    Ints {
        q: std::array::from_fn(|i| low[i] | high[i] << 4),
        scales: [d * scale(2 * group), d * scale(2 * group + 1)],
        mins: [0.0; 2],
    }
});
