//! The AVX-512 level: sixteen lanes are one register.

#![allow(
    unsafe_code,
    reason = "instructions of one CPU, behind a token that proves them"
)]

use super::{Chunk, LANES, MAX_OFFSET, Op, Simd, forward_to_ops};
use crate::level::Level;
use std::arch::x86_64::{__m128i, __m512, __m512i, _MM_HINT_T1, _mm_prefetch};

/// The AVX-512 level's token.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Simd for Avx512 {
    const LEVEL: Level = Level::Avx512;
    const SIDE_BY_SIDE: bool = true;
    const WIDE: bool = true;
    type F = __m512;
    type B = __m128i;
    type Quads = __m512i;
    type Ints = __m512i;
    // Both are the sixteen results, of which a permutation by the nibbles chooses.
    type Affine = __m512;
    type Table = __m512;

    unsafe fn assume() -> Self {
        Self(())
    }

    #[inline(always)]
    fn run<O: Op>(self, op: O) -> O::Output {
        #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
        fn compiled<O: Op>(s: Avx512, op: O) -> O::Output {
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
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) }
    }

    #[inline(always)]
    fn sum_four(self, a: [__m512; 4]) -> [f32; 4] {
        // SAFETY: the token proves that the machine has the instructions.
        unsafe { ops::sum_four(a) }
    }

    #[inline(always)]
    fn load_first(self, src: &[f32]) -> __m512 {
        // SAFETY: the token proves that the machine has the instructions.
        unsafe { ops::load_first(src) }
    }
}

/// The methods, compiled with the level's instructions.
mod ops {
    use super::{Chunk, LANES, MAX_OFFSET};
    use std::arch::x86_64::*;

    /// Declares functions compiled with the level's instructions.
    macro_rules! compiled {
        ($($item:item)*) => {
            $(
                #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
                #[inline]
                $item
            )*
        };
    }

    compiled! {
        pub(super) fn splat(value: f32) -> __m512 {
            _mm512_set1_ps(value)
        }

        pub(super) fn halves(low: __m512, high: __m512) -> __m512 {
            _mm512_mask_blend_ps(0xff00, low, high)
        }

        pub(super) fn splat_f16(bits: u16) -> __m512 {
            _mm512_cvtph_ps(_mm256_set1_epi16(bits as i16))
        }

        pub(super) fn load(src: &Chunk) -> __m512 {
            // SAFETY: `src` is 64 readable bytes.
            unsafe { _mm512_loadu_ps(src.as_ptr()) }
        }

        pub(super) fn load_first(src: &[f32]) -> __m512 {
            let mask = first(src.len());
            // SAFETY: only the lanes below `src.len()` are read (`first` leaves the others out).
            unsafe { _mm512_maskz_loadu_ps(mask, src.as_ptr()) }
        }

        pub(super) fn store(v: __m512, dst: &mut Chunk) {
            // SAFETY: `dst` is 64 writable bytes.
            unsafe { _mm512_storeu_ps(dst.as_mut_ptr(), v) }
        }

        pub(super) fn load_f32(src: &[u8; 64]) -> __m512 {
            // SAFETY: `src` is 64 readable bytes; the load asks for no alignment.
            unsafe { _mm512_loadu_ps(src.as_ptr().cast()) }
        }

        /// Sixteen 16-bit values.
        fn load_words(src: &[u8; 32]) -> __m256i {
            // SAFETY: `src` is 32 readable bytes; the load asks for no alignment.
            unsafe { _mm256_loadu_si256(src.as_ptr().cast()) }
        }

        pub(super) fn load_f16(src: &[u8; 32]) -> __m512 {
            _mm512_cvtph_ps(load_words(src))
        }

        pub(super) fn load_bf16(src: &[u8; 32]) -> __m512 {
            let wide = _mm512_cvtepu16_epi32(load_words(src));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide))
        }

        pub(super) fn store_f16(v: __m512, dst: &mut [u8; 32]) {
            let words = _mm512_cvtps_ph::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(v);
            // SAFETY: `dst` is 32 writable bytes; the store asks for no alignment.
            unsafe { _mm256_storeu_si256(dst.as_mut_ptr().cast(), words) }
        }

        pub(super) fn add(a: __m512, b: __m512) -> __m512 {
            _mm512_add_ps(a, b)
        }

        pub(super) fn sub(a: __m512, b: __m512) -> __m512 {
            _mm512_sub_ps(a, b)
        }

        pub(super) fn mul(a: __m512, b: __m512) -> __m512 {
            _mm512_mul_ps(a, b)
        }

        pub(super) fn div(a: __m512, b: __m512) -> __m512 {
            _mm512_div_ps(a, b)
        }

        pub(super) fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
            _mm512_fmadd_ps(a, b, c)
        }

        pub(super) fn max(a: __m512, b: __m512) -> __m512 {
            _mm512_max_ps(a, b)
        }

        pub(super) fn min(a: __m512, b: __m512) -> __m512 {
            _mm512_min_ps(a, b)
        }

        pub(super) fn abs(a: __m512) -> __m512 {
            _mm512_abs_ps(a)
        }

        pub(super) fn with_sign(magnitude: __m512, sign: __m512) -> __m512 {
            _mm512_or_ps(magnitude, _mm512_and_ps(sign, _mm512_set1_ps(-0.0)))
        }

        pub(super) fn select_lt(a: __m512, b: __m512, x: __m512, y: __m512) -> __m512 {
            _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), y, x)
        }

        /// The mask of the first `n` lanes; all of them from sixteen on.
        fn first(n: usize) -> __mmask16 {
            if n < LANES { (1 << n) - 1 } else { __mmask16::MAX }
        }

        pub(super) fn keep_first(a: __m512, n: usize) -> __m512 {
            _mm512_maskz_mov_ps(first(n), a)
        }

        pub(super) fn pow2(a: __m512) -> __m512 {
            let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(a), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
        }

        pub(super) fn sum(a: __m512) -> f32 {
            let v = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps::<1>(a));
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
            _mm_movm_epi8(bits)
        }

        pub(super) fn widen_u8(a: __m128i) -> __m512 {
            _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(a))
        }

        pub(super) fn widen_i8(a: __m128i) -> __m512 {
            _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(a))
        }

        pub(super) fn affine(d: __m512, m: __m512) -> __m512 {
            let q = _mm512_setr_ps(
                0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0,
                8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0,
            );
            _mm512_fmadd_ps(q, d, m)
        }

        pub(super) fn nibbles(low: __m512, high: __m512, a: __m128i) -> (__m512, __m512) {
            // The permutation looks at the low four bits of a lane only.
            let wide = _mm512_cvtepu8_epi32(a);
            let shifted = _mm512_srli_epi32::<4>(wide);
            (_mm512_permutexvar_ps(wide, low), _mm512_permutexvar_ps(shifted, high))
        }

        pub(super) fn table(d: __m512, values: &'static [i8; 16]) -> __m512 {
            // SAFETY: `values` is 16 readable bytes; the load asks for no alignment.
            let values = unsafe { _mm_loadu_si128(values.as_ptr().cast()) };
            _mm512_mul_ps(widen_i8(values), d)
        }

        pub(super) fn nibbles_of(table: __m512, a: __m128i) -> (__m512, __m512) {
            nibbles(table, table, a)
        }

        pub(super) fn top_magnitude(a: __m512, b: __m512) -> f32 {
            // As whole numbers magnitudes have the same order, with NaN above all.
            let bits = |v| _mm512_castps_si512(_mm512_abs_ps(v));
            f32::from_bits(_mm512_reduce_max_epu32(_mm512_max_epu32(bits(a), bits(b))))
        }

        pub(super) fn store_i8(a: __m512, dst: &mut [i8; LANES]) -> i32 {
            let bytes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(a));
            // SAFETY: `dst` is 16 writable bytes; the store asks for no alignment.
            unsafe { _mm_storeu_si128(dst.as_mut_ptr().cast(), bytes) }
            // Flipping the top bit adds 128 to each.
            let sums = _mm_sad_epu8(_mm_xor_si128(bytes, _mm_set1_epi8(-128)), _mm_setzero_si128());
            _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums))) - 16 * 128
        }

        pub(super) fn sum_four([a, b, c, d]: [__m512; 4]) -> [f32; 4] {
            // Quarters of two are brought together, so that every addition has full registers.
            let fold = |a, b| {
                let low = _mm512_shuffle_f32x4::<0b01_00_01_00>(a, b);
                _mm512_add_ps(low, _mm512_shuffle_f32x4::<0b11_10_11_10>(a, b))
            };
            let (ab, cd) = (fold(a, b), fold(c, d));
            let even = _mm512_shuffle_f32x4::<0b10_00_10_00>(ab, cd);
            let v = _mm512_add_ps(even, _mm512_shuffle_f32x4::<0b11_01_11_01>(ab, cd));
            let v = _mm512_add_ps(v, _mm512_permute_ps::<0b01_00_11_10>(v));
            let v = _mm512_add_ps(v, _mm512_permute_ps::<0b10_11_00_01>(v));
            let first = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            let sums = _mm512_castps512_ps128(_mm512_permutexvar_ps(first, v));
            let mut out = [0.0; 4];
            // SAFETY: `out` is 16 writable bytes; the store asks for no alignment.
            unsafe { _mm_storeu_ps(out.as_mut_ptr(), sums) }
            out
        }

        pub(super) fn load_quads(src: &[u8; 64]) -> __m512i {
            // SAFETY: `src` is 64 readable bytes; the load asks for no alignment.
            unsafe { _mm512_loadu_si512(src.as_ptr().cast()) }
        }

        pub(super) fn store_quads(a: __m512i, dst: &mut [u8; 64]) {
            // SAFETY: `dst` is 64 writable bytes; the store asks for no alignment.
            unsafe { _mm512_storeu_si512(dst.as_mut_ptr().cast(), a) }
        }

        pub(super) fn splat_quads(value: u8) -> __m512i {
            _mm512_set1_epi8(value as i8)
        }

        pub(super) fn and_quads(a: __m512i, b: __m512i) -> __m512i {
            _mm512_and_si512(a, b)
        }

        pub(super) fn or_quads(a: __m512i, b: __m512i) -> __m512i {
            _mm512_or_si512(a, b)
        }

        pub(super) fn xor_quads(a: __m512i, b: __m512i) -> __m512i {
            _mm512_xor_si512(a, b)
        }

        pub(super) fn sub_quads(a: __m512i, b: __m512i) -> __m512i {
            _mm512_sub_epi8(a, b)
        }

        pub(super) fn shr_quads(a: __m512i, n: i32) -> __m512i {
            _mm512_srl_epi16(a, _mm_cvtsi32_si128(n))
        }

        pub(super) fn shl_quads(a: __m512i, n: i32) -> __m512i {
            _mm512_sll_epi16(a, _mm_cvtsi32_si128(n))
        }

        pub(super) fn lookup(table: &'static [u8; 16], a: __m512i) -> __m512i {
            // SAFETY: `table` is 16 readable bytes; the load asks for no alignment.
            let table = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
            _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), a)
        }

        pub(super) fn fifth_bits(a: __m512i, step: usize) -> __m512i {
            // The byte of each lane that has the step's bits, in all four.
            let lanes = _mm_setr_epi32(0, 0x0404_0404, 0x0808_0808, 0x0c0c_0c0c);
            let byte = _mm512_set1_epi8((step / 2) as i8);
            let from = _mm512_add_epi8(_mm512_broadcast_i32x4(lanes), byte);
            let bits = if step.is_multiple_of(2) { 0x0804_0201_u32 } else { 0x8040_2010 };
            let bits = _mm512_set1_epi32(bits as i32);
            let is_set = _mm512_test_epi8_mask(_mm512_shuffle_epi8(a, from), bits);
            _mm512_maskz_set1_epi8(is_set, 16)
        }

        pub(super) fn byte(a: __m512i, n: usize) -> __m512 {
            let shifted = _mm512_srl_epi32(a, _mm_cvtsi32_si128(8 * n as i32));
            _mm512_cvtepi32_ps(_mm512_and_si512(shifted, _mm512_set1_epi32(0xff)))
        }

        pub(super) fn signed_byte(a: __m512i, n: usize) -> __m512 {
            let top = _mm512_sll_epi32(a, _mm_cvtsi32_si128(24 - 8 * n as i32));
            _mm512_cvtepi32_ps(_mm512_srai_epi32::<24>(top))
        }

        pub(super) fn half(a: __m512i, n: usize) -> __m512 {
            let shifted = _mm512_srl_epi32(a, _mm_cvtsi32_si128(16 * n as i32));
            _mm512_cvtph_ps(_mm512_cvtepi32_epi16(shifted))
        }

        pub(super) fn start<const OFFSET: i32>(start: i32) -> __m512i {
            if OFFSET == 0 {
                return _mm512_setzero_si512();
            }
            // Not a shift: the compiler would broadcast those of a whole tile at once, and then
            // has too few registers (Q6_K: 12.2 cycles a row and block, 13.4 as a shift).
            _mm512_set1_epi32(start / (MAX_OFFSET / OFFSET))
        }

        pub(super) fn dot_four<const MAX: i32, const OFFSET: i32>(
            sum: __m512i,
            w: &[__m512i; 4],
            x: &[i8; 16],
        ) -> __m512i {
            let sum = _mm512_dpbusd_epi32(sum, w[0], splat_quad(x, 0));
            let sum = _mm512_dpbusd_epi32(sum, w[1], splat_quad(x, 4));
            let sum = _mm512_dpbusd_epi32(sum, w[2], splat_quad(x, 8));
            _mm512_dpbusd_epi32(sum, w[3], splat_quad(x, 12))
        }

        /// The four bytes at `at` of `x` in every lane.
        fn splat_quad(x: &[i8; 16], at: usize) -> __m512i {
            let bytes = [x[at] as u8, x[at + 1] as u8, x[at + 2] as u8, x[at + 3] as u8];
            _mm512_set1_epi32(i32::from_le_bytes(bytes))
        }

        pub(super) fn load_ints(src: &[i32; LANES]) -> __m512i {
            // SAFETY: `src` is 64 readable bytes; the load asks for no alignment.
            unsafe { _mm512_loadu_si512(src.as_ptr().cast()) }
        }

        pub(super) fn whole(a: __m512i) -> __m512 {
            _mm512_cvtepi32_ps(a)
        }
    }
}
