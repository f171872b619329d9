//! What the rounds of a comparison show: ratios with intervals, equal answers, the classifier's share.
//! A pure function of the samples.

use lilim_bench::stats::{
    BootstrapOptions, Confidence, Estimate, NOISE_FLOOR, bootstrap_figure, hodges_lehmann,
    log_ratios, median,
};
use serde::Serialize;

use super::arms::{Arm, Sample};
use crate::commands::route::job::Job;
use crate::commands::route::row::Row;

/// What the samples show.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    /// All of the time, of all prompts together.
    pub(super) whole_time: WholeTime,
    /// One for each figure.
    pub(super) ratios: Vec<Ratio>,
    /// Of the routed arm's whole time, the share that classifying took.
    pub(super) classifier_share: Option<f64>,
    /// Classifying a prompt, milliseconds, the middle.
    pub(super) classification_ms: Option<f64>,
    #[serde(flatten)]
    pub(super) answers: Answers,
}

/// What all prompts together took: the prompts that take long weigh as much as they take.
#[derive(Debug, Serialize)]
pub(super) struct WholeTime {
    pub(super) routed_ms: Option<f64>,
    pub(super) direct_ms: Option<f64>,
    /// Routed / direct, and its bounds at 95% by the bootstrap over rounds.
    pub(super) ratio: [Option<f64>; 3],
    /// Direct again / direct.
    pub(super) noise_floor: [Option<f64>; 3],
    /// Why there is no ratio.
    pub(super) why_null: Option<String>,
}

/// Routed / direct.
#[derive(Debug, Serialize)]
pub(super) struct Ratio {
    pub(super) figure: &'static str,
    pub(super) unit: &'static str,
    /// The middle of the rounds, routed.
    pub(super) routed: Option<f64>,
    /// The middle of the rounds, straight to the one model.
    pub(super) direct: Option<f64>,
    /// The Hodges-Lehmann estimate, and its bounds at 95%.
    pub(super) ratio: [Option<f64>; 3],
    /// Direct / direct.
    pub(super) noise_floor: [Option<f64>; 3],
    /// Why a figure or its ratio is missing.
    pub(super) why_null: Option<String>,
}

/// How often an answer was the same.
#[derive(Debug, Serialize)]
pub(super) struct Answers {
    /// Answers that are the same as the one model's.
    pub(super) n_same: usize,
    /// Answers in all.
    pub(super) n_answers: usize,
    /// Of the one model's answers, those that it gave again itself.
    pub(super) n_same_again: usize,
}

/// The findings of whole rounds.
pub(super) fn of(job: &Job, n_rounds: usize, samples: &[Sample]) -> Findings {
    let classification: Vec<f64> = rows(samples, Arm::Routed)
        .map(|row| row.classification_ms)
        .collect();
    let routed_ms: f64 = rows(samples, Arm::Routed).map(|row| row.total_ms).sum();
    Findings {
        whole_time: whole_time(n_rounds, samples),
        ratios: FIGURES
            .iter()
            .map(|figure| ratio(figure, n_rounds, samples))
            .collect(),
        classifier_share: (routed_ms > 0.0).then(|| classification.iter().sum::<f64>() / routed_ms),
        classification_ms: median(&classification).ok().flatten(),
        answers: answers(job, samples),
    }
}

fn whole_time(n_rounds: usize, samples: &[Sample]) -> WholeTime {
    let sums = |arm| {
        of_rounds(n_rounds, samples, arm, |one| {
            sum(one, |row| Some(row.total_ms))
        })
    };
    let (routed, direct, again) = (sums(Arm::Routed), sums(Arm::Direct), sums(Arm::DirectAgain));
    let total = |sums: &Result<Vec<f64>, String>| Some(sums.as_ref().ok()?.iter().sum());
    let (routed_ms, direct_ms) = (total(&routed), total(&direct));
    let ratios = routed.and_then(|routed| {
        let (direct, again) = (direct?, again?);
        let ratio = ratio_of_sums(&routed, &direct, Confidence::TwoSided(0.95))?;
        Ok((ratio, ratio_of_sums(&again, &direct, NOISE_FLOOR)?))
    });
    let (ratio, noise_floor, why_null) = match ratios {
        Ok((ratio, noise_floor)) => (ratio, noise_floor, None),
        Err(why) => ([None; 3], [None; 3], Some(why)),
    };
    WholeTime {
        routed_ms,
        direct_ms,
        ratio,
        noise_floor,
        why_null,
    }
}

/// A round is drawn as one, with both sides' sums.
fn ratio_of_sums(
    tested: &[f64],
    baseline: &[f64],
    confidence: Confidence,
) -> Result<[Option<f64>; 3], String> {
    let sum = |values: &[f64], rounds: &[usize]| -> f64 {
        rounds.iter().map(|&round| values[round]).sum()
    };
    let ratio = |rounds: &[usize]| sum(tested, rounds) / sum(baseline, rounds);
    let options = BootstrapOptions::default();
    let estimate = bootstrap_figure(tested.len(), ratio, confidence, options);
    let estimate = estimate.map_err(|error| error.to_string())?;
    Ok(bounds(&estimate.ok_or("there are no rounds")?))
}

/// The mean of differences of pairs, and its bounds at 95% by the bootstrap: beside two means, their
/// difference. `None` without pairs.
pub(in super::super) fn mean_difference(differences: &[f64]) -> Option<[Option<f64>; 3]> {
    let n = differences.len();
    let mean =
        |pairs: &[usize]| pairs.iter().map(|&pair| differences[pair]).sum::<f64>() / n as f64;
    let options = BootstrapOptions::default();
    let estimate = bootstrap_figure(n, mean, Confidence::TwoSided(0.95), options);
    Some(bounds(&estimate.ok().flatten()?))
}

/// An arm's rows of all rounds.
pub(super) fn rows(samples: &[Sample], arm: Arm) -> impl Iterator<Item = &Row> {
    let ours = samples.iter().filter(move |one| one.arm == arm);
    ours.flat_map(|one| &one.rows)
}

/// An arm's answer to a prompt.
pub(super) fn answer(samples: &[Sample], arm: Arm, index: usize) -> Option<&str> {
    let row = rows(samples, arm).find(|row| row.index == index)?;
    row.completion.as_deref()
}

fn answers(job: &Job, samples: &[Sample]) -> Answers {
    let n_same = |a: Arm, b: Arm| {
        let is_same = |&index: &usize| {
            let a = answer(samples, a, index);
            a.is_some() && a == answer(samples, b, index)
        };
        (0..job.prompts.len()).filter(is_same).count()
    };
    Answers {
        n_same: n_same(Arm::Routed, Arm::Direct),
        n_answers: rows(samples, Arm::Routed)
            .filter(|row| row.completion.is_some())
            .count(),
        n_same_again: n_same(Arm::DirectAgain, Arm::Direct),
    }
}

/// A figure of one arm's round, or why there is none.
struct Figure {
    name: &'static str,
    unit: &'static str,
    of: fn(&Sample) -> Result<f64, String>,
}

/// What is compared: of each round the mean over its prompts. Peak memory is measured apart.
const FIGURES: [Figure; 5] = [
    Figure {
        name: "time, all in all",
        unit: "ms a prompt",
        of: |one| mean(one, |row| Some(row.total_ms)),
    },
    Figure {
        name: "time to the first token that is kept",
        unit: "ms a prompt",
        of: |one| mean(one, |row| row.first_token_ms),
    },
    Figure {
        name: "kept tokens a second of all the time",
        unit: "tokens/s",
        of: |one| {
            let is_untold = |row: &Row| row.figures.as_ref().is_some_and(|one| one.untold.n_out);
            if one.rows.iter().any(is_untold) {
                return Err("a server does not count its tokens".to_owned());
            }
            let tokens = mean(one, |row| Some(row.figures.as_ref()?.n_out as f64))?;
            Ok(tokens / (mean(one, |row| Some(row.total_ms))? / 1e3))
        },
    },
    Figure {
        name: "CPU seconds",
        unit: "s a prompt",
        of: |one| mean(one, |row| row.cpu_s),
    },
    Figure {
        name: "energy",
        unit: "J a prompt",
        of: |one| {
            let mut rows = one.rows.iter();
            match rows.find_map(|row| row.why_no_energy.clone()) {
                Some(why) => Err(why),
                None => mean(one, |row| row.energy_j),
            }
        },
    },
];

/// Over a round's prompts. One that failed leaves its round without any figure: what it took is no
/// answer's, and a sum over the rest would be of other prompts.
fn sum(sample: &Sample, value: impl Fn(&Row) -> Option<f64>) -> Result<f64, String> {
    let mut sum = 0.0;
    for row in &sample.rows {
        if let Some(failure) = &row.failure {
            return Err(format!("prompt {} failed: {failure}", row.id));
        }
        sum += value(row).ok_or_else(|| format!("prompt {} has no such figure", row.id))?;
    }
    Ok(sum)
}

fn mean(sample: &Sample, value: impl Fn(&Row) -> Option<f64>) -> Result<f64, String> {
    Ok(sum(sample, value)? / sample.rows.len() as f64)
}

/// A figure of every round of an arm.
fn of_rounds(
    n_rounds: usize,
    samples: &[Sample],
    arm: Arm,
    figure: impl Fn(&Sample) -> Result<f64, String>,
) -> Result<Vec<f64>, String> {
    let round = |round| {
        let mut samples = samples.iter();
        let sample = samples.find(|one| one.round == round && one.arm == arm);
        figure(sample.ok_or("the round is missing")?)
    };
    (0..n_rounds).map(round).collect()
}

fn ratio(figure: &Figure, n_rounds: usize, samples: &[Sample]) -> Ratio {
    let of = |arm| of_rounds(n_rounds, samples, arm, figure.of);
    let (routed, direct, again) = (of(Arm::Routed), of(Arm::Direct), of(Arm::DirectAgain));
    let middle = |values: &Result<Vec<f64>, String>| median(values.as_ref().ok()?).ok().flatten();
    let mut found = Ratio {
        figure: figure.name,
        unit: figure.unit,
        routed: middle(&routed),
        direct: middle(&direct),
        ratio: [None; 3],
        noise_floor: [None; 3],
        why_null: None,
    };
    let ratios = routed.and_then(|routed| {
        let (direct, again) = (direct?, again?);
        let ratio = interval(&routed, &direct, Confidence::TwoSided(0.95))?;
        Ok((ratio, interval(&again, &direct, NOISE_FLOOR)?))
    });
    match ratios {
        Ok((ratio, noise_floor)) => (found.ratio, found.noise_floor) = (ratio, noise_floor),
        Err(why) => found.why_null = Some(why),
    }
    found
}

fn interval(
    tested: &[f64],
    baseline: &[f64],
    confidence: Confidence,
) -> Result<[Option<f64>; 3], String> {
    let differences = log_ratios(tested, baseline).map_err(|error| error.to_string())?;
    let estimate = hodges_lehmann(&differences, confidence).map_err(|error| error.to_string())?;
    let estimate = estimate.ok_or("there are no rounds")?;
    Ok(bounds(&estimate.exp()))
}

/// An estimate and its bounds.
pub(super) fn bounds(estimate: &Estimate) -> [Option<f64>; 3] {
    let interval = &estimate.interval;
    [Some(estimate.estimate), interval.lower, interval.upper]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A row that took 100 ms: 40 until the request was sent, 10 to the first token, 50 after it.
    fn row(index: usize) -> Row {
        let decision = json!({"category": null, "confidence": null, "model": "a",
            "chosen_by": "policy", "reasons": []});
        let figures = json!({"n_prompt": 3, "n_cached": 0, "n_out": 8, "ttft_ms": 10.0,
            "prefill_tps": null, "decode_tps": null, "e2e_ms": 60.0, "speculation": null});
        let row = json!({"index": index, "id": index, "expected": null, "classifier": null,
            "classification": null, "classification_ms": 1.0, "decision": decision,
            "queue_ms": 0.0, "load_ms": 39.0, "evicted": [], "figures": figures, "total_ms": 100.0,
            "first_token_ms": 50.0, "unsure": [],
            "cpu_s": 0.1, "peak_rss_bytes": null, "energy_j": null, "completion": "yes",
            "finish_reason": "stop", "failure": null, "why_no_energy": "no counter"});
        serde_json::from_value(row).unwrap()
    }

    fn samples(n_rounds: usize) -> Vec<Sample> {
        let all = (0..n_rounds).flat_map(|round| {
            let of = move |arm| Sample {
                round,
                arm,
                rows: vec![row(round)],
            };
            super::super::arms::ARMS.map(of)
        });
        all.collect()
    }

    fn figure(name: &str, samples: &[Sample]) -> Ratio {
        let figure = FIGURES.iter().find(|one| one.name.contains(name)).unwrap();
        ratio(figure, 6, samples)
    }

    #[test]
    fn what_an_answer_took_begins_when_its_prompt_is_taken_up() {
        let samples = samples(6);
        assert_eq!(figure("first token", &samples).routed, Some(50.0));
        // 8 tokens in the whole 100 ms.
        assert_eq!(figure("tokens a second", &samples).routed, Some(80.0));
        assert_eq!(figure("all in all", &samples).ratio[0], Some(1.0));
    }

    #[test]
    fn a_ratio_that_does_not_exist_is_null_with_its_reason() {
        let mut samples = samples(6);
        let energy = figure("energy", &samples);
        assert_eq!((energy.routed, energy.ratio), (None, [None; 3]));
        assert_eq!(energy.why_null.as_deref(), Some("no counter"));
        // One arm failed once: the other's own figures stand, the ratio does not.
        samples[0].rows[0].failure = Some("too long".to_owned());
        let first = figure("first token", &samples);
        let (routed, direct) = (first.routed, first.direct);
        assert_eq!((routed, direct, first.ratio), (None, Some(50.0), [None; 3]));
        assert_eq!(first.why_null.as_deref(), Some("prompt 0 failed: too long"));
        // What a failure took is not what an answer takes.
        for name in ["all in all", "CPU"] {
            let found = figure(name, &samples);
            assert_eq!((found.routed, found.ratio), (None, [None; 3]), "{name}");
        }
        let whole = whole_time(6, &samples);
        assert_eq!((whole.routed_ms, whole.direct_ms), (None, Some(600.0)));
        assert_eq!((whole.ratio, whole.why_null), ([None; 3], first.why_null));
    }

    #[test]
    fn what_routing_saved_is_a_ratio_of_sums() {
        // Ten times as fast, but for one round of ten thousand times the time.
        let mut samples = samples(6);
        for one in samples.iter_mut().filter(|one| one.arm == Arm::Routed) {
            one.rows[0].total_ms = 10.0;
        }
        for one in samples.iter_mut().filter(|one| one.round == 5) {
            one.rows[0].total_ms = 1e6;
        }
        let whole = whole_time(6, &samples);
        assert_eq!(whole.ratio[0], Some(1_000_050.0 / 1_000_500.0));
        assert_eq!(whole.ratio[1], Some(0.1));
        assert_eq!(whole.noise_floor[0], Some(1.0));
        assert!(figure("all in all", &samples).ratio[0] < Some(0.5));
    }

    #[test]
    fn tokens_that_a_server_does_not_count_are_no_rate() {
        let mut samples = samples(6);
        samples[0].rows[0].figures.as_mut().unwrap().untold.n_out = true;
        let rate = figure("tokens a second", &samples);
        assert_eq!((rate.routed, rate.ratio), (None, [None; 3]));
        assert!(rate.why_null.unwrap().contains("does not count"));
    }

    #[test]
    fn the_difference_of_means_is_the_mean_of_differences() {
        let found = mean_difference(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0]).unwrap();
        let [Some(value), Some(lower), Some(upper)] = found else {
            panic!("{found:?}");
        };
        assert_eq!((value, lower), (1.0, 0.0));
        assert!(upper > 1.0);
        assert!(mean_difference(&[]).is_none());
    }
}
