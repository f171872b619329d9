//! The client's side: an engine that another process runs.
//!
//! A thread reads what the worker says and hands it to whoever waits; everybody writes for himself.
//! The worker lives as long as anything of it is held: the engine, a model, a session, a receiver.

mod calls;
mod link;
mod model;
mod process;
mod reader;
mod session;
mod stepper;

use std::io::{Read, Write};
use std::process::Command;
use std::sync::Arc;

use lilim_api::{
    Availability, Engine, EngineError, LoadOptions, LoadProgress, LoadedModel, MemoryEstimate,
    ModelFiles, ModelInfo,
};

use crate::wire::{Answer, Call, Hello};
pub use link::HELLO_TIMEOUT;
use link::Link;
use model::WorkerModel;
use process::Process;

/// An engine behind the frame protocol.
#[derive(Debug)]
pub struct WorkerEngine {
    link: Arc<Link>,
}

impl WorkerEngine {
    /// Starts a worker and waits for its hello. Its stdin and stdout carry the frames; what it writes
    /// to stderr goes to the log, and the last of it into the error when it dies.
    ///
    /// # Errors
    /// A program that cannot be started, says something else, ends, or says nothing for
    /// [`crate::HELLO_TIMEOUT`].
    pub fn spawn(command: Command) -> Result<Self, EngineError> {
        let (process, stdout, stdin) = Process::start(command)?;
        let link = Link::open(Box::new(stdout), Box::new(stdin), Some(process))?;
        Ok(Self { link })
    }

    /// Speaks to a worker that somebody else started. Dropping the last of it drops the writer.
    ///
    /// # Errors
    /// As [`Self::spawn`].
    pub fn connect(
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
    ) -> Result<Self, EngineError> {
        let link = Link::open(Box::new(reader), Box::new(writer), None)?;
        Ok(Self { link })
    }

    /// Who the worker said it is.
    pub fn hello(&self) -> &Hello {
        self.link.hello()
    }

    /// Its process, where [`Self::spawn`] started it.
    pub fn pid(&self) -> Option<u32> {
        self.link.process().map(Process::pid)
    }

    /// Ends its process at once, for a worker that hangs: whoever waits for it gets an error.
    pub fn kill(&self) {
        if let Some(process) = self.link.process() {
            process.kill();
        }
    }
}

impl Engine for WorkerEngine {
    fn name(&self) -> &str {
        &self.hello().engine
    }

    fn availability(&self) -> Availability {
        self.hello().availability.clone()
    }

    fn check(&self, model: &ModelFiles) -> Result<ModelInfo, EngineError> {
        let model = model.into();
        match self.link.call(Call::Check { model })? {
            Answer::Checked { info } => Ok(info),
            other => Err(self.link.unexpected("check", &other)),
        }
    }

    fn estimate(
        &self,
        model: &ModelFiles,
        options: &LoadOptions,
    ) -> Result<MemoryEstimate, EngineError> {
        let model = model.into();
        let options = options.clone();
        match self.link.call(Call::Estimate { model, options })? {
            Answer::Estimated { memory } => Ok(memory),
            other => Err(self.link.unexpected("estimate", &other)),
        }
    }

    fn load(
        &self,
        model: &ModelFiles,
        options: &LoadOptions,
        progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Arc<dyn LoadedModel>, EngineError> {
        let model = model.into();
        let options = options.clone();
        let request = self.link.ask(Call::Load { model, options })?;
        let last = request.wait(&mut |note| {
            if let Answer::Progress(at) = note {
                progress(at);
            }
        })?;
        match last {
            Answer::Loaded {
                info,
                context,
                device,
            } => Ok(Arc::new(WorkerModel {
                link: Arc::clone(&self.link),
                id: request.id(),
                info,
                context,
                device,
            })),
            other => Err(self.link.unexpected("load", &other)),
        }
    }
}
