//! The arms of a comparison, and one arm's share of a round.

use lilim_host::Residents;
use lilim_router::Policy;
use serde::{Deserialize, Serialize};

use crate::commands::route::job::Job;
use crate::commands::route::row::Row;
use crate::commands::route::work::Worker;

/// What takes a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Arm {
    /// The router's choice.
    Routed,
    /// The one model.
    Direct,
    /// The one model again: what this machine makes of no difference.
    DirectAgain,
}

pub(super) const ARMS: [Arm; 3] = [Arm::Routed, Arm::Direct, Arm::DirectAgain];

/// One arm's rows of one round.
#[derive(Debug, Serialize)]
pub(super) struct Sample {
    pub(super) round: usize,
    pub(super) arm: Arm,
    pub(super) rows: Vec<Row>,
}

/// The same prompts straight to one model, also where an entry names another.
pub(super) fn direct_job(job: &Job, model: &str) -> Job {
    let mut direct = Job {
        policy: Policy::Direct(model.to_owned()),
        ..job.clone()
    };
    for entry in &mut direct.prompts {
        entry.model = None;
    }
    direct
}

/// What each arm has in memory, as if it were alone on the machine: what one arm loads or evicts is nothing
/// to the others.
pub(super) struct Held {
    of_arms: [Residents; ARMS.len()],
    /// Models that were loaded to put an arm's memory back.
    pub(super) n_restored: usize,
}

impl Held {
    /// A few prompts through each arm, from an empty memory: models are there before the first round, as
    /// far as they fit. `None` where the user ended it.
    pub(super) fn warm_up(
        worker: &mut Worker,
        routed: &Job,
        direct: &Job,
    ) -> anyhow::Result<Option<Self>> {
        const MOST: usize = 5;
        let mut warm = |job: &Job| -> anyhow::Result<Option<Residents>> {
            let empty = Residents::default();
            worker.restore(&empty, &job.prompts[0])?;
            // Spread over the file, which may be sorted by category: a model that none of these needs is
            // loaded in the rounds, on the routed side's time.
            let n = job.prompts.len();
            let n_warm = n.min(MOST);
            for index in (0..n_warm).map(|k| k * n / n_warm) {
                if worker.work(job, index).is_cancelled {
                    return Ok(None);
                }
            }
            Ok(Some(worker.residency.snapshot()))
        };
        let (Some(direct), Some(routed)) = (warm(direct)?, warm(routed)?) else {
            return Ok(None);
        };
        Ok(Some(Self {
            of_arms: [routed, direct.clone(), direct],
            n_restored: 0,
        }))
    }

    /// Puts back what an arm had at the end of its last share. False where the user ended it.
    pub(super) fn restore(
        &mut self,
        arm: Arm,
        worker: &mut Worker,
        job: &Job,
    ) -> anyhow::Result<bool> {
        let n_loaded = worker.restore(&self.of_arms[arm as usize], &job.prompts[0])?;
        self.n_restored += n_loaded.unwrap_or_default();
        Ok(n_loaded.is_some())
    }

    /// Remembers what an arm has at the end of a share.
    pub(super) fn keep(&mut self, arm: Arm, worker: &Worker) {
        self.of_arms[arm as usize] = worker.residency.snapshot();
    }
}

/// `None` where the user ended it.
pub(super) fn one_arm(
    worker: &mut Worker,
    job: &Job,
    (round, n_rounds): (usize, usize),
    arm: Arm,
) -> Option<Sample> {
    let mut rows = Vec::new();
    // Every so-many-eth prompt: files are often sorted by category, and a round of one category alone would
    // compare what no other round does.
    for index in (round..job.prompts.len()).step_by(n_rounds) {
        let done = worker.work(job, index);
        if done.is_cancelled {
            return None;
        }
        rows.push(done.row);
    }
    Some(Sample { round, arm, rows })
}
