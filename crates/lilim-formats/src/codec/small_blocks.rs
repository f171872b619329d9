//! Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0: 32 evenly spaced codes under one scale, both ways bit for bit
//! as `gguf.quants` does it, ties and negative zeros included.

use half::f16;

use super::bits::{pack_nibbles, unpack_nibbles};
use crate::blocks::{f16_at, field, q4_0, q4_1, q5_0, q5_1, q8_0};

/// Decodes a block: `d * (q - 8)`.
#[inline]
pub fn decode_block_q4_0(block: &[u8; q4_0::BYTES], out: &mut [f32; q4_0::LEN]) {
    let d = f16_at(block, q4_0::D);
    for (out, code) in out.iter_mut().zip(nibbles(field(block, q4_0::QS))) {
        *out = d * (i32::from(code) - 8) as f32;
    }
}

/// Decodes a block: `d * q + m`.
#[inline]
pub fn decode_block_q4_1(block: &[u8; q4_1::BYTES], out: &mut [f32; q4_1::LEN]) {
    let (d, m) = (f16_at(block, q4_1::D), f16_at(block, q4_1::M));
    for (out, code) in out.iter_mut().zip(nibbles(field(block, q4_1::QS))) {
        *out = d * f32::from(code) + m;
    }
}

/// Decodes a block: `d * (q - 16)`.
#[inline]
pub fn decode_block_q5_0(block: &[u8; q5_0::BYTES], out: &mut [f32; q5_0::LEN]) {
    let d = f16_at(block, q5_0::D);
    let codes = five_bits(field(block, q5_0::QS), field(block, q5_0::QH));
    for (out, code) in out.iter_mut().zip(codes) {
        *out = d * (i32::from(code) - 16) as f32;
    }
}

/// Decodes a block: `d * q + m`.
#[inline]
pub fn decode_block_q5_1(block: &[u8; q5_1::BYTES], out: &mut [f32; q5_1::LEN]) {
    let (d, m) = (f16_at(block, q5_1::D), f16_at(block, q5_1::M));
    let codes = five_bits(field(block, q5_1::QS), field(block, q5_1::QH));
    for (out, code) in out.iter_mut().zip(codes) {
        *out = d * f32::from(code) + m;
    }
}

/// Decodes a block: `q * d`.
#[inline]
pub fn decode_block_q8_0(block: &[u8; q8_0::BYTES], out: &mut [f32; q8_0::LEN]) {
    let d = f16_at(block, q8_0::D);
    let codes: &[u8; q8_0::LEN] = field(block, q8_0::QS);
    for (out, code) in out.iter_mut().zip(codes) {
        *out = f32::from(*code as i8) * d;
    }
}

pub(super) fn encode_block_q4_0(values: &[f32; q4_0::LEN], block: &mut [u8; q4_0::BYTES]) {
    let d = first_largest(values) / -8.0;
    let codes = scaled_codes(values, 0.0, inverse(d), (8.5, 15));
    put_f16(block, q4_0::D, d);
    pack_nibbles::<16>(&codes, &mut block[q4_0::QS..]);
}

pub(super) fn encode_block_q4_1(values: &[f32; q4_1::LEN], block: &mut [u8; q4_1::BYTES]) {
    let (min, max) = extremes(values);
    let d = (max - min) / 15.0;
    let codes = scaled_codes(values, min, inverse(d), (0.5, 15));
    put_f16(block, q4_1::D, d);
    put_f16(block, q4_1::M, min);
    pack_nibbles::<16>(&codes, &mut block[q4_1::QS..]);
}

pub(super) fn encode_block_q5_0(values: &[f32; q5_0::LEN], block: &mut [u8; q5_0::BYTES]) {
    let d = first_largest(values) / -16.0;
    let codes = scaled_codes(values, 0.0, inverse(d), (16.5, 31));
    put_f16(block, q5_0::D, d);
    put_fifth_bits(block, q5_0::QH, &codes);
    pack_nibbles::<16>(&codes, &mut block[q5_0::QS..]);
}

pub(super) fn encode_block_q5_1(values: &[f32; q5_1::LEN], block: &mut [u8; q5_1::BYTES]) {
    let (min, max) = extremes(values);
    let d = (max - min) / 31.0;
    let codes = scaled_codes(values, min, inverse(d), (0.5, 31));
    put_f16(block, q5_1::D, d);
    put_f16(block, q5_1::M, min);
    put_fifth_bits(block, q5_1::QH, &codes);
    pack_nibbles::<16>(&codes, &mut block[q5_1::QS..]);
}

pub(super) fn encode_block_q8_0(values: &[f32; q8_0::LEN], block: &mut [u8; q8_0::BYTES]) {
    let d = first_largest(values).abs() / 127.0;
    let inverse_d = inverse(d);
    put_f16(block, q8_0::D, d);
    for (byte, value) in block[q8_0::QS..].iter_mut().zip(values) {
        let scaled = value * inverse_d;
        // Half away from zero. Adding 0.5 and cutting would round 0.49999997 up.
        let whole = scaled as i32;
        let doubled_rest = (2.0 * (scaled - whole as f32)) as i32;
        *byte = (whole + doubled_rest) as i8 as u8;
    }
}

/// Writes `value` as f16 at `offset`.
#[inline(always)]
pub(super) fn put_f16(block: &mut [u8], offset: usize, value: f32) {
    block[offset..offset + 2].copy_from_slice(&f16::from_f32(value).to_le_bytes());
}

/// The value of largest magnitude, the first of equals.
#[inline(always)]
fn first_largest(values: &[f32; 32]) -> f32 {
    let largest = values.iter().fold(0.0, |most: f32, value| {
        if value.abs() > most {
            value.abs()
        } else {
            most
        }
    });
    *values
        .iter()
        .find(|value| value.abs() >= largest)
        .unwrap_or(&0.0)
}

#[inline(always)]
fn extremes(values: &[f32; 32]) -> (f32, f32) {
    values
        .iter()
        .fold((values[0], values[0]), |(min, max), value| {
            (
                if *value < min { *value } else { min },
                if *value > max { *value } else { max },
            )
        })
}

/// `1 / d`; zero where that is no number that helps: such blocks are zero as f16 anyway.
#[inline(always)]
fn inverse(d: f32) -> f32 {
    let inverse = 1.0 / d;
    if inverse.is_finite() { inverse } else { 0.0 }
}

/// Codes `(value - min) * inverse_d + offset`, cut and held below the limit: `(offset, limit)`.
#[inline(always)]
fn scaled_codes(
    values: &[f32; 32],
    min: f32,
    inverse_d: f32,
    (offset, limit): (f32, i32),
) -> [u8; 32] {
    let mut codes = [0; 32];
    for (code, value) in codes.iter_mut().zip(values) {
        *code = (((value - min) * inverse_d + offset) as i32).clamp(0, limit) as u8;
    }
    codes
}

#[inline(always)]
fn nibbles(packed: &[u8; 16]) -> [u8; 32] {
    let mut codes = [0; 32];
    unpack_nibbles::<16>(packed, &mut codes);
    codes
}

#[inline(always)]
fn five_bits(packed: &[u8; 16], fifth: &[u8; 4]) -> [u8; 32] {
    let fifth = u32::from_le_bytes(*fifth);
    let mut codes = nibbles(packed);
    for (at, code) in codes.iter_mut().enumerate() {
        *code |= (((fifth >> at) & 1) << 4) as u8;
    }
    codes
}

#[inline(always)]
fn put_fifth_bits(block: &mut [u8], offset: usize, codes: &[u8; 32]) {
    let fifth = codes
        .iter()
        .rev()
        .fold(0u32, |bits, code| (bits << 1) | u32::from(code >> 4));
    block[offset..offset + 4].copy_from_slice(&fifth.to_le_bytes());
}
