//! What a router's choices cost against the best choice in hindsight, and against always one model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which way a value is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// A cost: time, energy, memory.
    Lower,
    /// A quality.
    Higher,
}

/// One prompt: what each candidate would have given, and which was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChoiceOutcome {
    /// The model that the router chose.
    pub chosen: String,
    /// A value for each candidate that was run on the prompt.
    pub values: BTreeMap<String, f64>,
}

/// Regret over many prompts. All figures are over the same prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegretReport {
    /// The prompts counted.
    pub n: usize,
    /// Prompts left out because a candidate has no value for them: a comparison over different prompts
    /// would compare the prompts.
    pub n_left_out: usize,
    /// The mean distance of the choice from the best one, never below 0.
    pub mean_regret: f64,
    /// The share of prompts whose choice was as good as the best.
    pub best_share: f64,
    /// The mean value of the choices.
    pub mean_chosen: f64,
    /// The mean value of the best choices.
    pub mean_best: f64,
    /// The baselines: always the same model, the one with the least regret first.
    pub always: Vec<AlwaysModel>,
}

/// What always choosing one model would have given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlwaysModel {
    /// The model.
    pub model: String,
    /// Its mean value.
    pub mean: f64,
    /// Its mean regret.
    pub mean_regret: f64,
    /// How often it would have been as good as the best.
    pub best_share: f64,
}

/// Compares; `None` when no prompt has a finite value for every candidate that occurs (the chosen ones
/// among them).
pub fn regret(outcomes: &[ChoiceOutcome], better: Better) -> Option<RegretReport> {
    let mut models: Vec<&str> = outcomes
        .iter()
        .flat_map(|one| one.values.keys().chain([&one.chosen]))
        .map(String::as_str)
        .collect();
    models.sort_unstable();
    models.dedup();
    let is_complete = |one: &&ChoiceOutcome| {
        let mut all = models.iter();
        all.all(|&model| one.values.get(model).is_some_and(|value| value.is_finite()))
    };
    let counted: Vec<&ChoiceOutcome> = outcomes.iter().filter(is_complete).collect();
    if counted.is_empty() {
        return None;
    }
    let choosing = Choosing::of(&counted, better, |one| &one.chosen);
    let best: Vec<f64> = counted.iter().map(|one| best_of(one, better)).collect();
    let mut always: Vec<AlwaysModel> = models
        .iter()
        .map(|&model| {
            let choosing = Choosing::of(&counted, better, |_| model);
            AlwaysModel {
                model: model.to_owned(),
                mean: choosing.mean,
                mean_regret: choosing.mean_regret,
                best_share: choosing.best_share,
            }
        })
        .collect();
    always.sort_by(|a, b| a.mean_regret.total_cmp(&b.mean_regret));
    Some(RegretReport {
        n: counted.len(),
        n_left_out: outcomes.len() - counted.len(),
        mean_regret: choosing.mean_regret,
        best_share: choosing.best_share,
        mean_chosen: choosing.mean,
        mean_best: best.iter().sum::<f64>() / counted.len() as f64,
        always,
    })
}

/// The figures of one way to choose.
struct Choosing {
    mean: f64,
    mean_regret: f64,
    best_share: f64,
}

impl Choosing {
    fn of<'a>(
        counted: &[&'a ChoiceOutcome],
        better: Better,
        choose: impl Fn(&'a ChoiceOutcome) -> &'a str,
    ) -> Self {
        let n = counted.len() as f64;
        let (mut sum, mut regret, mut n_best) = (0.0, 0.0, 0);
        for &one in counted {
            let (value, best) = (one.values[choose(one)], best_of(one, better));
            sum += value;
            regret += (value - best).abs();
            n_best += usize::from(value == best);
        }
        Self {
            mean: sum / n,
            mean_regret: regret / n,
            best_share: n_best as f64 / n,
        }
    }
}

fn best_of(one: &ChoiceOutcome, better: Better) -> f64 {
    let values = one.values.values().copied();
    match better {
        Better::Lower => values.fold(f64::INFINITY, f64::min),
        Better::Higher => values.fold(f64::NEG_INFINITY, f64::max),
    }
}
