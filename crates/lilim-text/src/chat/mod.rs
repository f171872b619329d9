//! Chat templates: a model's own Jinja program that writes a conversation as the model was
//! trained to read it.

use lilim_api::{Message, TemplateOptions};

use crate::TextError;

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    source: String,
    bos: String,
    eos: String,
}

/// What to render.
#[derive(Clone, Copy, Debug)]
pub struct RenderRequest<'a> {
    /// The conversation.
    pub messages: &'a [Message],
    /// Tools and further variables.
    pub options: &'a TemplateOptions,
    /// Whether to end where the model's answer begins.
    pub add_generation_prompt: bool,
    /// The time that `strftime_now` tells.
    pub now: &'a jiff::civil::DateTime,
}

impl ChatTemplate {
    /// Compiles a template; `bos` and `eos` are the texts of those tokens.
    ///
    /// # Errors
    /// [`TextError::BadTemplate`] naming the line.
    pub fn new(source: &str, bos: &str, eos: &str) -> Result<Self, TextError> {
        Ok(Self {
            source: source.to_owned(),
            bos: bos.to_owned(),
            eos: eos.to_owned(),
        })
    }

    /// Writes a conversation.
    ///
    /// # Errors
    /// What the template refuses or fails at.
    pub fn render(&self, request: &RenderRequest<'_>) -> Result<String, TextError> {
        let _ = (&self.source, &self.bos, &self.eos, request);
        Err(TextError::NoTemplate)
    }
}
