//! A model that a worker has loaded.

use std::sync::Arc;

use lilim_api::{EngineError, LoadedModel, Message, ModelInfo, Session, TemplateOptions, TokenId};

use super::link::Link;
use super::session::WorkerSession;
use crate::wire::{Answer, Call};

/// A handle on it; dropping the last unloads it.
pub(super) struct WorkerModel {
    pub(super) link: Arc<Link>,
    /// The request that loaded it.
    pub(super) id: u64,
    pub(super) info: ModelInfo,
    pub(super) context: usize,
    pub(super) device: String,
}

impl Drop for WorkerModel {
    fn drop(&mut self) {
        self.link.give_back(Call::Unload { model: self.id });
    }
}

impl LoadedModel for WorkerModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn context(&self) -> usize {
        self.context
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
        let call = Call::Tokenize {
            model: self.id,
            text: text.to_owned(),
            add_bos,
            parse_special,
        };
        match self.link.call(call)? {
            Answer::Tokens { ids } => Ok(ids),
            other => Err(self.link.unexpected("tokenize", &other)),
        }
    }

    fn detokenize(&self, ids: &[TokenId]) -> Result<String, EngineError> {
        let (model, ids) = (self.id, ids.to_vec());
        match self.link.call(Call::Detokenize { model, ids })? {
            Answer::Text { text } => Ok(text),
            other => Err(self.link.unexpected("detokenize", &other)),
        }
    }

    fn render_chat(
        &self,
        messages: &[Message],
        options: &TemplateOptions,
    ) -> Result<String, EngineError> {
        let call = Call::RenderChat {
            model: self.id,
            messages: messages.to_vec(),
            options: options.clone(),
        };
        match self.link.call(call)? {
            Answer::Text { text } => Ok(text),
            other => Err(self.link.unexpected("render_chat", &other)),
        }
    }

    fn session(self: Arc<Self>) -> Result<Box<dyn Session>, EngineError> {
        let request = self.link.ask(Call::Open { model: self.id })?;
        match request.wait(&mut |_| {})? {
            Answer::Done {} => Ok(Box::new(WorkerSession {
                id: request.id(),
                model: self,
            })),
            other => Err(self.link.unexpected("open", &other)),
        }
    }
}
