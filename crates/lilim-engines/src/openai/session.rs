//! One request after another to a server, over one connection as long as the server keeps it.

use std::io::Read;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use lilim_api::{
    CancelToken, EngineError, Event, EventReceiver, EventSender, FinishReason, GenerateRequest,
    Prompt, Session, TokenStepper, event_channel,
};
use serde_json::{Map, Value, json};
use ureq::Body;
use ureq::http::Response;

use super::about::Kind;
use super::chunk::Answer;
use super::http::Http;
use super::model::ServerModel;
use super::{Api, sse};

/// Bytes read from the connection at once.
const READ_BYTES: usize = 16 << 10;

/// Bytes at most of an answer taken whole.
const MAX_WHOLE_BYTES: u64 = 128 << 20;

pub(super) struct ServerSession {
    model: Arc<ServerModel>,
    http: Http,
    running: Option<JoinHandle<()>>,
    /// Raised when the last request was cut off, and its connections with it.
    last: CancelToken,
}

impl ServerSession {
    pub(super) fn new(model: Arc<ServerModel>) -> Self {
        let http = Http::new(&model.address);
        Self {
            model,
            http,
            running: None,
            last: CancelToken::new(),
        }
    }

    fn question(&self, request: &GenerateRequest) -> Result<(&'static str, String), EngineError> {
        let address = &self.model.address;
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(self.model.about.model));
        let path = match address.api {
            Api::Completions => {
                body.insert("prompt".to_owned(), self.prompt(&request.prompt)?);
                "/v1/completions"
            }
            Api::Chat => {
                body.insert("messages".to_owned(), self.messages(&request.prompt)?);
                "/v1/chat/completions"
            }
        };
        let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
        set("stream", json!(!request.whole));
        set("temperature", json!(request.sampling.temperature));
        if request.sampling.temperature > 0.0 {
            set("top_p", json!(request.sampling.top_p));
        }
        if let Some(seed) = request.sampling.seed {
            set("seed", json!(seed));
        }
        if let Some(n) = request.stop.max_tokens {
            set("max_tokens", json!(n));
        }
        if !request.stop.strings.is_empty() {
            set("stop", json!(request.stop.strings));
        }
        let mut stream = json!({ "include_usage": true });
        let kind = self.model.about.kind;
        if !address.is_strict {
            set("ignore_eos", json!(request.stop.ignore_eos));
        }
        match kind {
            Kind::LlamaServer => {
                set("cache_prompt", json!(address.prefix_cache));
                set("timings_per_token", json!(true));
            }
            Kind::Vllm => {
                set("return_token_ids", json!(true));
                stream["continuous_usage_stats"] = json!(true);
            }
            Kind::Other => {}
        }
        if !request.whole {
            set("stream_options", stream);
        }
        Ok((path, Value::Object(body).to_string()))
    }

    fn prompt(&self, prompt: &Prompt) -> Result<Value, EngineError> {
        match prompt {
            Prompt::Raw(text) => Ok(json!(text)),
            Prompt::Tokens(ids) if self.model.about.tokenizer.is_some() => Ok(json!(ids)),
            Prompt::Tokens(_) => Err(self.cannot("takes no token ids")),
            Prompt::Chat { .. } => Err(self.cannot("is asked for completions, not for a chat")),
        }
    }

    fn messages(&self, prompt: &Prompt) -> Result<Value, EngineError> {
        match prompt {
            Prompt::Raw(text) => Ok(json!([{ "role": "user", "content": text }])),
            Prompt::Chat { messages, .. } => Ok(json!(messages)),
            Prompt::Tokens(_) => Err(self.cannot("takes no token ids in a chat")),
        }
    }

    fn cannot(&self, what: &str) -> EngineError {
        self.http.error(format!("it {what}"))
    }

    /// A session is one request at a time; what was cut off took its connections with it.
    fn wait(&mut self) {
        if let Some(running) = self.running.take() {
            let _panicked = running.join();
            if self.last.is_cancelled() {
                self.http = Http::new(&self.model.address);
            }
        }
    }
}

impl Drop for ServerSession {
    fn drop(&mut self) {
        self.http.shut();
    }
}

impl Session for ServerSession {
    fn generate(
        &mut self,
        request: GenerateRequest,
        cancel: CancelToken,
    ) -> Result<EventReceiver, EngineError> {
        self.wait();
        let (path, question) = self.question(&request)?;
        let (sender, receiver) = event_channel(cancel.clone());
        self.last = CancelToken::new();
        let (http, cut) = (self.http.clone(), self.last.clone());
        // a read that waits cannot look at a flag: its connection is closed under it
        let watch = cancel.on_cancel(move || {
            cut.cancel();
            http.shut();
        });
        let http = self.http.clone();
        let work = move || {
            let outcome = follow(&http, (path, &question), &sender);
            drop(watch);
            // the reader that went away needs no last event
            let _gone = sender.send(match outcome {
                Ok(done) => done,
                Err(_) if sender.cancel_token().is_cancelled() => cancelled(),
                Err(error) => Event::Failed(error),
            });
        };
        let thread = Builder::new().name("lilim-server".to_owned()).spawn(work);
        self.running = Some(thread.map_err(|error| EngineError::System {
            what: "a thread for a server's answer".to_owned(),
            reason: error.to_string(),
        })?);
        Ok(receiver)
    }

    fn with_stepper(
        &mut self,
        _work: &mut dyn FnMut(&mut dyn TokenStepper) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        Err(EngineError::Unsupported {
            model: self.model.about.model.clone(),
            reason: "a server cannot be led token by token".to_owned(),
        })
    }
}

fn cancelled() -> Event {
    Event::Done {
        reason: FinishReason::Cancelled,
        tail: String::new(),
        usage: Answer::default().usage(),
    }
}

/// Sends the question and every event of the answer but the last, which it returns.
fn follow(
    http: &Http,
    (path, question): (&str, &str),
    events: &EventSender,
) -> Result<Event, EngineError> {
    let mut response = http.post(path, question)?;
    let kind = response.headers().get("content-type");
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_stream = kind.starts_with("text/event-stream");
    let answer = match is_stream {
        true => streamed(http, &mut response, events)?,
        false => whole(http, &mut response, events)?,
    };
    let reason = answer
        .reason
        .ok_or_else(|| http.error("its answer ended without saying why"))?;
    Ok(Event::Done {
        reason,
        tail: String::new(),
        usage: answer.usage(),
    })
}

fn streamed(
    http: &Http,
    response: &mut Response<Body>,
    events: &EventSender,
) -> Result<Answer, EngineError> {
    let mut answer = Answer::default();
    let mut cutter = sse::Events::default();
    let mut reader = response.body_mut().as_reader();
    let mut buffer = vec![0; READ_BYTES];
    let mut outcome = Ok(());
    let mut is_done = false;
    loop {
        let n_bytes = match reader.read(&mut buffer) {
            Ok(n_bytes) => n_bytes,
            // some close the connection instead of ending the body
            Err(_) if is_done => return Ok(answer),
            Err(error) => return Err(http.read_error(&error)),
        };
        let mut take = |data: String| match data.trim() {
            "" => {}
            "[DONE]" => is_done = true,
            json if outcome.is_ok() && !is_done => outcome = pass_on(&mut answer, json, events),
            _ => {}
        };
        if n_bytes == 0 {
            cutter.end(&mut take);
            outcome.map_err(|reason| stop(http, reason))?;
            return Ok(answer);
        }
        let pushed = cutter.push(&buffer[..n_bytes], &mut take);
        outcome.map_err(|reason| stop(http, reason))?;
        outcome = Ok(());
        pushed.map_err(|_| http.error("an event of its stream has no end"))?;
    }
}

/// Why an answer is not followed any further.
enum Stop {
    /// The server's fault.
    Said(String),
    /// Nobody reads.
    Gone,
}

fn stop(http: &Http, reason: Stop) -> EngineError {
    match reason {
        Stop::Said(reason) => http.error(reason),
        Stop::Gone => EngineError::Cancelled,
    }
}

fn pass_on(answer: &mut Answer, json: &str, events: &EventSender) -> Result<(), Stop> {
    for chunk in answer.take(json).map_err(Stop::Said)? {
        events.send(Event::Chunk(chunk)).map_err(|_| Stop::Gone)?;
    }
    Ok(())
}

fn whole(
    http: &Http,
    response: &mut Response<Body>,
    events: &EventSender,
) -> Result<Answer, EngineError> {
    let mut text = String::new();
    let reader = response.body_mut().as_reader();
    reader
        .take(MAX_WHOLE_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| http.read_error(&error))?;
    let mut answer = Answer::default();
    pass_on(&mut answer, &text, events).map_err(|reason| stop(http, reason))?;
    Ok(answer)
}
