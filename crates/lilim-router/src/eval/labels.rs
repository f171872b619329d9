//! What was expected against what was said, category by category.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Judged;

/// How often each category was said for each expected one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confusion {
    /// The categories: as the classifier orders them, then expected ones that it does not know.
    pub labels: Vec<String>,
    /// One row an expected category, one column a category said.
    pub counts: Vec<Vec<usize>>,
    /// For each row, the prompts that nothing was said for.
    pub unanswered: Vec<usize>,
}

/// How one category fares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassScore {
    /// The category.
    pub label: String,
    /// How many prompts have it.
    pub n_expected: usize,
    /// How often it was said.
    pub n_said: usize,
    /// The share of right ones where it was said; `None` when it never was.
    pub precision: Option<f64>,
    /// The share of right ones where it was expected; `None` when it never was.
    pub recall: Option<f64>,
    /// The harmonic mean of the two; 0 where there is neither.
    pub f1: f64,
}

impl Confusion {
    pub(super) fn of(judged: &[Judged<'_>]) -> Self {
        let mut labels: Vec<String> = Vec::new();
        let mut add = |label: &str| {
            if !labels.iter().any(|known| known == label) {
                labels.push(label.to_owned());
            }
        };
        for one in judged {
            for score in &one.classification.scores {
                add(&score.category);
            }
        }
        for one in judged {
            add(one.expected);
            one.classification
                .likeliest()
                .into_iter()
                .for_each(&mut add);
        }
        let index = |label: &str| {
            let mut all = labels.iter();
            all.position(|known| known == label)
                .expect("every label was added")
        };
        let mut counts = vec![vec![0; labels.len()]; labels.len()];
        let mut unanswered = vec![0; labels.len()];
        for one in judged {
            let row = index(one.expected);
            match one.classification.likeliest() {
                Some(said) => counts[row][index(said)] += 1,
                None => unanswered[row] += 1,
            }
        }
        Self {
            labels,
            counts,
            unanswered,
        }
    }

    pub(super) fn classes(&self) -> Vec<ClassScore> {
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        let score = |(index, label): (usize, &String)| {
            let n_right = self.counts[index][index];
            let n_expected = self.counts[index].iter().sum::<usize>() + self.unanswered[index];
            let n_said = self.counts.iter().map(|row| row[index]).sum();
            ClassScore {
                label: label.clone(),
                n_expected,
                n_said,
                precision: share(n_right, n_said),
                recall: share(n_right, n_expected),
                f1: share(2 * n_right, n_said + n_expected).unwrap_or_default(),
            }
        };
        self.labels.iter().enumerate().map(score).collect()
    }
}
