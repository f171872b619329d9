//! What prompts are sorted into.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::RouterError;
use crate::error::kind_of;
use crate::json_place::{Step, line_of};

/// A kind of prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

const WHAT: &str = "categories";

/// Reads a categories file: `{"categories":["Factual", {"name":"Code","description":"…"}, …]}`. A built-in
/// name without a description has its own.
///
/// # Errors
/// No JSON, another shape, an empty list, an empty or repeated name; each with its line.
pub fn parse_categories(json: &str) -> Result<Vec<Category>, RouterError> {
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let root: Value =
        serde_json::from_str(json).map_err(|error| RouterError::syntax(WHAT, &error))?;
    let list_path = [Step::Key(WHAT)];
    let list_fault = |reason: &str| {
        let fault = RouterError::shape(WHAT, "key categories", reason);
        Err(fault.at_line(line_of(json, &list_path)))
    };
    let list = match root.get(WHAT) {
        Some(Value::Array(list)) => list,
        Some(other) => {
            return list_fault(&format!("must be an array, not {}", kind_of(other)));
        }
        None => return list_fault("is missing"),
    };
    let known = built_in_categories();
    if list.is_empty() {
        let names: Vec<_> = known.iter().map(|known| known.name.as_str()).collect();
        return list_fault(&format!(
            "is empty; leave the file out for the built-in five: {}",
            names.join(", ")
        ));
    }
    let mut categories: Vec<Category> = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let fault = |(key, reason): (&str, String)| {
            let mut path = vec![list_path[0], Step::Index(index)];
            let mut place = format!("categories[{index}]");
            if !key.is_empty() {
                path.push(Step::Key(key));
                place = format!("{place}.{key}");
            }
            RouterError::shape(WHAT, place, reason).at_line(line_of(json, &path))
        };
        let mut category = category(value).map_err(fault)?;
        let name = &category.name;
        if categories.iter().any(|earlier| earlier.name == *name) {
            return Err(fault(("", format!("repeats the name {name}"))));
        }
        if category.description.is_empty()
            && let Some(known) = known.iter().find(|known| known.name == *name)
        {
            category.description.clone_from(&known.description);
        }
        categories.push(category);
    }
    Ok(categories)
}

/// A category as a name or an object; a fault has its key, which is empty for the whole.
fn category(value: &Value) -> Result<Category, (&'static str, String)> {
    let (name_key, name) = match value {
        Value::Object(object) => (
            "name",
            object
                .get("name")
                .ok_or_else(|| ("name", "is missing".to_owned()))?,
        ),
        other => ("", other),
    };
    let Value::String(name) = name else {
        let allowed = if name_key.is_empty() {
            "a string or an object with a name"
        } else {
            "a string"
        };
        let reason = format!("must be {allowed}, not {}", kind_of(name));
        return Err((name_key, reason));
    };
    if name.trim().is_empty() {
        return Err((name_key, "is an empty name".to_owned()));
    }
    let description = match value.get("description") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => {
            let reason = format!("must be a string, not {}", kind_of(other));
            return Err(("description", reason));
        }
    };
    Ok(Category {
        name: name.clone(),
        description,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_in_order_and_faults_are_placed() {
        let categories = parse_categories(r#"{"categories":["Creative","Code"]}"#).unwrap();
        assert_eq!(categories[0], built_in_categories()[2]);
        assert_eq!(categories[1].name, "Code");
        let json = r#"{"categories":[{"name":"Code","description":"programs"},{"name":"Factual"},
            {"name":"Creative","description":"mine","note":1}]}"#;
        let described = parse_categories(json).unwrap();
        let descriptions: Vec<_> = described
            .iter()
            .map(|category| category.description.as_str())
            .collect();
        let factual = &built_in_categories()[0];
        assert_eq!(descriptions, ["programs", &factual.description, "mine"]);
        let cases = [
            (
                "{\"categories\":[\"A\",\n{\"name\":\"B\",\n\"description\":1}]}",
                "categories: line 3: categories[1].description must be a string, not a number",
            ),
            (
                r#"{"categories":[{"description":""}]}"#,
                "categories: line 1: categories[0].name is missing",
            ),
            (
                "{",
                "categories is not JSON: line 1, column 1: EOF while parsing an object",
            ),
            ("{}", "categories: line 1: key categories is missing"),
            (
                r#"{"categories":3}"#,
                "categories: line 1: key categories must be an array, not a number",
            ),
            (
                r#"{"categories":[]}"#,
                "categories: line 1: key categories is empty; leave the file out for the built-in five: Factual, Reasoning, Creative, Instruction-heavy, Role-based",
            ),
            (
                r#"{"categories":["A",1]}"#,
                "categories: line 1: categories[1] must be a string or an object with a name, not a number",
            ),
            (
                r#"{"categories":["A","A"]}"#,
                "categories: line 1: categories[1] repeats the name A",
            ),
            (
                r#"{"categories":[" "]}"#,
                "categories: line 1: categories[0] is an empty name",
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(parse_categories(json).unwrap_err().to_string(), expected);
        }
    }
}
