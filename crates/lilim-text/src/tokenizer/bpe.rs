//! Byte-pair encoding as GGUF files of the `gpt2` and `gemma4` kinds hold it: the text is split
//! into words, and in each word neighbouring symbols merge by the list of merges, earliest first.
//!
//! The `gpt2` kind starts from bytes (written as stand-in characters in the vocabulary), the
//! `gemma4` kind from characters, with byte tokens for those it does not know.

use ahash::AHashMap;

use super::byte_chars::CHAR_OF_BYTE;
use super::merge_queue::{Merge, MergeQueue};
use super::spm::{first_border, marked_words};
use super::vocab::{ByteTokens, TokenKind, Vocab, byte_token_text};
use crate::pre_tokenizer::PreTokenizer;
use crate::{MergeFault, TextError};

/// What the first symbols of a word are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BpeUnit {
    /// Bytes, in the vocabulary as stand-in characters.
    Byte,
    /// Characters; what is no token goes out as byte tokens.
    Char,
}

/// Which words are taken whole when the vocabulary has them, without merging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WholeWords {
    /// None.
    Never,
    /// Words of newlines only.
    Newlines,
    /// All.
    Always,
}

/// How a BPE tokenizer goes about a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BpeRules {
    pub(crate) unit: BpeUnit,
    pub(crate) whole_words: WholeWords,
}

/// Merges and byte tokens of a BPE vocabulary.
#[derive(Debug)]
pub(crate) struct Bpe {
    rules: BpeRules,
    pre_tokenizer: PreTokenizer,
    /// By the ids of left and right: the merge's place in the list and the token it makes.
    merges: AHashMap<(u32, u32), Merge>,
    byte_tokens: ByteTokens,
    unknown: Option<u32>,
    /// Whether no merge reaches from one marked word into the next.
    has_word_borders: bool,
}

impl Bpe {
    /// Reads the merges, which `key` names in errors.
    ///
    /// # Errors
    /// [`TextError::BadMerge`] when a merge is no pair or names an unknown token.
    pub(crate) fn new(
        vocab: &Vocab,
        (key, merges): (&str, &[String]),
        rules: BpeRules,
        pre_tokenizer: PreTokenizer,
        unknown: Option<u32>,
    ) -> Result<Self, TextError> {
        let mut table = AHashMap::with_capacity(merges.len());
        let mut joined = String::new();
        let mut has_word_borders = rules.unit == BpeUnit::Char;
        for (index, merge) in merges.iter().enumerate() {
            let bad = |fault| TextError::BadMerge {
                key: key.to_owned(),
                index,
                merge: merge.clone(),
                fault,
            };
            let (left, right) = split_merge(merge).ok_or_else(|| bad(MergeFault::NotAPair))?;
            joined.clear();
            joined.push_str(left);
            joined.push_str(right);
            let ids = (vocab.id(left), vocab.id(right), vocab.id(&joined));
            let (Some(left), Some(right), Some(id)) = ids else {
                return Err(bad(MergeFault::UnknownToken));
            };
            has_word_borders = has_word_borders && first_border(&joined).is_none();
            table.entry((left, right)).or_insert(Merge {
                order: index as u32,
                id,
            });
        }
        let byte_tokens = ByteTokens::find(vocab, |byte| match rules.unit {
            BpeUnit::Byte => CHAR_OF_BYTE[usize::from(byte)].to_string(),
            BpeUnit::Char => byte_token_text(byte),
        });
        Ok(Self {
            rules,
            pre_tokenizer,
            merges: table,
            byte_tokens,
            unknown,
            has_word_borders,
        })
    }

    /// Appends the tokens of `text`.
    pub(crate) fn encode(
        &self,
        vocab: &Vocab,
        text: &str,
        queue: &mut MergeQueue,
        out: &mut Vec<u32>,
    ) -> Result<(), TextError> {
        let mut stand_ins = String::new();
        self.pre_tokenizer.split(text, &mut |word| {
            if let Some(id) = self.whole_word(vocab, word, &mut stand_ins) {
                out.push(id);
                Ok(())
            } else if self.has_word_borders {
                marked_words(word).try_for_each(|word| self.encode_word(vocab, word, queue, out))
            } else {
                self.encode_word(vocab, word, queue, out)
            }
        })
    }

    fn encode_word(
        &self,
        vocab: &Vocab,
        word: &str,
        queue: &mut MergeQueue,
        out: &mut Vec<u32>,
    ) -> Result<(), TextError> {
        queue.clear();
        match self.rules.unit {
            BpeUnit::Byte => {
                word.bytes()
                    .for_each(|byte| queue.push(1, self.byte_tokens.id(byte)));
            }
            BpeUnit::Char => {
                let mut utf8 = [0; 4];
                for c in word.chars() {
                    let id = vocab.id(c.encode_utf8(&mut utf8));
                    queue.push(c.len_utf8() as u32, id);
                }
            }
        }
        queue.run(&mut |left, right| self.merges.get(&(left.id?, right.id?)).copied());
        for symbol in queue.symbols() {
            match symbol.id {
                Some(id) => out.push(id),
                None => {
                    let bytes = &word.as_bytes()[symbol.start as usize..symbol.end as usize];
                    self.encode_bytes(bytes, symbol.start as usize, out)?;
                }
            }
        }
        Ok(())
    }

    fn whole_word(&self, vocab: &Vocab, word: &str, stand_ins: &mut String) -> Option<u32> {
        let applies = match self.rules.whole_words {
            WholeWords::Never => false,
            WholeWords::Newlines => word.bytes().all(|byte| byte == b'\n'),
            WholeWords::Always => true,
        };
        if !applies {
            return None;
        }
        let piece = match self.rules.unit {
            BpeUnit::Char => word,
            BpeUnit::Byte => {
                stand_ins.clear();
                stand_ins.extend(word.bytes().map(|byte| CHAR_OF_BYTE[usize::from(byte)]));
                stand_ins
            }
        };
        let is_text =
            |id: &u32| !matches!(vocab.kind(*id), Some(TokenKind::Control | TokenKind::Byte));
        vocab.id(piece).filter(is_text)
    }

    fn encode_bytes(&self, bytes: &[u8], at: usize, out: &mut Vec<u32>) -> Result<(), TextError> {
        let tokens: Option<Vec<u32>> = match self.rules.unit {
            BpeUnit::Byte => None,
            BpeUnit::Char => bytes
                .iter()
                .map(|&byte| self.byte_tokens.id(byte))
                .collect(),
        };
        match (tokens, self.unknown) {
            (Some(ids), _) => out.extend(ids),
            (None, Some(unknown)) => out.push(unknown),
            (None, None) => {
                return Err(TextError::NoToken {
                    byte: bytes[0],
                    offset: at,
                });
            }
        }
        Ok(())
    }
}

/// The two parts of a merge; the first part may itself begin with a space.
fn split_merge(merge: &str) -> Option<(&str, &str)> {
    let first_len = merge.chars().next()?.len_utf8();
    let space = merge[first_len..].find(' ')? + first_len;
    Some((&merge[..space], &merge[space + 1..])).filter(|(_, right)| !right.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_merge_on_their_own_only_if_no_merge_reaches_across() {
        let cases: [(&[&str], &[&str], &str, bool); 2] = [
            (&["▁", "a", "▁a"], &["▁ a"], "▁a▁a", true),
            (
                &["▁", "a", "▁a", "a▁", "▁a▁a"],
                &["a ▁", "▁ a", "▁a ▁a"],
                "▁a▁a",
                false,
            ),
        ];
        for (tokens, merges, text, has_word_borders) in cases {
            let mut vocab = Vocab::default();
            for piece in tokens {
                vocab
                    .push(piece, TokenKind::Normal, piece.as_bytes())
                    .unwrap();
            }
            let merges: Vec<String> = merges.iter().map(|&merge| merge.to_owned()).collect();
            let rules = BpeRules {
                unit: BpeUnit::Char,
                whole_words: WholeWords::Never,
            };
            let pre_tokenizer = PreTokenizer::gemma4().unwrap();
            let bpe = Bpe::new(&vocab, ("merges", &merges), rules, pre_tokenizer, None).unwrap();
            assert_eq!(bpe.has_word_borders, has_word_borders, "{tokens:?}");
            let mut ids = Vec::new();
            bpe.encode(&vocab, text, &mut MergeQueue::default(), &mut ids)
                .unwrap();
            let pieces: Vec<_> = ids.iter().map(|&id| vocab.piece(id).unwrap()).collect();
            let expected: &[&str] = if has_word_borders {
                &["▁a", "▁a"]
            } else {
                &["▁", "a▁", "a"]
            };
            assert_eq!(pieces, expected);
        }
    }

    #[test]
    fn merges_split_at_the_first_space_after_the_first_character() {
        assert_eq!(split_merge("a b"), Some(("a", "b")));
        assert_eq!(split_merge("  b"), Some((" ", "b")));
        assert_eq!(split_merge("é ù"), Some(("é", "ù")));
        for bad in ["", " ", "a", "ab", "a ", "日"] {
            assert_eq!(split_merge(bad), None, "{bad:?}");
        }
    }
}
