//! Moving 1-, 2- and 4-bit codes between one byte a code and the packed fields of a block.

use crate::blocks::SUPER_LEN;

/// Spreads nibbles: of every `HALF` bytes first the low halves, then the high halves.
#[inline(always)]
pub(super) fn unpack_nibbles<const HALF: usize>(packed: &[u8], codes: &mut [u8]) {
    for (bytes, codes) in packed
        .as_chunks::<HALF>()
        .0
        .iter()
        .zip(codes.chunks_exact_mut(2 * HALF))
    {
        let (low, high) = codes.split_at_mut(HALF);
        for ((byte, low), high) in bytes.iter().zip(low).zip(high) {
            *low = byte & 15;
            *high = byte >> 4;
        }
    }
}

/// Packs the low four bits of each code as [`unpack_nibbles`] reads them.
#[inline(always)]
pub(super) fn pack_nibbles<const HALF: usize>(codes: &[u8], packed: &mut [u8]) {
    for (bytes, codes) in packed
        .as_chunks_mut::<HALF>()
        .0
        .iter_mut()
        .zip(codes.chunks_exact(2 * HALF))
    {
        let (low, high) = codes.split_at(HALF);
        for ((byte, low), high) in bytes.iter_mut().zip(low).zip(high) {
            *byte = (low & 15) | (high << 4);
        }
    }
}

/// Spreads 2-bit codes: weight `128 * h + 32 * s + l` lies in byte `32 * h + l` at bit `2 * s`.
#[inline(always)]
pub(super) fn unpack_pairs(packed: &[u8; SUPER_LEN / 4], codes: &mut [u8; SUPER_LEN]) {
    for (bytes, codes) in packed
        .as_chunks::<32>()
        .0
        .iter()
        .zip(codes.as_chunks_mut::<128>().0)
    {
        for (shift, codes) in codes.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            for (byte, code) in bytes.iter().zip(codes) {
                *code = (byte >> (2 * shift)) & 3;
            }
        }
    }
}

/// Packs codes below 4 as [`unpack_pairs`] reads them.
#[inline(always)]
pub(super) fn pack_pairs(codes: &[u8; SUPER_LEN], packed: &mut [u8]) {
    for (bytes, codes) in packed
        .as_chunks_mut::<32>()
        .0
        .iter_mut()
        .zip(codes.as_chunks::<128>().0)
    {
        *bytes = [0; 32];
        for (shift, codes) in codes.as_chunks::<32>().0.iter().enumerate() {
            for (byte, code) in bytes.iter_mut().zip(codes) {
                *byte |= code << (2 * shift);
            }
        }
    }
}

/// Adds `weight` to the codes whose bit is set: bit `b` of byte `l` belongs to weight `32 * b + l`.
#[inline(always)]
pub(super) fn add_bit(packed: &[u8; SUPER_LEN / 8], weight: u8, codes: &mut [u8; SUPER_LEN]) {
    for (bit, codes) in codes.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        for (byte, code) in packed.iter().zip(codes) {
            *code += ((byte >> bit) & 1) * weight;
        }
    }
}

/// Packs bit `at` of each code as [`add_bit`] reads it.
#[inline(always)]
pub(super) fn pack_bit(codes: &[u8; SUPER_LEN], at: u32, packed: &mut [u8]) {
    packed.fill(0);
    for (bit, codes) in codes.as_chunks::<32>().0.iter().enumerate() {
        for (byte, code) in packed.iter_mut().zip(codes) {
            *byte |= ((code >> at) & 1) << bit;
        }
    }
}
