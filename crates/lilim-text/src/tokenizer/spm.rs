//! SentencePiece's BPE as GGUF files of the `llama` kind hold it: neighbouring symbols merge when
//! together they are a token, highest score first; what is no token goes out byte by byte.
//!
//! *Source*: checked against llama.cpp's vectors for the `llama` tokenizer.

use super::merge_queue::{Merge, MergeQueue, Symbol};
use super::vocab::{ByteTokens, TokenKind, Vocab, byte_token_text};
use crate::TextError;

/// The character that SentencePiece writes for a space.
pub(crate) const SPACE_MARK: char = '▁';

/// Scores and byte tokens of a SentencePiece vocabulary.
#[derive(Debug)]
pub(crate) struct Spm {
    /// By id: how early a merge that makes this token happens; `None` for tokens that text must
    /// not make, such as control tokens.
    orders: Vec<Option<u32>>,
    byte_tokens: ByteTokens,
    unknown: Option<u32>,
    max_token_len: usize,
    /// Whether no token reaches from one word into the next, so that words merge on their own.
    has_word_borders: bool,
}

/// Splits before each space mark that follows another character.
pub(crate) fn marked_words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (word, after) = rest.split_at(first_border(rest).unwrap_or(rest.len()));
        rest = after;
        Some(word)
    })
}

/// Where the first space mark after another character is.
pub(crate) fn first_border(text: &str) -> Option<usize> {
    let start = text.find(|c| c != SPACE_MARK)?;
    text[start..].find(SPACE_MARK).map(|at| start + at)
}

impl Spm {
    /// Prepares merging. `scores` are finite and one a token.
    pub(crate) fn new(vocab: &Vocab, scores: &[f32], unknown: Option<u32>) -> Self {
        let is_text = |kind| {
            matches!(
                kind,
                TokenKind::Normal | TokenKind::UserDefined | TokenKind::Unused
            )
        };
        let orders = vocab
            .iter()
            .zip(scores)
            .map(|((_, _, kind), &score)| is_text(kind).then(|| descending(score)))
            .collect();
        let has_word_borders = vocab
            .iter()
            .all(|(_, piece, kind)| !is_text(kind) || first_border(piece).is_none());
        Self {
            has_word_borders,
            orders,
            byte_tokens: ByteTokens::find(vocab, byte_token_text),
            unknown,
            max_token_len: vocab
                .iter()
                .map(|(_, piece, _)| piece.len())
                .max()
                .unwrap_or(0),
        }
    }

    /// Appends the tokens of `text`, in which spaces are [`SPACE_MARK`]s already.
    pub(crate) fn encode(
        &self,
        vocab: &Vocab,
        text: &str,
        queue: &mut MergeQueue,
        out: &mut Vec<u32>,
    ) -> Result<(), TextError> {
        if !self.has_word_borders {
            return self.encode_word(vocab, text, queue, out);
        }
        marked_words(text).try_for_each(|word| self.encode_word(vocab, word, queue, out))
    }

    fn encode_word(
        &self,
        vocab: &Vocab,
        text: &str,
        queue: &mut MergeQueue,
        out: &mut Vec<u32>,
    ) -> Result<(), TextError> {
        queue.clear();
        let find_text = |start: u32, end: u32| {
            let piece = &text[start as usize..end as usize];
            let id = (piece.len() <= self.max_token_len)
                .then(|| vocab.id(piece))
                .flatten()?;
            self.orders[id as usize].map(|order| Merge { order, id })
        };
        let mut offset = 0_u32;
        for c in text.chars() {
            let len = c.len_utf8() as u32;
            queue.push(len, find_text(offset, offset + len).map(|merge| merge.id));
            offset += len;
        }
        queue.run(&mut |left, right| find_text(left.start, right.end));
        for symbol in queue.symbols() {
            match symbol.id {
                Some(id) => out.push(id),
                None => self.encode_bytes(text.as_bytes(), symbol, out)?,
            }
        }
        Ok(())
    }

    fn encode_bytes(
        &self,
        text: &[u8],
        symbol: &Symbol,
        out: &mut Vec<u32>,
    ) -> Result<(), TextError> {
        let range = symbol.start as usize..symbol.end as usize;
        let all: Option<Vec<u32>> = text[range.clone()]
            .iter()
            .map(|&byte| self.byte_tokens.id(byte))
            .collect();
        match (all, self.unknown) {
            (Some(ids), _) => out.extend(ids),
            (None, Some(unknown)) => out.push(unknown),
            (None, None) => {
                return Err(TextError::NoToken {
                    byte: text[range.start],
                    offset: range.start,
                });
            }
        }
        Ok(())
    }
}

/// Maps scores to integers so that higher scores come first; both zeros are equal.
fn descending(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    let ascending = if bits >> 31 == 0 {
        bits | 1 << 31
    } else {
        !bits
    };
    !ascending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_with_their_marks() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            ("a", &["a"]),
            ("▁▁", &["▁▁"]),
            ("▁a▁b", &["▁a", "▁b"]),
            ("a▁▁b▁", &["a", "▁▁b", "▁"]),
            ("é▁日", &["é", "▁日"]),
        ];
        for (text, expected) in cases {
            assert_eq!(marked_words(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn higher_scores_come_first() {
        let scores = [f32::MAX, 3.5, 1e-40, 0.0, -1e-40, -0.5, -7.0, f32::MIN];
        for pair in scores.windows(2) {
            assert!(descending(pair[0]) < descending(pair[1]), "{pair:?}");
        }
        assert_eq!(descending(0.0), descending(-0.0));
    }
}
