//! IQ4_NL, IQ4_XS and MXFP4: codes that name one of sixteen uneven steps.

use super::bits::{pack_nibbles, unpack_nibbles};
use super::fit::{self, LANES, Levels};
use super::small_blocks::put_f16;
use crate::blocks::{
    IQ4_VALUES, MXFP4_VALUES, e8m0_half, f16_at, field, iq4_nl, iq4_xs, iq4_xs_scales, mxfp4,
    pack_iq4_xs_scales,
};

/// Decodes a block: `d * IQ4_VALUES[q]`.
#[inline]
pub fn decode_block_iq4_nl(block: &[u8; iq4_nl::BYTES], out: &mut [f32; iq4_nl::LEN]) {
    let d = f16_at(block, iq4_nl::D);
    let table = IQ4_VALUES.map(|value| d * f32::from(value));
    look_up(field::<16>(block, iq4_nl::QS), &table, out);
}

/// Decodes a block: `(d * (sc - 32)) * IQ4_VALUES[q]`.
#[inline]
pub fn decode_block_iq4_xs(block: &[u8; iq4_xs::BYTES], out: &mut [f32; iq4_xs::LEN]) {
    let d = f16_at(block, iq4_xs::D);
    let high = u16::from_le_bytes(*field(block, iq4_xs::SCALES_H));
    let scales = iq4_xs_scales(high, field(block, iq4_xs::SCALES_L));
    let codes: &[u8; iq4_xs::LEN / 2] = field(block, iq4_xs::QS);
    let groups = codes
        .as_chunks::<16>()
        .0
        .iter()
        .zip(out.as_chunks_mut::<32>().0);
    for ((codes, out), scale) in groups.zip(scales) {
        let group_d = d * f32::from(scale);
        look_up(
            codes,
            &IQ4_VALUES.map(|value| group_d * f32::from(value)),
            out,
        );
    }
}

/// Decodes a block: `e8m0_half(e) * MXFP4_VALUES[q]`.
#[inline]
pub fn decode_block_mxfp4(block: &[u8; mxfp4::BYTES], out: &mut [f32; mxfp4::LEN]) {
    let d = e8m0_half(block[mxfp4::E]);
    let table = MXFP4_VALUES.map(|value| d * f32::from(value));
    look_up(field::<16>(block, mxfp4::QS), &table, out);
}

#[inline(always)]
fn look_up(packed: &[u8; 16], table: &[f32; 16], out: &mut [f32; 32]) {
    let mut codes = [0; 32];
    unpack_nibbles::<16>(packed, &mut codes);
    for (out, code) in out.iter_mut().zip(codes) {
        *out = table[usize::from(code & 15)];
    }
}

/// The steps of IQ4_NL and IQ4_XS.
struct Iq4Levels;

/// Between neighbouring steps: where a value is as near to both.
const IQ4_MIDDLES: [f32; 15] = {
    let mut middles = [0.0; 15];
    let mut at = 0;
    while at < 15 {
        middles[at] = (IQ4_VALUES[at] as f32 + IQ4_VALUES[at + 1] as f32) / 2.0;
        at += 1;
    }
    middles
};

/// How far neighbouring steps lie apart.
const IQ4_RISES: [f32; 15] = {
    let mut rises = [0.0; 15];
    let mut at = 0;
    while at < 15 {
        rises[at] = IQ4_VALUES[at + 1] as f32 - IQ4_VALUES[at] as f32;
        at += 1;
    }
    rises
};

impl Levels for Iq4Levels {
    const LOWEST: f32 = IQ4_VALUES[0] as f32;
    const HIGHEST: f32 = IQ4_VALUES[15] as f32;
    const SPREAD: f32 = 1.8;

    // Sums instead of look-ups, and lanes inside: this is what gets vectorized.
    #[inline(always)]
    fn nearest(scaled: [f32; LANES]) -> [f32; LANES] {
        let mut levels = [Self::LOWEST; LANES];
        for (middle, rise) in IQ4_MIDDLES.iter().zip(IQ4_RISES) {
            for lane in 0..LANES {
                levels[lane] += if scaled[lane] > *middle { rise } else { 0.0 };
            }
        }
        levels
    }

    #[inline(always)]
    fn code(scaled: f32) -> u8 {
        IQ4_MIDDLES
            .iter()
            .map(|middle| u8::from(scaled > *middle))
            .sum()
    }
}

pub(super) fn encode_block_iq4_nl(values: &[f32; iq4_nl::LEN], block: &mut [u8; iq4_nl::BYTES]) {
    let (d, codes) = fit::one_scale::<Iq4Levels>(values);
    put_f16(block, iq4_nl::D, d);
    pack_nibbles::<16>(&codes, &mut block[iq4_nl::QS..]);
}

pub(super) fn encode_block_iq4_xs(values: &[f32; iq4_xs::LEN], block: &mut [u8; iq4_xs::BYTES]) {
    let found = fit::scaled_groups::<Iq4Levels, 32, 8>(values, (-32, 31));
    let (high, low) = pack_iq4_xs_scales(&found.scales);
    put_f16(block, iq4_xs::D, found.d);
    block[iq4_xs::SCALES_H..iq4_xs::SCALES_L].copy_from_slice(&high.to_le_bytes());
    block[iq4_xs::SCALES_L..iq4_xs::QS].copy_from_slice(&low);
    pack_nibbles::<16>(&found.codes, &mut block[iq4_xs::QS..]);
}

/// Tries three exponents: the one that the specification takes (the largest value's own, less
/// that of the largest step), which cuts values above 1.5 times a power of two, one above and one
/// below.
pub(super) fn encode_block_mxfp4(values: &[f32; mxfp4::LEN], block: &mut [u8; mxfp4::BYTES]) {
    let largest = values
        .iter()
        .fold(0.0, |most: f32, value| most.max(value.abs()));
    let exponent = (largest.to_bits() >> 23) as i32 - 2;
    let mut least = f32::INFINITY;
    for try_exponent in [exponent, exponent + 1, exponent - 1] {
        let e = try_exponent.clamp(0, 254) as u8;
        let d = e8m0_half(e);
        let (mut error, mut codes) = (0.0, [0; mxfp4::LEN]);
        for (code, value) in codes.iter_mut().zip(values) {
            *code = mxfp4_code(*value, d);
            // Relative to the scale, so that squares stay in range.
            let rest = (value - d * f32::from(MXFP4_VALUES[usize::from(*code)])) / largest;
            error += rest * rest;
        }
        // The first try is kept also where nothing compares: a block of zeros.
        if error < least || try_exponent == exponent {
            least = error;
            block[mxfp4::E] = e;
            pack_nibbles::<16>(&codes, &mut block[mxfp4::QS..]);
        }
    }
}

/// The nearest step's code, of two as near the smaller, and zero without a sign.
#[inline(always)]
fn mxfp4_code(value: f32, d: f32) -> u8 {
    let scaled = value.abs() / d;
    let middles = [0.5, 1.5, 2.5, 3.5, 5.0, 7.0, 10.0];
    let code: u8 = middles
        .iter()
        .map(|middle| u8::from(scaled > *middle))
        .sum();
    if value < 0.0 && code > 0 {
        code | 8
    } else {
        code
    }
}
