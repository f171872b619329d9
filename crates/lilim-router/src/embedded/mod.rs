//! The embedded classifier: a linear model over hashed n-grams, in microseconds a prompt.
//!
//! Trained by `training/classifier`, whose card says on what and how well it does. It knows the
//! built-in categories only.

mod features;
mod weights;

use std::sync::LazyLock;

use crate::{Category, Classification, ClassifyOptions, RouterError, built_in_categories};
use weights::Weights;

static FILE: &[u8] = include_bytes!("../../assets/prompt-classifier.bin");

/// A classifier of prompts that needs no model.
pub struct EmbeddedClassifier {
    weights: Weights,
    /// The labels' names in the order of the weights.
    names: Vec<String>,
}

impl EmbeddedClassifier {
    /// The classifier that ships with Lilim; its weights are checked once.
    ///
    /// # Panics
    /// When the weights in the program are broken, which a test rules out.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<EmbeddedClassifier> = LazyLock::new(|| {
            EmbeddedClassifier::read(FILE).expect("the weights in the program were tested")
        });
        &BUILT_IN
    }

    fn read(bytes: &'static [u8]) -> Result<Self, RouterError> {
        let names = built_in_categories().into_iter().map(|c| c.name).collect();
        Ok(Self {
            weights: Weights::read(bytes)?,
            names,
        })
    }

    /// Whether it knows every one of the categories: the built-in ones, all or some, in any order.
    pub fn knows(&self, categories: &[Category]) -> bool {
        categories
            .iter()
            .all(|category| self.names.contains(&category.name))
    }

    /// Classifies a prompt into the categories, of which each must be a built-in one. Of a prompt
    /// over 2,048 bytes it reads the first 1,536 and the last 512.
    ///
    /// The probabilities are calibrated for the five together; without some of them the rest share
    /// what those had. A prompt without words is Creative with a confidence of 0.40: nothing
    /// is known of it.
    ///
    /// # Errors
    /// `UnknownCategory` for a category that is not built in; `Scores` when there is no category or
    /// the priors are wrong.
    ///
    /// *Cost*: bounded by the cut; about 20 µs for a sentence, 200 µs at most.
    pub fn classify(
        &self,
        prompt: &str,
        categories: &[Category],
        options: &ClassifyOptions<'_>,
    ) -> Result<Classification, RouterError> {
        let logits = self.weights.logits(&features::features(prompt));
        let scores = categories
            .iter()
            .map(|category| {
                let label = self.names.iter().position(|name| *name == category.name);
                label
                    .map(|label| logits[label])
                    .ok_or_else(|| RouterError::UnknownCategory {
                        category: category.name.clone(),
                        known: self.names.join(", "),
                    })
            })
            .collect::<Result<Vec<f64>, RouterError>>()?;
        Classification::from_log_probs(categories, &scores, options)
    }
}
