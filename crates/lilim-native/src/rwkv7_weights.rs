//! Sizes and weights of an RWKV-7 model, found and checked.
//!
//! *Source*: key and tensor names are llama.cpp's.

use lilim_formats::gguf::Metadata;

use crate::config::{Keys, MAX_CONTEXT, MAX_DIM, MAX_FFN_DIM, MAX_HEAD_DIM, MAX_LAYERS};
use crate::error::ModelError;
use crate::families;
use crate::tensors::{Linear, Matrix, Norm, Tensors};
use crate::weights::vocab_size;

/// The six token-shift mixes, in the order in which `time_mix_lerp_fused` stacks them: receptance,
/// decay, key, value, rate, gate.
pub(crate) const N_MIXES: usize = 6;

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
        let Ranks {
            decay,
            rate,
            value,
            gate,
        } = self.ranks;
        (13 * self.dim + decay + rate + value + gate + self.ffn_dim) as u64
    }
}

/// All weights.
pub(crate) struct Rwkv7Weights {
    /// `[vocab_size, dim]`
    pub embedding: Matrix,
    pub embedding_norm: Norm,
    pub layers: Vec<Rwkv7Layer>,
    pub output_norm: Norm,
    /// `[vocab_size, dim]`
    pub output: Linear,
}

/// `bias + outer · act(inner · x)`: a low-rank detour.
pub(crate) struct LowRank {
    /// `[rank, dim]`
    pub inner: Linear,
    /// `[dim, rank]`, with the bias.
    pub outer: Linear,
}

pub(crate) struct Rwkv7Layer {
    pub attn_norm: Norm,
    pub ffn_norm: Norm,
    /// `[6, dim]`
    pub mixes: Vec<f32>,
    pub receptance: Linear,
    pub key: Linear,
    pub value: Linear,
    pub output: Linear,
    pub decay: LowRank,
    pub rate: LowRank,
    /// How much of the first layer's value is taken; the first layer has none.
    pub value_mix: Option<LowRank>,
    pub gate: LowRank,
    /// `[dim]` each.
    pub removal_key: Vec<f32>,
    pub key_rate: Vec<f32>,
    pub bonus: Vec<f32>,
    pub head_norm: Norm,
    /// `[dim]`
    pub ffn_mix: Vec<f32>,
    pub ffn_key: Linear,
    pub ffn_value: Linear,
}

impl Rwkv7Weights {
    /// Finds and checks every tensor of the model.
    pub(crate) fn find(tensors: Tensors, cfg: &Rwkv7Config) -> Result<Self, ModelError> {
        let vocab_size = vocab_size(&tensors, cfg.dim)?;
        let layers = (0..cfg.n_layers)
            .map(|layer| Rwkv7Layer::find(&tensors, cfg, layer))
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

    /// Every matrix that products read, in the order in which they do.
    pub(crate) fn matrices_mut(&mut self) -> Vec<&mut Matrix> {
        let layers = self.layers.iter_mut().flat_map(|layer| {
            let first = [&mut layer.receptance, &mut layer.key, &mut layer.value];
            let low_rank = [&mut layer.decay, &mut layer.rate, &mut layer.gate];
            let last = [&mut layer.output, &mut layer.ffn_key, &mut layer.ffn_value];
            let low_rank = low_rank.into_iter().chain(&mut layer.value_mix);
            let low_rank = low_rank.flat_map(|LowRank { inner, outer }| [inner, outer]);
            first.into_iter().chain(low_rank).chain(last)
        });
        let all = layers.chain([&mut self.output]);
        all.map(|linear| &mut linear.weight).collect()
    }
}

impl Rwkv7Layer {
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
