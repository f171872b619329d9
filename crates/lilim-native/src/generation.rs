//! A session of a loaded model: generation on a thread of its own, or token by token on the caller's.

use std::borrow::Cow;
use std::sync::Arc;
use std::thread::JoinHandle;

use lilim_api::{
    CancelToken, EngineError, EventReceiver, GenerateRequest, Session, TokenId, TokenStepper,
    event_channel,
};
use lilim_decode::{
    Lookahead, Speculation, TextStream, TokenBytes, TokenText, check_request, generate,
};
use lilim_text::{Detokenizer, TextStart, Tokenizer};

use crate::loaded::NativeModel;
use crate::session::Sequence;

/// One token timeline; at any time either here or with the thread that generates.
pub(crate) struct NativeSession {
    model: Arc<NativeModel>,
    idle: Option<Sequence>,
    running: Option<JoinHandle<(Sequence, Option<Speculation>)>>,
    /// What guesses ahead, where anything does; with the thread while that generates.
    speculation: Option<Speculation>,
}

impl NativeSession {
    pub(crate) fn new(model: Arc<NativeModel>) -> Result<Self, EngineError> {
        let idle = Some(model.sequence()?);
        let speculation = model.guesser.speculation()?;
        Ok(Self {
            model,
            idle,
            running: None,
            speculation,
        })
    }

    /// Takes the sequence, waiting for a running generation. One that was lost to a panic is
    /// replaced by an empty one.
    fn take(&mut self) -> Result<Sequence, EngineError> {
        if let Some(thread) = self.running.take() {
            // without its speculation a session is slower and nothing else
            (self.idle, self.speculation) = match thread.join() {
                Ok((sequence, speculation)) => (Some(sequence), speculation),
                Err(_) => (None, None),
            };
        }
        match self.idle.take() {
            Some(sequence) => Ok(sequence),
            None => self.model.sequence(),
        }
    }
}

impl Session for NativeSession {
    fn generate(
        &mut self,
        request: GenerateRequest,
        cancel: CancelToken,
    ) -> Result<EventReceiver, EngineError> {
        let ids = self.model.prompt_ids(&request)?;
        let mut sequence = self.take()?;
        if let Err(error) = check_request(&sequence, &ids, &request) {
            self.idle = Some(sequence);
            return Err(error);
        }
        let (sender, receiver) = event_channel(cancel);
        let sender = sender.taken_whole(request.whole);
        let text = AnswerText::new(&self.model.tokenizer, &ids);
        let prefix_cache = self.model.prefix_cache;
        let mut speculation = self.speculation.take();
        let work = move || {
            if !prefix_cache {
                sequence.rewind(0);
            }
            match &mut speculation {
                None => generate(&mut sequence, &text, &ids, &request, &sender),
                Some(speculation) => {
                    let max_tokens = request.stop.max_tokens;
                    let mut ahead = Lookahead::new(&mut sequence, speculation, max_tokens);
                    generate(&mut ahead, &text, &ids, &request, &sender);
                    ahead.finish();
                }
            }
            sequence.pause();
            (sequence, speculation)
        };
        let thread = std::thread::Builder::new()
            .name("lilim-generate".to_owned())
            .spawn(work);
        self.running = Some(thread.map_err(|error| EngineError::System {
            what: "the generation thread".to_owned(),
            reason: error.to_string(),
        })?);
        Ok(receiver)
    }

    fn with_stepper(
        &mut self,
        work: &mut dyn FnMut(&mut dyn TokenStepper) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let sequence = self.take()?;
        work(self.idle.insert(sequence))
    }
}

/// The vocabulary as the token loop sees it.
struct AnswerText {
    tokenizer: Tokenizer,
    start: TextStart,
}

impl AnswerText {
    /// After a prompt of marks alone, such as a lone BOS, the answer is where the text begins.
    fn new(tokenizer: &Tokenizer, prompt_ids: &[TokenId]) -> Self {
        let has_text = prompt_ids.iter().any(|&id| !tokenizer.is_control(id));
        Self {
            tokenizer: tokenizer.clone(),
            start: if has_text {
                TextStart::Middle
            } else {
                TextStart::Text
            },
        }
    }
}

impl TokenBytes for AnswerText {
    fn token_bytes(&self, id: TokenId) -> Cow<'_, [u8]> {
        if self.tokenizer.is_control(id) {
            return Cow::Borrowed(&[]);
        }
        Cow::Borrowed(self.tokenizer.token_bytes(id))
    }
}

impl TokenText for AnswerText {
    fn is_end(&self, id: TokenId) -> bool {
        self.tokenizer.is_end(id)
    }

    fn stream(&self) -> Box<dyn TextStream + '_> {
        Box::new(AnswerStream(Detokenizer::new(&self.tokenizer, self.start)))
    }
}

struct AnswerStream(Detokenizer);

impl TextStream for AnswerStream {
    fn push(&mut self, id: TokenId) -> String {
        self.0.push(id)
    }

    fn finish(&mut self) -> String {
        self.0.finish()
    }
}
