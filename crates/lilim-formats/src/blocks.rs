//! Layouts of quantized blocks: lengths, field offsets, tables and scale packing, in one place.
//!
//! The codecs of this crate and the kernels read the same bytes, so neither writes an offset or a
//! table of its own. Each type has a module: `LEN` weights lie in `BYTES` bytes, and every other
//! constant is the offset of a field from the block's first byte. Multi-byte fields are
//! little-endian; nothing is aligned.
//!
//! Source: the layouts are those of GGUF files as `gguf.quants` (Python) reads them.

/// Weights in a super-block of the K and IQ4_XS types.
pub const SUPER_LEN: usize = 256;

/// Bytes of the packed scales and mins of Q4_K and Q5_K, and of the packed scales of Q3_K.
pub const PACKED_SCALES: usize = 12;

/// 32 weights, 4 bits each: `d * (q - 8)`.
pub mod q4_0 {
    /// Weights in a block.
    pub const LEN: usize = 32;
    /// f16 scale.
    pub const D: usize = 0;
    /// 16 bytes: weight `j` in the low half of byte `j`, weight `j + 16` in the high half.
    pub const QS: usize = 2;
    /// Bytes of a block.
    pub const BYTES: usize = QS + LEN / 2;
}

/// 32 weights, 4 bits each: `d * q + m`.
pub mod q4_1 {
    /// Weights in a block.
    pub const LEN: usize = 32;
    /// f16 scale.
    pub const D: usize = 0;
    /// f16 minimum.
    pub const M: usize = 2;
    /// 16 bytes: weight `j` in the low half of byte `j`, weight `j + 16` in the high half.
    pub const QS: usize = 4;
    /// Bytes of a block.
    pub const BYTES: usize = QS + LEN / 2;
}

/// 32 weights, 5 bits each: `d * (q - 16)`.
pub mod q5_0 {
    /// Weights in a block.
    pub const LEN: usize = 32;
    /// f16 scale.
    pub const D: usize = 0;
    /// u32: bit `j` is the fifth bit of weight `j`.
    pub const QH: usize = 2;
    /// 16 bytes: low four bits, weight `j` in the low half of byte `j`, `j + 16` in the high half.
    pub const QS: usize = 6;
    /// Bytes of a block.
    pub const BYTES: usize = QS + LEN / 2;
}

/// 32 weights, 5 bits each: `d * q + m`.
pub mod q5_1 {
    /// Weights in a block.
    pub const LEN: usize = 32;
    /// f16 scale.
    pub const D: usize = 0;
    /// f16 minimum.
    pub const M: usize = 2;
    /// u32: bit `j` is the fifth bit of weight `j`.
    pub const QH: usize = 4;
    /// 16 bytes: low four bits, weight `j` in the low half of byte `j`, `j + 16` in the high half.
    pub const QS: usize = 8;
    /// Bytes of a block.
    pub const BYTES: usize = QS + LEN / 2;
}

/// 32 weights, 8 bits each: `q * d`.
pub mod q8_0 {
    /// Weights in a block.
    pub const LEN: usize = 32;
    /// f16 scale.
    pub const D: usize = 0;
    /// 32 signed bytes.
    pub const QS: usize = 2;
    /// Bytes of a block.
    pub const BYTES: usize = QS + LEN;
}

/// 256 weights, 2 bits each, in 16 groups of 16: `(d * sc) * q - (dmin * m)`.
pub mod q2_k {
    /// Weights in a block.
    pub const LEN: usize = super::SUPER_LEN;
    /// Weights that share a scale and a min.
    pub const GROUP: usize = 16;
    /// 16 bytes: of each group the scale in the low half, the min in the high half.
    pub const SCALES: usize = 0;
    /// 64 bytes: weight `128 * h + 32 * s + l` lies in byte `32 * h + l` at bit `2 * s`.
    pub const QS: usize = 16;
    /// f16 scale of scales.
    pub const D: usize = 80;
    /// f16 scale of mins.
    pub const DMIN: usize = 82;
    /// Bytes of a block.
    pub const BYTES: usize = 84;
}

/// 256 weights, 3 bits each, in 16 groups of 16: `(d * (sc - 32)) * (q - 4)`.
pub mod q3_k {
    /// Weights in a block.
    pub const LEN: usize = super::SUPER_LEN;
    /// Weights that share a scale.
    pub const GROUP: usize = 16;
    /// 32 bytes: bit `b` of byte `l` is the third bit of weight `32 * b + l`.
    pub const HMASK: usize = 0;
    /// 64 bytes: low two bits; weight `128 * h + 32 * s + l` in byte `32 * h + l` at bit `2 * s`.
    pub const QS: usize = 32;
    /// 12 bytes, see [`super::q3_k_scales`].
    pub const SCALES: usize = 96;
    /// f16 scale of scales.
    pub const D: usize = 108;
    /// Bytes of a block.
    pub const BYTES: usize = 110;
}

/// 256 weights, 4 bits each, in 8 groups of 32: `(d * sc) * q - (dmin * m)`.
pub mod q4_k {
    /// Weights in a block.
    pub const LEN: usize = super::SUPER_LEN;
    /// Weights that share a scale and a min.
    pub const GROUP: usize = 32;
    /// f16 scale of scales.
    pub const D: usize = 0;
    /// f16 scale of mins.
    pub const DMIN: usize = 2;
    /// 12 bytes, see [`super::scales_mins`].
    pub const SCALES: usize = 4;
    /// 128 bytes: weight `64 * p + l` in the low half of byte `32 * p + l`, weight
    /// `64 * p + 32 + l` in its high half.
    pub const QS: usize = 16;
    /// Bytes of a block.
    pub const BYTES: usize = 144;
}

/// 256 weights, 5 bits each, in 8 groups of 32: `(d * sc) * q - (dmin * m)`.
pub mod q5_k {
    /// Weights in a block.
    pub const LEN: usize = super::SUPER_LEN;
    /// Weights that share a scale and a min.
    pub const GROUP: usize = 32;
    /// f16 scale of scales.
    pub const D: usize = 0;
    /// f16 scale of mins.
    pub const DMIN: usize = 2;
    /// 12 bytes, see [`super::scales_mins`].
    pub const SCALES: usize = 4;
    /// 32 bytes: bit `b` of byte `l` is the fifth bit of weight `32 * b + l`.
    pub const QH: usize = 16;
    /// 128 bytes: low four bits, placed as in Q4_K.
    pub const QS: usize = 48;
    /// Bytes of a block.
    pub const BYTES: usize = 176;
}

/// 256 weights, 6 bits each, in 16 groups of 16: `(d * sc) * (q - 32)`.
pub mod q6_k {
    /// Weights in a block.
    pub const LEN: usize = super::SUPER_LEN;
    /// Weights that share a scale.
    pub const GROUP: usize = 16;
    /// 128 bytes: low four bits. Weight `128 * h + 64 * s + l` with `l < 64` lies in byte
    /// `64 * h + l`, in its low half for `s = 0`, its high half for `s = 1`.
    pub const QL: usize = 0;
    /// 64 bytes: high two bits; weight `128 * h + 32 * s + l` in byte `32 * h + l` at bit `2 * s`.
    pub const QH: usize = 128;
    /// 16 signed bytes.
    pub const SCALES: usize = 192;
    /// f16 scale of scales.
    pub const D: usize = 208;
    /// Bytes of a block.
    pub const BYTES: usize = 210;
}

/// 32 weights, 4 bits each: `d * IQ4_VALUES[q]`.
pub mod iq4_nl {
    /// Weights in a block.
    pub const LEN: usize = 32;
    /// f16 scale.
    pub const D: usize = 0;
    /// 16 bytes: weight `j` in the low half of byte `j`, weight `j + 16` in the high half.
    pub const QS: usize = 2;
    /// Bytes of a block.
    pub const BYTES: usize = QS + LEN / 2;
}

/// 256 weights, 4 bits each, in 8 groups of 32: `(d * (sc - 32)) * IQ4_VALUES[q]`.
pub mod iq4_xs {
    /// Weights in a block.
    pub const LEN: usize = super::SUPER_LEN;
    /// Weights that share a scale.
    pub const GROUP: usize = 32;
    /// f16 scale of scales.
    pub const D: usize = 0;
    /// u16: high two bits of the scales, see [`super::iq4_xs_scales`].
    pub const SCALES_H: usize = 2;
    /// 4 bytes: low four bits of the scales.
    pub const SCALES_L: usize = 4;
    /// 128 bytes: of group `g`, weight `j` in the low half of byte `16 * g + j`, weight `j + 16`
    /// in its high half.
    pub const QS: usize = 8;
    /// Bytes of a block.
    pub const BYTES: usize = 136;
}

/// 32 weights, 4 bits each: `e8m0_half(e) * MXFP4_VALUES[q]`.
pub mod mxfp4 {
    /// Weights in a block.
    pub const LEN: usize = 32;
    /// One byte: the exponent, see [`super::e8m0_half`].
    pub const E: usize = 0;
    /// 16 bytes: weight `j` in the low half of byte `j`, weight `j + 16` in the high half.
    pub const QS: usize = 1;
    /// Bytes of a block.
    pub const BYTES: usize = QS + LEN / 2;
}

// Sizes that files hold; an offset above that is edited by mistake ends here.
const _: () = assert!(q4_0::BYTES == 18 && q4_1::BYTES == 20);
const _: () = assert!(q5_0::BYTES == 22 && q5_1::BYTES == 24 && q8_0::BYTES == 34);
const _: () = assert!(q2_k::D == q2_k::QS + 64 && q2_k::BYTES == q2_k::DMIN + 2);
const _: () = assert!(q3_k::SCALES == q3_k::QS + 64 && q3_k::D == q3_k::SCALES + PACKED_SCALES);
const _: () = assert!(q3_k::BYTES == q3_k::D + 2);
const _: () = assert!(q4_k::QS == q4_k::SCALES + PACKED_SCALES && q4_k::BYTES == q4_k::QS + 128);
const _: () = assert!(q5_k::QH == q5_k::SCALES + PACKED_SCALES && q5_k::QS == q5_k::QH + 32);
const _: () = assert!(q5_k::BYTES == q5_k::QS + 128);
const _: () = assert!(q6_k::QH == q6_k::QL + 128 && q6_k::SCALES == q6_k::QH + 64);
const _: () = assert!(q6_k::D == q6_k::SCALES + 16 && q6_k::BYTES == q6_k::D + 2);
const _: () = assert!(iq4_nl::BYTES == 18 && mxfp4::BYTES == 17);
const _: () = assert!(iq4_xs::QS == iq4_xs::SCALES_L + 4 && iq4_xs::BYTES == iq4_xs::QS + 128);

/// The sixteen steps of IQ4_NL and IQ4_XS, rising.
pub const IQ4_VALUES: [i8; 16] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
];

/// The sixteen values of MXFP4 (e2m1), doubled so that they are whole; the scale is halved.
/// Code 8 is plus zero, as the reference has it.
pub const MXFP4_VALUES: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/// Reads `N` bytes at `offset` of a block.
///
/// # Panics
/// When they do not lie in `block`: the offsets of this file always do.
#[inline(always)]
pub fn field<const N: usize>(block: &[u8], offset: usize) -> &[u8; N] {
    block[offset..]
        .first_chunk()
        .expect("the field's offset lies in the block")
}

/// Reads the f16 at `offset` of a block as f32.
///
/// # Panics
/// As [`field`].
#[inline(always)]
pub fn f16_at(block: &[u8], offset: usize) -> f32 {
    f16_to_f32(u16::from_le_bytes(*field(block, offset)))
}

/// Converts the bits of an f16 to f32, exactly; subnormals, infinities and NaN payloads (also
/// signalling ones) are kept, as numpy does. Hardware F16C quiets signalling NaNs.
#[inline(always)]
pub const fn f16_to_f32(bits: u16) -> f32 {
    // Moved to f32's place, the exponent lacks the difference of the two biases, 112; one exact
    // multiplication adds it and makes normal numbers of subnormals.
    const TWO_POW_112: f32 = f32::from_bits((127 + 112) << 23);
    let magnitude = (bits & 0x7fff) as u32;
    let sign = ((bits & 0x8000) as u32) << 16;
    let finite = (f32::from_bits(magnitude << 13) * TWO_POW_112).to_bits();
    let special = if magnitude >= 0x7c00 { 0x7f80_0000 } else { 0 };
    f32::from_bits(finite | special | sign)
}

/// Converts the bits of a bf16 to f32.
#[inline(always)]
pub const fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits((bits as u32) << 16)
}

/// Half of the power of two that an E8M0 exponent stands for: `2^(e - 128)`, also where that is
/// an f32 subnormal (`e` below 2).
#[inline(always)]
pub const fn e8m0_half(e: u8) -> f32 {
    f32::from_bits(if e < 2 {
        0x0020_0000 << e
    } else {
        (e as u32 - 1) << 23
    })
}

/// Unpacks the 6-bit scales and mins of the eight groups of Q4_K and Q5_K: `(scales, mins)`.
#[inline]
pub const fn scales_mins(packed: &[u8; PACKED_SCALES]) -> ([u8; 8], [u8; 8]) {
    let (mut scales, mut mins) = ([0; 8], [0; 8]);
    let mut group = 0;
    while group < 4 {
        let (low, high, shared) = (packed[group], packed[group + 4], packed[group + 8]);
        scales[group] = low & 63;
        mins[group] = high & 63;
        scales[group + 4] = (shared & 15) | ((low >> 6) << 4);
        mins[group + 4] = (shared >> 4) | ((high >> 6) << 4);
        group += 1;
    }
    (scales, mins)
}

/// Packs scales and mins below 64 as [`scales_mins`] reads them.
pub const fn pack_scales_mins(scales: &[u8; 8], mins: &[u8; 8]) -> [u8; PACKED_SCALES] {
    let mut packed = [0; PACKED_SCALES];
    let mut group = 0;
    while group < 4 {
        packed[group] = scales[group] | ((scales[group + 4] >> 4) << 6);
        packed[group + 4] = mins[group] | ((mins[group + 4] >> 4) << 6);
        packed[group + 8] = (scales[group + 4] & 15) | ((mins[group + 4] & 15) << 4);
        group += 1;
    }
    packed
}

/// Unpacks the sixteen 6-bit scales of Q3_K, the offset of 32 taken off.
#[inline]
pub const fn q3_k_scales(packed: &[u8; PACKED_SCALES]) -> [i8; 16] {
    let mut scales = [0; 16];
    let mut group = 0;
    while group < 16 {
        let low = (packed[group % 8] >> (4 * (group / 8))) & 15;
        let high = (packed[8 + group % 4] >> (2 * (group / 4))) & 3;
        scales[group] = (low | (high << 4)) as i8 - 32;
        group += 1;
    }
    scales
}

/// Packs scales from -32 to 31 as [`q3_k_scales`] reads them.
pub const fn pack_q3_k_scales(scales: &[i8; 16]) -> [u8; PACKED_SCALES] {
    let mut packed = [0; PACKED_SCALES];
    let mut group = 0;
    while group < 16 {
        let scale = (scales[group] + 32) as u8;
        packed[group % 8] |= (scale & 15) << (4 * (group / 8));
        packed[8 + group % 4] |= (scale >> 4) << (2 * (group / 4));
        group += 1;
    }
    packed
}

/// Unpacks the eight 6-bit scales of IQ4_XS, the offset of 32 taken off.
#[inline]
pub const fn iq4_xs_scales(high: u16, low: &[u8; 4]) -> [i8; 8] {
    let mut scales = [0; 8];
    let mut group = 0;
    while group < 8 {
        let low_bits = (low[group / 2] >> (4 * (group % 2))) & 15;
        let high_bits = ((high >> (2 * group)) & 3) as u8;
        scales[group] = (low_bits | (high_bits << 4)) as i8 - 32;
        group += 1;
    }
    scales
}

/// Packs scales from -32 to 31 as [`iq4_xs_scales`] reads them: `(high, low)`.
pub const fn pack_iq4_xs_scales(scales: &[i8; 8]) -> (u16, [u8; 4]) {
    let (mut high, mut low) = (0, [0; 4]);
    let mut group = 0;
    while group < 8 {
        let scale = (scales[group] + 32) as u8;
        low[group / 2] |= (scale & 15) << (4 * (group % 2));
        high |= ((scale >> 4) as u16) << (2 * group);
        group += 1;
    }
    (high, low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f16_conversion_agrees_with_half_for_all_bits() {
        for bits in 0..=u16::MAX {
            let (ours, theirs) = (f16_to_f32(bits), half::f16::from_bits(bits).to_f32());
            if theirs.is_nan() {
                assert!(ours.is_nan(), "{bits:04x}");
            } else {
                assert_eq!(ours.to_bits(), theirs.to_bits(), "{bits:04x}");
            }
        }
    }

    #[test]
    fn f16_conversion_keeps_signalling_nans() {
        assert_eq!(f16_to_f32(0x7c01).to_bits(), 0x7f80_2000);
        assert_eq!(f16_to_f32(0xfdff).to_bits(), 0xffbf_e000);
    }

    #[test]
    fn e8m0_half_is_half_the_power_of_two() {
        assert_eq!(e8m0_half(0), 2f32.powi(-128));
        assert_eq!(e8m0_half(1), 2f32.powi(-127));
        assert_eq!(e8m0_half(2), 2f32.powi(-126));
        assert_eq!(e8m0_half(128), 1.0);
        assert_eq!(e8m0_half(255), 2f32.powi(127));
    }

    /// Fills an array with different values below `limit`.
    fn sample<const N: usize>(seed: usize, limit: usize) -> [u8; N] {
        std::array::from_fn(|at| ((seed * 31 + at * 17 + at * at * 7) % limit) as u8)
    }

    #[test]
    fn packed_scales_come_back() {
        for seed in 0..64 {
            let (scales, mins) = (sample::<8>(seed, 64), sample::<8>(seed + 9, 64));
            let packed = pack_scales_mins(&scales, &mins);
            assert_eq!(scales_mins(&packed), (scales, mins));

            let signed = sample::<16>(seed, 64).map(|scale| scale as i8 - 32);
            assert_eq!(q3_k_scales(&pack_q3_k_scales(&signed)), signed);

            let signed = sample::<8>(seed, 64).map(|scale| scale as i8 - 32);
            let (high, low) = pack_iq4_xs_scales(&signed);
            assert_eq!(iq4_xs_scales(high, &low), signed);
        }
    }
}
