//! The schemas of the files that people write: committed, and of one mind with the readers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use lilim_router::{ModelMapping, PromptFormat, parse_categories, parse_prompts_as, schemas};
use serde_json::{Value, json};

fn reference(name: &str) -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    docs.join(name)
}

#[test]
fn the_schemas_are_the_committed_ones() {
    for (name, text) in schemas() {
        let path = reference(name);
        if std::env::var_os("LILIM_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            committed, text,
            "LILIM_BLESS=1 cargo test -p lilim-router rewrites {name}"
        );
    }
}

/// Which schema, its reader, and files that both take or both refuse.
type Case<'a> = (usize, &'a dyn Fn(&str) -> bool, Vec<Value>);

#[test]
fn what_the_schemas_allow_the_readers_read() {
    let prompts = |text: &str| parse_prompts_as(text, PromptFormat::Json).is_ok();
    let categories = |text: &str| parse_categories(text).is_ok();
    let mapping = |text: &str| ModelMapping::parse(text).is_ok();
    let entry = |key: &str, value: Value| {
        let mut entry = json!({"id": 1, "prompt": "a"});
        entry[key] = value;
        json!({"prompts": [entry]})
    };
    let cases: [Case<'_>; 3] = [
        (
            0,
            &prompts,
            vec![
                entry("id", json!("x")),
                entry("max_tokens", json!(7)),
                entry("system", json!("be brief")),
                entry("note", json!([1])),
                json!({"prompts": []}),
                entry("id", json!(1.5)),
                entry("prompt", json!(3)),
                entry("max_tokens", json!(0)),
                entry("model", json!(3)),
                json!({"prompts": [{"prompt": "a"}]}),
                json!({"prompts": 7}),
                json!([]),
            ],
        ),
        (
            1,
            &categories,
            vec![
                json!({"categories": ["A", {"name": "B", "description": "b"}]}),
                json!({"categories": [{"name": "B", "description": null}]}),
                json!({"categories": []}),
                json!({"categories": [{"description": "b"}]}),
                json!({"categories": [1]}),
                json!({}),
            ],
        ),
        (
            2,
            &mapping,
            vec![json!({"A": "a"}), json!({}), json!({"A": 1}), json!([])],
        ),
    ];
    for (index, read, files) in cases {
        let (name, schema) = &schemas()[index];
        let schema: Value = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let all = files.iter().map(|file| validator.is_valid(file));
        assert!(all.clone().any(|is_valid| is_valid) && !all.clone().all(|is_valid| is_valid));
        for (file, is_valid) in files.iter().zip(all) {
            assert_eq!(is_valid, read(&file.to_string()), "{name}: {file}");
        }
    }
}

#[test]
fn the_page_s_examples_are_read() {
    let page = std::fs::read_to_string(reference("route-files.md")).unwrap();
    let mut n_read = [0; 3];
    for block in page.split("\n```").skip(1).step_by(2) {
        let (kind, text) = block.split_once('\n').unwrap();
        let format = match kind {
            "json" => PromptFormat::Json,
            "jsonl" => PromptFormat::Jsonl,
            "csv" => PromptFormat::Csv,
            other => panic!("a block of {other:?}"),
        };
        let (index, is_read) = match text {
            text if text.contains("\"categories\"") => (1, parse_categories(text).is_ok()),
            text if kind == "json" && !text.contains("\"prompts\"") => {
                (2, ModelMapping::parse(text).is_ok())
            }
            text => (0, parse_prompts_as(text, format).is_ok()),
        };
        assert!(is_read, "{kind}: {text}");
        n_read[index] += 1;
    }
    assert_eq!(n_read, [3, 1, 1]);
}
