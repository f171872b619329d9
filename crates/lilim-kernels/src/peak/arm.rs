//! The loops of AArch64's levels.

#![allow(unsafe_code, reason = "instructions that the compiler was not told of")]

use std::arch::aarch64::{
    int8x16_t, int16x8_t, int32x4_t, vdupq_n_f32, vdupq_n_s8, vdupq_n_s16, vdupq_n_s32, vfmaq_f32,
    vget_low_s8, vmlal_s8,
};
use std::arch::asm;
use std::hint::black_box;

use super::{CHAINS, Peak, PeakKind};
use crate::level::Level;

/// The loop of a level that this machine has: the table of kernels is the proof.
pub(super) fn peak(level: Level, kind: PeakKind) -> Option<Peak> {
    let (ops_of_chain, run): (usize, fn(usize)) = match (level, kind) {
        (Level::Neon | Level::NeonDotprod | Level::NeonI8mm, PeakKind::F32) => (4 * 2, |n| {
            // SAFETY: the level means NEON.
            unsafe { fma(n) }
        }),
        (Level::Neon, PeakKind::Bytes) => (8 * 2, |n| {
            // SAFETY: the level means NEON.
            unsafe { bytes(n) }
        }),
        (Level::NeonDotprod, PeakKind::Bytes) => (16 * 2, |n| {
            // SAFETY: the level means the dot products.
            unsafe { bytes_dot(n) }
        }),
        (Level::NeonI8mm, PeakKind::Bytes) => (32 * 2, |n| {
            // SAFETY: the level means the matrix products.
            unsafe { bytes_matrix(n) }
        }),
        _ => return None,
    };
    Some(Peak {
        ops_per_turn: CHAINS * ops_of_chain,
        run,
    })
}

#[target_feature(enable = "neon")]
fn fma(n_turns: usize) {
    let mut sums = [vdupq_n_f32(black_box(0.0)); CHAINS];
    let (a, b) = (vdupq_n_f32(black_box(1.5)), vdupq_n_f32(black_box(0.5)));
    for _ in 0..n_turns {
        for sum in &mut sums {
            *sum = vfmaq_f32(*sum, a, b);
        }
    }
    black_box(sums);
}

/// Products into 16 bits: how many meet there is a kernel's own business.
#[target_feature(enable = "neon")]
fn bytes(n_turns: usize) {
    let mut sums: [int16x8_t; CHAINS] = [vdupq_n_s16(black_box(0)); CHAINS];
    let (a, b) = (vdupq_n_s8(black_box(3)), vdupq_n_s8(black_box(2)));
    let (a, b) = (vget_low_s8(a), vget_low_s8(b));
    for _ in 0..n_turns {
        for sum in &mut sums {
            *sum = vmlal_s8(*sum, a, b);
        }
    }
    black_box(sums);
}

/// A loop over an instruction whose intrinsic is not stable.
macro_rules! in_assembly {
    ($name:ident, $features:literal, $instruction:literal) => {
        #[target_feature(enable = $features)]
        fn $name(n_turns: usize) {
            let mut sums: [int32x4_t; CHAINS] = [vdupq_n_s32(black_box(0)); CHAINS];
            let a: int8x16_t = vdupq_n_s8(black_box(3));
            let b: int8x16_t = vdupq_n_s8(black_box(2));
            for _ in 0..n_turns {
                for sum in &mut sums {
                    // SAFETY: the instruction changes this register alone, and the level has it.
                    unsafe {
                        asm!(
                            $instruction,
                            sum = inlateout(vreg) *sum,
                            a = in(vreg) a,
                            b = in(vreg) b,
                            options(pure, nomem, nostack, preserves_flags),
                        );
                    }
                }
            }
            black_box(sums);
        }
    };
}

in_assembly!(
    bytes_dot,
    "neon,dotprod",
    "sdot {sum:v}.4s, {a:v}.16b, {b:v}.16b"
);
in_assembly!(
    bytes_matrix,
    "neon,i8mm",
    "smmla {sum:v}.4s, {a:v}.16b, {b:v}.16b"
);
