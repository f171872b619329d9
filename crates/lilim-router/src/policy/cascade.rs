//! A small model first; the next larger one when the answer is not sure enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Estimate;
use crate::{ChosenBy, Decision, RouterError};

/// Models from small to large and how sure an answer must be to stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cascade {
    /// The models, in the order they are asked.
    pub steps: Vec<String>,
    /// An answer less sure than this goes to the next step.
    pub min_confidence: f64,
}

impl Cascade {
    /// Makes a cascade.
    ///
    /// # Errors
    /// `Shape` when there is no step, a step occurs twice, or the confidence is not from 0 to 1.
    pub fn new(steps: Vec<String>, min_confidence: f64) -> Result<Self, RouterError> {
        let fault = |place: String, reason: &str| Err(RouterError::shape("cascade", place, reason));
        if steps.is_empty() {
            return fault("steps".to_owned(), "is empty");
        }
        for (index, step) in steps.iter().enumerate() {
            if steps[..index].contains(step) {
                return fault(format!("step {step}"), "occurs twice");
            }
        }
        if !(0.0..=1.0).contains(&min_confidence) {
            return fault(
                "min_confidence".to_owned(),
                &format!("must be from 0 to 1, not {min_confidence}"),
            );
        }
        Ok(Self {
            steps,
            min_confidence,
        })
    }
}

/// Where an answer goes that is not sure enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Escalation {
    /// The answer stands from this confidence on.
    pub min_confidence: f64,
    /// The models still to be asked, at least one.
    pub steps: Vec<EscalationStep>,
}

/// A model that would be asked next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationStep {
    /// The model.
    pub model: String,
    /// What asking it is expected to cost, as things stood when the first decision was made.
    pub estimate: Estimate,
}

/// Decides what follows an answer: `None` when it stands (it is sure enough, or no step is left),
/// otherwise the decision for the next step, with all reasons so far. A confidence that is not a
/// number counts as none at all.
pub fn escalate(decision: &Decision, answer_confidence: f64) -> Option<Decision> {
    let escalation = decision.escalation.as_ref()?;
    if answer_confidence >= escalation.min_confidence {
        return None;
    }
    let next = escalation.steps.first()?;
    let reason = format!(
        "the answer of {} has a confidence of {:.1} %, below {:.1} %: {} is asked",
        decision.model.as_deref().unwrap_or("nobody"),
        answer_confidence * 100.0,
        escalation.min_confidence * 100.0,
        next.model,
    );
    next_step(decision, reason)
}

/// What a cascade does after a model that gave no answer: the decision for its next model, or `None`
/// where no model is left.
pub fn pass_over(decision: &Decision, failure: &str) -> Option<Decision> {
    let next = decision.escalation.as_ref()?.steps.first()?;
    let reason = format!(
        "{} failed: {failure}; {} is asked",
        decision.model.as_deref().unwrap_or("nobody"),
        next.model,
    );
    next_step(decision, reason)
}

fn next_step(decision: &Decision, reason: String) -> Option<Decision> {
    let escalation = decision.escalation.as_ref()?;
    let (next, rest) = escalation.steps.split_first()?;
    let mut reasons = decision.reasons.clone();
    reasons.push(reason);
    reasons.extend(next.estimate.switch_reason(&next.model));
    Some(Decision {
        model: Some(next.model.clone()),
        chosen_by: ChosenBy::Escalation,
        estimate: Some(next.estimate.clone()),
        escalation: (!rest.is_empty()).then(|| Escalation {
            min_confidence: escalation.min_confidence,
            steps: rest.to_vec(),
        }),
        reasons,
        ..decision.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faulty_cascades_are_refused() {
        let check = |steps: &[&str], confidence: f64, expected: &str| {
            let steps = steps.iter().map(|&step| step.to_owned()).collect();
            let error = Cascade::new(steps, confidence).unwrap_err();
            assert_eq!(error.to_string(), format!("cascade: {expected}"));
        };
        check(&[], 0.5, "steps is empty");
        check(&["a", "a"], 0.5, "step a occurs twice");
        check(&["a"], 1.5, "min_confidence must be from 0 to 1, not 1.5");
        check(
            &["a"],
            f64::NAN,
            "min_confidence must be from 0 to 1, not NaN",
        );
    }
}
