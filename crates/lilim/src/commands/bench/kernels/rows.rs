//! What is not a product: norms, rotations, activations, softmax, rounding, the cache's stores, an
//! embedding's row. On one thread, in the first cache, as a share of plain copying there.

use std::hint::black_box;
use std::sync::{Arc, Mutex};

use lilim_bench::record::Reading;
use lilim_bench::scenario::BYTES;
use lilim_formats::GgmlType;
use lilim_kernels::{ActBlock, Activation, Grain, Kernels, KvKind, Level, RopeStyle, WeightRows};

use super::crew::{Job, lock};
use super::{Stage, Threads};

/// Values of a row: TinyLlama's.
pub(super) const WIDTH: usize = 2048;
/// Values of a row of logits: Qwen3's.
const VOCABULARY: usize = 151_936;
/// Values of a head: TinyLlama's.
const HEAD: usize = 64;
/// The type of the embedding.
const EMBEDDING: GgmlType = GgmlType::Q6_K;

/// What the kernels work on.
struct Rows {
    x: Vec<f32>,
    y: Vec<f32>,
    out: Vec<f32>,
    logits: Vec<f32>,
    rounded: Vec<ActBlock>,
    bytes: Vec<u8>,
    embedding: Vec<u8>,
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
            bytes: vec![0; KvKind::F16.row_bytes(WIDTH)],
            embedding: vec![0x11; EMBEDDING.row_bytes(WIDTH).unwrap_or(0)],
        }
    }

    /// What the kernels leave, but for rounded rows: each level keeps beside them what its own
    /// products start from.
    fn bits(&self) -> (Vec<u32>, &[u8]) {
        let floats = self.out.iter().chain(&self.logits);
        (floats.map(|value| value.to_bits()).collect(), &self.bytes)
    }
}

/// A kernel by name, the bytes that it reads and writes, and a call of it.
type Work = (&'static str, usize, fn(&Kernels, &mut Rows));

const ROW: usize = 4 * WIDTH;

const WORKS: [Work; 9] = [
    ("rms-norm", 3 * ROW, |k, r| {
        k.rms_norm(&r.x, Some(&r.y), 1e-5, &mut r.out)
    }),
    ("add", 3 * ROW, |k, r| k.add(&mut r.out, &r.y)),
    ("rope", 2 * ROW, |k, r| {
        let (cos, sin) = r.y[..HEAD].split_at(HEAD / 2);
        for head in r.out.chunks_exact_mut(HEAD) {
            k.rope(head, cos, sin, RopeStyle::Halves);
        }
    }),
    ("gate-silu", 3 * ROW, |k, r| {
        // Values that stay what they are from call to call.
        r.out.copy_from_slice(&r.x);
        k.gate(Activation::Silu, &mut r.out, &r.y);
    }),
    ("round-to-bytes", ROW + ROW / 2, |k, r| {
        k.round_tile(Grain::Coarse, &r.x, WIDTH, &mut r.rounded)
    }),
    ("store-values-f16", ROW + ROW / 2, |k, r| {
        k.store_values(KvKind::F16, &r.x, &mut r.bytes)
    }),
    // Six and a half bits a weight.
    ("embedding-q6_k", ROW + ROW * 13 / 64, |k, r| {
        k.decode_row(EMBEDDING, &r.embedding, &mut r.out)
    }),
    ("softmax-151936", 8 * VOCABULARY, |k, r| {
        k.softmax(&mut r.logits)
    }),
    ("argmax-151936", 4 * VOCABULARY, |k, r| {
        black_box(k.argmax(&r.logits));
    }),
];

/// Every kernel at every level.
pub(super) fn add(stage: &mut Stage) {
    debug_assert!(WeightRows::supports(EMBEDDING), "{EMBEDDING}");
    for (name, n_bytes, work) in WORKS {
        for kernels in super::available() {
            let id = format!("rows/{name}/{}", kernels.level());
            let bytes = Reading::of(BYTES, n_bytes as f64);
            stage.add(&id, bytes, Threads::One, move |_| job(kernels, work));
        }
    }
}

fn job(kernels: &'static Kernels, work: fn(&Kernels, &mut Rows)) -> Result<Job, String> {
    let (mut ours, mut plain) = (Rows::new(), Rows::new());
    work(kernels, &mut ours);
    if let Some(reference) = Kernels::for_level(Level::Reference) {
        work(reference, &mut plain);
        super::same(&ours.bits(), &plain.bits())?;
    }
    let rows = Mutex::new(ours);
    Ok(Arc::new(move |_| work(kernels, &mut lock(&rows))))
}
