//! NEON with i8mm: four products of an unsigned and a signed byte and their sum are one instruction.

#![allow(
    unsafe_code,
    reason = "instructions of one CPU, behind a token that proves them"
)]
#![allow(clippy::needless_range_loop, reason = "an array of registers")]

use super::*;

neon_level! {
    /// The token of NEON with i8mm.
    NeonI8mm, "neon,i8mm"
}

/// The methods, compiled with the level's instructions: NEON's, but for the products.
mod ops {
    use super::{Ints, Quads, start_shift};
    // What is declared here goes before what is imported.
    pub(super) use crate::simd::neon::ops::*;
    use std::arch::aarch64::*;
    use std::arch::asm;

    #[target_feature(enable = "neon,i8mm")]
    #[inline]
    pub(super) fn start<const OFFSET: i32>(start: i32) -> Ints {
        match OFFSET {
            0 => [vdupq_n_s32(0); 4],
            _ => [vdupq_n_s32(start >> start_shift(OFFSET)); 4],
        }
    }

    #[target_feature(enable = "neon,i8mm")]
    #[inline]
    pub(super) fn dot_four<const MAX: i32, const OFFSET: i32>(
        sum: Ints,
        w: &[Quads; 4],
        x: &[i8; 16],
    ) -> Ints {
        let x = load_signed(x);
        let mut out = sum;
        for q in 0..4 {
            let sum = usdot::<0>(sum[q], w[0][q], x);
            let sum = usdot::<1>(sum, w[1][q], x);
            let sum = usdot::<2>(sum, w[2][q], x);
            out[q] = usdot::<3>(sum, w[3][q], x);
        }
        out
    }

    /// Adds to each lane of `sum` the products of its four bytes of `w` with those of lane `LANE`
    /// of `x`. The intrinsic is not stable.
    #[target_feature(enable = "neon,i8mm")]
    #[inline]
    fn usdot<const LANE: u32>(sum: int32x4_t, w: uint8x16_t, x: int8x16_t) -> int32x4_t {
        let mut sum = sum;
        // SAFETY: the instruction changes this register alone, and the level has it.
        unsafe {
            asm!(
                "usdot {sum:v}.4s, {w:v}.16b, {x:v}.4b[{lane}]",
                sum = inlateout(vreg) sum,
                w = in(vreg) w,
                x = in(vreg) x,
                lane = const LANE,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sum
    }
}
