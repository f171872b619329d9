//! The model that a server has loaded.

use std::sync::Arc;

use lilim_api::{EngineError, LoadedModel, Message, ModelInfo, Session, TemplateOptions, TokenId};

use super::ServerAddress;
use super::about::{About, ids};
use super::http::Http;
use super::session::ServerSession;

pub(super) struct ServerModel {
    pub(super) address: ServerAddress,
    pub(super) http: Http,
    pub(super) about: Arc<About>,
    pub(super) info: ModelInfo,
}

impl ServerModel {
    fn has_no(&self, what: &str) -> EngineError {
        EngineError::Unsupported {
            model: self.info.name.clone(),
            reason: format!("the server at {} has no {what}", self.address),
        }
    }
}

impl LoadedModel for ServerModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// As the server says; where it says nothing, what no request reaches.
    fn context(&self) -> usize {
        self.about.context.unwrap_or(usize::MAX)
    }

    fn device(&self) -> String {
        match self.about.told.get("build") {
            Some(build) => format!("{} {build}", self.about.kind.name()),
            None => self.about.kind.name().to_owned(),
        }
    }

    fn tokenize(
        &self,
        text: &str,
        add_bos: bool,
        parse_special: bool,
    ) -> Result<Vec<TokenId>, EngineError> {
        let Some(tokenizer) = self.about.tokenizer else {
            return Err(self.has_no("tokenizer that can be asked"));
        };
        let question = tokenizer.question(&self.about.model, text, add_bos, parse_special);
        let answer = self.http.ask("/tokenize", &question)?;
        let answer = answer.ok_or_else(|| self.has_no("tokenizer any more"))?;
        ids(&answer).ok_or_else(|| self.http.error("/tokenize answered without tokens"))
    }

    fn detokenize(&self, _ids: &[TokenId]) -> Result<String, EngineError> {
        Err(self.has_no("way to turn tokens into text"))
    }

    fn render_chat(
        &self,
        _messages: &[Message],
        _options: &TemplateOptions,
    ) -> Result<String, EngineError> {
        Err(self.has_no("chat template that it shows"))
    }

    fn session(self: Arc<Self>) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(ServerSession::new(self)))
    }
}
