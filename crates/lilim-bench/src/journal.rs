//! The file of a run that is still going: a header and a plan, then one sample a line, each flushed
//! as it is made. A run that was interrupted is resumed from it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::plan::{Plan, Work};
use crate::record::{Header, Outcome, Recording, Sample};
use crate::scenario::{Sink, whole_rounds};

/// Writes samples as they are made, and keeps them.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    recording: Recording,
}

#[derive(Serialize, Deserialize)]
struct Beginning {
    header: Header,
    plan: Plan,
}

impl Journal {
    /// Begins a journal, after making sure that a file of the expected size can be written there.
    ///
    /// # Errors
    /// [`BenchError::File`] where it cannot, [`BenchError::Unfinished`] where another run's journal
    /// lies: what it measured is not thrown away.
    pub fn create(
        path: &Path,
        header: Header,
        plan: Plan,
        expected_bytes: u64,
    ) -> Result<Self, BenchError> {
        let is_taken = path
            .metadata()
            .is_ok_and(|file| file.is_file() && file.len() > 0);
        if is_taken {
            return Err(BenchError::Unfinished(path.to_owned()));
        }
        let file = File::create(path).map_err(|source| failed(path, source))?;
        if let Err(source) = try_space(&file, expected_bytes) {
            // Half a disk of zeros is nobody's journal. A device is not ours to remove.
            if file.metadata().is_ok_and(|file| file.is_file()) {
                let _ = std::fs::remove_file(path);
            }
            return Err(failed(path, source));
        }
        let mut journal = Self {
            path: path.to_owned(),
            file,
            recording: Recording {
                header: header.clone(),
                plan: plan.clone(),
                samples: Vec::new(),
            },
        };
        journal.write(&Beginning { header, plan })?;
        Ok(journal)
    }

    /// Goes on with a journal. Its last line may be cut off: that sample is made again.
    ///
    /// # Errors
    /// When the file is no journal, or one of another plan.
    pub fn resume(path: &Path, plan: &Plan) -> Result<Self, BenchError> {
        let Read {
            mut recording,
            mut ends,
        } = read(path)?;
        if recording.plan != *plan {
            return Err(BenchError::OtherPlan {
                path: path.to_owned(),
                what: difference(&recording.plan, plan).to_owned(),
            });
        }
        drop_half_a_case(&mut recording);
        whole_rounds(&mut recording);
        ends.truncate(recording.samples.len() + 1);
        let sound_bytes = ends.last().copied().unwrap_or(0);
        let open = || -> std::io::Result<File> {
            let mut file = OpenOptions::new().write(true).open(path)?;
            file.set_len(sound_bytes)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        Ok(Self {
            path: path.to_owned(),
            file: open().map_err(|source| failed(path, source))?,
            recording,
        })
    }

    /// What was recorded so far.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// A time after everything that was recorded: where a resumed recording's clock goes on.
    pub fn end_ns(&self) -> u64 {
        let ends = self.recording.samples.iter().map(end_of);
        ends.max().unwrap_or(0)
    }

    /// The recording, with the journal's file removed: everything is in the result file now.
    pub fn finish(self) -> Recording {
        // Left behind it would only take space; the result is written already.
        let _ = std::fs::remove_file(&self.path);
        self.recording
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), BenchError> {
        let mut text = serde_json::to_vec(line).expect("recordings hold nothing that JSON cannot");
        text.push(b'\n');
        self.file
            .write_all(&text)
            .and_then(|()| self.file.flush())
            .map_err(|source| failed(&self.path, source))
    }
}

impl Sink for Journal {
    fn keep(&mut self, sample: Sample) -> Result<(), BenchError> {
        self.write(&sample)?;
        self.recording.samples.push(sample);
        Ok(())
    }

    fn samples(&self) -> &[Sample] {
        &self.recording.samples
    }
}

/// A journal as read.
#[derive(Debug)]
pub struct Read {
    /// What was recorded.
    pub recording: Recording,
    /// Where each sound line ends in the file, in bytes: the beginning's, then every sample's.
    pub ends: Vec<u64>,
}

/// Reads a journal. A last line that was cut off is left out.
///
/// # Errors
/// When the file cannot be read, or its first line or any but its last is damaged.
pub fn read(path: &Path) -> Result<Read, BenchError> {
    let file = File::open(path).map_err(|source| failed(path, source))?;
    let mut lines = BufReader::new(file);
    let format = |line, reason: String| BenchError::Format {
        path: path.to_owned(),
        line,
        reason,
    };
    let mut text = String::new();
    let mut next = |text: &mut String| {
        text.clear();
        lines.read_line(text).map_err(|source| failed(path, source))
    };
    let mut ends = vec![next(&mut text)? as u64];
    let Beginning { header, plan } =
        serde_json::from_str(&text).map_err(|error| format(1, error.to_string()))?;
    let mut samples: Vec<Sample> = Vec::new();
    loop {
        let n_bytes = next(&mut text)? as u64;
        // A line without its end was being written when the run ended.
        if n_bytes == 0 || !text.ends_with('\n') {
            break;
        }
        let line = samples.len() + 2;
        let sample =
            serde_json::from_str(&text).map_err(|error| format(line, error.to_string()))?;
        samples.push(sample);
        ends.push(ends[ends.len() - 1] + n_bytes);
    }
    let recording = Recording {
        header,
        plan,
        samples,
    };
    Ok(Read { recording, ends })
}

/// A load of requests, or a sustained run, is one thing: half of one at the end of a journal goes.
fn drop_half_a_case(recording: &mut Recording) {
    let Some(last) = recording.samples.last().map(|sample| sample.case.clone()) else {
        return;
    };
    let Some(case) = recording.plan.cases.iter().find(|case| case.id == last) else {
        return;
    };
    let ours = || {
        recording
            .samples
            .iter()
            .filter(|sample| sample.case == last)
    };
    let is_whole = match case.work {
        Work::Throughput { .. } => ours().count() as u64 == u64::from(case.n_slots()),
        Work::Sustained { seconds, .. } => {
            let begin = ours().map(|sample| sample.at_ns).min().unwrap_or(0);
            let end = ours().map(end_of).max().unwrap_or(0);
            // Its last request may end a moment before its time does.
            end.saturating_sub(begin) >= u64::from(seconds) * 980_000_000
        }
        _ => true,
    };
    if !is_whole {
        recording.samples.retain(|sample| sample.case != last);
    }
}

/// A time after everything in a sample.
fn end_of(sample: &Sample) -> u64 {
    let last = match &sample.outcome {
        Outcome::Request(request) => request.events.last().map(|event| event.t_ns),
        Outcome::Load(load) => Some(load.ready_ns),
        Outcome::Readings(_) | Outcome::Failed { .. } => None,
    };
    last.unwrap_or(0).max(sample.at_ns)
}

/// Takes the space and gives it back: a full disk is found before hours of measuring, not after.
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

fn difference(a: &Plan, b: &Plan) -> &'static str {
    match () {
        () if a.seed != b.seed => "the seed",
        () if a.sides != b.sides => "an engine, a model or an option",
        () if a.comparison != b.comparison => "the comparison",
        () if a.cases != b.cases => "a case",
        () => "a target",
    }
}

fn failed(path: &Path, source: std::io::Error) -> BenchError {
    BenchError::File {
        path: path.to_owned(),
        source,
    }
}
