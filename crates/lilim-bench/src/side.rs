//! How a scenario gets an engine: it asks a launcher, and cannot tell what is behind it.

use std::sync::Arc;

use lilim_api::{Engine, EngineError, LoadOptions, LoadPhase, LoadedModel, ModelFiles};

use crate::clock::Clock;
use crate::process;
use crate::record::{LoadRecord, Reading};

/// Starts the engine of one side, as often as a scenario wants a fresh one.
pub trait Launcher: Send + Sync {
    /// Starts it. Nothing is loaded yet.
    ///
    /// # Errors
    /// When the engine does not start.
    fn launch(&self) -> Result<Launched, EngineError>;

    /// Tries to put the model's file out of the page cache and tells what came of it, for people:
    /// [`DROPPED`] where it did.
    fn drop_page_cache(&self) -> String;

    /// Tells how much of the model's file is in the page cache, for people.
    fn page_cache(&self) -> String {
        "not looked at".to_owned()
    }

    /// Why launching loads nothing, where it does not: a server runs already.
    fn why_not_loaded(&self) -> Option<String> {
        None
    }
}

/// What a page cache is called from which a model's file was put out, and where this was checked.
pub const DROPPED: &str = "dropped";

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
    /// Whether a prompt may find its beginning in a cache.
    pub prefix_cache: bool,
    /// What loading took.
    pub load: LoadRecord,
    /// Whether the process's peak of memory is from before this loading.
    has_older_peak: bool,
    /// Kept because dropping it ends a worker's process; after the model, which needs it.
    _engine: Arc<dyn Engine>,
}

impl Ready {
    /// What the system tells about the process so far.
    pub fn readings(&self) -> Vec<Reading> {
        let all = process::readings(self.process_id);
        match self.has_older_peak {
            true => process::without_peak(all),
            false => all,
        }
    }
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
        page_cache: "not looked at".to_owned(),
        not_loaded: launcher.why_not_loaded(),
        ..LoadRecord::default()
    };
    // A process of its own has no past; this one has.
    let is_own = launched.process_id == Some(std::process::id());
    let has_older_peak = is_own && !process::reset_peak(std::process::id());
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
        prefix_cache: launched.options.prefix_cache,
        load: record,
        has_older_peak,
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
