//! RWKV-7: a recurrent network whose memory is a matrix for each head instead of a cache.
//!
//! Read [`Rwkv7::forward`] first. Matrices are applied to all rows of a pass; only the state's own
//! update goes position by position, and looking one position back minds whose it is. `m` is the
//! number of rows in the pass. Steps that need the same threads to have met are few: products of one
//! stage are computed together, and all that a head does alone is one kernel.
//!
//! *Source*: Peng et al., "RWKV-7 Goose", section 4.

use std::ops::Range;
use std::sync::Arc;

use lilim_kernels::{Activation, ColumnsMut, Kernels, Wkv7Args, Wkv7Mix};

use crate::compute::{Compute, NormArgs, Parts, Product, WORK_PER_ELEMENT};
use crate::estimate::OutOfMemory;
use crate::families::NormKind;
use crate::floats::Floats;
use crate::resident::ModelMemory;
use crate::rwkv7_weights::{N_MIXES, Rwkv7Config, Rwkv7Layer, Rwkv7Weights};
use crate::tensors::{Linear, Norm};
use crate::timeline::{Limits, Network, Run, with_rows};

/// In the place of a mixed input: what the heads read, normed and gated.
const READ: usize = 0;
/// In the place of a mixed input, as all that comes from the detours: decay.
const DECAY: usize = 1;
/// How far values are pulled towards the first layer's.
const SHARE: usize = 3;
/// Rate.
const RATE: usize = 4;
/// Gate.
const GATE: usize = 5;

/// Low-rank detours of a layer.
const N_DETOURS: usize = 4;

/// How elementwise work is cut; any number gives the same results.
const ELEMENTS_PER_ROW: usize = 1024;

/// Multiplications that an element of a head's state is worth at each position.
const WORK_PER_STATE: usize = 5;

/// A model's weights and sizes, shared by all its sequences.
pub(crate) struct Rwkv7 {
    pub cfg: Rwkv7Config,
    pub weights: Rwkv7Weights,
    pub memory: ModelMemory,
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
    last_attn: Floats,
    /// The last position's input of the channel mix. `[dim]`
    last_ffn: Floats,
    /// `[n_heads, head_dim, head_dim]`: rows are value channels, columns key channels.
    state: Floats,
}

/// Activations of one pass; `[chunk, dim]` where nothing else is said, `chunk` being the most rows.
pub(crate) struct Buffers {
    x: Floats,
    normed: Floats,
    /// Inputs of receptance, decay, key, value, rate and gate; once the products have read them,
    /// [`READ`] and others take their place. `[6][chunk, dim]`
    mixed: [Floats; N_MIXES],
    receptance: Floats,
    key: Floats,
    value: Floats,
    /// Values of the first layer.
    first_value: Floats,
    /// What the last block adds to `x`.
    branch: Floats,
    /// Inside the low-rank detours of decay, rate, value and gate. `[4][chunk, rank]`
    low: [Floats; N_DETOURS],
    /// `[chunk, ffn_dim]`
    hidden: Floats,
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
            parts: Parts::of(&self.memory),
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
        pass.add_branch(buffers);
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
            &Parts::of(&self.memory),
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

    /// `branch = output · (heads' reading · gate)`
    fn time_mix(
        &self,
        (index, layer): (usize, &Rwkv7Layer),
        runs: &mut [Run<'_, Memory>],
        buffers: &mut Buffers,
    ) {
        if index > 0 {
            self.add_and_norm(&layer.attn_norm, buffers);
        } else {
            let (n, norm) = (self.n(), self.layer_norm(&layer.attn_norm));
            self.compute
                .norm(norm, &buffers.x[..n], &mut buffers.normed[..n]);
        }
        self.shift(
            runs,
            (index, |layer| &mut layer.last_attn),
            &layer.mixes,
            buffers,
        );
        self.project(layer, buffers);
        self.widen(layer, buffers);
        self.move_heads((index, layer), runs, buffers);
        self.multiply(&layer.output, &buffers.mixed[READ], &mut buffers.branch);
    }

    /// `branch = value · relu(key · mixed)²`
    fn channel_mix(
        &self,
        (index, layer): (usize, &Rwkv7Layer),
        runs: &mut [Run<'_, Memory>],
        buffers: &mut Buffers,
    ) {
        self.add_and_norm(&layer.ffn_norm, buffers);
        self.shift(
            runs,
            (index, |layer| &mut layer.last_ffn),
            &layer.ffn_mix,
            buffers,
        );
        self.multiply(&layer.ffn_key, &buffers.mixed[0], &mut buffers.hidden);
        let hidden = &mut buffers.hidden[..self.m * self.cfg.ffn_dim];
        self.compute.activate(Activation::ReluSquared, hidden);
        self.multiply(&layer.ffn_value, &buffers.hidden, &mut buffers.branch);
    }

    fn layer_norm<'n>(&self, norm: &'n Norm) -> NormArgs<'n> {
        NormArgs::new(NormKind::Layer, self.cfg.norm_eps, norm)
    }

    /// `x += branch; normed = norm(x)`
    fn add_and_norm(&self, norm: &Norm, buffers: &mut Buffers) {
        let (n, dim, norm) = (self.n(), self.cfg.dim, self.layer_norm(norm));
        let rows = self.compute.share(self.m, dim * WORK_PER_ELEMENT);
        let Buffers {
            x, normed, branch, ..
        } = buffers;
        let x = x[..n].chunks_mut(rows * dim);
        let parts = x
            .zip(normed.chunks_mut(rows * dim))
            .zip(branch.chunks(rows * dim));
        let work = n * WORK_PER_ELEMENT;
        self.compute
            .for_each_part(parts.collect(), work, |_, ((x, normed), branch)| {
                self.compute.kernels.add(x, &branch[..x.len()]);
                for (x, normed) in x.chunks_exact(dim).zip(normed.chunks_exact_mut(dim)) {
                    self.compute.norm_row(norm, x, normed);
                }
            });
    }

    /// `mixed = now + (before - now) · lerp` for as many mixes as there are rows of `lerps`, `now`
    /// being a row of `normed` and `before` that of the position before.
    fn shift(
        &self,
        runs: &mut [Run<'_, Memory>],
        (index, last): (usize, fn(&mut LayerMemory) -> &mut Floats),
        lerps: &[f32],
        buffers: &mut Buffers,
    ) {
        let (dim, n_mixes) = (self.cfg.dim, lerps.len() / self.cfg.dim);
        let normed = &buffers.normed[..self.n()];
        let mut before: Vec<&[f32]> = Vec::with_capacity(self.m);
        for (rows, run) in with_rows(runs) {
            before.push(last(&mut run.memory.layers[index]));
            before.extend(normed[rows.start * dim..(rows.end - 1) * dim].chunks_exact(dim));
        }
        let n_rows = self.compute.share(n_mixes * self.m, dim * WORK_PER_ELEMENT);
        let mut parts = Vec::new();
        for (mixed, lerp) in buffers.mixed.iter_mut().zip(lerps.chunks_exact(dim)) {
            let mixed = mixed[..self.n()].chunks_mut(n_rows * dim);
            let rows = normed.chunks(n_rows * dim).zip(before.chunks(n_rows));
            parts.extend(mixed.zip(rows).map(|(mixed, rows)| (mixed, rows, lerp)));
        }
        let work = n_mixes * self.n() * WORK_PER_ELEMENT;
        self.compute
            .for_each_part(parts, work, |_, (mixed, (now, before), lerp)| {
                let rows = mixed.chunks_exact_mut(dim).zip(now.chunks_exact(dim));
                for ((mixed, now), before) in rows.zip(before) {
                    self.compute.kernels.lerp(now, before, lerp, mixed);
                }
            });
        for (rows, run) in with_rows(runs) {
            let newest = &normed[(rows.end - 1) * dim..rows.end * dim];
            last(&mut run.memory.layers[index]).copy_from_slice(newest);
        }
    }

    /// All products of the mixed inputs: receptance, key, value, and the insides of the detours.
    fn project(&self, layer: &Rwkv7Layer, buffers: &mut Buffers) {
        let Buffers {
            mixed: [r, w, k, v, a, g],
            low: [low_w, low_a, low_v, low_g],
            receptance,
            key,
            value,
            first_value,
            ..
        } = buffers;
        let value = match layer.value_mix {
            Some(_) => value,
            None => first_value,
        };
        // weights of the detours are kept finer: their few rows take longest, so they come first
        let mut products = vec![
            self.product(&layer.gate.inner, g, low_g),
            self.product(&layer.decay.inner, w, low_w),
            self.product(&layer.rate.inner, a, low_a),
        ];
        if let Some(mix) = &layer.value_mix {
            products.push(self.product(&mix.inner, v, low_v));
        }
        products.extend([
            self.product(&layer.receptance, r, receptance),
            self.product(&layer.key, k, key),
            self.product(&layer.value, v, value),
        ]);
        self.compute.multiply(&self.parts, products);
    }

    /// From inside the detours to decay, rate, gate and the values' share.
    fn widen(&self, layer: &Rwkv7Layer, buffers: &mut Buffers) {
        let kernels = self.compute.kernels;
        let Buffers {
            low: [w, a, v, g],
            mixed,
            ..
        } = buffers;
        // the order of the mixed inputs
        let [_, decay, _, share, rate, gate] = mixed;
        let w = &mut w[..self.m * self.cfg.ranks.decay];
        self.compute
            .for_rows(w, ELEMENTS_PER_ROW, |_, low| kernels.tanh(low));
        let g = &mut g[..self.m * self.cfg.ranks.gate];
        self.compute
            .for_rows(g, ELEMENTS_PER_ROW, |_, low| kernels.sigmoid(low));
        let mut products = vec![
            self.product(&layer.gate.outer, g, gate),
            self.product(&layer.decay.outer, w, decay),
            self.product(&layer.rate.outer, a, rate),
        ];
        if let Some(mix) = &layer.value_mix {
            products.push(self.product(&mix.outer, v, share));
        }
        self.compute.multiply(&self.parts, products);
    }

    /// Moves each head's state through its run's positions: `read` is what the heads give.
    fn move_heads(
        &self,
        (index, layer): (usize, &Rwkv7Layer),
        runs: &mut [Run<'_, Memory>],
        buffers: &mut Buffers,
    ) {
        let (dim, head_dim) = (self.cfg.dim, self.cfg.head_dim);
        let mut read = std::mem::take(&mut buffers.mixed[READ]);
        let mut rest = &mut read[..self.n()];
        let mut heads = Vec::with_capacity(runs.len() * self.cfg.n_heads);
        for (rows, run) in with_rows(runs) {
            let (own, after) = rest.split_at_mut(rows.len() * dim);
            rest = after;
            let mut columns = ColumnsMut::new(own, rows.len());
            let args = self.head_args(layer, rows, buffers);
            let state = &mut run.memory.layers[index].state;
            for (head, state) in state.chunks_exact_mut(head_dim * head_dim).enumerate() {
                let (own, rest) = columns.split_at_col(head_dim);
                let col = head * head_dim;
                heads.push((Wkv7Args { col, ..args }, state, own));
                columns = rest;
            }
        }
        let work = self.n() * head_dim * WORK_PER_STATE;
        self.compute
            .for_each_part(heads, work, |thread, (args, state, out)| {
                let need = Kernels::wkv7_scratch(head_dim);
                self.compute.with_scratch(thread, need, |scratch| {
                    self.compute.kernels.wkv7(args, state, scratch, out);
                });
            });
        buffers.mixed[READ] = read;
    }

    /// What the first head reads for the rows of a run.
    fn head_args<'b>(
        &self,
        layer: &'b Rwkv7Layer,
        rows: Range<usize>,
        buffers: &'b Buffers,
    ) -> Wkv7Args<'b> {
        let dim = self.cfg.dim;
        let of = |buffer: &'b [f32]| &buffer[rows.start * dim..rows.end * dim];
        let (value, mix) = match layer.value_mix {
            None => (&buffers.first_value, None),
            Some(_) => {
                let (first_value, share) = (of(&buffers.first_value), of(&buffers.mixed[SHARE]));
                (&buffers.value, Some(Wkv7Mix { first_value, share }))
            }
        };
        Wkv7Args {
            dim,
            col: 0,
            receptance: of(&buffers.receptance),
            decay: of(&buffers.mixed[DECAY]),
            key: of(&buffers.key),
            value: of(value),
            rate: of(&buffers.mixed[RATE]),
            gate: of(&buffers.mixed[GATE]),
            mix,
            removal_key: &layer.removal_key,
            key_rate: &layer.key_rate,
            bonus: &layer.bonus,
            norm_weight: &layer.head_norm.weight,
            norm_bias: layer.head_norm.bias.as_deref(),
        }
    }

    /// The product of the fronts of the buffers.
    fn product<'p>(&self, linear: &'p Linear, x: &'p [f32], out: &'p mut [f32]) -> Product<'p> {
        let x = &x[..self.m * linear.weight.n_cols];
        Product::new(linear, x, &mut out[..self.m * linear.weight.n_rows])
    }

    fn multiply(&self, linear: &Linear, x: &[f32], out: &mut [f32]) {
        self.compute
            .multiply(&self.parts, vec![self.product(linear, x, out)]);
    }

    fn add_branch(&self, buffers: &mut Buffers) {
        let n = self.n();
        self.compute.add(&mut buffers.x[..n], &buffers.branch[..n]);
    }
}

impl LayerMemory {
    fn new(cfg: &Rwkv7Config) -> Result<Self, OutOfMemory> {
        Ok(Self {
            last_attn: Floats::zeros("recurrent state", cfg.dim)?,
            last_ffn: Floats::zeros("recurrent state", cfg.dim)?,
            state: Floats::zeros("recurrent state", cfg.dim * cfg.head_dim)?,
        })
    }
}

impl Buffers {
    fn new(cfg: &Rwkv7Config, chunk: usize) -> Result<Self, OutOfMemory> {
        let rows = |width: usize| Floats::zeros("activations", chunk.saturating_mul(width));
        let wide = || rows(cfg.dim);
        Ok(Self {
            x: wide()?,
            normed: wide()?,
            mixed: [wide()?, wide()?, wide()?, wide()?, wide()?, wide()?],
            receptance: wide()?,
            key: wide()?,
            value: wide()?,
            first_value: wide()?,
            branch: wide()?,
            low: [
                rows(cfg.ranks.decay)?,
                rows(cfg.ranks.rate)?,
                rows(cfg.ranks.value)?,
                rows(cfg.ranks.gate)?,
            ],
            hidden: rows(cfg.ffn_dim)?,
        })
    }
}
