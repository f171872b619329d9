//! Splits a text into the words within which byte-pair merges happen.
//!
//! A way of splitting is a list of patterns; each is applied to every piece the ones before left,
//! and its matches and the gaps between them become the new pieces. Two pattern families have
//! scanners of their own (`scan.rs`); the rest run as regular expressions, whose giving up is an
//! error here and never a silently different split.

mod classes;
mod patterns;
mod scan;

use std::ops::Range;

use fancy_regex::{Regex, RegexBuilder};

use crate::TextError;
pub(crate) use patterns::Traits;
use patterns::{DEFAULT, FAMILIES, Family, GEMMA4, Pattern};
use scan::{Llama3Rules, Scanner};

/// How often an expression may go back before it gives up; ten times the library's own limit.
const BACKTRACK_LIMIT: usize = 10_000_000;

/// How many near names an error lists.
const MAX_NEAREST: usize = 3;

/// A way of splitting.
#[derive(Debug)]
pub(crate) struct PreTokenizer {
    steps: Vec<Splitter>,
    traits: Traits,
}

/// One pattern, ready to use.
#[derive(Debug)]
pub(crate) enum Splitter {
    Scan(Scanner),
    Regex(Box<Regex>),
}

impl PreTokenizer {
    /// The splitting that a `tokenizer.ggml.pre` asks for.
    ///
    /// # Errors
    /// [`TextError::UnknownPreTokenizer`] naming the nearest known names.
    pub(crate) fn by_name(pre: &str) -> Result<Self, TextError> {
        let family = family(pre)?;
        let steps = family.patterns.iter().map(|&pattern| match pattern {
            Pattern::Scan(scanner) => Ok(Splitter::Scan(scanner)),
            Pattern::Regex(regex) => Splitter::from_regex(regex),
        });
        Ok(Self {
            steps: steps.collect::<Result<_, _>>()?,
            traits: family.traits,
        })
    }

    /// Tells what [`by_name`](Self::by_name) would say of the name, without compiling anything.
    pub(crate) fn check_name(pre: &str) -> Result<(), TextError> {
        family(pre).map(|_| ())
    }

    /// The splitting of files that name none.
    pub(crate) fn unnamed() -> Result<Self, TextError> {
        Self::by_name(DEFAULT)
    }

    /// The splitting of the `gemma4` kind: at newlines only.
    pub(crate) fn gemma4() -> Result<Self, TextError> {
        Self::by_name(GEMMA4)
    }

    pub(crate) fn traits(&self) -> Traits {
        self.traits
    }

    /// Hands `sink` the words of `text` in order; none is empty, together they are `text`.
    ///
    /// # Errors
    /// [`TextError::Split`] when an expression gives up, and what `sink` returns.
    pub(crate) fn split(
        &self,
        text: &str,
        sink: &mut dyn FnMut(&str) -> Result<(), TextError>,
    ) -> Result<(), TextError> {
        split_by(&self.steps, text, sink)
    }
}

fn split_by(
    steps: &[Splitter],
    text: &str,
    sink: &mut dyn FnMut(&str) -> Result<(), TextError>,
) -> Result<(), TextError> {
    let Some((first, rest)) = steps.split_first() else {
        return if text.is_empty() { Ok(()) } else { sink(text) };
    };
    let mut done = 0;
    first.matches(text, &mut |range| {
        split_by(rest, &text[done..range.start], sink)?;
        split_by(rest, &text[range.clone()], sink)?;
        done = range.end;
        Ok(())
    })?;
    split_by(rest, &text[done..], sink)
}

impl Splitter {
    /// The splitting of GPT-2.
    pub(crate) fn gpt2() -> Self {
        Self::Scan(Scanner::Gpt2)
    }

    /// Takes the scanner that equals the expression, if there is one, else the expression.
    ///
    /// # Errors
    /// [`TextError::Split`] when the expression is not valid.
    pub(crate) fn from_regex(pattern: &str) -> Result<Self, TextError> {
        if let Some(scanner) = scanner_of(pattern) {
            return Ok(Self::Scan(scanner));
        }
        let regex = RegexBuilder::new(pattern)
            .backtrack_limit(BACKTRACK_LIMIT)
            .build();
        let invalid = |error: fancy_regex::Error| TextError::Split {
            reason: error.to_string(),
        };
        regex
            .map(|regex| Self::Regex(Box::new(regex)))
            .map_err(invalid)
    }

    /// Hands `sink` the places of the matches in order.
    pub(crate) fn matches(
        &self,
        text: &str,
        sink: &mut dyn FnMut(Range<usize>) -> Result<(), TextError>,
    ) -> Result<(), TextError> {
        match self {
            Self::Scan(scanner) => {
                let mut start = 0;
                while start < text.len() {
                    let end = start + scanner.first_word(&text[start..]);
                    sink(start..end)?;
                    start = end;
                }
            }
            Self::Regex(regex) => {
                for found in regex.find_iter(text) {
                    let found = found.map_err(|error| TextError::Split {
                        reason: format!("{error} in a piece of {} bytes", text.len()),
                    })?;
                    sink(found.start()..found.end())?;
                }
            }
        }
        Ok(())
    }
}

/// The scanner of an expression as `tokenizer.json` files write it.
fn scanner_of(pattern: &str) -> Option<Scanner> {
    const GPT2: &str =
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    const LLAMA3_HEAD: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}";
    const LLAMA3_TAIL: &str = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    if pattern == GPT2 {
        return Some(Scanner::Gpt2);
    }
    let max_digits = match pattern
        .strip_prefix(LLAMA3_HEAD)?
        .strip_suffix(LLAMA3_TAIL)?
    {
        "" => 1,
        "{1,3}" => 3,
        _ => return None,
    };
    Some(Scanner::Llama3(Llama3Rules {
        max_digits,
        marks_are_letters: false,
    }))
}

/// Finds the family of a name.
fn family(pre: &str) -> Result<&'static Family, TextError> {
    let mut families = FAMILIES.iter();
    families
        .find(|family| family.names.contains(&pre))
        .ok_or_else(|| TextError::UnknownPreTokenizer {
            pre: pre.to_owned(),
            nearest: nearest_names(pre),
        })
}

fn nearest_names(pre: &str) -> Vec<String> {
    let mut near: Vec<(usize, &str)> = FAMILIES
        .iter()
        .flat_map(|family| family.names)
        .map(|name| (strsim::damerau_levenshtein(pre, name), *name))
        .filter(|&(distance, name)| distance <= name.len().div_ceil(2))
        .collect();
    near.sort_unstable();
    near.into_iter()
        .take(MAX_NEAREST)
        .map(|(_, name)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(pre_tokenizer: &PreTokenizer, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        pre_tokenizer
            .split(text, &mut |word| {
                words.push(word.to_owned());
                Ok(())
            })
            .unwrap();
        words
    }

    #[test]
    fn every_named_way_splits_without_loss() {
        let text = "Hello  World's 12345 \n\n\t x\u{3000}日本語 ñ ﷺ\u{301}... \r\n  end  ";
        for family in FAMILIES {
            for name in family.names {
                let found = words(&PreTokenizer::by_name(name).unwrap(), text);
                assert_eq!(found.concat(), text, "{name}");
                assert!(found.iter().all(|word| !word.is_empty()), "{name}");
            }
        }
    }

    #[test]
    fn names_are_unique_and_unknown_ones_name_their_neighbours() {
        let mut names: Vec<&str> = FAMILIES
            .iter()
            .flat_map(|family| family.names)
            .copied()
            .collect();
        let n_names = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n_names);
        let error = PreTokenizer::by_name("qwen3").unwrap_err().to_string();
        assert!(
            error.contains("'qwen3'") && error.contains("qwen2"),
            "{error}"
        );
        let error = PreTokenizer::by_name("zzzzzzzzzzzzzzzzzzzzzzzz")
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("not supported"), "{error}");
    }

    /// Scanners and the expressions they stand for.
    fn twins() -> Vec<(Scanner, Regex)> {
        let llama3 = |digits: &str, letters: &str, others: &str| {
            format!(
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?{letters}+|\p{{N}}{digits}| ?{others}+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            )
        };
        let rules = |max_digits, marks_are_letters| {
            Scanner::Llama3(Llama3Rules {
                max_digits,
                marks_are_letters,
            })
        };
        let plain = (r"\p{L}", r"[^\s\p{L}\p{N}]");
        let marks = (r"[\p{L}\p{M}]", r"[^\s\p{L}\p{M}\p{N}]");
        let gpt2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
        [
            (Scanner::Gpt2, gpt2.to_owned()),
            (rules(1, false), llama3("", plain.0, plain.1)),
            (rules(3, false), llama3("{1,3}", plain.0, plain.1)),
            (rules(usize::MAX, false), llama3("+", plain.0, plain.1)),
            (rules(1, true), llama3("", marks.0, marks.1)),
        ]
        .map(|(scanner, pattern)| (scanner, Regex::new(&pattern).unwrap()))
        .into()
    }

    #[test]
    fn expressions_of_tokenizer_json_find_their_scanner() {
        for (scanner, regex) in twins() {
            let has_name = matches!(
                scanner,
                Scanner::Gpt2
                    | Scanner::Llama3(Llama3Rules {
                        max_digits: 1 | 3,
                        marks_are_letters: false
                    })
            );
            assert_eq!(scanner_of(regex.as_str()), has_name.then_some(scanner));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn scanners_split_as_their_expressions(
            pieces in prop::collection::vec(prop_oneof![
                6 => "[ \t\r\n'a-eA-El-vS.,/!0-9]",
                2 => "'[sStTrRvVmMlLdDſ][eElLx]?",
                2 => "[éñßſK日本़́²Ⅷ٣\u{a0}\u{3000}\u{85}\u{200b}…“\u{1F600}]",
                1 => "\\PC",
                1 => "[ \n]{1,5}",
            ], 0..40),
        ) {
            let text = pieces.concat();
            for (scanner, regex) in twins() {
                let mut found = Vec::new();
                Splitter::Scan(scanner).matches(&text, &mut |range| { found.push(range); Ok(()) }).unwrap();
                let expected: Vec<_> = regex.find_iter(&text).map(|m| m.unwrap().range()).collect();
                prop_assert_eq!(found, expected, "{:?} {:?}", scanner, text);
            }
        }
    }

    #[test]
    fn long_runs_are_split_in_linear_time() {
        const LEN: usize = 1 << 20;
        for name in ["gpt-2", "llama-bpe", "qwen2", "qwen35"] {
            let pre_tokenizer = PreTokenizer::by_name(name).unwrap();
            for unit in [" ", "\n", " \n", "a", "1", "'", "é", "\u{301}", "a ", "!"] {
                let text = unit.repeat(LEN / unit.len());
                let n_bytes: usize = words(&pre_tokenizer, &text).iter().map(String::len).sum();
                assert_eq!(n_bytes, text.len(), "{name} {unit:?}");
            }
        }
    }
}
