//! A model file opened and checked: what it is, what it will take, and the network in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lilim_api::{EngineError, LoadOptions, MemoryEstimate, ModelInfo};
use lilim_formats::gguf::{Gguf, Metadata};
use lilim_kernels::{ActBlock, Kernels, PanelBlock};

use crate::attention;
use crate::batch::Batcher;
use crate::bytes::ModelBytes;
use crate::compute::Compute;
use crate::config::{Config, MAX_CONTEXT, arch_of};
use crate::decoder::{self, Decoder, Ropes};
use crate::error::ModelError;
use crate::estimate::OutOfMemory;
use crate::families;
use crate::kv_cache::KvShape;
use crate::resident::ModelMemory;
use crate::rwkv7::Rwkv7;
use crate::rwkv7_weights::{N_MIXES, Rwkv7Config, Rwkv7Weights};
use crate::session::Sequence;
use crate::tensors::Tensors;
use crate::timeline::{Limits, Timeline};
use crate::weights::Weights;

/// What a model takes beside all that is counted: stacks of its threads, lists of parts, what the
/// allocator keeps of buffers that grew. Measured with small models: up to 0.9 MB.
const BESIDE_BYTES: u64 = 2 << 20;

/// The key of the chat template.
pub(crate) const CHAT_TEMPLATE_KEY: &str = "tokenizer.chat_template";

/// A model that can be run, before memory is spent on it.
pub(crate) struct OpenModel {
    pub bytes: Arc<dyn ModelBytes>,
    pub gguf: Arc<Gguf>,
    pub info: ModelInfo,
    weights: NetworkWeights,
}

enum NetworkWeights {
    Decoder(Config, Weights),
    Rwkv7(Rwkv7Config, Rwkv7Weights),
}

/// A network ready to compute for all its sequences.
pub(crate) enum LoadedNetwork {
    Decoder(Arc<Batcher<Decoder>>),
    Rwkv7(Arc<Batcher<Rwkv7>>),
}

impl OpenModel {
    /// Reads the headers of a model's files and checks every tensor's place and shape.
    pub(crate) fn open(bytes: Arc<dyn ModelBytes>) -> Result<Self, EngineError> {
        let path = bytes.path().to_owned();
        Self::read(bytes).map_err(|error| error.at(&path))
    }

    fn read(bytes: Arc<dyn ModelBytes>) -> Result<Self, ModelError> {
        let gguf = parse(&*bytes)?;
        let meta = gguf.metadata();
        let arch = arch_of(meta)?;
        if gguf.tensors().is_empty() {
            return Err(ModelError::NoWeights);
        }
        let tensors = Tensors::new(&gguf, bytes.parts());
        let (weights, vocab_size, train_context) = if arch == families::RWKV7 {
            let cfg = Rwkv7Config::read(meta)?;
            let weights = Rwkv7Weights::find(tensors, &cfg)?;
            let sizes = (weights.embedding.n_rows, cfg.train_context);
            (NetworkWeights::Rwkv7(cfg, weights), sizes.0, sizes.1)
        } else {
            let cfg = Config::read(meta)?;
            let weights = Weights::find(tensors, &cfg)?;
            let sizes = (weights.embedding.n_rows, cfg.train_context);
            (NetworkWeights::Decoder(cfg, weights), sizes.0, sizes.1)
        };
        let info = ModelInfo {
            name: meta
                .str("general.name")?
                .map_or_else(|| bytes.name().to_owned(), str::to_owned),
            arch,
            quantization: quantization(&gguf)?,
            n_params: gguf.tensors().iter().map(|info| info.n_elements()).sum(),
            n_weight_bytes: gguf.tensors().iter().map(|info| info.n_bytes).sum(),
            vocab_size,
            train_context,
            has_chat_template: meta.get(CHAT_TEMPLATE_KEY).is_some(),
        };
        Ok(Self {
            bytes,
            gguf: Arc::new(gguf),
            info,
            weights,
        })
    }

    /// Settles context and chunk.
    pub(crate) fn limits(&self, options: &LoadOptions) -> Result<Limits, EngineError> {
        let invalid =
            |option: &'static str, value: usize, reason: String| EngineError::InvalidOption {
                option: option.into(),
                value: value.to_string(),
                reason,
            };
        let trained = self.info.train_context;
        let context = options
            .context
            .unwrap_or_else(|| trained.min(LoadOptions::DEFAULT_CONTEXT));
        if context == 0 || context > MAX_CONTEXT {
            let reason = format!("it must be 1 to {MAX_CONTEXT}");
            return Err(invalid("context", context, reason));
        }
        if context > trained && self.has_learned_positions() {
            let reason = format!("the model has learned {trained} positions and no more");
            return Err(invalid("context", context, reason));
        }
        if context > trained {
            tracing::warn!(context, trained, "context beyond the one trained for");
        }
        if options.chunk == 0 {
            return Err(invalid("chunk", 0, "it must be at least 1".to_owned()));
        }
        Ok(Limits {
            context,
            chunk: options.chunk.min(context),
            kv_type: options.kv_type,
        })
    }

    /// Whether its past is a state that cannot be taken back.
    pub(crate) fn is_recurrent(&self) -> bool {
        matches!(&self.weights, NetworkWeights::Rwkv7(..))
    }

    fn has_learned_positions(&self) -> bool {
        matches!(&self.weights, NetworkWeights::Decoder(cfg, _) if cfg.rotary.is_none())
    }

    /// Adds up what one sequence over this model takes.
    pub(crate) fn estimate(
        &self,
        limits: Limits,
        kernels: &Kernels,
        n_threads: usize,
    ) -> MemoryEstimate {
        let n_rows = limits.pass_rows();
        let (kv_bytes, row_width, scratch, states) = match &self.weights {
            NetworkWeights::Decoder(cfg, _) => {
                let shape = KvShape::new(cfg, limits.kv_type);
                let kv_bytes =
                    (cfg.n_layers as u64).saturating_mul(shape.layer_bytes(limits.context));
                let scratch = attention::max_scratch(shape, cfg.n_heads, n_rows);
                let states =
                    attention::max_states(shape, cfg.n_heads, limits.context, n_threads) as u64;
                (kv_bytes, decoder::buffer_width(cfg), scratch, states)
            }
            NetworkWeights::Rwkv7(cfg, _) => {
                let scratch = Kernels::wkv7_scratch(cfg.head_dim);
                (4 * cfg.state_len(), cfg.buffer_width(), scratch, 0)
            }
        };
        // each thread keeps one scratch, as long as the longest work needed: at the reference
        // level it holds a decoded row
        let (_, dim, widest) = self.stage_inputs();
        let scratch = scratch.max(dim).max(widest) as u64;
        let n_floats = (n_rows as u64)
            .saturating_mul(row_width)
            .saturating_add(scratch.saturating_mul(n_threads as u64))
            .saturating_add(states)
            .saturating_add(2 * self.info.vocab_size as u64);
        MemoryEstimate {
            weight_bytes: self.info.n_weight_bytes,
            kv_bytes,
            buffer_bytes: n_floats
                .saturating_mul(4)
                .saturating_add(self.product_bytes(kernels, n_rows, n_threads))
                .saturating_add(self.vocabulary_bytes())
                .saturating_add(BESIDE_BYTES),
        }
    }

    /// Products of one stage: the number of inputs (or one that is rounded in both grains) and
    /// their columns; and the columns of the widest input of all.
    fn stage_inputs(&self) -> (usize, usize, usize) {
        match &self.weights {
            NetworkWeights::Decoder(cfg, _) => (2, cfg.dim, cfg.ffn_dim.max(cfg.q_dim())),
            NetworkWeights::Rwkv7(cfg, _) => (N_MIXES, cfg.dim, cfg.ffn_dim),
        }
    }

    /// What products take beside their inputs and outputs: the inputs of one stage, rounded, and
    /// each thread's panel. Nothing of it is used at the reference level, or where no weight is
    /// quantized.
    fn product_bytes(&self, kernels: &Kernels, n_rows: usize, n_threads: usize) -> u64 {
        let (n_inputs, dim, widest) = self.stage_inputs();
        let blocks = |n_cols| Kernels::rounded_len(n_cols, n_rows);
        let rounded = (n_inputs * blocks(dim)).max(blocks(widest)) * size_of::<ActBlock>();
        let panel = kernels.max_panel_len(dim.max(widest), n_rows) * size_of::<PanelBlock>();
        (rounded + panel * n_threads) as u64
    }

    /// What the tokenizer takes, about: as measured with vocabularies of 32,000 to 152,000 tokens.
    fn vocabulary_bytes(&self) -> u64 {
        const TOKEN_BYTES: u64 = 160;
        const MERGE_BYTES: u64 = 96;
        let n_strings = |key| match self.gguf.metadata().strings(key) {
            Ok(Some(strings)) => strings.len() as u64,
            _ => 0,
        };
        let n_merges = n_strings("tokenizer.ggml.merges");
        self.info.vocab_size as u64 * TOKEN_BYTES + n_merges * MERGE_BYTES
    }

    /// Lays out the weights and joins them with the threads that will compute; `report` hears the
    /// bytes done and the bytes in all.
    pub(crate) fn into_network(
        self,
        compute: Arc<Compute>,
        limits: Limits,
        report: &mut dyn FnMut(u64, u64),
    ) -> Result<LoadedNetwork, OutOfMemory> {
        let load = |matrices| ModelMemory::load(self.bytes, matrices, &compute, report);
        Ok(match self.weights {
            NetworkWeights::Decoder(cfg, mut weights) => {
                let memory = load(weights.matrices_mut())?;
                let ropes = Ropes::of(&cfg, &weights, limits.context);
                let decoder = Decoder {
                    cfg,
                    weights,
                    memory,
                    compute,
                    ropes,
                };
                LoadedNetwork::Decoder(Arc::new(Batcher::new(decoder, limits)?))
            }
            NetworkWeights::Rwkv7(cfg, mut weights) => {
                let memory = load(weights.matrices_mut())?;
                let rwkv7 = Rwkv7 {
                    cfg,
                    weights,
                    memory,
                    compute,
                };
                LoadedNetwork::Rwkv7(Arc::new(Batcher::new(rwkv7, limits)?))
            }
        })
    }
}

impl LoadedNetwork {
    /// Starts an empty sequence.
    pub(crate) fn sequence(&self, limits: Limits) -> Result<Sequence, EngineError> {
        let (timeline, vocab_size): (Box<dyn Timeline>, usize) = match self {
            Self::Decoder(batcher) => (Box::new(batcher.member()?), batcher.vocab_size()),
            Self::Rwkv7(batcher) => (Box::new(batcher.member()?), batcher.vocab_size()),
        };
        Sequence::new(timeline, limits, vocab_size)
    }
}

fn parse(bytes: &dyn ModelBytes) -> Result<Gguf, ModelError> {
    let name = bytes.path().display().to_string();
    let parts = bytes.parts();
    if parts.is_empty() {
        // no bytes: let the parser say so
        Gguf::parse(&name, &[])?;
    }
    let parts = parts
        .iter()
        .map(|part| Gguf::parse(&name, part))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Gguf::join(parts)?)
}

/// The file's own name for its mixture of types, or the type that most of its bytes have.
fn quantization(gguf: &Gguf) -> Result<String, ModelError> {
    if let Some(name) = file_type(gguf.metadata())? {
        return Ok(name.to_owned());
    }
    let mut bytes_by_type = BTreeMap::new();
    for info in gguf.tensors() {
        *bytes_by_type.entry(info.ty.name()).or_insert(0u64) += info.n_bytes;
    }
    let commonest = bytes_by_type.into_iter().max_by_key(|&(_, n)| n);
    Ok(commonest.map_or("none", |(name, _)| name).to_owned())
}

/// The names behind `general.file_type`.
fn file_type(meta: &Metadata) -> Result<Option<&'static str>, ModelError> {
    let names = [
        (0, "F32"),
        (1, "F16"),
        (2, "Q4_0"),
        (3, "Q4_1"),
        (7, "Q8_0"),
        (8, "Q5_0"),
        (9, "Q5_1"),
        (10, "Q2_K"),
        (11, "Q3_K_S"),
        (12, "Q3_K_M"),
        (13, "Q3_K_L"),
        (14, "Q4_K_S"),
        (15, "Q4_K_M"),
        (16, "Q5_K_S"),
        (17, "Q5_K_M"),
        (18, "Q6_K"),
        (25, "IQ4_NL"),
        (30, "IQ4_XS"),
        (32, "BF16"),
        (38, "MXFP4"),
    ];
    let id = meta.u32("general.file_type")?;
    Ok(names
        .iter()
        .find(|&&(known, _)| Some(known) == id)
        .map(|&(_, name)| name))
}
