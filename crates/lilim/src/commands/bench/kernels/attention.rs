//! Attention: one token's queries over a cache that comes from memory, and a prompt's queries over
//! one that stays in the second cache. Each thread has heads of its own, as in the engine.

use std::hint::black_box;
use std::sync::{Arc, Mutex};

use lilim_bench::record::Reading;
use lilim_bench::scenario::{BYTES, OPS};
use lilim_kernels::{AttendArgs, ColumnsMut, Kernels, KvKind, KvRows, Level, Queries};

use super::crew::{Job, lock};
use super::{ROOM_BYTES, Stage, Threads};

/// Heads that share a kv head, and their size.
#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    group: usize,
    head_dim: usize,
}

const SHAPES: [Shape; 2] = [
    Shape {
        name: "tinyllama",
        group: 8,
        head_dim: 64,
    },
    Shape {
        name: "qwen3",
        group: 2,
        head_dim: 128,
    },
];

/// Positions in the cache.
const DEPTH: usize = 2048;
/// The engine's usual type of cache.
const KIND: KvKind = KvKind::F16;
/// Queries of a prompt in a call, about: rows of it are whole groups.
const N_QUERIES: usize = 48;
/// Where a prompt's queries begin.
const FIRST: usize = DEPTH - 512;

impl Shape {
    fn width(self) -> usize {
        self.group * self.head_dim
    }

    fn n_bytes(self) -> usize {
        DEPTH / KvKind::TILE * KIND.tile_bytes(self.head_dim)
            + DEPTH * KIND.row_bytes(self.head_dim)
    }

    fn prompt_rows(self) -> usize {
        (N_QUERIES / self.group).max(1)
    }

    fn prompt_ops(self) -> usize {
        let rows = FIRST..FIRST + self.prompt_rows();
        let n_seen: usize = rows.map(|position| position + 1).sum();
        4 * n_seen * self.width()
    }
}

/// Both kinds, both shapes, every level.
pub(super) fn add(stage: &mut Stage) {
    let n_threads = stage.n_threads();
    for shape in SHAPES {
        for kernels in super::available() {
            let what = format!("{}-{DEPTH}/{}", shape.name, kernels.level());
            let bytes = Reading::of(BYTES, (n_threads * shape.n_bytes()) as f64);
            let id = format!("attention-decode/{what}");
            stage.add(&id, bytes, Threads::All, move |shelf| {
                // No matrix is needed from here on.
                shelf.clear();
                decode(kernels, shape, n_threads)
            });
        }
        for kernels in super::available() {
            let what = format!("{}-{DEPTH}/{}", shape.name, kernels.level());
            let ops = Reading::of(OPS, (n_threads * shape.prompt_ops()) as f64);
            let id = format!("attention-prefill/{what}");
            stage.add(&id, ops, Threads::All, move |_| {
                prefill(kernels, shape, n_threads)
            });
        }
    }
}

/// One kv head's cache.
#[derive(Clone)]
struct Cache {
    keys: Vec<u8>,
    values: Vec<u8>,
}

impl Cache {
    fn new(kernels: &Kernels, shape: Shape) -> Self {
        let (tile, row) = (
            KIND.tile_bytes(shape.head_dim),
            KIND.row_bytes(shape.head_dim),
        );
        let mut cache = Self {
            keys: vec![0; DEPTH / KvKind::TILE * tile],
            values: vec![0; DEPTH * row],
        };
        for position in 0..DEPTH {
            let value = |k: usize| ((k * 7919 + position * 104_729) % 1000) as f32 / 1000.0 - 0.5;
            let x: Vec<f32> = (0..shape.head_dim).map(value).collect();
            let keys = &mut cache.keys[position / KvKind::TILE * tile..][..tile];
            kernels.store_key(KIND, &x, position % KvKind::TILE, keys);
            kernels.store_values(KIND, &x, &mut cache.values[position * row..][..row]);
        }
        cache
    }
}

/// Queries and what they need beside the cache.
struct Desk {
    q: Vec<f32>,
    scratch: Vec<f32>,
    out: Vec<f32>,
    /// Counts calls.
    turn: usize,
}

impl Desk {
    fn new(shape: Shape, n_rows: usize) -> Self {
        let width = shape.width();
        let n_scratch =
            Kernels::attend_scratch(n_rows * shape.group, shape.head_dim, shape.head_dim);
        Self {
            q: (0..n_rows * width)
                .map(|k| ((k * 7919) % 1000) as f32 / 1000.0 - 0.5)
                .collect(),
            scratch: vec![0.0; n_scratch],
            out: vec![0.0; n_rows * width],
            turn: 0,
        }
    }

    fn attend(&mut self, kernels: &Kernels, shape: Shape, cache: &Cache, first: usize) {
        let n_rows = self.q.len() / shape.width();
        let cached = |bytes| KvRows {
            kind: KIND,
            dim: shape.head_dim,
            bytes,
        };
        let args = AttendArgs {
            queries: Queries {
                rows: black_box(&self.q),
                stride: shape.width(),
                n_rows,
                n_heads: shape.group,
                first,
            },
            keys: cached(&cache.keys),
            values: cached(&cache.values),
            window: None,
            scale: 1.0 / (shape.head_dim as f32).sqrt(),
            softcap: None,
            sinks: None,
        };
        kernels.attend(
            args,
            &mut self.scratch,
            ColumnsMut::new(&mut self.out, n_rows),
        );
    }

    fn bits(&self) -> Vec<u32> {
        self.out.iter().map(|value| value.to_bits()).collect()
    }
}

/// Compares a level with the reference on the work that is timed.
fn check(
    kernels: &Kernels,
    shape: Shape,
    (n_rows, first): (usize, usize),
) -> Result<Cache, String> {
    let cache = Cache::new(kernels, shape);
    if let Some(reference) = Kernels::for_level(Level::Reference) {
        let mut ours = Desk::new(shape, n_rows);
        ours.attend(kernels, shape, &cache, first);
        let mut plain = Desk::new(shape, n_rows);
        plain.attend(reference, shape, &Cache::new(reference, shape), first);
        super::same(&ours.bits(), &plain.bits())?;
    }
    Ok(cache)
}

fn decode(kernels: &'static Kernels, shape: Shape, n_threads: usize) -> Result<Job, String> {
    let one = check(kernels, shape, (1, DEPTH - 1))?;
    let n_each = (ROOM_BYTES / n_threads / shape.n_bytes()).max(1);
    let caches = vec![one; n_threads * n_each];
    let desks: Vec<_> = (0..n_threads)
        .map(|_| Mutex::new(Desk::new(shape, 1)))
        .collect();
    Ok(Arc::new(move |index| {
        let mut desk = lock(&desks[index]);
        desk.turn += 1;
        let cache = &caches[index * n_each + desk.turn % n_each];
        desk.attend(kernels, shape, cache, DEPTH - 1);
    }))
}

fn prefill(kernels: &'static Kernels, shape: Shape, n_threads: usize) -> Result<Job, String> {
    let n_rows = shape.prompt_rows();
    let one = check(kernels, shape, (n_rows, FIRST))?;
    let desks: Vec<_> = (0..n_threads)
        .map(|_| Mutex::new((one.clone(), Desk::new(shape, n_rows))))
        .collect();
    Ok(Arc::new(move |index| {
        let (cache, desk) = &mut *lock(&desks[index]);
        desk.attend(kernels, shape, cache, FIRST);
    }))
}
