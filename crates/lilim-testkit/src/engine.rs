//! A whole engine of fake sequences: any model file "loads", the vocabulary is bytes.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use lilim_api::{
    Availability, CancelToken, Engine, EngineError, Event, EventReceiver, EventSender,
    FinishReason, GenerateRequest, LoadOptions, LoadPhase, LoadProgress, LoadedModel,
    MemoryEstimate, Message, ModelFiles, ModelInfo, Prompt, Session, StopOptions, TemplateOptions,
    TokenEvent, TokenId, TokenStepper, Usage, event_channel,
};

use crate::{BOS, BYTE_VOCAB, END, FakeStepper, StepperOptions, decode_bytes, encode_bytes};

/// An engine whose models are all the same fake.
#[derive(Clone, Debug)]
pub struct FakeEngine {
    options: StepperOptions,
    /// Whether it can run here; tests may say otherwise.
    pub availability: Availability,
    /// What every model is said to take.
    pub memory: MemoryEstimate,
}

impl FakeEngine {
    /// Makes an engine whose models behave like this. The vocabulary must be the byte vocabulary.
    pub fn new(options: StepperOptions) -> Self {
        assert_eq!(options.vocab_size, BYTE_VOCAB, "the fake vocabulary");
        Self {
            options,
            availability: Availability::Ready("fake".to_owned()),
            memory: MemoryEstimate {
                weight_bytes: 1000,
                kv_bytes: 100,
                buffer_bytes: 10,
            },
        }
    }

    fn info(&self, model: &ModelFiles) -> ModelInfo {
        let name = match model {
            ModelFiles::Gguf(path) => path
                .file_stem()
                .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
            ModelFiles::Embedded { name, .. } => (*name).to_owned(),
        };
        ModelInfo {
            name,
            arch: "fake".to_owned(),
            quantization: "F32".to_owned(),
            n_params: 250,
            n_weight_bytes: self.memory.weight_bytes,
            vocab_size: BYTE_VOCAB,
            train_context: self.options.context,
            has_chat_template: true,
        }
    }
}

impl Engine for FakeEngine {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn availability(&self) -> Availability {
        self.availability.clone()
    }

    fn check(&self, model: &ModelFiles) -> Result<ModelInfo, EngineError> {
        Ok(self.info(model))
    }

    fn estimate(
        &self,
        _model: &ModelFiles,
        _options: &LoadOptions,
    ) -> Result<MemoryEstimate, EngineError> {
        Ok(self.memory)
    }

    fn load(
        &self,
        model: &ModelFiles,
        options: &LoadOptions,
        progress: &mut dyn FnMut(LoadProgress),
    ) -> Result<Arc<dyn LoadedModel>, EngineError> {
        let total = self.memory.weight_bytes;
        for (phase, done) in [
            (LoadPhase::Open, 0),
            (LoadPhase::Weights, total),
            (LoadPhase::Prepare, total),
        ] {
            progress(LoadProgress { phase, done, total });
        }
        self.options.delays.spend(self.options.delays.load);
        if let Some(error) = &self.options.faults.fail_load {
            return Err(error.clone());
        }
        let mut stepper = self.options.clone();
        stepper.context = options.context.unwrap_or(stepper.context);
        Ok(Arc::new(FakeModel {
            info: self.info(model),
            options: stepper,
        }))
    }
}

/// A loaded fake model.
#[derive(Clone, Debug)]
pub struct FakeModel {
    info: ModelInfo,
    options: StepperOptions,
}

impl LoadedModel for FakeModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn context(&self) -> usize {
        self.options.context
    }

    fn device(&self) -> String {
        "fake".to_owned()
    }

    fn tokenize(
        &self,
        text: &str,
        add_bos: bool,
        _parse_special: bool,
    ) -> Result<Vec<TokenId>, EngineError> {
        let mut ids = if add_bos { vec![BOS] } else { Vec::new() };
        ids.extend(encode_bytes(text));
        Ok(ids)
    }

    fn detokenize(&self, ids: &[TokenId]) -> Result<String, EngineError> {
        let vocab_size = BYTE_VOCAB;
        match ids.iter().find(|&&id| id as usize >= vocab_size) {
            Some(&id) => Err(EngineError::InvalidToken { id, vocab_size }),
            None => Ok(decode_bytes(ids)),
        }
    }

    fn render_chat(
        &self,
        messages: &[Message],
        _options: &TemplateOptions,
    ) -> Result<String, EngineError> {
        let mut text: String = messages
            .iter()
            .map(|message| format!("{}: {}\n", message.role.as_str(), message.content))
            .collect();
        text.push_str("assistant:");
        Ok(text)
    }

    fn session(self: Arc<Self>) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(FakeSession {
            stepper: Arc::new(Mutex::new(FakeStepper::new(self.options.clone()))),
            model: self,
            running: None,
        }))
    }
}

struct FakeSession {
    model: Arc<FakeModel>,
    stepper: Arc<Mutex<FakeStepper>>,
    running: Option<JoinHandle<()>>,
}

impl FakeSession {
    fn wait(&mut self) {
        if let Some(running) = self.running.take() {
            running.join().expect("the fake token loop does not panic");
        }
    }

    fn prompt_ids(&self, prompt: &Prompt) -> Result<Vec<TokenId>, EngineError> {
        let model = &self.model;
        match prompt {
            Prompt::Chat { messages, template } => {
                model.tokenize(&model.render_chat(messages, template)?, true, true)
            }
            Prompt::Raw(text) => model.tokenize(text, true, false),
            Prompt::Tokens(ids) => Ok(ids.clone()),
        }
    }
}

impl Session for FakeSession {
    fn generate(
        &mut self,
        request: GenerateRequest,
        cancel: CancelToken,
    ) -> Result<EventReceiver, EngineError> {
        self.wait();
        let prompt = self.prompt_ids(&request.prompt)?;
        let context = self.model.context();
        if prompt.len() > context {
            let n_prompt = prompt.len();
            return Err(EngineError::ContextExceeded { n_prompt, context });
        }
        let (sender, receiver) = event_channel(cancel);
        let sender = sender.taken_whole(request.whole);
        let stepper = Arc::clone(&self.stepper);
        self.running = Some(thread::spawn(move || {
            let mut stepper = stepper.lock().unwrap_or_else(PoisonError::into_inner);
            run(&mut stepper, &prompt, &request.stop, &sender);
        }));
        Ok(receiver)
    }

    fn with_stepper(
        &mut self,
        work: &mut dyn FnMut(&mut dyn TokenStepper) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        self.wait();
        let mut stepper = self.stepper.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut *stepper)
    }
}

/// A greedy loop without stop strings; the real one is in `lilim-decode`, which this crate must not
/// know because its tests stand on this crate.
fn run(stepper: &mut FakeStepper, prompt: &[TokenId], stop: &StopOptions, events: &EventSender) {
    let mut usage = Usage {
        n_prompt: prompt.len(),
        ..Usage::default()
    };
    // A reader that went away needs no last event: a failed send is the end either way.
    let _gone = match generate(stepper, prompt, stop, events, &mut usage) {
        Ok(reason) => events.send(Event::Done {
            reason,
            tail: String::new(),
            usage,
        }),
        Err(EngineError::Cancelled) => events.send(Event::Done {
            reason: FinishReason::Cancelled,
            tail: String::new(),
            usage,
        }),
        Err(error) => events.send(Event::Failed(error)),
    };
}

fn generate(
    stepper: &mut FakeStepper,
    prompt: &[TokenId],
    stop: &StopOptions,
    events: &EventSender,
    usage: &mut Usage,
) -> Result<FinishReason, EngineError> {
    let cancel = events.cancel_token();
    let total = prompt.len();
    stepper.rewind(0);
    let start = Instant::now();
    stepper.prefill(prompt, cancel, &mut |done| {
        if events.send(Event::PrefillProgress { done, total }).is_err() {
            cancel.cancel();
        }
    })?;
    usage.prefill = start.elapsed();
    let start = Instant::now();
    if stop.max_tokens == Some(0) {
        return Ok(FinishReason::Length);
    }
    loop {
        if total + usage.n_out == stepper.context() {
            return Ok(FinishReason::ContextFull);
        }
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let id = likeliest(stepper)?;
        usage.n_out += 1;
        usage.decode = start.elapsed();
        let event = Event::Token(TokenEvent {
            id,
            text: decode_bytes(&[id]),
            logprob: None,
            top_logprobs: Vec::new(),
        });
        events.send(event).map_err(|_| EngineError::Cancelled)?;
        if (id == END && !stop.ignore_eos) || stop.tokens.contains(&id) {
            return Ok(FinishReason::Stop);
        }
        // Before the step, as in the real loop: nobody waits for logits that nobody reads.
        if stop.max_tokens == Some(usage.n_out) {
            return Ok(FinishReason::Length);
        }
        stepper.step(id)?;
    }
}

fn likeliest(stepper: &FakeStepper) -> Result<TokenId, EngineError> {
    let mut best = (0, f32::NEG_INFINITY);
    for (id, &value) in (0..).zip(stepper.logits()) {
        if !value.is_finite() {
            let pos = stepper.tokens().len().saturating_sub(1);
            return Err(EngineError::NotANumber { value, id, pos });
        }
        if value > best.1 {
            best = (id, value);
        }
    }
    Ok(best.0)
}
