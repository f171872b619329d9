//! Requests to one server, and what can go wrong with them in words.

use std::io::Read;
use std::time::Duration;

use lilim_api::EngineError;
use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, Body, RequestBuilder};

use super::ServerAddress;
use super::chunk::{message_of, short};

/// How long a server may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a question about the server or its tokenizer may take in all.
const ASK_LIMIT: Duration = Duration::from_secs(30);

/// Bytes at most of an answer that is no stream.
const MAX_BODY_BYTES: u64 = 128 << 20;

/// Bytes at most of an error's body that are read.
const MAX_ERROR_BYTES: u64 = 64 << 10;

/// Connections to a server. Calls nobody else: no proxy, and a redirect is an answer like any other.
#[derive(Clone, Debug)]
pub(super) struct Http {
    address: ServerAddress,
    agent: Agent,
}

impl Http {
    pub(super) fn new(address: &ServerAddress) -> Self {
        let agent = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_LIMIT))
            .timeout_per_read(Some(address.silence_limit))
            .timeout_per_write(Some(address.silence_limit))
            .user_agent(concat!("lilim/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self {
            address: address.clone(),
            agent,
        }
    }

    /// Ends whatever is under way, in any thread. Afterwards it connects no more.
    pub(super) fn shut(&self) {
        self.agent.clone().shutdown();
    }

    /// Asks something small; `None` where the server does not know the path.
    pub(super) fn get(&self, path: &str) -> Result<Option<Value>, EngineError> {
        let request = self.agent.get(self.url(path));
        let request = request.config().timeout_global(Some(ASK_LIMIT)).build();
        let sent = self.with_key(request).call();
        self.known(self.checked(sent), path)
    }

    /// The same with a question.
    pub(super) fn ask(&self, path: &str, question: &Value) -> Result<Option<Value>, EngineError> {
        let request = self.agent.post(self.url(path));
        let request = request.config().timeout_global(Some(ASK_LIMIT)).build();
        let request = self.with_key(request).content_type("application/json");
        let sent = request.send(question.to_string());
        self.known(self.checked(sent), path)
    }

    /// Sends a question whose answer takes its time; the caller reads it.
    pub(super) fn post(&self, path: &str, question: &str) -> Result<Response<Body>, EngineError> {
        let request = self.with_key(self.agent.post(self.url(path)));
        let sent = request.content_type("application/json").send(question);
        self.checked(sent)
            .map_err(|refusal| self.error(refusal.reason))
    }

    /// An error about this server.
    pub(super) fn error(&self, reason: impl Into<String>) -> EngineError {
        EngineError::Server {
            server: self.address.base.clone(),
            reason: reason.into(),
        }
    }

    /// Why reading went wrong.
    pub(super) fn read_error(&self, error: &std::io::Error) -> EngineError {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match inner {
            Some(error) => self.error(in_words(error, self.address.silence_limit)),
            None => self.error(format!("its answer broke off: {error}")),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address.base)
    }

    fn with_key<T>(&self, request: RequestBuilder<T>) -> RequestBuilder<T> {
        match &self.address.key {
            Some(key) => request.header("Authorization", format!("Bearer {}", key.0)),
            None => request,
        }
    }

    fn checked(
        &self,
        sent: Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, Refusal> {
        let mut response = sent.map_err(|error| Refusal {
            status: None,
            reason: in_words(&error, self.address.silence_limit),
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let mut body = Vec::new();
        // what can be had of it: the status alone is an answer too
        let reader = response.body_mut().as_reader();
        let _partly = reader.take(MAX_ERROR_BYTES).read_to_end(&mut body);
        let text = String::from_utf8_lossy(&body);
        let said = match serde_json::from_str::<Value>(&text) {
            Ok(json) => message_of(&json),
            Err(_) => short(&text),
        };
        let name = status.canonical_reason().unwrap_or("no known status");
        Err(Refusal {
            status: Some(status.as_u16()),
            reason: format!("it answered {} {name}: {said}", status.as_u16()),
        })
    }

    fn known(
        &self,
        answered: Result<Response<Body>, Refusal>,
        path: &str,
    ) -> Result<Option<Value>, EngineError> {
        let mut response = match answered {
            Ok(response) => response,
            Err(Refusal {
                status: Some(404 | 405 | 501),
                ..
            }) => return Ok(None),
            Err(refusal) => return Err(self.error(refusal.reason)),
        };
        let mut text = String::new();
        let reader = response.body_mut().as_reader();
        reader
            .take(MAX_BODY_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| self.read_error(&error))?;
        let json = serde_json::from_str(&text);
        // a page for people instead of an answer: it does not know the path either
        json.map(Some)
            .or_else(|_| match text.trim_start().starts_with('<') {
                true => Ok(None),
                false => Err(self.error(format!("{path} is no JSON: {}", short(&text)))),
            })
    }
}

/// Why a server did not do what was asked.
struct Refusal {
    /// The HTTP status, where it answered at all.
    status: Option<u16>,
    reason: String,
}

fn in_words(error: &ureq::Error, silence_limit: Duration) -> String {
    match error {
        ureq::Error::Io(error) => match error.kind() {
            std::io::ErrorKind::ConnectionRefused => {
                "nothing listens at this address (connection refused)".to_owned()
            }
            _ => format!("the connection failed: {error}"),
        },
        ureq::Error::HostNotFound => "there is no host of this name".to_owned(),
        ureq::Error::Timeout(ureq::Timeout::Connect) => {
            format!("no connection within {} s", CONNECT_LIMIT.as_secs())
        }
        ureq::Error::Timeout(ureq::Timeout::Global) => {
            format!("no answer within {} s", ASK_LIMIT.as_secs())
        }
        ureq::Error::Timeout(_) => format!("silent for {} s", silence_limit.as_secs_f64()),
        ureq::Error::TlsRequired => {
            "this program was built without https (cargo feature `https`)".to_owned()
        }
        other => other.to_string(),
    }
}
