//! AVX2 with VNNI: four products of an unsigned and a signed byte and their sum are one instruction.

#![allow(
    unsafe_code,
    reason = "instructions of one CPU, behind a token that proves them"
)]
#![allow(clippy::needless_range_loop, reason = "an array of registers")]

use super::*;

avx2_level! {
    /// The token of AVX2 with VNNI.
    Avx2Vnni, "avx2,fma,f16c,avxvnni"
}

/// The methods, compiled with the level's instructions: AVX2's, but for the products.
mod ops {
    use super::{MAX_OFFSET, Quads, start_shift};
    // What is declared here goes before what is imported.
    pub(super) use crate::simd::avx2::ops::*;
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    #[inline]
    pub(super) fn starter(_: &[i8; 16], sum: i32) -> i32 {
        -MAX_OFFSET * sum
    }

    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    #[inline]
    pub(super) fn start<const OFFSET: i32>(start: i32) -> Quads {
        let v = match OFFSET {
            0 => _mm256_setzero_si256(),
            _ => _mm256_set1_epi32(start >> start_shift(OFFSET)),
        };
        (v, v)
    }

    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    #[inline]
    pub(super) fn dot_four<const MAX: i32, const OFFSET: i32>(
        sum: Quads,
        w: &[Quads; 4],
        x: &[i8; 16],
    ) -> Quads {
        let mut sum = sum;
        for i in 0..4 {
            let x = splat_quad(&x.as_chunks().0[i]);
            sum.0 = _mm256_dpbusd_avx_epi32(sum.0, w[i].0, x);
            sum.1 = _mm256_dpbusd_avx_epi32(sum.1, w[i].1, x);
        }
        sum
    }

    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    #[inline]
    pub(super) fn dot_first<const MAX: i32, const OFFSET: i32>(
        sum: Quads,
        w: &[Quads; 8],
        x: &[i8; 32],
    ) -> Quads {
        dot_four::<MAX, OFFSET>(sum, &w.as_chunks().0[0], &x.as_chunks().0[0])
    }

    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    #[inline]
    pub(super) fn dot_second<const MAX: i32, const OFFSET: i32>(
        first: Quads,
        w: &[Quads; 8],
        x: &[i8; 32],
    ) -> Quads {
        dot_four::<MAX, OFFSET>(first, &w.as_chunks().0[1], &x.as_chunks().0[1])
    }
}
