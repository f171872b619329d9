//! Models on disk: mapping their files, and finding the installed one that a name means.
//!
//! **Boundary**: the caller says which folders there are; nothing here reads the environment.

mod catalog;
mod error;
mod mapped_file;
mod model;
mod sniff;

pub use catalog::{Catalog, ModelEntry, given_path};
pub use error::StoreError;
pub use mapped_file::MappedFile;
pub use model::MappedModel;
