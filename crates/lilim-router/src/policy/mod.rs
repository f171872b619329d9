//! By which rule a model is chosen: a mapping, a target, a cascade, or always the same one.

mod cascade;
mod estimate;
mod requirement;
mod target;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ModelMapping;

pub use cascade::{Cascade, Escalation, EscalationStep, escalate, pass_over};
pub use estimate::{ASSUMED_ANSWER_TOKENS, Estimate, RequestSize};
pub use requirement::{Comparison, Objective, Requirement, Target};
pub(crate) use target::{TargetChoice, choose_by_target, context_fault};

/// A rule that chooses a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The model that the prompt's category is mapped to.
    Mapping(ModelMapping),
    /// The cheapest candidate that meets every requirement.
    Target(Target),
    /// A small model first, larger ones when its answer is not sure enough.
    Cascade(Cascade),
    /// Always this model: no routing, for comparison.
    Direct(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_survive_json() {
        let mapping = ModelMapping::parse(r#"{"B":"two","A":"one"}"#).unwrap();
        let steps = vec!["small".to_owned(), "large".to_owned()];
        let cases = [
            (
                Policy::Mapping(mapping),
                r#"{"mapping":{"B":"two","A":"one"}}"#,
            ),
            (
                Policy::Target(Target::default()),
                r#"{"target":{"requirements":[],"objective":"time"}}"#,
            ),
            (
                Policy::Cascade(Cascade::new(steps, 0.5).unwrap()),
                r#"{"cascade":{"steps":["small","large"],"min_confidence":0.5}}"#,
            ),
            (Policy::Direct("small".to_owned()), r#"{"direct":"small"}"#),
        ];
        for (policy, json) in cases {
            assert_eq!(serde_json::to_string(&policy).unwrap(), json);
            assert_eq!(serde_json::from_str::<Policy>(json).unwrap(), policy);
        }
        let twice = r#"{"mapping":{"A":"one","A":"two"}}"#;
        let error = serde_json::from_str::<Policy>(twice).unwrap_err();
        assert!(error.to_string().contains("occurs twice"), "{error}");
    }
}
