//! The reference level: sixteen lanes as an array, in plain Rust.

use super::{Chunk, LANES, Op, Simd};
use crate::level::Level;
use lilim_formats::blocks::{bf16_to_f32, f16_to_f32};

/// The reference level's token.
#[derive(Clone, Copy)]
pub(crate) struct Scalar;

/// Applies an expression to each lane.
macro_rules! lanes {
    ($lane:ident => $value:expr) => {{
        let mut out = [Default::default(); LANES];
        for ($lane, out) in out.iter_mut().enumerate() {
            *out = $value;
        }
        out
    }};
}

/// The little-endian u16 at index `lane`.
#[inline(always)]
fn u16_at(src: &[u8; 32], lane: usize) -> u16 {
    u16::from_le_bytes([src[2 * lane], src[2 * lane + 1]])
}

impl Simd for Scalar {
    const LEVEL: Level = Level::Reference;
    const SIDE_BY_SIDE: bool = false;
    const WIDE: bool = false;
    type F = Chunk;
    type B = [u8; LANES];
    type Quads = [u8; 64];
    type Ints = [i32; LANES];
    type Affine = (Chunk, Chunk);
    type Table = (Chunk, &'static [i8; 16]);

    #[allow(
        unsafe_code,
        reason = "declared so by the trait; nothing to promise here"
    )]
    unsafe fn assume() -> Self {
        Self
    }

    #[inline(always)]
    fn run<O: Op>(self, op: O) -> O::Output {
        op.run(self)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Chunk {
        [value; LANES]
    }

    #[inline(always)]
    fn halves(self, low: Chunk, high: Chunk) -> Chunk {
        lanes!(l => if l < LANES / 2 { low[l] } else { high[l] })
    }

    #[inline(always)]
    fn splat_f16(self, bits: u16) -> Chunk {
        [f16_to_f32(bits); LANES]
    }

    #[inline(always)]
    fn load(self, src: &Chunk) -> Chunk {
        *src
    }

    #[inline(always)]
    fn store(self, v: Chunk, dst: &mut Chunk) {
        *dst = v;
    }

    #[inline(always)]
    fn load_f32(self, src: &[u8; 64]) -> Chunk {
        lanes!(l => f32::from_le_bytes([src[4 * l], src[4 * l + 1], src[4 * l + 2], src[4 * l + 3]]))
    }

    #[inline(always)]
    fn load_f16(self, src: &[u8; 32]) -> Chunk {
        lanes!(l => f16_to_f32(u16_at(src, l)))
    }

    #[inline(always)]
    fn load_bf16(self, src: &[u8; 32]) -> Chunk {
        lanes!(l => bf16_to_f32(u16_at(src, l)))
    }

    #[inline(always)]
    fn store_f16(self, v: Chunk, dst: &mut [u8; 32]) {
        for (value, dst) in v.iter().zip(dst.as_chunks_mut::<2>().0) {
            *dst = half::f16::from_f32(*value).to_le_bytes();
        }
    }

    #[inline(always)]
    fn add(self, a: Chunk, b: Chunk) -> Chunk {
        lanes!(l => a[l] + b[l])
    }

    #[inline(always)]
    fn sub(self, a: Chunk, b: Chunk) -> Chunk {
        lanes!(l => a[l] - b[l])
    }

    #[inline(always)]
    fn mul(self, a: Chunk, b: Chunk) -> Chunk {
        lanes!(l => a[l] * b[l])
    }

    #[inline(always)]
    fn div(self, a: Chunk, b: Chunk) -> Chunk {
        lanes!(l => a[l] / b[l])
    }

    #[inline(always)]
    fn fma(self, a: Chunk, b: Chunk, c: Chunk) -> Chunk {
        lanes!(l => a[l].mul_add(b[l], c[l]))
    }

    #[inline(always)]
    fn max(self, a: Chunk, b: Chunk) -> Chunk {
        lanes!(l => if a[l] > b[l] { a[l] } else { b[l] })
    }

    #[inline(always)]
    fn min(self, a: Chunk, b: Chunk) -> Chunk {
        lanes!(l => if a[l] < b[l] { a[l] } else { b[l] })
    }

    #[inline(always)]
    fn abs(self, a: Chunk) -> Chunk {
        lanes!(l => a[l].abs())
    }

    #[inline(always)]
    fn with_sign(self, magnitude: Chunk, sign: Chunk) -> Chunk {
        lanes!(l => f32::from_bits(magnitude[l].to_bits() | (sign[l].to_bits() & 0x8000_0000)))
    }

    #[inline(always)]
    fn select_lt(self, a: Chunk, b: Chunk, x: Chunk, y: Chunk) -> Chunk {
        lanes!(l => if a[l] < b[l] { x[l] } else { y[l] })
    }

    #[inline(always)]
    fn keep_first(self, a: Chunk, n: usize) -> Chunk {
        lanes!(l => if l < n { a[l] } else { 0.0 })
    }

    #[inline(always)]
    fn pow2(self, a: Chunk) -> Chunk {
        lanes!(l => f32::from_bits(((a[l] as i32).wrapping_add(127) as u32) << 23))
    }

    #[inline(always)]
    fn sum(self, a: Chunk) -> f32 {
        let mut a = a;
        for width in [8, 4, 2, 1] {
            for l in 0..width {
                a[l] += a[l + width];
            }
        }
        a[0]
    }

    #[inline(always)]
    fn load_bytes(self, src: &[u8; LANES]) -> Self::B {
        *src
    }

    #[inline(always)]
    fn splat_byte(self, value: u8) -> Self::B {
        [value; LANES]
    }

    #[inline(always)]
    fn and(self, a: Self::B, b: Self::B) -> Self::B {
        lanes!(l => a[l] & b[l])
    }

    #[inline(always)]
    fn or(self, a: Self::B, b: Self::B) -> Self::B {
        lanes!(l => a[l] | b[l])
    }

    #[inline(always)]
    fn sub_bytes(self, a: Self::B, b: Self::B) -> Self::B {
        lanes!(l => a[l].wrapping_sub(b[l]))
    }

    #[inline(always)]
    fn shr<const N: i32>(self, a: Self::B) -> Self::B {
        lanes!(l => a[l] >> N)
    }

    #[inline(always)]
    fn shl<const N: i32>(self, a: Self::B) -> Self::B {
        lanes!(l => a[l] << N)
    }

    #[inline(always)]
    fn spread_bits(self, bits: u16) -> Self::B {
        lanes!(l => if (bits >> l) & 1 == 1 { 0xff } else { 0 })
    }

    #[inline(always)]
    fn widen_u8(self, a: Self::B) -> Chunk {
        lanes!(l => f32::from(a[l]))
    }

    #[inline(always)]
    fn widen_i8(self, a: Self::B) -> Chunk {
        lanes!(l => f32::from(a[l] as i8))
    }

    #[inline(always)]
    fn affine(self, d: Chunk, m: Chunk) -> Self::Affine {
        (d, m)
    }

    // The products are exact (see `Simd::affine`), so two roundings are one.
    #[inline(always)]
    fn nibbles(self, low: Self::Affine, high: Self::Affine, a: Self::B) -> (Chunk, Chunk) {
        (
            lanes!(l => f32::from(a[l] & 15) * low.0[l] + low.1[l]),
            lanes!(l => f32::from(a[l] >> 4) * high.0[l] + high.1[l]),
        )
    }

    #[inline(always)]
    fn table(self, d: Chunk, values: &'static [i8; 16]) -> Self::Table {
        (d, values)
    }

    #[inline(always)]
    fn nibbles_of(self, (d, values): Self::Table, a: Self::B) -> (Chunk, Chunk) {
        (
            lanes!(l => d[l] * f32::from(values[usize::from(a[l] & 15)])),
            lanes!(l => d[l] * f32::from(values[usize::from(a[l] >> 4)])),
        )
    }

    #[inline(always)]
    fn top_magnitude(self, a: Chunk, b: Chunk) -> f32 {
        // As whole numbers magnitudes have the same order, with NaN above all.
        let bits = a.into_iter().chain(b).map(|lane| lane.abs().to_bits());
        f32::from_bits(bits.max().unwrap_or(0))
    }

    #[inline(always)]
    fn store_i8(self, a: Chunk, dst: &mut [i8; LANES]) -> i32 {
        *dst = a.map(|lane| lane.round_ties_even() as i8);
        dst.iter().map(|&q| i32::from(q)).sum()
    }

    #[inline(always)]
    fn load_quads(self, src: &[u8; 64]) -> [u8; 64] {
        *src
    }

    #[inline(always)]
    fn store_quads(self, a: [u8; 64], dst: &mut [u8; 64]) {
        *dst = a;
    }

    #[inline(always)]
    fn splat_quads(self, value: u8) -> [u8; 64] {
        [value; 64]
    }

    #[inline(always)]
    fn and_quads(self, a: [u8; 64], b: [u8; 64]) -> [u8; 64] {
        std::array::from_fn(|i| a[i] & b[i])
    }

    #[inline(always)]
    fn or_quads(self, a: [u8; 64], b: [u8; 64]) -> [u8; 64] {
        std::array::from_fn(|i| a[i] | b[i])
    }

    #[inline(always)]
    fn xor_quads(self, a: [u8; 64], b: [u8; 64]) -> [u8; 64] {
        std::array::from_fn(|i| a[i] ^ b[i])
    }

    #[inline(always)]
    fn sub_quads(self, a: [u8; 64], b: [u8; 64]) -> [u8; 64] {
        std::array::from_fn(|i| a[i].wrapping_sub(b[i]))
    }

    #[inline(always)]
    fn shr_quads(self, a: [u8; 64], n: i32) -> [u8; 64] {
        a.map(|byte| byte >> n)
    }

    #[inline(always)]
    fn shl_quads(self, a: [u8; 64], n: i32) -> [u8; 64] {
        a.map(|byte| byte << n)
    }

    #[inline(always)]
    fn lookup(self, table: &'static [u8; 16], a: [u8; 64]) -> [u8; 64] {
        a.map(|byte| table[usize::from(byte)])
    }

    #[inline(always)]
    fn fifth_bits(self, a: [u8; 64], step: usize) -> [u8; 64] {
        std::array::from_fn(|i| {
            let bit = 4 * step + i % 4;
            (a[i / 4 * 4 + bit / 8] >> (bit % 8) & 1) << 4
        })
    }

    #[inline(always)]
    fn byte(self, a: [u8; 64], n: usize) -> Chunk {
        lanes!(l => f32::from(a[4 * l + n]))
    }

    #[inline(always)]
    fn signed_byte(self, a: [u8; 64], n: usize) -> Chunk {
        lanes!(l => f32::from(a[4 * l + n] as i8))
    }

    #[inline(always)]
    fn half(self, a: [u8; 64], n: usize) -> Chunk {
        lanes!(l => {
            let at = 4 * l + 2 * n;
            f16_to_f32(u16::from_le_bytes([a[at], a[at + 1]]))
        })
    }

    #[inline(always)]
    fn start<const OFFSET: i32>(self, _: i32) -> [i32; LANES] {
        [0; LANES]
    }

    #[inline(always)]
    fn dot_four<const MAX: i32, const OFFSET: i32>(
        self,
        mut sum: [i32; LANES],
        w: &[[u8; 64]; 4],
        x: &[i8; 16],
    ) -> [i32; LANES] {
        for (w, x) in w.iter().zip(x.as_chunks::<4>().0) {
            for (sum, w) in sum.iter_mut().zip(w.as_chunks::<4>().0) {
                for i in 0..4 {
                    *sum += (i32::from(w[i]) - OFFSET) * i32::from(x[i]);
                }
            }
        }
        sum
    }

    #[inline(always)]
    fn load_ints(self, src: &[i32; LANES]) -> [i32; LANES] {
        *src
    }

    #[inline(always)]
    fn whole(self, a: [i32; LANES]) -> Chunk {
        lanes!(l => a[l] as f32)
    }
}
