//! The loops of x86-64's levels.

#![allow(unsafe_code, reason = "instructions that the compiler was not told of")]

use std::arch::asm;
use std::arch::x86_64::{
    _mm256_dpbusd_avx_epi32, _mm256_fmadd_ps, _mm256_maddubs_epi16, _mm256_set1_epi8,
    _mm256_set1_epi32, _mm256_set1_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_set1_epi8,
    _mm512_set1_epi32, _mm512_set1_ps,
};
use std::hint::black_box;

use super::{CHAINS, Peak, PeakKind};
use crate::level::Level;

/// The loop of a level that this machine has: the table of kernels is the proof.
pub(super) fn peak(level: Level, kind: PeakKind) -> Option<Peak> {
    use PeakKind::{Bytes, F32};
    let (ops_of_chain, run): (usize, fn(usize)) = match (level, kind) {
        (Level::Avx2 | Level::Avx2Vnni, F32) => (8 * 2, |n| {
            // SAFETY: the level means AVX2 and FMA.
            unsafe { fma_256(n) }
        }),
        (Level::Avx2, Bytes) => (32 * 2, |n| {
            // SAFETY: the level means AVX2.
            unsafe { bytes_256(n) }
        }),
        (Level::Avx2Vnni, Bytes) => (32 * 2, |n| {
            // SAFETY: the level means AVX-VNNI.
            unsafe { bytes_vnni(n) }
        }),
        (Level::Avx512 | Level::Amx, F32) => (16 * 2, |n| {
            // SAFETY: the level means AVX-512 F.
            unsafe { fma_512(n) }
        }),
        (Level::Avx512, Bytes) => (64 * 2, |n| {
            // SAFETY: the level means AVX-512 F and VNNI.
            unsafe { bytes_512(n) }
        }),
        (Level::Amx, Bytes) => {
            let ops_per_turn = N_TILES * 16 * 16 * 64 * 2;
            let run: fn(usize) = |n| {
                // SAFETY: the level means AMX-TILE and AMX-INT8, and the right to use them.
                unsafe { bytes_tiles(n) }
            };
            return Some(Peak { ops_per_turn, run });
        }
        _ => return None,
    };
    Some(Peak {
        ops_per_turn: CHAINS * ops_of_chain,
        run,
    })
}

#[target_feature(enable = "avx2,fma")]
fn fma_256(n_turns: usize) {
    let mut sums = [_mm256_set1_ps(black_box(0.0)); CHAINS];
    let (a, b) = (
        _mm256_set1_ps(black_box(1.5)),
        _mm256_set1_ps(black_box(0.5)),
    );
    for _ in 0..n_turns {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(a, b, *sum);
        }
    }
    black_box(sums);
}

/// The multiplication alone: how many of its sums meet in 16 bits is a kernel's own business.
#[target_feature(enable = "avx2")]
fn bytes_256(n_turns: usize) {
    let mut sums = [_mm256_set1_epi8(black_box(3)); CHAINS];
    let b = _mm256_set1_epi8(black_box(2));
    for _ in 0..n_turns {
        for sum in &mut sums {
            *sum = _mm256_maddubs_epi16(*sum, b);
        }
    }
    black_box(sums);
}

#[target_feature(enable = "avx2,avxvnni")]
fn bytes_vnni(n_turns: usize) {
    let mut sums = [_mm256_set1_epi32(black_box(0)); CHAINS];
    let (a, b) = (
        _mm256_set1_epi8(black_box(3)),
        _mm256_set1_epi8(black_box(2)),
    );
    for _ in 0..n_turns {
        for sum in &mut sums {
            *sum = _mm256_dpbusd_avx_epi32(*sum, a, b);
        }
    }
    black_box(sums);
}

#[target_feature(enable = "avx512f")]
fn fma_512(n_turns: usize) {
    let mut sums = [_mm512_set1_ps(black_box(0.0)); CHAINS];
    let (a, b) = (
        _mm512_set1_ps(black_box(1.5)),
        _mm512_set1_ps(black_box(0.5)),
    );
    for _ in 0..n_turns {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(a, b, *sum);
        }
    }
    black_box(sums);
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn bytes_512(n_turns: usize) {
    let mut sums = [_mm512_set1_epi32(black_box(0)); CHAINS];
    let (a, b) = (
        _mm512_set1_epi8(black_box(3)),
        _mm512_set1_epi8(black_box(2)),
    );
    for _ in 0..n_turns {
        for sum in &mut sums {
            *sum = _mm512_dpbusd_epi32(*sum, a, b);
        }
    }
    black_box(sums);
}

/// Products of 16 × 64 and 64 × 16 bytes in a turn.
const N_TILES: usize = 4;

/// What LDTILECFG reads: palette 1, eight tiles of 16 rows of 64 bytes.
#[repr(align(64))]
struct Tiles([u8; 64]);

/// Products of whole tiles, which the kernels' blocks of 32 columns fill by half or a quarter.
///
/// # Safety
/// The machine has AMX-TILE and AMX-INT8, and the process may use them.
unsafe fn bytes_tiles(n_turns: usize) {
    let mut tiles = Tiles([0; 64]);
    tiles.0[0] = 1;
    for tile in 0..8 {
        tiles.0[16 + 2 * tile] = 64;
        tiles.0[48 + tile] = 16;
    }
    // The loop ends at 0.
    let n_turns = n_turns.max(1);
    // SAFETY: as promised by the caller; all tile registers are named as changed, and none
    // holds anything of the compiler's. They begin as zeros.
    unsafe {
        asm!(
            "ldtilecfg [{tiles}]",
            "2:",
            "tdpbssd tmm0, tmm4, tmm5",
            "tdpbssd tmm1, tmm4, tmm6",
            "tdpbssd tmm2, tmm7, tmm5",
            "tdpbssd tmm3, tmm7, tmm6",
            "dec {turns}",
            "jnz 2b",
            "tilerelease",
            tiles = in(reg) &raw const tiles,
            turns = inout(reg) n_turns => _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
