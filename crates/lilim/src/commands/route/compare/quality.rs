//! A proxy of quality: how likely the one model finds the routed answers, beside its own, and beside
//! answers to other prompts.

use lilim_api::CancelToken;
use lilim_bench::stats::{Confidence, hodges_lehmann};
use serde::Serialize;

use super::arms::{Arm, Sample};
use super::findings::{answer, bounds, mean_difference};
use crate::commands::route::job::Job;
use crate::commands::route::score::log_prob_per_token;
use crate::commands::route::work::Worker;
use crate::terminal::StatusLine;

/// What the figures are, for whoever reads the file alone.
const MEANING: &str = "mean natural-log probability of an answer's tokens by the direct model, given the \
     prompt, its end not counted; the direct model's own greedy answers have the advantage by construction, \
     and whether an answer is right is not asked; shuffled: the routed answer to another prompt";

/// What the one model makes of the answers.
#[derive(Debug, Default, Serialize)]
pub(super) struct Quality {
    meaning: &'static str,
    /// Prompts counted: those that both sides answered.
    pub(super) n: usize,
    /// Prompts left out: without an answer, with an empty one, or too long to be scored with another's.
    pub(super) n_left_out: usize,
    /// The means over the prompts.
    pub(super) routed: Option<f64>,
    pub(super) direct: Option<f64>,
    pub(super) shuffled: Option<f64>,
    /// Routed − direct, paired by prompt: the mean, and its bounds at 95% by the bootstrap.
    pub(super) difference: [Option<f64>; 3],
    /// Prompts whose two answers differ, and the difference over these alone: the Hodges-Lehmann estimate
    /// and its bounds at 95%.
    pub(super) n_different: usize,
    pub(super) difference_of_different: [Option<f64>; 3],
    /// Routed − shuffled: what the score can see at all.
    pub(super) over_shuffled: [Option<f64>; 3],
    prompts: Vec<Scored>,
    /// Why there are no figures.
    pub(super) why_null: Option<String>,
}

/// One prompt's scores.
#[derive(Clone, Copy, Debug, Serialize)]
struct Scored {
    index: usize,
    routed: f64,
    direct: f64,
    shuffled: f64,
}

/// Scores the answers, untimed. Whoever ends it loses these figures alone.
pub(super) fn measure(
    worker: &mut Worker,
    job: &Job,
    direct: &str,
    samples: &[Sample],
    cancel: &CancelToken,
) -> Quality {
    let both = answered_by_both(job, samples);
    match scores(worker, job, direct, &both, cancel) {
        Ok(scored) => of(job.prompts.len(), scored),
        Err(error) => Quality {
            meaning: MEANING,
            n_left_out: job.prompts.len(),
            why_null: Some(match cancel.is_cancelled() {
                true => "interrupted before it was measured".to_owned(),
                false => format!("{direct} cannot score: {error:#}"),
            }),
            ..Quality::default()
        },
    }
}

/// A prompt and its answers, routed and direct.
type Pair<'a> = (usize, &'a str, &'a str);

fn answered_by_both<'a>(job: &Job, samples: &'a [Sample]) -> Vec<Pair<'a>> {
    let of = |arm, index| answer(samples, arm, index).filter(|text| !text.is_empty());
    (0..job.prompts.len())
        .filter_map(|index| Some((index, of(Arm::Routed, index)?, of(Arm::Direct, index)?)))
        .collect()
}

fn scores(
    worker: &mut Worker,
    job: &Job,
    direct: &str,
    both: &[Pair<'_>],
    cancel: &CancelToken,
) -> anyhow::Result<Vec<Scored>> {
    let loaded = worker.residency.fetch(direct)?.model;
    let mut status = StatusLine::new();
    let (mut all, mut why_not) = (Vec::new(), None);
    for (place, &(index, routed, own)) in both.iter().enumerate() {
        status.show(&format!("scoring answer {} of {}", place + 1, both.len()));
        let others = both[(place + 1) % both.len()].1;
        let answers = [routed, own, others];
        match log_prob_per_token(loaded, &job.prompts[index], &answers, cancel) {
            Ok(scores) => {
                if let [Some(routed), Some(direct), Some(shuffled)] = scores[..] {
                    all.push(Scored {
                        index,
                        routed,
                        direct,
                        shuffled,
                    });
                }
            }
            Err(error) if cancel.is_cancelled() => return Err(error),
            // One that is too long says nothing of the next.
            Err(error) => why_not = Some(error),
        }
    }
    status.clear();
    match why_not.filter(|_| all.is_empty()) {
        Some(error) => Err(error),
        None => Ok(all),
    }
}

fn of(n_prompts: usize, prompts: Vec<Scored>) -> Quality {
    let n = prompts.len();
    let mean = |value: fn(&Scored) -> f64| {
        (n > 0).then(|| prompts.iter().map(value).sum::<f64>() / n as f64)
    };
    let differences = |of: fn(&Scored) -> f64| prompts.iter().map(of).collect::<Vec<f64>>();
    let all = differences(|one| one.routed - one.direct);
    // Equal texts score equally, to the bit.
    let different: Vec<f64> = all.iter().copied().filter(|&one| one != 0.0).collect();
    let location = |values: &[f64]| match hodges_lehmann(values, Confidence::TwoSided(0.95)) {
        Ok(Some(estimate)) => bounds(&estimate),
        _ => [None; 3],
    };
    let shown = |values: &[f64]| mean_difference(values).unwrap_or_default();
    let why_null = (n == 0).then(|| "no prompt has an answer from both sides".to_owned());
    Quality {
        meaning: MEANING,
        n,
        n_left_out: n_prompts - n,
        routed: mean(|one| one.routed),
        direct: mean(|one| one.direct),
        shuffled: mean(|one| one.shuffled),
        difference: shown(&all),
        n_different: different.len(),
        difference_of_different: location(&different),
        over_shuffled: match n {
            // One prompt's answer is its own neighbour.
            1 => [None; 3],
            _ => shown(&differences(|one| one.routed - one.shuffled)),
        },
        prompts,
        why_null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_paired_by_prompt_and_equal_answers_are_told_apart() {
        let scored = |index| {
            let direct = -1.0 - index as f64;
            let routed = direct - f64::from(u8::from(index % 2 == 0));
            Scored {
                index,
                routed,
                direct,
                shuffled: routed - 3.0,
            }
        };
        let found = of(20, (0..16).map(scored).collect());
        assert_eq!((found.n, found.n_left_out, found.n_different), (16, 4, 8));
        assert_eq!(found.difference_of_different[0], Some(-1.0));
        assert_eq!(found.over_shuffled, [Some(3.0); 3]);
        let [Some(value), Some(low), Some(high)] = found.difference else {
            panic!("{found:?}");
        };
        assert_eq!(value, found.routed.unwrap() - found.direct.unwrap());
        assert!((-1.0..=0.0).contains(&low) && low <= value && value <= high && high <= 0.0);
    }

    #[test]
    fn without_answers_there_is_no_quality_and_a_reason() {
        let found = of(3, Vec::new());
        assert_eq!((found.routed, found.difference), (None, [None; 3]));
        assert!(found.why_null.unwrap().contains("no prompt"));
    }
}
