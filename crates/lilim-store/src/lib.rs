//! What lies on disk: models (mapping their files, finding the installed one that a name means), and
//! the line files of long work.
//!
//! **Boundary**: the caller says which folders there are; nothing here reads the environment.

mod catalog;
mod error;
mod line_file;
mod mapped_file;
mod model;
mod page_cache;
mod sniff;

pub use catalog::{Catalog, ModelEntry, given_path};
pub use error::StoreError;
pub use line_file::{Line, LineFile, LineFileError, read_lines};
pub use mapped_file::MappedFile;
pub use model::MappedModel;
pub use page_cache::{NEARLY_NONE, cached_share, drop_cached};
