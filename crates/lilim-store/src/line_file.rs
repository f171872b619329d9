//! A file of JSON lines, each on disk as soon as it is made. Whatever ends the program, only the last
//! line may be cut off, and the work goes on after the one before.

use std::fs::{File, OpenOptions, TryLockError};
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
    /// Another run writes it now.
    #[error("another run of this job is going on ({})", path.display())]
    Busy {
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

/// Writes lines at the end of a file, which nobody else may have open for that meanwhile.
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
    /// wrote that may still want it. `Busy` where another run writes it.
    pub fn create(path: &Path, expected_bytes: u64) -> Result<Self, LineFileError> {
        let is_taken = path
            .metadata()
            .is_ok_and(|file| file.is_file() && file.len() > 0);
        if is_taken {
            return Err(LineFileError::NotEmpty {
                path: path.to_owned(),
            });
        }
        let file = locked(path, OpenOptions::new().create(true).truncate(false))?;
        // Another run may have begun it since it was looked at.
        let len = file.metadata().map_or(0, |file| file.len());
        if len > 0 {
            return Err(LineFileError::NotEmpty {
                path: path.to_owned(),
            });
        }
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

    /// Opens a file to go on with it, once [`Self::lines`] has told where. Nothing in it is changed yet.
    ///
    /// # Errors
    /// `Io` where it cannot be opened, `Busy` where another run writes it.
    pub fn open(path: &Path) -> Result<Self, LineFileError> {
        Ok(Self {
            path: path.to_owned(),
            file: locked(path, OpenOptions::new().read(true))?,
        })
    }

    /// Goes on with a file after its first `bytes`; what comes after them goes.
    ///
    /// # Errors
    /// `Io` where it cannot be opened or written, `Busy` where another run writes it.
    pub fn resume(path: &Path, bytes: u64) -> Result<Self, LineFileError> {
        let mut file = Self::open(path)?;
        file.cut(bytes)?;
        Ok(file)
    }

    /// The whole lines of a file that was opened to go on with it.
    ///
    /// # Errors
    /// `Io` where the file cannot be read, or is no text.
    pub fn lines(&mut self) -> Result<Vec<Line>, LineFileError> {
        self.file
            .rewind()
            .map_err(|source| failed(&self.path, source))?;
        lines_of(&self.file, &self.path)
    }

    /// Goes on after the first `bytes`; what comes after them goes.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    pub fn cut(&mut self, bytes: u64) -> Result<(), LineFileError> {
        self.file
            .set_len(bytes)
            .and_then(|()| self.file.seek(SeekFrom::End(0)))
            .map(|_| ())
            .map_err(|source| failed(&self.path, source))
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

    /// Waits until what was written is on the disk: what ends the machine leaves it there too.
    ///
    /// # Errors
    /// `Io` where it cannot be written.
    pub fn sync(&self) -> Result<(), LineFileError> {
        self.file
            .sync_data()
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
    lines_of(&file, path)
}

fn lines_of(file: &File, path: &Path) -> Result<Vec<Line>, LineFileError> {
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

/// Opens a file for writing and keeps everybody else from doing so, until it is closed.
fn locked(path: &Path, options: &mut OpenOptions) -> Result<File, LineFileError> {
    let open = options.write(true).open(path);
    let file = open.map_err(|source| failed(path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LineFileError::Busy {
            path: path.to_owned(),
        }),
        // Some file systems know no locks: there it is the user who runs nothing twice.
        Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
            Ok(file)
        }
        Err(TryLockError::Error(error)) => Err(failed(path, error)),
    }
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
    fn one_run_writes_a_file_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        let mut first = LineFile::create(&path, 10).unwrap();
        let is_busy = |result| matches!(result, Err(LineFileError::Busy { .. }));
        assert!(is_busy(LineFile::create(&path, 10)));
        first.append(&1).unwrap();
        first.sync().unwrap();
        assert!(is_busy(LineFile::open(&path)));
        assert!(is_busy(LineFile::resume(&path, 0)));
        first.append(&2).unwrap();
        drop(first);
        let mut second = LineFile::open(&path).unwrap();
        let lines = second.lines().unwrap();
        assert_eq!(lines.len(), 2);
        second.cut(lines[0].end).unwrap();
        second.append(&3).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n3\n");
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
