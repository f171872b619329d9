//! From label scores to a category with a confidence, or to abstaining.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Category, RouterError};

/// A category and its probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CategoryScore {
    /// The category's name.
    pub category: String,
    /// Its probability among the categories.
    pub probability: f64,
}

/// What a prompt was classified as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Classification {
    /// The likeliest category; `None` when its probability is below the threshold.
    pub category: Option<String>,
    /// The likeliest category's probability, abstained from or not.
    pub confidence: f64,
    /// All categories in the order they were given.
    pub scores: Vec<CategoryScore>,
}

/// How scores become a decision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassifyOptions<'a> {
    /// A weight for each category, multiplied with its probability before normalising: how common
    /// it is, or, to take a label bias out, the reciprocal of the label's probability for a prompt
    /// without content. `None` weighs all alike.
    pub priors: Option<&'a [f64]>,
    /// Abstain below this confidence; 0 never abstains.
    pub threshold: f64,
}

impl Classification {
    /// Makes a classification of the labels' log-probabilities: softmax, weighted by the priors.
    /// Among equals the first category wins.
    ///
    /// *Units*: natural logarithms, each the sum over its label's tokens; any common offset is fine.
    ///
    /// # Errors
    /// `Scores` when lengths differ, there is no category, a score is NaN or plus infinity, a prior
    /// is not positive and finite, or every score is minus infinity.
    pub fn from_log_probs(
        categories: &[Category],
        log_probs: &[f64],
        options: &ClassifyOptions<'_>,
    ) -> Result<Self, RouterError> {
        check_lengths(categories, log_probs.len(), "log-probabilities")?;
        if let Some(priors) = options.priors {
            check_lengths(categories, priors.len(), "priors")?;
        }
        let mut weighted = Vec::with_capacity(log_probs.len());
        for (index, (category, &log_prob)) in categories.iter().zip(log_probs).enumerate() {
            if log_prob.is_nan() || log_prob == f64::INFINITY {
                return Err(fault(
                    &category.name,
                    format!("the log-probability is {log_prob}"),
                ));
            }
            let prior = options.priors.map_or(1.0, |priors| priors[index]);
            if !(prior > 0.0 && prior.is_finite()) {
                return Err(fault(
                    &category.name,
                    format!("the prior is {prior}, not positive"),
                ));
            }
            weighted.push(log_prob + prior.ln());
        }
        let max = weighted.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if max == f64::NEG_INFINITY {
            return Err(fault(
                "all categories",
                "every log-probability is -inf".to_owned(),
            ));
        }
        let sum: f64 = weighted.iter().map(|x| (x - max).exp()).sum();
        let scores = categories
            .iter()
            .zip(&weighted)
            .map(|(category, x)| CategoryScore {
                category: category.name.clone(),
                probability: (x - max).exp() / sum,
            })
            .collect();
        Ok(Self::from_scores(scores, options.threshold))
    }

    /// The likeliest category, abstained from or not; without scores, what was said. Among equals the
    /// first.
    pub fn likeliest(&self) -> Option<&str> {
        best_of(&self.scores)
            .map(|best| best.category.as_str())
            .or(self.category.as_deref())
    }

    /// Makes a classification of a label that was written and not scored: that category, or, where none was
    /// recognized, an abstention. It has no probabilities: its confidence of 1 says no more than that a
    /// label was written, and that of 0 that none was.
    ///
    /// # Errors
    /// `Scores` when there is no category.
    pub fn of_label(categories: &[Category], label: Option<usize>) -> Result<Self, RouterError> {
        check_lengths(categories, categories.len(), "labels")?;
        let category = label.and_then(|label| categories.get(label));
        Ok(Self {
            category: category.map(|category| category.name.clone()),
            confidence: f64::from(u8::from(category.is_some())),
            scores: Vec::new(),
        })
    }

    fn from_scores(scores: Vec<CategoryScore>, threshold: f64) -> Self {
        let best = best_of(&scores).expect("the scores were checked to be at least one");
        let confidence = best.probability;
        let category = (confidence >= threshold).then(|| best.category.clone());
        Self {
            category,
            confidence,
            scores,
        }
    }
}

fn best_of(scores: &[CategoryScore]) -> Option<&CategoryScore> {
    scores.iter().reduce(|best, next| {
        if next.probability > best.probability {
            next
        } else {
            best
        }
    })
}

/// The baseline that always says the commonest of the labels seen, and the share they have;
/// `None` without labels. Among equals the one seen first.
pub fn majority<'a>(labels: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, f64)> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut n_labels = 0;
    for label in labels {
        n_labels += 1;
        match counts.iter_mut().find(|(seen, _)| *seen == label) {
            Some((_, count)) => *count += 1,
            None => counts.push((label, 1)),
        }
    }
    let (label, count) = counts
        .into_iter()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    Some((label, count as f64 / f64::from(n_labels)))
}

fn check_lengths(categories: &[Category], n: usize, what: &str) -> Result<(), RouterError> {
    if categories.is_empty() || categories.len() != n {
        let names = format!("{} categories", categories.len());
        return Err(fault(&names, format!("{n} {what} were given")));
    }
    Ok(())
}

fn fault(category: &str, reason: String) -> RouterError {
    RouterError::Scores {
        category: category.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in_categories;

    fn classify(log_probs: &[f64], options: &ClassifyOptions<'_>) -> Classification {
        let categories = built_in_categories();
        Classification::from_log_probs(&categories[..log_probs.len()], log_probs, options).unwrap()
    }

    fn probabilities(classification: &Classification) -> Vec<f64> {
        classification
            .scores
            .iter()
            .map(|score| score.probability)
            .collect()
    }

    #[test]
    fn probabilities_are_the_softmax_whatever_the_offset() {
        for offset in [0.0, -2_000.0, 500.0] {
            let scores = [0.1_f64, 0.6, 0.3].map(|p| p.ln() + offset);
            let got = classify(&scores, &ClassifyOptions::default());
            for (got, expected) in probabilities(&got).iter().zip([0.1, 0.6, 0.3]) {
                assert!((got - expected).abs() < 1e-9);
            }
            assert_eq!(got.category.as_deref(), Some("Reasoning"));
            assert!((got.confidence - 0.6).abs() < 1e-9);
        }
    }

    #[test]
    fn priors_weigh_and_the_threshold_abstains() {
        let scores = [0.5_f64.ln(), 0.5_f64.ln()];
        let priors = [1.0, 3.0];
        let options = ClassifyOptions {
            priors: Some(&priors),
            threshold: 0.7,
        };
        let got = classify(&scores, &options);
        assert_eq!(got.category.as_deref(), Some("Reasoning"));
        assert!((got.confidence - 0.75).abs() < 1e-12);
        let got = classify(
            &scores,
            &ClassifyOptions {
                threshold: 0.8,
                ..options
            },
        );
        assert_eq!(got.category, None);
        assert!((got.confidence - 0.75).abs() < 1e-12);
    }

    #[test]
    fn equals_go_to_the_first_and_impossible_labels_are_fine() {
        let got = classify(&[f64::NEG_INFINITY, 0.0, 0.0], &ClassifyOptions::default());
        assert_eq!(got.category.as_deref(), Some("Reasoning"));
        assert_eq!(probabilities(&got), [0.0, 0.5, 0.5]);
        assert_eq!(got.likeliest(), Some("Reasoning"));
    }

    #[test]
    fn faults_name_the_category() {
        let categories = built_in_categories();
        let check = |log_probs: &[f64], priors: Option<&[f64]>, expected: &str| {
            let options = ClassifyOptions {
                priors,
                threshold: 0.0,
            };
            let error = Classification::from_log_probs(&categories[..2], log_probs, &options);
            assert_eq!(error.unwrap_err().to_string(), expected);
        };
        check(
            &[0.0],
            None,
            "scores for 2 categories: 1 log-probabilities were given",
        );
        check(
            &[0.0; 2],
            Some(&[1.0]),
            "scores for 2 categories: 1 priors were given",
        );
        check(
            &[0.0, f64::NAN],
            None,
            "scores for Reasoning: the log-probability is NaN",
        );
        check(
            &[0.0; 2],
            Some(&[0.0, 1.0]),
            "scores for Factual: the prior is 0, not positive",
        );
        check(
            &[f64::NEG_INFINITY; 2],
            None,
            "scores for all categories: every log-probability is -inf",
        );
    }

    #[test]
    fn the_majority_is_counted() {
        assert_eq!(majority(["b", "a", "a", "b", "c"]), Some(("b", 0.4)));
        assert_eq!(majority(["b", "a", "a"]), Some(("a", 2.0 / 3.0)));
        assert_eq!(majority([]), None);
    }
}
