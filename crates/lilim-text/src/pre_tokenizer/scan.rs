//! Hand-written scanners for the two families of splitting patterns that nearly all models use.
//!
//! The expressions need look-ahead, which a backtracking engine does slowly and gives up on for
//! long runs of spaces. Each scanner returns the length of the match at the start of the text;
//! tests compare it with the expression it stands for.

use super::classes::{Classes, classes_of};

/// A pattern that has a scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scanner {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    Gpt2,
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,k}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    Llama3(Llama3Rules),
}

/// How a pattern of the second family differs from its mates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Llama3Rules {
    /// The most digits of one word: the `k` of `\p{N}{1,k}`.
    pub(crate) max_digits: usize,
    /// Whether `\p{M}` goes with the letters.
    pub(crate) marks_are_letters: bool,
}

impl Scanner {
    /// The length in bytes of the first word of `text`; at least one character.
    ///
    /// *Panics*: when `text` is empty.
    pub(crate) fn first_word(self, text: &str) -> usize {
        match self {
            Self::Gpt2 => gpt2(text),
            Self::Llama3(rules) => llama3(text, rules),
        }
    }
}

fn gpt2(text: &str) -> usize {
    if let Some(len) = contraction(text, |byte| byte) {
        return len;
    }
    let is_other = |c: Classes| !c.is_space() && !c.is_letter() && !c.is_number();
    let space = usize::from(text.starts_with(' '));
    let rest = &text[space..];
    for is_member in [Classes::is_letter, Classes::is_number, is_other] {
        let len = run_len(rest, is_member);
        if len > 0 {
            return space + len;
        }
    }
    spaces(text)
}

fn llama3(text: &str, rules: Llama3Rules) -> usize {
    if let Some(len) = contraction(text, |byte| byte.to_ascii_lowercase()) {
        return len;
    }
    let is_letter = |c: Classes| c.is_letter() || (rules.marks_are_letters && c.is_mark());
    let first = text.chars().next().expect("the text is not empty");
    let class = classes_of(first);
    if is_letter(class) {
        return run_len(text, is_letter);
    }
    if class.is_number() {
        return text
            .chars()
            .take(rules.max_digits)
            .take_while(|&c| classes_of(c).is_number())
            .map(char::len_utf8)
            .sum();
    }
    if !matches!(first, '\r' | '\n') {
        let letters = run_len(&text[first.len_utf8()..], is_letter);
        if letters > 0 {
            return first.len_utf8() + letters;
        }
    }
    let space = usize::from(first == ' ');
    let others = run_len(&text[space..], |c| {
        !c.is_space() && !is_letter(c) && !c.is_number()
    });
    if others > 0 {
        let end = space + others;
        let newlines = text[end..]
            .bytes()
            .take_while(|b| matches!(b, b'\r' | b'\n'))
            .count();
        return end + newlines;
    }
    let run = run_len(text, Classes::is_space);
    match text[..run].rfind(['\r', '\n']) {
        Some(newline) => newline + 1,
        None => spaces(text),
    }
}

/// `'s|'t|'re|'ve|'m|'ll|'d`, after `fold` was applied to the letters. Without regard to case the
/// long s is an s, as Unicode's folding has it.
fn contraction(text: &str, fold: fn(u8) -> u8) -> Option<usize> {
    let rest = text.strip_prefix('\'')?;
    if fold(b'S') == b's' && rest.starts_with('ſ') {
        return Some(1 + 'ſ'.len_utf8());
    }
    let mut letters = rest.bytes().map(fold);
    match letters.next()? {
        b's' | b't' | b'm' | b'd' => Some(2),
        b'r' | b'v' if letters.next() == Some(b'e') => Some(3),
        b'l' if letters.next() == Some(b'l') => Some(3),
        _ => None,
    }
}

/// `\s+(?!\S)|\s+`: a run of spaces, but its last one is left to the word that follows.
fn spaces(text: &str) -> usize {
    let run = run_len(text, Classes::is_space);
    assert!(run > 0, "what is no space was matched before");
    let last = text[..run].chars().next_back().map_or(0, char::len_utf8);
    if run == text.len() || run == last {
        run
    } else {
        run - last
    }
}

fn run_len(text: &str, is_member: impl Fn(Classes) -> bool) -> usize {
    text.find(|c| !is_member(classes_of(c)))
        .unwrap_or(text.len())
}
