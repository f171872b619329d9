//! Speed of the matrix products: for each level and type the rate at which weights are read with
//! one row of activations, and the arithmetic with many, as shares of the machine's own limits.
//!
//! `cargo run --release -p lilim-kernels --example kernels [LEVEL]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that reports"
)]

mod limits;

use lilim_formats::GgmlType;
use lilim_kernels::{
    ActBlock, BLOCK_COLUMNS, ColumnsMut, Grain, Kernels, Level, PackedRows, PanelBlock, PeakKind,
    TILE_ROWS, WeightRows,
};
use limits::{best, clock, peak, read_rate};
use std::hint::black_box;

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
const SHAPES: [(usize, usize); 3] = [(2048, 2048), (5632, 2048), (2048, 5632)];
/// Where weights begin, as the engine lays them out.
const ALIGN: usize = 64;
/// Weight rows of the runs that are bound by arithmetic.
const FEW_ROWS: usize = 128;
/// Rows of activations of the same.
const MANY: usize = 64;

fn main() {
    let only = std::env::args()
        .nth(1)
        .and_then(|name| Level::from_name(&name));
    let read = read_rate();
    println!(
        "one thread: memory read {read:.1} GB/s, clock {:.2} GHz",
        clock()
    );
    for level in Level::available().filter(|level| only.is_none_or(|only| only == *level)) {
        let kernels = Kernels::for_level(level).unwrap();
        let peaks = PeakKind::ALL.map(|kind| peak(kernels, kind));
        for (kind, peak) in PeakKind::ALL.iter().zip(peaks) {
            if let Some(gops) = peak {
                println!("{level}: at most {gops:.0} GOPS in {}", kind.name());
            }
        }
        println!(
            "{:10} {:7} {:>10} {:>16} {:>12} {:>16}",
            "level", "type", "shape", "m=1 GB/s", "cached GB/s", "m=64 GOPS"
        );
        for ty in TYPES {
            for (n_rows, n_cols) in SHAPES {
                report(kernels, (ty, n_rows, n_cols), (read, peaks));
            }
        }
    }
}

/// Checks, then times one type and shape.
fn report(kernels: &Kernels, (ty, n_rows, n_cols): Shape, (read, peaks): (f64, [Option<f64>; 2])) {
    let one = made_up_weights(ty.row_bytes(n_rows * n_cols).unwrap());
    let x: Vec<f32> = (0..MANY * n_cols)
        .map(|k| ((k * 7919) % 1000) as f32 / 1000.0 - 0.5)
        .collect();
    let rows = WeightRows::new(ty, &one, n_rows, n_cols).unwrap();
    let one = packed(rows);
    // Several copies, so that the weights come from memory and not from a cache.
    let n_copies = (96 << 20) / one.len() + 1;
    let mut room = vec![0; n_copies * one.len() + ALIGN];
    let start = room.as_ptr().align_offset(ALIGN);
    let bytes = &mut room[start..start + n_copies * one.len()];
    bytes
        .chunks_exact_mut(one.len())
        .for_each(|copy| copy.copy_from_slice(&one));
    let one = &bytes[..one.len()];
    let of = |bytes| PackedRows::new(ty, bytes, n_rows, n_cols).unwrap();
    let mut product = Product::new(kernels, ty, &x, n_cols);
    check(&mut product, rows);
    let mut matrices = bytes.chunks_exact(one.len()).cycle();
    let one_row = best(|| {
        product.run(of(matrices.next().unwrap()), 1);
    });
    // Few rows: these stay in the cache, and a run fits in a time slice of a busy machine.
    let few = of(one).slice(0..FEW_ROWS);
    let cached = best(|| product.run(few, 1));
    let many = best(|| product.run(few, MANY));
    let reading = one.len() as f64 / one_row.as_secs_f64() / 1e9;
    let ops = 2.0 * (MANY * FEW_ROWS * n_cols) as f64 / many.as_secs_f64() / 1e9;
    let peak = match kernels.grain(ty) {
        Some(_) => peaks[1],
        None => peaks[0],
    };
    println!(
        "{:10} {:7} {:>10} {:>16} {:>12.2} {:>16}",
        kernels.level().name(),
        ty.name(),
        format!("{n_rows}x{n_cols}"),
        with_share(reading, Some(read)),
        (one.len() * FEW_ROWS / n_rows) as f64 / cached.as_secs_f64() / 1e9,
        with_share(ops, peak),
    );
}

/// Type, rows and columns.
type Shape = (GgmlType, usize, usize);

/// The bytes of rows, packed.
fn packed(rows: WeightRows<'_>) -> Vec<u8> {
    let n_bytes = PackedRows::n_bytes(rows.ty(), rows.n_rows(), rows.n_cols());
    let mut out = vec![0; n_bytes.unwrap()];
    PackedRows::pack(rows, &mut out);
    out
}

/// Bytes whose exponents are small in every float format.
fn made_up_weights(n_bytes: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((state >> 56) as u8) & 0xb3
    };
    (0..n_bytes).map(next).collect()
}

fn with_share(figure: f64, limit: Option<f64>) -> String {
    match limit {
        Some(limit) => format!("{figure:.1} ({:.0}%)", 100.0 * figure / limit),
        None => format!("{figure:.1}"),
    }
}

/// What a product needs beside the weights: activations, rounded where the kernel wants that.
struct Product<'a> {
    kernels: &'a Kernels,
    /// `[MANY, n_cols]`
    x: &'a [f32],
    rounded: Vec<ActBlock>,
    n_cols: usize,
    panel: Vec<PanelBlock>,
    out: Vec<f32>,
}

impl<'a> Product<'a> {
    fn new(kernels: &'a Kernels, ty: GgmlType, x: &'a [f32], n_cols: usize) -> Self {
        let grain = kernels.grain(ty);
        let rounded = grain.map_or_else(Vec::new, |grain| rounded(kernels, grain, x, n_cols));
        Self {
            kernels,
            x,
            rounded,
            n_cols,
            panel: vec![PanelBlock::ZERO; kernels.panel_len(n_cols, MANY)],
            out: Vec::new(),
        }
    }

    /// Multiplies the first `m` rows, of those that are rounded one or all.
    fn run(&mut self, weight: PackedRows<'_>, m: usize) {
        self.out.resize(MANY * weight.n_rows(), 0.0);
        let out = ColumnsMut::new(&mut self.out[..m * weight.n_rows()], m);
        let exact = black_box(&self.x[..m * self.n_cols]);
        let Some(grain) = self.kernels.grain(weight.ty()) else {
            self.kernels.matmul_floats(weight, exact, out);
            return;
        };
        let mut one = Vec::new();
        let x = if m == MANY {
            &self.rounded
        } else {
            one.resize(m * self.n_cols / BLOCK_COLUMNS, ActBlock::ZERO);
            self.kernels.round_tile(grain, exact, self.n_cols, &mut one);
            &one
        };
        (self.kernels).matmul_rounded(weight, black_box(x), out, &mut self.panel);
    }
}

/// Compares what is timed with its slow twin, on some rows.
fn check(product: &mut Product<'_>, weight: WeightRows<'_>) {
    let (ty, n_cols) = (weight.ty(), weight.n_cols());
    let part = weight.slice(0..48);
    let bytes = packed(part);
    let part = PackedRows::new(ty, &bytes, 48, n_cols).unwrap();
    for m in [1, MANY] {
        product.run(part, m);
        let mut expected = vec![0.0; m * 48];
        let out = ColumnsMut::new(&mut expected, m);
        let reference = Kernels::for_level(Level::Reference).unwrap();
        match product.kernels.grain(ty) {
            None => reference.matmul_floats(part, &product.x[..m * n_cols], out),
            Some(grain) => {
                let x = rounded(product.kernels, grain, &product.x[..m * n_cols], n_cols);
                let mut panel = vec![PanelBlock::ZERO; reference.panel_len(n_cols, m)];
                reference.matmul_rounded(part, &x, out, &mut panel);
            }
        }
        let same = (product.out.iter().zip(&expected)).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "{ty} x {m}");
    }
}

/// Tiles of rounded rows.
fn rounded(kernels: &Kernels, grain: Grain, x: &[f32], n_cols: usize) -> Vec<ActBlock> {
    let mut out = vec![ActBlock::ZERO; Kernels::rounded_len(n_cols, x.len() / n_cols)];
    let tile = TILE_ROWS * n_cols;
    for (x, out) in x.chunks(tile).zip(out.chunks_mut(tile / BLOCK_COLUMNS)) {
        kernels.round_tile(grain, x, n_cols, out);
    }
    out
}
