//! From what the user named to a model: references, opening files, the embedded model.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use lilim_api::{Engine, EngineError, LoadOptions, LoadedModel, ModelFiles, SpeculationOptions};
use lilim_native::{ModelBytes, NativeEngine};
use lilim_store::{Catalog, MappedModel, StoreError, given_path};

use crate::arguments::LoadArguments;
use crate::config::Config;
use crate::exit::UsageError;
use crate::machine;
use crate::terminal::LoadBar;

/// The name of the model that is part of the program.
pub(crate) const EMBEDDED_NAME: &str = "small";

/// The embedded model's file.
pub(crate) static EMBEDDED_BYTES: &[u8] = include_bytes!("../assets/lilim-small.gguf");

/// The embedded model as an engine takes it.
pub(crate) fn embedded() -> ModelFiles {
    ModelFiles::Embedded {
        name: EMBEDDED_NAME,
        bytes: EMBEDDED_BYTES,
    }
}

/// The engine, with files mapped by the store.
pub(crate) fn native_engine() -> NativeEngine {
    NativeEngine::new(Box::new(open_bytes))
}

/// Finds what a name means: the embedded model, an installed one, or a path.
pub(crate) fn resolve(config: &Config, reference: &str) -> anyhow::Result<ModelFiles> {
    if reference.eq_ignore_ascii_case(EMBEDDED_NAME) {
        return Ok(embedded());
    }
    // A path needs no catalog: neither its cost nor its faults.
    let path = match given_path(reference)? {
        Some(path) => path,
        None => catalog(config)?.resolve(reference, &[EMBEDDED_NAME])?,
    };
    Ok(ModelFiles::Gguf(path))
}

/// The load options of a command: flags over the configuration, the draft model found by its name.
pub(crate) fn options(config: &Config, flags: &LoadArguments) -> anyhow::Result<LoadOptions> {
    let mut options = flags.over(&config.load);
    if let SpeculationOptions::Draft(name) = &options.speculation {
        match resolve(config, &name.to_string_lossy())? {
            ModelFiles::Gguf(path) => options.speculation = SpeculationOptions::Draft(path),
            ModelFiles::Embedded { name, .. } => {
                let reason = "its vocabulary is its own, no other model can use its guesses";
                return Err(UsageError(format!("'{name}' cannot be a draft: {reason}")).into());
            }
        }
    }
    Ok(options)
}

/// The models installed in the data folder.
pub(crate) fn catalog(config: &Config) -> anyhow::Result<Catalog> {
    let folder = config.models_folder();
    Catalog::scan(&folder).with_context(|| format!("listing {}", folder.display()))
}

/// Loads a model with a progress bar; refuses what does not fit into the memory that is free.
pub(crate) fn load(
    engine: &dyn Engine,
    files: &ModelFiles,
    options: &LoadOptions,
) -> anyhow::Result<Arc<dyn LoadedModel>> {
    let options = with_machine(options);
    let bar = LoadBar::new(&name_of(files));
    let loaded = engine.load(files, &options, &mut |progress| bar.show(progress));
    bar.finish();
    Ok(loaded?)
}

/// The options with this machine's memory and cores where nobody said otherwise: libraries do not
/// look around themselves.
pub(crate) fn with_machine(options: &LoadOptions) -> LoadOptions {
    LoadOptions {
        threads: options.threads.or_else(|| Some(machine::physical_cores())),
        memory_limit_bytes: options
            .memory_limit_bytes
            .or_else(machine::available_memory_bytes),
        ..options.clone()
    }
}

/// A short name for messages.
pub(crate) fn name_of(files: &ModelFiles) -> String {
    match files {
        ModelFiles::Gguf(path) => path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
        ModelFiles::Embedded { name, .. } => (*name).to_owned(),
    }
}

fn open_bytes(files: &ModelFiles) -> Result<Arc<dyn ModelBytes>, EngineError> {
    match files {
        ModelFiles::Gguf(path) => {
            let mapped = MappedModel::open(path).map_err(|error| opening_failed(path, error))?;
            Ok(Arc::new(MappedBytes {
                mapped,
                name: name_of(files),
            }))
        }
        ModelFiles::Embedded { name, bytes } => Ok(Arc::new(StaticBytes { name, bytes })),
    }
}

/// Files that the store mapped.
struct MappedBytes {
    mapped: MappedModel,
    name: String,
}

impl ModelBytes for MappedBytes {
    fn parts(&self) -> Vec<&[u8]> {
        self.mapped.parts()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn release(&self, part: usize, bytes: Range<usize>) {
        self.mapped.files()[part].release(bytes);
    }

    fn path(&self) -> &Path {
        self.mapped.path()
    }
}

/// A file that cannot be read is told from one that holds the wrong things.
fn opening_failed(path: &Path, error: StoreError) -> EngineError {
    let path = path.to_owned();
    let reason = match error {
        StoreError::Missing { .. } => "it does not exist".to_owned(),
        StoreError::IsFolder { .. } => "it is a folder".to_owned(),
        StoreError::Forbidden { .. } => "no permission".to_owned(),
        StoreError::Io { source, .. } => source.to_string(),
        damaged => {
            let reason = damaged.to_string();
            return EngineError::InvalidModel { path, reason };
        }
    };
    EngineError::Io { path, reason }
}

/// A model in the program's own pages.
struct StaticBytes {
    name: &'static str,
    bytes: &'static [u8],
}

impl ModelBytes for StaticBytes {
    fn parts(&self) -> Vec<&[u8]> {
        vec![self.bytes]
    }

    fn name(&self) -> &str {
        self.name
    }

    fn path(&self) -> &Path {
        Path::new(self.name)
    }
}
