//! The quantized weight types as block dots see them: small integers, scales and minimums of
//! sixteen rows at a time.

#![allow(
    clippy::needless_range_loop,
    reason = "arrays of registers, side by side"
)]

use super::layout::{Line, PackedBlock};
use super::{ActBlock, STEPS, Scales};
use crate::simd::{Chunk, LANES, Simd};
use lilim_formats::blocks;

/// Calls a generic item for the quantized weight type `$ty` names: `$body` sees it as `$kind`.
macro_rules! for_block_type {
    ($ty:expr, $kind:ident => $body:expr) => {
        for_block_type!(@arms $ty, $kind, $body;
            Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4)
    };
    (@arms $ty:expr, $kind:ident, $body:expr; $($name:ident)*) => {
        match $ty {
            $(lilim_formats::GgmlType::$name => {
                type $kind = $crate::ops::block::kinds::$name;
                $body
            })*
            ty => unreachable!("no block dot with weights of {ty}"),
        }
    };
}
pub(crate) use for_block_type;

/// What a block dot does with the integers: one copy of the code for all types that agree. The
/// formulas are those of `docs/design/arithmetic.md`.
pub(crate) trait Shape: 'static {
    /// Parts of a block whose integers are summed apart: the whole, or its halves.
    const PARTS: usize;
    /// What a panel's bytes hold more than the weights.
    const OFFSET: i32;

    /// Adds a block's products with `G` rows of activations to their sums of sixteen weight rows.
    fn step<S: Simd, const G: usize>(
        s: S,
        w: &[S::Quads; STEPS],
        scales: &Scales,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    );

    /// The same, from the sums of integers of each part.
    fn add<S: Simd, const G: usize>(
        s: S,
        dots: [[S::F; G]; 2],
        scales: &Scales,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    );

    /// What is known of a block's products with one row after the first half of its columns.
    type Part<S: Simd>: Copy;

    /// Room for that.
    fn no_part<S: Simd>(s: S) -> Self::Part<S>;

    /// Multiplies the first half of a block with one row.
    fn first<S: Simd>(s: S, w: &[S::Quads; STEPS], scales: &Scales, x: &ActBlock) -> Self::Part<S>;

    /// [`step`](Self::step) with one row after [`first`](Self::first): multiplies the second half.
    fn second<S: Simd>(
        s: S,
        w: &[S::Quads; STEPS],
        scales: &Scales,
        x_part: (&ActBlock, Self::Part<S>),
        acc: &mut S::F,
    );
}

/// One scale for a block of a super-block, with or without a minimum.
///
/// `MAX` bounds the panel's unsigned bytes; `OFFSET` is what they hold more than the weights.
pub(crate) struct Whole<const MINS: bool, const MAX: i32, const OFFSET: i32>;

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Shape for Whole<MINS, MAX, OFFSET> {
    const PARTS: usize = 1;
    const OFFSET: i32 = OFFSET;

    #[inline(always)]
    fn step<S: Simd, const G: usize>(
        s: S,
        w: &[S::Quads; STEPS],
        scales: &Scales,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    ) {
        let mut dot = [s.zero(); G];
        for g in 0..G {
            let sum = s.start::<OFFSET>(start_of_both(&x[g]));
            dot[g] = s.whole(s.dot_eight::<MAX, OFFSET>(sum, w, &x[g].q));
        }
        Self::add(s, [dot; 2], scales, x, acc);
    }

    #[inline(always)]
    fn add<S: Simd, const G: usize>(
        s: S,
        [dot, _]: [[S::F; G]; 2],
        scales: &Scales,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    ) {
        let (scale, min) = (s.load(&scales.scales[0]), s.load(&scales.mins[0]));
        for g in 0..G {
            let mut t = s.mul(dot[g], scale);
            if MINS {
                t = s.fma(s.splat(x[g].sum), min, t);
            }
            acc[g] = s.fma(s.splat(x[g].scales[0]), t, acc[g]);
        }
    }

    type Part<S: Simd> = S::Ints;

    #[inline(always)]
    fn no_part<S: Simd>(s: S) -> S::Ints {
        s.start::<0>(0)
    }

    #[inline(always)]
    fn first<S: Simd>(s: S, w: &[S::Quads; STEPS], _: &Scales, x: &ActBlock) -> S::Ints {
        s.dot_first::<MAX, OFFSET>(s.start::<OFFSET>(start_of_both(x)), w, &x.q)
    }

    #[inline(always)]
    fn second<S: Simd>(
        s: S,
        w: &[S::Quads; STEPS],
        scales: &Scales,
        (x, part): (&ActBlock, S::Ints),
        acc: &mut S::F,
    ) {
        let dot = s.whole(s.dot_second::<MAX, OFFSET>(part, w, &x.q));
        let x = std::array::from_ref(x);
        Self::add(s, [[dot]; 2], scales, x, std::array::from_mut(acc));
    }
}

/// One scale for each half of a block of a super-block, with or without minimums.
pub(crate) struct Halves<const MINS: bool, const MAX: i32, const OFFSET: i32>;

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Halves<MINS, MAX, OFFSET> {
    /// The sums after what follows the first half's term.
    #[inline(always)]
    fn rest<S: Simd>(
        s: S,
        (t, high): (S::F, S::F),
        [scale, mins @ ..]: [S::F; 3],
        x: &ActBlock,
        acc: S::F,
    ) -> S::F {
        let mut t = s.fma(high, scale, t);
        if MINS {
            t = s.fma(s.splat(x.half_sums[0]), mins[0], t);
            t = s.fma(s.splat(x.half_sums[1]), mins[1], t);
        }
        s.fma(s.splat(x.scales[0]), t, acc)
    }

    /// The scale of the second half, and the minimums.
    #[inline(always)]
    fn load<S: Simd>(s: S, scales: &Scales) -> [S::F; 3] {
        let Scales { scales, mins } = scales;
        [s.load(&scales[1]), s.load(&mins[0]), s.load(&mins[1])]
    }
}

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Shape for Halves<MINS, MAX, OFFSET> {
    const PARTS: usize = 2;
    const OFFSET: i32 = OFFSET;

    #[inline(always)]
    fn step<S: Simd, const G: usize>(
        s: S,
        w: &[S::Quads; STEPS],
        scales: &Scales,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    ) {
        let dots = half_dots::<S, MAX, OFFSET, G>(s, w, x);
        Self::add(s, dots, scales, x, acc);
    }

    #[inline(always)]
    fn add<S: Simd, const G: usize>(
        s: S,
        [low, high]: [[S::F; G]; 2],
        scales: &Scales,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    ) {
        let (scale, others) = (s.load(&scales.scales[0]), Self::load(s, scales));
        for g in 0..G {
            let t = s.mul(low[g], scale);
            acc[g] = Self::rest(s, (t, high[g]), others, &x[g], acc[g]);
        }
    }

    type Part<S: Simd> = S::F;

    #[inline(always)]
    fn no_part<S: Simd>(s: S) -> S::F {
        s.zero()
    }

    #[inline(always)]
    fn first<S: Simd>(s: S, w: &[S::Quads; STEPS], scales: &Scales, x: &ActBlock) -> S::F {
        let dot = half_dot::<S, MAX, OFFSET>(s, w, x, 0);
        s.mul(dot, s.load(&scales.scales[0]))
    }

    #[inline(always)]
    fn second<S: Simd>(
        s: S,
        w: &[S::Quads; STEPS],
        scales: &Scales,
        (x, part): (&ActBlock, S::F),
        acc: &mut S::F,
    ) {
        let dot = half_dot::<S, MAX, OFFSET>(s, w, x, 1);
        *acc = Self::rest(s, (part, dot), Self::load(s, scales), x, *acc);
    }
}

/// A block of its own, with or without a minimum; activations of fine grain.
pub(crate) struct Fine<const MINS: bool, const MAX: i32, const OFFSET: i32>;

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Fine<MINS, MAX, OFFSET> {
    /// The sums after what follows the first half's term.
    #[inline(always)]
    fn rest<S: Simd>(
        s: S,
        (t, high): (S::F, S::F),
        scales: &Scales,
        x: &ActBlock,
        acc: S::F,
    ) -> S::F {
        let t = s.fma(high, s.splat(x.scales[1]), t);
        let acc = s.fma(s.load(&scales.scales[0]), t, acc);
        if MINS {
            return s.fma(s.load(&scales.mins[0]), s.splat(x.sum), acc);
        }
        acc
    }
}

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Shape for Fine<MINS, MAX, OFFSET> {
    const PARTS: usize = 2;
    const OFFSET: i32 = OFFSET;

    #[inline(always)]
    fn step<S: Simd, const G: usize>(
        s: S,
        w: &[S::Quads; STEPS],
        scales: &Scales,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    ) {
        let dots = half_dots::<S, MAX, OFFSET, G>(s, w, x);
        Self::add(s, dots, scales, x, acc);
    }

    #[inline(always)]
    fn add<S: Simd, const G: usize>(
        s: S,
        [low, high]: [[S::F; G]; 2],
        scales: &Scales,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    ) {
        for g in 0..G {
            let t = s.mul(low[g], s.splat(x[g].scales[0]));
            acc[g] = Self::rest(s, (t, high[g]), scales, &x[g], acc[g]);
        }
    }

    type Part<S: Simd> = S::F;

    #[inline(always)]
    fn no_part<S: Simd>(s: S) -> S::F {
        s.zero()
    }

    #[inline(always)]
    fn first<S: Simd>(s: S, w: &[S::Quads; STEPS], _: &Scales, x: &ActBlock) -> S::F {
        let dot = half_dot::<S, MAX, OFFSET>(s, w, x, 0);
        s.mul(dot, s.splat(x.scales[0]))
    }

    #[inline(always)]
    fn second<S: Simd>(
        s: S,
        w: &[S::Quads; STEPS],
        scales: &Scales,
        (x, part): (&ActBlock, S::F),
        acc: &mut S::F,
    ) {
        let dot = half_dot::<S, MAX, OFFSET>(s, w, x, 1);
        *acc = Self::rest(s, (part, dot), scales, x, *acc);
    }
}

/// What the sums over a whole block start from.
#[inline(always)]
fn start_of_both(x: &ActBlock) -> i32 {
    // A level that keeps something else than a sum has no use for this, whatever it is.
    x.starts[0].wrapping_add(x.starts[1])
}

/// The exact sums over the halves of a block.
#[inline(always)]
fn half_dots<S: Simd, const MAX: i32, const OFFSET: i32, const G: usize>(
    s: S,
    w: &[S::Quads; STEPS],
    x: &[ActBlock; G],
) -> [[S::F; G]; 2] {
    let mut out = [[s.zero(); G]; 2];
    for half in 0..2 {
        for g in 0..G {
            out[half][g] = half_dot::<S, MAX, OFFSET>(s, w, &x[g], half);
        }
    }
    out
}

/// The exact sums over one half.
#[inline(always)]
fn half_dot<S: Simd, const MAX: i32, const OFFSET: i32>(
    s: S,
    w: &[S::Quads; STEPS],
    x: &ActBlock,
    half: usize,
) -> S::F {
    let sum = s.start::<OFFSET>(x.starts[half]);
    let ((w, _), (q, _)) = (w.as_chunks(), x.q.as_chunks());
    s.whole(s.dot_four::<MAX, OFFSET>(sum, &w[half], &q[half]))
}

/// A quantized weight type.
pub(crate) trait Kind: 'static {
    /// What is done with its integers.
    type Shape: Shape;
    /// Blocks of 32 columns in a block of the format.
    const BLOCKS: usize;
    /// Bytes of a block of the format.
    const BYTES: usize;
    /// Where its quads begin: what is beyond whole quads lies before them, or after where this is 0.
    const QUADS_AT: usize;
    /// The order in which its quads are read: runs of them, each by its first and their number.
    const ORDER: &'static [(usize, usize)];

    /// Unpacks scales and minimums of all the blocks of 32 columns.
    fn scales<S: Simd>(s: S, block: PackedBlock<'_>, out: &mut [Scales]);

    /// Unpacks the integers of the `index`th.
    fn quads<S: Simd>(s: S, block: PackedBlock<'_>, index: usize) -> [S::Quads; STEPS];
}

/// Most blocks of 32 columns in a block of a format.
pub(crate) const MAX_BLOCKS: usize = blocks::SUPER_LEN / super::BLOCK;

/// Declares a type: its block's layout, what it computes, and how it is unpacked.
macro_rules! kind {
    ($name:ident($layout:ident, quads at $quads_at:literal $(, order $order:expr)?): $shape:ident<$mins:literal, $max:literal, $offset:literal>,
     scales($ss:ident, $sblock:ident, $out:ident) $scales:expr,
     quads($s:ident, $block:ident, $index:pat) $quads:expr) => {
        #[allow(non_camel_case_types, reason = "the names of the formats")]
        pub(crate) struct $name;

        impl Kind for $name {
            type Shape = $shape<$mins, $max, $offset>;
            const BLOCKS: usize = blocks::$layout::LEN / super::BLOCK;
            const BYTES: usize = blocks::$layout::BYTES;
            const QUADS_AT: usize = $quads_at;
            const ORDER: &'static [(usize, usize)] = kind!(@order $layout $($order)?);

            #[inline(always)]
            fn scales<S: Simd>($ss: S, $sblock: PackedBlock<'_>, $out: &mut [Scales]) {
                let $out = &mut $out[..Self::BLOCKS];
                $scales
            }

            #[inline(always)]
            fn quads<S: Simd>($s: S, $block: PackedBlock<'_>, $index: usize) -> [S::Quads; STEPS] {
                $quads
            }
        }
    };
    (@order $layout:ident) => { &[(0, blocks::$layout::BYTES / 4)] };
    (@order $layout:ident $order:expr) => { &$order };
}

/// The quad at a byte of a block of the format whose quads are read in their order.
#[inline(always)]
const fn quad<K: Kind>(at: usize) -> usize {
    (at - K::QUADS_AT) / 4
}

/// Quads from the one at a byte of the format on.
#[inline(always)]
fn from<'a, K: Kind, const N: usize>(block: PackedBlock<'a>, at: usize) -> &'a [Line; N] {
    read(block, quad::<K>(at))
}

/// Quads from the `first`th on, in the order of reading.
#[inline(always)]
fn read<const N: usize>(block: PackedBlock<'_>, first: usize) -> &[Line; N] {
    &block.quads[first..].as_chunks().0[0]
}

/// One quad.
#[inline(always)]
fn load<S: Simd, K: Kind>(s: S, block: PackedBlock<'_>, at: usize) -> S::Quads {
    s.load_quads(&block.quads[quad::<K>(at)])
}

/// The f16 of each row that is beyond whole quads.
#[inline(always)]
fn rest_f16<S: Simd>(s: S, block: PackedBlock<'_>) -> S::F {
    s.load_f16(&block.rest.as_chunks().0[0])
}

/// Bits `shift` and up of the bytes of eight quads, those that `mask` has.
#[inline(always)]
fn bits<S: Simd>(s: S, quads: &[Line; STEPS], shift: usize, mask: u8) -> [S::Quads; STEPS] {
    let (shift, mask) = (shift as i32, s.splat_quads(mask));
    let mut w = [mask; STEPS];
    for i in 0..STEPS {
        w[i] = s.and_quads(s.shr_quads(s.load_quads(&quads[i]), shift), mask);
    }
    w
}

/// The low nibbles of the bytes of four quads, then the high ones.
#[inline(always)]
fn nibbles<S: Simd>(s: S, quads: &[Line; 4]) -> [S::Quads; STEPS] {
    let mask = s.splat_quads(15);
    let mut w = [mask; STEPS];
    for i in 0..4 {
        let q = s.load_quads(&quads[i]);
        w[i] = s.and_quads(q, mask);
        w[4 + i] = s.and_quads(s.shr_quads(q, 4), mask);
    }
    w
}

/// Integers with a bit that their types keep apart, at `bit`.
#[inline(always)]
fn with_bits<S: Simd>(
    s: S,
    mut w: [S::Quads; STEPS],
    high: [S::Quads; STEPS],
    bit: i32,
) -> [S::Quads; STEPS] {
    for i in 0..STEPS {
        // The integers have no bit above, and the high ones come alone: nothing is shifted in.
        w[i] = s.or_quads(w[i], s.shl_quads(high[i], bit));
    }
    w
}

/// [`nibbles`], each with the fifth bit that the quad `high` has for its column.
#[inline(always)]
fn five_bits<S: Simd>(s: S, quads: &[Line; 4], high: S::Quads) -> [S::Quads; STEPS] {
    let mut w = nibbles(s, quads);
    for i in 0..STEPS {
        w[i] = s.or_quads(w[i], s.fifth_bits(high, i));
    }
    w
}

/// [`nibbles`], each replaced by an entry of a table.
#[inline(always)]
fn looked_up<S: Simd>(s: S, quads: &[Line; 4], table: &'static [u8; 16]) -> [S::Quads; STEPS] {
    let mut w = nibbles(s, quads);
    for i in 0..STEPS {
        w[i] = s.lookup(table, w[i]);
    }
    w
}

/// The values of a table of codes, `offset` above.
const fn above(values: &[i8; 16], offset: i16) -> [u8; 16] {
    let (mut out, mut i) = ([0; 16], 0);
    while i < 16 {
        out[i] = (values[i] as i16 + offset) as u8;
        i += 1;
    }
    out
}

static IQ4_ABOVE: [u8; 16] = above(&blocks::IQ4_VALUES, 128);
static MXFP4_ABOVE: [u8; 16] = above(&blocks::MXFP4_VALUES, 16);

/// Stores the scale, and the minimum, of a block of its own.
#[inline(always)]
fn store_pair<S: Simd>(s: S, pair: S::Quads, out: &mut [Scales]) {
    s.store(s.half(pair, 0), &mut out[0].scales[0]);
    s.store(s.half(pair, 1), &mut out[0].mins[0]);
}

kind!(Q8_0(q8_0, quads at 2): Fine<false, 255, 128>,
    scales(s, block, out) s.store(rest_f16(s, block), &mut out[0].scales[0]),
    quads(s, block, _) {
        let quads = from::<Self, STEPS>(block, blocks::q8_0::QS);
        let flip = s.splat_quads(0x80);
        let mut w = [flip; STEPS];
        for i in 0..STEPS {
            w[i] = s.xor_quads(s.load_quads(&quads[i]), flip);
        }
        w
    }
);

kind!(Q4_0(q4_0, quads at 2): Fine<false, 15, 8>,
    scales(s, block, out) s.store(rest_f16(s, block), &mut out[0].scales[0]),
    quads(s, block, _) nibbles(s, from::<Self, 4>(block, blocks::q4_0::QS))
);

kind!(Q4_1(q4_1, quads at 0): Fine<true, 15, 0>,
    scales(s, block, out) store_pair(s, load::<S, Self>(s, block, blocks::q4_1::D), out),
    quads(s, block, _) nibbles(s, from::<Self, 4>(block, blocks::q4_1::QS))
);

kind!(Q5_0(q5_0, quads at 2): Fine<false, 31, 16>,
    scales(s, block, out) s.store(rest_f16(s, block), &mut out[0].scales[0]),
    quads(s, block, _) {
        let high = load::<S, Self>(s, block, blocks::q5_0::QH);
        five_bits(s, from::<Self, 4>(block, blocks::q5_0::QS), high)
    }
);

kind!(Q5_1(q5_1, quads at 0): Fine<true, 31, 0>,
    scales(s, block, out) store_pair(s, load::<S, Self>(s, block, blocks::q5_1::D), out),
    quads(s, block, _) {
        let high = load::<S, Self>(s, block, blocks::q5_1::QH);
        five_bits(s, from::<Self, 4>(block, blocks::q5_1::QS), high)
    }
);

kind!(IQ4_NL(iq4_nl, quads at 2): Fine<false, 255, 128>,
    scales(s, block, out) s.store(rest_f16(s, block), &mut out[0].scales[0]),
    quads(s, block, _) looked_up(s, from::<Self, 4>(block, blocks::iq4_nl::QS), &IQ4_ABOVE)
);

kind!(MXFP4(mxfp4, quads at 1): Fine<false, 31, 16>,
    scales(s, block, out) {
        let exponents: &[u8; LANES] = &block.rest.as_chunks().0[0];
        let mut scales: Chunk = [0.0; LANES];
        for row in 0..LANES {
            scales[row] = blocks::e8m0_half(exponents[row]);
        }
        s.store(s.load(&scales), &mut out[0].scales[0]);
    },
    quads(s, block, _) looked_up(s, from::<Self, 4>(block, blocks::mxfp4::QS), &MXFP4_ABOVE)
);

// Quads as they are read: the scales' scales, the scales, the integers.
kind!(Q2_K(q2_k, quads at 0, order [(20, 1), (0, 20)]): Halves<true, 3, 0>,
    scales(s, block, out) {
        let pair = s.load_quads(&block.quads[0]);
        let (d, dmin) = (s.half(pair, 0), s.mul(s.half(pair, 1), s.splat(-1.0)));
        let mask = s.splat_quads(15);
        for i in 0..4 {
            let packed = s.load_quads(&block.quads[1 + i]);
            let scales = s.and_quads(packed, mask);
            let mins = s.and_quads(s.shr_quads(packed, 4), mask);
            for n in 0..4 {
                let out = &mut out[2 * i + n / 2];
                s.store(s.mul(d, s.byte(scales, n)), &mut out.scales[n % 2]);
                s.store(s.mul(dmin, s.byte(mins, n)), &mut out.mins[n % 2]);
            }
        }
    },
    quads(s, block, index) {
        bits(s, read(block, 5 + index / 4 * STEPS), 2 * (index % 4), 3)
    }
);

// Quads as they are read: the scales, the high bits, the low ones.
kind!(Q3_K(q3_k, quads at 0, order [(24, 3), (0, 24)]): Halves<false, 7, 4>,
    scales(s, block, out) {
        let d = rest_f16(s, block);
        let packed: &[Line; 3] = read(block, 0);
        let high = s.load_quads(&packed[2]);
        for i in 0..4 {
            // Four low bits of each scale, of scales 0 to 7 in low nibbles; two high ones apart.
            let low = s.shr_quads(s.load_quads(&packed[i % 2]), 4 * (i as i32 / 2));
            let low = s.and_quads(low, s.splat_quads(15));
            let high = s.and_quads(s.shr_quads(high, 2 * i as i32), s.splat_quads(3));
            let scales = s.or_quads(low, s.shl_quads(high, 4));
            for n in 0..4 {
                let scale = s.sub(s.byte(scales, n), s.splat(32.0));
                s.store(s.mul(d, scale), &mut out[2 * i + n / 2].scales[n % 2]);
            }
        }
    },
    quads(s, block, index) {
        let high = bits(s, read(block, 3), index, 1);
        let low = bits(s, read(block, 11 + index / 4 * STEPS), 2 * (index % 4), 3);
        with_bits(s, low, high, 2)
    }
);

kind!(Q4_K(q4_k, quads at 0): Whole<true, 15, 0>,
    scales(s, block, out) eight_scales_mins(s, from::<Self, 4>(block, blocks::q4_k::D), out),
    quads(s, block, index) {
        let at = blocks::q4_k::QS + index / 2 * super::BLOCK;
        bits(s, from::<Self, STEPS>(block, at), 4 * (index % 2), 15)
    }
);

kind!(Q5_K(q5_k, quads at 0): Whole<true, 31, 0>,
    scales(s, block, out) eight_scales_mins(s, from::<Self, 4>(block, blocks::q5_k::D), out),
    quads(s, block, index) {
        let at = blocks::q5_k::QS + index / 2 * super::BLOCK;
        let low = bits(s, from::<Self, STEPS>(block, at), 4 * (index % 2), 15);
        let high = bits(s, from::<Self, STEPS>(block, blocks::q5_k::QH), index, 1);
        with_bits(s, low, high, 4)
    }
);

// Quads as they are read: the scales; of each half of the columns the high bits, then the low ones.
kind!(Q6_K(q6_k, quads at 0, order [(48, 4), (32, 8), (0, 16), (40, 8), (16, 16)]): Halves<false, 63, 32>,
    scales(s, block, out) {
        let d = rest_f16(s, block);
        for i in 0..4 {
            let scales = s.load_quads(&block.quads[i]);
            for n in 0..4 {
                let scale = s.mul(d, s.signed_byte(scales, n));
                s.store(scale, &mut out[2 * i + n / 2].scales[n % 2]);
            }
        }
    },
    quads(s, block, index) {
        // Of 64 bytes, 32 columns in the low nibbles of the first 32 and so on.
        let (part, nibble, side) = (index / 4, index / 2 % 2, index % 2);
        let first = 4 + part * 3 * STEPS;
        let high = bits(s, read(block, first), 2 * (index % 4), 3);
        let low = bits(s, read(block, first + (1 + side) * STEPS), 4 * nibble, 15);
        with_bits(s, low, high, 4)
    }
);

kind!(IQ4_XS(iq4_xs, quads at 0): Whole<false, 255, 128>,
    scales(s, block, out) {
        let pair = load::<S, Self>(s, block, blocks::iq4_xs::D);
        let low = load::<S, Self>(s, block, blocks::iq4_xs::SCALES_L);
        let d = s.half(pair, 0);
        for i in 0..MAX_BLOCKS {
            // The two high bits are in the upper half of the first quad.
            let high = s.and_quads(s.shr_quads(pair, 2 * (i as i32 % 4)), s.splat_quads(3));
            let low = s.and_quads(s.shr_quads(low, 4 * (i as i32 % 2)), s.splat_quads(15));
            let (high, low) = (s.byte(high, 2 + i / 4), s.byte(low, i / 2));
            let scale = s.sub(s.fma(high, s.splat(16.0), low), s.splat(32.0));
            s.store(s.mul(d, scale), &mut out[i].scales[0]);
        }
    },
    quads(s, block, index) {
        looked_up(s, from::<Self, 4>(block, blocks::iq4_xs::QS + 16 * index), &IQ4_ABOVE)
    }
);

/// Scales and minimums of a super-block of Q4_K or Q5_K, whose first sixteen bytes are alike.
#[inline(always)]
fn eight_scales_mins<S: Simd>(s: S, quads: &[Line; 4], out: &mut [Scales]) {
    let pair = s.load_quads(&quads[0]);
    let (d, dmin) = (s.half(pair, 0), s.mul(s.half(pair, 1), s.splat(-1.0)));
    let (scales, mins) = (s.load_quads(&quads[1]), s.load_quads(&quads[2]));
    let shared = s.load_quads(&quads[3]);
    let (six, four, two) = (s.splat_quads(63), s.splat_quads(15), s.splat_quads(0x30));
    let high = [
        s.and_quads(s.shr_quads(scales, 2), two),
        s.and_quads(s.shr_quads(mins, 2), two),
    ];
    let scales = [
        s.and_quads(scales, six),
        s.or_quads(s.and_quads(shared, four), high[0]),
    ];
    let mins = [
        s.and_quads(mins, six),
        s.or_quads(s.and_quads(s.shr_quads(shared, 4), four), high[1]),
    ];
    for i in 0..2 {
        for n in 0..4 {
            let out = &mut out[4 * i + n];
            s.store(s.mul(d, s.byte(scales[i], n)), &mut out.scales[0]);
            s.store(s.mul(dmin, s.byte(mins[i], n)), &mut out.mins[0]);
        }
    }
}
