//! The NEON levels' sixteen lanes of four bytes: four rows in each of four registers.

use super::{LANES, Quads, Quarters, start_shift};
use std::arch::aarch64::*;

type Ints = [int32x4_t; 4];

/// Declares functions compiled with the level's instructions.
macro_rules! compiled {
    ($($item:item)*) => {
        $(
            #[target_feature(enable = "neon")]
            #[inline]
            $item
        )*
    };
}

/// Applies an expression to each quarter of some bytes.
macro_rules! quarters {
    ($q:ident => $value:expr) => {{
        let mut out = [vdupq_n_u8(0); 4];
        for $q in 0..4 {
            out[$q] = $value;
        }
        out
    }};
}

/// Applies an expression to each quarter and makes it f32.
macro_rules! floats {
    ($q:ident => $value:expr) => {{
        let mut out = [vdupq_n_f32(0.0); 4];
        for $q in 0..4 {
            out[$q] = $value;
        }
        out
    }};
}

compiled! {
    pub(super) fn top_magnitude(a: Quarters, b: Quarters) -> f32 {
        // These keep a NaN.
        let top = |a: Quarters| {
            let low = vmaxq_f32(vabsq_f32(a[0]), vabsq_f32(a[1]));
            vmaxq_f32(low, vmaxq_f32(vabsq_f32(a[2]), vabsq_f32(a[3])))
        };
        vmaxvq_f32(vmaxq_f32(top(a), top(b)))
    }

    pub(super) fn store_i8(a: Quarters, dst: &mut [i8; LANES]) -> i32 {
        let low = vcombine_s16(vmovn_s32(vcvtnq_s32_f32(a[0])), vmovn_s32(vcvtnq_s32_f32(a[1])));
        let high = vcombine_s16(vmovn_s32(vcvtnq_s32_f32(a[2])), vmovn_s32(vcvtnq_s32_f32(a[3])));
        let bytes = vcombine_s8(vmovn_s16(low), vmovn_s16(high));
        // SAFETY: `dst` is 16 writable bytes.
        unsafe { vst1q_s8(dst.as_mut_ptr(), bytes) }
        i32::from(vaddlvq_s8(bytes))
    }

    pub(super) fn load_quads(src: &[u8; 64]) -> Quads {
        let (parts, _) = src.as_chunks::<16>();
        // SAFETY: each part is 16 readable bytes.
        quarters!(q => unsafe { vld1q_u8(parts[q].as_ptr()) })
    }

    pub(super) fn store_quads(a: Quads, dst: &mut [u8; 64]) {
        for (a, dst) in a.into_iter().zip(dst.as_chunks_mut::<16>().0) {
            // SAFETY: `dst` is 16 writable bytes.
            unsafe { vst1q_u8(dst.as_mut_ptr(), a) }
        }
    }

    pub(super) fn splat_quads(value: u8) -> Quads {
        [vdupq_n_u8(value); 4]
    }

    pub(super) fn and_quads(a: Quads, b: Quads) -> Quads {
        quarters!(q => vandq_u8(a[q], b[q]))
    }

    pub(super) fn or_quads(a: Quads, b: Quads) -> Quads {
        quarters!(q => vorrq_u8(a[q], b[q]))
    }

    pub(super) fn xor_quads(a: Quads, b: Quads) -> Quads {
        quarters!(q => veorq_u8(a[q], b[q]))
    }

    pub(super) fn sub_quads(a: Quads, b: Quads) -> Quads {
        quarters!(q => vsubq_u8(a[q], b[q]))
    }

    pub(super) fn shr_quads(a: Quads, n: i32) -> Quads {
        let n = vdupq_n_s8(-n as i8);
        quarters!(q => vshlq_u8(a[q], n))
    }

    pub(super) fn shl_quads(a: Quads, n: i32) -> Quads {
        let n = vdupq_n_s8(n as i8);
        quarters!(q => vshlq_u8(a[q], n))
    }

    pub(super) fn lookup(table: &'static [u8; 16], a: Quads) -> Quads {
        // SAFETY: `table` is 16 readable bytes.
        let table = unsafe { vld1q_u8(table.as_ptr()) };
        quarters!(q => vqtbl1q_u8(table, a[q]))
    }

    pub(super) fn fifth_bits(a: Quads, step: usize) -> Quads {
        // The byte of each lane that has the step's bits, in all four.
        let lanes = [0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12];
        // SAFETY: `lanes` is 16 readable bytes.
        let lanes = unsafe { vld1q_u8(lanes.as_ptr()) };
        let from = vaddq_u8(lanes, vdupq_n_u8((step / 2) as u8));
        let bits = if step.is_multiple_of(2) { 0x0804_0201 } else { 0x8040_2010 };
        let bits = vreinterpretq_u8_u32(vdupq_n_u32(bits));
        quarters!(q => vandq_u8(vtstq_u8(vqtbl1q_u8(a[q], from), bits), vdupq_n_u8(16)))
    }

    pub(super) fn byte(a: Quads, n: usize) -> Quarters {
        let n = vdupq_n_s32(-(8 * n as i32));
        floats!(q => {
            let shifted = vshlq_u32(vreinterpretq_u32_u8(a[q]), n);
            vcvtq_f32_u32(vandq_u32(shifted, vdupq_n_u32(0xff)))
        })
    }

    pub(super) fn signed_byte(a: Quads, n: usize) -> Quarters {
        let n = vdupq_n_s32(24 - 8 * n as i32);
        floats!(q => {
            let top = vshlq_s32(vreinterpretq_s32_u8(a[q]), n);
            vcvtq_f32_s32(vshrq_n_s32::<24>(top))
        })
    }

    pub(super) fn half(a: Quads, n: usize) -> Quarters {
        floats!(q => {
            let lane = vreinterpretq_u32_u8(a[q]);
            let bits = if n == 0 { vmovn_u32(lane) } else { vshrn_n_u32::<16>(lane) };
            vcvt_f32_f16(vreinterpret_f16_u16(bits))
        })
    }

    pub(super) fn start<const OFFSET: i32>(start: i32) -> Ints {
        // Weights of the whole byte are taken as signed ones.
        match OFFSET {
            0 | 128 => [vdupq_n_s32(0); 4],
            _ => [vdupq_n_s32(start >> start_shift(OFFSET)); 4],
        }
    }

    pub(super) fn dot_four<const MAX: i32, const OFFSET: i32>(
        sum: Ints,
        w: &[Quads; 4],
        x: &[i8; 16],
    ) -> Ints {
        let x = vreinterpretq_s32_s8(load_signed(x));
        let x = [
            vreinterpretq_s8_s32(vdupq_laneq_s32::<0>(x)),
            vreinterpretq_s8_s32(vdupq_laneq_s32::<1>(x)),
            vreinterpretq_s8_s32(vdupq_laneq_s32::<2>(x)),
            vreinterpretq_s8_s32(vdupq_laneq_s32::<3>(x)),
        ];
        let mut out = sum;
        for q in 0..4 {
            let w = [
                signed::<OFFSET>(w[0][q]),
                signed::<OFFSET>(w[1][q]),
                signed::<OFFSET>(w[2][q]),
                signed::<OFFSET>(w[3][q]),
            ];
            out[q] = dot_quarter::<MAX>(sum[q], w, x);
        }
        out
    }

    /// Sixteen activations.
    pub(super) fn load_signed(x: &[i8; 16]) -> int8x16_t {
        // SAFETY: `x` is 16 readable bytes.
        unsafe { vld1q_s8(x.as_ptr()) }
    }

    /// The panel's bytes as signed ones: those of weights 128 above are their weights then, the
    /// others are under 128 and stay what they are.
    pub(super) fn signed<const OFFSET: i32>(w: uint8x16_t) -> int8x16_t {
        let flip = if OFFSET == 128 { 0x80 } else { 0 };
        vreinterpretq_s8_u8(veorq_u8(w, vdupq_n_u8(flip)))
    }

    /// Products are summed in 16 bits, as many steps as that allows, and only then widened.
    fn dot_quarter<const MAX: i32>(sum: int32x4_t, w: [int8x16_t; 4], x: [int8x16_t; 4]) -> int32x4_t {
        let [(a, a_high), (b, b_high)] = [two_steps([w[0], w[1]], [x[0], x[1]]), two_steps([w[2], w[3]], [x[2], x[3]])];
        const { assert!(MAX == 255 || 4 * 127 * MAX <= i16::MAX as i32, "four steps fit") };
        if MAX == 255 {
            let low = vpadalq_s16(vpaddlq_s16(a), b);
            let high = vpadalq_s16(vpaddlq_s16(a_high), b_high);
            return vaddq_s32(sum, vpaddq_s32(low, high));
        }
        let (low, high) = (vaddq_s16(a, b), vaddq_s16(a_high, b_high));
        if 2 * 4 * 127 * MAX <= i16::MAX as i32 {
            return vpadalq_s16(sum, vpaddq_s16(low, high));
        }
        vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)))
    }

    /// Products of two steps: of rows 0 and 1, of rows 2 and 3. Two of 128 times 127 fit.
    fn two_steps(w: [int8x16_t; 2], x: [int8x16_t; 2]) -> (int16x8_t, int16x8_t) {
        let low = vmull_s8(vget_low_s8(w[0]), vget_low_s8(x[0]));
        let high = vmull_high_s8(w[0], x[0]);
        (vmlal_s8(low, vget_low_s8(w[1]), vget_low_s8(x[1])), vmlal_high_s8(high, w[1], x[1]))
    }

    pub(super) fn load_ints(src: &[i32; LANES]) -> Ints {
        let (parts, _) = src.as_chunks::<4>();
        let mut out = [vdupq_n_s32(0); 4];
        for q in 0..4 {
            // SAFETY: each part is 16 readable bytes.
            out[q] = unsafe { vld1q_s32(parts[q].as_ptr()) };
        }
        out
    }

    pub(super) fn whole(a: Ints) -> Quarters {
        floats!(q => vcvtq_f32_s32(a[q]))
    }
}
