//! Speed of what is not a product: norms, rope, activations, softmax, rounding, the cache's stores,
//! an embedding's row. For each level the bytes read and written a second, as a share of what plain
//! copying of as long a row does in the same run.
//!
//! `cargo run --release -p lilim-kernels --example rows [LEVEL]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that reports"
)]

use lilim_formats::GgmlType;
use lilim_kernels::{
    ActBlock, Activation, Grain, Kernels, KvKind, LayerNorm, Level, RopeStyle, WeightRows,
};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Each figure is the best of the runs that fit in this time: other programs only slow one down.
const TIME: Duration = Duration::from_millis(60);
/// Values in a row: 16 KiB.
const WIDTH: usize = 4096;
/// Values of a row of logits.
const VOCABULARY: usize = 151_936;
/// Values of a head.
const HEAD: usize = 128;

/// A kernel at work on rows.
type Work<'a> = Box<dyn FnMut(&mut Rows) + 'a>;

/// What the kernels work on.
struct Rows {
    x: Vec<f32>,
    y: Vec<f32>,
    out: Vec<f32>,
    logits: Vec<f32>,
    rounded: Vec<ActBlock>,
    bytes: Vec<u8>,
}

impl Rows {
    fn new() -> Self {
        let values = |n: usize| -> Vec<f32> {
            (0..n)
                .map(|i| ((i * 7919) % 1000) as f32 / 250.0 - 2.0)
                .collect()
        };
        Self {
            x: values(WIDTH),
            y: values(WIDTH),
            out: vec![0.0; WIDTH],
            logits: values(VOCABULARY),
            rounded: vec![ActBlock::ZERO; Kernels::rounded_len(WIDTH, 1)],
            bytes: vec![0; 4 * WIDTH],
        }
    }
}

fn main() {
    let only = std::env::args()
        .nth(1)
        .and_then(|name| Level::from_name(&name));
    let mut rows = Rows::new();
    let copying = copy_rate(&mut rows);
    println!("one thread, rows of {WIDTH} values: copying {copying:.0} GB/s");
    println!(
        "{:10} {:22} {:>9} {:>16}",
        "level", "kernel", "ns", "GB/s of copying"
    );
    for level in Level::available().filter(|level| only.is_none_or(|only| only == *level)) {
        let kernels = Kernels::for_level(level).unwrap();
        for (name, n_bytes, mut work) in works(kernels) {
            let time = best(|| work(&mut rows));
            let rate = n_bytes as f64 / time / 1e9;
            println!(
                "{:10} {name:22} {:>9.0} {:>16}",
                level.name(),
                time * 1e9,
                format!("{rate:.1} ({:.0}%)", 100.0 * rate / copying)
            );
        }
    }
}

/// Seconds of the fastest run.
fn best(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut best = Duration::MAX;
    while start.elapsed() < TIME {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    best.as_secs_f64()
}

/// Bytes read and written a nanosecond.
fn copy_rate(rows: &mut Rows) -> f64 {
    let time = best(|| {
        for _ in 0..16 {
            black_box(&mut rows.out).copy_from_slice(black_box(&rows.x));
        }
    });
    (16 * 8 * WIDTH) as f64 / time / 1e9
}

/// The kernels by name, with the bytes that each reads and writes.
fn works(kernels: &Kernels) -> Vec<(&'static str, usize, Work<'_>)> {
    let row = 4 * WIDTH;
    let mut all: Vec<(&'static str, usize, Work<'_>)> = vec![
        ("rms_norm", 3 * row, {
            Box::new(|r| kernels.rms_norm(&r.x, Some(&r.y), 1e-5, &mut r.out))
        }),
        ("layer_norm", 3 * row, {
            let norm = |r: &Rows| (r.y.clone(), r.y.clone());
            let mut held = None;
            Box::new(move |r| {
                let (weight, bias) = held.get_or_insert_with(|| norm(r));
                let norm = LayerNorm {
                    weight: Some(weight),
                    bias: Some(bias),
                    eps: 1e-5,
                };
                kernels.layer_norm(norm, &r.x, &mut r.out);
            })
        }),
        ("add", 3 * row, Box::new(|r| kernels.add(&mut r.out, &r.y))),
        ("rope, heads of 128", 2 * row, {
            Box::new(|r| {
                let (cos, sin) = r.y[..HEAD].split_at(HEAD / 2);
                for head in r.out.chunks_exact_mut(HEAD) {
                    kernels.rope(head, cos, sin, RopeStyle::Halves);
                }
            })
        }),
        ("round, coarse", row + row / 2, {
            Box::new(|r| kernels.round_tile(Grain::Coarse, &r.x, WIDTH, &mut r.rounded))
        }),
        ("round, fine", row + row / 2, {
            Box::new(|r| kernels.round_tile(Grain::Fine, &r.x, WIDTH, &mut r.rounded))
        }),
        ("softmax, vocabulary", 8 * VOCABULARY, {
            Box::new(|r| kernels.softmax(&mut r.logits))
        }),
        ("argmax, vocabulary", 4 * VOCABULARY, {
            Box::new(|r| {
                black_box(kernels.argmax(&r.logits));
            })
        }),
    ];
    all.extend(activations(kernels));
    all.extend(stores(kernels));
    all.extend(embeddings(kernels));
    all
}

fn activations(kernels: &Kernels) -> Vec<(&'static str, usize, Work<'_>)> {
    let gates = [
        ("gate, silu", Activation::Silu),
        ("gate, gelu tanh", Activation::GeluTanh),
        ("gate, gelu erf", Activation::GeluErf),
        ("gate, relu squared", Activation::ReluSquared),
    ];
    let work = |activation| -> Work<'_> {
        Box::new(move |r| {
            // Values that stay what they are from run to run.
            r.out.copy_from_slice(&r.x);
            kernels.gate(activation, &mut r.out, &r.y);
        })
    };
    gates
        .into_iter()
        .map(|(name, activation)| (name, 3 * 4 * WIDTH, work(activation)))
        .collect()
}

fn stores(kernels: &Kernels) -> Vec<(&'static str, usize, Work<'_>)> {
    let kinds = [
        ("store values, f16", KvKind::F16),
        ("store values, q8_0", KvKind::Q8_0),
    ];
    let work = |kind: KvKind| -> Work<'_> {
        Box::new(move |r| {
            let n = kind.row_bytes(WIDTH);
            kernels.store_values(kind, &r.x, &mut r.bytes[..n]);
        })
    };
    kinds
        .into_iter()
        .map(|(name, kind)| (name, 4 * WIDTH + kind.row_bytes(WIDTH), work(kind)))
        .collect()
}

fn embeddings(kernels: &Kernels) -> Vec<(&'static str, usize, Work<'_>)> {
    let types = [
        ("embedding, F16", GgmlType::F16),
        ("embedding, Q8_0", GgmlType::Q8_0),
        ("embedding, Q4_K", GgmlType::Q4_K),
        ("embedding, Q6_K", GgmlType::Q6_K),
    ];
    let work = |ty: GgmlType| -> Work<'_> {
        let bytes = vec![0x11; ty.row_bytes(WIDTH).unwrap()];
        Box::new(move |r| {
            let weight = WeightRows::new(ty, &bytes, 1, WIDTH).unwrap();
            kernels.decode_row(ty, weight.row(0), &mut r.out);
        })
    };
    types
        .into_iter()
        .map(|(name, ty)| {
            let n_bytes = 4 * WIDTH + ty.row_bytes(WIDTH).unwrap();
            (name, n_bytes, work(ty))
        })
        .collect()
}
