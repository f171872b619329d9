//! The tokenizer of a model: text to ids, ids to bytes.
//!
//! Reading order: `vocab.rs` (the tokens), `gguf.rs` and `json.rs` (where they come from),
//! `added_tokens.rs` (what is taken whole), then one file a way of tokenizing: `spm.rs`,
//! `bpe.rs`, `rwkv.rs`, `json.rs`.

mod added_tokens;
mod bpe;
mod byte_chars;
mod gguf;
mod json;
mod merge_queue;
mod rwkv;
mod special_tokens;
mod spm;
mod vocab;

use std::sync::Arc;

use crate::{Detokenizer, TextError, TextStart};
use added_tokens::{AddedTokens, Fragment};
use bpe::Bpe;
use json::JsonPipeline;
use lilim_formats::gguf::Metadata;
use merge_queue::MergeQueue;
use rwkv::Rwkv;
use special_tokens::SpecialTokens;
use spm::{SPACE_MARK, Spm};
pub use vocab::TokenKind;
use vocab::Vocab;

/// The longest text that is encoded at once: offsets are 32 bits wide.
const MAX_TEXT_BYTES: usize = 1 << 30;

/// Whether BOS and EOS are added around a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddSpecial {
    /// As the model's metadata says.
    #[default]
    ByModel,
    /// As the model's metadata says, but not where the text itself brought the token: what a
    /// rendered chat template needs, since most templates write BOS.
    IfMissing,
    /// Neither.
    Never,
    /// BOS in any case, if the model has one; EOS as the metadata says.
    Always,
}

/// How to encode a text. The default is plain text as the model's metadata frames it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Whether BOS and EOS are added.
    pub add_special: AddSpecial,
    /// Whether control tokens written in the text become those tokens. Off for text that a
    /// person or tool wrote, on for rendered templates.
    pub parse_special: bool,
}

/// A model's tokenizer. Clones share one vocabulary.
#[derive(Clone, Debug)]
pub struct Tokenizer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    vocab: Vocab,
    special: SpecialTokens,
    model: Model,
    warnings: Vec<String>,
}

#[derive(Debug)]
enum Model {
    Own(Box<OwnModel>),
    Json(Box<JsonPipeline>),
}

/// A tokenizer of our own, and how text is prepared for it.
#[derive(Debug)]
struct OwnModel {
    added_tokens: AddedTokens,
    spaces: Spaces,
    merging: Merging,
}

/// What happens to spaces before merging.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Spaces {
    /// Spaces are written as SentencePiece's mark.
    marked: bool,
    /// A space goes before the text and before text after a special token.
    prefixed: bool,
}

#[derive(Debug)]
enum Merging {
    Spm(Spm),
    Bpe(Bpe),
    Rwkv(Rwkv),
}

impl Tokenizer {
    /// Reads the tokenizer of a GGUF file from its metadata.
    ///
    /// # Errors
    /// A missing or wrong key, an unknown kind of tokenizer, a vocabulary that contradicts itself.
    pub fn from_gguf(metadata: &Metadata) -> Result<Self, TextError> {
        gguf::read(metadata).map(|inner| Self(Arc::new(inner)))
    }

    /// Checks what [`Self::from_gguf`] can say in no time: that the kind of tokenizer and its way of
    /// splitting are known, and that its arrays are there and of one length.
    ///
    /// # Errors
    /// As [`Self::from_gguf`], which finds more.
    pub fn check_gguf(metadata: &Metadata) -> Result<(), TextError> {
        gguf::check(metadata)
    }

    /// Tells whether two files describe one and the same tokenizer; `false` may also mean that they
    /// say the same in two ways.
    pub fn is_same_in_gguf(a: &Metadata, b: &Metadata) -> bool {
        gguf::is_same(a, b)
    }

    /// Reads a `tokenizer.json` of the `tokenizers` library. BOS and EOS are known by name only;
    /// [`Self::from_json_with_config`] takes them from `tokenizer_config.json`.
    ///
    /// # Errors
    /// JSON that is not a tokenizer, or a part of it that is not supported.
    pub fn from_json(tokenizer_json: &[u8]) -> Result<Self, TextError> {
        json::read(tokenizer_json, None).map(|inner| Self(Arc::new(inner)))
    }

    /// Reads a `tokenizer.json` and the `tokenizer_config.json` that names BOS and EOS.
    ///
    /// # Errors
    /// As [`Self::from_json`].
    pub fn from_json_with_config(
        tokenizer_json: &[u8],
        config_json: &[u8],
    ) -> Result<Self, TextError> {
        json::read(tokenizer_json, Some(config_json)).map(|inner| Self(Arc::new(inner)))
    }

    /// Reads the text file of RWKV's World vocabulary. Token 0, which the file leaves out, ends
    /// a text.
    ///
    /// # Errors
    /// A line that is not an id, a literal and a length, or an id out of order.
    pub fn from_rwkv_vocab(text: &[u8]) -> Result<Self, TextError> {
        gguf::read_rwkv_file(text).map(|inner| Self(Arc::new(inner)))
    }

    /// Turns text into ids.
    ///
    /// # Errors
    /// A byte for which there is no token, a text that cannot be split.
    pub fn encode(&self, text: &str, options: EncodeOptions) -> Result<Vec<u32>, TextError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(TextError::TextTooLong {
                len: text.len(),
                limit: MAX_TEXT_BYTES,
            });
        }
        let Inner {
            vocab,
            special,
            model,
            ..
        } = &*self.0;
        let mut ids = match model {
            Model::Own(own) => own.encode(vocab, text, options.parse_special)?,
            Model::Json(pipeline) => pipeline.encode(text, options.parse_special)?,
        };
        let (bos, eos) = (special.bos, special.eos);
        let (with_bos, with_eos) = match options.add_special {
            AddSpecial::Never => (false, false),
            AddSpecial::Always => (true, special.add_eos),
            AddSpecial::ByModel => (special.add_bos, special.add_eos),
            AddSpecial::IfMissing => (
                special.add_bos && ids.first().copied() != bos,
                special.add_eos && ids.last().copied() != eos,
            ),
        };
        if let Some(bos) = bos.filter(|_| with_bos) {
            ids.insert(0, bos);
        }
        ids.extend(eos.filter(|_| with_eos));
        Ok(ids)
    }

    /// Turns ids into the text they stand for; bytes that are not UTF-8 become U+FFFD, and ids
    /// outside the vocabulary nothing. `skip_special` leaves out control and unknown tokens.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> String {
        let mut detokenizer = Detokenizer::with_special(self, TextStart::Text, skip_special);
        let mut text: String = ids.iter().map(|&id| detokenizer.push(id)).collect();
        text.push_str(&detokenizer.finish());
        text
    }

    /// Returns the bytes that a token stands for, a control token's name included; none for an id
    /// outside the vocabulary or without use.
    pub fn token_bytes(&self, id: u32) -> &[u8] {
        self.0.vocab.bytes(id)
    }

    /// Returns a token as the vocabulary writes it.
    pub fn piece(&self, id: u32) -> Option<&str> {
        self.0.vocab.piece(id)
    }

    /// Returns the id of a token as the vocabulary writes it.
    pub fn id_of_piece(&self, piece: &str) -> Option<u32> {
        self.0.vocab.id(piece)
    }

    /// Returns what a token is for.
    pub fn kind(&self, id: u32) -> Option<TokenKind> {
        self.0.vocab.kind(id)
    }

    /// Returns the number of tokens. A model may have more logits than that.
    pub fn vocab_size(&self) -> usize {
        self.0.vocab.len()
    }

    /// Returns the token that begins a text.
    pub fn bos(&self) -> Option<u32> {
        self.0.special.bos
    }

    /// Returns the token that ends a text.
    pub fn eos(&self) -> Option<u32> {
        self.0.special.eos
    }

    /// Tells whether a token ends an answer: EOS, end of turn and their like.
    pub fn is_end(&self, id: u32) -> bool {
        self.0.special.ends.contains(&id)
    }

    /// Returns the tokens that end an answer, in rising order.
    pub fn ends(&self) -> impl Iterator<Item = u32> {
        self.0.special.ends.iter().copied()
    }

    /// Tells whether a token is a mark of the format and no text.
    pub fn is_control(&self, id: u32) -> bool {
        matches!(self.kind(id), Some(TokenKind::Control | TokenKind::Unknown))
    }

    /// Tells whether the model asks for BOS before a text.
    pub fn adds_bos(&self) -> bool {
        self.0.special.add_bos
    }

    /// Returns what was odd about the vocabulary and how it was taken.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Tells whether encoding puts a space before a text, which decoding then takes away.
    pub(crate) fn strips_first_space(&self) -> bool {
        match &self.0.model {
            Model::Own(own) => own.spaces.prefixed,
            Model::Json(pipeline) => pipeline.strips_first_space(),
        }
    }
}

impl OwnModel {
    fn encode(
        &self,
        vocab: &Vocab,
        text: &str,
        parse_special: bool,
    ) -> Result<Vec<u32>, TextError> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        let mut queue = MergeQueue::default();
        let mut prepared = String::new();
        let mut after_special = true;
        self.added_tokens
            .partition(text, parse_special, &mut |fragment| {
                let text = match fragment {
                    Fragment::Token(id) => {
                        ids.push(id);
                        after_special = true;
                        return Ok(());
                    }
                    Fragment::Text(text) => text,
                };
                let text = self.spaces.prepare(text, after_special, &mut prepared);
                after_special = false;
                match &self.merging {
                    Merging::Spm(spm) => spm.encode(vocab, text, &mut queue, &mut ids),
                    Merging::Bpe(bpe) => bpe.encode(vocab, text, &mut queue, &mut ids),
                    Merging::Rwkv(rwkv) => rwkv.encode(vocab, text.as_bytes(), &mut ids),
                }
            })?;
        Ok(ids)
    }
}

impl Spaces {
    fn prepare<'a>(self, text: &'a str, after_special: bool, buf: &'a mut String) -> &'a str {
        if !self.marked {
            return text;
        }
        buf.clear();
        if self.prefixed && after_special {
            buf.push(SPACE_MARK);
        }
        buf.extend(text.chars().map(|c| if c == ' ' { SPACE_MARK } else { c }));
        buf
    }
}
