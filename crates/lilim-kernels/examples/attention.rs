//! Speed of attention: the rate at which a generated token's queries read the cache, beside the
//! machine's own, and the arithmetic of a prompt's queries, beside that of bare multiply-adds.
//!
//! `cargo run --release -p lilim-kernels --example attention [LEVEL [THREADS]]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that reports"
)]

use lilim_kernels::{AttendArgs, ColumnsMut, Kernels, KvKind, KvRows, Level, Queries};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Each figure is the best of the runs that fit in this time: other programs only slow one down.
const TIME: Duration = Duration::from_millis(200);
/// More than the caches hold.
const MEMORY: usize = 192 << 20;

/// Heads that share a kv head, and their size.
struct Shape {
    name: &'static str,
    group: usize,
    head_dim: usize,
}

const SHAPES: [Shape; 5] = [
    Shape {
        name: "Qwen3-0.6B",
        group: 2,
        head_dim: 128,
    },
    Shape {
        name: "TinyLlama-1.1B",
        group: 8,
        head_dim: 64,
    },
    Shape {
        name: "Llama-3.2-3B",
        group: 3,
        head_dim: 128,
    },
    Shape {
        name: "Qwen2.5-7B",
        group: 7,
        head_dim: 128,
    },
    Shape {
        name: "Phi-3-mini",
        group: 1,
        head_dim: 96,
    },
];

fn main() {
    let only = std::env::args()
        .nth(1)
        .and_then(|name| Level::from_name(&name));
    let n_threads = std::env::args().nth(2).map_or(1, |n| n.parse().unwrap());
    println!(
        "{n_threads} threads; memory read: {:.1} GB/s",
        read_rate(n_threads)
    );
    println!(
        "{:10} {:15} {:5} {:>20} {:>20} {:>22} {:>22}",
        "level",
        "shape",
        "cache",
        "1 at 2048, GB/s",
        "1 at 8192, GB/s",
        "512 at 2048, GFLOPS",
        "512 at 8192, GFLOPS"
    );
    for level in Level::available().filter(|level| only.is_none_or(|only| only == *level)) {
        let kernels = Kernels::for_level(level).unwrap();
        for shape in &SHAPES {
            for kind in [KvKind::F32, KvKind::F16, KvKind::Q8_0] {
                let one = |n| on_threads(n_threads, || decode(kernels, shape, kind, n));
                let many = |n| on_threads(n_threads, || prefill(kernels, shape, kind, n));
                println!(
                    "{:10} {:15} {:5} {:>20.1} {:>20.1} {:>22.1} {:>22.1}",
                    level.name(),
                    shape.name,
                    format!("{kind:?}"),
                    one(2048),
                    one(8192),
                    many(2048),
                    many(8192),
                );
            }
        }
    }
}

/// A cache of `n` positions of one head.
struct Cache {
    keys: Vec<u8>,
    values: Vec<u8>,
}

impl Cache {
    fn new(kernels: &Kernels, kind: KvKind, head_dim: usize, n: usize) -> Self {
        let (tile, row) = (kind.tile_bytes(head_dim), kind.row_bytes(head_dim));
        let mut cache = Self {
            keys: vec![0; n / KvKind::TILE * tile],
            values: vec![0; n * row],
        };
        for position in 0..n {
            let x: Vec<f32> = (0..head_dim)
                .map(|k| ((k * 7919 + position * 104_729) % 1000) as f32 / 1000.0 - 0.5)
                .collect();
            let tile = &mut cache.keys[position / KvKind::TILE * tile..][..tile];
            kernels.store_key(kind, &x, position % KvKind::TILE, tile);
            kernels.store_values(kind, &x, &mut cache.values[position * row..][..row]);
        }
        cache
    }

    fn args<'a>(&'a self, shape: &Shape, kind: KvKind, queries: Queries<'a>) -> AttendArgs<'a> {
        let cached = |bytes| KvRows {
            kind,
            dim: shape.head_dim,
            bytes,
        };
        AttendArgs {
            queries,
            keys: cached(&self.keys),
            values: cached(&self.values),
            window: None,
            scale: 1.0 / (shape.head_dim as f32).sqrt(),
            softcap: None,
            sinks: None,
        }
    }
}

/// GB/s of one token's queries over heads that come from memory.
fn decode(kernels: &Kernels, shape: &Shape, kind: KvKind, n: usize) -> f64 {
    let one = Cache::new(kernels, kind, shape.head_dim, n);
    let n_bytes = one.keys.len() + one.values.len();
    let mut caches = Vec::new();
    caches.resize_with(MEMORY / n_bytes, || Cache {
        keys: one.keys.clone(),
        values: one.values.clone(),
    });
    let width = shape.group * shape.head_dim;
    let q = vec![0.5; width];
    let queries = Queries {
        rows: &q,
        stride: width,
        n_rows: 1,
        n_heads: shape.group,
        first: n - 1,
    };
    let n_scratch = Kernels::attend_scratch(shape.group, shape.head_dim, shape.head_dim);
    let (mut scratch, mut out) = (vec![0.0; n_scratch], vec![0.0; width]);
    let mut caches = caches.iter().cycle();
    rate(n_bytes, || {
        let args = caches.next().unwrap().args(shape, kind, queries);
        kernels.attend(args, &mut scratch, ColumnsMut::new(&mut out, 1));
    })
}

/// GFLOPS of a prompt's last rows, of one kv head.
fn prefill(kernels: &Kernels, shape: &Shape, kind: KvKind, n: usize) -> f64 {
    let cache = Cache::new(kernels, kind, shape.head_dim, n);
    let n_rows = (48 / shape.group).max(1);
    let width = shape.group * shape.head_dim;
    let q: Vec<f32> = (0..n_rows * width)
        .map(|k| ((k * 7919) % 1000) as f32 / 1000.0 - 0.5)
        .collect();
    let n_queries = n_rows * shape.group;
    let n_scratch = Kernels::attend_scratch(n_queries, shape.head_dim, shape.head_dim);
    let (mut scratch, mut out) = (vec![0.0; n_scratch], vec![0.0; q.len()]);
    let first = n - 512;
    let time = best(|| {
        let queries = Queries {
            rows: black_box(&q),
            stride: width,
            n_rows,
            n_heads: shape.group,
            first,
        };
        let args = cache.args(shape, kind, queries);
        kernels.attend(args, &mut scratch, ColumnsMut::new(&mut out, n_rows));
    });
    let seen: usize = (first..first + n_rows).map(|position| position + 1).sum();
    (4 * seen * width) as f64 / time.as_secs_f64() / 1e9
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

/// GB/s of sums over pieces of 256 MiB a thread, each larger than a core's own caches.
fn read_rate(n_threads: usize) -> f64 {
    on_threads(n_threads, || {
        let data = vec![1u64; 32 << 20];
        let mut pieces = data.chunks_exact(1 << 20).cycle();
        rate(8 << 20, || {
            let mut sums = [0u64; 32];
            for chunk in black_box(pieces.next().unwrap()).as_chunks::<32>().0 {
                for (sum, value) in sums.iter_mut().zip(chunk) {
                    *sum = sum.wrapping_add(*value);
                }
            }
            black_box(sums);
        })
    })
}

/// The sum of what each thread gives, all beginning together.
fn on_threads(n_threads: usize, run: impl Fn() -> f64 + Sync) -> f64 {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(&run)).collect();
        threads.into_iter().map(|it| it.join().unwrap()).sum()
    })
}

/// GB/s, once every thread is likely to run.
fn rate(n_bytes: usize, mut run: impl FnMut()) -> f64 {
    let (mut n_runs, begin) = (0, Instant::now());
    while begin.elapsed() < TIME / 2 {
        run();
    }
    let start = Instant::now();
    while start.elapsed() < TIME {
        run();
        n_runs += 1;
    }
    (n_runs * n_bytes) as f64 / start.elapsed().as_secs_f64() / 1e9
}
