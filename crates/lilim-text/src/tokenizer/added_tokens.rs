//! Finds the tokens that are taken from the text whole before anything splits it: user-defined
//! tokens always, control and unknown tokens when the caller asks.
//!
//! At each place the longest token wins, as in the `tokenizers` library. (llama.cpp looks for the
//! longest token in the whole text first, which differs only where two such tokens overlap.)

use aho_corasick::{AhoCorasick, MatchKind};

use super::vocab::{TokenKind, Vocab};
use crate::TextError;

/// A stretch of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fragment<'a> {
    /// Text between tokens; not empty.
    Text(&'a str),
    /// A token taken whole.
    Token(u32),
}

/// The tokens to look for.
#[derive(Debug)]
pub(crate) struct AddedTokens {
    always: Matcher,
    with_special: Matcher,
    /// Whether spaces after a token go with it, by id.
    swallows_spaces: Vec<u32>,
}

#[derive(Debug)]
struct Matcher {
    automaton: AhoCorasick,
    ids: Vec<u32>,
}

impl AddedTokens {
    /// Collects the tokens; `swallows_spaces` names those after which spaces are dropped.
    pub(crate) fn new(vocab: &Vocab, mut swallows_spaces: Vec<u32>) -> Result<Self, TextError> {
        swallows_spaces.sort_unstable();
        Ok(Self {
            always: Matcher::new(vocab, &[TokenKind::UserDefined])?,
            with_special: Matcher::new(
                vocab,
                &[
                    TokenKind::UserDefined,
                    TokenKind::Control,
                    TokenKind::Unknown,
                ],
            )?,
            swallows_spaces,
        })
    }

    /// Hands `sink` the fragments of `text` in order.
    pub(crate) fn partition<'a>(
        &self,
        text: &'a str,
        parse_special: bool,
        sink: &mut dyn FnMut(Fragment<'a>) -> Result<(), TextError>,
    ) -> Result<(), TextError> {
        let matcher = if parse_special {
            &self.with_special
        } else {
            &self.always
        };
        let mut done = 0;
        for found in matcher.automaton.find_iter(text) {
            if found.start() < done {
                // Only spaces were swallowed; a token that begins with one lost its beginning.
                continue;
            }
            if done < found.start() {
                sink(Fragment::Text(&text[done..found.start()]))?;
            }
            let id = matcher.ids[found.pattern().as_usize()];
            sink(Fragment::Token(id))?;
            done = found.end();
            if self.swallows_spaces.binary_search(&id).is_ok() {
                let rest = text[done..].trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
                done = text.len() - rest.len();
            }
        }
        if done < text.len() {
            sink(Fragment::Text(&text[done..]))?;
        }
        Ok(())
    }
}

impl Matcher {
    fn new(vocab: &Vocab, kinds: &[TokenKind]) -> Result<Self, TextError> {
        let (ids, texts): (Vec<u32>, Vec<&str>) = vocab
            .iter()
            .filter(|(_, piece, kind)| kinds.contains(kind) && !piece.is_empty())
            .map(|(id, piece, _)| (id, piece))
            .unzip();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(texts)
            .map_err(|error| TextError::Split {
                reason: error.to_string(),
            })?;
        Ok(Self { automaton, ids })
    }
}
