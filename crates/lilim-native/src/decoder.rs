//! The transformer decoder: one forward pass for every family, steered by [`Config`].
//!
//! Read [`Decoder::forward`] first: it is the list of steps. `m` is the number of rows in the pass;
//! matrices are row-major with a row a position of some sequence. Only the key-value cache and the
//! rotation know which.

use std::sync::Arc;

use crate::attention::Attention;
use crate::compute::{Compute, NormArgs, Parts, Product};
use crate::config::{Config, Rotary};
use crate::estimate::OutOfMemory;
use crate::floats::Floats;
use crate::heads::{HeadRows, Rotation};
use crate::kv_cache::{KvCache, KvShape};
use crate::resident::ModelMemory;
use crate::rope::{Rope, RopeShape, RopeTable};
use crate::tensors::{Linear, Norm};
use crate::timeline::{Limits, Network, Run, with_rows};
use crate::weights::{Layer, RopeDivisors, Weights};

/// A decoder's weights and wiring, shared by all its sequences.
pub(crate) struct Decoder {
    pub cfg: Config,
    pub weights: Weights,
    pub memory: ModelMemory,
    pub compute: Arc<Compute>,
    pub ropes: Option<Ropes>,
}

/// What a decoder keeps of one sequence.
pub(crate) struct Memory {
    cache: KvCache,
    /// Positions computed so far.
    n_past: usize,
}

/// The rotations of layers.
pub(crate) struct Ropes {
    full: Rope,
    /// Of layers with a window, where it is another.
    windowed: Option<Rope>,
}

/// Activations of one pass, reused by every layer; `chunk` is the most rows of a pass.
pub(crate) struct Buffers {
    /// The residual stream. `[chunk, dim]`
    x: Floats,
    /// `x` normed: what a block reads. `[chunk, dim]`
    normed: Floats,
    /// `[chunk, n_heads * head_dim]`
    q: Floats,
    /// `[chunk, n_kv_heads * head_dim]`
    k: Floats,
    /// `[chunk, n_kv_heads * head_dim]`
    v: Floats,
    /// What the heads gathered. `[chunk, n_heads * head_dim]`
    attended: Floats,
    /// What a block adds to `x`. `[chunk, dim]`
    branch: Floats,
    /// `[chunk, ffn_dim]`, empty without gates.
    gate: Floats,
    /// `[chunk, ffn_dim]`
    up: Floats,
    /// Rotations of layers. `[chunk, n_pairs]`
    full_table: RopeTable,
    /// Rotations of layers with a window, where they are others. `[chunk, n_pairs]`
    windowed_table: RopeTable,
}

/// Rows on their way through the layers.
struct Pass<'a> {
    cfg: &'a Config,
    weights: &'a Weights,
    compute: &'a Compute,
    ropes: Option<&'a Ropes>,
    /// The model's files.
    parts: Parts<'a>,
    /// Rows of all runs together.
    m: usize,
}

impl Network for Decoder {
    const REWINDS: bool = true;
    type Memory = Memory;
    type Buffers = Buffers;

    fn vocab_size(&self) -> usize {
        self.weights.embedding.n_rows
    }

    fn memory(&self, limits: Limits) -> Result<Memory, OutOfMemory> {
        let shape = KvShape::new(&self.cfg, limits.kv_type);
        Ok(Memory {
            cache: KvCache::new(shape, self.cfg.n_layers, limits.context)?,
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
        let pass = self.pass(runs.iter().map(|run| run.ids.len()).sum());
        pass.embed(runs, buffers);
        pass.fill_rope_tables(runs, buffers);
        for (index, layer) in self.weights.layers.iter().enumerate() {
            if stop() {
                // rows that layers have stored already are written over by whoever comes next
                return false;
            }
            pass.attention_block(index, layer, runs, buffers);
            pass.feed_forward_block(layer, buffers);
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
        let norm = NormArgs::new(self.cfg.norm, self.cfg.norm_eps, &self.weights.output_norm);
        self.compute.norm(norm, chosen, normed);
        self.compute.multiply(
            &Parts::of(&self.memory),
            vec![Product::new(&self.weights.output, normed, out)],
        );
        if let Some(cap) = self.cfg.logit_softcap {
            self.compute.softcap(cap, out);
        }
    }

    fn rewind(memory: &mut Memory, keep: usize) -> usize {
        memory.n_past = memory.n_past.min(keep);
        memory.n_past
    }
}

impl Decoder {
    /// A pass of `m` rows.
    fn pass(&self, m: usize) -> Pass<'_> {
        Pass {
            cfg: &self.cfg,
            weights: &self.weights,
            compute: &self.compute,
            ropes: self.ropes.as_ref(),
            parts: Parts::of(&self.memory),
            m,
        }
    }
}

impl Pass<'_> {
    /// `x = embedding[id] · scale + positions[pos]`
    fn embed(&self, runs: &mut [Run<'_, Memory>], buffers: &mut Buffers) {
        let dim = self.cfg.dim;
        for (rows, run) in with_rows(runs) {
            let x = &mut buffers.x[rows.start * dim..rows.end * dim];
            for (i, (x, &id)) in x.chunks_exact_mut(dim).zip(run.ids).enumerate() {
                self.compute
                    .row(&self.parts, &self.weights.embedding, id as usize, x);
                if let Some(scale) = self.cfg.embedding_scale {
                    x.iter_mut().for_each(|value| *value *= scale);
                }
                if let Some(positions) = &self.weights.positions {
                    let learned = &mut buffers.normed[..dim];
                    let pos = run.memory.n_past + i;
                    self.compute.row(&self.parts, positions, pos, learned);
                    self.compute.add(x, learned);
                }
            }
        }
    }

    fn fill_rope_tables(&self, runs: &[Run<'_, Memory>], buffers: &mut Buffers) {
        let Some(ropes) = self.ropes else { return };
        let windows = &self.cfg.windows;
        let is_full = |window: &Option<usize>| window.is_none() || ropes.windowed.is_none();
        let full = Some(&ropes.full).filter(|_| windows.iter().any(is_full));
        let windowed = ropes.windowed.as_ref();
        let windowed = windowed.filter(|_| windows.iter().any(Option::is_some));
        for (rope, table) in [
            (full, &mut buffers.full_table),
            (windowed, &mut buffers.windowed_table),
        ] {
            table.clear();
            let Some(rope) = rope else { continue };
            for run in runs {
                rope.extend(run.memory.n_past, run.ids.len(), table);
            }
        }
    }

    /// `x += attention(norm(x))`
    fn attention_block(
        &self,
        index: usize,
        layer: &Layer,
        runs: &mut [Run<'_, Memory>],
        buffers: &mut Buffers,
    ) {
        self.norm(&layer.attn_norm, buffers);
        self.project_qkv(layer, buffers);
        self.prepare_heads(index, layer, buffers);
        self.store(index, runs, buffers);
        self.attend(index, runs, buffers);
        let attended = &buffers.attended[..self.m * self.cfg.q_dim()];
        self.multiply(&layer.attn_output, attended, &mut buffers.branch);
        self.norm_branch(layer.attn_post_norm.as_ref(), buffers);
        self.add_branch(buffers);
    }

    /// `x += feed_forward(norm(x))`, or of attention's own normed input.
    fn feed_forward_block(&self, layer: &Layer, buffers: &mut Buffers) {
        if let Some(norm) = &layer.ffn_norm {
            self.norm(norm, buffers);
        }
        self.widen(layer, buffers);
        self.activate(layer, buffers);
        let hidden = &buffers.up[..self.m * self.cfg.ffn_dim];
        self.multiply(&layer.down, hidden, &mut buffers.branch);
        self.norm_branch(layer.ffn_post_norm.as_ref(), buffers);
        self.add_branch(buffers);
    }

    fn norm(&self, norm: &Norm, buffers: &mut Buffers) {
        let n = self.m * self.cfg.dim;
        let args = NormArgs::new(self.cfg.norm, self.cfg.norm_eps, norm);
        self.compute
            .norm(args, &buffers.x[..n], &mut buffers.normed[..n]);
    }

    fn project_qkv(&self, layer: &Layer, buffers: &mut Buffers) {
        let x = &buffers.normed[..self.m * self.cfg.dim];
        let products = vec![
            Product::new(&layer.q, x, &mut buffers.q[..self.m * self.cfg.q_dim()]),
            Product::new(&layer.k, x, &mut buffers.k[..self.m * self.cfg.kv_dim()]),
            Product::new(&layer.v, x, &mut buffers.v[..self.m * self.cfg.kv_dim()]),
        ];
        self.compute.multiply(&self.parts, products);
    }

    /// Norms and rotates each head of the queries and keys by itself.
    fn prepare_heads(&self, index: usize, layer: &Layer, buffers: &mut Buffers) {
        let rotation = self.rotation(index, &buffers.full_table, &buffers.windowed_table);
        let heads = [
            (&layer.q_norm, &mut buffers.q, self.cfg.q_dim()),
            (&layer.k_norm, &mut buffers.k, self.cfg.kv_dim()),
        ];
        let heads = heads.map(|(norm, rows, width)| HeadRows {
            rows: &mut rows[..self.m * width],
            width,
            norm: norm
                .as_ref()
                .map(|norm| NormArgs::new(self.cfg.norm, self.cfg.norm_eps, norm)),
            rotation,
        });
        self.compute
            .prepare_heads(self.cfg.head_dim, Vec::from(heads));
    }

    /// How a layer's heads rotate.
    fn rotation<'t>(
        &self,
        index: usize,
        full: &'t RopeTable,
        windowed: &'t RopeTable,
    ) -> Option<Rotation<'t>> {
        let ropes = self.ropes?;
        let (table, rope) = match (self.cfg.windows[index], &ropes.windowed) {
            (Some(_), Some(rope)) => (windowed, rope),
            _ => (full, &ropes.full),
        };
        Some(Rotation {
            table,
            n_pairs: rope.n_pairs(),
            style: self.cfg.rotary.as_ref()?.style,
        })
    }

    /// Stores the keys and values of each run's rows.
    fn store(&self, index: usize, runs: &mut [Run<'_, Memory>], buffers: &Buffers) {
        let kv_dim = self.cfg.kv_dim();
        for (rows, run) in with_rows(runs) {
            let kv = rows.start * kv_dim..rows.end * kv_dim;
            let Memory { cache, n_past } = &mut *run.memory;
            cache.store(
                self.compute,
                (index, *n_past),
                (&buffers.k[kv.clone()], &buffers.v[kv]),
            );
        }
    }

    /// Lets each run's queries look at its own past.
    fn attend(&self, index: usize, runs: &mut [Run<'_, Memory>], buffers: &mut Buffers) {
        let q_dim = self.cfg.q_dim();
        let mut out = &mut buffers.attended[..self.m * q_dim];
        let mut sequences = Vec::with_capacity(runs.len());
        for (rows, run) in with_rows(runs) {
            let (own, rest) = out.split_at_mut(rows.len() * q_dim);
            out = rest;
            let Memory { cache, n_past } = &*run.memory;
            sequences.push(Attention {
                shape: cache.shape,
                n_heads: self.cfg.n_heads,
                heads: cache.heads(index),
                first: *n_past,
                window: self.cfg.windows[index],
                scale: self.cfg.attention_scale,
                softcap: self.cfg.attention_softcap,
                q: &buffers.q[rows.start * q_dim..rows.end * q_dim],
                out: own,
            });
        }
        self.compute.attend(sequences);
    }

    fn widen(&self, layer: &Layer, buffers: &mut Buffers) {
        let x = &buffers.normed[..self.m * self.cfg.dim];
        let n = self.m * self.cfg.ffn_dim;
        let mut products = vec![Product::new(&layer.up, x, &mut buffers.up[..n])];
        if let Some(gate) = &layer.gate {
            products.push(Product::new(gate, x, &mut buffers.gate[..n]));
        }
        self.compute.multiply(&self.parts, products);
    }

    /// `up = act(gate) · up`, or `act(up)` without a gate.
    fn activate(&self, layer: &Layer, buffers: &mut Buffers) {
        let n = self.m * self.cfg.ffn_dim;
        if layer.gate.is_none() {
            self.compute
                .activate(self.cfg.activation, &mut buffers.up[..n]);
            return;
        }
        let gate = &mut buffers.gate[..n];
        self.compute
            .gate(self.cfg.activation, gate, &buffers.up[..n]);
        std::mem::swap(&mut buffers.gate, &mut buffers.up);
    }

    /// Multiplies the chunk's rows by one matrix into the front of `out`.
    fn multiply(&self, linear: &Linear, x: &[f32], out: &mut [f32]) {
        let out = &mut out[..self.m * linear.weight.n_rows];
        self.compute
            .multiply(&self.parts, vec![Product::new(linear, x, out)]);
    }

    /// Norms what a block adds, where the family does; through `normed`, which the block has read.
    fn norm_branch(&self, norm: Option<&Norm>, buffers: &mut Buffers) {
        let Some(norm) = norm else { return };
        let n = self.m * self.cfg.dim;
        let args = NormArgs::new(self.cfg.norm, self.cfg.norm_eps, norm);
        self.compute
            .norm(args, &buffers.branch[..n], &mut buffers.normed[..n]);
        std::mem::swap(&mut buffers.branch, &mut buffers.normed);
    }

    fn add_branch(&self, buffers: &mut Buffers) {
        let n = self.m * self.cfg.dim;
        self.compute.add(&mut buffers.x[..n], &buffers.branch[..n]);
    }
}

impl Ropes {
    /// A model's rotations, if it has any, at this context length.
    pub(crate) fn of(cfg: &Config, weights: &Weights, context: usize) -> Option<Self> {
        let rotary = cfg.rotary.as_ref()?;
        Some(Self::new(rotary, &weights.rope_divisors, context))
    }

    fn new(rotary: &Rotary, divisors: &RopeDivisors, context: usize) -> Self {
        let by_context = if context > rotary.original_context {
            &divisors.long
        } else {
            &divisors.short
        };
        let full = RopeShape {
            n_dims: rotary.n_dims,
            base: rotary.base,
            linear_factor: rotary.linear_factor,
            divisors: by_context.as_deref().or(divisors.always.as_deref()),
            magnitude: rotary.magnitude,
        };
        let windowed = rotary.window_base.map(|base| RopeShape {
            base,
            linear_factor: 1.0,
            divisors: None,
            ..full
        });
        Self {
            full: Rope::new(&full),
            windowed: windowed.as_ref().map(Rope::new),
        }
    }
}

impl Buffers {
    fn new(cfg: &Config, chunk: usize) -> Result<Self, OutOfMemory> {
        let rows = |width: usize| Floats::zeros("activations", chunk.saturating_mul(width));
        let gate_dim = match cfg.feed_forward {
            crate::families::FeedForward::Plain => 0,
            _ => cfg.ffn_dim,
        };
        Ok(Self {
            x: rows(cfg.dim)?,
            normed: rows(cfg.dim)?,
            q: rows(cfg.q_dim())?,
            k: rows(cfg.kv_dim())?,
            v: rows(cfg.kv_dim())?,
            attended: rows(cfg.q_dim())?,
            branch: rows(cfg.dim)?,
            gate: rows(gate_dim)?,
            up: rows(cfg.ffn_dim)?,
            full_table: RopeTable::default(),
            windowed_table: RopeTable::default(),
        })
    }

    /// Floats of one position in all buffers together.
    pub(crate) fn width(cfg: &Config) -> u64 {
        (3 * cfg.dim + 2 * cfg.q_dim() + 2 * cfg.kv_dim() + 2 * cfg.ffn_dim + 2 * cfg.head_dim)
            as u64
    }
}

/// Floats that one position of a chunk takes in the buffers.
pub(crate) fn buffer_width(cfg: &Config) -> u64 {
    Buffers::width(cfg)
}
