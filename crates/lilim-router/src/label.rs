//! A category out of a model's free answer, for engines that give no probabilities.

use serde::{Deserialize, Serialize};

use crate::Category;

/// How a category was found in an answer, from the surest to the least sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// The answer is the name.
    Exact,
    /// The answer begins with the name.
    Prefix,
    /// The name occurs in the answer.
    Substring,
    /// Words of only one category's name and description occur in the answer.
    Keyword,
}

/// Two words are of one stem when they share so many letters at the start, or one begins with the other.
const STEM_CHARS: usize = 5;
/// Shorter words say nothing.
const MIN_WORD_CHARS: usize = 4;

/// Finds the category that an answer names; `None` when it names none.
///
/// Thoughts (`<think>…</think>`) are left out, and what follows an open `<think>` too: a model that is
/// still thinking has not answered. Case, quotes, stars, full stops around the answer, and the
/// difference between hyphen, underscore and space do not matter; a name counts only as whole words.
/// Of several names at the start the longest wins; further on the earliest, and of those that begin in
/// one place the longest. Words decide only where no name occurs, and only for one category that has
/// more of them than each other: a tie is no answer.
pub fn match_label(answer: &str, categories: &[Category]) -> Option<(usize, MatchKind)> {
    let text = normalized(&without_thoughts(answer));
    let bare = text.trim_matches(|c: char| c.is_whitespace() || "\"'`*.,:;!?()[]{}<>".contains(c));
    let names: Vec<String> = categories
        .iter()
        .map(|category| normalized(&category.name))
        .collect();
    let filled = || {
        names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty())
    };
    // Taken as it stands first: a name such as "C!" ends in what is stripped otherwise.
    if let Some((index, _)) = filled().find(|(_, name)| **name == text || *name == bare) {
        return Some((index, MatchKind::Exact));
    }
    // Places are compared first, then lengths, the longer one first; the first category among equals.
    let found = filled().filter_map(|(index, name)| {
        let place = find_words(bare, name)?;
        Some((place, std::cmp::Reverse(name.len()), index))
    });
    if let Some((place, _, index)) = found.min() {
        let kind = if place == 0 {
            MatchKind::Prefix
        } else {
            MatchKind::Substring
        };
        return Some((index, kind));
    }
    by_words(bare, categories).map(|index| (index, MatchKind::Keyword))
}

/// The answer after its thoughts. Templates that open the thought themselves leave only its end.
fn without_thoughts(answer: &str) -> String {
    let (open, close) = ("<think>", "</think>");
    let answer = match (answer.find(open), answer.find(close)) {
        (start, Some(end)) if start.is_none_or(|start| end < start) => &answer[end + close.len()..],
        _ => answer,
    };
    let mut kept = String::new();
    let mut rest = answer;
    while let Some((before, after)) = rest.split_once(open) {
        kept.push_str(before);
        rest = after.split_once(close).map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Lower case, with every run of spaces, hyphens and underscores as one space.
fn normalized(text: &str) -> String {
    let is_gap = |c: char| c.is_whitespace() || matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}');
    let lower = text.to_lowercase();
    let words = lower.split(is_gap).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Where a name first stands as whole words.
fn find_words(text: &str, name: &str) -> Option<usize> {
    text.match_indices(name).map(|(at, _)| at).find(|&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        // A name that itself begins or ends with a sign has its border there.
        let joins = |inner: Option<char>, outer: Option<char>| {
            inner.is_some_and(char::is_alphanumeric) && outer.is_some_and(char::is_alphanumeric)
        };
        !joins(name.chars().next(), before) && !joins(name.chars().next_back(), after)
    })
}

fn by_words(text: &str, categories: &[Category]) -> Option<usize> {
    let vocabularies: Vec<Vec<String>> = categories
        .iter()
        .map(|category| words(&format!("{} {}", category.name, category.description)))
        .collect();
    let mut counts = vec![0_usize; categories.len()];
    for word in words(&normalized(text)) {
        let has_it =
            |vocabulary: &Vec<String>| vocabulary.iter().any(|known| one_stem(known, &word));
        let mut owners = (0..categories.len()).filter(|&index| has_it(&vocabularies[index]));
        // A word of several categories speaks for none.
        if let (Some(owner), None) = (owners.next(), owners.next()) {
            counts[owner] += 1;
        }
    }
    let most = *counts.iter().max()?;
    let mut best = (0..counts.len()).filter(|&index| counts[index] == most);
    match (best.next(), best.next()) {
        (Some(index), None) if most > 0 => Some(index),
        _ => None,
    }
}

/// The words long enough to mean something, each once.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut words: Vec<String> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= MIN_WORD_CHARS)
        .map(str::to_owned)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn one_stem(a: &str, b: &str) -> bool {
    let shared = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    shared >= STEM_CHARS || shared == a.chars().count() || shared == b.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in_categories;

    fn check(names: &[&str], answer: &str, expected: Option<(&str, MatchKind)>) {
        let named = |name: &&str| Category {
            name: (*name).to_owned(),
            description: String::new(),
        };
        let categories = match names {
            [] => built_in_categories(),
            names => names.iter().map(named).collect(),
        };
        let got = match_label(answer, &categories);
        let got = got.map(|(index, kind)| (categories[index].name.as_str(), kind));
        assert_eq!(got, expected, "{answer:?}");
    }

    #[test]
    fn the_surest_way_that_finds_a_name_wins() {
        use MatchKind::{Exact, Keyword, Prefix, Substring};
        let cases = [
            ("Factual", Some(("Factual", Exact))),
            ("  **factual**.\n", Some(("Factual", Exact))),
            ("instruction heavy", Some(("Instruction-heavy", Exact))),
            ("Role\u{2011}based", Some(("Role-based", Exact))),
            ("ROLE_BASED!", Some(("Role-based", Exact))),
            (
                "Creative, as it asks for a poem",
                Some(("Creative", Prefix)),
            ),
            (
                "The category is: Reasoning.",
                Some(("Reasoning", Substring)),
            ),
            ("Not Creative but Factual", Some(("Creative", Substring))),
            ("Nonfactual", None),
            ("It asks for a definition", Some(("Factual", Keyword))),
            ("a logical puzzle", Some(("Reasoning", Keyword))),
            ("stories or facts", None),
            ("", None),
            ("I do not know", None),
        ];
        for (answer, expected) in cases {
            check(&[], answer, expected);
        }
    }

    #[test]
    fn thoughts_are_left_out() {
        use MatchKind::Exact;
        let factual = Some(("Factual", Exact));
        check(&[], "<think>Creative? no.</think>\n\nFactual", factual);
        check(&[], "maybe Creative</think>Factual", factual);
        check(
            &[],
            "<think>a</think>Factual<think>Creative</think>",
            factual,
        );
        check(&[], "a</think><think>b</think>Factual", factual);
        check(&[], "<think>Factual, surely", None);
    }

    #[test]
    fn the_longest_name_at_the_earliest_place_wins() {
        use MatchKind::{Exact, Prefix, Substring};
        let names = ["Code", "Code review", "C", "C++", "Übung"];
        let cases = [
            ("code review please", Some(("Code review", Prefix))),
            ("codes", None),
            ("it is C++ code", Some(("C++", Substring))),
            ("C++", Some(("C++", Exact))),
            ("use C.", Some(("C", Substring))),
            ("eine ÜBUNG", Some(("Übung", Substring))),
            ("a review of code", Some(("Code", Substring))),
        ];
        for (answer, expected) in cases {
            check(&names, answer, expected);
        }
        check(&["", "a"], "", None);
        assert_eq!(match_label("x", &[]), None);
    }
}
