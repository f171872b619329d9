//! A file of JSON lines, each on disk as soon as it is made. Whatever ends the program, only the last
//! line may be cut off, and the work goes on after the one before.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Why a line file could not be begun, written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineFileError {
    /// Where the file would be kept lies one with something in it.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The path.
        path: PathBuf,
    },
    /// The system's answer.
    #[error("{}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What it was.
        source: std::io::Error,
    },
}

/// Writes lines at the end of a file.
#[derive(Debug)]
pub struct LineFile {
    path: PathBuf,
    file: File,
}

/// A whole line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says, its end included.
    pub text: String,
    /// Where it ends in the file, in bytes.
    pub end: u64,
}

impl LineFile {
    /// Begins a file, after making sure that `expected_bytes` can be written there: a full disk is
    /// found before hours of work, not after.
    ///
    /// # Errors
    /// `Io` where it cannot be written, `NotEmpty` where a file with something in it lies: whoever
    /// wrote that may still want it.
    pub fn create(path: &Path, expected_bytes: u64) -> Result<Self, LineFileError> {
        let is_taken = path
            .metadata()
            .is_ok_and(|file| file.is_file() && file.len() > 0);
        if is_taken {
            return Err(LineFileError::NotEmpty {
                path: path.to_owned(),
            });
        }
        let file = File::create(path).map_err(|source| failed(path, source))?;
        if let Err(source) = try_space(&file, expected_bytes) {
            // Half a disk of zeros is nobody's work. A device is not ours to remove.
            if file.metadata().is_ok_and(|file| file.is_file()) {
                let _ = std::fs::remove_file(path);
            }
            return Err(failed(path, source));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Goes on with a file after its first `bytes`; what comes after them goes.
    ///
    /// # Errors
    /// `Io` where it cannot be opened or written.
    pub fn resume(path: &Path, bytes: u64) -> Result<Self, LineFileError> {
        let open = || -> std::io::Result<File> {
            let mut file = OpenOptions::new().write(true).open(path)?;
            file.set_len(bytes)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        Ok(Self {
            path: path.to_owned(),
            file: open().map_err(|source| failed(path, source))?,
        })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    ///
    /// # Panics
    /// On a value that JSON cannot hold, such as a map with keys that are no strings.
    pub fn append(&mut self, line: &impl Serialize) -> Result<(), LineFileError> {
        let mut text = serde_json::to_vec(line).expect("lines hold nothing that JSON cannot");
        text.push(b'\n');
        self.file
            .write_all(&text)
            .and_then(|()| self.file.flush())
            .map_err(|source| failed(&self.path, source))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file: what was in it is elsewhere now.
    pub fn remove(self) {
        // Left behind it would only take space.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The whole lines of a file; a last one without its end was being written when the program ended.
///
/// # Errors
/// `Io` where the file cannot be read, or is no text.
pub fn read_lines(path: &Path) -> Result<Vec<Line>, LineFileError> {
    let file = File::open(path).map_err(|source| failed(path, source))?;
    let mut reader = BufReader::new(file);
    let (mut lines, mut end) = (Vec::new(), 0);
    loop {
        // Bytes first: a line may be cut off in the middle of a letter.
        let mut bytes = Vec::new();
        let n_bytes = reader
            .read_until(b'\n', &mut bytes)
            .map_err(|source| failed(path, source))?;
        if bytes.last() != Some(&b'\n') {
            return Ok(lines);
        }
        end += n_bytes as u64;
        let text = String::from_utf8(bytes)
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
            .map_err(|source| failed(path, source))?;
        lines.push(Line { text, end });
    }
}

/// Takes the space and gives it back.
fn try_space(mut file: &File, bytes: u64) -> std::io::Result<()> {
    static BLOCK: [u8; 1 << 16] = [0; 1 << 16];
    let mut left = bytes;
    while left > 0 {
        let n_bytes = left.min(BLOCK.len() as u64);
        file.write_all(&BLOCK[..n_bytes as usize])?;
        left -= n_bytes;
    }
    file.flush()?;
    file.set_len(0)?;
    file.rewind()
}

fn failed(path: &Path, source: std::io::Error) -> LineFileError {
    LineFileError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        let mut file = LineFile::create(&path, 1 << 20).unwrap();
        for number in [1, 2] {
            file.append(&number).unwrap();
        }
        drop(file);
        std::fs::write(&path, b"1\n2\n{\"cut \xc3").unwrap();
        let lines = read_lines(&path).unwrap();
        assert_eq!(lines.len(), 2);
        let mut file = LineFile::resume(&path, lines[1].end).unwrap();
        file.append(&3).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n2\n3\n");
        file.remove();
        assert!(!path.exists());
    }

    #[test]
    fn nobody_s_lines_are_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        std::fs::write(&path, "1\n").unwrap();
        let error = LineFile::create(&path, 0).unwrap_err().to_string();
        assert!(error.contains("lines.jsonl"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n");
    }

    #[test]
    fn what_cannot_be_written_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/folder.jsonl");
        assert!(matches!(
            LineFile::create(&path, 0),
            Err(LineFileError::Io { .. })
        ));
    }
}
