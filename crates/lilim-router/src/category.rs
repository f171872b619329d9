//! What prompts are sorted into.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::RouterError;
use crate::error::kind_of;

/// A kind of prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// The name, which is also the label that a model is asked for.
    pub name: String,
    /// What belongs here, in one sentence; empty for categories from a file.
    #[serde(default)]
    pub description: String,
}

/// The five categories that Lilim knows without being told.
pub fn built_in_categories() -> Vec<Category> {
    [
        (
            "Factual",
            "asks for facts, definitions or explanations of how things are or were",
        ),
        (
            "Reasoning",
            "asks to work something out: logic, arithmetic, puzzles, cause and effect",
        ),
        (
            "Creative",
            "asks for something invented: stories, poems, ideas, dialogue",
        ),
        (
            "Instruction-heavy",
            "lists requirements on form, steps or output that must be followed",
        ),
        (
            "Role-based",
            "asks to answer as someone: a profession, a character, a persona",
        ),
    ]
    .map(|(name, description)| Category {
        name: name.to_owned(),
        description: description.to_owned(),
    })
    .to_vec()
}

/// Reads a categories file: `{"categories":["Factual", …]}`. Built-in names get their description.
///
/// # Errors
/// No JSON, another shape, an empty list, an empty or repeated name.
pub fn parse_categories(json: &str) -> Result<Vec<Category>, RouterError> {
    const WHAT: &str = "categories";
    let root: Value =
        serde_json::from_str(json).map_err(|error| RouterError::syntax(WHAT, &error))?;
    let list = match root.get("categories") {
        Some(Value::Array(list)) => list,
        Some(other) => {
            let reason = format!("must be an array of strings, not {}", kind_of(other));
            return Err(RouterError::shape(WHAT, "key categories", reason));
        }
        None => return Err(RouterError::shape(WHAT, "key categories", "is missing")),
    };
    if list.is_empty() {
        return Err(RouterError::shape(WHAT, "key categories", "is empty"));
    }
    let known = built_in_categories();
    let mut categories: Vec<Category> = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let fault =
            |reason: String| RouterError::shape(WHAT, format!("categories[{index}]"), reason);
        let Value::String(name) = value else {
            return Err(fault(format!("must be a string, not {}", kind_of(value))));
        };
        if name.trim().is_empty() {
            return Err(fault("is an empty name".to_owned()));
        }
        if categories.iter().any(|category| category.name == *name) {
            return Err(fault(format!("repeats the name {name}")));
        }
        let description = known
            .iter()
            .find(|category| category.name == *name)
            .map_or_else(String::new, |category| category.description.clone());
        categories.push(Category {
            name: name.clone(),
            description,
        });
    }
    Ok(categories)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_in_order_and_faults_are_placed() {
        let categories = parse_categories(r#"{"categories":["Creative","Code"]}"#).unwrap();
        assert_eq!(categories[0], built_in_categories()[2]);
        assert_eq!(categories[1].name, "Code");
        let cases = [
            (
                "{",
                "categories is not JSON: line 1, column 1: EOF while parsing an object",
            ),
            ("{}", "categories: key categories is missing"),
            (
                r#"{"categories":3}"#,
                "categories: key categories must be an array of strings, not a number",
            ),
            (
                r#"{"categories":[]}"#,
                "categories: key categories is empty",
            ),
            (
                r#"{"categories":["A",1]}"#,
                "categories: categories[1] must be a string, not a number",
            ),
            (
                r#"{"categories":["A","A"]}"#,
                "categories: categories[1] repeats the name A",
            ),
            (
                r#"{"categories":[" "]}"#,
                "categories: categories[0] is an empty name",
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(parse_categories(json).unwrap_err().to_string(), expected);
        }
    }
}
