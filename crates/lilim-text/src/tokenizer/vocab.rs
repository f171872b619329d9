//! The tokens of a vocabulary: text, kind and bytes by id, id by text.

use std::sync::Arc;

use ahash::AHashMap;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A piece of text.
    Normal,
    /// The token that stands for text the vocabulary cannot express.
    Unknown,
    /// A mark of the model's format, such as the end of a turn; not part of the text.
    Control,
    /// A piece of text that is always taken whole, before anything else looks at the text.
    UserDefined,
    /// A place in the embedding table that is not used.
    Unused,
    /// One byte.
    Byte,
}

/// Tokens by id and by text.
#[derive(Debug, Default)]
pub(crate) struct Vocab {
    pieces: Vec<Arc<str>>,
    kinds: Vec<TokenKind>,
    ids: AHashMap<Arc<str>, u32>,
    /// The bytes of all tokens, one after the other; token `id` ends at `byte_ends[id]`.
    bytes: Vec<u8>,
    byte_ends: Vec<usize>,
}

impl Vocab {
    /// Makes room for so many tokens.
    pub(crate) fn with_capacity(n_tokens: usize) -> Self {
        Self {
            pieces: Vec::with_capacity(n_tokens),
            kinds: Vec::with_capacity(n_tokens),
            ids: AHashMap::with_capacity(n_tokens),
            bytes: Vec::with_capacity(n_tokens * 8),
            byte_ends: Vec::with_capacity(n_tokens),
        }
    }

    /// Appends a token. An empty piece is a gap: it has an id but no text finds it.
    ///
    /// # Errors
    /// The id of the token that has the same text.
    pub(crate) fn push(&mut self, piece: &str, kind: TokenKind, bytes: &[u8]) -> Result<(), u32> {
        let id = self.pieces.len() as u32;
        let piece: Arc<str> = piece.into();
        if !piece.is_empty()
            && let Some(first) = self.ids.insert(Arc::clone(&piece), id)
        {
            return Err(first);
        }
        self.pieces.push(piece);
        self.kinds.push(kind);
        self.bytes.extend_from_slice(bytes);
        self.byte_ends.push(self.bytes.len());
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(crate) fn id(&self, piece: &str) -> Option<u32> {
        self.ids.get(piece).copied()
    }

    pub(crate) fn piece(&self, id: u32) -> Option<&str> {
        self.pieces.get(id as usize).map(|piece| &**piece)
    }

    pub(crate) fn kind(&self, id: u32) -> Option<TokenKind> {
        self.kinds.get(id as usize).copied()
    }

    pub(crate) fn set_kind(&mut self, id: u32, kind: TokenKind) {
        self.kinds[id as usize] = kind;
    }

    /// The bytes a token stands for; none for an id outside the vocabulary.
    pub(crate) fn bytes(&self, id: u32) -> &[u8] {
        let index = id as usize;
        let Some(&end) = self.byte_ends.get(index) else {
            return &[];
        };
        let start = index
            .checked_sub(1)
            .map_or(0, |before| self.byte_ends[before]);
        &self.bytes[start..end]
    }

    /// Ids and texts, in id order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &str, TokenKind)> {
        self.pieces
            .iter()
            .zip(&self.kinds)
            .enumerate()
            .map(|(id, (piece, &kind))| (id as u32, &**piece, kind))
    }
}

/// The id of each byte's own token.
#[derive(Debug)]
pub(crate) struct ByteTokens([Option<u32>; 256]);

impl ByteTokens {
    /// Looks up each byte's token by the text that `text_of` gives it.
    pub(crate) fn find(vocab: &Vocab, text_of: impl Fn(u8) -> String) -> Self {
        Self(std::array::from_fn(|byte| vocab.id(&text_of(byte as u8))))
    }

    pub(crate) fn id(&self, byte: u8) -> Option<u32> {
        self.0[usize::from(byte)]
    }
}

/// The byte named by a token like `<0x0A>`.
pub(crate) fn parse_byte_token(piece: &str) -> Option<u8> {
    let hex = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    (hex.len() == 2 && hex.bytes().all(|c| c.is_ascii_hexdigit()))
        .then(|| u8::from_str_radix(hex, 16).ok())
        .flatten()
}

/// The token text of a byte in SentencePiece vocabularies.
pub(crate) fn byte_token_text(byte: u8) -> String {
    format!("<0x{byte:02X}>")
}
