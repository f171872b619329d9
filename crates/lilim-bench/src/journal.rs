//! The file of a run that is still going: a header and a plan, then one sample a line, each flushed
//! as it is made. A run that was interrupted is resumed from it.

use std::path::Path;

use lilim_store::{LineFile, LineFileError, read_lines};
use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::plan::{Plan, Work};
use crate::record::{Header, Outcome, Recording, Sample};
use crate::scenario::{Sink, whole_rounds};

/// Writes samples as they are made, and keeps them.
#[derive(Debug)]
pub struct Journal {
    file: LineFile,
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
    /// [`BenchError::Journal`] where it cannot, [`BenchError::Unfinished`] where another run's journal
    /// lies: what it measured is not thrown away.
    pub fn create(
        path: &Path,
        header: Header,
        plan: Plan,
        expected_bytes: u64,
    ) -> Result<Self, BenchError> {
        let mut file = LineFile::create(path, expected_bytes).map_err(failed)?;
        file.append(&Beginning {
            header: header.clone(),
            plan: plan.clone(),
        })
        .map_err(failed)?;
        Ok(Self {
            file,
            recording: Recording {
                header,
                plan,
                samples: Vec::new(),
            },
        })
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
        Ok(Self {
            file: LineFile::resume(path, sound_bytes).map_err(failed)?,
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
        self.file.remove();
        self.recording
    }
}

impl Sink for Journal {
    fn keep(&mut self, sample: Sample) -> Result<(), BenchError> {
        self.file.append(&sample).map_err(failed)?;
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
    let lines = read_lines(path).map_err(failed)?;
    let format = |line, reason: String| BenchError::Format {
        path: path.to_owned(),
        line,
        reason,
    };
    let [first, rest @ ..] = &lines[..] else {
        return Err(format(1, "is not whole".to_owned()));
    };
    let Beginning { header, plan } =
        serde_json::from_str(&first.text).map_err(|error| format(1, error.to_string()))?;
    let samples = (2..).zip(rest).map(|(number, line)| {
        serde_json::from_str(&line.text).map_err(|error| format(number, error.to_string()))
    });
    let recording = Recording {
        header,
        plan,
        samples: samples.collect::<Result<_, _>>()?,
    };
    let ends = lines.iter().map(|line| line.end).collect();
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
        Outcome::Readings(_) | Outcome::Scored(_) | Outcome::Traced(_) | Outcome::Failed { .. } => {
            None
        }
    };
    last.unwrap_or(0).max(sample.at_ns)
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

fn failed(error: LineFileError) -> BenchError {
    match error {
        LineFileError::NotEmpty { path } => BenchError::Unfinished(path),
        other => BenchError::Journal(other),
    }
}
