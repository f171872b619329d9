//! The system's cache of files: putting a model's pages out of it, so that loading reads the disk.

use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::time::Duration;

use crate::{MappedFile, MappedModel, StoreError};

/// How often it is tried: pages that a process maps stay until it has ended.
#[cfg(target_os = "linux")]
const TRIES: u32 = 25;

/// How long it is waited between two tries.
#[cfg(target_os = "linux")]
const PAUSE: Duration = Duration::from_millis(20);

/// What may stay: a page or two that a file system keeps.
pub const NEARLY_NONE: f64 = 0.01;

/// Puts the pages of all files of a model out of the system's cache, where the system lets anybody do
/// so, and returns the share of them that is in it afterwards; `None` where the system does not tell.
///
/// # Errors
/// As [`MappedModel::open`], and what the system says to the request.
pub fn drop_cached(model: &Path) -> Result<Option<f64>, StoreError> {
    let files = files_of(model)?;
    #[cfg(target_os = "linux")]
    for left in (0..TRIES).rev() {
        for path in &files {
            ask_to_drop(path)?;
        }
        let share = share_of(&files)?;
        if left == 0 || share.is_none_or(|share| share <= NEARLY_NONE) {
            return Ok(share);
        }
        std::thread::sleep(PAUSE);
    }
    share_of(&files)
}

/// The share of a model's pages that the system holds in memory, 0 to 1; `None` where it does not
/// tell.
///
/// # Errors
/// As [`MappedModel::open`].
pub fn cached_share(model: &Path) -> Result<Option<f64>, StoreError> {
    share_of(&files_of(model)?)
}

fn files_of(model: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let model = MappedModel::open(model)?;
    let paths = model.files().iter().map(|file| file.path().to_owned());
    Ok(paths.collect())
}

/// By bytes, over all files.
fn share_of(files: &[PathBuf]) -> Result<Option<f64>, StoreError> {
    let (mut n_cached, mut n_bytes) = (0.0, 0.0);
    for path in files {
        let file = MappedFile::open(path)?;
        let Some(share) = file.cached_share() else {
            return Ok(None);
        };
        n_cached += share * file.bytes().len() as f64;
        n_bytes += file.bytes().len() as f64;
    }
    Ok(Some(n_cached / n_bytes))
}

#[cfg(target_os = "linux")]
fn ask_to_drop(path: &Path) -> Result<(), StoreError> {
    use rustix::fs::{Advice, fadvise};
    let file = std::fs::File::open(path).map_err(|error| StoreError::io(path, error))?;
    // Pages that are not on the disk yet stay.
    file.sync_data()
        .map_err(|error| StoreError::io(path, error))?;
    fadvise(&file, 0, None, Advice::DontNeed).map_err(|error| StoreError::io(path, error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a file that `MappedModel` opens: a header without tensors, and then nothing.
    fn model() -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3u32.to_le_bytes());
        bytes.extend([0u8; 16]);
        bytes.resize(8 << 20, 0);
        bytes
    }

    #[test]
    fn a_share_of_a_model_that_is_cached_is_told_and_less_after_dropping() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.gguf");
        std::fs::write(&path, model()).expect("written");
        let Some(before) = cached_share(&path).expect("a model") else {
            eprintln!("skipped: this system does not tell what it caches");
            return;
        };
        assert!(before > 0.9, "just written: {before}");
        let after = drop_cached(&path).expect("a model").expect("told before");
        // A file system that lives in memory drops nothing: told, not hidden.
        assert!((0.0..=before).contains(&after), "{after}");
        assert_eq!(std::fs::read(&path).expect("still there"), model());
    }

    #[test]
    fn what_is_no_model_is_an_error_that_names_it() {
        let error = drop_cached(Path::new("nowhere.gguf")).expect_err("no file");
        assert!(error.to_string().contains("nowhere.gguf"), "{error}");
    }
}
