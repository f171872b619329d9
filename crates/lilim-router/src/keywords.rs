//! The baseline that needs no model: hand-written key phrases vote for the built-in categories.
//!
//! A learned router must beat this to be worth its time. The rules were written from what the
//! category names mean and are not tuned on any prompt set: a figure measured on one stays honest.
//! Each phrase that occurs (as whole words, case and punctuation ignored) adds its weight once; the
//! sums are taken as log-probabilities. `Factual` starts ahead, so that it is the answer when nothing
//! speaks for anything.

use crate::{Classification, ClassifyOptions, RouterError, built_in_categories};

/// What `Factual` has before any phrase is found.
const FACTUAL_HEAD_START: f64 = 0.5;
/// For a prompt with several numbers and a question: something is to be worked out.
const NUMBERS_WEIGHT: f64 = 1.5;

/// A category's name, a weight, and the phrases that have it.
type Rule = (&'static str, f64, &'static [&'static str]);

const RULES: &[Rule] = &[
    (
        "Factual",
        1.0,
        &[
            "what is",
            "what are",
            "what was",
            "what were",
            "who is",
            "who was",
            "who were",
            "who invented",
            "who wrote",
            "when did",
            "when was",
            "where is",
            "where was",
            "which country",
            "define",
            "definition of",
            "meaning of",
            "describe the",
            "explain the",
            "explain how",
            "explain what",
            "history of",
            "difference between",
            "capital of",
            "causes of",
            "how does",
            "how do",
            "summarize the",
            "main components",
            "significance of",
        ],
    ),
    (
        "Reasoning",
        1.5,
        &[
            "how many",
            "how much",
            "how long",
            "how far",
            "how old",
            "how fast",
            "solve",
            "calculate",
            "compute",
            "prove",
            "deduce",
            "infer",
            "conclude",
            "step by step",
            "logically",
            "logical",
            "reasoning",
            "what comes next",
            "next number",
            "sequence",
            "probability",
            "which is heavier",
            "what would happen",
            "if all",
            "all but",
            "is it possible",
            "determine",
        ],
    ),
    (
        "Reasoning",
        2.5,
        &[
            "puzzle",
            "riddle",
            "paradox",
            "syllogism",
            "brain teaser",
            "logic problem",
        ],
    ),
    (
        "Creative",
        1.5,
        &[
            "imagine",
            "invent",
            "creative",
            "brainstorm",
            "fictional",
            "fantasy",
            "whimsical",
            "metaphor",
            "slogan",
            "tagline",
            "compose",
            "dream",
            "magical",
            "write about",
        ],
    ),
    (
        "Creative",
        2.5,
        &[
            "story",
            "short story",
            "poem",
            "haiku",
            "sonnet",
            "limerick",
            "ballad",
            "lyrics",
            "song",
            "monologue",
            "screenplay",
            "fairy tale",
            "fable",
            "myth",
            "plot twist",
            "opening paragraph",
            "science fiction",
        ],
    ),
    (
        "Instruction-heavy",
        1.0,
        &[
            "must",
            "do not",
            "don't",
            "avoid",
            "ensure",
            "make sure",
            "include",
            "only",
            "each",
            "at least",
            "at most",
            "no more than",
            "first",
            "then",
            "finally",
            "words",
            "sentences",
            "format",
            "sections",
            "rewrite",
            "convert",
            "extract",
            "translate",
            "sort",
        ],
    ),
    (
        "Instruction-heavy",
        2.0,
        &[
            "exactly",
            "bullet points",
            "bulleted list",
            "numbered list",
            "table",
            "columns",
            "json",
            "csv",
            "markdown",
            "follow these",
            "the following steps",
            "step 1",
            "template",
            "checklist",
            "in the following format",
            "all caps",
            "uppercase",
            "lowercase",
        ],
    ),
    (
        "Role-based",
        3.5,
        &[
            "you are a",
            "you are an",
            "you're a",
            "you're an",
            "act as",
            "act like",
            "acting as",
            "pretend you",
            "pretend to be",
            "imagine you are",
            "play the role",
            "take the role",
            "take on the role",
            "role play",
            "roleplay",
            "as if you were",
            "in the voice of",
            "persona of",
            "from the perspective of",
            "speaking as",
            "respond as",
            "answer as",
        ],
    ),
];

/// Classifies a prompt by key phrases into the built-in categories.
///
/// # Errors
/// None in practice: the options' priors may not fit the five categories.
pub fn classify_by_keywords(
    prompt: &str,
    options: &ClassifyOptions<'_>,
) -> Result<Classification, RouterError> {
    let categories = built_in_categories();
    let words = as_words(prompt);
    let scores: Vec<f64> = categories
        .iter()
        .map(|category| score(&category.name, &words, prompt))
        .collect();
    Classification::from_log_probs(&categories, &scores, options)
}

fn score(category: &str, words: &str, prompt: &str) -> f64 {
    let by_phrase: f64 = RULES
        .iter()
        .filter(|(name, ..)| *name == category)
        .map(|(_, weight, phrases)| weight * count_present(words, phrases))
        .sum();
    let extra = match category {
        "Factual" => FACTUAL_HEAD_START,
        "Reasoning" if prompt.contains('?') && count_numbers(words) >= 2 => NUMBERS_WEIGHT,
        _ => 0.0,
    };
    by_phrase + extra
}

fn count_present(words: &str, phrases: &[&str]) -> f64 {
    phrases
        .iter()
        .filter(|phrase| words.contains(&format!(" {phrase} ")))
        .count() as f64
}

fn count_numbers(words: &str) -> usize {
    words
        .split(' ')
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .count()
}

/// Lower-case words with one space before and after each; apostrophes stay inside words.
fn as_words(text: &str) -> String {
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    let mut words = String::from(" ");
    for word in lower.split(|c: char| !c.is_alphanumeric() && c != '\'') {
        if !word.is_empty() {
            words.push_str(word);
            words.push(' ');
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_names_a_built_in_category_and_can_match() {
        let categories = built_in_categories();
        for (name, weight, phrases) in RULES {
            assert!(
                categories.iter().any(|category| category.name == *name),
                "{name}"
            );
            assert!(*weight > 0.0);
            for phrase in *phrases {
                assert_eq!(as_words(phrase), format!(" {phrase} "));
            }
        }
    }

    #[test]
    fn plain_cases_go_where_they_belong() {
        let cases = [
            ("What is the capital of Peru?", "Factual"),
            ("Octopuses", "Factual"),
            ("", "Factual"),
            (
                "Anna has 3 apples and buys 4 more. How many has she?",
                "Reasoning",
            ),
            (
                "Solve this riddle: I have keys but open no doors.",
                "Reasoning",
            ),
            ("Write a haiku about rain.", "Creative"),
            (
                "Tell me a short story in which a lamp falls in love.",
                "Creative",
            ),
            (
                "Rewrite this in exactly 12 words, then sort them into a table.",
                "Instruction-heavy",
            ),
            (
                "You are a lighthouse keeper. Greet a visitor.",
                "Role-based",
            ),
            ("Act as a tax adviser!", "Role-based"),
        ];
        for (prompt, expected) in cases {
            let got = classify_by_keywords(prompt, &ClassifyOptions::default()).unwrap();
            assert_eq!(got.category.as_deref(), Some(expected), "{prompt}");
        }
    }

    #[test]
    fn phrases_match_whole_words_only() {
        assert_eq!(as_words("Don\u{2019}t  panic,\nnow!"), " don't panic now ");
        // "history" holds "story", "tables" holds "table".
        let got = classify_by_keywords("history tables", &ClassifyOptions::default()).unwrap();
        assert_eq!(got.category.as_deref(), Some("Factual"));
    }
}
