//! What the machine can do at most, measured among the probes that are told as a share of it.

use std::hint::black_box;
use std::sync::{Arc, Mutex};

use lilim_bench::record::Reading;
use lilim_bench::scenario::{BYTES, OPS};
use lilim_kernels::PeakKind;

use super::crew::{Job, lock};
use super::rows::WIDTH;
use super::{ROOM_BYTES, Stage, Threads};

/// Bytes that a thread reads in a call: more than a core's own caches hold.
const PIECE_BYTES: usize = 8 << 20;

/// Turns of an arithmetic loop in a call.
const TURNS: usize = 20_000;

/// Reading memory, copying within the first cache, and each level's bare multiplications.
pub(super) fn add(stage: &mut Stage) {
    let n_threads = stage.n_threads();
    let bytes = Reading::of(BYTES, (n_threads * PIECE_BYTES) as f64);
    stage.add_limit("limit/read", (bytes, Threads::All), move || {
        reading(n_threads)
    });
    let bytes = Reading::of(BYTES, (COPIES * 2 * 4 * WIDTH) as f64);
    stage.add_limit("limit/copy", (bytes, Threads::One), copying);
    for kernels in super::available() {
        for kind in PeakKind::ALL {
            let Some(peak) = kernels.peak(kind) else {
                continue;
            };
            let name = format!("limit/{}/{}", kind.name(), kernels.level());
            let ops = Reading::of(OPS, (n_threads * peak.n_ops(TURNS)) as f64);
            stage.add_limit(&name, (ops, Threads::All), move || {
                Arc::new(move |_| peak.run(TURNS))
            });
        }
    }
}

/// Sums over memory, each thread its own, piece after piece: what has been read is out of every
/// cache when its turn comes again.
fn reading(n_threads: usize) -> Job {
    let n_pieces = (ROOM_BYTES / n_threads / PIECE_BYTES).max(2);
    let values = vec![1u64; n_threads * n_pieces * (PIECE_BYTES / 8)];
    let turns: Vec<_> = (0..n_threads).map(|_| Mutex::new(0)).collect();
    Arc::new(move |index| {
        let mut turn = lock(&turns[index]);
        let piece = index * n_pieces + *turn % n_pieces;
        *turn += 1;
        let start = piece * (PIECE_BYTES / 8);
        let mut sums = [0u64; 32];
        let values = black_box(&values[start..start + PIECE_BYTES / 8]);
        for chunk in values.as_chunks::<32>().0 {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum = sum.wrapping_add(*value);
            }
        }
        black_box(sums);
    })
}

/// Copies in a call.
const COPIES: usize = 16;

fn copying() -> Job {
    let from = vec![1.0f32; WIDTH];
    let to = Mutex::new(vec![0.0f32; WIDTH]);
    Arc::new(move |_| {
        let mut to = lock(&to);
        for _ in 0..COPIES {
            black_box(&mut *to).copy_from_slice(black_box(&from));
        }
    })
}
