//! The AVX2 levels' sixteen lanes of four bytes: rows 0 to 7 in one register, 8 to 15 in another.

#![allow(clippy::needless_range_loop, reason = "arrays of registers")]

use super::{Halves, LANES, MAX_OFFSET, Quads};
use std::arch::x86_64::*;

/// Steps whose products with small weights [`dot_first`](super::Simd::dot_first) sums: with those
/// of the others, the scales and the minimums still fit in registers.
const FIRST: usize = 5;

/// The largest offset with which sums of pairs of `(w - offset) * x` over four steps fit in 16 bits.
const PAIR_OFFSET: i32 = 32;
const _: () = assert!(fits::<PAIR_OFFSET>(4));

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

/// Whether sums of pairs of products over so many steps fit in 16 bits.
const fn fits<const MAX: i32>(n_steps: i32) -> bool {
    n_steps * 2 * 127 * MAX <= i16::MAX as i32
}

compiled! {
    pub(super) fn top_magnitude(a: Halves, b: Halves) -> f32 {
        // As whole numbers magnitudes have the same order, with NaN above all.
        let bits = |v| _mm256_and_si256(_mm256_castps_si256(v), _mm256_set1_epi32(i32::MAX));
        let v = _mm256_max_epi32(bits(a.0), bits(a.1));
        let v = _mm256_max_epi32(v, _mm256_max_epi32(bits(b.0), bits(b.1)));
        let v = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
        let v = _mm_max_epi32(v, _mm_shuffle_epi32::<0b01_00_11_10>(v));
        let v = _mm_max_epi32(v, _mm_shuffle_epi32::<0b10_11_00_01>(v));
        _mm_cvtss_f32(_mm_castsi128_ps(v))
    }

    pub(super) fn store_i8(a: Halves, dst: &mut [i8; LANES]) -> i32 {
        let words = _mm256_packs_epi32(_mm256_cvtps_epi32(a.0), _mm256_cvtps_epi32(a.1));
        // Packing interleaves the halves of both.
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
        let (low, high) = (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
        let bytes = _mm_packs_epi16(low, high);
        // SAFETY: `dst` is 16 writable bytes; the store asks for no alignment.
        unsafe { _mm_storeu_si128(dst.as_mut_ptr().cast(), bytes) }
        // Flipping the top bit adds 128 to each.
        let sums = _mm_sad_epu8(_mm_xor_si128(bytes, _mm_set1_epi8(-128)), _mm_setzero_si128());
        _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums))) - 16 * 128
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

    pub(super) fn sub_quads(a: Quads, b: Quads) -> Quads {
        (_mm256_sub_epi8(a.0, b.0), _mm256_sub_epi8(a.1, b.1))
    }

    pub(super) fn shr_quads(a: Quads, n: i32) -> Quads {
        let n = _mm_cvtsi32_si128(n);
        (_mm256_srl_epi16(a.0, n), _mm256_srl_epi16(a.1, n))
    }

    pub(super) fn shl_quads(a: Quads, n: i32) -> Quads {
        let n = _mm_cvtsi32_si128(n);
        (_mm256_sll_epi16(a.0, n), _mm256_sll_epi16(a.1, n))
    }

    pub(super) fn lookup(table: &'static [u8; 16], a: Quads) -> Quads {
        // SAFETY: `table` is 16 readable bytes; the load asks for no alignment.
        let table = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) });
        (_mm256_shuffle_epi8(table, a.0), _mm256_shuffle_epi8(table, a.1))
    }

    pub(super) fn fifth_bits(a: Quads, step: usize) -> Quads {
        // The byte of each lane that has the step's bits, in all four.
        let lanes = _mm_setr_epi32(0, 0x0404_0404, 0x0808_0808, 0x0c0c_0c0c);
        let byte = _mm256_set1_epi8((step / 2) as i8);
        let from = _mm256_add_epi8(_mm256_broadcastsi128_si256(lanes), byte);
        let bits = if step.is_multiple_of(2) { 0x0804_0201_u32 } else { 0x8040_2010 };
        let bits = _mm256_set1_epi32(bits as i32);
        (set_bits(a.0, from, bits), set_bits(a.1, from, bits))
    }

    /// 16 where a byte has its bit, else 0.
    fn set_bits(a: __m256i, from: __m256i, bits: __m256i) -> __m256i {
        let found = _mm256_and_si256(_mm256_shuffle_epi8(a, from), bits);
        _mm256_and_si256(_mm256_cmpeq_epi8(found, bits), _mm256_set1_epi8(16))
    }

    fn to_f32(a: Quads) -> Halves {
        (_mm256_cvtepi32_ps(a.0), _mm256_cvtepi32_ps(a.1))
    }

    pub(super) fn byte(a: Quads, n: usize) -> Halves {
        let n = _mm_cvtsi32_si128(8 * n as i32);
        let mask = _mm256_set1_epi32(0xff);
        let shifted = (_mm256_srl_epi32(a.0, n), _mm256_srl_epi32(a.1, n));
        to_f32(and_quads(shifted, (mask, mask)))
    }

    pub(super) fn signed_byte(a: Quads, n: usize) -> Halves {
        let n = _mm_cvtsi32_si128(24 - 8 * n as i32);
        let top = (_mm256_sll_epi32(a.0, n), _mm256_sll_epi32(a.1, n));
        to_f32((_mm256_srai_epi32::<24>(top.0), _mm256_srai_epi32::<24>(top.1)))
    }

    pub(super) fn half(a: Quads, n: usize) -> Halves {
        let n = _mm_cvtsi32_si128(16 * n as i32);
        let mask = _mm256_set1_epi32(0xffff);
        let low = _mm256_and_si256(_mm256_srl_epi32(a.0, n), mask);
        let high = _mm256_and_si256(_mm256_srl_epi32(a.1, n), mask);
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(low, high));
        (
            _mm256_cvtph_ps(_mm256_castsi256_si128(words)),
            _mm256_cvtph_ps(_mm256_extracti128_si256::<1>(words)),
        )
    }

    /// Sums of pairs, of the even ones and of the odd ones, times `-PAIR_OFFSET`: 16 bits each.
    pub(super) fn starter(x: &[i8; 16], _: i32) -> i32 {
        // SAFETY: `x` is 16 readable bytes; the load asks for no alignment.
        let x = unsafe { _mm_loadu_si128(x.as_ptr().cast()) };
        let pairs = _mm_maddubs_epi16(_mm_set1_epi8(PAIR_OFFSET as i8), x);
        let pairs = _mm_add_epi16(pairs, _mm_shuffle_epi32::<0b01_00_11_10>(pairs));
        let pairs = _mm_add_epi16(pairs, _mm_shuffle_epi32::<0b10_11_00_01>(pairs));
        _mm_cvtsi128_si32(_mm_sub_epi16(_mm_setzero_si128(), pairs))
    }

    /// Sums of pairs in 16 bits; nothing where weights are taken as signed.
    pub(super) fn start<const OFFSET: i32>(start: i32) -> Quads {
        let v = match OFFSET {
            0 | MAX_OFFSET => _mm256_setzero_si256(),
            _ => {
                let shift = _mm_cvtsi32_si128((PAIR_OFFSET / OFFSET).ilog2() as i32);
                _mm256_sra_epi16(_mm256_set1_epi32(start), shift)
            }
        };
        (v, v)
    }

    pub(super) fn dot_four<const MAX: i32, const OFFSET: i32>(
        sum: Quads,
        w: &[Quads; 4],
        x: &[i8; 16],
    ) -> Quads {
        let (x, _) = x.as_chunks();
        let x = [splat_quad(&x[0]), splat_quad(&x[1]), splat_quad(&x[2]), splat_quad(&x[3])];
        if OFFSET == MAX_OFFSET {
            let low = dot_signed([w[0].0, w[1].0, w[2].0, w[3].0], x);
            let high = dot_signed([w[0].1, w[1].1, w[2].1, w[3].1], x);
            return add_ints(sum, (low, high));
        }
        let low = pairs_of_four([w[0].0, w[1].0, w[2].0, w[3].0], x);
        let high = pairs_of_four([w[0].1, w[1].1, w[2].1, w[3].1], x);
        if OFFSET == 0 {
            const { assert!(OFFSET > 0 || fits::<MAX>(4)) };
            return add_ints(sum, (widen(low), widen(high)));
        }
        // The sums of `w * x` may not fit in 16 bits. Those of `(w - OFFSET) * x` do, and are what
        // remains, since whole numbers wrap around and back.
        const { assert!(OFFSET == 0 || OFFSET == MAX_OFFSET || MAX < 2 * OFFSET && OFFSET <= PAIR_OFFSET) };
        (
            widen(_mm256_add_epi16(sum.0, low)),
            widen(_mm256_add_epi16(sum.1, high)),
        )
    }

    pub(super) fn dot_first<const MAX: i32, const OFFSET: i32>(
        sum: Quads,
        w: &[Quads; 8],
        x: &[i8; 32],
    ) -> Quads {
        if fits::<MAX>(8) {
            return pair_sums::<0, FIRST>(w, x);
        }
        dot_four::<MAX, OFFSET>(sum, &w.as_chunks().0[0], &x.as_chunks().0[0])
    }

    pub(super) fn dot_second<const MAX: i32, const OFFSET: i32>(
        first: Quads,
        w: &[Quads; 8],
        x: &[i8; 32],
    ) -> Quads {
        if fits::<MAX>(8) {
            const { assert!(!fits::<MAX>(8) || OFFSET == 0, "sums that start from nothing") };
            let second = pair_sums::<FIRST, 8>(w, x);
            return (
                widen(_mm256_add_epi16(first.0, second.0)),
                widen(_mm256_add_epi16(first.1, second.1)),
            );
        }
        dot_four::<MAX, OFFSET>(first, &w.as_chunks().0[1], &x.as_chunks().0[1])
    }

    /// Sums of pairs in 16 bits over some steps.
    fn pair_sums<const FROM: usize, const TO: usize>(w: &[Quads; 8], x: &[i8; 32]) -> Quads {
        let (x, _) = x.as_chunks();
        let quad = splat_quad(&x[FROM]);
        let mut low = _mm256_maddubs_epi16(w[FROM].0, quad);
        let mut high = _mm256_maddubs_epi16(w[FROM].1, quad);
        for i in FROM + 1..TO {
            let quad = splat_quad(&x[i]);
            low = _mm256_add_epi16(low, _mm256_maddubs_epi16(w[i].0, quad));
            high = _mm256_add_epi16(high, _mm256_maddubs_epi16(w[i].1, quad));
        }
        (low, high)
    }

    fn add_ints(a: Quads, b: Quads) -> Quads {
        (_mm256_add_epi32(a.0, b.0), _mm256_add_epi32(a.1, b.1))
    }

    /// Four bytes in every lane.
    pub(super) fn splat_quad(x: &[i8; 4]) -> __m256i {
        _mm256_set1_epi32(i32::from_le_bytes(x.map(|x| x as u8)))
    }

    /// Pairs of 16-bit sums, added.
    fn widen(pairs: __m256i) -> __m256i {
        _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))
    }

    /// Sums of pairs in 16 bits.
    fn pairs_of_two(w: [__m256i; 2], x: [__m256i; 2]) -> __m256i {
        let (a, b) = (_mm256_maddubs_epi16(w[0], x[0]), _mm256_maddubs_epi16(w[1], x[1]));
        _mm256_add_epi16(a, b)
    }

    fn pairs_of_four(w: [__m256i; 4], x: [__m256i; 4]) -> __m256i {
        let ab = pairs_of_two([w[0], w[1]], [x[0], x[1]]);
        _mm256_add_epi16(ab, pairs_of_two([w[2], w[3]], [x[2], x[3]]))
    }

    /// Bytes of weights 128 above: their signs are moved to `x`.
    fn dot_signed(w: [__m256i; 4], x: [__m256i; 4]) -> __m256i {
        let a = widen(signed_pairs(w[0], x[0]));
        let b = widen(signed_pairs(w[1], x[1]));
        let c = widen(signed_pairs(w[2], x[2]));
        let d = widen(signed_pairs(w[3], x[3]));
        _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d))
    }

    fn signed_pairs(w: __m256i, x: __m256i) -> __m256i {
        let w = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
        _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w))
    }

    pub(super) fn load_ints(src: &[i32; LANES]) -> Quads {
        let (halves, _) = src.as_chunks::<8>();
        // SAFETY: 32 readable bytes; the load asks for no alignment.
        let low = unsafe { _mm256_loadu_si256(halves[0].as_ptr().cast()) };
        // SAFETY: as above.
        let high = unsafe { _mm256_loadu_si256(halves[1].as_ptr().cast()) };
        (low, high)
    }

    pub(super) fn whole(a: Quads) -> Halves {
        to_f32(a)
    }
}
