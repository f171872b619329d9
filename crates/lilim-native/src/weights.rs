//! The weights of a decoder, found by name and laid out as the forward pass reads them.
//!
//! Fused projections are the same rows under other names: they become three (or two) matrices over
//! one tensor, so the decoder knows no fusion.

use crate::config::Config;
use crate::error::ModelError;
use crate::families::{FeedForward, QkNorm};
use crate::tensors::{Linear, Matrix, Norm, Tensors};

/// All weights of a decoder.
pub(crate) struct Weights {
    /// `[vocab_size, dim]`
    pub embedding: Matrix,
    /// `[n_positions, dim]`, where positions are learned.
    pub positions: Option<Matrix>,
    /// `[n_layers]`
    pub layers: Vec<Layer>,
    pub output_norm: Norm,
    /// `[vocab_size, dim]`; the embedding's rows when the file ties them.
    pub output: Linear,
    pub rope_divisors: RopeDivisors,
}

/// One layer's weights.
pub(crate) struct Layer {
    pub attn_norm: Norm,
    /// `[n_heads * head_dim, dim]`
    pub q: Linear,
    /// `[n_kv_heads * head_dim, dim]`
    pub k: Linear,
    /// `[n_kv_heads * head_dim, dim]`
    pub v: Linear,
    pub q_norm: Option<Norm>,
    pub k_norm: Option<Norm>,
    /// `[dim, n_heads * head_dim]`
    pub attn_output: Linear,
    /// Applied to attention's output before it is added.
    pub attn_post_norm: Option<Norm>,
    /// `None`: the feed-forward block reads what attention read.
    pub ffn_norm: Option<Norm>,
    /// `[ffn_dim, dim]`
    pub gate: Option<Linear>,
    /// `[ffn_dim, dim]`
    pub up: Linear,
    /// `[dim, ffn_dim]`
    pub down: Linear,
    /// Applied to the feed-forward block's output before it is added.
    pub ffn_post_norm: Option<Norm>,
}

/// What the file says each rotary frequency is divided by.
#[derive(Clone, Debug, Default)]
pub(crate) struct RopeDivisors {
    /// For every context. `[n_rope_dims / 2]`
    pub always: Option<Vec<f32>>,
    /// For contexts up to the original one. `[n_rope_dims / 2]`
    pub short: Option<Vec<f32>>,
    /// For longer contexts. `[n_rope_dims / 2]`
    pub long: Option<Vec<f32>>,
}

impl Weights {
    /// Finds and checks every tensor of the model.
    pub(crate) fn find(tensors: Tensors, cfg: &Config) -> Result<Self, ModelError> {
        let vocab_size = vocab_size(&tensors, cfg.dim)?;
        let embedding = tensors.matrix("token_embd.weight", vocab_size, cfg.dim)?;
        let output = if tensors.has("output.weight") {
            tensors.linear("output", vocab_size, cfg.dim)?
        } else {
            Linear {
                weight: embedding.clone(),
                bias: tensors.optional_vector("output.bias", vocab_size)?,
            }
        };
        let positions = match cfg.rotary {
            None => Some(tensors.matrix("position_embd.weight", cfg.train_context, cfg.dim)?),
            Some(_) => None,
        };
        let layers = (0..cfg.n_layers)
            .map(|layer| Layer::find(&tensors, cfg, layer))
            .collect::<Result<_, _>>()?;
        let weights = Self {
            embedding,
            positions,
            layers,
            output_norm: tensors.norm("output_norm", cfg.dim)?,
            output,
            rope_divisors: rope_divisors(&tensors, cfg)?,
        };
        tensors.finish(&cfg.arch)?;
        Ok(weights)
    }

    /// Every matrix that products read, in the order in which they do.
    pub(crate) fn matrices_mut(&mut self) -> Vec<&mut Matrix> {
        let layers = self.layers.iter_mut().flat_map(|layer| {
            let first = [&mut layer.q, &mut layer.k, &mut layer.v];
            let last = [&mut layer.up, &mut layer.down];
            let linears = first.into_iter().chain([&mut layer.attn_output]);
            linears.chain(&mut layer.gate).chain(last)
        });
        let all = layers.chain([&mut self.output]);
        all.map(|linear| &mut linear.weight).collect()
    }
}

impl Layer {
    fn find(tensors: &Tensors, cfg: &Config, layer: usize) -> Result<Self, ModelError> {
        let name = |part: &str| format!("blk.{layer}.{part}");
        let norm = |part: &str| tensors.norm(&name(part), cfg.dim);
        // a table of precomputed angles in files of long ago
        tensors.ignore(&name("attn_rot_embd.weight"));
        let [q, k, v] = qkv(tensors, cfg, layer)?;
        let (gate, up) = gate_and_up(tensors, cfg, layer)?;
        Ok(Self {
            attn_norm: norm("attn_norm")?,
            q,
            k,
            v,
            q_norm: head_norm(tensors, cfg, &name("attn_q_norm"))?,
            k_norm: head_norm(tensors, cfg, &name("attn_k_norm"))?,
            attn_output: tensors.linear(&name("attn_output"), cfg.dim, cfg.q_dim())?,
            attn_post_norm: cfg
                .sandwich
                .then(|| norm("post_attention_norm"))
                .transpose()?,
            ffn_norm: (!cfg.parallel_residual)
                .then(|| norm("ffn_norm"))
                .transpose()?,
            gate,
            up,
            down: tensors.linear(&name("ffn_down"), cfg.dim, cfg.ffn_dim)?,
            ffn_post_norm: cfg.sandwich.then(|| norm("post_ffw_norm")).transpose()?,
        })
    }
}

/// Tokens of the vocabulary, by the embedding's own size, which must be that of the token list.
pub(crate) fn vocab_size(tensors: &Tensors, dim: usize) -> Result<usize, ModelError> {
    /// Above every real vocabulary by a factor of eight or more.
    const MAX_VOCAB: u64 = 1 << 22;
    let name = "token_embd.weight";
    let listed = tensors.n_tokens()?;
    let is_right = |n_rows: u64| listed.map_or(n_rows <= MAX_VOCAB, |listed| n_rows == listed);
    match tensors.dims(name)? {
        &[n_cols, n_rows] if n_cols == dim as u64 && is_right(n_rows) => Ok(n_rows as usize),
        got => Err(ModelError::TensorShape {
            tensor: name.to_owned(),
            expected: vec![dim as u64, listed.unwrap_or(MAX_VOCAB)],
            got: got.to_vec(),
        }),
    }
}

/// Queries, keys and values, stored apart or stacked in this order.
fn qkv(tensors: &Tensors, cfg: &Config, layer: usize) -> Result<[Linear; 3], ModelError> {
    let (q_dim, kv_dim) = (cfg.q_dim(), cfg.kv_dim());
    let fused = format!("blk.{layer}.attn_qkv");
    if tensors.has(&format!("{fused}.weight")) {
        let all = tensors.linear(&fused, q_dim + 2 * kv_dim, cfg.dim)?;
        return Ok([
            all.rows(0..q_dim),
            all.rows(q_dim..q_dim + kv_dim),
            all.rows(q_dim + kv_dim..q_dim + 2 * kv_dim),
        ]);
    }
    let apart =
        |part: &str, n_rows| tensors.linear(&format!("blk.{layer}.attn_{part}"), n_rows, cfg.dim);
    Ok([apart("q", q_dim)?, apart("k", kv_dim)?, apart("v", kv_dim)?])
}

fn gate_and_up(
    tensors: &Tensors,
    cfg: &Config,
    layer: usize,
) -> Result<(Option<Linear>, Linear), ModelError> {
    let linear =
        |part: &str, n_rows| tensors.linear(&format!("blk.{layer}.ffn_{part}"), n_rows, cfg.dim);
    let n = cfg.ffn_dim;
    Ok(match cfg.feed_forward {
        FeedForward::Plain => (None, linear("up", n)?),
        FeedForward::Gated => (Some(linear("gate", n)?), linear("up", n)?),
        FeedForward::GatedFused => {
            let both = linear("up", 2 * n)?;
            (Some(both.rows(0..n)), both.rows(n..2 * n))
        }
    })
}

/// The norm of each head: one weight for all heads, or a row for each.
fn head_norm(tensors: &Tensors, cfg: &Config, name: &str) -> Result<Option<Norm>, ModelError> {
    let weight = format!("{name}.weight");
    let wanted = match cfg.qk_norm {
        QkNorm::None => false,
        QkNorm::IfPresent => tensors.has(&weight),
        QkNorm::Required => true,
    };
    if !wanted {
        return Ok(None);
    }
    let n_rows = match tensors.dims(&weight)? {
        [_, _] if name.ends_with("attn_k_norm") => cfg.n_kv_heads,
        [_, _] => cfg.n_heads,
        _ => 1,
    };
    tensors.norm(name, n_rows * cfg.head_dim).map(Some)
}

fn rope_divisors(tensors: &Tensors, cfg: &Config) -> Result<RopeDivisors, ModelError> {
    let Some(rotary) = &cfg.rotary else {
        return Ok(RopeDivisors::default());
    };
    let n_pairs = rotary.n_dims / 2;
    let read = |name: &str| -> Result<Option<Vec<f32>>, ModelError> {
        let divisors = tensors.optional_vector(name, n_pairs)?;
        let bad = |divisors: &Vec<f32>| divisors.iter().position(|&divisor| divisor <= 0.0);
        match divisors
            .as_ref()
            .and_then(|found| Some((found, bad(found)?)))
        {
            Some((found, index)) => Err(ModelError::NotANumber {
                tensor: name.to_owned(),
                value: found[index],
                index,
            }),
            None => Ok(divisors),
        }
    };
    let divisors = RopeDivisors {
        always: read("rope_freqs.weight")?,
        short: read("rope_factors_short.weight")?,
        long: read("rope_factors_long.weight")?,
    };
    match (&divisors.short, &divisors.long) {
        (Some(_), None) => Err(ModelError::MissingTensor {
            tensor: "rope_factors_long.weight".to_owned(),
        }),
        (None, Some(_)) => Err(ModelError::MissingTensor {
            tensor: "rope_factors_short.weight".to_owned(),
        }),
        _ => Ok(divisors),
    }
}
