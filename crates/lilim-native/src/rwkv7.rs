//! RWKV-7: a recurrent network whose memory is a matrix for each head instead of a cache.
//!
//! Read [`Rwkv7::forward`] first. Matrices are applied to all rows of a pass; only the state's own
//! update goes position by position, and looking one position back minds whose it is. `m` is the
//! number of rows in the pass.
//!
//! *Source*: Peng et al., "RWKV-7 Goose", section 4.

use std::ops::Range;
use std::sync::Arc;

use lilim_kernels::{Activation, ColumnsMut, Wkv7Args};

use crate::bytes::ModelBytes;
use crate::compute::{Compute, NormArgs, Parts, Product};
use crate::estimate::{OutOfMemory, zeros};
use crate::families::NormKind;
use crate::rwkv7_weights::{LowRank, N_MIXES, Rwkv7Config, Rwkv7Layer, Rwkv7Weights};
use crate::tensors::{Linear, Norm};
use crate::timeline::{Limits, Network, Run, with_rows};

/// Of the norm of each head's output; part of the architecture, not of the file.
const HEAD_NORM_EPS: f32 = 64e-5;

/// Removal keys shorter than this are not stretched to unit length.
const MIN_KEY_LENGTH: f32 = 1e-12;

/// A model's weights and sizes, shared by all its sequences.
pub(crate) struct Rwkv7 {
    pub cfg: Rwkv7Config,
    pub weights: Rwkv7Weights,
    pub bytes: Arc<dyn ModelBytes>,
    pub compute: Arc<Compute>,
}

/// What is kept of one sequence.
pub(crate) struct Memory {
    /// `[n_layers]`
    layers: Vec<LayerMemory>,
    /// Positions computed so far.
    n_past: usize,
}

/// What one layer remembers of the past.
struct LayerMemory {
    /// The last position's input of the time mix. `[dim]`
    last_attn: Vec<f32>,
    /// The last position's input of the channel mix. `[dim]`
    last_ffn: Vec<f32>,
    /// `[n_heads, head_dim, head_dim]`: rows are value channels, columns key channels.
    state: Vec<f32>,
}

/// Activations of one pass; `[chunk, dim]` where nothing else is said, `chunk` being the most rows.
pub(crate) struct Buffers {
    x: Vec<f32>,
    normed: Vec<f32>,
    /// Inputs of receptance, decay, key, value, rate and gate. `[6][chunk, dim]`
    mixed: [Vec<f32>; N_MIXES],
    receptance: Vec<f32>,
    decay: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    rate: Vec<f32>,
    gate: Vec<f32>,
    first_value: Vec<f32>,
    /// What is looked up in the state: the removal key, negated.
    lookup: Vec<f32>,
    /// Where what was found is written: the removal key times its rate.
    write: Vec<f32>,
    /// What the heads read.
    read: Vec<f32>,
    branch: Vec<f32>,
    /// Inside a low-rank detour. `[chunk, low_dim]`
    low: Vec<f32>,
    /// `[chunk, ffn_dim]`
    hidden: Vec<f32>,
}

/// Rows on their way through the layers.
struct Pass<'a> {
    cfg: &'a Rwkv7Config,
    compute: &'a Compute,
    parts: Parts<'a>,
    /// Rows of all runs together.
    m: usize,
}

impl Network for Rwkv7 {
    const REWINDS: bool = false;
    type Memory = Memory;
    type Buffers = Buffers;

    fn vocab_size(&self) -> usize {
        self.weights.embedding.n_rows
    }

    fn memory(&self, _limits: Limits) -> Result<Memory, OutOfMemory> {
        let layers = (0..self.cfg.n_layers).map(|_| LayerMemory::new(&self.cfg));
        Ok(Memory {
            layers: layers.collect::<Result<_, _>>()?,
            n_past: 0,
        })
    }

    fn buffers(&self, n_rows: usize) -> Result<Buffers, OutOfMemory> {
        Buffers::new(&self.cfg, n_rows)
    }

    fn forward(
        &self,
        runs: &mut [Run<'_, Memory>],
        buffers: &mut Buffers,
        stop: &dyn Fn() -> bool,
    ) -> bool {
        let pass = Pass {
            cfg: &self.cfg,
            compute: &self.compute,
            parts: Parts::of(&*self.bytes),
            m: runs.iter().map(|run| run.ids.len()).sum(),
        };
        pass.embed(&self.weights, runs, buffers);
        for (index, layer) in self.weights.layers.iter().enumerate() {
            if stop() {
                if index > 0 {
                    runs.iter_mut().for_each(|run| run.memory.forget());
                }
                return false;
            }
            pass.time_mix((index, layer), runs, buffers);
            pass.channel_mix((index, layer), runs, buffers);
        }
        for run in runs {
            run.memory.n_past += run.ids.len();
        }
        true
    }

    fn logits(&self, rows: &[usize], buffers: &mut Buffers, out: &mut [f32]) {
        let dim = self.cfg.dim;
        let Buffers {
            x, branch, normed, ..
        } = buffers;
        let (chosen, normed) = (
            &mut branch[..rows.len() * dim],
            &mut normed[..rows.len() * dim],
        );
        for (chosen, row) in chosen.chunks_exact_mut(dim).zip(rows) {
            chosen.copy_from_slice(&x[row * dim..(row + 1) * dim]);
        }
        let norm = NormArgs::new(
            NormKind::Layer,
            self.cfg.norm_eps,
            &self.weights.output_norm,
        );
        self.compute.norm(norm, chosen, normed);
        self.compute.multiply(
            &Parts::of(&*self.bytes),
            vec![Product::new(&self.weights.output, normed, out)],
        );
    }

    /// A state cannot be taken back: anything short of all is nothing.
    fn rewind(memory: &mut Memory, keep: usize) -> usize {
        if keep < memory.n_past {
            memory.forget();
        }
        memory.n_past
    }
}

impl Memory {
    /// Goes back to the start.
    fn forget(&mut self) {
        for layer in &mut self.layers {
            layer.last_attn.fill(0.0);
            layer.last_ffn.fill(0.0);
            layer.state.fill(0.0);
        }
        self.n_past = 0;
    }
}

impl Pass<'_> {
    /// Elements of the pass in a buffer of width `dim`.
    fn n(&self) -> usize {
        self.m * self.cfg.dim
    }

    fn embed(&self, weights: &Rwkv7Weights, runs: &[Run<'_, Memory>], buffers: &mut Buffers) {
        let dim = self.cfg.dim;
        let rows = buffers.normed.chunks_exact_mut(dim);
        for (&id, row) in runs.iter().flat_map(|run| run.ids).zip(rows) {
            self.compute
                .row(&self.parts, &weights.embedding, id as usize, row);
        }
        let norm = NormArgs::new(NormKind::Layer, self.cfg.norm_eps, &weights.embedding_norm);
        let n = self.n();
        self.compute
            .norm(norm, &buffers.normed[..n], &mut buffers.x[..n]);
    }

    /// `x += output · (heads' reading · gate)`
    fn time_mix(
        &self,
        (index, layer): (usize, &Rwkv7Layer),
        runs: &mut [Run<'_, Memory>],
        buffers: &mut Buffers,
    ) {
        self.norm(&layer.attn_norm, buffers);
        for (rows, run) in with_rows(runs) {
            let last = &mut run.memory.layers[index].last_attn;
            for (mixed, lerp) in buffers
                .mixed
                .iter_mut()
                .zip(layer.mixes.chunks_exact(self.cfg.dim))
            {
                self.shift((&rows, &buffers.normed), last, lerp, mixed);
            }
            self.remember((&rows, &buffers.normed), last);
        }
        self.project(layer, buffers);
        self.low_ranks(layer, buffers);
        self.mix_values(layer, buffers);
        self.split_keys(layer, buffers);
        self.update_states(index, runs, buffers);
        self.finish_heads(layer, buffers);
        self.multiply(&layer.output, &buffers.read, &mut buffers.branch);
        self.add_branch(buffers);
    }

    /// `x += value · relu(key · mixed)²`
    fn channel_mix(
        &self,
        (index, layer): (usize, &Rwkv7Layer),
        runs: &mut [Run<'_, Memory>],
        buffers: &mut Buffers,
    ) {
        self.norm(&layer.ffn_norm, buffers);
        for (rows, run) in with_rows(runs) {
            let last = &mut run.memory.layers[index].last_ffn;
            let rows = (&rows, &buffers.normed[..]);
            self.shift(rows, last, &layer.ffn_mix, &mut buffers.mixed[0]);
            self.remember(rows, last);
        }
        self.multiply(&layer.ffn_key, &buffers.mixed[0], &mut buffers.hidden);
        let hidden = &mut buffers.hidden[..self.m * self.cfg.ffn_dim];
        self.compute.activate(Activation::ReluSquared, hidden);
        self.multiply(&layer.ffn_value, &buffers.hidden, &mut buffers.branch);
        self.add_branch(buffers);
    }

    fn norm(&self, norm: &Norm, buffers: &mut Buffers) {
        let n = self.n();
        let args = NormArgs::new(NormKind::Layer, self.cfg.norm_eps, norm);
        self.compute
            .norm(args, &buffers.x[..n], &mut buffers.normed[..n]);
    }

    /// `mixed = x + (x of the position before - x) · lerp`, for the rows of one run.
    fn shift(
        &self,
        (rows, x): (&Range<usize>, &[f32]),
        last: &[f32],
        lerp: &[f32],
        mixed: &mut [f32],
    ) {
        let dim = self.cfg.dim;
        for row in rows.clone() {
            let now = &x[row * dim..(row + 1) * dim];
            let before = if row == rows.start {
                last
            } else {
                &x[(row - 1) * dim..row * dim]
            };
            let mixed = &mut mixed[row * dim..(row + 1) * dim];
            for (i, mixed) in mixed.iter_mut().enumerate() {
                *mixed = now[i] + (before[i] - now[i]) * lerp[i];
            }
        }
    }

    fn remember(&self, (rows, x): (&Range<usize>, &[f32]), last: &mut [f32]) {
        last.copy_from_slice(&x[(rows.end - 1) * self.cfg.dim..rows.end * self.cfg.dim]);
    }

    fn project(&self, layer: &Rwkv7Layer, buffers: &mut Buffers) {
        let n = self.n();
        let [r, _, k, v, _, _] = &buffers.mixed;
        let products = vec![
            Product::new(&layer.receptance, &r[..n], &mut buffers.receptance[..n]),
            Product::new(&layer.key, &k[..n], &mut buffers.key[..n]),
            Product::new(&layer.value, &v[..n], &mut buffers.value[..n]),
        ];
        self.compute.multiply(&self.parts, products);
    }

    /// Decay in (0, 1), rate in (0, 1) and gate.
    fn low_ranks(&self, layer: &Rwkv7Layer, buffers: &mut Buffers) {
        let kernels = self.compute.kernels;
        let Buffers {
            mixed: [_, w, _, _, a, g],
            low,
            decay,
            rate,
            gate,
            ..
        } = buffers;
        self.low_rank(&layer.decay, (w, low, decay), |low| kernels.tanh(low));
        let decay = &mut decay[..self.n()];
        kernels.sigmoid(decay);
        kernels.scale(decay, -libm::expf(-0.5));
        kernels.exp(decay);
        self.low_rank(&layer.rate, (a, low, rate), |_| ());
        kernels.sigmoid(&mut rate[..self.n()]);
        self.low_rank(&layer.gate, (g, low, gate), |low| kernels.sigmoid(low));
    }

    fn low_rank(
        &self,
        weights: &LowRank,
        (x, low, out): (&[f32], &mut [f32], &mut [f32]),
        activate: impl Fn(&mut [f32]),
    ) {
        self.multiply(&weights.inner, x, low);
        activate(&mut low[..self.m * weights.inner.weight.n_rows]);
        self.multiply(&weights.outer, low, out);
    }

    /// Pulls values towards the first layer's.
    fn mix_values(&self, layer: &Rwkv7Layer, buffers: &mut Buffers) {
        let n = self.n();
        let Buffers {
            mixed: [_, _, _, v, ..],
            low,
            value,
            first_value,
            branch,
            ..
        } = buffers;
        let Some(weights) = &layer.value_mix else {
            first_value[..n].copy_from_slice(&value[..n]);
            return;
        };
        self.low_rank(weights, (v, low, branch), |_| ());
        self.compute.kernels.sigmoid(&mut branch[..n]);
        for ((value, first), share) in value[..n].iter_mut().zip(first_value).zip(branch) {
            *value += (*first - *value) * *share;
        }
    }

    /// Makes the removal key, of unit length in each head, and damps the key by its rate.
    fn split_keys(&self, layer: &Rwkv7Layer, buffers: &mut Buffers) {
        let n = self.n();
        let dim = self.cfg.dim;
        for i in 0..n {
            buffers.lookup[i] = buffers.key[i] * layer.removal_key[i % dim];
        }
        for head in buffers.lookup[..n].chunks_exact_mut(self.cfg.head_dim) {
            self.compute.kernels.l2_norm(head, MIN_KEY_LENGTH);
        }
        for i in 0..n {
            let rate = buffers.rate[i];
            buffers.write[i] = buffers.lookup[i] * rate;
            buffers.lookup[i] = -buffers.lookup[i];
            buffers.key[i] *= 1.0 + (rate - 1.0) * layer.key_rate[i % dim];
        }
    }

    /// Moves each head's state through its run's positions and reads it after each.
    fn update_states(&self, index: usize, runs: &mut [Run<'_, Memory>], buffers: &mut Buffers) {
        let (dim, head_dim) = (self.cfg.dim, self.cfg.head_dim);
        let Buffers {
            receptance,
            decay,
            key,
            value,
            lookup,
            write,
            read,
            ..
        } = buffers;
        let mut read = &mut read[..self.m * dim];
        let mut heads = Vec::with_capacity(runs.len() * self.cfg.n_heads);
        for (rows, run) in with_rows(runs) {
            let (own, rest) = std::mem::take(&mut read).split_at_mut(rows.len() * dim);
            read = rest;
            let mut columns = ColumnsMut::new(own, rows.len());
            let state = &mut run.memory.layers[index].state;
            for (head, state) in state.chunks_exact_mut(head_dim * head_dim).enumerate() {
                let (own, rest) = columns.split_at_col(head_dim);
                heads.push((rows.clone(), head * head_dim, state, own));
                columns = rest;
            }
        }
        self.compute.for_each(heads, |(rows, col, state, mut out)| {
            for (i, row) in rows.enumerate() {
                let head = row * dim + col..row * dim + col + head_dim;
                let args = Wkv7Args {
                    r: &receptance[head.clone()],
                    w: &decay[head.clone()],
                    k: &key[head.clone()],
                    v: &value[head.clone()],
                    a: &lookup[head.clone()],
                    b: &write[head],
                };
                self.compute.kernels.wkv7_step(args, state, out.row_mut(i));
            }
        });
    }

    /// `read = (norm(read) + value · (receptance · key · bonus)) · gate`, head by head.
    fn finish_heads(&self, layer: &Rwkv7Layer, buffers: &mut Buffers) {
        let (n, dim, head_dim) = (self.n(), self.cfg.dim, self.cfg.head_dim);
        let norm = NormArgs::new(NormKind::Layer, HEAD_NORM_EPS, &layer.head_norm);
        self.compute
            .norm_heads(norm, head_dim, &mut buffers.read[..n]);
        // the receptance has been used up: it carries its product with the bonus
        for (i, r) in buffers.receptance[..n].iter_mut().enumerate() {
            *r *= layer.bonus[i % dim];
        }
        for start in (0..n).step_by(head_dim) {
            let head = start..start + head_dim;
            let bonus = self.compute.kernels.dot(
                &buffers.receptance[head.clone()],
                &buffers.key[head.clone()],
            );
            for i in head {
                buffers.read[i] = (buffers.read[i] + bonus * buffers.value[i]) * buffers.gate[i];
            }
        }
    }

    /// Multiplies the fronts of the buffers.
    fn multiply(&self, linear: &Linear, x: &[f32], out: &mut [f32]) {
        let x = &x[..self.m * linear.weight.n_cols];
        let out = &mut out[..self.m * linear.weight.n_rows];
        self.compute
            .multiply(&self.parts, vec![Product::new(linear, x, out)]);
    }

    fn add_branch(&self, buffers: &mut Buffers) {
        let n = self.n();
        self.compute.add(&mut buffers.x[..n], &buffers.branch[..n]);
    }
}

impl LayerMemory {
    fn new(cfg: &Rwkv7Config) -> Result<Self, OutOfMemory> {
        Ok(Self {
            last_attn: zeros("recurrent state", cfg.dim)?,
            last_ffn: zeros("recurrent state", cfg.dim)?,
            state: zeros("recurrent state", cfg.dim * cfg.head_dim)?,
        })
    }
}

impl Buffers {
    fn new(cfg: &Rwkv7Config, chunk: usize) -> Result<Self, OutOfMemory> {
        let rows = |width: usize| zeros("activations", chunk.saturating_mul(width));
        let wide = || rows(cfg.dim);
        Ok(Self {
            x: wide()?,
            normed: wide()?,
            mixed: [wide()?, wide()?, wide()?, wide()?, wide()?, wide()?],
            receptance: wide()?,
            decay: wide()?,
            key: wide()?,
            value: wide()?,
            rate: wide()?,
            gate: wide()?,
            first_value: wide()?,
            lookup: wide()?,
            write: wide()?,
            read: wide()?,
            branch: wide()?,
            low: rows(cfg.low_dim())?,
            hidden: rows(cfg.ffn_dim)?,
        })
    }
}
