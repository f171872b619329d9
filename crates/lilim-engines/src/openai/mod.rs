//! Servers that speak OpenAI's HTTP API, as engines.
//!
//! The user names the address; nothing else is ever called. What the server is (llama-server, vLLM,
//! or something else) decides how prompts travel, as token ids or as text, and what it is asked to
//! tell about its tokens. What it does not tell stays untold.

mod about;
mod chunk;
mod http;
mod model;
mod null;
mod session;
mod sse;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lilim_api::{
    Availability, Engine, EngineError, LoadOptions, LoadPhase, LoadProgress, LoadedModel,
    MemoryEstimate, ModelFiles, ModelInfo,
};

use about::About;
use http::Http;
use model::ServerModel;
pub use null::NullServer;

/// Where a server is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct ServerAddress {
    /// Scheme, host and port, without a path of the API and without a slash at the end.
    base: String,
    key: Option<Key>,
    model: Option<String>,
    api: Api,
    is_strict: bool,
    prefix_cache: bool,
    silence_limit: Duration,
}

/// A secret that no message shows.
#[derive(Clone)]
struct Key(String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Which of a server's ways to generate is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Api {
    /// `/v1/completions`: the prompt as it is, as token ids where the server takes them.
    #[default]
    Completions,
    /// `/v1/chat/completions`: the prompt as a user's message in the model's own template.
    Chat,
}

impl ServerAddress {
    /// A server by its address; `…/v1` at the end means the same as without it.
    ///
    /// # Errors
    /// What is no `http://` or `https://` address, as a sentence.
    pub fn new(url: &str) -> Result<Self, String> {
        let base = url.trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base);
        let host = base
            .strip_prefix("http://")
            .or_else(|| base.strip_prefix("https://"))
            .ok_or_else(|| format!("'{url}' begins with neither http:// nor https://"))?;
        if host.is_empty() || host.contains(['@', '?', '#', ' ']) {
            return Err(format!("'{url}' is no address of a server"));
        }
        Ok(Self {
            base: base.to_owned(),
            key: None,
            model: None,
            api: Api::default(),
            is_strict: false,
            prefix_cache: false,
            silence_limit: Duration::from_secs(600),
        })
    }

    /// Whether a text is meant as a server's address.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("http://") || text.starts_with("https://")
    }

    /// Whether it is this machine, so that no prompt leaves it: `localhost`, 127.0.0.0/8 and `[::1]`.
    pub fn is_this_machine(&self) -> bool {
        let host = self.base.split_once("://").map_or("", |(_, host)| host);
        let host = host.split('/').next().unwrap_or("");
        let name = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((address, _port)) => address,
            None => host.split(':').next().unwrap_or(""),
        };
        let is_loopback = |address: std::net::IpAddr| address.is_loopback();
        name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(is_loopback)
    }

    /// With a key that is sent to this server.
    #[must_use]
    pub fn with_key(mut self, key: String) -> Self {
        self.key = Some(Key(key));
        self
    }

    /// With one of the server's models; else the only one that it has.
    #[must_use]
    pub fn with_model(mut self, model: String) -> Self {
        self.model = Some(model);
        self
    }

    /// By another way to generate.
    #[must_use]
    pub fn with_api(mut self, api: Api) -> Self {
        self.api = api;
        self
    }

    /// With nothing in its requests that OpenAI's API does not have: answers may then end early.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// With the server's prefix cache left on, where its API has a switch.
    #[must_use]
    pub fn with_prefix_cache(mut self) -> Self {
        self.prefix_cache = true;
        self
    }

    /// With another time after which a silent server counts as hung.
    #[must_use]
    pub fn with_silence_limit(mut self, limit: Duration) -> Self {
        self.silence_limit = limit;
        self
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// An engine that is a server.
#[derive(Clone, Debug)]
pub struct OpenAiEngine {
    address: ServerAddress,
    about: Arc<About>,
}

impl OpenAiEngine {
    /// Asks a server what it is and which models it has.
    ///
    /// # Errors
    /// A server that is not there, or refuses the key; a model that it does not have, or none named
    /// where it has several.
    pub fn connect(address: ServerAddress) -> Result<Self, EngineError> {
        let about = About::ask(&Http::new(&address), &address)?;
        Ok(Self {
            address,
            about: Arc::new(about),
        })
    }

    /// What the server tells of itself, such as its `build`; nothing of it is checked.
    pub fn told(&self) -> &BTreeMap<String, String> {
        &self.about.told
    }

    /// Whether prompts travel as token ids, so that their length is exact.
    pub fn takes_tokens(&self) -> bool {
        self.about.tokenizer.is_some()
    }

    /// Whether the context is known, in tokens.
    pub fn context(&self) -> Option<usize> {
        self.about.context
    }

    /// Whether it is the same model at the same address.
    pub fn is_same(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.address.base.clone(), one.about.model.clone());
        of(self) == of(other)
    }

    /// The model's name; of a path the last part.
    pub fn model(&self) -> &str {
        about::file_name(&self.about.model)
    }

    fn info(&self) -> ModelInfo {
        ModelInfo {
            name: self.model().to_owned(),
            arch: "unknown".to_owned(),
            quantization: "unknown".to_owned(),
            n_params: 0,
            n_weight_bytes: 0,
            vocab_size: 0,
            train_context: self.about.context.unwrap_or(0),
            has_chat_template: self.address.api == Api::Chat,
        }
    }
}

impl Engine for OpenAiEngine {
    fn name(&self) -> &str {
        self.about.kind.name()
    }

    fn availability(&self) -> Availability {
        Availability::Ready(format!("server at {}", self.address))
    }

    fn check(&self, _model: &ModelFiles) -> Result<ModelInfo, EngineError> {
        Ok(self.info())
    }

    fn estimate(
        &self,
        _model: &ModelFiles,
        _options: &LoadOptions,
    ) -> Result<MemoryEstimate, EngineError> {
        Err(EngineError::Unsupported {
            model: self.about.model.clone(),
            reason: "a server does not tell what memory it would take".to_owned(),
        })
    }

    /// The server has loaded it already: what `model` names is not looked at.
    fn load(
        &self,
        _model: &ModelFiles,
        _options: &LoadOptions,
        progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Arc<dyn LoadedModel>, EngineError> {
        progress(LoadProgress {
            phase: LoadPhase::Open,
            done: 0,
            total: 0,
        });
        Ok(Arc::new(ServerModel {
            address: self.address.clone(),
            http: Http::new(&self.address),
            about: Arc::clone(&self.about),
            info: self.info(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_a_person_would_write() {
        for url in [
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/",
            "http://127.0.0.1:8080/v1/",
        ] {
            let address = ServerAddress::new(url).expect(url);
            assert_eq!(address.to_string(), "http://127.0.0.1:8080");
        }
        for url in [
            "127.0.0.1:8080",
            "ftp://x",
            "http://",
            "http://me:key@x",
            "http://x?y",
        ] {
            assert!(ServerAddress::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn only_the_loopback_is_this_machine() {
        let is_this_machine = |url: &str| ServerAddress::new(url).expect(url).is_this_machine();
        for url in [
            "http://localhost:8080",
            "http://LOCALHOST",
            "http://127.0.0.1:8080/v1",
            "http://127.9.9.9/api",
            "http://[::1]:8080",
        ] {
            assert!(is_this_machine(url), "{url}");
        }
        for url in [
            "http://192.168.0.2:8080",
            "http://localhost.example.com",
            "http://0.0.0.0:80",
            "http://127.0.0.1.example.com",
            "https://[2001:db8::1]/",
        ] {
            assert!(!is_this_machine(url), "{url}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let address = ServerAddress::new("http://x").expect("an address");
        let shown = format!("{:?}", address.with_key("sk-123".to_owned()));
        assert!(!shown.contains("sk-123"), "{shown}");
    }
}
