//! The kernels over the engine's threads: every operation of a network on a chunk of rows.
//!
//! Kernels own no threads and no memory; here work is cut into parts (columns of a product, rows of
//! a norm, heads of an attention), and each thread has its scratch. No result depends on the cut:
//! each output element is computed whole, by one kernel call, from its own row.

use std::ops::Range;
use std::sync::Mutex;

use lilim_kernels::{
    ActBlock, Activation, BLOCK_COLUMNS, ColumnsMut, Grain, Kernels, LayerNorm, PackedRows,
    PanelBlock, TILE_ROWS, WeightRows,
};

use crate::families::NormKind;
use crate::floats::Floats;
use crate::resident::ModelMemory;
use crate::tensors::{Linear, Matrix, Norm};
use crate::threads::{Pool, lock};

/// Work under this many multiplications is done by the caller alone: waking a thread costs some
/// microseconds, in which one core multiplies about as much.
const MIN_SHARED_WORK: usize = 1 << 15;

/// Parts given out for each thread: enough that a thread held up by others delays the rest little.
pub(crate) const PARTS_PER_THREAD: usize = 4;

/// Multiplications that an element of a norm or an activation is worth.
pub(crate) const WORK_PER_ELEMENT: usize = 4;

/// How elementwise work is cut; any number gives the same results.
const ELEMENTS_PER_ROW: usize = 1024;

/// The kernels of one level and the threads that run them.
pub(crate) struct Compute {
    pub kernels: &'static Kernels,
    pool: Pool,
    /// One a thread, grown on demand.
    scratch: Vec<Mutex<Scratch>>,
    /// The inputs of the products under way, rounded; grown on demand.
    rounded: Mutex<Vec<ActBlock>>,
    /// Of an attention whose spans are shared out, grown on demand.
    states: Mutex<Vec<f32>>,
}

/// What the kernels of one thread work in.
#[derive(Default)]
struct Scratch {
    floats: Floats,
    panel: Vec<PanelBlock>,
}

/// A model's weights while a chunk is computed.
pub(crate) struct Parts<'a> {
    files: Vec<&'a [u8]>,
    resident: &'a [u8],
}

/// A matrix of weights as its kernel takes it.
#[derive(Clone, Copy)]
enum Weight<'a> {
    Rows(WeightRows<'a>),
    Packed(PackedRows<'a>),
}

impl<'a> Parts<'a> {
    pub(crate) fn of(memory: &'a ModelMemory) -> Self {
        Self {
            files: memory.parts(),
            resident: memory.resident(),
        }
    }

    /// The matrix's rows, wherever they lie.
    fn weight(&self, matrix: &Matrix) -> Weight<'a> {
        let &Matrix {
            ty, n_rows, n_cols, ..
        } = matrix;
        let Some(resident) = matrix.resident.clone() else {
            return Weight::Rows(matrix.in_file(&self.files));
        };
        let packed = PackedRows::new(ty, &self.resident[resident], n_rows, n_cols);
        Weight::Packed(packed.expect("type and size were checked when the tensor was found"))
    }
}

impl Weight<'_> {
    fn n_rows(&self) -> usize {
        match self {
            Self::Rows(weight) => weight.n_rows(),
            Self::Packed(weight) => weight.n_rows(),
        }
    }

    fn slice(&self, rows: Range<usize>) -> Self {
        match self {
            Self::Rows(weight) => Self::Rows(weight.slice(rows)),
            Self::Packed(weight) => Self::Packed(weight.slice(rows)),
        }
    }
}

/// `out = x · Wᵀ + bias`
pub(crate) struct Product<'a> {
    linear: &'a Linear,
    /// `[m, n_cols]`
    x: &'a [f32],
    /// `[m, n_rows]`
    out: &'a mut [f32],
}

impl<'a> Product<'a> {
    pub(crate) fn new(linear: &'a Linear, x: &'a [f32], out: &'a mut [f32]) -> Self {
        let Matrix { n_rows, n_cols, .. } = linear.weight;
        assert_eq!(
            x.len() / n_cols * n_rows,
            out.len(),
            "{} inputs for rows of {n_cols}, {} outputs of {n_rows}",
            x.len(),
            out.len()
        );
        Self { linear, x, out }
    }

    fn work(&self) -> usize {
        self.out.len().saturating_mul(self.linear.weight.n_cols)
    }

    /// Weight rows of which a part has a multiple.
    fn row_step(&self) -> usize {
        let Matrix { ty, n_cols, .. } = self.linear.weight;
        PackedRows::row_step(ty, n_cols)
    }
}

/// Some columns of a product, for one thread.
struct ProductPart<'a> {
    weight: Weight<'a>,
    /// `[weight.n_rows]`
    bias: Option<&'a [f32]>,
    /// `[m, weight.n_cols]`
    x: Input<'a>,
    /// `[m, weight.n_rows]`
    out: ColumnsMut<'a>,
}

/// A product's input as its kernel takes it.
#[derive(Clone, Copy)]
enum Input<'a> {
    Exact(&'a [f32]),
    Rounded(&'a [ActBlock]),
}

/// A norm and its weights.
#[derive(Clone, Copy)]
pub(crate) struct NormArgs<'a> {
    kind: NormKind,
    eps: f32,
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
}

impl<'a> NormArgs<'a> {
    pub(crate) fn new(kind: NormKind, eps: f32, norm: &'a Norm) -> Self {
        Self {
            kind,
            eps,
            weight: &norm.weight,
            bias: norm.bias.as_deref(),
        }
    }

    /// The number of weights.
    pub(crate) fn len(self) -> usize {
        self.weight.len()
    }

    /// Of weights for several heads, those of one.
    pub(crate) fn of_head(self, head: usize, head_dim: usize) -> Self {
        let range = head * head_dim..(head + 1) * head_dim;
        Self {
            weight: &self.weight[range.clone()],
            bias: self.bias.map(|bias| &bias[range]),
            ..self
        }
    }
}

impl Compute {
    pub(crate) fn new(kernels: &'static Kernels, n_threads: usize) -> std::io::Result<Self> {
        let mut scratch = Vec::new();
        scratch.resize_with(n_threads, Mutex::default);
        Ok(Self {
            kernels,
            pool: Pool::new(n_threads)?,
            scratch,
            rounded: Mutex::default(),
            states: Mutex::default(),
        })
    }

    pub(crate) fn n_threads(&self) -> usize {
        self.pool.n_threads()
    }

    /// Computes several products over one input, or over several.
    pub(crate) fn multiply(&self, files: &Parts, products: Vec<Product>) {
        let work: usize = products.iter().map(Product::work).sum();
        let n_rows: usize = products.iter().map(|p| p.linear.weight.n_rows).sum();
        let rows_per_part = if work < MIN_SHARED_WORK || self.n_threads() == 1 {
            usize::MAX
        } else {
            let n_parts = PARTS_PER_THREAD * self.n_threads();
            let step = products.iter().map(Product::row_step).max();
            n_rows.div_ceil(n_parts).next_multiple_of(step.unwrap_or(1))
        };
        let mut rounded = lock(&self.rounded);
        let inputs = self.inputs(&products, &mut rounded);
        let mut parts = Vec::new();
        for (Product { linear, x, out }, input) in products.into_iter().zip(inputs) {
            let weight = files.weight(&linear.weight);
            let m = x.len() / linear.weight.n_cols;
            let whole = ProductPart {
                weight,
                bias: linear.bias.as_deref(),
                x: input,
                out: ColumnsMut::new(out, m),
            };
            whole.cut(rows_per_part, &mut parts);
        }
        self.pool
            .for_each(parts, |thread, part| self.multiply_part(thread, part));
    }

    /// The products' inputs, rounded into `room` where the kernels want that: once for all products
    /// of the same input.
    fn inputs<'a>(&self, products: &[Product<'a>], room: &'a mut Vec<ActBlock>) -> Vec<Input<'a>> {
        let source = |product: &Product<'a>| {
            let grain = self.kernels.grain(product.linear.weight.ty)?;
            Some((product.x, grain))
        };
        let mut sources: Vec<(&[f32], Grain, usize)> = Vec::new();
        for product in products {
            let n_cols = product.linear.weight.n_cols;
            if let Some((x, grain)) = source(product)
                && !sources
                    .iter()
                    .any(|&(other, of, _)| same((x, grain), (other, of)))
            {
                sources.push((x, grain, n_cols));
            }
        }
        let len = |x: &[f32], n_cols| Kernels::rounded_len(n_cols, x.len() / n_cols);
        let n_blocks = sources.iter().map(|&(x, _, n_cols)| len(x, n_cols)).sum();
        if room.len() < n_blocks {
            room.resize(n_blocks, ActBlock::ZERO);
        }
        let mut rest = room.as_mut_slice();
        let (mut rounded, mut places) = (Vec::new(), Vec::new());
        for &(x, _, n_cols) in &sources {
            let (blocks, after) = rest.split_at_mut(len(x, n_cols));
            places.push(blocks);
            rest = after;
        }
        self.round(&sources, &mut places);
        for ((x, grain, _), blocks) in sources.into_iter().zip(places) {
            rounded.push(((x, grain), &*blocks));
        }
        let input = |product: &Product<'a>| match source(product) {
            None => Input::Exact(product.x),
            Some(wanted) => {
                let found = rounded.iter().find(|(done, _)| same(*done, wanted));
                Input::Rounded(found.expect("every such input was rounded").1)
            }
        };
        products.iter().map(input).collect()
    }

    /// Rounds inputs, tile by tile; the first tiles of all come first, so that a thread has the same
    /// rows of each.
    fn round(&self, sources: &[(&[f32], Grain, usize)], out: &mut [&mut [ActBlock]]) {
        let mut tiles = Vec::new();
        for (&(x, grain, n_cols), out) in sources.iter().zip(out) {
            let tile = TILE_ROWS * n_cols;
            let pairs = x.chunks(tile).zip(out.chunks_mut(tile / BLOCK_COLUMNS));
            tiles.extend(
                pairs
                    .enumerate()
                    .map(|(index, tile)| (index, grain, n_cols, tile)),
            );
        }
        tiles.sort_by_key(|&(index, ..)| index);
        let work = sources.iter().map(|(x, ..)| x.len()).sum::<usize>() * WORK_PER_ELEMENT;
        self.for_each_part(tiles, work, |_, (_, grain, n_cols, (x, out))| {
            self.kernels.round_tile(grain, x, n_cols, out);
        });
    }

    fn multiply_part(&self, thread: usize, part: ProductPart) {
        let ProductPart {
            weight,
            bias,
            x,
            mut out,
        } = part;
        match (weight, x) {
            (Weight::Rows(weight), Input::Exact(x)) => {
                self.with_scratch(thread, weight.n_cols(), |decoded| {
                    self.kernels.matmul(weight, x, out.reborrow(), decoded);
                });
            }
            (Weight::Packed(weight), Input::Exact(x)) => {
                self.kernels.matmul_floats(weight, x, out.reborrow());
            }
            (Weight::Packed(weight), Input::Rounded(x)) => {
                let need = self.kernels.panel_len(weight.n_cols(), out.n_rows());
                let panel = &mut lock(&self.scratch[thread]).panel;
                if panel.len() < need {
                    panel.resize(need, PanelBlock::ZERO);
                }
                self.kernels
                    .matmul_rounded(weight, x, out.reborrow(), panel);
            }
            (Weight::Rows(_), Input::Rounded(_)) => {
                unreachable!("at the reference level inputs are not rounded and weights not moved")
            }
        }
        if let Some(bias) = bias {
            for row in 0..out.n_rows() {
                self.kernels.add(out.row_mut(row), bias);
            }
        }
    }

    /// Decodes one row of a matrix in the file.
    pub(crate) fn row(&self, files: &Parts, matrix: &Matrix, row: usize, out: &mut [f32]) {
        let weight = matrix.in_file(&files.files);
        self.kernels.decode_row(matrix.ty, weight.row(row), out);
    }

    /// Norms rows of the weight's length.
    pub(crate) fn norm(&self, args: NormArgs, x: &[f32], out: &mut [f32]) {
        let dim = args.weight.len();
        self.for_rows(out, dim, |row, out| {
            self.norm_row(args, &x[row * dim..(row + 1) * dim], out);
        });
    }

    pub(crate) fn norm_row(&self, args: NormArgs, x: &[f32], out: &mut [f32]) {
        match args.kind {
            NormKind::Rms => {
                self.kernels.rms_norm(x, Some(args.weight), args.eps, out);
                if let Some(bias) = args.bias {
                    self.kernels.add(out, bias);
                }
            }
            NormKind::Layer => {
                let norm = LayerNorm {
                    weight: Some(args.weight),
                    bias: args.bias,
                    eps: args.eps,
                };
                self.kernels.layer_norm(norm, x, out);
            }
        }
    }

    /// `gate = act(gate) · up`
    pub(crate) fn gate(&self, activation: Activation, gate: &mut [f32], up: &[f32]) {
        self.for_rows(gate, ELEMENTS_PER_ROW, |row, gate| {
            let start = row * ELEMENTS_PER_ROW;
            self.kernels
                .gate(activation, gate, &up[start..start + gate.len()]);
        });
    }

    /// `x = act(x)`
    pub(crate) fn activate(&self, activation: Activation, x: &mut [f32]) {
        self.for_rows(x, ELEMENTS_PER_ROW, |_, x| {
            self.kernels.activate(activation, x);
        });
    }

    /// `x += y`
    pub(crate) fn add(&self, x: &mut [f32], y: &[f32]) {
        self.for_rows(x, ELEMENTS_PER_ROW, |row, x| {
            let start = row * ELEMENTS_PER_ROW;
            self.kernels.add(x, &y[start..start + x.len()]);
        });
    }

    /// `x = cap · tanh(x / cap)`
    pub(crate) fn softcap(&self, cap: f32, x: &mut [f32]) {
        self.for_rows(x, ELEMENTS_PER_ROW, |_, x| self.kernels.softcap(x, cap));
    }

    /// Runs `work` on each row of `rows`, on several threads when there is enough to do:
    /// `(row number, row)`. The last row may be shorter.
    pub(crate) fn for_rows(
        &self,
        rows: &mut [f32],
        row_len: usize,
        work: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        let share = self.share(rows.len().div_ceil(row_len), row_len * WORK_PER_ELEMENT);
        self.pool
            .for_chunks(rows, share * row_len, |_, part, rows| {
                for (i, row) in rows.chunks_mut(row_len).enumerate() {
                    work(part * share + i, row);
                }
            });
    }

    /// Runs `work` on each part, on the caller's thread alone when there is little to do:
    /// `(thread, part)`.
    pub(crate) fn for_each_part<T: Send>(
        &self,
        parts: Vec<T>,
        multiplications: usize,
        work: impl Fn(usize, T) + Sync,
    ) {
        if self.is_shared(multiplications) {
            self.pool.for_each(parts, work);
        } else {
            parts.into_iter().for_each(|part| work(0, part));
        }
    }

    /// Whether work of so many multiplications is worth several threads.
    pub(crate) fn is_shared(&self, multiplications: usize) -> bool {
        self.n_threads() > 1 && multiplications >= MIN_SHARED_WORK
    }

    /// How many of `n` equal pieces of work one part takes.
    pub(crate) fn share(&self, n: usize, work_each: usize) -> usize {
        if !self.is_shared(n.saturating_mul(work_each)) {
            return n.max(1);
        }
        n.div_ceil(PARTS_PER_THREAD * self.n_threads())
    }

    /// Lends `work` this thread's scratch.
    pub(crate) fn with_scratch(&self, thread: usize, len: usize, work: impl FnOnce(&mut [f32])) {
        let scratch = &mut lock(&self.scratch[thread]).floats;
        if scratch.len() < len {
            *scratch = Floats::zeros("scratch", len).expect("what was admitted has little scratch");
        }
        work(&mut scratch[..len]);
    }

    /// Floats taken for states of spans.
    #[cfg(test)]
    pub(crate) fn n_states(&self) -> usize {
        lock(&self.states).len()
    }

    /// Lends `work` the memory for states of spans.
    pub(crate) fn with_states(&self, len: usize, work: impl FnOnce(&mut [f32])) {
        let mut states = lock(&self.states);
        if states.len() < len {
            states.resize(len, 0.0);
        }
        work(&mut states[..len]);
    }
}

/// Whether two inputs are one, rounded alike.
fn same((a, of_a): (&[f32], Grain), (b, of_b): (&[f32], Grain)) -> bool {
    a.as_ptr() == b.as_ptr() && a.len() == b.len() && of_a == of_b
}

impl<'a> ProductPart<'a> {
    /// Cuts into parts of so many weight rows, which are columns of the output.
    fn cut(mut self, n_rows: usize, parts: &mut Vec<Self>) {
        while self.weight.n_rows() > n_rows {
            let (front, back) = self.out.split_at_col(n_rows);
            let rest = n_rows..self.weight.n_rows();
            parts.push(Self {
                weight: self.weight.slice(0..n_rows),
                bias: self.bias.map(|bias| &bias[..n_rows]),
                x: self.x,
                out: front,
            });
            self = Self {
                weight: self.weight.slice(rest),
                bias: self.bias.map(|bias| &bias[n_rows..]),
                x: self.x,
                out: back,
            };
        }
        parts.push(self);
    }
}
