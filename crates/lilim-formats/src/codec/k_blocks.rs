//! Q2_K to Q6_K: super-blocks of 256 weights, in groups whose scales (and mins) are themselves
//! quantized under one or two f16 numbers.

use super::bits::{add_bit, pack_bit, pack_nibbles, pack_pairs, unpack_nibbles, unpack_pairs};
use super::fit::{self, LANES, Levels, nearest_whole};
use super::small_blocks::put_f16;
use crate::blocks::{
    SUPER_LEN, f16_at, field, pack_q3_k_scales, pack_scales_mins, q2_k, q3_k, q3_k_scales, q4_k,
    q5_k, q6_k, scales_mins,
};

/// Decodes a block: `(d * sc) * q - (dmin * m)`.
#[inline]
pub fn decode_block_q2_k(block: &[u8; q2_k::BYTES], out: &mut [f32; q2_k::LEN]) {
    let (d, dmin) = (f16_at(block, q2_k::D), f16_at(block, q2_k::DMIN));
    let packed: &[u8; 16] = field(block, q2_k::SCALES);
    let mut codes = [0; SUPER_LEN];
    unpack_pairs(field(block, q2_k::QS), &mut codes);
    let groups = codes
        .as_chunks::<{ q2_k::GROUP }>()
        .0
        .iter()
        .zip(out.as_chunks_mut().0);
    for ((codes, out), packed) in groups.zip(packed) {
        affine(
            codes,
            d * f32::from(packed & 15),
            dmin * f32::from(packed >> 4),
            out,
        );
    }
}

/// Decodes a block: `(d * (sc - 32)) * (q - 4)`.
#[inline]
pub fn decode_block_q3_k(block: &[u8; q3_k::BYTES], out: &mut [f32; q3_k::LEN]) {
    let d = f16_at(block, q3_k::D);
    let mut codes = [0; SUPER_LEN];
    unpack_pairs(field(block, q3_k::QS), &mut codes);
    add_bit(field(block, q3_k::HMASK), 4, &mut codes);
    let groups = codes
        .as_chunks::<{ q3_k::GROUP }>()
        .0
        .iter()
        .zip(out.as_chunks_mut().0);
    for ((codes, out), scale) in groups.zip(q3_k_scales(field(block, q3_k::SCALES))) {
        centred(codes, d * f32::from(scale), 4, out);
    }
}

/// Decodes a block: `(d * sc) * q - (dmin * m)`.
#[inline]
pub fn decode_block_q4_k(block: &[u8; q4_k::BYTES], out: &mut [f32; q4_k::LEN]) {
    let (d, dmin) = (f16_at(block, q4_k::D), f16_at(block, q4_k::DMIN));
    let (scales, mins) = scales_mins(field(block, q4_k::SCALES));
    let mut codes = [0; SUPER_LEN];
    unpack_nibbles::<32>(&block[q4_k::QS..], &mut codes);
    let groups = codes
        .as_chunks::<{ q4_k::GROUP }>()
        .0
        .iter()
        .zip(out.as_chunks_mut().0);
    for ((codes, out), (scale, min)) in groups.zip(scales.into_iter().zip(mins)) {
        affine(codes, d * f32::from(scale), dmin * f32::from(min), out);
    }
}

/// Decodes a block: `(d * sc) * q - (dmin * m)`.
#[inline]
pub fn decode_block_q5_k(block: &[u8; q5_k::BYTES], out: &mut [f32; q5_k::LEN]) {
    let (d, dmin) = (f16_at(block, q5_k::D), f16_at(block, q5_k::DMIN));
    let (scales, mins) = scales_mins(field(block, q5_k::SCALES));
    let mut codes = [0; SUPER_LEN];
    unpack_nibbles::<32>(&block[q5_k::QS..], &mut codes);
    add_bit(field(block, q5_k::QH), 16, &mut codes);
    let groups = codes
        .as_chunks::<{ q5_k::GROUP }>()
        .0
        .iter()
        .zip(out.as_chunks_mut().0);
    for ((codes, out), (scale, min)) in groups.zip(scales.into_iter().zip(mins)) {
        affine(codes, d * f32::from(scale), dmin * f32::from(min), out);
    }
}

/// Decodes a block: `(d * sc) * (q - 32)`.
#[inline]
pub fn decode_block_q6_k(block: &[u8; q6_k::BYTES], out: &mut [f32; q6_k::LEN]) {
    let d = f16_at(block, q6_k::D);
    let scales: &[u8; 16] = field(block, q6_k::SCALES);
    let (mut codes, mut high) = ([0; SUPER_LEN], [0; SUPER_LEN]);
    unpack_nibbles::<64>(&block[q6_k::QL..q6_k::QH], &mut codes);
    unpack_pairs(field(block, q6_k::QH), &mut high);
    for (code, high) in codes.iter_mut().zip(high) {
        *code |= high << 4;
    }
    let groups = codes
        .as_chunks::<{ q6_k::GROUP }>()
        .0
        .iter()
        .zip(out.as_chunks_mut().0);
    for ((codes, out), scale) in groups.zip(scales) {
        centred(codes, d * f32::from(*scale as i8), 32, out);
    }
}

#[inline(always)]
fn affine<const GROUP: usize>(codes: &[u8; GROUP], scale: f32, min: f32, out: &mut [f32; GROUP]) {
    for (out, code) in out.iter_mut().zip(codes) {
        *out = scale * f32::from(*code) - min;
    }
}

#[inline(always)]
fn centred<const GROUP: usize>(codes: &[u8; GROUP], scale: f32, zero: i32, out: &mut [f32; GROUP]) {
    for (out, code) in out.iter_mut().zip(codes) {
        *out = scale * (i32::from(*code) - zero) as f32;
    }
}

/// Whole steps from `-HALF` to `HALF - 1`.
struct Centred<const HALF: i8>;

impl<const HALF: i8> Levels for Centred<HALF> {
    const LOWEST: f32 = -(HALF as f32);
    const HIGHEST: f32 = HALF as f32 - 1.0;
    const SPREAD: f32 = 0.18;

    #[inline(always)]
    fn nearest(scaled: [f32; LANES]) -> [f32; LANES] {
        scaled.map(|scaled| nearest_whole(scaled, Self::LOWEST, Self::HIGHEST))
    }

    #[inline(always)]
    fn code(scaled: f32) -> u8 {
        (nearest_whole(scaled, Self::LOWEST, Self::HIGHEST) - Self::LOWEST) as u8
    }
}

pub(super) fn encode_block_q2_k(values: &[f32; q2_k::LEN], block: &mut [u8; q2_k::BYTES]) {
    let found = fit::affine_groups::<{ q2_k::GROUP }, 16>(values, 3.0, 15.0);
    let packed = found
        .scales
        .iter()
        .zip(found.mins)
        .map(|(scale, min)| scale | (min << 4));
    for (byte, packed) in block[q2_k::SCALES..q2_k::QS].iter_mut().zip(packed) {
        *byte = packed;
    }
    pack_pairs(&found.codes, &mut block[q2_k::QS..q2_k::D]);
    put_f16(block, q2_k::D, found.d);
    put_f16(block, q2_k::DMIN, found.dmin);
}

pub(super) fn encode_block_q3_k(values: &[f32; q3_k::LEN], block: &mut [u8; q3_k::BYTES]) {
    let found = fit::scaled_groups::<Centred<4>, { q3_k::GROUP }, 16>(values, (-32, 31));
    pack_bit(&found.codes, 2, &mut block[q3_k::HMASK..q3_k::QS]);
    pack_pairs(
        &found.codes.map(|code| code & 3),
        &mut block[q3_k::QS..q3_k::SCALES],
    );
    block[q3_k::SCALES..q3_k::D].copy_from_slice(&pack_q3_k_scales(&found.scales));
    put_f16(block, q3_k::D, found.d);
}

pub(super) fn encode_block_q4_k(values: &[f32; q4_k::LEN], block: &mut [u8; q4_k::BYTES]) {
    let found = fit::affine_groups::<{ q4_k::GROUP }, 8>(values, 15.0, 63.0);
    put_f16(block, q4_k::D, found.d);
    put_f16(block, q4_k::DMIN, found.dmin);
    let packed = pack_scales_mins(&found.scales, &found.mins);
    block[q4_k::SCALES..q4_k::QS].copy_from_slice(&packed);
    pack_nibbles::<32>(&found.codes, &mut block[q4_k::QS..]);
}

pub(super) fn encode_block_q5_k(values: &[f32; q5_k::LEN], block: &mut [u8; q5_k::BYTES]) {
    let found = fit::affine_groups::<{ q5_k::GROUP }, 8>(values, 31.0, 63.0);
    put_f16(block, q5_k::D, found.d);
    put_f16(block, q5_k::DMIN, found.dmin);
    let packed = pack_scales_mins(&found.scales, &found.mins);
    block[q5_k::SCALES..q5_k::QH].copy_from_slice(&packed);
    pack_bit(&found.codes, 4, &mut block[q5_k::QH..q5_k::QS]);
    pack_nibbles::<32>(&found.codes.map(|code| code & 15), &mut block[q5_k::QS..]);
}

pub(super) fn encode_block_q6_k(values: &[f32; q6_k::LEN], block: &mut [u8; q6_k::BYTES]) {
    let found = fit::scaled_groups::<Centred<32>, { q6_k::GROUP }, 16>(values, (-128, 127));
    pack_nibbles::<64>(
        &found.codes.map(|code| code & 15),
        &mut block[q6_k::QL..q6_k::QH],
    );
    pack_pairs(
        &found.codes.map(|code| code >> 4),
        &mut block[q6_k::QH..q6_k::SCALES],
    );
    for (byte, scale) in block[q6_k::SCALES..q6_k::D].iter_mut().zip(found.scales) {
        *byte = scale as u8;
    }
    put_f16(block, q6_k::D, found.d);
}
