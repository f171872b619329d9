//! What sampling and the token loop need of a vocabulary: a border narrow enough that both are tested
//! without one.

use std::borrow::Cow;

use lilim_api::TokenId;

/// The text of single tokens, which DRY needs to find sequence breakers.
pub trait TokenBytes {
    /// The bytes that a token stands for; empty for control tokens.
    fn token_bytes(&self, id: TokenId) -> Cow<'_, [u8]>;
}

/// A vocabulary as the token loop sees it.
pub trait TokenText: TokenBytes {
    /// Whether a token ends generation.
    fn is_end(&self, id: TokenId) -> bool;

    /// Starts to turn an answer's tokens into text.
    fn stream(&self) -> Box<dyn TextStream + '_>;
}

/// Turns tokens into text, one after another.
pub trait TextStream {
    /// The text that became certain with this token: always valid UTF-8, sometimes empty.
    fn push(&mut self, id: TokenId) -> String;

    /// What is left: an unfinished character, replaced.
    fn finish(&mut self) -> String;
}
