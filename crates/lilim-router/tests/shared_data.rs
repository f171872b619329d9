//! The prompt, category and mapping files that people already have are taken as they are.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests are tests"
)]

use std::path::Path;

use lilim_router::{
    ClassifyOptions, ModelMapping, built_in_categories, classify_by_keywords, majority,
    parse_categories, parse_prompts,
};

fn read(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/prompts")
        .join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            eprintln!("skipped: {name} of the shared prompt data: {error}");
            None
        }
    }
}

#[test]
fn categories_file_holds_the_built_in_categories() {
    if let Some(json) = read("categories.json") {
        assert_eq!(parse_categories(&json).unwrap(), built_in_categories());
    }
}

#[test]
fn mapping_file_routes_every_category() {
    let Some(json) = read("model-mapping.json") else {
        return;
    };
    let mapping = ModelMapping::parse(&json).unwrap();
    for category in built_in_categories() {
        assert!(mapping.model_for(&category.name).is_some());
    }
    let (kept, skipped) = mapping.installed_only(&["Qwen3-0.6B-Q8_0", "Qwen3-0.6B-Q4_0"]);
    assert!(kept.routes().is_empty());
    let suggested: Vec<_> = skipped
        .iter()
        .map(|route| route.suggestion.as_ref().unwrap().model.as_str())
        .collect();
    let (eight, four) = ("Qwen3-0.6B-Q8_0", "Qwen3-0.6B-Q4_0");
    assert_eq!(suggested, [four, eight, four, eight, four]);
}

#[test]
fn keyword_baseline_beats_the_majority_baseline_on_the_shared_prompts() {
    let Some(json) = read("prompts.json") else {
        return;
    };
    let set = parse_prompts(&json).unwrap();
    assert!(set.duplicate_ids.is_empty());
    let labels = || {
        set.prompts
            .iter()
            .map(|entry| entry.category.as_deref().unwrap())
    };
    let (_, majority_share) = majority(labels()).unwrap();
    let mut n_right = 0;
    for category in built_in_categories() {
        let entries: Vec<_> = set
            .prompts
            .iter()
            .filter(|entry| entry.category.as_ref() == Some(&category.name))
            .collect();
        let n_right_here = entries
            .iter()
            .filter(|entry| {
                let options = ClassifyOptions::default();
                classify_by_keywords(&entry.prompt, &options)
                    .unwrap()
                    .category
                    == entry.category
            })
            .count();
        eprintln!("{}: {n_right_here} of {}", category.name, entries.len());
        n_right += n_right_here;
    }
    let accuracy = n_right as f64 / set.prompts.len() as f64;
    eprintln!("keyword baseline: {accuracy:.2}, majority baseline: {majority_share:.2}");
    assert!(accuracy > majority_share);
}
