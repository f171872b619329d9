//! How a scenario gets an engine: it asks a launcher, and cannot tell what is behind it.

use std::sync::Arc;

use lilim_api::{Engine, EngineError, LoadOptions, LoadPhase, LoadedModel, ModelFiles};

use crate::clock::Clock;
use crate::record::LoadRecord;

/// Starts the engine of one side, as often as a scenario wants a fresh one.
pub trait Launcher: Send + Sync {
    /// Starts it. Nothing is loaded yet.
    ///
    /// # Errors
    /// When the engine does not start.
    fn launch(&self) -> Result<Launched, EngineError>;

    /// Tries to put the model's file out of the page cache and tells what came of it, for people.
    fn drop_page_cache(&self) -> String;
}

/// An engine that runs.
pub struct Launched {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// The model it is to load.
    pub model: ModelFiles,
    /// How.
    pub options: LoadOptions,
    /// The process that does the work, where that can be looked at.
    pub process_id: Option<u32>,
}

/// An engine with its model loaded.
pub struct Ready {
    /// The model.
    pub model: Arc<dyn LoadedModel>,
    /// The process that does the work.
    pub process_id: Option<u32>,
    /// What loading took.
    pub load: LoadRecord,
    /// Kept because dropping it ends a worker's process; after the model, which needs it.
    _engine: Arc<dyn Engine>,
}

/// Launches and loads, with the time of each part.
///
/// # Errors
/// The engine's.
pub fn load(launcher: &dyn Launcher, clock: &Clock) -> Result<Ready, EngineError> {
    let start_ns = clock.now_ns();
    let launched = launcher.launch()?;
    let mut record = LoadRecord {
        start_ns,
        process_ready_ns: Some(clock.now_ns()),
        page_cache: "warm".to_owned(),
        ..LoadRecord::default()
    };
    let model = launched
        .engine
        .load(&launched.model, &launched.options, &mut |progress| {
            let phase = phase_name(progress.phase);
            if record.phases.last().is_none_or(|(last, _)| last != phase) {
                record.phases.push((phase.to_owned(), clock.now_ns()));
            }
        })?;
    record.ready_ns = clock.now_ns();
    Ok(Ready {
        model,
        process_id: launched.process_id,
        load: record,
        _engine: launched.engine,
    })
}

fn phase_name(phase: LoadPhase) -> &'static str {
    match phase {
        LoadPhase::Open => "open",
        LoadPhase::Weights => "weights",
        LoadPhase::Prepare => "prepare",
    }
}
