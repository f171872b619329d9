//! The embedded classifier answers as its training script computes, and survives any input.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests are tests"
)]

use std::time::Instant;

use lilim_router::{
    Category, Classification, ClassifyOptions, EmbeddedClassifier, built_in_categories,
};
use serde_json::Value;

const EXPECTED: &str = include_str!("data/embedded_expected.json");
/// Both twins sum in f64, in another order; the file has nine digits.
const BOUND: f64 = 1e-5;

fn classify(prompt: &str) -> Classification {
    EmbeddedClassifier::built_in()
        .classify(prompt, &built_in_categories(), &ClassifyOptions::default())
        .unwrap()
}

fn category(name: &str) -> Category {
    Category {
        name: name.to_owned(),
        description: String::new(),
    }
}

#[test]
fn probabilities_are_those_of_the_training_script() {
    let entries: Vec<Value> = serde_json::from_str(EXPECTED).unwrap();
    assert!(entries.len() >= 30);
    for entry in entries {
        let prompt = entry["text"].as_str().unwrap();
        let got = classify(prompt);
        for (score, expected) in got
            .scores
            .iter()
            .zip(entry["probabilities"].as_array().unwrap())
        {
            let apart = (score.probability - expected.as_f64().unwrap()).abs();
            assert!(apart < BOUND, "{prompt:?}: {score:?}, expected {expected}");
        }
    }
}

#[test]
fn plain_prompts_fall_into_their_category() {
    let cases = [
        ("Who built the first telescope?", "Factual"),
        (
            "If four pens cost 6 euros, what do ten pens cost?",
            "Reasoning",
        ),
        (
            "Write a story about a kettle that wants to sing.",
            "Creative",
        ),
        (
            "List exactly five rivers, one per line, in lowercase, without commas.",
            "Instruction-heavy",
        ),
        (
            "You are a lighthouse keeper. Tell me about your night.",
            "Role-based",
        ),
    ];
    for (prompt, expected) in cases {
        assert_eq!(
            classify(prompt).category.as_deref(),
            Some(expected),
            "{prompt}"
        );
    }
}

#[test]
fn any_text_gets_probabilities_that_sum_to_one() {
    let long = "word ".repeat(100_000);
    let prompts = [
        "",
        "\0",
        "\n\n\n",
        "\u{1F600}",
        "Wo steht der Dom?",
        "\u{4f60}\u{597d}",
        &long,
    ];
    for prompt in prompts {
        let got = classify(prompt);
        let sum: f64 = got.scores.iter().map(|score| score.probability).sum();
        assert!((sum - 1.0).abs() < 1e-9 && got.confidence.is_finite());
    }
}

#[test]
fn a_prompt_of_a_hundred_thousand_words_is_read_at_both_ends_only() {
    let (begin, end) = ("Write a poem about rain. ", " in exactly 12 lines.");
    let prompt = |n_words: usize| format!("{begin}{}{end}", "word ".repeat(n_words));
    assert_eq!(classify(&prompt(1_000)), classify(&prompt(100_000)));
    let start = Instant::now();
    classify(&prompt(100_000));
    eprintln!(
        "a prompt of 100,000 words: {:.0} µs",
        start.elapsed().as_secs_f64() * 1e6
    );
}

#[test]
fn below_the_threshold_it_abstains() {
    let options = ClassifyOptions {
        threshold: 1.0,
        ..ClassifyOptions::default()
    };
    let got = EmbeddedClassifier::built_in()
        .classify("hm", &built_in_categories(), &options)
        .unwrap();
    assert_eq!(got.category, None);
    assert!(got.confidence < 1.0);
}

#[test]
fn categories_may_be_some_of_the_built_in_ones_in_any_order_and_no_others() {
    let classifier = EmbeddedClassifier::built_in();
    let ask = |categories: &[Category]| {
        classifier.classify(
            "Who built the first telescope?",
            categories,
            &ClassifyOptions::default(),
        )
    };
    let some = [category("Creative"), category("Factual")];
    assert!(classifier.knows(&some));
    let got = ask(&some).unwrap();
    assert_eq!(got.category.as_deref(), Some("Factual"));
    assert_eq!(got.scores[0].category, "Creative");

    let other = [category("Factual"), category("Code")];
    assert!(!classifier.knows(&other));
    assert_eq!(
        ask(&other).unwrap_err().to_string(),
        "the embedded classifier does not know the category Code: it knows Factual, Reasoning, \
         Creative, Instruction-heavy, Role-based"
    );
    assert_eq!(
        ask(&[]).unwrap_err().to_string(),
        "scores for 0 categories: 0 log-probabilities were given"
    );
}
