//! How the binary starts an engine for a measurement: a worker process of its own, or this process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use lilim_api::{Engine, EngineError, LoadOptions, ModelFiles};
use lilim_bench::record::{ModelIdentity, SideInfo, Transport};
use lilim_bench::side::{DROPPED, Launched, Launcher};
use lilim_engines::WorkerEngine;

use super::header;
use crate::config::Config;
use crate::models;

/// Our engine with a model and options.
pub(crate) struct Native {
    files: ModelFiles,
    options: LoadOptions,
    /// The program whose worker it is; `None` in this process.
    worker: Option<PathBuf>,
    info: SideInfo,
}

/// What a side is to be, as far as the user said.
pub(crate) struct Wanted<'a> {
    /// How reports call it; else the model's name.
    pub(crate) name: Option<String>,
    /// The model's reference.
    pub(crate) model: &'a str,
    /// Flags and configuration together.
    pub(crate) options: LoadOptions,
    /// Tokens that the longest case needs.
    pub(crate) context: u32,
    /// The program whose worker runs it; `None` for this process.
    pub(crate) worker: Option<PathBuf>,
}

/// The context where no case needs a longer one.
const MIN_CONTEXT: u32 = 512;

impl Native {
    /// Finds the model and settles the options: a context long enough for the work as far as the
    /// model goes, and no prefix cache, which would measure itself.
    pub(crate) fn new(config: &Config, wanted: Wanted<'_>) -> anyhow::Result<Self> {
        let files = models::resolve(config, wanted.model)?;
        let engine = models::native_engine();
        let known = engine.check(&files)?;
        let mut options = models::with_machine(&wanted.options);
        options.prefix_cache = false;
        // What is free differs from moment to moment and is no part of the work.
        options.memory_limit_bytes = None;
        let needed = wanted.context.max(MIN_CONTEXT) as usize;
        options
            .context
            .get_or_insert(needed.min(known.train_context));
        let program = match &wanted.worker {
            Some(path) => header::program_of(path)?,
            None => header::program()?,
        };
        // Another program has an embedded model of its own, and nobody here knows which.
        let is_known = matches!(files, ModelFiles::Gguf(_)) || program == header::program()?;
        let sha256 = match is_known {
            true => header::sha256(&files)?,
            false => None,
        };
        let info = SideInfo {
            name: wanted.name.unwrap_or_else(|| models::name_of(&files)),
            engine: engine.name().to_owned(),
            transport: match wanted.worker {
                Some(_) => Transport::Worker,
                None => Transport::InProcess,
            },
            program: Some(program),
            model: ModelIdentity {
                name: known.name,
                sha256,
                quantization: known.quantization,
                file_bytes: header::file_bytes(&files),
            },
            options: options.clone(),
            server: None,
        };
        Ok(Self {
            files,
            options,
            worker: wanted.worker,
            info,
        })
    }

    /// With the prefix cache on: what is to be shown is that it changes nothing.
    pub(crate) fn with_prefix_cache(mut self) -> Self {
        self.options.prefix_cache = true;
        self.info.options.prefix_cache = true;
        self
    }

    /// What reports say of it.
    pub(crate) fn info(&self) -> SideInfo {
        self.info.clone()
    }

    /// Whether this program's own code runs it, so that it can also be run in this process.
    pub(crate) fn is_of_this_program(&self) -> anyhow::Result<bool> {
        Ok(self.info.program == Some(header::program()?))
    }

    /// Tokens that its context holds.
    pub(crate) fn context(&self) -> u32 {
        let context = self.options.context.unwrap_or(0);
        u32::try_from(context).unwrap_or(u32::MAX)
    }

    /// Threads that it computes on.
    pub(crate) fn threads(&self) -> usize {
        self.options.threads.unwrap_or(1)
    }

    fn launched(&self, engine: Arc<dyn Engine>, process_id: Option<u32>) -> Launched {
        Launched {
            engine,
            model: self.files.clone(),
            options: self.options.clone(),
            process_id,
        }
    }
}

/// This program's file, which can be started again as a worker.
pub(crate) fn this_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("finding this program's file")
}

fn worker_of(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["worker", "native"]);
    command
}

impl Launcher for Native {
    fn launch(&self) -> Result<Launched, EngineError> {
        match &self.worker {
            None => {
                let engine = Arc::new(models::native_engine());
                Ok(self.launched(engine, Some(std::process::id())))
            }
            Some(program) => {
                let engine = WorkerEngine::spawn(worker_of(program))?;
                let process_id = engine.pid();
                Ok(self.launched(Arc::new(engine), process_id))
            }
        }
    }

    fn drop_page_cache(&self) -> String {
        match &self.files {
            ModelFiles::Embedded { .. } => "part of the program, in memory with it".to_owned(),
            ModelFiles::Gguf(path) => match lilim_store::drop_cached(path) {
                Ok(Some(share)) if share <= lilim_store::NEARLY_NONE => DROPPED.to_owned(),
                Ok(Some(share)) => format!(
                    "warm ({:.0}% still resident: another program maps the file, or its file system keeps it in memory)",
                    100.0 * share
                ),
                Ok(None) => "not known: this system does not tell what it caches".to_owned(),
                Err(error) => format!("warm ({error})"),
            },
        }
    }

    fn page_cache(&self) -> String {
        match &self.files {
            ModelFiles::Embedded { .. } => "part of the program, in memory with it".to_owned(),
            ModelFiles::Gguf(path) => match lilim_store::cached_share(path) {
                Ok(Some(share)) => format!("warm ({:.0}% resident)", 100.0 * share),
                Ok(None) => "not known: this system does not tell what it caches".to_owned(),
                Err(error) => format!("not known: {error}"),
            },
        }
    }
}
