//! Where a model's guesses come from: settled when it is loaded, made anew for each session.

use std::path::Path;
use std::sync::Arc;

use lilim_api::{EngineError, LoadOptions, MemoryEstimate, SpeculationOptions};
use lilim_decode::Speculation;
use lilim_decode::speculation::DraftModel;
use lilim_kernels::Kernels;
use lilim_text::Tokenizer;

use crate::compute::Compute;
use crate::loaded::{check_text, read_tokenizer};
use crate::model::{LoadedNetwork, OpenModel};
use crate::session::MAX_VERIFY;
use crate::timeline::Limits;

/// What a loaded model's sessions guess with.
pub(crate) enum Guesser {
    /// Nothing: every token is a pass of its own.
    None,
    /// The text so far.
    Lookup,
    /// Another model.
    Draft {
        network: LoadedNetwork,
        limits: Limits,
    },
}

/// The same before memory is spent.
pub(crate) enum OpenGuesser {
    None,
    Lookup,
    Draft {
        open: Box<OpenModel>,
        limits: Limits,
    },
}

impl OpenGuesser {
    /// Opens what the options name, for a model with these limits; `open` opens a file.
    pub(crate) fn new(
        options: &LoadOptions,
        model: &OpenModel,
        limits: Limits,
        open: impl Fn(&Path) -> Result<OpenModel, EngineError>,
    ) -> Result<Self, EngineError> {
        match &options.speculation {
            SpeculationOptions::Off => Ok(Self::None),
            SpeculationOptions::Lookup if model.is_recurrent() => {
                let arch = &model.info.arch;
                tracing::info!(%arch, "no speculation: a recurrent state cannot be taken back");
                Ok(Self::None)
            }
            SpeculationOptions::Lookup => Ok(Self::Lookup),
            SpeculationOptions::Draft(path) => {
                let arch = &model.info.arch;
                if model.is_recurrent() {
                    let reason = format!("a state of {arch} cannot be taken back after a guess");
                    return Err(refused(path, reason));
                }
                let draft = Box::new(open(path)?);
                if draft.is_recurrent() {
                    let arch = &draft.info.arch;
                    let reason = format!("a state of {arch} cannot be taken back after a guess");
                    return Err(refused(path, reason));
                }
                check_vocabularies(model, &draft, path)?;
                let context = Some(limits.context.min(draft.info.train_context));
                let limits = draft.limits(&LoadOptions {
                    context,
                    ..options.clone()
                })?;
                Ok(Self::Draft {
                    open: draft,
                    limits,
                })
            }
        }
    }

    /// What guessing adds to the memory of a model with so many tokens.
    pub(crate) fn estimate(
        &self,
        vocab_size: usize,
        kernels: &Kernels,
        n_threads: usize,
    ) -> MemoryEstimate {
        let logits = MemoryEstimate {
            buffer_bytes: (MAX_VERIFY * vocab_size * size_of::<f32>()) as u64,
            ..MemoryEstimate::default()
        };
        match self {
            Self::None => MemoryEstimate::default(),
            Self::Lookup => logits,
            Self::Draft { open, limits } => logits.plus(open.estimate(*limits, kernels, n_threads)),
        }
    }

    /// Joins a draft model with the threads that compute the model.
    pub(crate) fn load(self, compute: Arc<Compute>) -> Result<Guesser, EngineError> {
        match self {
            Self::None => Ok(Guesser::None),
            Self::Lookup => Ok(Guesser::Lookup),
            Self::Draft { open, limits } => {
                tracing::info!(model = %open.info.name, "draft loaded");
                let network = open.into_network(compute, limits, &mut |_, _| {})?;
                Ok(Guesser::Draft { network, limits })
            }
        }
    }
}

impl Guesser {
    /// Makes what one session guesses with.
    pub(crate) fn speculation(&self) -> Result<Option<Speculation>, EngineError> {
        Ok(match self {
            Self::None => None,
            Self::Lookup => Some(Speculation::lookup()),
            Self::Draft { network, limits } => {
                let draft = DraftModel::new(network.sequence(*limits)?);
                Some(Speculation::new(Box::new(draft)))
            }
        })
    }
}

/// Guesses are token ids, so an id must mean the same text in both. Vocabularies are read for this
/// only where their files say different things of them.
fn check_vocabularies(
    model: &OpenModel,
    draft: &OpenModel,
    path: &Path,
) -> Result<(), EngineError> {
    let metas = (model.gguf.metadata(), draft.gguf.metadata());
    check_text(metas.1).map_err(|error| error.at(draft.bytes.path()))?;
    if Tokenizer::is_same_in_gguf(metas.0, metas.1) {
        return Ok(());
    }
    let read = |open: &OpenModel| {
        read_tokenizer(open.gguf.metadata()).map_err(|error| error.at(open.bytes.path()))
    };
    compare_tokens(&read(model)?, &read(draft)?).map_err(|reason| refused(path, reason))
}

/// One may have more tokens than the other.
fn compare_tokens(model: &Tokenizer, draft: &Tokenizer) -> Result<(), String> {
    let n_common = model.vocab_size().min(draft.vocab_size());
    let differs = |&id: &u32| {
        model.token_bytes(id) != draft.token_bytes(id)
            || model.is_control(id) != draft.is_control(id)
    };
    let Some(id) = (0..n_common as u32).find(differs) else {
        return Ok(());
    };
    let text = |tokenizer: &Tokenizer| {
        let bytes = tokenizer.token_bytes(id);
        String::from_utf8_lossy(bytes).escape_debug().to_string()
    };
    Err(format!(
        "its vocabulary is another: token {id} is '{}' there and '{}' in the model",
        text(draft),
        text(model)
    ))
}

fn refused(path: &Path, reason: String) -> EngineError {
    EngineError::InvalidOption {
        option: "speculation".into(),
        value: SpeculationOptions::Draft(path.to_owned()).to_string(),
        reason,
    }
}
