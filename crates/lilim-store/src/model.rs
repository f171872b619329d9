//! A model's files, mapped and joined.

use std::path::{Path, PathBuf};

use lilim_formats::gguf::{Gguf, part_names};

use crate::sniff::looks_like;
use crate::{MappedFile, StoreError};

/// How many of a file's first bytes are looked at to say what it is.
const N_SNIFFED_BYTES: usize = 64;

/// A GGUF model: one file, or all parts of a split set, mapped into memory, and their joined header.
#[derive(Debug)]
pub struct MappedModel {
    files: Vec<MappedFile>,
    gguf: Gguf,
}

impl MappedModel {
    /// Opens a model by the path of its file or of any part of its split set.
    ///
    /// # Errors
    /// What the file system says, a file that is something else, a fault of the format, a part that
    /// is missing; each names the path.
    ///
    /// *Cost*: reads the headers; weights are read when they are touched.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = MappedFile::open(path)?;
        let gguf = parse(&file)?;
        let Some(split) = gguf.split()? else {
            let gguf = Gguf::join(vec![gguf])?;
            return Ok(Self {
                files: vec![file],
                gguf,
            });
        };
        let paths = part_paths(path).ok_or_else(|| StoreError::PartRenamed {
            path: path.to_owned(),
            count: split.count,
        })?;
        // The part already open is opened again with the others: it keeps this plain, and a mapping
        // costs next to nothing.
        drop((file, gguf));
        open_parts(&paths)
    }

    /// The bytes of each file, in the order of the parts.
    pub fn parts(&self) -> Vec<&[u8]> {
        self.files.iter().map(MappedFile::bytes).collect()
    }

    /// The mapped files, in the order of the parts.
    pub fn files(&self) -> &[MappedFile] {
        &self.files
    }

    /// The joined header.
    pub fn gguf(&self) -> &Gguf {
        &self.gguf
    }

    /// Where the first part lies.
    pub fn path(&self) -> &Path {
        self.files[0].path()
    }

    /// Bytes of all files together.
    pub fn n_bytes(&self) -> u64 {
        self.files
            .iter()
            .map(|file| file.bytes().len() as u64)
            .sum()
    }
}

/// The paths of all parts of a split set, by the path of one; `None` when the name is not a part's.
pub(crate) fn part_paths(path: &Path) -> Option<Vec<PathBuf>> {
    let names = part_names(path.file_name()?.to_str()?)?;
    Some(
        names
            .into_iter()
            .map(|name| path.with_file_name(name))
            .collect(),
    )
}

fn open_parts(paths: &[PathBuf]) -> Result<MappedModel, StoreError> {
    let count = paths.len();
    let (mut files, mut ggufs) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (index, path) in paths.iter().enumerate() {
        let file = MappedFile::open(path).map_err(|error| match error {
            StoreError::Missing { path } => StoreError::PartMissing {
                path,
                number: index + 1,
                count,
            },
            other => other,
        })?;
        ggufs.push(parse(&file)?);
        files.push(file);
    }
    Ok(MappedModel {
        files,
        gguf: Gguf::join(ggufs)?,
    })
}

fn parse(file: &MappedFile) -> Result<Gguf, StoreError> {
    let bytes = file.bytes();
    if !bytes.starts_with(b"GGUF") {
        return Err(StoreError::NotGguf {
            path: file.path().to_owned(),
            magic: bytes[..bytes.len().min(8)].to_vec(),
            found: looks_like(&bytes[..bytes.len().min(N_SNIFFED_BYTES)]),
        });
    }
    Ok(Gguf::parse(&file.path().display().to_string(), bytes)?)
}
