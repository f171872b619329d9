//! Figures of one answer, derived from its events and nothing else.
//!
//! Definitions are those of `docs/reference/figures.md`: times on a monotonic clock, rates per
//! second, a figure that cannot be measured is `None`.

use std::time::{Duration, Instant};

use lilim_api::{Event, FinishReason, SpeculationUsage, TimedEvent, TokenId, Untold, Usage};
use serde::{Deserialize, Serialize};

/// What one request gave, gathered event by event.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    sent: Instant,
    first_token: Option<Instant>,
    last_token: Option<Instant>,
    /// The text so far.
    pub(crate) text: String,
    /// The tokens so far.
    pub(crate) token_ids: Vec<TokenId>,
    /// Log-probabilities by token, where they were asked for.
    pub(crate) logprobs: Vec<TokenLogprob>,
    /// Why it ended, when it has.
    pub(crate) finish_reason: Option<FinishReason>,
    usage: Usage,
}

/// A token's log-probability and those of the likeliest at its place.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TokenLogprob {
    /// The token.
    pub(crate) id: TokenId,
    /// Its natural-log probability.
    pub(crate) logprob: f32,
    /// The likeliest, best first.
    pub(crate) top: Vec<(TokenId, f32)>,
}

impl Answer {
    /// Begins at the moment the request is sent.
    pub(crate) fn sent_now() -> Self {
        Self {
            sent: Instant::now(),
            first_token: None,
            last_token: None,
            text: String::new(),
            token_ids: Vec::new(),
            logprobs: Vec::new(),
            finish_reason: None,
            usage: Usage::default(),
        }
    }

    /// Takes in an event and returns the text that it adds.
    pub(crate) fn take<'a>(&mut self, timed: &'a TimedEvent) -> &'a str {
        match &timed.event {
            Event::Token(token) => {
                self.first_token.get_or_insert(timed.at);
                self.last_token = Some(timed.at);
                self.token_ids.push(token.id);
                if let Some(logprob) = token.logprob {
                    let top = token.top_logprobs.clone();
                    self.logprobs.push(TokenLogprob {
                        id: token.id,
                        logprob,
                        top,
                    });
                }
                self.text.push_str(&token.text);
                &token.text
            }
            Event::Chunk(chunk) => {
                self.first_token.get_or_insert(timed.at);
                self.last_token = Some(timed.at);
                self.token_ids.extend(&chunk.ids);
                self.text.push_str(&chunk.text);
                &chunk.text
            }
            Event::Done {
                reason,
                tail,
                usage,
            } => {
                self.finish_reason = Some(*reason);
                self.usage = usage.clone();
                self.text.push_str(tail);
                tail
            }
            Event::PrefillProgress { .. } | Event::Failed(_) => "",
        }
    }

    /// When its first token came.
    pub(crate) fn first_token_at(&self) -> Option<Instant> {
        self.first_token
    }

    /// The geometric mean of the tokens' probabilities, where they were asked for: how sure the model was.
    pub(crate) fn confidence(&self) -> Option<f64> {
        let n = self.logprobs.len();
        let sum: f64 = self.logprobs.iter().map(|one| f64::from(one.logprob)).sum();
        (n > 0).then(|| (sum / n as f64).exp())
    }

    /// Tokens generated. A server counts them without telling which they were.
    pub(crate) fn n_out(&self) -> usize {
        match self.token_ids.len() {
            0 => self.usage.n_out,
            n => n,
        }
    }

    /// The figures of a finished answer.
    pub(crate) fn figures(&self) -> Figures {
        let decoded = self.n_out().saturating_sub(1);
        let decode_time = self
            .last_token
            .zip(self.first_token)
            .map(|(last, first)| last.saturating_duration_since(first));
        let n_computed = self.usage.n_prompt.saturating_sub(self.usage.n_cached);
        Figures {
            n_prompt: self.usage.n_prompt,
            n_cached: self.usage.n_cached,
            n_out: self.n_out(),
            ttft_ms: self
                .first_token
                .map(|at| millis(at.saturating_duration_since(self.sent))),
            prefill_tps: rate(n_computed, Some(self.usage.prefill)),
            decode_tps: rate(decoded, decode_time),
            e2e_ms: self
                .last_token
                .map(|at| millis(at.saturating_duration_since(self.sent))),
            speculation: self.usage.speculation,
            untold: self.usage.untold,
        }
    }
}

/// The figures of one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Figures {
    /// Tokens of the prompt.
    pub(crate) n_prompt: usize,
    /// Of these, tokens that were computed before.
    pub(crate) n_cached: usize,
    /// Tokens generated.
    pub(crate) n_out: usize,
    /// From sending to the first token.
    pub(crate) ttft_ms: Option<f64>,
    /// Uncached prompt tokens a second, by the engine's own clock.
    pub(crate) prefill_tps: Option<f64>,
    /// Tokens a second after the first.
    pub(crate) decode_tps: Option<f64>,
    /// From sending to the last token.
    pub(crate) e2e_ms: Option<f64>,
    /// What guessing ahead brought, where it is on.
    #[cfg_attr(test, schemars(with = "Option<serde_json::Value>"))]
    pub(crate) speculation: Option<SpeculationUsage>,
    /// What of this a server did not tell: that figure is 0 and means nothing.
    #[serde(default, skip_serializing_if = "Untold::is_nothing")]
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub(crate) untold: Untold,
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn rate(count: usize, time: Option<Duration>) -> Option<f64> {
    let seconds = time?.as_secs_f64();
    (count > 0 && seconds > 0.0).then(|| count as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lilim_api::TokenEvent;

    fn token(at: Instant, id: TokenId, text: &str) -> TimedEvent {
        let text = text.to_owned();
        let event = Event::Token(TokenEvent {
            id,
            text,
            logprob: None,
            top_logprobs: vec![],
        });
        TimedEvent {
            at,
            engine_ns: None,
            event,
        }
    }

    #[test]
    fn figures_follow_from_the_events() {
        let mut answer = Answer::sent_now();
        let start = answer.sent;
        let at = |ms| start + Duration::from_millis(ms);
        for (index, text) in ["a", "b", "c"].iter().enumerate() {
            assert_eq!(
                answer.take(&token(at(100 + 50 * index as u64), 7, text)),
                *text
            );
        }
        let usage = Usage {
            n_prompt: 12,
            n_cached: 2,
            n_out: 3,
            prefill: Duration::from_millis(50),
            decode: Duration::from_millis(100),
            speculation: None,
            untold: lilim_api::Untold::default(),
        };
        let reason = FinishReason::Stop;
        answer.take(&TimedEvent {
            engine_ns: None,
            at: at(210),
            event: Event::Done {
                reason,
                tail: "!".to_owned(),
                usage,
            },
        });
        assert_eq!(answer.text, "abc!");
        let figures = answer.figures();
        assert_eq!(figures.ttft_ms, Some(100.0));
        assert_eq!(figures.prefill_tps, Some(200.0));
        assert_eq!(figures.decode_tps, Some(20.0));
        assert_eq!(figures.e2e_ms, Some(200.0));
    }

    #[test]
    fn what_cannot_be_measured_is_none() {
        let figures = Answer::sent_now().figures();
        assert_eq!((figures.ttft_ms, figures.decode_tps), (None, None));
    }
}
