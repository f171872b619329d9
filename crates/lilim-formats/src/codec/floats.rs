//! F32, F16 and BF16: one value at a time, nothing is searched.

use half::f16;

use crate::blocks::{bf16_to_f32, f16_to_f32};

/// Decodes an F32.
#[inline(always)]
pub fn decode_f32(bytes: &[u8; 4]) -> f32 {
    f32::from_le_bytes(*bytes)
}

/// Decodes an F16.
#[inline(always)]
pub fn decode_f16(bytes: &[u8; 2]) -> f32 {
    f16_to_f32(u16::from_le_bytes(*bytes))
}

/// Decodes a BF16.
#[inline(always)]
pub fn decode_bf16(bytes: &[u8; 2]) -> f32 {
    bf16_to_f32(u16::from_le_bytes(*bytes))
}

pub(super) fn encode_f32(value: f32) -> [u8; 4] {
    value.to_le_bytes()
}

/// Rounds to nearest, ties to even; what lies beyond 65,504 becomes an infinity.
pub(super) fn encode_f16(value: f32) -> [u8; 2] {
    f16::from_f32(value).to_le_bytes()
}

/// Rounds to nearest, ties to even; NaNs become quiet and keep the upper half of their payload.
pub(super) fn encode_bf16(value: f32) -> [u8; 2] {
    let bits = value.to_bits();
    if value.is_nan() {
        return ((bits >> 16) as u16 | 0x40).to_le_bytes();
    }
    let round = 0x7fff + ((bits >> 16) & 1);
    (((bits + round) >> 16) as u16).to_le_bytes()
}
