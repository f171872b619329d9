//! From a classification to the model that answers, with every step's reason.

use serde::{Deserialize, Serialize};

use crate::mapping::find_installed;
use crate::{Classification, ModelMapping};

/// What a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct DecisionInput<'a> {
    /// What the prompt was classified as.
    pub classification: &'a Classification,
    /// The routes as configured; those not installed are passed over.
    pub mapping: &'a ModelMapping,
    /// Names of the installed models.
    pub installed: &'a [String],
    /// A model that the user asks for: it wins over every route.
    pub requested: Option<&'a str>,
    /// The model when no route fits; without one, the first installed.
    pub fallback: Option<&'a str>,
}

/// Which model answers, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The category; `None` when the classifier abstained.
    pub category: Option<String>,
    /// The likeliest category's probability.
    pub confidence: f64,
    /// The model; `None` when nothing is installed that may answer.
    pub model: Option<String>,
    /// The steps, in order, as sentences for people.
    pub reasons: Vec<String>,
}

/// Decides which installed model answers: the requested one, the category's route, the fallback, the
/// first installed, in this order. Never fails: whatever is missing is a reason.
pub fn decide(input: &DecisionInput<'_>) -> Decision {
    let classification = input.classification;
    let mut reasons = vec![category_reason(classification)];
    let model = choose(input, &mut reasons);
    Decision {
        category: classification.category.clone(),
        confidence: classification.confidence,
        model,
        reasons,
    }
}

fn category_reason(classification: &Classification) -> String {
    let percent = classification.confidence * 100.0;
    match &classification.category {
        Some(category) => format!("classified as {category} with {percent:.1} % confidence"),
        None => format!("abstained: the likeliest category has only {percent:.1} % confidence"),
    }
}

fn choose(input: &DecisionInput<'_>, reasons: &mut Vec<String>) -> Option<String> {
    if let Some(model) = input.requested {
        match find_installed(model, input.installed) {
            Some(model) => {
                reasons.push(format!("{model} was asked for"));
                return Some(model.to_owned());
            }
            None => reasons.push(format!("{model} was asked for but is not installed")),
        }
        // A model asked for by name is not silently replaced.
        return None;
    }
    if let Some(category) = &input.classification.category
        && let Some(model) = route(category, input, reasons)
    {
        return Some(model);
    }
    if let Some(model) = input.fallback {
        match find_installed(model, input.installed) {
            Some(model) => {
                reasons.push(format!("{model} is the fallback"));
                return Some(model.to_owned());
            }
            None => reasons.push(format!("the fallback {model} is not installed")),
        }
    }
    match input.installed.first() {
        Some(model) => reasons.push(format!("{model} is the first installed model")),
        None => reasons.push("no model is installed".to_owned()),
    }
    input.installed.first().cloned()
}

fn route(category: &str, input: &DecisionInput<'_>, reasons: &mut Vec<String>) -> Option<String> {
    let (usable, skipped) = input.mapping.installed_only(input.installed);
    if let Some(model) = usable.model_for(category) {
        reasons.push(format!("{category} is routed to {model}"));
        return Some(model.to_owned());
    }
    match skipped.iter().find(|route| route.category == category) {
        Some(route) => {
            let mut reason = format!(
                "{category} is routed to {}, which is not installed",
                route.model
            );
            if let Some(suggestion) = &route.suggestion {
                reason.push_str(&format!(
                    " (suggestion: {}, {})",
                    suggestion.model, suggestion.reason
                ));
            }
            reasons.push(reason);
        }
        None => reasons.push(format!("{category} has no route")),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        category: Option<&str>,
        requested: Option<&str>,
        fallback: Option<&str>,
        expected: (Option<&str>, &str),
    ) {
        let classification = Classification {
            category: category.map(str::to_owned),
            confidence: 0.625,
            scores: Vec::new(),
        };
        let mapping = ModelMapping::parse(
            r#"{"Factual":"small-Q8_0","Creative":"small-q4f16_1-MLC","Reasoning":"other"}"#,
        )
        .unwrap();
        let installed = ["tiny".to_owned(), "Small-Q8_0".to_owned()];
        let decision = decide(&DecisionInput {
            classification: &classification,
            mapping: &mapping,
            installed: &installed,
            requested,
            fallback,
        });
        let reasons = decision.reasons[1..].join("; ");
        assert_eq!((decision.model.as_deref(), reasons.as_str()), expected);
        let verb = if category.is_some() {
            "classified"
        } else {
            "abstained"
        };
        assert!(decision.reasons[0].starts_with(verb));
        assert!(decision.reasons[0].contains("62.5 %"));
    }

    #[test]
    fn each_way_to_a_model_has_its_reason() {
        check(
            Some("Factual"),
            None,
            None,
            (Some("Small-Q8_0"), "Factual is routed to Small-Q8_0"),
        );
        check(
            Some("Creative"),
            None,
            None,
            (
                Some("tiny"),
                "Creative is routed to small-q4f16_1-MLC, which is not installed (suggestion: \
                 Small-Q8_0, the same model as small-q4f16_1-MLC in the nearest quantization); \
                 tiny is the first installed model",
            ),
        );
        check(
            Some("Reasoning"),
            None,
            Some("SMALL-q8_0"),
            (
                Some("Small-Q8_0"),
                "Reasoning is routed to other, which is not installed; Small-Q8_0 is the fallback",
            ),
        );
        check(
            Some("Else"),
            None,
            Some("gone"),
            (
                Some("tiny"),
                "Else has no route; the fallback gone is not installed; tiny is the first \
                 installed model",
            ),
        );
        check(
            None,
            None,
            Some("tiny"),
            (Some("tiny"), "tiny is the fallback"),
        );
        check(
            Some("Factual"),
            Some("tiny"),
            None,
            (Some("tiny"), "tiny was asked for"),
        );
        check(
            Some("Factual"),
            Some("huge"),
            None,
            (None, "huge was asked for but is not installed"),
        );
    }

    #[test]
    fn nothing_installed_is_a_reason_too() {
        let classification = Classification {
            category: None,
            confidence: 0.2,
            scores: Vec::new(),
        };
        let decision = decide(&DecisionInput {
            classification: &classification,
            mapping: &ModelMapping::default(),
            installed: &[],
            requested: None,
            fallback: None,
        });
        assert_eq!(decision.model, None);
        assert_eq!(decision.reasons[1], "no model is installed");
    }
}
