//! The quantized weight types as block dots see them: small integers, scales and minimums of
//! sixteen rows at a time.

#![allow(
    clippy::needless_range_loop,
    reason = "arrays of registers, side by side"
)]

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
    /// Adds a block's products with `G` rows of activations to their sums of sixteen weight rows.
    fn step<S: Simd, const G: usize>(
        s: S,
        w: &[S::Quads; STEPS],
        panel: &PanelBlock,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    );
}

/// One scale for a block of a super-block, with or without a minimum.
///
/// `MAX` bounds the panel's unsigned bytes; `OFFSET` is what they hold more than the weights.
pub(crate) struct Whole<const MINS: bool, const MAX: i32, const OFFSET: i32>;

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Shape for Whole<MINS, MAX, OFFSET> {
    #[inline(always)]
    fn step<S: Simd, const G: usize>(
        s: S,
        w: &[S::Quads; STEPS],
        panel: &PanelBlock,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    ) {
        let [low, high] = halves::<S>(w);
        let mut dot = [s.zero(); G];
        for g in 0..G {
            let sum = s.start::<OFFSET>(start::<OFFSET>(&x[g], 0) + start::<OFFSET>(&x[g], 1));
            let (q, _) = x[g].q.as_chunks();
            let sum = s.dot_four::<MAX, OFFSET>(sum, low, &q[0]);
            dot[g] = s.whole(s.dot_four::<MAX, OFFSET>(sum, high, &q[1]));
        }
        let (scale, min) = (s.load(&panel.scales[0]), s.load(&panel.mins[0]));
        for g in 0..G {
            let mut t = s.mul(dot[g], scale);
            if MINS {
                t = s.fma(s.splat(x[g].sum), min, t);
            }
            acc[g] = s.fma(s.splat(x[g].scales[0]), t, acc[g]);
        }
    }
}

/// One scale for each half of a block of a super-block, with or without minimums.
pub(crate) struct Halves<const MINS: bool, const MAX: i32, const OFFSET: i32>;

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Shape for Halves<MINS, MAX, OFFSET> {
    #[inline(always)]
    fn step<S: Simd, const G: usize>(
        s: S,
        w: &[S::Quads; STEPS],
        panel: &PanelBlock,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    ) {
        let [low, high] = half_dots::<S, MAX, OFFSET, G>(s, w, x);
        let scales = [s.load(&panel.scales[0]), s.load(&panel.scales[1])];
        let mins = [s.load(&panel.mins[0]), s.load(&panel.mins[1])];
        for g in 0..G {
            let mut t = s.mul(low[g], scales[0]);
            t = s.fma(high[g], scales[1], t);
            if MINS {
                t = s.fma(s.splat(x[g].half_sums[0]), mins[0], t);
                t = s.fma(s.splat(x[g].half_sums[1]), mins[1], t);
            }
            acc[g] = s.fma(s.splat(x[g].scales[0]), t, acc[g]);
        }
    }
}

/// A block of its own, with or without a minimum; activations of fine grain.
pub(crate) struct Fine<const MINS: bool, const MAX: i32, const OFFSET: i32>;

impl<const MINS: bool, const MAX: i32, const OFFSET: i32> Shape for Fine<MINS, MAX, OFFSET> {
    #[inline(always)]
    fn step<S: Simd, const G: usize>(
        s: S,
        w: &[S::Quads; STEPS],
        panel: &PanelBlock,
        x: &[ActBlock; G],
        acc: &mut [S::F; G],
    ) {
        let [low, high] = half_dots::<S, MAX, OFFSET, G>(s, w, x);
        let (scale, min) = (s.load(&panel.scales[0]), s.load(&panel.mins[0]));
        for g in 0..G {
            let t = s.mul(low[g], s.splat(x[g].scales[0]));
            let t = s.fma(high[g], s.splat(x[g].scales[1]), t);
            acc[g] = s.fma(scale, t, acc[g]);
            if MINS {
                acc[g] = s.fma(min, s.splat(x[g].sum), acc[g]);
            }
        }
    }
}

/// What the sum over a half of a block starts from.
#[inline(always)]
fn start<const OFFSET: i32>(x: &ActBlock, half: usize) -> i32 {
    if OFFSET == 0 {
        return 0;
    }
    // The division is a shift, and none where the offset is the largest.
    x.starts[half] / (ActBlock::MAX_OFFSET / OFFSET)
}

/// The steps of each half of a block.
#[inline(always)]
fn halves<S: Simd>(w: &[S::Quads; STEPS]) -> [&[S::Quads; 4]; 2] {
    let (halves, _) = w.as_chunks();
    [&halves[0], &halves[1]]
}

/// The exact sums over the halves of a block.
#[inline(always)]
fn half_dots<S: Simd, const MAX: i32, const OFFSET: i32, const G: usize>(
    s: S,
    w: &[S::Quads; STEPS],
    x: &[ActBlock; G],
) -> [[S::F; G]; 2] {
    let w = halves::<S>(w);
    let mut out = [[s.zero(); G]; 2];
    for half in 0..2 {
        for g in 0..G {
            let sum = s.start::<OFFSET>(start::<OFFSET>(&x[g], half));
            let (q, _) = x[g].q.as_chunks();
            out[half][g] = s.whole(s.dot_four::<MAX, OFFSET>(sum, w[half], &q[half]));
        }
    }
    out
}

/// A quantized weight type.
pub(crate) trait Kind: 'static {
    /// What is done with its integers.
    type Shape: Shape;
    /// Blocks that [`quads`](Self::quads) unpacks at once; 0 where there is only
    /// [`unpack`](Self::unpack).
    const GROUP: usize;

    /// Unpacks blocks of 32 columns, from `block` on, as many as there are in `panel`; both are
    /// whole super-blocks for the types that have them.
    fn unpack<S: Simd>(s: S, rows: &Rows16<'_>, block: usize, panel: &mut [PanelBlock]);

    /// Unpacks scales and minimums alone.
    fn scales<S: Simd>(s: S, rows: &Rows16<'_>, block: usize, panel: &mut [PanelBlock]);

    /// Unpacks the integers of [`GROUP`](Self::GROUP) blocks; the second of one is a copy.
    fn quads<S: Simd>(s: S, rows: &Rows16<'_>, block: usize) -> [[S::Quads; STEPS]; 2];
}

/// Blocks of 32 columns in a super-block.
const SUPER: usize = blocks::SUPER_LEN / super::BLOCK;

/// Unpacks a type's scales, then its integers group by group.
#[inline(always)]
fn unpack_groups<S: Simd, K: Kind>(
    s: S,
    rows: &Rows16<'_>,
    block: usize,
    panel: &mut [PanelBlock],
) {
    K::scales(s, rows, block, panel);
    for (group, out) in panel.chunks_mut(K::GROUP).enumerate() {
        let w = K::quads(s, rows, block + group * K::GROUP);
        for (w, out) in w.iter().zip(out) {
            for i in 0..STEPS {
                s.store_quads(w[i], &mut out.q[i]);
            }
        }
    }
}

/// Declares a type that is unpacked group by group.
macro_rules! grouped_kind {
    ($name:ident: $shape:ident<$mins:literal, $max:literal, $offset:literal>, $group:literal,
     scales($ss:ident, $srows:ident, $sblock:ident, $panel:ident) $scales:expr,
     quads($s:ident, $rows:ident, $block:ident) $quads:expr) => {
        #[allow(non_camel_case_types, reason = "the names of the formats")]
        pub(crate) struct $name;

        impl Kind for $name {
            type Shape = $shape<$mins, $max, $offset>;
            const GROUP: usize = $group;

            #[inline(always)]
            fn unpack<S: Simd>(s: S, rows: &Rows16<'_>, block: usize, panel: &mut [PanelBlock]) {
                if S::LEVEL == Level::Reference || rows.is_short() {
                    plain::unpack::<plain::$name>(rows, block, panel);
                } else {
                    unpack_groups::<S, Self>(s, rows, block, panel);
                }
            }

            #[inline(always)]
            fn scales<S: Simd>(
                $ss: S,
                $srows: &Rows16<'_>,
                $sblock: usize,
                $panel: &mut [PanelBlock],
            ) {
                $scales
            }

            #[inline(always)]
            fn quads<S: Simd>($s: S, $rows: &Rows16<'_>, $block: usize) -> [[S::Quads; STEPS]; 2] {
                $quads
            }
        }
    };
}

/// The f16 scales at the beginning of blocks of `bytes`.
#[inline(always)]
fn block_scales<S: Simd>(
    s: S,
    rows: &Rows16<'_>,
    (block, bytes): (usize, usize),
    panel: &mut [PanelBlock],
) {
    for (i, out) in panel.iter_mut().enumerate() {
        let d = rows.halfs((block + i) * bytes);
        s.store(s.load_f16(&d), &mut out.scales[0]);
    }
}

grouped_kind!(Q8_0: Fine<false, 255, 128>, 1,
    scales(s, rows, block, panel) {
        block_scales(s, rows, (block, blocks::q8_0::BYTES), panel);
    },
    quads(s, rows, block) {
        let at = block * blocks::q8_0::BYTES + blocks::q8_0::QS;
        let (low, high) = (s.transpose(rows, at), s.transpose(rows, at + 16));
        let mut w = [low[0]; STEPS];
        for i in 0..4 {
            w[i] = s.xor_quads(low[i], s.splat_quads(0x80));
            w[4 + i] = s.xor_quads(high[i], s.splat_quads(0x80));
        }
        [w; 2]
    }
);

grouped_kind!(Q4_0: Fine<false, 15, 8>, 1,
    scales(s, rows, block, panel) {
        block_scales(s, rows, (block, blocks::q4_0::BYTES), panel);
    },
    quads(s, rows, block) {
        let q = s.transpose(rows, block * blocks::q4_0::BYTES + blocks::q4_0::QS);
        let mut w = [q[0]; STEPS];
        for i in 0..4 {
            w[i] = s.and_quads(q[i], s.splat_quads(15));
            w[4 + i] = s.shr_quads::<4>(q[i]);
        }
        [w; 2]
    }
);

grouped_kind!(Q4_K: Whole<true, 15, 0>, 2,
    scales(s, rows, block, panel) {
        super_scales_mins(s, rows, (block, blocks::q4_k::BYTES), panel);
    },
    quads(s, rows, block) {
        let at = block / SUPER * blocks::q4_k::BYTES + blocks::q4_k::QS + block % SUPER / 2 * 32;
        nibble_pair(s, rows, at)
    }
);

grouped_kind!(Q5_K: Whole<true, 31, 0>, 2,
    scales(s, rows, block, panel) {
        super_scales_mins(s, rows, (block, blocks::q5_k::BYTES), panel);
    },
    quads(s, rows, block) {
        let (at, pair) = (block / SUPER * blocks::q5_k::BYTES, block % SUPER / 2);
        let mut w = nibble_pair(s, rows, at + blocks::q5_k::QS + 32 * pair);
        // Bit b of these bytes is the fifth bit of block b.
        let low = s.transpose(rows, at + blocks::q5_k::QH);
        let high = s.transpose(rows, at + blocks::q5_k::QH + 16);
        for i in 0..STEPS {
            let fifth = if i < 4 { low[i] } else { high[i - 4] };
            let fifth = match pair {
                0 => fifth,
                1 => s.shr_quads::<2>(fifth),
                2 => s.shr_quads::<4>(fifth),
                _ => s.shr_quads::<6>(fifth),
            };
            let bit = s.splat_quads(16);
            w[0][i] = s.or_quads(w[0][i], s.and_quads(s.shl_quads::<4>(fifth), bit));
            w[1][i] = s.or_quads(w[1][i], s.and_quads(s.shl_quads::<3>(fifth), bit));
        }
        w
    }
);

/// The low nibbles of 32 bytes, and the high ones.
#[inline(always)]
fn nibble_pair<S: Simd>(s: S, rows: &Rows16<'_>, at: usize) -> [[S::Quads; STEPS]; 2] {
    let (low, high) = (s.transpose(rows, at), s.transpose(rows, at + 16));
    let mut w = [[low[0]; STEPS]; 2];
    for i in 0..4 {
        w[0][i] = s.and_quads(low[i], s.splat_quads(15));
        w[0][4 + i] = s.and_quads(high[i], s.splat_quads(15));
        w[1][i] = s.shr_quads::<4>(low[i]);
        w[1][4 + i] = s.shr_quads::<4>(high[i]);
    }
    w
}

/// Scales and minimums of the super-blocks of `bytes` of Q4_K or Q5_K.
#[inline(always)]
fn super_scales_mins<S: Simd>(
    s: S,
    rows: &Rows16<'_>,
    (block, bytes): (usize, usize),
    panel: &mut [PanelBlock],
) {
    for (i, out) in panel.as_chunks_mut().0.iter_mut().enumerate() {
        eight_scales_mins(s, rows, (block / SUPER + i) * bytes, out);
    }
}

/// Declares a type that is unpacked whole super-blocks at a time.
macro_rules! kind {
    ($name:ident: $shape:ident<$mins:literal, $max:literal, $offset:literal>,
     ($s:ident, $rows:ident, $block:ident, $panel:ident) $unpack:expr) => {
        #[allow(non_camel_case_types, reason = "the names of the formats")]
        pub(crate) struct $name;

        impl Kind for $name {
            type Shape = $shape<$mins, $max, $offset>;
            const GROUP: usize = 0;

            #[inline(always)]
            fn unpack<S: Simd>(
                $s: S,
                $rows: &Rows16<'_>,
                $block: usize,
                $panel: &mut [PanelBlock],
            ) {
                if S::LEVEL == Level::Reference || $rows.is_short() {
                    return plain::unpack::<plain::$name>($rows, $block, $panel);
                }
                $unpack
            }

            #[inline(always)]
            fn scales<S: Simd>(_: S, _: &Rows16<'_>, _: usize, _: &mut [PanelBlock]) {
                unreachable!("not unpacked in groups");
            }

            #[inline(always)]
            fn quads<S: Simd>(_: S, _: &Rows16<'_>, _: usize) -> [[S::Quads; STEPS]; 2] {
                unreachable!("not unpacked in groups");
            }
        }
    };
}

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
    let first = (s.and_quads(scales, six), s.and_quads(mins, six));
    let last = (
        s.or_quads(
            s.and_quads(shared, four),
            s.and_quads(s.shr_quads::<2>(scales), two),
        ),
        s.or_quads(
            s.shr_quads::<4>(shared),
            s.and_quads(s.shr_quads::<2>(mins), two),
        ),
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
