//! The arms of a comparison, and one arm's share of a round.

use lilim_bench::stats::round_orders;
use lilim_host::Residents;
use lilim_router::{Policy, PromptEntry};
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

/// What the lots are drawn from: the same file is dealt out the same way.
pub(super) const SEED: u64 = 1;

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

/// Deals the prompts out to the rounds, each to one: by lot, and of every category that the file says about
/// as many to each round. Files are often sorted by category, or in turns: rounds of one category alone would
/// compare what no other round does. Within a round they stay in the file's order.
pub(super) fn deal(prompts: &[PromptEntry], n_rounds: usize) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..prompts.len()).collect();
    let mut all = round_orders(&all, 1, SEED).swap_remove(0);
    all.sort_by_key(|&index| &prompts[index].category);
    let mut rounds = vec![Vec::new(); n_rounds];
    for (place, index) in all.into_iter().enumerate() {
        rounds[place % n_rounds].push(index);
    }
    for round in &mut rounds {
        round.sort_unstable();
    }
    rounds
}

/// `None` where the user ended it.
pub(super) fn one_arm(
    worker: &mut Worker,
    job: &Job,
    (round, indices): (usize, &[usize]),
    arm: Arm,
) -> Option<Sample> {
    let mut rows = Vec::new();
    for &index in indices {
        let done = worker.work(job, index);
        if done.is_cancelled {
            return None;
        }
        rows.push(done.row);
    }
    Some(Sample { round, arm, rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn prompts(categories: &[Option<&str>]) -> Vec<PromptEntry> {
        let entry = |(id, &category)| {
            let entry = json!({"id": id, "category": category, "prompt": "a"});
            serde_json::from_value(entry).unwrap()
        };
        categories.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn every_round_has_every_category_alike_however_the_file_is_sorted() {
        let in_turns: Vec<_> = (0..60).map(|i| Some(["a", "b", "c"][i % 3])).collect();
        let sorted: Vec<_> = (0..60).map(|i| Some(["a", "b", "c"][i / 20])).collect();
        for categories in [in_turns, sorted, vec![None; 60]] {
            // As many rounds as the categories' turns divide.
            let rounds = deal(&prompts(&categories), 6);
            let mut all: Vec<usize> = rounds.concat();
            all.sort_unstable();
            assert_eq!(all, (0..60).collect::<Vec<_>>());
            for round in &rounds {
                assert_eq!(round.len(), 10);
                assert!(round.is_sorted());
                for category in ["a", "b", "c"] {
                    let of = |index: &&usize| categories[**index] == Some(category);
                    let n = round.iter().filter(of).count();
                    assert!(categories[0].is_none() || (3..=4).contains(&n), "{round:?}");
                }
            }
        }
    }
}
