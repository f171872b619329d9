//! Who sorts a prompt: the embedded classifier, a model by its labels' probabilities or by what it
//! writes, a list of keywords. Whoever fails is told once and replaced by the next in line.

use std::time::Instant;

use lilim_api::EngineError;
use lilim_host::Residency;
use lilim_router::{
    Category, Classification, ClassifyOptions, DecisionCache, DecisionKey, EmbeddedClassifier,
    calibrated_priors, classify_by_keywords, content_free_prompts,
};

use super::fleet::{Fleet, Loaded};
use crate::classify;
use crate::exit::UsageError;
use crate::generate::interruptible;
use crate::models;
use crate::terminal;

/// Prompts whose classification is kept.
const MOST_KNOWN: usize = 10_000;

/// Who sorts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Classifier {
    /// The small one that is part of the program.
    Embedded,
    /// This model scores each label.
    ZeroShot(String),
    /// This model writes a label.
    Generate(String),
    /// Words.
    Keywords,
    /// Nobody.
    Nobody,
}

impl std::str::FromStr for Classifier {
    type Err = UsageError;

    fn from_str(text: &str) -> Result<Self, UsageError> {
        let (who, model) = match text.split_once(':') {
            Some((who, model)) => (who, Some(model)),
            None => (text, None),
        };
        let of_model = || model.unwrap_or(models::EMBEDDED_NAME).to_owned();
        match (who, model) {
            ("embedded", None) => Ok(Self::Embedded),
            ("keywords", None) => Ok(Self::Keywords),
            ("none", None) => Ok(Self::Nobody),
            ("zero-shot", _) => Ok(Self::ZeroShot(of_model())),
            ("generate", _) => Ok(Self::Generate(of_model())),
            _ => Err(UsageError(format!(
                "--classifier '{text}' (one of: embedded, zero-shot[:MODEL], generate[:MODEL], keywords, none)"
            ))),
        }
    }
}

impl std::fmt::Display for Classifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::ZeroShot(model) => write!(f, "zero-shot:{model}"),
            Self::Generate(model) => write!(f, "generate:{model}"),
            Self::Keywords => f.write_str("keywords"),
            Self::Nobody => f.write_str("none"),
        }
    }
}

impl Classifier {
    /// The model that does it, where one does.
    pub(crate) fn model(&self) -> Option<&str> {
        match self {
            Self::ZeroShot(model) | Self::Generate(model) => Some(model),
            Self::Embedded | Self::Keywords | Self::Nobody => None,
        }
    }

    /// The same by a model of another name.
    pub(crate) fn with_model(self, name: &str) -> Self {
        match self {
            Self::ZeroShot(_) => Self::ZeroShot(name.to_owned()),
            Self::Generate(_) => Self::Generate(name.to_owned()),
            other => other,
        }
    }
}

/// Sorts prompts, one after another.
pub(crate) struct Sorter {
    who: Classifier,
    categories: Vec<Category>,
    threshold: f64,
    /// Of a model's labels, from prompts without content.
    priors: Option<Vec<f64>>,
    /// What a model said of prompts that may come again; `None` where it is to be asked each time.
    known: Option<DecisionCache<Classification>>,
}

/// A prompt's category, who said so, and how long it took.
pub(crate) struct Sorted {
    pub(crate) classification: Option<Classification>,
    pub(crate) classifier: Option<String>,
    pub(crate) took_ms: f64,
    /// The model was asked about the same text before, and not again.
    pub(crate) is_cached: bool,
    /// The user ended it: this says nothing about the prompt.
    pub(crate) is_cancelled: bool,
}

impl Sorted {
    /// Nobody was asked.
    pub(crate) fn by_nobody() -> Self {
        Self {
            classification: None,
            classifier: None,
            took_ms: 0.0,
            is_cached: false,
            is_cancelled: false,
        }
    }
}

impl Sorter {
    pub(crate) fn new(who: Classifier, categories: Vec<Category>, threshold: f64) -> Self {
        Self {
            who,
            categories,
            threshold,
            priors: None,
            known: None,
        }
    }

    /// Asks a model once about prompts that come again.
    pub(crate) fn remember_all(&mut self) {
        self.known = Some(DecisionCache::new(MOST_KNOWN));
    }

    /// Takes in what was said of a prompt, as if it had been asked now.
    pub(crate) fn recall(&mut self, prompt: &str, classifier: &str, said: &Classification) {
        let is_by_model = self.who.model().is_some();
        if let Some(known) = self.known.as_mut().filter(|_| is_by_model) {
            let key = DecisionKey::of_classification(prompt, classifier);
            known.put(key, said.clone());
        }
    }

    fn known(&mut self, prompt: &str) -> Option<Classification> {
        self.who.model()?;
        let key = DecisionKey::of_classification(prompt, &self.who.to_string());
        self.known.as_mut()?.get(&key).cloned()
    }

    /// Who sorts now.
    pub(crate) fn name(&self) -> String {
        self.who.to_string()
    }

    /// Sorts a prompt. Models that do so are loaded for it and stay.
    pub(crate) fn sort(&mut self, prompt: &str, residency: &mut Residency<Fleet>) -> Sorted {
        let start = Instant::now();
        let mut is_cancelled = false;
        if let Some(found) = self.known(prompt) {
            return Sorted {
                classification: Some(found),
                classifier: Some(self.who.to_string()),
                took_ms: start.elapsed().as_secs_f64() * 1e3,
                is_cached: true,
                is_cancelled,
            };
        }
        let classification = loop {
            if self.who == Classifier::Nobody {
                break None;
            }
            match self.by(prompt, residency) {
                Ok(found) => break Some(found),
                Err(error) if matches!(error.downcast_ref(), Some(EngineError::Cancelled)) => {
                    is_cancelled = true;
                    break None;
                }
                Err(error) => self.fall_back(&error, residency),
            }
        };
        if let Some(said) = &classification {
            self.recall(prompt, &self.who.to_string(), said);
        }
        Sorted {
            is_cached: false,
            classifier: classification.is_some().then(|| self.who.to_string()),
            classification,
            took_ms: start.elapsed().as_secs_f64() * 1e3,
            is_cancelled,
        }
    }

    fn by(
        &mut self,
        prompt: &str,
        residency: &mut Residency<Fleet>,
    ) -> anyhow::Result<Classification> {
        match self.who.clone() {
            Classifier::Embedded => {
                let options = self.options();
                let embedded = EmbeddedClassifier::built_in();
                Ok(embedded.classify(prompt, &self.categories, &options)?)
            }
            Classifier::Keywords => {
                let knows = EmbeddedClassifier::built_in().knows(&self.categories);
                anyhow::ensure!(knows, "the words are those of the built-in categories only");
                Ok(classify_by_keywords(prompt, &self.options())?)
            }
            Classifier::ZeroShot(model) => self.zero_shot(prompt, &model, residency),
            Classifier::Generate(model) => {
                let loaded = classifier_model(residency, &model)?;
                let found =
                    classify::by_generating(loaded.labels.as_mut(), prompt, &self.categories)?;
                Ok(found)
            }
            Classifier::Nobody => unreachable!("nobody is not asked"),
        }
    }

    fn zero_shot(
        &mut self,
        prompt: &str,
        model: &str,
        residency: &mut Residency<Fleet>,
    ) -> anyhow::Result<Classification> {
        let loaded = classifier_model(residency, model)?;
        let mut score = |prompt: &str| {
            interruptible(|cancel| {
                classify::label_scores(
                    loaded.model.as_ref(),
                    loaded.labels.as_mut(),
                    prompt,
                    &self.categories,
                    cancel,
                )
            })
        };
        if self.priors.is_none() {
            let scores = content_free_prompts()
                .iter()
                .map(|prompt| score(prompt))
                .collect::<anyhow::Result<Vec<_>>>()?;
            self.priors = Some(calibrated_priors(&scores)?);
        }
        let scores = score(prompt)?;
        Ok(Classification::from_log_probs(
            &self.categories,
            &scores,
            &self.options(),
        )?)
    }

    fn options(&self) -> ClassifyOptions<'_> {
        ClassifyOptions {
            priors: self.priors.as_deref(),
            threshold: self.threshold,
        }
    }

    /// Says what went wrong, once, and asks the next in line from here on.
    pub(super) fn fall_back(&mut self, error: &anyhow::Error, residency: &mut Residency<Fleet>) {
        let next = match &self.who {
            Classifier::ZeroShot(model) | Classifier::Generate(model) => {
                // It was kept for its labels alone.
                residency.drop_model(model);
                Classifier::Embedded
            }
            Classifier::Embedded => Classifier::Keywords,
            Classifier::Keywords | Classifier::Nobody => Classifier::Nobody,
        };
        terminal::tell(&format!(
            "warning: classifier {} failed ({error:#}); {next} takes its place",
            self.who
        ));
        self.priors = None;
        self.who = next;
    }
}

/// The model that classifies stays in memory: it is asked for every prompt.
fn classifier_model<'a>(
    residency: &'a mut Residency<Fleet>,
    name: &str,
) -> anyhow::Result<&'a mut Loaded> {
    residency.fetch(name)?;
    residency.pin(name);
    Ok(residency.fetch(name)?.model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classifiers_are_named_as_they_are_shown() {
        for text in ["embedded", "keywords", "none", "zero-shot:a", "generate:b"] {
            assert_eq!(text.parse::<Classifier>().unwrap().to_string(), text);
        }
        let small = Classifier::ZeroShot("small".to_owned());
        assert_eq!("zero-shot".parse::<Classifier>().unwrap(), small);
        for text in ["", "embedded:x", "oracle"] {
            let error = text.parse::<Classifier>().unwrap_err().to_string();
            assert!(error.contains("one of: embedded"), "{error}");
        }
    }
}
