//! Text in, token ids out, and back: tokenizers, streaming detokenization, stop strings and chat
//! templates, each from the model's own metadata.
//!
//! **Invariant**: pure. No file, clock, environment or thread is touched; the time a template may
//! ask for is an argument. Whatever bytes a model file holds, the answer is a value or a
//! [`TextError`], never a panic.

mod chat;
mod detokenizer;
mod error;
mod pre_tokenizer;
mod stop_finder;
mod tokenizer;

pub use chat::{ChatTemplate, LocalTime, RenderRequest};
pub use detokenizer::{Detokenizer, TextStart};
pub use error::{MergeFault, TextError};
pub use stop_finder::{Found, StopFinder};
pub use tokenizer::{AddSpecial, EncodeOptions, TokenKind, Tokenizer};
