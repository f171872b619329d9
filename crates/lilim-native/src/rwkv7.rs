//! RWKV-7: a recurrent network whose memory is a matrix for each head instead of a cache.
//!
//! Read [`Rwkv7Timeline::forward`] first. Matrices are applied to a whole chunk; only the state's
//! own update goes position by position. `m` is the number of positions in the chunk.
//!
//! *Source*: Peng et al., "RWKV-7 Goose", section 4; key and tensor names are llama.cpp's.

use std::ops::Range;
use std::sync::Arc;

use lilim_api::TokenId;
use lilim_formats::gguf::Metadata;
use lilim_kernels::{Activation, ColumnsMut, Wkv7Args};

use crate::bytes::ModelBytes;
use crate::compute::{Compute, NormArgs, Parts, Product};
use crate::config::{Keys, MAX_CONTEXT, MAX_DIM, MAX_FFN_DIM, MAX_HEAD_DIM, MAX_LAYERS};
use crate::error::ModelError;
use crate::estimate::{OutOfMemory, zeros};
use crate::families::{self, NormKind};
use crate::tensors::{Linear, Matrix, Norm, Tensors};
use crate::timeline::{Limits, Timeline};
use crate::weights::vocab_size;

/// Of the norm of each head's output; part of the architecture, not of the file.
const HEAD_NORM_EPS: f32 = 64e-5;

/// Removal keys shorter than this are not stretched to unit length.
const MIN_KEY_LENGTH: f32 = 1e-12;

/// The six token-shift mixes, in the order in which `time_mix_lerp_fused` stacks them.
const N_MIXES: usize = 6;

/// Sizes of an RWKV-7 model.
#[derive(Clone, Debug)]
pub(crate) struct Rwkv7Config {
    pub dim: usize,
    pub n_layers: usize,
    pub n_heads: usize,
    pub head_dim: usize,
    pub ffn_dim: usize,
    pub train_context: usize,
    pub norm_eps: f32,
    pub ranks: Ranks,
}

/// Widths of the low-rank detours.
#[derive(Clone, Debug)]
pub(crate) struct Ranks {
    pub decay: usize,
    pub rate: usize,
    pub value: usize,
    pub gate: usize,
}

impl Rwkv7Config {
    /// Reads and checks the metadata.
    pub(crate) fn read(meta: &Metadata) -> Result<Self, ModelError> {
        let keys = Keys {
            meta,
            arch: families::RWKV7,
        };
        let dim = keys.required_size("embedding_length", MAX_DIM)?;
        let head_dim = keys.required_size("wkv.head_size", MAX_HEAD_DIM)?;
        if !dim.is_multiple_of(head_dim) {
            let reason = format!("the width of {dim} is not whole heads");
            return Err(keys.bad("wkv.head_size", head_dim, reason));
        }
        let rank = |name: &str| keys.required_size(&format!("attention.{name}_lora_rank"), MAX_DIM);
        Ok(Self {
            dim,
            n_layers: keys.required_size("block_count", MAX_LAYERS)?,
            n_heads: dim / head_dim,
            head_dim,
            ffn_dim: keys.required_size("feed_forward_length", MAX_FFN_DIM)?,
            train_context: keys.required_size("context_length", MAX_CONTEXT)?,
            norm_eps: keys.required_float("attention.layer_norm_epsilon", 0.0..=1.0)?,
            ranks: Ranks {
                decay: rank("decay")?,
                rate: rank("iclr")?,
                value: rank("value_residual_mix")?,
                gate: rank("gate")?,
            },
        })
    }

    /// Floats of one sequence's memory.
    pub(crate) fn state_len(&self) -> u64 {
        (self.n_layers * (2 * self.dim + self.dim * self.head_dim)) as u64
    }

    /// Floats that one position of a chunk takes in the buffers.
    pub(crate) fn buffer_width(&self) -> u64 {
        let low = self.low_dim();
        (20 * self.dim + low + self.ffn_dim) as u64
    }

    /// The widest low-rank detour.
    fn low_dim(&self) -> usize {
        let Ranks {
            decay,
            rate,
            value,
            gate,
        } = self.ranks;
        decay.max(rate).max(value).max(gate)
    }
}

/// All weights.
pub(crate) struct Rwkv7Weights {
    /// `[vocab_size, dim]`
    pub embedding: Matrix,
    embedding_norm: Norm,
    layers: Vec<Layer>,
    output_norm: Norm,
    /// `[vocab_size, dim]`
    output: Linear,
}

/// `bias + outer · act(inner · x)`: a low-rank detour.
struct LowRank {
    /// `[rank, dim]`
    inner: Linear,
    /// `[dim, rank]`, with the bias.
    outer: Linear,
}

struct Layer {
    attn_norm: Norm,
    ffn_norm: Norm,
    /// `[6, dim]`
    mixes: Vec<f32>,
    receptance: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    decay: LowRank,
    rate: LowRank,
    /// How much of the first layer's value is taken; the first layer has none.
    value_mix: Option<LowRank>,
    gate: LowRank,
    /// `[dim]` each.
    removal_key: Vec<f32>,
    key_rate: Vec<f32>,
    bonus: Vec<f32>,
    head_norm: Norm,
    /// `[dim]`
    ffn_mix: Vec<f32>,
    ffn_key: Linear,
    ffn_value: Linear,
}

impl Rwkv7Weights {
    /// Finds and checks every tensor of the model.
    pub(crate) fn find(tensors: Tensors, cfg: &Rwkv7Config) -> Result<Self, ModelError> {
        let vocab_size = vocab_size(&tensors, cfg.dim)?;
        let layers = (0..cfg.n_layers)
            .map(|layer| Layer::find(&tensors, cfg, layer))
            .collect::<Result<_, _>>()?;
        let weights = Self {
            embedding: tensors.matrix("token_embd.weight", vocab_size, cfg.dim)?,
            embedding_norm: tensors.norm("token_embd_norm", cfg.dim)?,
            layers,
            output_norm: tensors.norm("output_norm", cfg.dim)?,
            output: tensors.linear("output", vocab_size, cfg.dim)?,
        };
        tensors.finish(families::RWKV7)?;
        Ok(weights)
    }
}

impl Layer {
    fn find(tensors: &Tensors, cfg: &Rwkv7Config, layer: usize) -> Result<Self, ModelError> {
        let dim = cfg.dim;
        let name = |part: &str| format!("blk.{layer}.{part}");
        let vector = |part: &str, len| tensors.vector(&name(&format!("{part}.weight")), len);
        let square = |part: &str| tensors.linear(&name(part), dim, dim);
        let low_rank = |part: &str, rank| LowRank::find(tensors, &name(part), (dim, rank));
        if layer == 0 {
            // llama.cpp's files repeat other tensors here, which nothing reads
            for part in ["v0", "v1", "v2"] {
                tensors.ignore(&name(&format!("time_mix_{part}.weight")));
            }
        }
        let value_mix = match layer {
            0 => None,
            _ => Some(low_rank("time_mix_v", cfg.ranks.value)?),
        };
        Ok(Self {
            attn_norm: tensors.norm(&name("attn_norm"), dim)?,
            ffn_norm: tensors.norm(&name("attn_norm_2"), dim)?,
            mixes: vector("time_mix_lerp_fused", N_MIXES * dim)?,
            receptance: square("time_mix_receptance")?,
            key: square("time_mix_key")?,
            value: square("time_mix_value")?,
            output: square("time_mix_output")?,
            decay: low_rank("time_mix_w", cfg.ranks.decay)?,
            rate: low_rank("time_mix_a", cfg.ranks.rate)?,
            value_mix,
            gate: low_rank("time_mix_g", cfg.ranks.gate)?,
            removal_key: vector("time_mix_k_k", dim)?,
            key_rate: vector("time_mix_k_a", dim)?,
            bonus: vector("time_mix_r_k", dim)?,
            head_norm: tensors.norm(&name("time_mix_ln"), dim)?,
            ffn_mix: vector("channel_mix_lerp_k", dim)?,
            ffn_key: tensors.linear(&name("channel_mix_key"), cfg.ffn_dim, dim)?,
            ffn_value: tensors.linear(&name("channel_mix_value"), dim, cfg.ffn_dim)?,
        })
    }
}

impl LowRank {
    fn find(
        tensors: &Tensors,
        name: &str,
        (dim, rank): (usize, usize),
    ) -> Result<Self, ModelError> {
        let tensor = |digit: u8| format!("{name}{digit}.weight");
        Ok(Self {
            inner: Linear {
                weight: tensors.matrix(&tensor(1), rank, dim)?,
                bias: None,
            },
            outer: Linear {
                weight: tensors.matrix(&tensor(2), dim, rank)?,
                bias: tensors.optional_vector(&tensor(0), dim)?,
            },
        })
    }
}

/// A model's weights and sizes, shared by all its sequences.
pub(crate) struct Rwkv7 {
    pub cfg: Rwkv7Config,
    pub weights: Rwkv7Weights,
    pub bytes: Arc<dyn ModelBytes>,
    pub compute: Arc<Compute>,
}

/// One sequence.
pub(crate) struct Rwkv7Timeline {
    model: Arc<Rwkv7>,
    /// `[n_layers]`
    memory: Vec<LayerMemory>,
    buffers: Buffers,
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

/// Activations of one chunk; `[chunk, dim]` where nothing else is said.
struct Buffers {
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

/// One chunk on its way through the layers.
struct Pass<'a> {
    cfg: &'a Rwkv7Config,
    compute: &'a Compute,
    parts: Parts<'a>,
    /// Positions in the chunk.
    m: usize,
}

impl Rwkv7 {
    /// Starts an empty sequence.
    pub(crate) fn timeline(self: &Arc<Self>, limits: Limits) -> Result<Rwkv7Timeline, OutOfMemory> {
        let memory = (0..self.cfg.n_layers).map(|_| LayerMemory::new(&self.cfg));
        Ok(Rwkv7Timeline {
            model: Arc::clone(self),
            memory: memory.collect::<Result<_, _>>()?,
            buffers: Buffers::new(&self.cfg, limits.chunk)?,
            n_past: 0,
        })
    }
}

impl Timeline for Rwkv7Timeline {
    fn forward(&mut self, ids: &[TokenId]) {
        let model = Arc::clone(&self.model);
        let pass = Pass {
            cfg: &model.cfg,
            compute: &model.compute,
            parts: Parts::of(&*model.bytes),
            m: ids.len(),
        };
        let buffers = &mut self.buffers;
        pass.embed(&model.weights, ids, buffers);
        for (layer, memory) in model.weights.layers.iter().zip(&mut self.memory) {
            pass.time_mix(layer, memory, buffers);
            pass.channel_mix(layer, memory, buffers);
        }
        self.n_past += ids.len();
    }

    fn logits(&mut self, rows: Range<usize>, out: &mut [f32]) {
        let Rwkv7 {
            cfg,
            weights,
            bytes,
            compute,
        } = &*self.model;
        let range = rows.start * cfg.dim..rows.end * cfg.dim;
        let normed = &mut self.buffers.normed[range.clone()];
        let norm = NormArgs::new(NormKind::Layer, cfg.norm_eps, &weights.output_norm);
        compute.norm(norm, &self.buffers.x[range], normed);
        compute.multiply(
            &Parts::of(&**bytes),
            vec![Product::new(&weights.output, normed, out)],
        );
    }

    /// A state cannot be taken back: anything short of all is nothing.
    fn rewind(&mut self, keep: usize) -> usize {
        if keep < self.n_past {
            for memory in &mut self.memory {
                memory.last_attn.fill(0.0);
                memory.last_ffn.fill(0.0);
                memory.state.fill(0.0);
            }
            self.n_past = 0;
        }
        self.n_past
    }
}

impl Pass<'_> {
    /// Elements of the chunk in a buffer of width `dim`.
    fn n(&self) -> usize {
        self.m * self.cfg.dim
    }

    fn embed(&self, weights: &Rwkv7Weights, ids: &[TokenId], buffers: &mut Buffers) {
        let dim = self.cfg.dim;
        let rows = buffers.normed.chunks_exact_mut(dim);
        for (&id, row) in ids.iter().zip(rows) {
            self.compute
                .row(&self.parts, &weights.embedding, id as usize, row);
        }
        let norm = NormArgs::new(NormKind::Layer, self.cfg.norm_eps, &weights.embedding_norm);
        let n = self.n();
        self.compute
            .norm(norm, &buffers.normed[..n], &mut buffers.x[..n]);
    }

    /// `x += output · (heads' reading · gate)`
    fn time_mix(&self, layer: &Layer, memory: &mut LayerMemory, buffers: &mut Buffers) {
        self.norm(&layer.attn_norm, buffers);
        for (mixed, lerp) in buffers
            .mixed
            .iter_mut()
            .zip(layer.mixes.chunks_exact(self.cfg.dim))
        {
            self.shift(&buffers.normed, &memory.last_attn, lerp, mixed);
        }
        self.remember(&buffers.normed, &mut memory.last_attn);
        self.project(layer, buffers);
        self.low_ranks(layer, buffers);
        self.mix_values(layer, buffers);
        self.split_keys(layer, buffers);
        self.update_state(&mut memory.state, buffers);
        self.finish_heads(layer, buffers);
        self.multiply(&layer.output, &buffers.read, &mut buffers.branch);
        self.add_branch(buffers);
    }

    /// `x += value · relu(key · mixed)²`
    fn channel_mix(&self, layer: &Layer, memory: &mut LayerMemory, buffers: &mut Buffers) {
        self.norm(&layer.ffn_norm, buffers);
        self.shift(
            &buffers.normed,
            &memory.last_ffn,
            &layer.ffn_mix,
            &mut buffers.mixed[0],
        );
        self.remember(&buffers.normed, &mut memory.last_ffn);
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

    /// `mixed = x + (x of the position before - x) · lerp`
    fn shift(&self, x: &[f32], last: &[f32], lerp: &[f32], mixed: &mut [f32]) {
        let dim = self.cfg.dim;
        for row in 0..self.m {
            let now = &x[row * dim..(row + 1) * dim];
            let before = match row {
                0 => last,
                _ => &x[(row - 1) * dim..row * dim],
            };
            let mixed = &mut mixed[row * dim..(row + 1) * dim];
            for (i, mixed) in mixed.iter_mut().enumerate() {
                *mixed = now[i] + (before[i] - now[i]) * lerp[i];
            }
        }
    }

    fn remember(&self, x: &[f32], last: &mut [f32]) {
        last.copy_from_slice(&x[self.n() - self.cfg.dim..self.n()]);
    }

    fn project(&self, layer: &Layer, buffers: &mut Buffers) {
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
    fn low_ranks(&self, layer: &Layer, buffers: &mut Buffers) {
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
    fn mix_values(&self, layer: &Layer, buffers: &mut Buffers) {
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
    fn split_keys(&self, layer: &Layer, buffers: &mut Buffers) {
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

    /// Moves each head's state through the chunk's positions and reads it after each.
    fn update_state(&self, state: &mut [f32], buffers: &mut Buffers) {
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
        let mut columns = ColumnsMut::new(&mut read[..self.m * dim], self.m);
        let mut heads = Vec::with_capacity(self.cfg.n_heads);
        for state in state.chunks_exact_mut(head_dim * head_dim) {
            let (own, rest) = columns.split_at_col(head_dim);
            heads.push((heads.len() * head_dim, state, own));
            columns = rest;
        }
        self.compute.for_each(heads, |(col, state, mut out)| {
            for row in 0..self.m {
                let head = row * dim + col..row * dim + col + head_dim;
                let args = Wkv7Args {
                    r: &receptance[head.clone()],
                    w: &decay[head.clone()],
                    k: &key[head.clone()],
                    v: &value[head.clone()],
                    a: &lookup[head.clone()],
                    b: &write[head],
                };
                self.compute
                    .kernels
                    .wkv7_step(args, state, out.row_mut(row));
            }
        });
    }

    /// `read = (norm(read) + value · (receptance · key · bonus)) · gate`, head by head.
    fn finish_heads(&self, layer: &Layer, buffers: &mut Buffers) {
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
