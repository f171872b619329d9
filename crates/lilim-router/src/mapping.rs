//! Which model answers which category, and what of that is installed.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::json_place::{Step, line_of};
use crate::{RouterError, Suggestion, suggest};

const WHAT: &str = "model mapping";

/// A category and the model that answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The category's name.
    pub category: String,
    /// The model's id.
    pub model: String,
}

/// A route whose model is not installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedRoute {
    /// The category's name.
    pub category: String,
    /// The model's id.
    pub model: String,
    /// The nearest installed model, if one is related; a suggestion, never taken by itself.
    pub suggestion: Option<Suggestion>,
}

/// Routes in the order of their file.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "std::collections::BTreeMap<String, String>")]
pub struct ModelMapping {
    routes: Vec<Route>,
}

impl ModelMapping {
    /// Makes a mapping of routes; a category has one.
    pub fn new(routes: Vec<Route>) -> Self {
        Self { routes }
    }

    /// Reads a mapping file: `{"<category>":"<model id>", …}`.
    ///
    /// # Errors
    /// No JSON, another shape, a category twice, an empty name.
    pub fn parse(json: &str) -> Result<Self, RouterError> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let Pairs(routes) =
            serde_json::from_str(json).map_err(|error| RouterError::syntax(WHAT, &error))?;
        Self::checked(routes).map_err(|(category, reason)| {
            let line = line_of(json, &[Step::Key(&category)]);
            let place = format!("category {category:?}");
            RouterError::shape(WHAT, place, reason).at_line(line)
        })
    }

    /// A fault is the category and what is wrong with its route.
    fn checked(routes: Vec<Route>) -> Result<Self, (String, &'static str)> {
        for (index, route) in routes.iter().enumerate() {
            let mut earlier = routes[..index].iter();
            let fault = if route.category.trim().is_empty() {
                "is an empty name"
            } else if route.model.trim().is_empty() {
                "names no model"
            } else if earlier.any(|earlier| earlier.category == route.category) {
                "occurs twice"
            } else {
                continue;
            };
            return Err((route.category.clone(), fault));
        }
        Ok(Self { routes })
    }

    /// All routes.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The model for a category, as the mapping writes it.
    pub fn model_for(&self, category: &str) -> Option<&str> {
        self.routes
            .iter()
            .find(|route| route.category == category)
            .map(|route| route.model.as_str())
    }

    /// Leaves out the routes whose model is not installed and says which they are. Names are
    /// compared without regard to case; a route keeps the installed spelling.
    pub fn installed_only<S: AsRef<str>>(&self, installed: &[S]) -> (Self, Vec<SkippedRoute>) {
        let (mut routes, mut skipped) = (Vec::new(), Vec::new());
        for route in &self.routes {
            match find_installed(&route.model, installed) {
                Some(model) => {
                    routes.push(Route {
                        category: route.category.clone(),
                        model: model.to_owned(),
                    });
                }
                None => skipped.push(SkippedRoute {
                    category: route.category.clone(),
                    model: route.model.clone(),
                    suggestion: suggest(&route.model, installed.iter().map(S::as_ref)),
                }),
            }
        }
        (Self { routes }, skipped)
    }
}

impl Serialize for ModelMapping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.routes.iter();
        serializer.collect_map(pairs.map(|route| (&route.category, &route.model)))
    }
}

impl<'de> Deserialize<'de> for ModelMapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Pairs(routes) = Pairs::deserialize(deserializer)?;
        Self::checked(routes).map_err(|(category, reason)| {
            serde::de::Error::custom(format!("category {category:?} {reason}"))
        })
    }
}

/// The installed spelling of a model's name.
fn find_installed<'a, S: AsRef<str>>(model: &str, installed: &'a [S]) -> Option<&'a str> {
    installed
        .iter()
        .map(S::as_ref)
        .find(|name| name.to_lowercase() == model.to_lowercase())
}

/// A JSON object as pairs, so that a key that occurs twice is seen.
struct Pairs(Vec<Route>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of category names and model ids")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut routes = Vec::new();
                while let Some((category, model)) = map.next_entry()? {
                    routes.push(Route { category, model });
                }
                Ok(Pairs(routes))
            }
        }

        deserializer.deserialize_map(PairsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_in_order() {
        let mapping = ModelMapping::parse(r#"{"B":"two","A":"one"}"#).unwrap();
        let names: Vec<_> = mapping
            .routes()
            .iter()
            .map(|route| route.category.as_str())
            .collect();
        assert_eq!(names, ["B", "A"]);
        assert_eq!(mapping.model_for("A"), Some("one"));
        assert_eq!(mapping.model_for("C"), None);
    }

    #[test]
    fn faults_are_placed() {
        let cases = [
            (
                r#"{"A":"x","A":"y"}"#,
                r#"model mapping: line 1: category "A" occurs twice"#,
            ),
            (
                r#"{"A":""}"#,
                r#"model mapping: line 1: category "A" names no model"#,
            ),
            (
                r#"{"":"x"}"#,
                r#"model mapping: line 1: category "" is an empty name"#,
            ),
            (
                "{\n\"A\": 3}",
                "model mapping is not JSON: line 2, column 6: invalid type: integer `3`, expected a string",
            ),
            (
                "[]",
                "model mapping is not JSON: line 1, column 0: invalid type: sequence, expected an object of category names and model ids",
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(ModelMapping::parse(json).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn models_not_installed_are_skipped_with_a_suggestion() {
        let mapping = ModelMapping::parse(
            r#"{"A":"QWEN3-0.6B-q8_0","B":"Qwen3-0.6B-q4f16_1-MLC","C":"phi-2"}"#,
        )
        .unwrap();
        let (kept, skipped) = mapping.installed_only(&["Qwen3-0.6B-Q8_0"]);
        assert_eq!(kept.model_for("A"), Some("Qwen3-0.6B-Q8_0"));
        assert_eq!(kept.routes().len(), 1);
        assert_eq!(skipped.len(), 2);
        assert_eq!(
            skipped[0].suggestion.as_ref().unwrap().model,
            "Qwen3-0.6B-Q8_0"
        );
        assert_eq!(
            (skipped[1].model.as_str(), &skipped[1].suggestion),
            ("phi-2", &None)
        );
    }
}
