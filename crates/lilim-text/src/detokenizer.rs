//! Ids to text as they come: whole characters only, marks of the format left out.

use crate::Tokenizer;

/// What the ids continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextStart {
    /// The beginning of a text, such as an answer: the space that SentencePiece vocabularies put
    /// before a text is taken away.
    Text,
    /// The middle of a text, such as a raw prompt: every space stays.
    Middle,
}

/// Turns ids into text one at a time. What [`Self::push`] returned so far plus [`Self::finish`]
/// is always the text that all ids together stand for.
#[derive(Clone, Debug)]
pub struct Detokenizer {
    tokenizer: Tokenizer,
    skip_special: bool,
    /// Whether a space that comes now is the one to take away.
    at_start: bool,
    /// Bytes of a character that is not complete yet; at most three.
    pending: Vec<u8>,
}

impl Detokenizer {
    /// Makes a detokenizer that leaves out control tokens.
    pub fn new(tokenizer: &Tokenizer, start: TextStart) -> Self {
        Self::with_special(tokenizer, start, true)
    }

    /// Makes a detokenizer that leaves out control and unknown tokens only if `skip_special`.
    pub fn with_special(tokenizer: &Tokenizer, start: TextStart, skip_special: bool) -> Self {
        let at_start = start == TextStart::Text && tokenizer.strips_first_space();
        Self {
            tokenizer: tokenizer.clone(),
            skip_special,
            at_start,
            pending: Vec::new(),
        }
    }

    /// Takes a token and returns the text that is certain now, often empty. Bytes that cannot be
    /// UTF-8 become U+FFFD.
    pub fn push(&mut self, id: u32) -> String {
        if self.skip_special && self.tokenizer.is_control(id) {
            return String::new();
        }
        let mut bytes = self.tokenizer.token_bytes(id);
        if self.at_start && !bytes.is_empty() {
            bytes = bytes.strip_prefix(b" ").unwrap_or(bytes);
            self.at_start = false;
        }
        self.pending.extend_from_slice(bytes);
        self.take_certain()
    }

    /// Ends the text: a character that never became complete is U+FFFD.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.pending);
        String::from_utf8_lossy(&rest).into_owned()
    }

    fn take_certain(&mut self) -> String {
        let mut text = String::with_capacity(self.pending.len());
        let mut rest = &self.pending[..];
        loop {
            let error = match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => error,
            };
            let (valid, after) = rest.split_at(error.valid_up_to());
            text.push_str(std::str::from_utf8(valid).expect("just found valid"));
            rest = after;
            match error.error_len() {
                Some(invalid) => {
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[invalid..];
                }
                None => break,
            }
        }
        let kept = rest.len();
        self.pending.drain(..self.pending.len() - kept);
        text
    }
}
