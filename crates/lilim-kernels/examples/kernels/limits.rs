//! What the machine could do at most, measured in the same run: reading, multiplying, the clock.
//! The arithmetic loops touch registers only.

#![allow(unsafe_code, reason = "instructions that the compiler was not told of")]

use lilim_kernels::Level;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Each figure is the best of the runs that fit in this time: other programs only slow one down.
const TIME: Duration = Duration::from_millis(250);

/// Turns of an arithmetic loop.
const TURNS: usize = 20_000;

/// The shortest time of a run.
pub(crate) fn best(mut run: impl FnMut()) -> Duration {
    run();
    let start = Instant::now();
    let mut best = Duration::MAX;
    while start.elapsed() < TIME {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    best
}

/// The most operations a nanosecond that one thread can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peaks {
    /// Multiplying and adding f32: two operations.
    pub(crate) f32_gops: f64,
    /// Multiplying and adding bytes.
    pub(crate) i8_gops: f64,
}

/// The peaks of a level, where there is a loop for it here.
pub(crate) fn peaks(level: Level) -> Option<Peaks> {
    #[cfg(target_arch = "x86_64")]
    {
        match level {
            Level::Avx2 => Some(Peaks {
                f32_gops: rate(x86::FLOATS_256, || {
                    // SAFETY: the caller's level is there, and it means AVX2 and FMA
                    unsafe { x86::fma_256() }
                }),
                i8_gops: rate(x86::BYTES_256, || {
                    // SAFETY: as above
                    unsafe { x86::bytes_256() }
                }),
            }),
            Level::Avx512 => Some(Peaks {
                f32_gops: rate(x86::FLOATS_512, || {
                    // SAFETY: the caller's level is there, and it means AVX-512 F and VNNI
                    unsafe { x86::fma_512() }
                }),
                i8_gops: rate(x86::BYTES_512, || {
                    // SAFETY: as above
                    unsafe { x86::bytes_512() }
                }),
            }),
            Level::Amx => Some(Peaks {
                f32_gops: rate(x86::FLOATS_512, || {
                    // SAFETY: the caller's level is there, and it means AVX-512 F
                    unsafe { x86::fma_512() }
                }),
                i8_gops: rate(x86::BYTES_TILES, || {
                    // SAFETY: the level means AMX-TILE and AMX-INT8 too, and the right to use them
                    unsafe { x86::bytes_tiles() }
                }),
            }),
            _ => None,
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (level, TURNS);
        None
    }
}

/// Operations a nanosecond of loops that do so many a turn.
#[cfg(target_arch = "x86_64")]
fn rate(ops_per_turn: usize, run: impl FnMut()) -> f64 {
    (ops_per_turn * TURNS) as f64 / best(run).as_nanos() as f64
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::TURNS;
    use std::arch::asm;
    use std::arch::x86_64::{
        _mm256_fmadd_ps, _mm256_maddubs_epi16, _mm256_set1_epi8, _mm256_set1_ps,
        _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps,
    };
    use std::hint::black_box;

    /// Independent chains: more than latency times throughput.
    const CHAINS: usize = 12;

    pub(super) const FLOATS_256: usize = CHAINS * 8 * 2;
    pub(super) const BYTES_256: usize = CHAINS * 32 * 2;
    pub(super) const FLOATS_512: usize = CHAINS * 16 * 2;
    pub(super) const BYTES_512: usize = CHAINS * 64 * 2;

    /// Four products of 16 × 64 and 64 × 16 bytes.
    pub(super) const BYTES_TILES: usize = 4 * 16 * 16 * 64 * 2;

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn fma_256() {
        let mut sums = [_mm256_set1_ps(black_box(0.0)); CHAINS];
        let (a, b) = (
            _mm256_set1_ps(black_box(1.5)),
            _mm256_set1_ps(black_box(0.5)),
        );
        for _ in 0..TURNS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(a, b, *sum);
            }
        }
        black_box(sums);
    }

    /// The multiplication alone: how many of its sums meet in 16 bits is a kernel's own business.
    #[target_feature(enable = "avx2")]
    pub(super) fn bytes_256() {
        let mut sums = [_mm256_set1_epi8(black_box(3)); CHAINS];
        let b = _mm256_set1_epi8(black_box(2));
        for _ in 0..TURNS {
            for sum in &mut sums {
                *sum = _mm256_maddubs_epi16(*sum, b);
            }
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn fma_512() {
        let mut sums = [_mm512_set1_ps(black_box(0.0)); CHAINS];
        let (a, b) = (
            _mm512_set1_ps(black_box(1.5)),
            _mm512_set1_ps(black_box(0.5)),
        );
        for _ in 0..TURNS {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(a, b, *sum);
            }
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn bytes_512() {
        let mut sums = [_mm512_set1_epi32(black_box(0)); CHAINS];
        let (a, b) = (
            _mm512_set1_epi8(black_box(3)),
            _mm512_set1_epi8(black_box(2)),
        );
        for _ in 0..TURNS {
            for sum in &mut sums {
                *sum = _mm512_dpbusd_epi32(*sum, a, b);
            }
        }
        black_box(sums);
    }

    /// What LDTILECFG reads: palette 1, eight tiles of 16 rows of 64 bytes.
    #[repr(align(64))]
    struct Tiles([u8; 64]);

    /// Products of whole tiles, which the kernels' blocks of 32 columns fill by half or a quarter.
    ///
    /// # Safety
    /// The machine has AMX-TILE and AMX-INT8, and the process may use them.
    pub(super) unsafe fn bytes_tiles() {
        let mut tiles = Tiles([0; 64]);
        tiles.0[0] = 1;
        for tile in 0..8 {
            tiles.0[16 + 2 * tile] = 64;
            tiles.0[48 + tile] = 16;
        }
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
                turns = inout(reg) TURNS => _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

/// GB/s of sums over pieces of 256 MiB, each larger than a core's own caches.
pub(crate) fn read_rate() -> f64 {
    let data = vec![1u64; 32 << 20];
    let mut pieces = data.chunks_exact(1 << 20).cycle();
    let time = best(|| {
        let mut sums = [0u64; 32];
        let piece = pieces.next().expect("a cycle has no end");
        for chunk in black_box(piece).as_chunks::<32>().0 {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum = sum.wrapping_add(*value);
            }
        }
        black_box(sums);
    });
    (8 << 20) as f64 / time.as_secs_f64() / 1e9
}

/// GHz, from a chain of multiplications of three cycles each.
pub(crate) fn clock() -> f64 {
    const STEPS: u64 = 200_000;
    let time = best(|| {
        let mut x = black_box(3u64);
        for _ in 0..STEPS {
            x = x.wrapping_mul(x);
        }
        black_box(x);
    });
    3.0 * STEPS as f64 / time.as_secs_f64() / 1e9
}
