//! Unicode classes of characters, from the same tables that the regular expressions use, so that
//! the hand-written scanners and the expressions they stand for cannot disagree.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// The classes of one character, as a set of flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Classes(u8);

const LETTER: u8 = 1;
const NUMBER: u8 = 2;
const MARK: u8 = 4;
const SPACE: u8 = 8;

impl Classes {
    /// `\p{L}`.
    pub(crate) fn is_letter(self) -> bool {
        self.0 & LETTER != 0
    }

    /// `\p{M}`.
    pub(crate) fn is_mark(self) -> bool {
        self.0 & MARK != 0
    }

    /// `\p{N}`.
    pub(crate) fn is_number(self) -> bool {
        self.0 & NUMBER != 0
    }

    /// `\s`.
    pub(crate) fn is_space(self) -> bool {
        self.0 & SPACE != 0
    }
}

/// Returns the classes of a character.
pub(crate) fn classes_of(c: char) -> Classes {
    let table = &*TABLE;
    if let Some(&flags) = table.ascii.get(c as usize) {
        return Classes(flags);
    }
    let after = table.ranges.partition_point(|range| range.0 <= c);
    let found = after.checked_sub(1).map(|at| table.ranges[at]);
    Classes(
        found
            .filter(|range| c <= range.1)
            .map_or(0, |range| range.2),
    )
}

struct Table {
    ascii: [u8; 128],
    /// First and last character and flags, sorted; the four classes have no character in common.
    ranges: Vec<(char, char, u8)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut ranges = Vec::new();
    for (class, flag) in [
        (r"\p{L}", LETTER),
        (r"\p{N}", NUMBER),
        (r"\p{M}", MARK),
        (r"\s", SPACE),
    ] {
        let hir = regex_syntax::parse(class).expect("a valid class");
        let HirKind::Class(Class::Unicode(class)) = hir.kind() else {
            unreachable!("{class} is a class of characters");
        };
        ranges.extend(
            class
                .ranges()
                .iter()
                .map(|range| (range.start(), range.end(), flag)),
        );
    }
    ranges.sort_unstable();
    assert!(
        ranges.windows(2).all(|pair| pair[0].1 < pair[1].0),
        "the classes do not overlap"
    );
    let mut ascii = [0; 128];
    for &(first, last, flags) in &ranges {
        if first.is_ascii() {
            ascii[first as usize..=(last as usize).min(127)].fill(flags);
        }
    }
    Table { ascii, ranges }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_has_the_classes_of_the_expressions() {
        let letter = regex_of(r"^\p{L}$");
        let number = regex_of(r"^\p{N}$");
        let mark = regex_of(r"^\p{M}$");
        let space = regex_of(r"^\s$");
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            let is = |regex: &fancy_regex::Regex| regex.is_match(&text).unwrap();
            let found = classes_of(c);
            let found = [
                found.is_letter(),
                found.is_number(),
                found.is_mark(),
                found.is_space(),
            ];
            assert_eq!(
                found,
                [is(&letter), is(&number), is(&mark), is(&space)],
                "{c:?}"
            );
        }
    }

    fn regex_of(pattern: &str) -> fancy_regex::Regex {
        fancy_regex::Regex::new(pattern).unwrap()
    }
}
