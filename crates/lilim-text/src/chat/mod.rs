//! Chat templates: a model's own Jinja program that writes a conversation as the model was
//! trained to read it.
//!
//! The environment is the one `transformers` gives templates: blocks trimmed, loop controls,
//! Python's methods, printing and JSON, `raise_exception`, `strftime_now`. A template is foreign
//! code, so it runs with fuel and with bounds on depth and output.
//!
//! Reading order: this file, `context.rs` (what a template sees), `environment.rs` (what it may
//! do), `python_*.rs` (where Python shows through).

mod context;
mod environment;
mod python_filters;
mod python_json;
mod python_methods;

use lilim_api::{Message, TemplateOptions};
use minijinja::Environment;

use crate::TextError;
pub use context::LocalTime;
use environment::{BoundedOutput, TEMPLATE_NAME};

/// The longest template that is compiled, in bytes; real ones stay below 64 KiB.
const MAX_TEMPLATE_BYTES: usize = 1 << 20;

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
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
    pub now: LocalTime,
}

impl ChatTemplate {
    /// Compiles a template; `bos` and `eos` are the texts of those tokens, empty if there are
    /// none.
    ///
    /// # Errors
    /// [`TextError::BadTemplate`] naming the line.
    pub fn new(source: &str, bos: &str, eos: &str) -> Result<Self, TextError> {
        if source.len() > MAX_TEMPLATE_BYTES {
            return Err(TextError::TemplateLimit {
                what: "bytes of source",
                limit: MAX_TEMPLATE_BYTES as u64,
            });
        }
        let environment = environment::compile(named_template(source))?;
        Ok(Self {
            environment,
            bos: bos.to_owned(),
            eos: eos.to_owned(),
        })
    }

    /// Writes a conversation.
    ///
    /// # Errors
    /// [`TextError::TemplateRefused`] with the template's own words, or
    /// [`TextError::TemplateFailed`] and [`TextError::TemplateLimit`].
    pub fn render(&self, request: &RenderRequest<'_>) -> Result<String, TextError> {
        let context = context::context_of(request, &self.bos, &self.eos);
        self.render_context(context, request.now)
    }

    /// Writes a conversation that is JSON already, such as messages of which `content` is a list.
    /// All that the template may look at is in `context`, except BOS and EOS.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_json(
        &self,
        mut context: serde_json::Map<String, serde_json::Value>,
        now: LocalTime,
    ) -> Result<String, TextError> {
        context.insert("bos_token".to_owned(), self.bos.as_str().into());
        context.insert("eos_token".to_owned(), self.eos.as_str().into());
        self.render_context(
            minijinja::Value::from(minijinja::value::Serde(context)),
            now,
        )
    }

    fn render_context(
        &self,
        context: minijinja::Value,
        now: LocalTime,
    ) -> Result<String, TextError> {
        let template = self
            .environment
            .get_template(TEMPLATE_NAME)
            .map_err(environment::text_error)?;
        let mut output = BoundedOutput::default();
        let context = context::with_time(context, now);
        let outcome = template.render_captured_to(context, &mut output);
        output.check()?;
        outcome.map_err(environment::text_error)?;
        output.into_text()
    }
}

/// A few files name a template instead of bringing one.
fn named_template(source: &str) -> &str {
    match source {
        "rwkv-world" => RWKV_WORLD,
        _ => source,
    }
}

const RWKV_WORLD: &str = "\
{%- for message in messages -%}\
{%- if message.role == 'system' -%}{{ message.content | trim }}{{ '\\n\\n' }}\
{%- elif message.role == 'user' -%}{{ 'User: ' + message.content | trim }}{{ '\\n\\n' }}\
{%- else -%}{{ 'Assistant: ' + message.content | trim }}{{ '\\n\\n' }}\
{%- endif -%}\
{%- endfor -%}\
{%- if add_generation_prompt -%}Assistant:{%- endif -%}";
