//! The quantized weight types as block dots see them: small integers, scales and minimums of
//! sixteen rows at a time.

use super::{ActBlock, PanelBlock, Rows16, STEPS, plain};
use crate::level::Level;
use crate::simd::Simd;
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
    /// Adds a block's product with one row of activations to the sums of sixteen weight rows.
    fn step<S: Simd>(
        s: S,
        w: &[S::Quads; STEPS],
        panel: &PanelBlock,
        x: &ActBlock,
        acc: S::F,
    ) -> S::F;
}

/// One scale for a block of a super-block, with or without a minimum.
///
/// `MAX` bounds the panel's unsigned bytes; `OFFSET` is what they hold more than the weights.
pub(crate) struct Whole<const MINS: bool, const MAX: i32, const OFFSET: i32>;

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Shape for Whole<MINS, MAX, OFFSET> {
    #[inline(always)]
    fn step<S: Simd>(
        s: S,
        w: &[S::Quads; STEPS],
        panel: &PanelBlock,
        x: &ActBlock,
        acc: S::F,
    ) -> S::F {
        let dot = s.dot_quads::<MAX, OFFSET, _, _>(w, &x.q, x.minus_sum);
        let mut t = s.mul(dot, s.load(&panel.scales[0]));
        if MINS {
            t = s.fma(s.splat(x.sum), s.load(&panel.mins[0]), t);
        }
        s.fma(s.splat(x.scales[0]), t, acc)
    }
}

/// One scale for each half of a block of a super-block, with or without minimums.
pub(crate) struct Halves<const MINS: bool, const MAX: i32, const OFFSET: i32>;

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Shape for Halves<MINS, MAX, OFFSET> {
    #[inline(always)]
    fn step<S: Simd>(
        s: S,
        w: &[S::Quads; STEPS],
        panel: &PanelBlock,
        x: &ActBlock,
        acc: S::F,
    ) -> S::F {
        let [low, high] = half_dots::<S, MAX, OFFSET>(s, w, x);
        let mut t = s.mul(low, s.load(&panel.scales[0]));
        t = s.fma(high, s.load(&panel.scales[1]), t);
        if MINS {
            t = s.fma(s.splat(x.half_sums[0]), s.load(&panel.mins[0]), t);
            t = s.fma(s.splat(x.half_sums[1]), s.load(&panel.mins[1]), t);
        }
        s.fma(s.splat(x.scales[0]), t, acc)
    }
}

/// A block of its own, with or without a minimum; activations of fine grain.
pub(crate) struct Fine<const MINS: bool, const MAX: i32, const OFFSET: i32>;

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Shape for Fine<MINS, MAX, OFFSET> {
    #[inline(always)]
    fn step<S: Simd>(
        s: S,
        w: &[S::Quads; STEPS],
        panel: &PanelBlock,
        x: &ActBlock,
        mut acc: S::F,
    ) -> S::F {
        let [low, high] = half_dots::<S, MAX, OFFSET>(s, w, x);
        let t = s.mul(low, s.splat(x.scales[0]));
        let t = s.fma(high, s.splat(x.scales[1]), t);
        acc = s.fma(s.load(&panel.scales[0]), t, acc);
        if MINS {
            acc = s.fma(s.load(&panel.mins[0]), s.splat(x.sum), acc);
        }
        acc
    }
}

/// The exact sums over the halves of a block.
#[inline(always)]
fn half_dots<S: Simd, const MAX: i32, const OFFSET: i32>(
    s: S,
    w: &[S::Quads; STEPS],
    x: &ActBlock,
) -> [S::F; 2] {
    let (w, _) = w.as_chunks::<{ STEPS / 2 }>();
    let (q, _) = x.q.as_chunks::<16>();
    let [low, high] = x.minus_half_sums;
    [
        s.dot_quads::<MAX, OFFSET, _, _>(&w[0], &q[0], low),
        s.dot_quads::<MAX, OFFSET, _, _>(&w[1], &q[1], high),
    ]
}

/// A quantized weight type.
pub(crate) trait Kind: 'static {
    /// What is done with its integers.
    type Shape: Shape;

    /// Unpacks blocks of 32 columns, from `block` on, as many as there are in `panel`; both are
    /// whole super-blocks for the types that have them.
    fn unpack<S: Simd>(s: S, rows: &Rows16<'_>, block: usize, panel: &mut [PanelBlock]);
}

/// Blocks of 32 columns in a super-block.
const SUPER: usize = blocks::SUPER_LEN / super::BLOCK;

macro_rules! kind {
    ($name:ident: $shape:ident<$mins:literal, $max:literal, $offset:literal>,
     ($s:ident, $rows:ident, $block:ident, $panel:ident) $unpack:expr) => {
        #[allow(non_camel_case_types, reason = "the names of the formats")]
        pub(crate) struct $name;

        impl Kind for $name {
            type Shape = $shape<$mins, $max, $offset>;

            #[inline(always)]
            fn unpack<S: Simd>(
                $s: S,
                $rows: &Rows16<'_>,
                $block: usize,
                $panel: &mut [PanelBlock],
            ) {
                if S::LEVEL == Level::Reference {
                    return plain::unpack::<plain::$name>($rows, $block, $panel);
                }
                $unpack
            }
        }
    };
}

kind!(Q8_0: Fine<false, 255, 128>, (s, rows, block, panel) {
    for (i, out) in panel.iter_mut().enumerate() {
        let at = (block + i) * blocks::q8_0::BYTES;
        let d = rows.halfs(at + blocks::q8_0::D);
        s.store(s.load_f16(&d), &mut out.scales[0]);
        let sign = s.splat_quads(0x80);
        for half in 0..2 {
            let q = s.transpose(rows, at + blocks::q8_0::QS + 16 * half);
            for i in 0..4 {
                s.store_quads(s.xor_quads(q[i], sign), &mut out.q[4 * half + i]);
            }
        }
    }
});

kind!(Q4_0: Fine<false, 15, 8>, (s, rows, block, panel) {
    for (i, out) in panel.iter_mut().enumerate() {
        let at = (block + i) * blocks::q4_0::BYTES;
        let d = rows.halfs(at + blocks::q4_0::D);
        s.store(s.load_f16(&d), &mut out.scales[0]);
        let q = s.transpose(rows, at + blocks::q4_0::QS);
        for i in 0..4 {
            s.store_quads(s.and_quads(q[i], s.splat_quads(15)), &mut out.q[i]);
            s.store_quads(s.shr_quads::<4>(q[i]), &mut out.q[4 + i]);
        }
    }
});

kind!(Q4_K: Whole<true, 15, 0>, (s, rows, block, panel) {
    for (i, out) in panel.as_chunks_mut::<SUPER>().0.iter_mut().enumerate() {
        let at = (block / SUPER + i) * blocks::q4_k::BYTES;
        eight_scales_mins(s, rows, at, out);
        for pair in 0..4 {
            for half in 0..2 {
                let q = s.transpose(rows, at + blocks::q4_k::QS + 32 * pair + 16 * half);
                for i in 0..4 {
                    let low = s.and_quads(q[i], s.splat_quads(15));
                    s.store_quads(low, &mut out[2 * pair].q[4 * half + i]);
                    s.store_quads(s.shr_quads::<4>(q[i]), &mut out[2 * pair + 1].q[4 * half + i]);
                }
            }
        }
    }
});

kind!(Q5_K: Whole<true, 31, 0>, (s, rows, block, panel) {
    for (i, out) in panel.as_chunks_mut::<SUPER>().0.iter_mut().enumerate() {
        let at = (block / SUPER + i) * blocks::q5_k::BYTES;
        eight_scales_mins(s, rows, at, out);
        for half in 0..2 {
            // Bit b of these bytes is the fifth bit of block b; shifted down two at a time.
            let mut fifth = s.transpose(rows, at + blocks::q5_k::QH + 16 * half);
            for pair in 0..4 {
                let q = s.transpose(rows, at + blocks::q5_k::QS + 32 * pair + 16 * half);
                for i in 0..4 {
                    let bit = s.splat_quads(16);
                    let low = s.and_quads(s.shl_quads::<4>(fifth[i]), bit);
                    let high = s.and_quads(s.shl_quads::<3>(fifth[i]), bit);
                    let low = s.or_quads(s.and_quads(q[i], s.splat_quads(15)), low);
                    s.store_quads(low, &mut out[2 * pair].q[4 * half + i]);
                    let high = s.or_quads(s.shr_quads::<4>(q[i]), high);
                    s.store_quads(high, &mut out[2 * pair + 1].q[4 * half + i]);
                    fifth[i] = s.shr_quads::<2>(fifth[i]);
                }
            }
        }
    }
});

kind!(Q6_K: Halves<false, 63, 32>, (s, rows, block, panel) {
    for (i, out) in panel.as_chunks_mut::<SUPER>().0.iter_mut().enumerate() {
        let at = (block / SUPER + i) * blocks::q6_k::BYTES;
        let d = s.load_f16(&rows.halfs(at + blocks::q6_k::D));
        let scales = s.transpose(rows, at + blocks::q6_k::SCALES);
        for pair in 0..4 {
            let two = &mut out[2 * pair..2 * pair + 2];
            s.store(s.mul(d, s.signed_byte::<0>(scales[pair])), &mut two[0].scales[0]);
            s.store(s.mul(d, s.signed_byte::<1>(scales[pair])), &mut two[0].scales[1]);
            s.store(s.mul(d, s.signed_byte::<2>(scales[pair])), &mut two[1].scales[0]);
            s.store(s.mul(d, s.signed_byte::<3>(scales[pair])), &mut two[1].scales[1]);
        }
        for part in 0..2 {
            for half in 0..2 {
                let high = s.transpose(rows, at + blocks::q6_k::QH + 32 * part + 16 * half);
                // Of 64 low halves, the first 32 and the last 32.
                for side in 0..2 {
                    let ql = blocks::q6_k::QL + 64 * part + 32 * side + 16 * half;
                    let q = s.transpose(rows, at + ql);
                    for i in 0..4 {
                        // The two bits of the first nibble at bit 2 * side, of the second four above.
                        let high = if side == 0 { high[i] } else { s.shr_quads::<2>(high[i]) };
                        let bits = s.splat_quads(0x30);
                        let low = s.or_quads(
                            s.and_quads(q[i], s.splat_quads(15)),
                            s.and_quads(s.shl_quads::<4>(high), bits),
                        );
                        s.store_quads(low, &mut out[4 * part + side].q[4 * half + i]);
                        let upper = s.or_quads(s.shr_quads::<4>(q[i]), s.and_quads(high, bits));
                        s.store_quads(upper, &mut out[4 * part + 2 + side].q[4 * half + i]);
                    }
                }
            }
        }
    }
});

/// Scales and minimums of a super-block of Q4_K or Q5_K, whose first sixteen bytes are alike.
#[inline(always)]
fn eight_scales_mins<S: Simd>(s: S, rows: &Rows16<'_>, at: usize, out: &mut [PanelBlock; SUPER]) {
    let [d, scales, mins, shared] = s.transpose(rows, at);
    let (d, dmin) = (s.half::<0>(d), s.mul(s.half::<1>(d), s.splat(-1.0)));
    let (six, four, two) = (s.splat_quads(63), s.splat_quads(15), s.splat_quads(0x30));
    let top = |quads| s.and_quads(s.shr_quads::<2>(quads), two);
    let first = (s.and_quads(scales, six), s.and_quads(mins, six));
    let last = (
        s.or_quads(s.and_quads(shared, four), top(scales)),
        s.or_quads(s.shr_quads::<4>(shared), top(mins)),
    );
    let (front, back) = out.split_at_mut(SUPER / 2);
    for ((scales, mins), out) in [(first, front), (last, back)] {
        s.store(s.mul(d, s.byte::<0>(scales)), &mut out[0].scales[0]);
        s.store(s.mul(d, s.byte::<1>(scales)), &mut out[1].scales[0]);
        s.store(s.mul(d, s.byte::<2>(scales)), &mut out[2].scales[0]);
        s.store(s.mul(d, s.byte::<3>(scales)), &mut out[3].scales[0]);
        s.store(s.mul(dmin, s.byte::<0>(mins)), &mut out[0].mins[0]);
        s.store(s.mul(dmin, s.byte::<1>(mins)), &mut out[1].mins[0]);
        s.store(s.mul(dmin, s.byte::<2>(mins)), &mut out[2].mins[0]);
        s.store(s.mul(dmin, s.byte::<3>(mins)), &mut out[3].mins[0]);
    }
}

macro_rules! plain_kind {
    ($($name:ident: $shape:ident<$mins:literal, $max:literal, $offset:literal>;)*) => {
        $(kind!($name: $shape<$mins, $max, $offset>, (_s, rows, block, panel) {
            plain::unpack::<plain::$name>(rows, block, panel);
        });)*
    };
}

plain_kind! {
    Q4_1: Fine<true, 15, 0>;
    Q5_0: Fine<false, 31, 16>;
    Q5_1: Fine<true, 31, 0>;
    IQ4_NL: Fine<false, 255, 128>;
    IQ4_XS: Whole<false, 255, 128>;
    MXFP4: Fine<false, 31, 16>;
    Q2_K: Halves<true, 3, 0>;
    Q3_K: Halves<false, 7, 4>;
}
