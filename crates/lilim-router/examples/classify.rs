//! Classifies prompts from the standard input, one JSON object with `text` a line, by the embedded
//! classifier and by keywords; with the time each took. `training/classifier/evaluate.py` reads it.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::io::BufRead;
use std::time::Instant;

use lilim_router::{
    ClassifyOptions, EmbeddedClassifier, built_in_categories, classify_by_keywords,
};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (classifier, categories) = (EmbeddedClassifier::built_in(), built_in_categories());
    let options = ClassifyOptions::default();
    for line in std::io::stdin().lock().lines() {
        let entry: Value = serde_json::from_str(&line?)?;
        let prompt = entry["text"].as_str().ok_or("a line has no text")?;
        let start = Instant::now();
        let got = classifier.classify(prompt, &categories, &options)?;
        let micros = start.elapsed().as_secs_f64() * 1e6;
        let probabilities: Vec<f64> = got.scores.iter().map(|score| score.probability).collect();
        let keywords = classify_by_keywords(prompt, &options)?.category;
        println!(
            "{}",
            json!({"embedded": got.category, "probabilities": probabilities, "keywords": keywords, "us": micros})
        );
    }
    Ok(())
}
