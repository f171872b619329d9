//! The NEON levels: sixteen lanes are four registers. They differ in how they multiply bytes.

#![allow(
    unsafe_code,
    reason = "instructions of one CPU, behind a token that proves them"
)]
#![allow(clippy::needless_range_loop, reason = "an array of registers")]

use super::{Chunk, LANES, Op, Simd, forward_to_ops, start_shift};
use crate::level::Level;
use std::arch::aarch64::{float32x4_t, int8x16_t, int32x4_t, uint8x16_t};

pub(crate) mod dotprod;
pub(crate) mod i8mm;
mod quads;

/// Lanes 0 to 3, 4 to 7, 8 to 11 and 12 to 15.
type Quarters = [float32x4_t; 4];

/// The same lanes, of four bytes each.
type Quads = [uint8x16_t; 4];

/// The same lanes, of i32.
type Ints = [int32x4_t; 4];

/// Declares the token of a level whose methods are in a module `ops`.
macro_rules! neon_level {
    ($(#[$doc:meta])* $token:ident, $features:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) struct $token(());

        impl Simd for $token {
            const LEVEL: Level = Level::$token;
            const SIDE_BY_SIDE: bool = true;
            const WIDE: bool = false;
            type F = Quarters;
            type B = uint8x16_t;
            type Quads = Quads;
            type Ints = Ints;
            type Affine = (Quarters, Quarters);
            type Table = (Quarters, int8x16_t);

            unsafe fn assume() -> Self {
                Self(())
            }

            #[inline(always)]
            fn run<O: Op>(self, op: O) -> O::Output {
                #[target_feature(enable = $features)]
                fn compiled<O: Op>(s: $token, op: O) -> O::Output {
                    op.run(s)
                }
                // SAFETY: the token proves that the machine has the instructions.
                unsafe { compiled(self, op) }
            }

            forward_to_ops!();

            #[inline(always)]
            fn prefetch<T: ?Sized>(self, at: &T, distance: usize) {
                let line = std::ptr::from_ref(at).cast::<u8>().wrapping_add(distance);
                // SAFETY: the instruction is a hint; it never faults, whatever the address.
                unsafe {
                    std::arch::asm!(
                        "prfm pldl2keep, [{line}]",
                        line = in(reg) line,
                        options(nostack, readonly, preserves_flags),
                    );
                }
            }
        }
    };
}
use neon_level;

neon_level! {
    /// The token of NEON alone.
    Neon, "neon"
}

/// The methods, compiled with the level's instructions.
mod ops {
    pub(super) use super::quads::*;
    use super::{Chunk, LANES, Quarters};
    use lilim_formats::blocks::f16_to_f32;
    use std::arch::aarch64::*;

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

    /// Applies an expression to each quarter.
    macro_rules! quarters {
        ($q:ident => $value:expr) => {{
            let mut out = [vdupq_n_f32(0.0); 4];
            for $q in 0..4 {
                out[$q] = $value;
            }
            out
        }};
    }

    compiled! {
        pub(super) fn splat(value: f32) -> Quarters {
            [vdupq_n_f32(value); 4]
        }

        pub(super) fn halves(low: Quarters, high: Quarters) -> Quarters {
            [low[0], low[1], high[2], high[3]]
        }

        pub(super) fn splat_f16(bits: u16) -> Quarters {
            splat(f16_to_f32(bits))
        }

        pub(super) fn load(src: &Chunk) -> Quarters {
            let parts = src.as_chunks::<4>().0;
            // SAFETY: each part is 16 readable bytes.
            quarters!(q => unsafe { vld1q_f32(parts[q].as_ptr()) })
        }

        pub(super) fn store(v: Quarters, dst: &mut Chunk) {
            for (v, dst) in v.into_iter().zip(dst.as_chunks_mut::<4>().0) {
                // SAFETY: `dst` is 16 writable bytes.
                unsafe { vst1q_f32(dst.as_mut_ptr(), v) }
            }
        }

        pub(super) fn load_f32(src: &[u8; 64]) -> Quarters {
            let parts = src.as_chunks::<16>().0;
            // SAFETY: each part is 16 readable bytes; the load asks for no alignment.
            quarters!(q => vreinterpretq_f32_u8(unsafe { vld1q_u8(parts[q].as_ptr()) }))
        }

        pub(super) fn load_f16(src: &[u8; 32]) -> Quarters {
            let parts = src.as_chunks::<8>().0;
            // SAFETY: each part is 8 readable bytes.
            quarters!(q => vcvt_f32_f16(vreinterpret_f16_u8(unsafe { vld1_u8(parts[q].as_ptr()) })))
        }

        pub(super) fn load_bf16(src: &[u8; 32]) -> Quarters {
            let parts = src.as_chunks::<8>().0;
            quarters!(q => {
                // SAFETY: each part is 8 readable bytes.
                let words = vreinterpret_u16_u8(unsafe { vld1_u8(parts[q].as_ptr()) });
                vreinterpretq_f32_u32(vshll_n_u16::<16>(words))
            })
        }

        pub(super) fn store_f16(v: Quarters, dst: &mut [u8; 32]) {
            for (v, dst) in v.into_iter().zip(dst.as_chunks_mut::<8>().0) {
                let words = vreinterpret_u8_f16(vcvt_f16_f32(v));
                // SAFETY: `dst` is 8 writable bytes.
                unsafe { vst1_u8(dst.as_mut_ptr(), words) }
            }
        }

        pub(super) fn add(a: Quarters, b: Quarters) -> Quarters {
            quarters!(q => vaddq_f32(a[q], b[q]))
        }

        pub(super) fn sub(a: Quarters, b: Quarters) -> Quarters {
            quarters!(q => vsubq_f32(a[q], b[q]))
        }

        pub(super) fn mul(a: Quarters, b: Quarters) -> Quarters {
            quarters!(q => vmulq_f32(a[q], b[q]))
        }

        pub(super) fn div(a: Quarters, b: Quarters) -> Quarters {
            quarters!(q => vdivq_f32(a[q], b[q]))
        }

        pub(super) fn fma(a: Quarters, b: Quarters, c: Quarters) -> Quarters {
            quarters!(q => vfmaq_f32(c[q], a[q], b[q]))
        }

        // By comparison: the instructions for maxima treat NaN and zeros in their own way.
        pub(super) fn max(a: Quarters, b: Quarters) -> Quarters {
            select_lt(b, a, a, b)
        }

        pub(super) fn min(a: Quarters, b: Quarters) -> Quarters {
            select_lt(a, b, a, b)
        }

        pub(super) fn abs(a: Quarters) -> Quarters {
            quarters!(q => vabsq_f32(a[q]))
        }

        pub(super) fn with_sign(magnitude: Quarters, sign: Quarters) -> Quarters {
            quarters!(q => vbslq_f32(vdupq_n_u32(0x8000_0000), sign[q], magnitude[q]))
        }

        pub(super) fn select_lt(a: Quarters, b: Quarters, x: Quarters, y: Quarters) -> Quarters {
            quarters!(q => vbslq_f32(vcltq_f32(a[q], b[q]), x[q], y[q]))
        }

        pub(super) fn keep_first(a: Quarters, n: usize) -> Quarters {
            let mut values = [0.0; LANES];
            store(a, &mut values);
            values[n.min(LANES)..].fill(0.0);
            load(&values)
        }

        pub(super) fn pow2(a: Quarters) -> Quarters {
            quarters!(q => {
                let exponent = vaddq_s32(vcvtq_s32_f32(a[q]), vdupq_n_s32(127));
                vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
            })
        }

        pub(super) fn sum(a: Quarters) -> f32 {
            let v = vaddq_f32(vaddq_f32(a[0], a[2]), vaddq_f32(a[1], a[3]));
            let v = vadd_f32(vget_low_f32(v), vget_high_f32(v));
            vget_lane_f32::<0>(v) + vget_lane_f32::<1>(v)
        }

        pub(super) fn load_bytes(src: &[u8; LANES]) -> uint8x16_t {
            // SAFETY: `src` is 16 readable bytes.
            unsafe { vld1q_u8(src.as_ptr()) }
        }

        pub(super) fn splat_byte(value: u8) -> uint8x16_t {
            vdupq_n_u8(value)
        }

        pub(super) fn and(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            vandq_u8(a, b)
        }

        pub(super) fn or(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            vorrq_u8(a, b)
        }

        pub(super) fn sub_bytes(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            vsubq_u8(a, b)
        }

        pub(super) fn shr<const N: i32>(a: uint8x16_t) -> uint8x16_t {
            vshrq_n_u8::<N>(a)
        }

        pub(super) fn shl<const N: i32>(a: uint8x16_t) -> uint8x16_t {
            vshlq_n_u8::<N>(a)
        }

        pub(super) fn spread_bits(bits: u16) -> uint8x16_t {
            // Eight copies of each byte; of each copy another bit.
            let [low, high] = bits.to_le_bytes();
            let copies = vcombine_u8(vdup_n_u8(low), vdup_n_u8(high));
            let bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201));
            vtstq_u8(copies, bit)
        }

        pub(super) fn widen_u8(a: uint8x16_t) -> Quarters {
            let (low, high) = (vmovl_u8(vget_low_u8(a)), vmovl_high_u8(a));
            [
                vcvtq_f32_u32(vmovl_u16(vget_low_u16(low))),
                vcvtq_f32_u32(vmovl_high_u16(low)),
                vcvtq_f32_u32(vmovl_u16(vget_low_u16(high))),
                vcvtq_f32_u32(vmovl_high_u16(high)),
            ]
        }

        pub(super) fn widen_i8(a: uint8x16_t) -> Quarters {
            let a = vreinterpretq_s8_u8(a);
            let (low, high) = (vmovl_s8(vget_low_s8(a)), vmovl_high_s8(a));
            [
                vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))),
                vcvtq_f32_s32(vmovl_high_s16(low)),
                vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))),
                vcvtq_f32_s32(vmovl_high_s16(high)),
            ]
        }

        pub(super) fn affine(d: Quarters, m: Quarters) -> (Quarters, Quarters) {
            (d, m)
        }

        pub(super) fn nibbles(
            low: (Quarters, Quarters),
            high: (Quarters, Quarters),
            a: uint8x16_t,
        ) -> (Quarters, Quarters) {
            let low_q = widen_u8(vandq_u8(a, vdupq_n_u8(15)));
            (fma(low_q, low.0, low.1), fma(widen_u8(vshrq_n_u8::<4>(a)), high.0, high.1))
        }

        pub(super) fn table(d: Quarters, values: &'static [i8; 16]) -> (Quarters, int8x16_t) {
            // SAFETY: `values` is 16 readable bytes.
            (d, unsafe { vld1q_s8(values.as_ptr()) })
        }

        pub(super) fn nibbles_of(
            table: (Quarters, int8x16_t),
            a: uint8x16_t,
        ) -> (Quarters, Quarters) {
            let low = vqtbl1q_s8(table.1, vandq_u8(a, vdupq_n_u8(15)));
            let high = vqtbl1q_s8(table.1, vshrq_n_u8::<4>(a));
            (
                mul(widen_i8(vreinterpretq_u8_s8(low)), table.0),
                mul(widen_i8(vreinterpretq_u8_s8(high)), table.0),
            )
        }
    }
}
