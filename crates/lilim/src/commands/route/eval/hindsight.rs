//! What choices cost against the best ones in hindsight: a pure function of every candidate's answer to
//! every prompt and of what was chosen.

use std::collections::BTreeMap;

use lilim_router::{AlwaysModel, Better, ChoiceOutcome, RegretReport, regret};
use serde::Serialize;

use crate::commands::route::compare::mean_difference;

/// One candidate's answer to one prompt.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Tried {
    /// From sending to the end of the answer.
    pub(super) ms: f64,
    /// The geometric mean of its tokens' probabilities, where a cascade asks for it.
    pub(super) confidence: Option<f64>,
    /// The mean natural-log probability of its tokens under the reference.
    pub(super) quality: Option<f64>,
    pub(super) text: String,
}

/// What a policy did with a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Chosen {
    /// Whose answer is kept.
    pub(super) kept: String,
    /// Everybody that was asked for it, in order; several where a cascade was not content.
    pub(super) asked: Vec<String>,
}

/// One prompt with everything that could have been chosen.
#[derive(Debug, Serialize)]
pub(super) struct PromptOutcome {
    pub(super) index: usize,
    pub(super) answers: BTreeMap<String, Tried>,
    /// Candidates without an answer, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) failures: BTreeMap<String, String>,
    /// By the classifier's category.
    pub(super) predicted: Option<Chosen>,
    /// By the category that the file says.
    pub(super) perfect: Option<Chosen>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    /// Time of the answer; of a cascade, of all its answers.
    Time,
    /// How likely the reference finds the answer that is kept.
    Quality,
}

/// Every way to choose, by one quantity.
#[derive(Debug, Serialize)]
pub(super) struct Hindsight {
    /// Prompts counted: those with a value for every candidate.
    pub(super) n: usize,
    pub(super) n_left_out: usize,
    pub(super) ways: Vec<Way>,
    /// The single model that would have been best, known only afterwards.
    pub(super) best_single: String,
    /// The policy's value − that model's, paired by prompt: the mean, and its bounds at 95% by the bootstrap.
    pub(super) over_best_single: [Option<f64>; 3],
}

/// One way to choose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Way {
    pub(super) name: String,
    /// The mean value of its choices.
    pub(super) mean: f64,
    /// The mean distance from the best choices.
    pub(super) mean_regret: f64,
    /// The share of prompts whose choice is as good as the best.
    pub(super) best_share: f64,
}

/// A cascade's whole cost, which is no candidate's.
const ALL_ASKED: &str = "(all that were asked)";

/// Judges; `None` where no prompt has a value for every candidate.
pub(super) fn judge(prompts: &[PromptOutcome], quantity: Quantity) -> Option<Hindsight> {
    let better = match quantity {
        Quantity::Time => Better::Lower,
        Quantity::Quality => Better::Higher,
    };
    // Both ways over the same prompts.
    let both = |one: &&PromptOutcome| one.predicted.is_some() && one.perfect.is_some();
    let decided: Vec<&PromptOutcome> = prompts.iter().filter(both).collect();
    let outcomes = |of: fn(&PromptOutcome) -> Option<&Chosen>| -> Vec<ChoiceOutcome> {
        let is_cascade = decided.iter().any(|one| {
            let mut ways = one.predicted.iter().chain(&one.perfect);
            ways.any(|chosen| chosen.asked.len() > 1)
        });
        let whole = is_cascade && quantity == Quantity::Time;
        let all = decided.iter().filter_map(|one| {
            let chosen = of(one)?;
            Some(outcome(one, chosen, quantity, whole))
        });
        all.collect()
    };
    let predicted = outcomes(|one| one.predicted.as_ref());
    let policy = regret(&predicted, better)?;
    let perfect = regret(&outcomes(|one| one.perfect.as_ref()), better)?;
    let single = |one: &&AlwaysModel| one.model != ALL_ASKED;
    let singles: Vec<&AlwaysModel> = policy.always.iter().filter(single).collect();
    let best_single = singles.first()?.model.clone();
    Some(Hindsight {
        n: policy.n,
        n_left_out: prompts.len() - policy.n,
        over_best_single: over(&predicted, &best_single),
        best_single,
        ways: ways(&policy, &perfect, &singles),
    })
}

fn outcome(
    one: &PromptOutcome,
    chosen: &Chosen,
    quantity: Quantity,
    is_whole: bool,
) -> ChoiceOutcome {
    let value = |tried: &Tried| match quantity {
        Quantity::Time => Some(tried.ms),
        Quantity::Quality => tried.quality,
    };
    let values = one.answers.iter();
    let values = values.filter_map(|(model, tried)| Some((model.clone(), value(tried)?)));
    let mut values: BTreeMap<String, f64> = values.collect();
    // Somebody who failed stands without a value, so that the prompt is left out for everybody.
    for model in one.failures.keys().chain(one.answers.keys()) {
        values.entry(model.clone()).or_insert(f64::NAN);
    }
    if !is_whole {
        return ChoiceOutcome {
            chosen: chosen.kept.clone(),
            values,
        };
    }
    let whole = chosen.asked.iter().map(|model| values[model]).sum();
    values.insert(ALL_ASKED.to_owned(), whole);
    ChoiceOutcome {
        chosen: ALL_ASKED.to_owned(),
        values,
    }
}

fn ways(policy: &RegretReport, perfect: &RegretReport, singles: &[&AlwaysModel]) -> Vec<Way> {
    let by = |name: &str, report: &RegretReport| Way {
        name: name.to_owned(),
        mean: report.mean_chosen,
        mean_regret: report.mean_regret,
        best_share: report.best_share,
    };
    let mut all = vec![
        by("the policy", policy),
        by("the policy, told the true category", perfect),
    ];
    all.extend(singles.iter().map(|one| Way {
        name: format!("always {}", one.model),
        mean: one.mean,
        mean_regret: one.mean_regret,
        best_share: one.best_share,
    }));
    // What drawing lots would give on average, not one draw of it.
    let n = singles.len() as f64;
    let mean =
        |value: fn(&AlwaysModel) -> f64| singles.iter().map(|one| value(one)).sum::<f64>() / n;
    all.push(Way {
        name: "at random".to_owned(),
        mean: mean(|one| one.mean),
        mean_regret: mean(|one| one.mean_regret),
        best_share: mean(|one| one.best_share),
    });
    all.push(Way {
        name: "the best in hindsight".to_owned(),
        mean: policy.mean_best,
        mean_regret: 0.0,
        best_share: 1.0,
    });
    all
}

fn over(outcomes: &[ChoiceOutcome], single: &str) -> [Option<f64>; 3] {
    let complete = outcomes
        .iter()
        .filter(|one| one.values.values().all(|value| value.is_finite()));
    let differences: Vec<f64> = complete
        .map(|one| one.values[&one.chosen] - one.values[single])
        .collect();
    mean_difference(&differences).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(ms: f64, quality: f64) -> Tried {
        Tried {
            ms,
            confidence: None,
            quality: Some(quality),
            text: String::new(),
        }
    }

    fn asked(models: &[&str]) -> Option<Chosen> {
        let asked: Vec<String> = models.iter().map(|&name| name.to_owned()).collect();
        Some(Chosen {
            kept: asked.last()?.clone(),
            asked,
        })
    }

    /// `a` takes 10 ms and `b` 30; odd prompts are better answered by `b`.
    fn prompt(index: usize, predicted: &[&str], perfect: &[&str]) -> PromptOutcome {
        let of_b = if index % 2 == 1 { -1.0 } else { -3.0 };
        let answers = [("a", tried(10.0, -2.0)), ("b", tried(30.0, of_b))];
        PromptOutcome {
            index,
            answers: answers.map(|(name, one)| (name.to_owned(), one)).into(),
            failures: BTreeMap::new(),
            predicted: asked(predicted),
            perfect: asked(perfect),
        }
    }

    fn way<'a>(found: &'a Hindsight, name: &str) -> &'a Way {
        found.ways.iter().find(|way| way.name == name).unwrap()
    }

    #[test]
    fn a_perfect_classifier_has_no_regret_where_categories_decide() {
        let right = |index: usize| if index % 2 == 1 { ["b"] } else { ["a"] };
        // The classifier is wrong at the first two of eight.
        let said = |index: usize| {
            if index < 2 {
                right(index + 1)
            } else {
                right(index)
            }
        };
        let all: Vec<_> = (0..8).map(|i| prompt(i, &said(i), &right(i))).collect();
        let found = judge(&all, Quantity::Quality).unwrap();
        assert_eq!((found.n, found.n_left_out), (8, 0));
        assert_eq!(
            way(&found, "the policy, told the true category").mean_regret,
            0.0
        );
        assert_eq!(way(&found, "the policy").mean_regret, 0.25);
        assert_eq!(way(&found, "the policy").best_share, 0.75);
        // The difference beside two means is theirs, though most prompts differ by less.
        let means = way(&found, "the policy").mean - way(&found, "always a").mean;
        assert_eq!(found.over_best_single[0], Some(means));
        let random = way(&found, "at random");
        assert_eq!(
            (random.mean, random.mean_regret, random.best_share),
            (-2.0, 0.5, 0.5)
        );
        assert_eq!(way(&found, "the best in hindsight").mean, -1.5);
    }

    #[test]
    fn a_cascade_pays_for_everybody_it_asked() {
        let all: Vec<_> = (0..8).map(|i| prompt(i, &["a", "b"], &["a"])).collect();
        let found = judge(&all, Quantity::Time).unwrap();
        assert_eq!(way(&found, "the policy").mean, 40.0);
        assert_eq!(way(&found, "the policy, told the true category").mean, 10.0);
        assert_eq!(found.best_single, "a");
        assert_eq!(found.over_best_single[0], Some(30.0));
        // Nobody can choose to ask everybody: it is neither a single model nor part of the lots.
        assert_eq!(way(&found, "at random").mean, 20.0);
        assert_eq!(found.ways.len(), 6);
        // The answer that is kept is the last one's.
        let found = judge(&all, Quantity::Quality).unwrap();
        assert_eq!(way(&found, "the policy").mean, -2.0);
    }

    #[test]
    fn a_prompt_that_somebody_failed_is_left_out_for_everybody() {
        let mut all: Vec<_> = (0..8).map(|i| prompt(i, &["a"], &["a"])).collect();
        all[3].answers.remove("b");
        all[3]
            .failures
            .insert("b".to_owned(), "too long".to_owned());
        all[4].answers.get_mut("a").unwrap().quality = None;
        assert_eq!(judge(&all, Quantity::Time).unwrap().n, 7);
        assert_eq!(judge(&all, Quantity::Quality).unwrap().n_left_out, 2);
        assert!(judge(&[], Quantity::Time).is_none());
    }
}
