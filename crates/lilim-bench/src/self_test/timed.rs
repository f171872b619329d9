//! An engine whose only work is to wait: how long each token takes is known, so what the measurement
//! makes of it can be held against the truth.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lilim_api::{
    Availability, CancelToken, Engine, EngineError, Event, EventReceiver, EventSender,
    FinishReason, GenerateRequest, LoadOptions, LoadProgress, LoadedModel, MemoryEstimate, Message,
    ModelFiles, ModelInfo, Prompt, Session, TemplateOptions, TokenEvent, TokenId, TokenStepper,
    Usage, event_channel,
};

use crate::side::{Launched, Launcher};
use crate::stats::normal_numbers;

/// Bytes are the vocabulary.
const VOCAB_SIZE: usize = 256;
const CONTEXT: usize = 4096;

/// Starts timed engines: each takes a token's time, times what a seeded normal number makes of it.
pub(super) struct TimedLauncher {
    /// Time of a generated token without noise; a prompt's token takes a tenth.
    pub(super) step: Duration,
    /// The standard deviation of ln(time) from launch to launch.
    pub(super) sigma: f64,
    /// What the noise is drawn from.
    pub(super) seed: u64,
    /// Engines started so far.
    pub(super) n_launched: AtomicU64,
}

impl Launcher for TimedLauncher {
    fn launch(&self) -> Result<Launched, EngineError> {
        let number = self.n_launched.fetch_add(1, Ordering::Relaxed);
        let noise = normal_numbers(self.seed.wrapping_add(number << 32), 1)[0];
        let step = self.step.mul_f64(libm::exp(self.sigma * noise));
        Ok(Launched {
            engine: Arc::new(TimedEngine { step }),
            model: ModelFiles::Gguf("timed.gguf".into()),
            options: LoadOptions {
                prefix_cache: false,
                ..LoadOptions::default()
            },
            process_id: None,
        })
    }

    fn drop_page_cache(&self) -> String {
        "there is no file".to_owned()
    }
}

struct TimedEngine {
    step: Duration,
}

fn info() -> ModelInfo {
    ModelInfo {
        name: "timed".to_owned(),
        arch: "timed".to_owned(),
        quantization: "none".to_owned(),
        n_params: 0,
        n_weight_bytes: 0,
        vocab_size: VOCAB_SIZE,
        train_context: CONTEXT,
        has_chat_template: false,
    }
}

impl Engine for TimedEngine {
    fn name(&self) -> &'static str {
        "timed"
    }

    fn availability(&self) -> Availability {
        Availability::Ready("it only waits".to_owned())
    }

    fn check(&self, _model: &ModelFiles) -> Result<ModelInfo, EngineError> {
        Ok(info())
    }

    fn estimate(
        &self,
        _model: &ModelFiles,
        _options: &LoadOptions,
    ) -> Result<MemoryEstimate, EngineError> {
        Ok(MemoryEstimate::default())
    }

    fn load(
        &self,
        _model: &ModelFiles,
        _options: &LoadOptions,
        _progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Arc<dyn LoadedModel>, EngineError> {
        let (info, step) = (info(), self.step);
        Ok(Arc::new(TimedModel { info, step }))
    }
}

struct TimedModel {
    info: ModelInfo,
    step: Duration,
}

impl LoadedModel for TimedModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn context(&self) -> usize {
        CONTEXT
    }

    fn device(&self) -> String {
        "a clock".to_owned()
    }

    fn tokenize(
        &self,
        text: &str,
        _bos: bool,
        _special: bool,
    ) -> Result<Vec<TokenId>, EngineError> {
        Ok(text.bytes().map(TokenId::from).collect())
    }

    fn detokenize(&self, ids: &[TokenId]) -> Result<String, EngineError> {
        Ok(ids.iter().map(|_| '.').collect())
    }

    fn render_chat(
        &self,
        _messages: &[Message],
        _options: &TemplateOptions,
    ) -> Result<String, EngineError> {
        Err(unsupported("chat templates"))
    }

    fn session(self: Arc<Self>) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(TimedSession {
            step: self.step,
            running: Mutex::new(None),
        }))
    }
}

fn unsupported(what: &str) -> EngineError {
    EngineError::Unsupported {
        model: "timed".to_owned(),
        reason: format!("it only waits and knows no {what}"),
    }
}

struct TimedSession {
    step: Duration,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl Session for TimedSession {
    fn generate(
        &mut self,
        request: GenerateRequest,
        cancel: CancelToken,
    ) -> Result<EventReceiver, EngineError> {
        let Prompt::Tokens(ids) = request.prompt else {
            return Err(unsupported("prompts but token ids"));
        };
        let n_out = request.stop.max_tokens.unwrap_or(0);
        let (sender, receiver) = event_channel(cancel);
        let step = self.step;
        let running = self.running.get_mut();
        let running = running.unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = running.take() {
            // It cannot panic, and if it did, its reader saw a stream without an end.
            let _ended = before.join();
        }
        *running = Some(thread::spawn(move || wait(step, ids.len(), n_out, &sender)));
        Ok(receiver)
    }

    fn with_stepper(
        &mut self,
        _work: &mut dyn FnMut(&mut dyn TokenStepper) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        Err(unsupported("logits"))
    }
}

/// Sends tokens at their times. They are counted from the beginning, so that waking late once makes
/// one token late and not all that follow.
fn wait(step: Duration, n_prompt: usize, n_out: usize, events: &EventSender) {
    let start = Instant::now();
    let prefill = step.mul_f64(n_prompt as f64 / 10.0);
    for index in 0..n_out {
        let due = prefill + step.mul_f64(index as f64);
        thread::sleep(due.saturating_sub(start.elapsed()));
        let token = TokenEvent {
            id: 46,
            text: ".".to_owned(),
            logprob: None,
            top_logprobs: Vec::new(),
        };
        if events.send(Event::Token(token)).is_err() || events.cancel_token().is_cancelled() {
            return;
        }
    }
    let usage = Usage {
        n_prompt,
        n_out,
        prefill,
        decode: start.elapsed().saturating_sub(prefill),
        ..Usage::default()
    };
    // A reader that went away needs no last event.
    let _gone = events.send(Event::Done {
        reason: FinishReason::Length,
        tail: String::new(),
        usage,
    });
}
