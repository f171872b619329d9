//! The file of a job: what is to be done, then a row for each thing that is done. Whatever ended the
//! program, the same job goes on after the last whole row.

use std::path::Path;

use lilim_store::LineFile;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::HostError;

/// A job's rows, each on disk as soon as it is there.
#[derive(Debug)]
pub struct Batch<R> {
    file: LineFile,
    rows: Vec<R>,
}

impl<R: Serialize + DeserializeOwned> Batch<R> {
    /// Begins a job, or goes on with it where `path` holds rows of it.
    ///
    /// # Errors
    /// `File` where it cannot be written (so much space is tried first), `OtherJob` where another
    /// job's rows lie there, `Format` where something else does. `File` also where another run of the
    /// job is going on.
    pub fn open(path: &Path, job: &impl Serialize, expected_bytes: u64) -> Result<Self, HostError> {
        let job = serde_json::to_value(job).expect("a job holds nothing that JSON cannot");
        let has_rows = path
            .metadata()
            .is_ok_and(|file| file.is_file() && file.len() > 0);
        if has_rows {
            return Self::go_on(path, &job);
        }
        let mut file = LineFile::create(path, expected_bytes)?;
        file.append(&job)?;
        file.sync()?;
        Ok(Self {
            file,
            rows: Vec::new(),
        })
    }

    fn go_on(path: &Path, job: &Value) -> Result<Self, HostError> {
        // Before anything is read: what another run has read it goes on with.
        let mut file = LineFile::open(path)?;
        let lines = file.lines()?;
        let format = |line, reason: String| HostError::Format {
            path: path.to_owned(),
            line,
            reason,
        };
        let [first, rest @ ..] = &lines[..] else {
            // It was ended before its first line was whole: there is nothing to lose.
            file.cut(0)?;
            file.append(job)?;
            file.sync()?;
            return Ok(Self {
                file,
                rows: Vec::new(),
            });
        };
        let theirs: Value =
            serde_json::from_str(&first.text).map_err(|error| format(1, error.to_string()))?;
        if theirs != *job {
            let what = difference(&theirs, job);
            return Err(HostError::OtherJob {
                path: path.to_owned(),
                theirs: theirs[&what].to_string(),
                what,
            });
        }
        let rows = (2..).zip(rest).map(|(number, line)| {
            serde_json::from_str(&line.text).map_err(|error| format(number, error.to_string()))
        });
        let rows = rows.collect::<Result<Vec<R>, _>>()?;
        let end = lines.last().map_or(0, |line| line.end);
        file.cut(end)?;
        Ok(Self { file, rows })
    }

    /// Throws away what an earlier run left, unless that run is still going on.
    ///
    /// # Errors
    /// `File` where it is, or the file cannot be removed.
    pub fn forget(path: &Path) -> Result<(), HostError> {
        if path.is_file() {
            LineFile::open(path)?.remove();
        }
        Ok(())
    }

    /// Rows so far, in the order they were done.
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// Passes over rows that are not wanted; they stay in the file.
    pub fn retain(&mut self, is_wanted: impl FnMut(&R) -> bool) {
        self.rows.retain(is_wanted);
    }

    /// Keeps a row.
    ///
    /// # Errors
    /// `File` where it cannot be written.
    pub fn push(&mut self, row: R) -> Result<(), HostError> {
        self.file.append(&row)?;
        self.file.sync()?;
        self.rows.push(row);
        Ok(())
    }

    /// Where the rows lie.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// All rows, with the file removed: they are in a report now.
    pub fn finish(self) -> Vec<R> {
        self.file.remove();
        self.rows
    }
}

/// The first key whose values differ.
fn difference(theirs: &Value, ours: &Value) -> String {
    let (Value::Object(theirs), Value::Object(ours)) = (theirs, ours) else {
        return "everything".to_owned();
    };
    let keys = ours.keys().chain(theirs.keys());
    keys.into_iter()
        .find(|key| theirs.get(*key) != ours.get(*key))
        .map_or_else(|| "the order".to_owned(), Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_goes_on_after_its_last_whole_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.jsonl");
        let job = json!({"prompts": 3, "model": "a"});
        let mut batch: Batch<u32> = Batch::open(&path, &job, 1_000).unwrap();
        batch.push(7).unwrap();
        drop(batch);
        let cut = std::fs::read_to_string(&path).unwrap() + "{\"half";
        std::fs::write(&path, cut).unwrap();
        let mut batch: Batch<u32> = Batch::open(&path, &job, 1_000).unwrap();
        assert_eq!(batch.rows(), [7]);
        batch.push(8).unwrap();
        assert_eq!(batch.finish(), [7, 8]);
        assert!(!path.exists());
    }

    #[test]
    fn two_runs_of_a_job_do_not_write_over_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.jsonl");
        let job = json!({"prompts": 3});
        let mut first: Batch<u32> = Batch::open(&path, &job, 0).unwrap();
        first.push(7).unwrap();
        let errors = [
            Batch::<u32>::open(&path, &job, 0).unwrap_err(),
            Batch::<u32>::forget(&path).unwrap_err(),
        ];
        for error in errors {
            let error = error.to_string();
            assert!(error.contains("another run of this job"), "{error}");
        }
        first.push(8).unwrap();
        drop(first);
        let mut second: Batch<u32> = Batch::open(&path, &job, 0).unwrap();
        assert_eq!(second.rows(), [7, 8]);
        second.retain(|row| *row == 8);
        assert_eq!(second.rows(), [8]);
        drop(second);
        Batch::<u32>::forget(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn another_job_s_rows_are_left_alone_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.jsonl");
        let job = json!({"prompts": 3, "model": "a"});
        let _: Batch<u32> = Batch::open(&path, &job, 0).unwrap();
        let other = json!({"prompts": 3, "model": "b"});
        let error = Batch::<u32>::open(&path, &other, 0).unwrap_err();
        assert!(error.to_string().contains("model differs"), "{error}");
        assert!(matches!(error, HostError::OtherJob { theirs, .. } if theirs == "\"a\""));
        std::fs::write(&path, "{\"half").unwrap();
        let begun: Batch<u32> = Batch::open(&path, &job, 0).unwrap();
        assert!(begun.rows().is_empty());
        drop(begun);
        assert!(Batch::<u32>::open(&path, &job, 0).is_ok());
        std::fs::write(&path, "hello\n").unwrap();
        let error = Batch::<u32>::open(&path, &job, 0).unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }
}
