//! Speed of the matrix products: for each level and type the rate at which weights are read with
//! one row of activations and the arithmetic with 64, beside the machine's own limits.
//!
//! `cargo run --release -p lilim-kernels --example kernels [LEVEL]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that reports"
)]

use lilim_formats::GgmlType;
use lilim_kernels::{ColumnsMut, Kernels, Level, WeightRows};
use std::hint::black_box;
use std::time::{Duration, Instant};

const TYPES: [GgmlType; 10] = [
    GgmlType::F32,
    GgmlType::F16,
    GgmlType::BF16,
    GgmlType::Q8_0,
    GgmlType::Q4_0,
    GgmlType::Q4_K,
    GgmlType::Q5_K,
    GgmlType::Q6_K,
    GgmlType::IQ4_NL,
    GgmlType::MXFP4,
];
const SHAPES: [(usize, usize); 2] = [(2048, 2048), (5632, 2048)];
/// Weight rows of the runs that are bound by arithmetic.
const FEW_ROWS: usize = 128;
/// Each figure is the best of the runs that fit in this time: other programs only slow one down.
const TIME: Duration = Duration::from_millis(250);

fn main() {
    let only = std::env::args()
        .nth(1)
        .and_then(|name| Level::from_name(&name));
    println!(
        "memory read, one thread: {:.1} GB/s; clock: {:.2} GHz",
        read_rate(),
        clock()
    );
    println!(
        "{:10} {:7} {:>10} {:>12} {:>12} {:>14}",
        "level", "type", "shape", "m=1 GB/s", "cached GB/s", "m=64 GFLOPS"
    );
    for level in Level::available().filter(|level| only.is_none_or(|only| only == *level)) {
        let kernels = Kernels::for_level(level).unwrap();
        for ty in TYPES {
            for (n_rows, n_cols) in SHAPES {
                report(kernels, ty, n_rows, n_cols);
            }
        }
    }
}

/// Checks, then times one type and shape.
fn report(kernels: &Kernels, ty: GgmlType, n_rows: usize, n_cols: usize) {
    let mut state = 1u64;
    let mut bytes: Vec<u8> = (0..ty.row_bytes(n_rows * n_cols).unwrap())
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            // Exponents small in every float format.
            ((state >> 56) as u8) & 0xb3
        })
        .collect();
    let x: Vec<f32> = (0..64 * n_cols)
        .map(|k| ((k * 7919) % 1000) as f32 / 1000.0 - 0.5)
        .collect();
    // Several copies, so that the weights come from memory and not from a cache.
    let copies = (96 << 20) / bytes.len() + 1;
    let one = bytes.clone();
    bytes.resize(copies * one.len(), 0);
    for copy in bytes.chunks_exact_mut(one.len()) {
        copy.copy_from_slice(&one);
    }
    check(
        kernels,
        WeightRows::new(ty, &one, n_rows, n_cols).unwrap(),
        &x,
    );
    let mut scratch = vec![0.0; Kernels::matmul_scratch()];
    let mut out = vec![0.0; 64 * n_rows];
    let mut matrices = bytes.chunks_exact(one.len()).cycle();
    let one_row = best(|| {
        let weight = WeightRows::new(ty, matrices.next().unwrap(), n_rows, n_cols).unwrap();
        let out = ColumnsMut::new(&mut out[..n_rows], 1);
        kernels.matmul(weight, black_box(&x[..n_cols]), out, &mut scratch);
    });
    // Few rows: these stay in the cache, and a run fits in a time slice of a busy machine.
    let few = WeightRows::new(ty, &one, n_rows, n_cols)
        .unwrap()
        .slice(0..FEW_ROWS);
    let mut time = |m: usize| {
        best(|| {
            let out = ColumnsMut::new(&mut out[..m * FEW_ROWS], m);
            kernels.matmul(few, black_box(&x[..m * n_cols]), out, &mut scratch);
        })
    };
    let (cached, many) = (time(1), time(64));
    let flops = 2.0 * 64.0 * (FEW_ROWS * n_cols) as f64;
    println!(
        "{:10} {:7} {:>10} {:>12.2} {:>12.2} {:>14.1}",
        kernels.level().name(),
        ty.name(),
        format!("{n_rows}x{n_cols}"),
        one.len() as f64 / one_row.as_secs_f64() / 1e9,
        few.bytes().len() as f64 / cached.as_secs_f64() / 1e9,
        flops / many.as_secs_f64() / 1e9,
    );
}

/// Compares some outputs with products of decoded rows.
fn check(kernels: &Kernels, weight: WeightRows<'_>, x: &[f32]) {
    let n_cols = weight.n_cols();
    let part = weight.slice(0..9);
    let mut scratch = vec![0.0; Kernels::matmul_scratch()];
    let mut row = vec![0.0; n_cols];
    for m in [1, 7] {
        let mut out = vec![0.0; m * 9];
        kernels.matmul(
            part,
            &x[..m * n_cols],
            ColumnsMut::new(&mut out, m),
            &mut scratch,
        );
        for r in 0..9 {
            kernels.decode_row(weight.ty(), weight.row(r), &mut row);
            for i in 0..m {
                let expected = kernels.dot(&row, &x[i * n_cols..][..n_cols]);
                assert_eq!(
                    out[i * 9 + r].to_bits(),
                    expected.to_bits(),
                    "{}",
                    weight.ty()
                );
            }
        }
    }
}

/// The shortest time of a run.
fn best(mut run: impl FnMut()) -> Duration {
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

/// GB/s of sums over pieces of 256 MiB, each larger than a core's own caches.
fn read_rate() -> f64 {
    let data = vec![1u64; 32 << 20];
    let mut pieces = data.chunks_exact(1 << 20).cycle();
    let time = best(|| {
        let mut sums = [0u64; 32];
        for chunk in black_box(pieces.next().unwrap()).as_chunks::<32>().0 {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum = sum.wrapping_add(*value);
            }
        }
        black_box(sums);
    });
    (8 << 20) as f64 / time.as_secs_f64() / 1e9
}

/// GHz, from a chain of multiplications of three cycles each.
fn clock() -> f64 {
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
