//! The models that are installed, and which of them a name means.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use lilim_formats::gguf::Gguf;
use serde::{Deserialize, Serialize};

use crate::model::part_paths;
use crate::{MappedFile, StoreError};

/// Folders within folders that are looked into: enough for `org/repo/quantization`, and an end to
/// links that lead in circles.
const MAX_DEPTH: usize = 4;
/// The most near names in an error.
const MAX_NEAR: usize = 3;
/// How alike a near name must be, from 0 to 1 (Jaro-Winkler).
const MIN_LIKENESS: f64 = 0.8;

/// An installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// The file's stem; of a split set, without the part numbers.
    pub name: String,
    /// The file; of a split set, the first part.
    pub path: PathBuf,
    /// Bytes of all its files.
    pub n_bytes: u64,
    /// The model family as the file names it; `None` when the header cannot be read.
    pub arch: Option<String>,
    /// The commonest weight type by bytes; `None` when the header cannot be read.
    pub quantization: Option<String>,
}

/// The installed models, ordered by name and path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    entries: Vec<ModelEntry>,
}

impl Catalog {
    /// Looks for `*.gguf` files in a folder and the folders in it. A folder that does not exist has
    /// no models. Split sets count once, by their first part. Hidden files and folders, and
    /// multimodal projectors (`mmproj*`), are no models.
    ///
    /// # Errors
    /// When a folder cannot be read.
    ///
    /// *Cost*: reads every model's header.
    pub fn scan(folder: &Path) -> Result<Self, StoreError> {
        Self::scan_all([folder])
    }

    /// As [`Self::scan`], for several folders.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn scan_all<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Result<Self, StoreError> {
        let mut paths = Vec::new();
        for folder in folders {
            match find_files(folder, MAX_DEPTH, &mut paths) {
                Err(StoreError::Missing { .. }) => {}
                other => other?,
            }
        }
        let mut entries: Vec<ModelEntry> = paths.iter().filter_map(|path| describe(path)).collect();
        entries.sort_by(|a, b| {
            let by_name = a.name.to_lowercase().cmp(&b.name.to_lowercase());
            by_name.then_with(|| a.path.cmp(&b.path))
        });
        // One file may be reached by several ways: links, a folder given twice.
        let mut seen = BTreeSet::new();
        entries.retain(|entry| {
            let real = fs::canonicalize(&entry.path);
            seen.insert(real.unwrap_or_else(|_| entry.path.clone()))
        });
        Ok(Self { entries })
    }

    /// The installed models.
    pub fn entries(&self) -> &[ModelEntry] {
        &self.entries
    }

    /// Finds the file that a reference means: a path, an installed model's name (case ignored), or
    /// the beginning of exactly one name. What [`given_path`] finds comes first. `other_names` are
    /// names that the caller knows besides: they can be near, and they count when a beginning is
    /// ambiguous.
    ///
    /// # Errors
    /// `Unknown` with the nearest names, `Ambiguous` with all candidates, or what is wrong with the
    /// path.
    pub fn resolve(&self, reference: &str, other_names: &[&str]) -> Result<PathBuf, StoreError> {
        if let Some(path) = given_path(reference)? {
            return Ok(path);
        }
        match self.by_name(reference, other_names) {
            Ok(entry) => Ok(entry.path.clone()),
            // Names come before folders that happen to be here; a folder explains more than a typo.
            Err(StoreError::Unknown { .. }) if Path::new(reference).is_dir() => {
                Err(StoreError::IsFolder {
                    path: reference.into(),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Finds an installed model by its name or the beginning of it.
    ///
    /// # Errors
    /// `Unknown` or `Ambiguous`.
    pub fn by_name(
        &self,
        reference: &str,
        other_names: &[&str],
    ) -> Result<&ModelEntry, StoreError> {
        let wanted = reference.to_lowercase();
        let wanted = wanted.strip_suffix(".gguf").unwrap_or(&wanted);
        let matching = |test: &dyn Fn(&str) -> bool| -> Vec<&ModelEntry> {
            self.entries
                .iter()
                .filter(|entry| test(&entry.name.to_lowercase()))
                .collect()
        };
        let exact = matching(&|name| name == wanted);
        if !exact.is_empty() {
            return only(reference, &exact, &[]);
        }
        if wanted.is_empty() {
            return Err(self.unknown(reference, other_names));
        }
        let beginning = matching(&|name| name.starts_with(wanted));
        let others: Vec<&str> = other_names
            .iter()
            .copied()
            .filter(|name| name.to_lowercase().starts_with(wanted))
            .collect();
        if beginning.is_empty() {
            return Err(self.unknown(reference, other_names));
        }
        only(reference, &beginning, &others)
    }

    fn unknown(&self, reference: &str, other_names: &[&str]) -> StoreError {
        let wanted = reference.to_lowercase();
        let names = self.entries.iter().map(|entry| entry.name.as_str());
        let mut near: Vec<(f64, &str)> = names
            .chain(other_names.iter().copied())
            .map(|name| (likeness(&wanted, &name.to_lowercase()), name))
            .filter(|(likeness, _)| *likeness >= MIN_LIKENESS)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        near.dedup_by(|a, b| a.1 == b.1);
        let near = near
            .iter()
            .take(MAX_NEAR)
            .map(|(_, name)| (*name).to_owned())
            .collect();
        StoreError::Unknown {
            reference: reference.to_owned(),
            near,
        }
    }
}

/// A name that holds what was asked for is near, however long it is.
fn likeness(wanted: &str, name: &str) -> f64 {
    /// What people type is seldom shorter on purpose.
    const MIN_PART: usize = 3;
    if wanted.len() >= MIN_PART && name.contains(wanted) {
        return 1.0;
    }
    strsim::jaro_winkler(wanted, name)
}

fn only<'a>(
    reference: &str,
    found: &[&'a ModelEntry],
    others: &[&str],
) -> Result<&'a ModelEntry, StoreError> {
    if let ([entry], []) = (found, others) {
        return Ok(entry);
    }
    let same_name = found
        .iter()
        .any(|entry| entry.name.to_lowercase() == reference.to_lowercase());
    let candidates = found
        .iter()
        // Models of one name are told apart by their paths.
        .map(|entry| match same_name {
            true => entry.path.display().to_string(),
            false => entry.name.clone(),
        })
        .chain(others.iter().map(|name| (*name).to_owned()))
        .collect();
    Err(StoreError::Ambiguous {
        reference: reference.to_owned(),
        candidates,
    })
}

/// The path that a reference is, if it is one: a reference with a folder in it, or a file that is
/// there. `None` means that it can only be a name; no catalog is needed to tell.
///
/// # Errors
/// What is wrong with a path that cannot be a name.
pub fn given_path(reference: &str) -> Result<Option<PathBuf>, StoreError> {
    let path = Path::new(reference);
    let has_folder = path.components().count() > 1 || path.is_absolute();
    match fs::metadata(path) {
        Ok(about) if !about.is_dir() => Ok(Some(path.to_owned())),
        Ok(_) if has_folder || is_gguf(path) => Err(StoreError::IsFolder {
            path: path.to_owned(),
        }),
        Err(error) if has_folder => Err(StoreError::io(path, error)),
        _ => Ok(None),
    }
}

fn find_files(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), StoreError> {
    let fault = |error| StoreError::io(folder, error);
    for item in fs::read_dir(folder).map_err(fault)? {
        let item = item.map_err(fault)?;
        let name = item.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let path = item.path();
        // Links are followed; one that leads nowhere is no model.
        let Ok(about) = fs::metadata(&path) else {
            continue;
        };
        if about.is_dir() {
            if depth > 1 {
                find_files(&path, depth - 1, found)?;
            }
        } else if is_gguf(&path) && !name.to_lowercase().starts_with("mmproj") {
            found.push(path);
        }
    }
    Ok(())
}

fn is_gguf(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}

/// `None` for the later parts of a split set.
fn describe(path: &Path) -> Option<ModelEntry> {
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let parts = part_paths(path);
    let name = match &parts {
        Some(parts) if parts[0] != path => return None,
        // The stem ends in "-00001-of-00009".
        Some(_) => stem[..stem.len() - "-00001-of-00009".len()].to_owned(),
        None => stem,
    };
    let files = parts.unwrap_or_else(|| vec![path.to_owned()]);
    let n_bytes = files
        .iter()
        .filter_map(|file| fs::metadata(file).ok())
        .map(|about| about.len())
        .sum();
    let gguf = MappedFile::open(path)
        .ok()
        .and_then(|file| Gguf::parse(&path.display().to_string(), &file).ok());
    Some(ModelEntry {
        name,
        path: path.to_owned(),
        n_bytes,
        arch: gguf.as_ref().and_then(architecture),
        quantization: gguf.as_ref().and_then(commonest_type),
    })
}

fn architecture(gguf: &Gguf) -> Option<String> {
    gguf.metadata()
        .str("general.architecture")
        .ok()
        .flatten()
        .map(str::to_owned)
}

/// The type that most bytes of weights have. (Of a split set, of its first part.)
fn commonest_type(gguf: &Gguf) -> Option<String> {
    let mut sums: Vec<(&'static str, u64)> = Vec::new();
    for tensor in gguf.tensors() {
        let name = tensor.ty.name();
        match sums.iter_mut().find(|(seen, _)| *seen == name) {
            Some((_, sum)) => *sum += tensor.n_bytes,
            None => sums.push((name, tensor.n_bytes)),
        }
    }
    let best = sums
        .into_iter()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    Some(best.0.to_owned())
}
