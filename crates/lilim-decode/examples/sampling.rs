//! Speed of choosing a token: microseconds a choice for vocabularies of several sizes, and how many
//! times as long as reading the logits once that is.
//!
//! `cargo run --release -p lilim-decode --example sampling`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that reports"
)]

use lilim_api::SamplingOptions;
use lilim_decode::{Rng, Sampler};
use std::hint::black_box;
use std::time::{Duration, Instant};

const VOCABULARIES: [usize; 3] = [32_000, 151_936, 262_144];
/// Each figure is the best of the runs that fit in this time: other programs only slow one down.
const TIME: Duration = Duration::from_millis(300);
/// Tokens chosen before.
const HISTORY: usize = 2048;

fn main() {
    println!(
        "{:>10}  {:24} {:>10} {:>16}",
        "vocabulary", "options", "us", "readings of them"
    );
    for n in VOCABULARIES {
        let logits = logits(n);
        let history: Vec<u32> = (0..HISTORY).map(|i| ((i * 7919) % n) as u32).collect();
        let reading = best(|| {
            black_box(sum(black_box(&logits)));
        });
        for (name, options) in cases() {
            let mut sampler = Sampler::new(&options, n, 7, None).unwrap();
            let time = best(|| {
                black_box(sampler.sample(&logits, &history).unwrap());
            });
            println!(
                "{n:>10}  {name:24} {:>10.1} {:>16.1}",
                time * 1e6,
                time / reading
            );
        }
    }
}

/// Options by name.
fn cases() -> [(&'static str, SamplingOptions); 5] {
    let usual = SamplingOptions::default();
    let all = SamplingOptions {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        min_p: 0.0,
        ..usual.clone()
    };
    let penalties = SamplingOptions {
        repeat_penalty: 1.1,
        frequency_penalty: 0.1,
        ..usual.clone()
    };
    let logprobs = SamplingOptions {
        logprobs: Some(5),
        ..usual.clone()
    };
    [
        ("greedy", SamplingOptions::greedy()),
        ("as it is", usual),
        ("penalties", penalties),
        ("log-probabilities", logprobs),
        ("all tokens", all),
    ]
}

/// Logits about as models give them: most of them far below the best.
fn logits(n: usize) -> Vec<f32> {
    let mut rng = Rng::new(3);
    (0..n)
        .map(|_| (0..4).map(|_| rng.next_f64() as f32 * 6.0 - 3.0).sum())
        .collect()
}

/// A sum in sixteen lanes, as fast as memory gives the values.
fn sum(values: &[f32]) -> [f32; 16] {
    let mut sums = [0.0; 16];
    for chunk in values.as_chunks::<16>().0 {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value;
        }
    }
    sums
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
