//! A model in memory: its network, its vocabulary, its template.

use std::sync::Arc;

use lilim_api::{
    EngineError, GenerateRequest, LoadedModel, Message, ModelInfo, Prompt, Session,
    TemplateOptions, TokenId,
};
use lilim_formats::gguf::Metadata;
use lilim_text::{
    AddSpecial, ChatTemplate, EncodeOptions, LocalTime, RenderRequest, TextError, Tokenizer,
};

use crate::error::ModelError;
use crate::generation::NativeSession;
use crate::guesser::Guesser;
use crate::model::{CHAT_TEMPLATE_KEY, LoadedNetwork};
use crate::session::Sequence;
use crate::timeline::Limits;

/// What a loaded model is made of.
pub(crate) struct NativeModel {
    pub info: ModelInfo,
    pub network: LoadedNetwork,
    pub tokenizer: Tokenizer,
    pub template: Option<Template>,
    pub limits: Limits,
    /// What its sessions guess with.
    pub guesser: Guesser,
    /// Whether a session keeps what a new prompt shares with the last.
    pub prefix_cache: bool,
    pub device: String,
}

/// A chat template, or why it is none: a model with a bad one still completes plain text.
pub(crate) type Template = Result<ChatTemplate, String>;

/// Reads a model's vocabulary.
pub(crate) fn read_tokenizer(meta: &Metadata) -> Result<Tokenizer, ModelError> {
    Tokenizer::from_gguf(meta).map_err(vocabulary_error)
}

/// Checks all that is quickly known of a model's vocabulary and template.
pub(crate) fn check_text(meta: &Metadata) -> Result<(), ModelError> {
    meta.str(CHAT_TEMPLATE_KEY)?;
    Tokenizer::check_gguf(meta).map_err(vocabulary_error)
}

fn vocabulary_error(error: TextError) -> ModelError {
    match error {
        TextError::UnknownModel { .. } | TextError::UnknownPreTokenizer { .. } => {
            ModelError::NotImplemented {
                what: error.to_string(),
            }
        }
        other => ModelError::Vocabulary {
            reason: other.to_string(),
        },
    }
}

/// Compiles a model's chat template, if it brings one.
pub(crate) fn read_template(
    meta: &Metadata,
    tokenizer: &Tokenizer,
) -> Result<Option<Template>, ModelError> {
    let piece = |id: Option<u32>| id.and_then(|id| tokenizer.piece(id)).unwrap_or("");
    let (bos, eos) = (piece(tokenizer.bos()), piece(tokenizer.eos()));
    let source = meta.str(CHAT_TEMPLATE_KEY)?;
    Ok(source.map(|source| ChatTemplate::new(source, bos, eos).map_err(|e| e.to_string())))
}

impl NativeModel {
    /// The tokens that a request starts from.
    pub(crate) fn prompt_ids(
        &self,
        request: &GenerateRequest,
    ) -> Result<Vec<TokenId>, EngineError> {
        match &request.prompt {
            Prompt::Tokens(ids) => Ok(ids.clone()),
            Prompt::Raw(text) => self.encode(text, EncodeOptions::default()),
            Prompt::Chat { messages, template } => {
                let text = self.render_chat(messages, template)?;
                let options = EncodeOptions {
                    add_special: AddSpecial::IfMissing,
                    parse_special: true,
                };
                self.encode(&text, options)
            }
        }
    }

    /// Starts an empty sequence.
    pub(crate) fn sequence(&self) -> Result<Sequence, EngineError> {
        self.network.sequence(self.limits)
    }

    fn encode(&self, text: &str, options: EncodeOptions) -> Result<Vec<TokenId>, EngineError> {
        self.tokenizer
            .encode(text, options)
            .map_err(|error| EngineError::Text(error.to_string()))
    }
}

impl LoadedModel for NativeModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn context(&self) -> usize {
        self.limits.context
    }

    fn device(&self) -> String {
        self.device.clone()
    }

    fn tokenize(
        &self,
        text: &str,
        add_bos: bool,
        parse_special: bool,
    ) -> Result<Vec<TokenId>, EngineError> {
        let add_special = if add_bos {
            AddSpecial::ByModel
        } else {
            AddSpecial::Never
        };
        let options = EncodeOptions {
            add_special,
            parse_special,
        };
        self.encode(text, options)
    }

    fn detokenize(&self, ids: &[TokenId]) -> Result<String, EngineError> {
        let vocab_size = self.info.vocab_size;
        match ids.iter().find(|&&id| id as usize >= vocab_size) {
            Some(&id) => Err(EngineError::InvalidToken { id, vocab_size }),
            None => Ok(self.tokenizer.decode(ids, true)),
        }
    }

    fn render_chat(
        &self,
        messages: &[Message],
        options: &TemplateOptions,
    ) -> Result<String, EngineError> {
        let template = match &self.template {
            Some(Ok(template)) => template,
            Some(Err(reason)) => return Err(EngineError::Text(reason.clone())),
            None => return Err(EngineError::Text(TextError::NoTemplate.to_string())),
        };
        let request = RenderRequest {
            messages,
            options,
            add_generation_prompt: true,
            now: now(),
        };
        template
            .render(&request)
            .map_err(|error| EngineError::Text(error.to_string()))
    }

    fn session(self: Arc<Self>) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(NativeSession::new(self)?))
    }
}

/// The time that a template may tell.
fn now() -> LocalTime {
    let now = jiff::Zoned::now();
    LocalTime {
        year: now.year(),
        month: now.month(),
        day: now.day(),
        hour: now.hour(),
        minute: now.minute(),
        second: now.second(),
    }
}
