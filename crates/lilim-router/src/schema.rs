//! The JSON schemas of the files that people write: prompts, categories, a mapping.
//! `docs/reference` holds copies that a test compares.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, schema_for};

use crate::PromptEntry;

/// A file of prompts. Other keys are left alone: other tools keep notes there.
#[derive(JsonSchema)]
#[schemars(title = "prompts.json")]
#[allow(dead_code, reason = "its shape is all there is to it")]
struct PromptsFile {
    /// The prompts, in the order that they are answered in.
    prompts: Vec<PromptEntry>,
}

/// A file of categories.
#[derive(JsonSchema)]
#[schemars(title = "categories.json")]
#[allow(dead_code, reason = "its shape is all there is to it")]
struct CategoriesFile {
    /// The categories; their names differ.
    #[schemars(length(min = 1))]
    categories: Vec<WrittenCategory>,
}

/// A category: its name, or its name and what belongs to it.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "its shape is all there is to it")]
enum WrittenCategory {
    /// Its name, which is also the label that a model is asked for.
    Name(#[schemars(length(min = 1))] String),
    /// Its name and a description.
    Described {
        /// Its name, which is also the label that a model is asked for.
        #[schemars(length(min = 1))]
        name: String,
        /// What belongs here, in one sentence; a built-in category has one of its own.
        description: Option<String>,
    },
}

/// A model for each category.
#[derive(JsonSchema)]
#[schemars(title = "model-mapping.json", transparent)]
#[allow(dead_code, reason = "its shape is all there is to it")]
struct MappingFile(
    /// Categories and the names of models.
    BTreeMap<String, String>,
);

/// The schemas, each as a file's name and its JSON text (draft 2020-12).
pub fn schemas() -> [(&'static str, String); 3] {
    let text = |schema: Schema| {
        let text = serde_json::to_string_pretty(&schema);
        text.expect("a schema holds nothing that JSON cannot") + "\n"
    };
    [
        ("route-prompts.schema.json", text(schema_for!(PromptsFile))),
        (
            "route-categories.schema.json",
            text(schema_for!(CategoriesFile)),
        ),
        ("route-mapping.schema.json", text(schema_for!(MappingFile))),
    ]
}
