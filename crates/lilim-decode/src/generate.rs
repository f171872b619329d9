//! The token loop that every token-level engine shares: prefill, then sample, tell, step, until
//! something ends it.
//!
//! A full event channel parks the loop inside `send`; a raised cancel flag or a reader that went
//! away ends it before the next token is computed.

use std::time::Instant;

use lilim_api::event::Stopped;
use lilim_api::{
    EngineError, Event, EventSender, FinishReason, GenerateRequest, StopOptions, TokenEvent,
    TokenId, TokenStepper, Usage,
};
use lilim_text::{Found, StopFinder};

use crate::text::{TextStream, TokenText};
use crate::validate::{invalid, validate_sampling, validate_stop};
use crate::{Choice, Sampler, TokenBytes, seed_from_os};

/// Checks what can be known before any work: the prompt's ids and length, and every option.
///
/// # Errors
/// `InvalidOption`, `InvalidToken` or `ContextExceeded`. [`generate`] makes the same checks; a session
/// calls this to tell its caller at once.
pub fn check_request(
    stepper: &dyn TokenStepper,
    prompt_ids: &[TokenId],
    request: &GenerateRequest,
) -> Result<(), EngineError> {
    let (vocab_size, context) = (stepper.vocab_size(), stepper.context());
    validate_sampling(&request.sampling, vocab_size)?;
    validate_stop(&request.stop, vocab_size)?;
    if prompt_ids.is_empty() {
        return Err(invalid(
            "prompt",
            "empty",
            "there is no token to start from",
        ));
    }
    if let Some(&id) = prompt_ids.iter().find(|&&id| id as usize >= vocab_size) {
        return Err(EngineError::InvalidToken { id, vocab_size });
    }
    if prompt_ids.len() > context {
        return Err(EngineError::ContextExceeded {
            n_prompt: prompt_ids.len(),
            context,
        });
    }
    Ok(())
}

/// Answers a prompt and tells everything as events, of which the last is `Done` or `Failed` (unless
/// the reader is gone, or cancelled while the channel was full).
///
/// Tokens that the sequence already holds and that begin the prompt are kept: a session that wants
/// no prefix reuse rewinds the stepper to 0 first. `request.prompt` is not looked at; `prompt_ids`
/// is its encoding.
///
/// The prompt and the answer together never exceed the context. An end token, whether the model's
/// own or one of `request.stop.tokens`, is reported as a token without text and counted; the token
/// that ends an answer is not computed.
pub fn generate(
    stepper: &mut dyn TokenStepper,
    text: &dyn TokenText,
    prompt_ids: &[TokenId],
    request: &GenerateRequest,
    events: &EventSender,
) {
    let mut usage = Usage {
        n_prompt: prompt_ids.len(),
        ..Usage::default()
    };
    let ended = check_request(stepper, prompt_ids, request).and_then(|()| {
        prefill(stepper, prompt_ids, events, &mut usage)?;
        decode(stepper, text, request, events, &mut usage)
    });
    usage.speculation = stepper.speculation();
    let last = match ended {
        Ok(End { reason, tail }) => Event::Done {
            reason,
            tail,
            usage,
        },
        Err(EngineError::Cancelled) => Event::Done {
            reason: FinishReason::Cancelled,
            tail: String::new(),
            usage,
        },
        Err(error) => Event::Failed(error),
    };
    // When nobody listens any more there is nobody left to tell.
    let _nobody_listens = events.send(last);
}

/// How an answer ended.
struct End {
    reason: FinishReason,
    tail: String,
}

fn prefill(
    stepper: &mut dyn TokenStepper,
    prompt_ids: &[TokenId],
    events: &EventSender,
    usage: &mut Usage,
) -> Result<(), EngineError> {
    // The last prompt token is always computed: the logits that follow it are needed.
    let n_shared = prompt_ids[..prompt_ids.len() - 1]
        .iter()
        .zip(stepper.tokens())
        .take_while(|(a, b)| a == b)
        .count();
    let n_cached = stepper.rewind(n_shared);
    assert!(
        n_cached <= n_shared,
        "rewound to {n_cached}, asked for {n_shared}"
    );
    usage.n_cached = n_cached;
    let start = Instant::now();
    let cancel = events.cancel_token();
    let total = prompt_ids.len();
    stepper.prefill(&prompt_ids[n_cached..], cancel, &mut |n_done| {
        let progress = Event::PrefillProgress {
            done: n_cached + n_done,
            total,
        };
        if events.send(progress).is_err() {
            cancel.cancel();
        }
    })?;
    usage.prefill = start.elapsed();
    Ok(())
}

fn decode(
    stepper: &mut dyn TokenStepper,
    text: &dyn TokenText,
    request: &GenerateRequest,
    events: &EventSender,
    usage: &mut Usage,
) -> Result<End, EngineError> {
    let seed = request.sampling.seed.unwrap_or_else(seed_from_os);
    let breakers: &dyn TokenBytes = text;
    let mut sampler = Sampler::new(
        &request.sampling,
        stepper.vocab_size(),
        seed,
        Some(breakers),
    )?;
    let mut answer = Answer {
        stream: text.stream(),
        stops: StopFinder::new(&request.stop.strings),
    };
    let mut first_at = None;
    let mut chosen = None;
    loop {
        if let Some(reason) = reason_to_end(stepper.context(), &request.stop, events, usage) {
            return Ok(answer.end(reason));
        }
        if let Some(id) = chosen {
            stepper.step(id)?;
        }
        let choice = sampler.sample(stepper.logits(), stepper.tokens())?;
        let id = choice.id;
        chosen = Some(id);
        usage.n_out += 1;
        let at = Instant::now();
        usage.decode = at - *first_at.get_or_insert(at);

        let is_end =
            request.stop.tokens.contains(&id) || (text.is_end(id) && !request.stop.ignore_eos);
        let found = if is_end {
            Found::default()
        } else {
            answer.push(id)
        };
        let token = token_event(choice, found.text);
        events
            .send(token)
            .map_err(|Stopped| EngineError::Cancelled)?;
        if found.stop.is_some() {
            return Ok(End {
                reason: FinishReason::Stop,
                tail: String::new(),
            });
        }
        if is_end {
            return Ok(answer.end(FinishReason::Stop));
        }
    }
}

/// What ends an answer before another token is computed, if anything does.
fn reason_to_end(
    context: usize,
    stop: &StopOptions,
    events: &EventSender,
    usage: &Usage,
) -> Option<FinishReason> {
    if stop.max_tokens.is_some_and(|max| usage.n_out >= max) {
        Some(FinishReason::Length)
    } else if usage.n_prompt + usage.n_out >= context {
        Some(FinishReason::ContextFull)
    } else if events.cancel_token().is_cancelled() {
        Some(FinishReason::Cancelled)
    } else {
        None
    }
}

fn token_event(choice: Choice, text: String) -> Event {
    Event::Token(TokenEvent {
        id: choice.id,
        text,
        logprob: choice.logprob,
        top_logprobs: choice.top,
    })
}

/// An answer's text as it grows.
struct Answer<'t> {
    stream: Box<dyn TextStream + 't>,
    stops: StopFinder,
}

impl Answer<'_> {
    fn push(&mut self, id: TokenId) -> Found {
        let text = self.stream.push(id);
        self.stops.push(&text)
    }

    /// Gives out what was held back: an unfinished character, a stop string's beginning. (The
    /// replaced character may still complete a stop string.)
    fn end(mut self, reason: FinishReason) -> End {
        let rest = self.stream.finish();
        let found = self.stops.push(&rest);
        if found.stop.is_some() {
            return End {
                reason: FinishReason::Stop,
                tail: found.text,
            };
        }
        End {
            reason,
            tail: found.text + &self.stops.finish(),
        }
    }
}
