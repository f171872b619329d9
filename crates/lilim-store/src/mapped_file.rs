//! A file as a slice of bytes, without reading it: the one place where the store uses unsafe code.
#![allow(
    unsafe_code,
    reason = "mapping a file into memory is unsafe by nature; see MappedFile"
)]

use std::fs::{self, File};
use std::io;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::StoreError;

/// A file mapped into memory, read-only. Pages are read when they are touched and shared with every
/// other process that maps the same file.
///
/// **Hazard**: if somebody truncates the file while it is mapped, touching the bytes that are gone
/// ends the process (SIGBUS on Unix; Windows refuses the truncation); if somebody overwrites it in
/// place, the bytes change under us. Every engine that maps its weights lives with this. Whoever
/// installs models writes to a new file and renames it over the old one, which leaves the mapped
/// one untouched.
#[derive(Debug)]
pub struct MappedFile {
    path: PathBuf,
    map: Mmap,
}

impl MappedFile {
    /// Maps a file.
    ///
    /// # Errors
    /// `Missing`, `IsFolder`, `Forbidden`, `Empty` or `Io`, each naming the path.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // Asked before opening: opening a named pipe would wait for its writer.
        let about = fs::metadata(path).map_err(|error| StoreError::io(path, error))?;
        if about.is_dir() {
            return Err(StoreError::IsFolder {
                path: path.to_owned(),
            });
        }
        if !about.is_file() {
            let error = io::Error::other("it is a device, pipe or socket, not a file");
            return Err(StoreError::io(path, error));
        }
        if about.len() == 0 {
            return Err(StoreError::Empty {
                path: path.to_owned(),
            });
        }
        let file = File::open(path).map_err(|error| StoreError::io(path, error))?;
        // SAFETY: the mapping is read-only and private to this value. That no other process changes
        // or truncates the file meanwhile cannot be checked by anyone; it is the documented hazard
        // of this type, and the reason why installing replaces files instead of writing into them.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| StoreError::io(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            map,
        })
    }

    /// Where the file was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the memory that holds these bytes back to the system: they are read from the file (or
    /// the system's cache of it) again when they are touched. Where the system cannot do that,
    /// nothing happens.
    ///
    /// # Panics
    /// When they do not lie within the file.
    pub fn release(&self, bytes: Range<usize>) {
        assert!(
            bytes.end <= self.map.len(),
            "bytes {bytes:?} of {}",
            self.map.len()
        );
        #[cfg(unix)]
        {
            use memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the mapping is of a file and read-only, so no page holds what the file does
            // not: pages that go come back with the same bytes.
            let advised = unsafe {
                self.map
                    .unchecked_advise_range(DontNeed, bytes.start, bytes.len())
            };
            // A hint: whoever does not take it keeps the memory for a while.
            drop(advised);
        }
    }

    /// The share of its pages that the system holds in memory, 0 to 1, whoever touched them; `None`
    /// where the system does not tell. Of a file that the caller may not write, Linux says that all
    /// are.
    pub fn cached_share(&self) -> Option<f64> {
        #[cfg(target_os = "linux")]
        {
            let n_pages = self.map.len().div_ceil(rustix::param::page_size());
            let mut pages = vec![0u8; n_pages];
            let start = self.map.as_ptr().cast_mut().cast();
            // SAFETY: the range is a whole mapping, which begins at a page, and there is a byte for
            // each of its pages to be written to. The mapping itself is only looked at.
            let failed = unsafe { libc::mincore(start, self.map.len(), pages.as_mut_ptr()) };
            let n_cached = pages.iter().filter(|&&page| page & 1 == 1).count();
            (failed == 0).then(|| n_cached as f64 / n_pages as f64)
        }
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_bytes_can_be_read_again() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mapped_file.rs");
        let file = MappedFile::open(&path).expect("this file");
        let before = file.bytes().to_vec();
        for range in [0..0, 0..before.len(), 5..before.len() - 5] {
            file.release(range);
            assert_eq!(file.bytes(), before);
        }
    }
}
