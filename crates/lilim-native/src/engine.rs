//! The engine's face: what can be run, what it will take, and loading it.

use std::sync::Arc;

use lilim_api::{
    Availability, Engine, EngineError, Level, LoadOptions, LoadPhase, LoadProgress, LoadedModel,
    MemoryEstimate, ModelFiles, ModelInfo,
};
use lilim_kernels::Kernels;

use crate::bytes::Opener;
use crate::compute::Compute;
use crate::error::ModelError;
use crate::estimate::admit;
use crate::guesser::OpenGuesser;
use crate::loaded::{NativeModel, check_text, read_template, read_tokenizer};
use crate::model::OpenModel;
use crate::threads::{MAX_THREADS, default_threads};
use crate::timeline::Limits;

/// Lilim's own engine: GGUF models on the CPU.
pub struct NativeEngine {
    open: Opener,
}

impl NativeEngine {
    /// Makes an engine that gets its files from `open`.
    pub fn new(open: Opener) -> Self {
        Self { open }
    }

    fn open(&self, files: &ModelFiles) -> Result<OpenModel, EngineError> {
        OpenModel::open((self.open)(files)?)
    }

    fn open_guesser(
        &self,
        options: &LoadOptions,
        model: &OpenModel,
        limits: Limits,
    ) -> Result<OpenGuesser, EngineError> {
        OpenGuesser::new(options, model, limits, |path| {
            self.open(&ModelFiles::Gguf(path.to_owned()))
        })
    }
}

impl Engine for NativeEngine {
    fn name(&self) -> &'static str {
        "native"
    }

    fn availability(&self) -> Availability {
        Availability::Ready(format!("cpu, {}", Kernels::detect().level()))
    }

    fn check(&self, model: &ModelFiles) -> Result<ModelInfo, EngineError> {
        let open = self.open(model)?;
        read_tokenizer(open.gguf.metadata()).map_err(|error| error.at(open.bytes.path()))?;
        Ok(open.info)
    }

    fn estimate(
        &self,
        model: &ModelFiles,
        options: &LoadOptions,
    ) -> Result<MemoryEstimate, EngineError> {
        let open = self.open(model)?;
        let (limits, n_threads) = (open.limits(options)?, n_threads(options)?);
        let kernels = kernels(options.level)?;
        let guesser = self.open_guesser(options, &open, limits)?;
        let guessing = guesser.estimate(open.info.vocab_size, kernels, n_threads);
        Ok(open.estimate(limits, kernels, n_threads).plus(guessing))
    }

    fn load(
        &self,
        model: &ModelFiles,
        options: &LoadOptions,
        progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Arc<dyn LoadedModel>, EngineError> {
        let mut tell = |phase, done, total| progress(LoadProgress { phase, done, total });
        tell(LoadPhase::Open, 0, 1);
        let open = self.open(model)?;
        check_text(open.gguf.metadata()).map_err(|error| error.at(open.bytes.path()))?;
        tell(LoadPhase::Open, 1, 1);
        let kernels = kernels(options.level)?;
        let n_threads = n_threads(options)?;
        let limits = open.limits(options)?;
        let guesser = self.open_guesser(options, &open, limits)?;
        let guessing = guesser.estimate(open.info.vocab_size, kernels, n_threads);
        let estimate = open.estimate(limits, kernels, n_threads).plus(guessing);
        admit(&estimate, options.memory_limit_bytes)?;
        let compute = Compute::new(kernels, n_threads).map_err(|error| EngineError::System {
            what: format!("{n_threads} threads"),
            reason: error.to_string(),
        })?;
        let compute = Arc::new(compute);
        let (gguf, info) = (Arc::clone(&open.gguf), open.info.clone());
        let path = open.bytes.path().to_owned();
        let at_path = |error: ModelError| error.at(&path);
        let (tokenizer, network) = beside(
            || read_tokenizer(gguf.metadata()),
            || {
                open.into_network(Arc::clone(&compute), limits, &mut |done, total| {
                    tell(LoadPhase::Weights, done, total);
                })
            },
        );
        let (tokenizer, network) = (tokenizer.map_err(at_path)?, network?);
        tell(LoadPhase::Prepare, 0, 1);
        let template = read_template(gguf.metadata(), &tokenizer).map_err(at_path)?;
        let guesser = guesser.load(compute)?;
        tracing::info!(model = %info.name, arch = %info.arch, level = %kernels.level(), n_threads, "loaded");
        let loaded = NativeModel {
            info,
            network,
            tokenizer,
            template,
            limits,
            guesser,
            prefix_cache: options.prefix_cache,
            device: format!("cpu, {}, threads {n_threads}", kernels.level()),
        };
        tell(LoadPhase::Prepare, 1, 1);
        Ok(Arc::new(loaded))
    }
}

/// Runs `other` on a thread of its own while `own` runs on the caller's.
fn beside<T: Send, U>(other: impl Fn() -> T + Send + Sync, own: impl FnOnce() -> U) -> (T, U) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, &other);
        let own = own();
        let other = match thread {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // no thread to be had: one after the other, then
            Err(_) => other(),
        };
        (other, own)
    })
}

/// The threads asked for, or as many as may run at once.
fn n_threads(options: &LoadOptions) -> Result<usize, EngineError> {
    let n_threads = options.threads.unwrap_or_else(default_threads);
    if (1..=MAX_THREADS).contains(&n_threads) {
        return Ok(n_threads);
    }
    Err(EngineError::InvalidOption {
        option: "threads".into(),
        value: n_threads.to_string(),
        reason: format!("it must be 1 to {MAX_THREADS}"),
    })
}

/// The kernels of the level asked for, or the best.
fn kernels(level: Option<Level>) -> Result<&'static Kernels, EngineError> {
    let Some(level) = level else {
        return Ok(Kernels::detect());
    };
    kernels_of(level).ok_or_else(|| EngineError::InvalidOption {
        option: "level".into(),
        value: level.to_string(),
        reason: format!("this machine has {}", available_levels().join(", ")),
    })
}

fn kernels_of(level: Level) -> Option<&'static Kernels> {
    Kernels::for_level(match level {
        Level::Reference => lilim_kernels::Level::Reference,
        Level::Avx2 => lilim_kernels::Level::Avx2,
        Level::Avx2Vnni => lilim_kernels::Level::Avx2Vnni,
        Level::Avx512 => lilim_kernels::Level::Avx512,
        Level::Amx => lilim_kernels::Level::Amx,
        Level::Neon => lilim_kernels::Level::Neon,
        Level::NeonDotprod => lilim_kernels::Level::NeonDotprod,
        Level::NeonI8mm => lilim_kernels::Level::NeonI8mm,
    })
}

fn available_levels() -> Vec<&'static str> {
    let all = Level::ALL.into_iter();
    all.filter(|&level| kernels_of(level).is_some())
        .map(Level::as_str)
        .collect()
}
