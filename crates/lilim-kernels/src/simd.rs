//! The vector every kernel is written over: sixteen f32 lanes and sixteen bytes.
//!
//! A level is a zero-sized token whose existence proves that the machine has its instructions, so
//! its methods are safe. A kernel is a generic function marked `#[inline(always)]`; [`Simd::run`]
//! puts it into a function compiled for the level, and everything below is inlined there. Closures
//! do not take part in that (they would be compiled without the level's instructions), which is
//! why the kernels are written with plain loops.
//!
//! Every method is one IEEE operation on each lane, or a stated fixed sequence of them, so a kernel
//! gives the same bits at every level; only the payload of a NaN may differ.

use crate::level::Level;

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod scalar;

/// Lanes of a vector: the number of partial sums in a dot product.
pub(crate) const LANES: usize = 16;

/// Bytes that come from memory together.
pub(crate) const CACHE_LINE: usize = 64;

/// Bytes between what is read and what is asked for, where packed weights are asked for at all.
pub(crate) const AHEAD: usize = 8192;

/// The most that unpacked bytes hold more than their weights.
const MAX_OFFSET: i32 = 128;

/// What shifts a sum times -[`MAX_OFFSET`] right, so that it is one times `-offset`.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const fn start_shift(offset: i32) -> i32 {
    (MAX_OFFSET / offset).ilog2() as i32
}

/// Sixteen f32 as they lie in memory.
pub(crate) type Chunk = [f32; LANES];

/// A kernel with its arguments, to be run at a level.
pub(crate) trait Op {
    /// What the kernel gives back.
    type Output;

    /// Runs the kernel. Implementations are `#[inline(always)]`.
    fn run<S: Simd>(self, s: S) -> Self::Output;
}

/// Forwards the methods of [`Simd`] to functions of module `ops`, which are compiled with the
/// level's instructions.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! forward_to_ops {
    () => {
        forward_to_ops! {
            fn splat(value: f32) -> Self::F;
            fn halves(low: Self::F, high: Self::F) -> Self::F;
            fn splat_f16(bits: u16) -> Self::F;
            fn load(src: &Chunk) -> Self::F;
            fn store(v: Self::F, dst: &mut Chunk);
            fn load_f32(src: &[u8; 64]) -> Self::F;
            fn load_f16(src: &[u8; 32]) -> Self::F;
            fn load_bf16(src: &[u8; 32]) -> Self::F;
            fn store_f16(v: Self::F, dst: &mut [u8; 32]);
            fn add(a: Self::F, b: Self::F) -> Self::F;
            fn sub(a: Self::F, b: Self::F) -> Self::F;
            fn mul(a: Self::F, b: Self::F) -> Self::F;
            fn div(a: Self::F, b: Self::F) -> Self::F;
            fn fma(a: Self::F, b: Self::F, c: Self::F) -> Self::F;
            fn max(a: Self::F, b: Self::F) -> Self::F;
            fn min(a: Self::F, b: Self::F) -> Self::F;
            fn abs(a: Self::F) -> Self::F;
            fn with_sign(magnitude: Self::F, sign: Self::F) -> Self::F;
            fn select_lt(a: Self::F, b: Self::F, x: Self::F, y: Self::F) -> Self::F;
            fn keep_first(a: Self::F, n: usize) -> Self::F;
            fn pow2(a: Self::F) -> Self::F;
            fn sum(a: Self::F) -> f32;
            fn load_bytes(src: &[u8; LANES]) -> Self::B;
            fn splat_byte(value: u8) -> Self::B;
            fn and(a: Self::B, b: Self::B) -> Self::B;
            fn or(a: Self::B, b: Self::B) -> Self::B;
            fn sub_bytes(a: Self::B, b: Self::B) -> Self::B;
            fn shr<N>(a: Self::B) -> Self::B;
            fn shl<N>(a: Self::B) -> Self::B;
            fn spread_bits(bits: u16) -> Self::B;
            fn widen_u8(a: Self::B) -> Self::F;
            fn widen_i8(a: Self::B) -> Self::F;
            fn affine(d: Self::F, m: Self::F) -> Self::Affine;
            fn nibbles(low: Self::Affine, high: Self::Affine, a: Self::B) -> (Self::F, Self::F);
            fn table(d: Self::F, values: &'static [i8; 16]) -> Self::Table;
            fn nibbles_of(table: Self::Table, a: Self::B) -> (Self::F, Self::F);
            fn top_magnitude(a: Self::F, b: Self::F) -> f32;
            fn store_i8(a: Self::F, dst: &mut [i8; LANES]) -> i32;
            fn load_quads(src: &[u8; 64]) -> Self::Quads;
            fn store_quads(a: Self::Quads, dst: &mut [u8; 64]);
            fn splat_quads(value: u8) -> Self::Quads;
            fn and_quads(a: Self::Quads, b: Self::Quads) -> Self::Quads;
            fn or_quads(a: Self::Quads, b: Self::Quads) -> Self::Quads;
            fn xor_quads(a: Self::Quads, b: Self::Quads) -> Self::Quads;
            fn sub_quads(a: Self::Quads, b: Self::Quads) -> Self::Quads;
            fn shr_quads(a: Self::Quads, n: i32) -> Self::Quads;
            fn shl_quads(a: Self::Quads, n: i32) -> Self::Quads;
            fn lookup(table: &'static [u8; 16], a: Self::Quads) -> Self::Quads;
            fn fifth_bits(a: Self::Quads, step: usize) -> Self::Quads;
            fn load_ints(src: &[i32; LANES]) -> Self::Ints;
            fn whole(a: Self::Ints) -> Self::F;
            fn byte(a: Self::Quads, n: usize) -> Self::F;
            fn signed_byte(a: Self::Quads, n: usize) -> Self::F;
            fn half(a: Self::Quads, n: usize) -> Self::F;
        }

        #[inline(always)]
        fn start<const OFFSET: i32>(self, start: i32) -> Self::Ints {
            // SAFETY: whoever made the token promised that the machine has the instructions.
            unsafe { ops::start::<OFFSET>(start) }
        }

        #[inline(always)]
        fn dot_four<const MAX: i32, const OFFSET: i32>(
            self,
            sum: Self::Ints,
            w: &[Self::Quads; 4],
            x: &[i8; 16],
        ) -> Self::Ints {
            // SAFETY: whoever made the token promised that the machine has the instructions.
            unsafe { ops::dot_four::<MAX, OFFSET>(sum, w, x) }
        }
    };
    ($(fn $name:ident $(<$n:ident>)? ($($arg:ident: $ty:ty),*) $(-> $out:ty)?;)*) => {
        $(
            #[inline(always)]
            fn $name $(<const $n: i32>)? (self, $($arg: $ty),*) $(-> $out)? {
                // SAFETY: whoever made the token promised that the machine has the instructions.
                unsafe { ops::$name $(::<$n>)? ($($arg),*) }
            }
        )*
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use forward_to_ops;

/// One level: vectors of sixteen lanes and the operations on them.
pub(crate) trait Simd: Copy + 'static {
    /// The level this is.
    const LEVEL: Level;
    /// Whether registers are used for several sums side by side; the reference has none to use.
    const SIDE_BY_SIDE: bool;
    /// Whether there are registers for 24 sums, else 6.
    const WIDE: bool;
    /// Whether registers hold half of a block's quads and what is done with them, but no more.
    const IN_TURNS: bool = false;
    /// Sixteen f32.
    type F: Copy;
    /// Sixteen bytes.
    type B: Copy;
    /// Sixteen lanes of four bytes.
    type Quads: Copy;
    /// Sixteen i32.
    type Ints: Copy;
    /// `q * d + m` for a nibble `q`, prepared for many nibbles.
    type Affine: Copy;
    /// `values[q] * d` for a nibble `q`, prepared for many nibbles.
    type Table: Copy;

    /// Makes the token.
    ///
    /// # Safety
    /// [`Level::is_available`] is true for [`Self::LEVEL`].
    #[allow(
        unsafe_code,
        reason = "the one promise that makes every other method safe"
    )]
    unsafe fn assume() -> Self;

    /// Runs `op` in a function compiled with the level's instructions.
    fn run<O: Op>(self, op: O) -> O::Output;

    /// All lanes `value`.
    fn splat(self, value: f32) -> Self::F;
    /// Lanes 0 to 7 of `low`, 8 to 15 of `high`.
    fn halves(self, low: Self::F, high: Self::F) -> Self::F;
    /// All lanes the f16 of these bits.
    fn splat_f16(self, bits: u16) -> Self::F;
    /// Loads sixteen values.
    fn load(self, src: &Chunk) -> Self::F;
    /// Stores sixteen values.
    fn store(self, v: Self::F, dst: &mut Chunk);
    /// Loads sixteen little-endian f32.
    fn load_f32(self, src: &[u8; 64]) -> Self::F;
    /// Loads sixteen little-endian f16, exactly.
    fn load_f16(self, src: &[u8; 32]) -> Self::F;
    /// Loads sixteen little-endian bf16, exactly.
    fn load_bf16(self, src: &[u8; 32]) -> Self::F;
    /// Stores sixteen f16, rounded to nearest even.
    fn store_f16(self, v: Self::F, dst: &mut [u8; 32]);

    /// `a + b`.
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a - b`.
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b`.
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a / b`, correctly rounded.
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c` with one rounding.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `if a > b { a } else { b }`: `b` where either is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// `if a < b { a } else { b }`: `b` where either is NaN.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// The value with its sign bit cleared.
    fn abs(self, a: Self::F) -> Self::F;
    /// `magnitude` (its sign bit clear) with the sign bit of `sign` set on it.
    fn with_sign(self, magnitude: Self::F, sign: Self::F) -> Self::F;
    /// `if a < b { x } else { y }`: `y` where either is NaN.
    fn select_lt(self, a: Self::F, b: Self::F, x: Self::F, y: Self::F) -> Self::F;
    /// The first `n` lanes of `a`, the others zero.
    fn keep_first(self, a: Self::F, n: usize) -> Self::F;
    /// 2 to the power `a`, for whole `a` from -126 to 127; anything for other `a`.
    fn pow2(self, a: Self::F) -> Self::F;
    /// Sums the lanes: `l += l+8; l += l+4; l += l+2; l += l+1`.
    fn sum(self, a: Self::F) -> f32;

    /// Loads sixteen bytes.
    fn load_bytes(self, src: &[u8; LANES]) -> Self::B;
    /// All bytes `value`.
    fn splat_byte(self, value: u8) -> Self::B;
    /// Bitwise and.
    fn and(self, a: Self::B, b: Self::B) -> Self::B;
    /// Bitwise or.
    fn or(self, a: Self::B, b: Self::B) -> Self::B;
    /// `a - b`, wrapping.
    fn sub_bytes(self, a: Self::B, b: Self::B) -> Self::B;
    /// Each byte shifted right by `N`; zeros come in.
    fn shr<const N: i32>(self, a: Self::B) -> Self::B;
    /// Each byte shifted left by `N`; zeros come in.
    fn shl<const N: i32>(self, a: Self::B) -> Self::B;
    /// Byte `l` is 0xff where bit `l` is set, else 0.
    fn spread_bits(self, bits: u16) -> Self::B;
    /// Unsigned bytes as f32.
    fn widen_u8(self, a: Self::B) -> Self::F;
    /// Signed bytes as f32.
    fn widen_i8(self, a: Self::B) -> Self::F;
    /// Prepares `q * d + m`; all lanes of `d` are one value and so are those of `m`. `d` has at
    /// most 20 significant bits, so that `q * d` is exact and it makes no difference whether the
    /// sum is fused.
    fn affine(self, d: Self::F, m: Self::F) -> Self::Affine;
    /// `fma(q, d, m)` for the low nibble (with `low`) and the high nibble (with `high`) of each
    /// byte.
    fn nibbles(self, low: Self::Affine, high: Self::Affine, a: Self::B) -> (Self::F, Self::F);
    /// Prepares `values[q] * d`; all lanes of `d` are one value.
    fn table(self, d: Self::F, values: &'static [i8; 16]) -> Self::Table;
    /// `values[q] * d` for the low and the high nibble of each byte.
    fn nibbles_of(self, table: Self::Table, a: Self::B) -> (Self::F, Self::F);

    /// The largest magnitude of the lanes of both; NaN where one is.
    fn top_magnitude(self, a: Self::F, b: Self::F) -> f32;
    /// Rounds to whole numbers, to nearest even, and adds them up; the lanes are from -127 to 127.
    fn store_i8(self, a: Self::F, dst: &mut [i8; LANES]) -> i32;

    /// Loads 64 bytes.
    fn load_quads(self, src: &[u8; 64]) -> Self::Quads;
    /// Stores 64 bytes.
    fn store_quads(self, a: Self::Quads, dst: &mut [u8; 64]);
    /// All bytes `value`.
    fn splat_quads(self, value: u8) -> Self::Quads;
    /// Bitwise and.
    fn and_quads(self, a: Self::Quads, b: Self::Quads) -> Self::Quads;
    /// Bitwise or.
    fn or_quads(self, a: Self::Quads, b: Self::Quads) -> Self::Quads;
    /// Bitwise exclusive or.
    fn xor_quads(self, a: Self::Quads, b: Self::Quads) -> Self::Quads;
    /// `a - b` of each byte, wrapping.
    fn sub_quads(self, a: Self::Quads, b: Self::Quads) -> Self::Quads;
    /// Each byte shifted right by `n`; whatever its neighbour has may come in from above.
    fn shr_quads(self, a: Self::Quads, n: i32) -> Self::Quads;
    /// Each byte shifted left by `n`; whatever its neighbour has may come in from below.
    fn shl_quads(self, a: Self::Quads, n: i32) -> Self::Quads;
    /// For each byte, which is at most 15, an entry of the table.
    fn lookup(self, table: &'static [u8; 16], a: Self::Quads) -> Self::Quads;
    /// 16 in byte `b` of each lane where its bit `4 * step + b` is set, else 0.
    fn fifth_bits(self, a: Self::Quads, step: usize) -> Self::Quads;
    /// Byte `n` of each lane, unsigned, as f32.
    fn byte(self, a: Self::Quads, n: usize) -> Self::F;
    /// Byte `n` of each lane, signed, as f32.
    fn signed_byte(self, a: Self::Quads, n: usize) -> Self::F;
    /// The f16 in the low (`n` 0) or high (1) half of each lane.
    fn half(self, a: Self::Quads, n: usize) -> Self::F;
    /// What the level keeps of sixteen `x`, and of their sum, for [`start`](Self::start).
    #[inline(always)]
    fn starter(self, _x: &[i8; LANES], sum: i32) -> i32 {
        -MAX_OFFSET * sum
    }
    /// What exact sums of `(w - OFFSET) * x` start from, given what [`starter`](Self::starter) keeps
    /// of the `x`, or (where `OFFSET` is the largest) the sum of what it keeps of two sixteens.
    fn start<const OFFSET: i32>(self, start: i32) -> Self::Ints;
    /// Adds `(w - OFFSET) * x` over the four bytes of each lane of four `w`, exactly; `w` are at
    /// most `MAX`.
    fn dot_four<const MAX: i32, const OFFSET: i32>(
        self,
        sum: Self::Ints,
        w: &[Self::Quads; 4],
        x: &[i8; 16],
    ) -> Self::Ints;
    /// [`dot_four`](Self::dot_four) of all a block's steps.
    #[inline(always)]
    fn dot_eight<const MAX: i32, const OFFSET: i32>(
        self,
        sum: Self::Ints,
        w: &[Self::Quads; 8],
        x: &[i8; 32],
    ) -> Self::Ints {
        let first = self.dot_first::<MAX, OFFSET>(sum, w, x);
        self.dot_second::<MAX, OFFSET>(first, w, x)
    }
    /// The part of [`dot_eight`](Self::dot_eight) that the first steps' `w` are enough for.
    #[inline(always)]
    fn dot_first<const MAX: i32, const OFFSET: i32>(
        self,
        sum: Self::Ints,
        w: &[Self::Quads; 8],
        x: &[i8; 32],
    ) -> Self::Ints {
        self.dot_four::<MAX, OFFSET>(sum, &w.as_chunks().0[0], &x.as_chunks().0[0])
    }
    /// The rest of it.
    #[inline(always)]
    fn dot_second<const MAX: i32, const OFFSET: i32>(
        self,
        first: Self::Ints,
        w: &[Self::Quads; 8],
        x: &[i8; 32],
    ) -> Self::Ints {
        self.dot_four::<MAX, OFFSET>(first, &w.as_chunks().0[1], &x.as_chunks().0[1])
    }
    /// Loads sixteen sums.
    fn load_ints(self, src: &[i32; LANES]) -> Self::Ints;
    /// Sums as f32.
    fn whole(self, a: Self::Ints) -> Self::F;

    /// Asks for the cache line `distance` bytes after the start of `at`, which need not exist.
    #[inline(always)]
    fn prefetch<T: ?Sized>(self, _at: &T, _distance: usize) {}

    /// All lanes +0.
    #[inline(always)]
    fn zero(self) -> Self::F {
        self.splat(0.0)
    }

    /// [`sum`](Self::sum) of each of four.
    #[inline(always)]
    fn sum_four(self, a: [Self::F; 4]) -> [f32; 4] {
        let mut sums = [0.0; 4];
        for i in 0..4 {
            sums[i] = self.sum(a[i]);
        }
        sums
    }

    /// [`sum`](Self::sum) of each.
    #[inline(always)]
    fn sum_each<const N: usize>(self, a: [Self::F; N]) -> [f32; N] {
        let mut sums = [0.0; N];
        let ((fours, rest), (out, out_rest)) = (a.as_chunks(), sums.as_chunks_mut());
        for (four, out) in fours.iter().zip(out) {
            *out = self.sum_four(*four);
        }
        for (one, out) in rest.iter().zip(out_rest) {
            *out = self.sum(*one);
        }
        sums
    }

    /// Loads up to sixteen values; the other lanes are +0.
    #[inline(always)]
    fn load_first(self, src: &[f32]) -> Self::F {
        let mut padded = [0.0; LANES];
        padded[..src.len()].copy_from_slice(src);
        self.load(&padded)
    }

    /// Stores the first `dst.len()` lanes, up to sixteen.
    #[inline(always)]
    fn store_first(self, v: Self::F, dst: &mut [f32]) {
        let mut padded = [0.0; LANES];
        self.store(v, &mut padded);
        dst.copy_from_slice(&padded[..dst.len()]);
    }
}
