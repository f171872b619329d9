//! Products of a weight matrix: with one row of activations, the weights coming from memory
//! (writing), and with many, the weights staying in the second cache (reading a prompt).

use std::hint::black_box;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use lilim_bench::record::Reading;
use lilim_bench::scenario::{BYTES, OPS};
use lilim_formats::GgmlType;
use lilim_kernels::{
    ActBlock, BLOCK_COLUMNS, ColumnsMut, Kernels, Level, PackedRows, PanelBlock, TILE_ROWS,
    WeightRows,
};

use super::crew::{Job, lock};
use super::{ROOM_BYTES, Stage, Threads};

const TYPES: [GgmlType; 5] = [
    GgmlType::Q4_K,
    GgmlType::Q6_K,
    GgmlType::Q8_0,
    GgmlType::Q4_0,
    GgmlType::F16,
];

/// Columns and rows (inputs and outputs): TinyLlama-1.1B's feed-forward, its attention, and
/// Qwen3-0.6B's feed-forward. The first alone where time is short.
const SHAPES: [(usize, usize); 4] = [(2048, 5632), (5632, 2048), (2048, 2048), (1024, 3072)];

/// Where weights begin, as the engine lays them out.
const ALIGN: usize = 64;
/// Weight rows of a thread with many rows of activations: they stay in a core's second cache.
const FEW_ROWS: usize = 128;
/// Rows of activations of the same.
const MANY: usize = 64;
/// Weight rows that are checked.
const CHECKED: usize = 64;
/// Rows by which threads share a matrix: any type's slices may begin at them.
const STEP: usize = 64;

/// A type and a shape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    ty: GgmlType,
    n_cols: usize,
    n_rows: usize,
}

impl Kind {
    fn plain_bytes(self) -> usize {
        self.ty.row_bytes(self.n_cols).unwrap_or(0) * self.n_rows
    }

    fn packed_bytes(self) -> usize {
        PackedRows::n_bytes(self.ty, self.n_rows, self.n_cols).unwrap_or(0)
    }

    /// The reference multiplies quantized weights as they lie in the file.
    fn is_plain(self, kernels: &Kernels) -> bool {
        kernels.level() == Level::Reference && self.ty != GgmlType::F16
    }
}

/// Every type and shape at every level, one row and many.
pub(super) fn add(stage: &mut Stage) {
    let shapes = match stage.is_quick {
        true => &SHAPES[..1],
        false => &SHAPES[..],
    };
    let n_threads = stage.n_threads();
    for &(n_cols, n_rows) in shapes {
        for ty in TYPES {
            let kind = Kind { ty, n_cols, n_rows };
            for m in [1, MANY] {
                for kernels in super::available() {
                    let (op, constant) = match m {
                        1 if kind.is_plain(kernels) => ("decode", bytes(kind.plain_bytes())),
                        1 => ("decode", bytes(kind.packed_bytes())),
                        _ => {
                            let n_ops = 2 * n_threads * FEW_ROWS * m * n_cols;
                            ("prefill", Reading::of(OPS, n_ops as f64))
                        }
                    };
                    let id = format!("{op}/{ty}-{n_cols}-{n_rows}/{}", kernels.level());
                    stage.add(&id, constant, Threads::All, move |shelf| {
                        let matrix = shelf.matrix(kind);
                        check(kernels, &matrix)?;
                        Ok(job(kernels, matrix, m, n_threads))
                    });
                }
            }
        }
    }
}

fn bytes(n_bytes: usize) -> Reading {
    Reading::of(BYTES, n_bytes as f64)
}

/// A matrix as it lies in a file, and many copies of it packed, so that they come from memory.
pub(super) struct Matrix {
    kind: Kind,
    plain: Vec<u8>,
    room: Vec<u8>,
    /// Where the first copy begins.
    start: usize,
    n_copies: usize,
}

impl Matrix {
    fn new(kind: Kind) -> Self {
        let plain = made_up_weights(kind.plain_bytes());
        let n_bytes = kind.packed_bytes();
        let n_copies = ROOM_BYTES / n_bytes + 1;
        let mut room = vec![0; n_copies * n_bytes + ALIGN];
        let start = room.as_ptr().align_offset(ALIGN);
        let (one, others) = room[start..start + n_copies * n_bytes].split_at_mut(n_bytes);
        let rows = WeightRows::new(kind.ty, &plain, kind.n_rows, kind.n_cols);
        PackedRows::pack(rows.expect("made of whole rows"), one);
        for copy in others.chunks_exact_mut(n_bytes) {
            copy.copy_from_slice(one);
        }
        Self {
            kind,
            plain,
            room,
            start,
            n_copies,
        }
    }

    fn plain(&self) -> WeightRows<'_> {
        let Kind { ty, n_cols, n_rows } = self.kind;
        WeightRows::new(ty, &self.plain, n_rows, n_cols).expect("made of whole rows")
    }

    fn copy(&self, turn: usize) -> PackedRows<'_> {
        let Kind { ty, n_cols, n_rows } = self.kind;
        let n_bytes = self.kind.packed_bytes();
        let start = self.start + turn % self.n_copies * n_bytes;
        let bytes = &self.room[start..start + n_bytes];
        PackedRows::new(ty, bytes, n_rows, n_cols).expect("packed of whole rows")
    }
}

/// The last matrix, for the probes that share it.
#[derive(Default)]
pub(super) struct Shelf(Option<Arc<Matrix>>);

impl Shelf {
    /// Gives its room back.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }

    fn matrix(&mut self, kind: Kind) -> Arc<Matrix> {
        match &self.0 {
            Some(matrix) if matrix.kind == kind => Arc::clone(matrix),
            _ => {
                // Before the next one is made, or both would be there.
                self.0 = None;
                Arc::clone(self.0.insert(Arc::new(Matrix::new(kind))))
            }
        }
    }
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

/// What a thread's product needs beside the weights.
struct Desk {
    /// `[m, n_cols]`
    x: Vec<f32>,
    /// The same, rounded as the level's products want it.
    rounded: Vec<ActBlock>,
    panel: Vec<PanelBlock>,
    decoded: Vec<f32>,
    out: Vec<f32>,
    m: usize,
    /// Counts calls.
    turn: usize,
}

impl Desk {
    fn new(kernels: &Kernels, kind: Kind, m: usize) -> Self {
        let n_cols = kind.n_cols;
        let x: Vec<f32> = (0..m * n_cols)
            .map(|k| ((k * 7919) % 1000) as f32 / 1000.0 - 0.5)
            .collect();
        let mut rounded = Vec::new();
        if let Some(grain) = kernels.grain(kind.ty) {
            rounded.resize(Kernels::rounded_len(n_cols, m), ActBlock::ZERO);
            let tile = TILE_ROWS * n_cols;
            for (x, out) in x.chunks(tile).zip(rounded.chunks_mut(tile / BLOCK_COLUMNS)) {
                kernels.round_tile(grain, x, n_cols, out);
            }
        }
        Self {
            x,
            rounded,
            panel: vec![PanelBlock::ZERO; kernels.max_panel_len(n_cols, m)],
            decoded: vec![0.0; n_cols],
            out: Vec::new(),
            m,
            turn: 0,
        }
    }

    fn multiply(&mut self, kernels: &Kernels, matrix: &Matrix, rows: Range<usize>) {
        let (kind, m) = (matrix.kind, self.m);
        self.out.resize(m * rows.len(), 0.0);
        let out = ColumnsMut::new(&mut self.out, m);
        if kind.is_plain(kernels) {
            let weight = matrix.plain().slice(rows);
            kernels.matmul(weight, black_box(&self.x), out, &mut self.decoded);
            return;
        }
        let weight = matrix.copy(self.turn).slice(rows);
        match kernels.grain(kind.ty) {
            None => kernels.matmul_floats(weight, black_box(&self.x), out),
            Some(_) => {
                let x = black_box(&self.rounded);
                kernels.matmul_rounded(weight, x, out, &mut self.panel);
            }
        }
    }
}

fn job(kernels: &'static Kernels, matrix: Arc<Matrix>, m: usize, n_threads: usize) -> Job {
    let desks: Vec<_> = (0..n_threads)
        .map(|_| Mutex::new(Desk::new(kernels, matrix.kind, m)))
        .collect();
    Arc::new(move |index| {
        let mut desk = lock(&desks[index]);
        let rows = match m {
            1 => share(matrix.kind.n_rows, index, n_threads),
            _ => {
                let first = index * FEW_ROWS % matrix.kind.n_rows;
                first..first + FEW_ROWS
            }
        };
        if m == 1 {
            desk.turn += 1;
        }
        if !rows.is_empty() {
            desk.multiply(kernels, &matrix, rows);
        }
    })
}

/// A thread's rows of a matrix.
fn share(n_rows: usize, index: usize, n_threads: usize) -> Range<usize> {
    let n_steps = n_rows.div_ceil(STEP);
    let at = |index: usize| (n_steps * index / n_threads * STEP).min(n_rows);
    at(index)..at(index + 1)
}

/// Compares what is timed with its slow twin, on some rows.
fn check(kernels: &Kernels, matrix: &Matrix) -> Result<(), String> {
    let Some(reference) = Kernels::for_level(Level::Reference) else {
        return Ok(());
    };
    for m in [1, MANY] {
        let mut ours = Desk::new(kernels, matrix.kind, m);
        ours.multiply(kernels, matrix, 0..CHECKED);
        let weight = matrix.copy(0).slice(0..CHECKED);
        let mut plain = vec![0.0; m * CHECKED];
        let out = ColumnsMut::new(&mut plain, m);
        match kernels.grain(matrix.kind.ty) {
            None => {
                let rows = matrix.plain().slice(0..CHECKED);
                reference.matmul(rows, &ours.x, out, &mut ours.decoded);
            }
            Some(_) => {
                let n_panels = reference.max_panel_len(matrix.kind.n_cols, m);
                let mut panel = vec![PanelBlock::ZERO; n_panels];
                reference.matmul_rounded(weight, &ours.rounded, out, &mut panel);
            }
        }
        let bits = |all: &[f32]| -> Vec<u32> { all.iter().map(|one| one.to_bits()).collect() };
        super::same(&bits(&ours.out), &bits(&plain))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_threads_are_all_rows_once() {
        for n_threads in [1, 2, 3, 7, 64] {
            let mut next = 0;
            for index in 0..n_threads {
                let rows = share(5632, index, n_threads);
                assert_eq!(rows.start, next);
                next = rows.end;
            }
            assert_eq!(next, 5632);
        }
    }

    #[test]
    fn a_probe_multiplies_what_the_reference_does() {
        let kind = Kind {
            ty: GgmlType::Q4_K,
            n_cols: 256,
            n_rows: 128,
        };
        let matrix = Matrix::new(kind);
        for kernels in crate::commands::bench::kernels::available() {
            check(kernels, &matrix).unwrap();
        }
    }
}
