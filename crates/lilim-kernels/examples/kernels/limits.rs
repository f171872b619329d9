//! What the machine could do at most, measured in the same run: reading, multiplying, the clock.

use lilim_kernels::{Kernels, PeakKind};
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

/// The most operations a nanosecond that one thread can do at a level, where there is a loop for it.
pub(crate) fn peak(kernels: &Kernels, kind: PeakKind) -> Option<f64> {
    let peak = kernels.peak(kind)?;
    let time = best(|| peak.run(TURNS));
    Some(peak.n_ops(TURNS) as f64 / time.as_nanos() as f64)
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
