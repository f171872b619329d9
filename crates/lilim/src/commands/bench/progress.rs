//! How far a run is, with the time left, while every sample goes into the journal.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lilim_bench::BenchError;
use lilim_bench::journal::Journal;
use lilim_bench::plan::{Plan, Work};
use lilim_bench::record::Sample;
use lilim_bench::scenario::Sink;

use crate::terminal::{StatusLine, human_duration};

pub(crate) struct Progress<'a> {
    journal: &'a mut Journal,
    line: StatusLine,
    begun: Instant,
    /// Samples that a resumed run had.
    n_before: u64,
    n_done: u64,
    n_all: u64,
    /// Cases whose samples were counted beforehand.
    counted: BTreeSet<String>,
    /// Samples of the others.
    n_uncounted: u64,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(plan: &Plan, n_before: u64, journal: &'a mut Journal) -> Self {
        Self {
            journal,
            line: StatusLine::new(),
            begun: Instant::now(),
            n_before,
            n_done: n_before,
            n_all: plan.n_slots(),
            counted: plan
                .cases
                .iter()
                .filter(|case| !matches!(case.work, Work::Sustained { .. }))
                .map(|case| case.id.clone())
                .collect(),
            n_uncounted: 0,
        }
    }

    /// By the pace so far; samples differ, so it is rough.
    fn time_left(&self) -> Option<Duration> {
        let n_here = self.n_done.checked_sub(self.n_before).filter(|&n| n > 0)?;
        let each = self.begun.elapsed().as_secs_f64() / n_here as f64;
        let left = self.n_all.checked_sub(self.n_done)?;
        Some(Duration::from_secs_f64(each * left as f64))
    }
}

impl Sink for Progress<'_> {
    fn keep(&mut self, sample: Sample) -> Result<(), BenchError> {
        let case = sample.case.clone();
        let is_counted = self.counted.contains(&case);
        self.journal.keep(sample)?;
        if !is_counted {
            self.n_uncounted += 1;
            self.line
                .show(&format!("measuring {case}: {} requests", self.n_uncounted));
            return Ok(());
        }
        self.n_done += 1;
        let left = self.time_left().map_or_else(String::new, |left| {
            format!(", about {} left", human_duration(left))
        });
        self.line.show(&format!(
            "measuring {case}: {} of {} samples{left}",
            self.n_done, self.n_all
        ));
        Ok(())
    }

    fn samples(&self) -> &[Sample] {
        self.journal.samples()
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.line.clear();
    }
}
