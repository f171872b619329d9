//! How opening and finding models fails.

use std::io;
use std::path::PathBuf;

use lilim_formats::gguf::GgufError;

/// Why a model could not be opened or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// A file was expected and there is a folder.
    #[error("{} is a folder, not a file", path.display())]
    IsFolder {
        /// The path.
        path: PathBuf,
    },
    /// The system does not let this user read it.
    #[error("no permission to read {}", path.display())]
    Forbidden {
        /// The path.
        path: PathBuf,
    },
    /// The file has no bytes: often a download that never began.
    #[error("{} is empty", path.display())]
    Empty {
        /// The path.
        path: PathBuf,
    },
    /// The system's other answers.
    #[error("cannot read {}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is not a GGUF file: {}", path.display(), found.map_or_else(
        || format!("it starts with the bytes {magic:02x?}"),
        |found| format!("it looks like {found}"),
    ))]
    NotGguf {
        /// The path.
        path: PathBuf,
        /// The first bytes, at most eight.
        magic: Vec<u8>,
        /// What the first bytes look like, if that is known.
        found: Option<&'static str>,
    },
    /// The file is a GGUF file with a fault, or the parts of a set do not fit together.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// A part of a split set is not there.
    #[error("part {number} of {count} is missing: {} does not exist", path.display())]
    PartMissing {
        /// The missing part.
        path: PathBuf,
        /// Its number, from 1.
        number: usize,
        /// How many parts there are.
        count: usize,
    },
    /// A part of a split set was renamed, so that the others cannot be found.
    #[error(
        "{} is one of {count} parts, but its name does not end in -00001-of-{count:05}.gguf or the \
         like, so that the others cannot be found",
        path.display()
    )]
    PartRenamed {
        /// The file.
        path: PathBuf,
        /// How many parts there are.
        count: u32,
    },
    /// No model has this name.
    #[error("no model is called '{reference}'{}", near_names(near))]
    Unknown {
        /// What was asked for.
        reference: String,
        /// Names that are nearly the same.
        near: Vec<String>,
    },
    /// Several models have a name that begins like this.
    #[error("'{reference}' may mean {}", candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        reference: String,
        /// The names that it may mean.
        candidates: Vec<String>,
    },
}

impl StoreError {
    pub(crate) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::IsADirectory => Self::IsFolder { path },
            io::ErrorKind::PermissionDenied => Self::Forbidden { path },
            _ => Self::Io { path, source },
        }
    }
}

fn near_names(near: &[String]) -> String {
    if near.is_empty() {
        return String::new();
    }
    format!(" (nearest: {})", near.join(", "))
}
