//! One row per model family: everything in which families differ, as data for `config.rs`.
//!
//! A new family of decoder is a new row here. What a row cannot say yet becomes a new field, read by
//! one step of the decoder; no step asks for a family's name.

use lilim_kernels::{Activation, RopeStyle};

/// How a vector is brought to unit size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NormKind {
    /// Divided by its root mean square.
    Rms,
    /// Zero mean, unit variance.
    Layer,
}

/// The feed-forward block's matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FeedForward {
    /// `down(act(up(x)))`.
    Plain,
    /// `down(act(gate(x)) · up(x))`, gate and up apart.
    Gated,
    /// The same, the rows of gate above those of up in one matrix named up.
    GatedFused,
}

/// Where the feed-forward block takes its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Residual {
    /// After attention's output was added, by a norm of its own.
    Sequential,
    /// From the same normed input as attention.
    Parallel,
    /// As the key `use_parallel_residual` says.
    ByKey,
}

/// Whether queries and keys are normed head by head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QkNorm {
    /// Never.
    None,
    /// When the file has the tensors.
    IfPresent,
    /// Always.
    Required,
}

/// Which layers see only a window, when there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Windowed {
    /// All of them.
    All,
    /// All but each n-th, counted from one.
    AllButEach(usize),
}

/// One family's wiring.
#[derive(Debug)]
pub(crate) struct Family {
    /// The name in `general.architecture`.
    pub name: &'static str,
    /// The norm used throughout.
    pub norm: NormKind,
    /// How heads rotate; `None`: positions are learned and added to the embeddings.
    pub rotary: Option<RopeStyle>,
    /// The feed-forward block.
    pub feed_forward: FeedForward,
    /// Its activation.
    pub activation: Activation,
    /// Where the feed-forward block reads.
    pub residual: Residual,
    /// Whether each block's output is normed before it is added.
    pub sandwich: bool,
    /// Norms of queries and keys.
    pub qk_norm: QkNorm,
    /// Whether embeddings are multiplied by `sqrt(dim)`.
    pub scaled_embedding: bool,
    /// Attention's soft cap when no key gives one.
    pub attention_softcap: Option<f32>,
    /// The logits' soft cap when no key gives one.
    pub logit_softcap: Option<f32>,
    /// Which layers have a window.
    pub windowed: Windowed,
    /// The window when no key gives one.
    pub default_window: Option<usize>,
    /// The rotation base of windowed layers when it is not that of the others.
    pub window_rope_base: Option<f32>,
    /// Number of layers of the one member whose scores are scaled by `dim / n_heads` instead of
    /// `head_dim`; the file has no key for it.
    pub wide_scale_n_layers: Option<usize>,
}

const LLAMA: Family = Family {
    name: "llama",
    norm: NormKind::Rms,
    rotary: Some(RopeStyle::Interleaved),
    feed_forward: FeedForward::Gated,
    activation: Activation::Silu,
    residual: Residual::Sequential,
    sandwich: false,
    qk_norm: QkNorm::None,
    scaled_embedding: false,
    attention_softcap: None,
    logit_softcap: None,
    windowed: Windowed::All,
    default_window: None,
    window_rope_base: None,
    wide_scale_n_layers: None,
};

const QWEN2: Family = Family {
    name: "qwen2",
    rotary: Some(RopeStyle::Halves),
    ..LLAMA
};

const GEMMA: Family = Family {
    name: "gemma",
    activation: Activation::GeluTanh,
    scaled_embedding: true,
    ..QWEN2
};

const GPT2: Family = Family {
    name: "gpt2",
    norm: NormKind::Layer,
    rotary: None,
    feed_forward: FeedForward::Plain,
    activation: Activation::GeluTanh,
    ..LLAMA
};

/// Every decoder family. `gptneo` is our own: llama.cpp has none; its keys are in fixtures/README.md.
pub(crate) static FAMILIES: [Family; 11] = [
    LLAMA,
    QWEN2,
    Family {
        name: "qwen3",
        qk_norm: QkNorm::Required,
        ..QWEN2
    },
    GEMMA,
    Family {
        name: "gemma2",
        sandwich: true,
        attention_softcap: Some(50.0),
        logit_softcap: Some(30.0),
        windowed: Windowed::AllButEach(2),
        default_window: Some(4096),
        wide_scale_n_layers: Some(46),
        ..GEMMA
    },
    Family {
        name: "gemma3",
        sandwich: true,
        qk_norm: QkNorm::Required,
        windowed: Windowed::AllButEach(6),
        window_rope_base: Some(10_000.0),
        wide_scale_n_layers: Some(62),
        ..GEMMA
    },
    Family {
        name: "phi2",
        residual: Residual::Parallel,
        rotary: Some(RopeStyle::Halves),
        ..GPT2
    },
    Family {
        name: "phi3",
        feed_forward: FeedForward::GatedFused,
        ..QWEN2
    },
    Family {
        name: "stablelm",
        norm: NormKind::Layer,
        residual: Residual::ByKey,
        qk_norm: QkNorm::IfPresent,
        ..QWEN2
    },
    GPT2,
    Family {
        name: "gptneo",
        ..GPT2
    },
];

/// The recurrent family, which has a file of its own.
pub(crate) const RWKV7: &str = "rwkv7";

/// The decoder family of this name.
pub(crate) fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// All names, for messages.
pub(crate) fn known_names() -> String {
    let mut names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
    names.push(RWKV7);
    names.join(", ")
}
