//! How a model's files reach the engine: as byte slices that somebody else opened and keeps.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use lilim_api::{EngineError, ModelFiles};

/// The bytes of one model's files, open as long as this value lives.
pub trait ModelBytes: Send + Sync {
    /// The files' bytes: one slice, or those of a split set in their order. The same bytes at the
    /// same places at every call.
    fn parts(&self) -> Vec<&[u8]>;

    /// The name for lists and messages, such as the file's stem.
    fn name(&self) -> &str;

    /// Says that these bytes of a part will hardly be read again: the memory that holds them may be
    /// given back to the system. They can still be read.
    fn release(&self, _part: usize, _bytes: Range<usize>) {}

    /// The path for messages.
    fn path(&self) -> &Path;
}

/// Opens the files of a model.
pub type Opener =
    Box<dyn Fn(&ModelFiles) -> Result<Arc<dyn ModelBytes>, EngineError> + Send + Sync>;
