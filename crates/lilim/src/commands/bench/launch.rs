//! How the binary starts an engine for a measurement.

use std::sync::Arc;

use lilim_api::{Engine, EngineError, LoadOptions, ModelFiles};
use lilim_bench::record::{ModelIdentity, SideInfo, Transport};
use lilim_bench::side::{Launched, Launcher};

use super::cases::Scenarios;
use super::header;
use crate::arguments::RunFlags;
use crate::config::Config;
use crate::models;

/// Our engine in this process.
pub(crate) struct Native {
    files: ModelFiles,
    options: LoadOptions,
    info: SideInfo,
}

impl Native {
    /// Finds the model and settles the options: a context long enough for the work as far as the
    /// model goes, and no prefix cache, which would measure itself.
    pub(crate) fn new(config: &Config, flags: &RunFlags, work: Scenarios) -> anyhow::Result<Self> {
        let files = models::resolve(config, &flags.model)?;
        let engine = models::native_engine();
        let known = engine.check(&files)?;
        let mut options = models::with_machine(&models::options(config, &flags.load)?);
        options.prefix_cache = false;
        // What is free differs from moment to moment and is no part of the work.
        options.memory_limit_bytes = None;
        let wanted = work.context().max(MIN_CONTEXT) as usize;
        let context = flags
            .load
            .context
            .unwrap_or(wanted.min(known.train_context));
        options.context = Some(context);
        let info = SideInfo {
            name: models::name_of(&files),
            engine: engine.name().to_owned(),
            transport: Transport::InProcess,
            program: Some(header::program()?),
            model: ModelIdentity {
                name: known.name,
                sha256: header::sha256(&files)?,
                quantization: known.quantization,
                file_bytes: header::file_bytes(&files),
            },
            options: options.clone(),
        };
        Ok(Self {
            files,
            options,
            info,
        })
    }

    /// What reports say of it.
    pub(crate) fn info(&self) -> SideInfo {
        self.info.clone()
    }

    /// Tokens that its context holds.
    pub(crate) fn context(&self) -> u32 {
        let context = self.options.context.unwrap_or(0);
        u32::try_from(context).unwrap_or(u32::MAX)
    }
}

/// The context where no case needs a longer one.
const MIN_CONTEXT: u32 = 512;

impl Launcher for Native {
    fn launch(&self) -> Result<Launched, EngineError> {
        Ok(Launched {
            engine: Arc::new(models::native_engine()),
            model: self.files.clone(),
            options: self.options.clone(),
            process_id: Some(std::process::id()),
        })
    }

    fn drop_page_cache(&self) -> String {
        match &self.files {
            ModelFiles::Embedded { .. } => "part of the program, in memory with it".to_owned(),
            ModelFiles::Gguf(_) => "warm".to_owned(),
        }
    }
}
