//! The fake vocabulary: a token for each byte, and two control tokens.

use lilim_api::TokenId;

/// The beginning-of-text token.
pub const BOS: TokenId = 256;
/// The end-of-generation token.
pub const END: TokenId = 257;
/// Tokens in the fake vocabulary.
pub const BYTE_VOCAB: usize = 258;

/// Turns text into one token a byte.
pub fn encode_bytes(text: &str) -> Vec<TokenId> {
    text.bytes().map(TokenId::from).collect()
}

/// Turns tokens back into text; control tokens are left out, broken UTF-8 is replaced.
pub fn decode_bytes(ids: &[TokenId]) -> String {
    let bytes: Vec<u8> = ids.iter().filter_map(|&id| u8::try_from(id).ok()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
