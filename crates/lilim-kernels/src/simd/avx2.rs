//! The AVX2 levels: sixteen lanes are two registers. They differ in how they multiply bytes.

#![allow(
    unsafe_code,
    reason = "instructions of one CPU, behind a token that proves them"
)]

use super::{Chunk, LANES, MAX_OFFSET, Op, Simd, forward_to_ops, start_shift};
use crate::level::Level;
use std::arch::x86_64::{__m128i, __m256, __m256i, _MM_HINT_T1, _mm_prefetch};

mod quads;
pub(crate) mod vnni;

/// Lanes 0 to 7 and 8 to 15.
type Halves = (__m256, __m256);

/// The same lanes, of four bytes each or of i32.
type Quads = (__m256i, __m256i);

/// Declares the token of a level whose methods are in a module `ops`.
macro_rules! avx2_level {
    ($(#[$doc:meta])* $token:ident, $features:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) struct $token(());

        impl Simd for $token {
            const LEVEL: Level = Level::$token;
            const SIDE_BY_SIDE: bool = true;
            const WIDE: bool = false;
            const IN_TURNS: bool = true;
            type F = Halves;
            type B = __m128i;
            type Quads = Quads;
            type Ints = Quads;
            type Affine = (Halves, Halves);
            type Table = (Halves, __m128i);

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
            fn starter(self, x: &[i8; LANES], sum: i32) -> i32 {
                // SAFETY: the token proves that the machine has the instructions.
                unsafe { ops::starter(x, sum) }
            }

            #[inline(always)]
            fn dot_first<const MAX: i32, const OFFSET: i32>(
                self,
                sum: Quads,
                w: &[Quads; 8],
                x: &[i8; 32],
            ) -> Quads {
                // SAFETY: the token proves that the machine has the instructions.
                unsafe { ops::dot_first::<MAX, OFFSET>(sum, w, x) }
            }

            #[inline(always)]
            fn dot_second<const MAX: i32, const OFFSET: i32>(
                self,
                first: Quads,
                w: &[Quads; 8],
                x: &[i8; 32],
            ) -> Quads {
                // SAFETY: the token proves that the machine has the instructions.
                unsafe { ops::dot_second::<MAX, OFFSET>(first, w, x) }
            }

            #[inline(always)]
            fn prefetch<T: ?Sized>(self, at: &T, distance: usize) {
                let line = std::ptr::from_ref(at).cast::<u8>().wrapping_add(distance);
                // SAFETY: the instruction is a hint; it never faults, whatever the address.
                unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) }
            }
        }
    };
}
use avx2_level;

avx2_level! {
    /// The token of AVX2 alone.
    Avx2, "avx2,fma,f16c"
}

/// The methods, compiled with the level's instructions.
mod ops {
    pub(super) use super::quads::*;
    use super::{Chunk, Halves, LANES};
    use std::arch::x86_64::*;

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
        pub(super) fn splat(value: f32) -> Halves {
            (_mm256_set1_ps(value), _mm256_set1_ps(value))
        }

        pub(super) fn halves(low: Halves, high: Halves) -> Halves {
            (low.0, high.1)
        }

        pub(super) fn splat_f16(bits: u16) -> Halves {
            let v = _mm256_cvtph_ps(_mm_set1_epi16(bits as i16));
            (v, v)
        }

        pub(super) fn load(src: &Chunk) -> Halves {
            let (low, high) = src.split_at(LANES / 2);
            // SAFETY: `low` is 32 readable bytes.
            let low = unsafe { _mm256_loadu_ps(low.as_ptr()) };
            // SAFETY: `high` is 32 readable bytes.
            let high = unsafe { _mm256_loadu_ps(high.as_ptr()) };
            (low, high)
        }

        pub(super) fn store(v: Halves, dst: &mut Chunk) {
            let (low, high) = dst.split_at_mut(LANES / 2);
            // SAFETY: `low` is 32 writable bytes.
            unsafe { _mm256_storeu_ps(low.as_mut_ptr(), v.0) }
            // SAFETY: `high` is 32 writable bytes.
            unsafe { _mm256_storeu_ps(high.as_mut_ptr(), v.1) }
        }

        pub(super) fn load_f32(src: &[u8; 64]) -> Halves {
            let (low, high) = src.split_at(32);
            // SAFETY: `low` is 32 readable bytes; the load asks for no alignment.
            let low = unsafe { _mm256_loadu_ps(low.as_ptr().cast()) };
            // SAFETY: `high` is 32 readable bytes; the load asks for no alignment.
            let high = unsafe { _mm256_loadu_ps(high.as_ptr().cast()) };
            (low, high)
        }

        /// Twice eight 16-bit values.
        fn load_words(src: &[u8; 32]) -> (__m128i, __m128i) {
            let (low, high) = src.split_at(16);
            // SAFETY: `low` is 16 readable bytes; the load asks for no alignment.
            let low = unsafe { _mm_loadu_si128(low.as_ptr().cast()) };
            // SAFETY: `high` is 16 readable bytes; the load asks for no alignment.
            let high = unsafe { _mm_loadu_si128(high.as_ptr().cast()) };
            (low, high)
        }

        pub(super) fn load_f16(src: &[u8; 32]) -> Halves {
            let words = load_words(src);
            (_mm256_cvtph_ps(words.0), _mm256_cvtph_ps(words.1))
        }

        /// Eight bf16 as f32.
        fn from_bf16(words: __m128i) -> __m256 {
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(words)))
        }

        pub(super) fn load_bf16(src: &[u8; 32]) -> Halves {
            let words = load_words(src);
            (from_bf16(words.0), from_bf16(words.1))
        }

        pub(super) fn store_f16(v: Halves, dst: &mut [u8; 32]) {
            let (low, high) = dst.split_at_mut(16);
            let words = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(v.0);
            // SAFETY: `low` is 16 writable bytes; the store asks for no alignment.
            unsafe { _mm_storeu_si128(low.as_mut_ptr().cast(), words) }
            let words = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(v.1);
            // SAFETY: `high` is 16 writable bytes; the store asks for no alignment.
            unsafe { _mm_storeu_si128(high.as_mut_ptr().cast(), words) }
        }

        pub(super) fn add(a: Halves, b: Halves) -> Halves {
            (_mm256_add_ps(a.0, b.0), _mm256_add_ps(a.1, b.1))
        }

        pub(super) fn sub(a: Halves, b: Halves) -> Halves {
            (_mm256_sub_ps(a.0, b.0), _mm256_sub_ps(a.1, b.1))
        }

        pub(super) fn mul(a: Halves, b: Halves) -> Halves {
            (_mm256_mul_ps(a.0, b.0), _mm256_mul_ps(a.1, b.1))
        }

        pub(super) fn div(a: Halves, b: Halves) -> Halves {
            (_mm256_div_ps(a.0, b.0), _mm256_div_ps(a.1, b.1))
        }

        pub(super) fn fma(a: Halves, b: Halves, c: Halves) -> Halves {
            (_mm256_fmadd_ps(a.0, b.0, c.0), _mm256_fmadd_ps(a.1, b.1, c.1))
        }

        pub(super) fn max(a: Halves, b: Halves) -> Halves {
            (_mm256_max_ps(a.0, b.0), _mm256_max_ps(a.1, b.1))
        }

        pub(super) fn min(a: Halves, b: Halves) -> Halves {
            (_mm256_min_ps(a.0, b.0), _mm256_min_ps(a.1, b.1))
        }

        pub(super) fn abs(a: Halves) -> Halves {
            let sign = _mm256_set1_ps(-0.0);
            (_mm256_andnot_ps(sign, a.0), _mm256_andnot_ps(sign, a.1))
        }

        pub(super) fn with_sign(magnitude: Halves, sign: Halves) -> Halves {
            let bit = _mm256_set1_ps(-0.0);
            (
                _mm256_or_ps(magnitude.0, _mm256_and_ps(sign.0, bit)),
                _mm256_or_ps(magnitude.1, _mm256_and_ps(sign.1, bit)),
            )
        }

        pub(super) fn select_lt(a: Halves, b: Halves, x: Halves, y: Halves) -> Halves {
            (
                _mm256_blendv_ps(y.0, x.0, _mm256_cmp_ps::<_CMP_LT_OQ>(a.0, b.0)),
                _mm256_blendv_ps(y.1, x.1, _mm256_cmp_ps::<_CMP_LT_OQ>(a.1, b.1)),
            )
        }

        pub(super) fn keep_first(a: Halves, n: usize) -> Halves {
            let n = _mm256_set1_epi32(n as i32);
            let low = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let high = _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15);
            (
                _mm256_and_ps(a.0, _mm256_castsi256_ps(_mm256_cmpgt_epi32(n, low))),
                _mm256_and_ps(a.1, _mm256_castsi256_ps(_mm256_cmpgt_epi32(n, high))),
            )
        }

        /// [`pow2`] of eight values.
        fn pow2_half(a: __m256) -> __m256 {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(a), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        }

        pub(super) fn pow2(a: Halves) -> Halves {
            (pow2_half(a.0), pow2_half(a.1))
        }

        pub(super) fn sum(a: Halves) -> f32 {
            let v = _mm256_add_ps(a.0, a.1);
            let v = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let v = _mm_add_ps(v, _mm_movehl_ps(v, v));
            _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)))
        }

        pub(super) fn load_bytes(src: &[u8; LANES]) -> __m128i {
            // SAFETY: `src` is 16 readable bytes; the load asks for no alignment.
            unsafe { _mm_loadu_si128(src.as_ptr().cast()) }
        }

        pub(super) fn splat_byte(value: u8) -> __m128i {
            _mm_set1_epi8(value as i8)
        }

        pub(super) fn and(a: __m128i, b: __m128i) -> __m128i {
            _mm_and_si128(a, b)
        }

        pub(super) fn or(a: __m128i, b: __m128i) -> __m128i {
            _mm_or_si128(a, b)
        }

        pub(super) fn sub_bytes(a: __m128i, b: __m128i) -> __m128i {
            _mm_sub_epi8(a, b)
        }

        pub(super) fn shr<const N: i32>(a: __m128i) -> __m128i {
            _mm_and_si128(_mm_srli_epi16::<N>(a), _mm_set1_epi8((0xff_u8 >> N) as i8))
        }

        pub(super) fn shl<const N: i32>(a: __m128i) -> __m128i {
            _mm_and_si128(_mm_slli_epi16::<N>(a), _mm_set1_epi8((0xff_u8 << N) as i8))
        }

        pub(super) fn spread_bits(bits: u16) -> __m128i {
            // Eight copies of each byte; of each copy another bit.
            let place = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
            let copies = _mm_shuffle_epi8(_mm_set1_epi16(bits as i16), place);
            let bit = _mm_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
            _mm_cmpeq_epi8(_mm_and_si128(copies, bit), bit)
        }

        pub(super) fn widen_u8(a: __m128i) -> Halves {
            let high = _mm_unpackhi_epi64(a, a);
            (
                _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(a)),
                _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(high)),
            )
        }

        pub(super) fn widen_i8(a: __m128i) -> Halves {
            let high = _mm_unpackhi_epi64(a, a);
            (
                _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(a)),
                _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(high)),
            )
        }

        pub(super) fn affine(d: Halves, m: Halves) -> (Halves, Halves) {
            (d, m)
        }

        pub(super) fn nibbles(
            low: (Halves, Halves),
            high: (Halves, Halves),
            a: __m128i,
        ) -> (Halves, Halves) {
            let low_q = widen_u8(_mm_and_si128(a, _mm_set1_epi8(15)));
            (fma(low_q, low.0, low.1), fma(widen_u8(shr::<4>(a)), high.0, high.1))
        }

        pub(super) fn table(d: Halves, values: &'static [i8; 16]) -> (Halves, __m128i) {
            // SAFETY: `values` is 16 readable bytes; the load asks for no alignment.
            (d, unsafe { _mm_loadu_si128(values.as_ptr().cast()) })
        }

        pub(super) fn nibbles_of(table: (Halves, __m128i), a: __m128i) -> (Halves, Halves) {
            let low = _mm_shuffle_epi8(table.1, _mm_and_si128(a, _mm_set1_epi8(15)));
            let high = _mm_shuffle_epi8(table.1, shr::<4>(a));
            (mul(widen_i8(low), table.0), mul(widen_i8(high), table.0))
        }
    }
}
