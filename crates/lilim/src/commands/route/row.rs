//! What happened to one prompt.

use std::collections::BTreeMap;

use lilim_api::FinishReason;
use lilim_router::{Classification, Decision, PromptId};
use serde::{Deserialize, Serialize};

use crate::metrics::Figures;

/// One prompt's way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Row {
    /// Its place in the job, from 0.
    pub(crate) index: usize,
    /// Its id in the file; several may have the same.
    pub(crate) id: PromptId,
    /// The category that the file says.
    pub(crate) expected: Option<String>,
    /// Who classified it; `None` where nobody had to.
    pub(crate) classifier: Option<String>,
    /// What they said.
    pub(crate) classification: Option<Classification>,
    /// How long that took, tokenizing included.
    pub(crate) classification_ms: f64,
    /// Whether a model had said so of the same text before, and was not asked again.
    #[serde(default)]
    pub(crate) cached: bool,
    /// What was decided, with the reasons; of a cascade, what was decided last.
    pub(crate) decision: Decision,
    /// From the decision to sending, loading left out.
    pub(crate) queue_ms: f64,
    /// What loading models for it took, together.
    pub(crate) load_ms: f64,
    /// Each model that was loaded to answer it. To reach a server is no load.
    #[serde(default)]
    pub(crate) loads: Vec<Load>,
    /// Models that had to go for it.
    pub(crate) evicted: Vec<String>,
    /// From being taken up to the first token of the answer that is kept: classifying, loading and
    /// answers that were thrown away included. What whoever asked waits for.
    pub(crate) first_token_ms: Option<f64>,
    /// Of the answer that is kept, by its events alone.
    pub(crate) figures: Option<Figures>,
    /// From being taken up to the last token: everything above together.
    pub(crate) total_ms: f64,
    /// CPU seconds of this process meanwhile.
    pub(crate) cpu_s: Option<f64>,
    /// The largest resident set so far.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// Joules by the machine's counters, everything that ran meanwhile included; `None` where there are
    /// none.
    pub(crate) energy_j: Option<f64>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why_no_energy: Option<String>,
    /// What the next prompt's decision finds; a run that goes on after this row puts it back.
    #[serde(default)]
    pub(crate) left: Left,
    /// Answers of a cascade that were not sure enough, and were thrown away.
    #[serde(default)]
    pub(crate) unsure: Vec<Unsure>,
    /// The answer.
    pub(crate) completion: Option<String>,
    /// Why it ended.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) finish_reason: Option<FinishReason>,
    /// Why there is no answer.
    pub(crate) failure: Option<String>,
}

/// What a prompt left behind that later decisions depend on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Left {
    /// Models in memory, the one used longest ago first, and whether each has to stay.
    pub(crate) residents: Vec<(String, bool)>,
    /// How long each model took to load, when it last did in this job.
    pub(crate) load_ms: BTreeMap<String, f64>,
}

/// A model that came into memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Load {
    /// Which.
    pub(crate) model: String,
    /// How long that took.
    pub(crate) ms: f64,
}

/// An answer that a cascade was not content with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Unsure {
    /// Who gave it.
    pub(crate) model: String,
    /// The geometric mean of its tokens' probabilities.
    pub(crate) confidence: f64,
    /// From sending to its end.
    pub(crate) ms: f64,
    /// By its events.
    pub(crate) figures: Figures,
}

impl Row {
    /// Of every answer to the prompt: those that were thrown away, and the one that is kept.
    pub(crate) fn all_figures(&self) -> impl Iterator<Item = &Figures> {
        let unsure = self.unsure.iter().map(|one| &one.figures);
        unsure.chain(&self.figures)
    }

    /// Whether the category is the one that the file says; `None` where it says none.
    pub(crate) fn is_right(&self) -> Option<bool> {
        let expected = self.expected.as_ref()?;
        self.classifier.as_ref()?;
        Some(self.decision.category.as_ref() == Some(expected))
    }
}
