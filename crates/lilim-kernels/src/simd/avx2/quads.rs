//! The AVX2 level's sixteen lanes of four bytes: rows 0 to 7 in one register, 8 to 15 in another.

use super::{Halves, LANES, Rows16};
use std::arch::x86_64::*;

type Quads = (__m256i, __m256i);

/// Declares functions compiled with the level's instructions.
macro_rules! compiled {
    ($($item:item)*) => {
        $(
            #[target_feature(enable = "avx2,fma,f16c")]
            #[inline]
            $item
        )*
    };
}

compiled! {
    pub(super) fn top(a: Halves) -> f32 {
        let v = _mm256_max_ps(a.0, a.1);
        let v = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
        let v = _mm_max_ps(v, _mm_movehl_ps(v, v));
        _mm_cvtss_f32(_mm_max_ss(v, _mm_movehdup_ps(v)))
    }

    pub(super) fn store_i8(a: Halves, dst: &mut [i8; LANES]) {
        let words = _mm256_packs_epi32(_mm256_cvtps_epi32(a.0), _mm256_cvtps_epi32(a.1));
        // Packing interleaves the halves of both.
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
        let (low, high) = (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
        let bytes = _mm_packs_epi16(low, high);
        // SAFETY: `dst` is 16 writable bytes; the store asks for no alignment.
        unsafe { _mm_storeu_si128(dst.as_mut_ptr().cast(), bytes) }
    }

    fn load(src: &[u8; 32]) -> __m256i {
        // SAFETY: `src` is 32 readable bytes; the load asks for no alignment.
        unsafe { _mm256_loadu_si256(src.as_ptr().cast()) }
    }

    pub(super) fn load_quads(src: &[u8; 64]) -> Quads {
        let (halves, _) = src.as_chunks();
        (load(&halves[0]), load(&halves[1]))
    }

    pub(super) fn store_quads(a: Quads, dst: &mut [u8; 64]) {
        let (halves, _) = dst.as_chunks_mut::<32>();
        // SAFETY: 32 writable bytes; the store asks for no alignment.
        unsafe { _mm256_storeu_si256(halves[0].as_mut_ptr().cast(), a.0) }
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(halves[1].as_mut_ptr().cast(), a.1) }
    }

    pub(super) fn splat_quads(value: u8) -> Quads {
        let v = _mm256_set1_epi8(value as i8);
        (v, v)
    }

    pub(super) fn and_quads(a: Quads, b: Quads) -> Quads {
        (_mm256_and_si256(a.0, b.0), _mm256_and_si256(a.1, b.1))
    }

    pub(super) fn or_quads(a: Quads, b: Quads) -> Quads {
        (_mm256_or_si256(a.0, b.0), _mm256_or_si256(a.1, b.1))
    }

    pub(super) fn xor_quads(a: Quads, b: Quads) -> Quads {
        (_mm256_xor_si256(a.0, b.0), _mm256_xor_si256(a.1, b.1))
    }

    pub(super) fn shr_quads<const N: i32>(a: Quads) -> Quads {
        let mask = splat_quads(0xff_u8 >> N);
        and_quads((_mm256_srli_epi16::<N>(a.0), _mm256_srli_epi16::<N>(a.1)), mask)
    }

    pub(super) fn shl_quads<const N: i32>(a: Quads) -> Quads {
        let mask = splat_quads(0xff_u8 << N);
        and_quads((_mm256_slli_epi16::<N>(a.0), _mm256_slli_epi16::<N>(a.1)), mask)
    }

    /// The sixteen bytes at `a` and at `b`.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn two_rows(a: *const u8, b: *const u8) -> __m256i {
        // SAFETY: the caller promises that the bytes can be read.
        unsafe { _mm256_loadu2_m128i(b.cast(), a.cast()) }
    }

    /// Four quads of the eight rows that begin at `p`.
    ///
    /// # Safety
    /// Sixteen bytes are readable at each.
    unsafe fn eight_rows(p: &[*const u8; 8]) -> [__m256i; 4] {
        // SAFETY: the caller's promise.
        let a = unsafe { two_rows(p[0], p[4]) };
        // SAFETY: the caller's promise.
        let b = unsafe { two_rows(p[1], p[5]) };
        // SAFETY: the caller's promise.
        let c = unsafe { two_rows(p[2], p[6]) };
        // SAFETY: the caller's promise.
        let d = unsafe { two_rows(p[3], p[7]) };
        // Each half of a register is a square of four rows by four quads.
        let (ab, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
        let (cd, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
        [
            _mm256_unpacklo_epi64(ab, cd),
            _mm256_unpackhi_epi64(ab, cd),
            _mm256_unpacklo_epi64(ab_high, cd_high),
            _mm256_unpackhi_epi64(ab_high, cd_high),
        ]
    }

    pub(super) fn transpose(rows: &Rows16<'_>, at: usize) -> [Quads; 4] {
        let p = rows.sixteens(at);
        let (p, _) = p.as_chunks::<8>();
        // SAFETY: `sixteens` gives the starts of sixteen bytes each inside the rows.
        let low = unsafe { eight_rows(&p[0]) };
        // SAFETY: as above.
        let high = unsafe { eight_rows(&p[1]) };
        [(low[0], high[0]), (low[1], high[1]), (low[2], high[2]), (low[3], high[3])]
    }

    fn to_f32(a: Quads) -> Halves {
        (_mm256_cvtepi32_ps(a.0), _mm256_cvtepi32_ps(a.1))
    }

    pub(super) fn byte<const N: i32>(a: Quads) -> Halves {
        let n = _mm_cvtsi32_si128(8 * N);
        let mask = _mm256_set1_epi32(0xff);
        let shifted = (_mm256_srl_epi32(a.0, n), _mm256_srl_epi32(a.1, n));
        to_f32(and_quads(shifted, (mask, mask)))
    }

    pub(super) fn signed_byte<const N: i32>(a: Quads) -> Halves {
        let n = _mm_cvtsi32_si128(24 - 8 * N);
        let top = (_mm256_sll_epi32(a.0, n), _mm256_sll_epi32(a.1, n));
        to_f32((_mm256_srai_epi32::<24>(top.0), _mm256_srai_epi32::<24>(top.1)))
    }

    pub(super) fn half<const N: i32>(a: Quads) -> Halves {
        let n = _mm_cvtsi32_si128(16 * N);
        let mask = _mm256_set1_epi32(0xffff);
        let low = _mm256_and_si256(_mm256_srl_epi32(a.0, n), mask);
        let high = _mm256_and_si256(_mm256_srl_epi32(a.1, n), mask);
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(low, high));
        (
            _mm256_cvtph_ps(_mm256_castsi256_si128(words)),
            _mm256_cvtph_ps(_mm256_extracti128_si256::<1>(words)),
        )
    }

    /// The exact sums of one register's lanes.
    ///
    /// Products of pairs are summed in 16 bits, so many steps as `MAX * 127` allows, and only then
    /// widened. Weights of the whole byte are taken as signed ones, their signs moved to `x`.
    fn dot_register<const MAX: i32, const OFFSET: i32, const N: usize>(
        w: [__m256i; N],
        x: &[[i8; 4]],
        minus_sum: i32,
    ) -> __m256i {
        let ones = _mm256_set1_epi16(1);
        if OFFSET == 128 {
            let mut sum = _mm256_setzero_si256();
            for i in 0..N {
                let w = _mm256_xor_si256(w[i], _mm256_set1_epi8(-128));
                let x = _mm256_sign_epi8(splat_quad(x[i]), w);
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), x);
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
            }
            return sum;
        }
        let steps = (i16::MAX as i32 / (2 * 127 * MAX)) as usize;
        let mut sum = _mm256_set1_epi32(OFFSET * minus_sum);
        let mut i = 0;
        while i < N {
            let mut pairs = _mm256_maddubs_epi16(w[i], splat_quad(x[i]));
            let mut more = i + 1;
            while more < N && more < i + steps {
                let next = _mm256_maddubs_epi16(w[more], splat_quad(x[more]));
                pairs = _mm256_add_epi16(pairs, next);
                more += 1;
            }
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
            i = more;
        }
        sum
    }

    fn splat_quad(x: [i8; 4]) -> __m256i {
        _mm256_set1_epi32(i32::from_le_bytes(x.map(|x| x as u8)))
    }

    pub(super) fn dot_quads<
        const MAX: i32,
        const OFFSET: i32,
        const N: usize,
        const X: usize,
    >(
        w: &[Quads; N],
        x: &[i8; X],
        minus_sum: i32,
    ) -> Halves {
        let (x, _) = x.as_chunks::<4>();
        let low = dot_register::<MAX, OFFSET, N>(w.map(|w| w.0), x, minus_sum);
        to_f32((low, dot_register::<MAX, OFFSET, N>(w.map(|w| w.1), x, minus_sum)))
    }
}
