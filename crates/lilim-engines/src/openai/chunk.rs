//! What a server's answer says: the JSON of a stream's event, or of an answer taken whole.

use std::time::Duration;

use lilim_api::{Channel, ChunkEvent, FinishReason, Untold, Usage};
use serde::Deserialize;
use serde_json::Value;

/// A body as far as it matters. Everything may be missing or null: servers differ.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    choices: Option<Vec<Choice>>,
    usage: Option<UsageBody>,
    timings: Option<Timings>,
    error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    text: Option<String>,
    delta: Option<Said>,
    message: Option<Said>,
    finish_reason: Option<String>,
    token_ids: Option<Vec<u32>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    role: Option<String>,
    content: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    tool_calls: Option<Vec<Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UsageBody {
    prompt_tokens: Option<usize>,
    completion_tokens: Option<usize>,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Option<usize>,
}

/// What llama-server adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Timings {
    cache_n: Option<usize>,
    prompt_n: Option<usize>,
    prompt_ms: Option<f64>,
    predicted_n: Option<usize>,
    predicted_ms: Option<f64>,
}

/// Follows an answer from its first event to its last.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Why it ended, once it is told.
    pub(super) reason: Option<FinishReason>,
    /// Tokens told of so far, where events tell the number so far.
    n_counted: usize,
    /// Whether they do; settled by the first event with output.
    counts: Option<bool>,
    n_prompt: Option<usize>,
    n_cached: Option<usize>,
    n_out: Option<usize>,
    durations: Option<(Duration, Duration)>,
}

impl Answer {
    /// Takes in one event's JSON and returns the output that it brings.
    ///
    /// # Errors
    /// What is no JSON of an answer, or the error that the server tells instead.
    pub(super) fn take(&mut self, json: &str) -> Result<Vec<ChunkEvent>, String> {
        let body: Body = serde_json::from_str(json)
            .map_err(|error| format!("it sent what is no answer ({error}): {}", short(json)))?;
        if let Some(error) = body.error.as_ref().filter(|error| !error.is_null()) {
            return Err(format!("it answered with an error: {}", message_of(error)));
        }
        let timings = body.timings.unwrap_or_default();
        let usage = body.usage.unwrap_or_default();
        let n_so_far = timings.predicted_n.or(usage.completion_tokens);
        self.note(&usage, &timings);
        let mut chunks = Vec::new();
        let mut ids = Vec::new();
        // one answer was asked for: further choices would be another request's work
        if let Some(choice) = body.choices.into_iter().flatten().next() {
            if let Some(reason) = choice.finish_reason.as_deref() {
                self.reason = Some(reason_of(reason));
            }
            ids = choice.token_ids.unwrap_or_default();
            let said = choice.delta.or(choice.message).unwrap_or_default();
            chunks = said_chunks(choice.text, said);
        }
        self.count(&mut chunks, ids, n_so_far);
        Ok(chunks)
    }

    /// Gives each output its number of tokens, where the event tells.
    fn count(&mut self, chunks: &mut Vec<ChunkEvent>, ids: Vec<u32>, n_so_far: Option<usize>) {
        let is_output = |chunk: &ChunkEvent| chunk.channel != Channel::Role;
        let output = chunks.iter().position(is_output);
        let is_told = n_so_far.is_some_and(|n| n > 0);
        if self.counts.is_none() && (output.is_some() || is_told) {
            self.counts = Some(n_so_far.is_some() || !ids.is_empty());
        }
        if self.counts != Some(true) {
            return;
        }
        let n_new = n_so_far.map_or(ids.len(), |n| n.saturating_sub(self.n_counted));
        self.n_counted += n_new;
        match output {
            Some(first) => {
                chunks[first].n_tokens = Some(n_new);
                chunks[first].ids = ids;
                for rest in chunks
                    .iter_mut()
                    .skip(first + 1)
                    .filter(|one| is_output(one))
                {
                    rest.n_tokens = Some(0);
                }
            }
            // tokens without text: the end token, or bytes of a character that never was one
            None if n_new > 0 => chunks.push(ChunkEvent {
                ids,
                n_tokens: Some(n_new),
                ..ChunkEvent::default()
            }),
            None => {}
        }
    }

    fn note(&mut self, usage: &UsageBody, timings: &Timings) {
        let details = usage.prompt_tokens_details.as_ref();
        let cached = details.and_then(|details| details.cached_tokens);
        let computed = timings.prompt_n;
        let both = || Some(computed? + timings.cache_n?);
        self.n_prompt = usage.prompt_tokens.or_else(both).or(self.n_prompt);
        let rest = || Some(usage.prompt_tokens?.saturating_sub(computed?));
        self.n_cached = timings.cache_n.or(cached).or_else(rest).or(self.n_cached);
        self.n_out = usage
            .completion_tokens
            .or(timings.predicted_n)
            .or(self.n_out);
        let durations = || Some((millis(timings.prompt_ms?)?, millis(timings.predicted_ms?)?));
        self.durations = durations().or(self.durations);
    }

    /// What the server told of its work.
    pub(super) fn usage(&self) -> Usage {
        let (prefill, decode) = self.durations.unwrap_or_default();
        let n_out = self
            .n_out
            .or((self.n_counted > 0).then_some(self.n_counted));
        Usage {
            n_prompt: self.n_prompt.unwrap_or_default(),
            n_cached: self.n_cached.unwrap_or_default(),
            n_out: n_out.unwrap_or_default(),
            prefill,
            decode,
            speculation: None,
            untold: Untold {
                n_prompt: self.n_prompt.is_none(),
                n_cached: self.n_cached.is_none(),
                n_out: n_out.is_none(),
                durations: self.durations.is_none(),
            },
        }
    }
}

/// The parts of an event in the order in which they are said.
fn said_chunks(text: Option<String>, said: Said) -> Vec<ChunkEvent> {
    let mut chunks = Vec::new();
    let mut add = |channel, text: Option<String>| {
        if let Some(text) = text {
            chunks.push(ChunkEvent {
                channel,
                text,
                ..ChunkEvent::default()
            });
        }
    };
    add(Channel::Role, said.role);
    let filled = |text: &String| !text.is_empty();
    let reasoning = said.reasoning_content.or(said.reasoning);
    add(Channel::Reasoning, reasoning.filter(filled));
    add(Channel::Content, text.or(said.content).filter(filled));
    let calls = said.tool_calls.filter(|calls| !calls.is_empty());
    add(
        Channel::Tool,
        calls.map(|calls| Value::Array(calls).to_string()),
    );
    chunks
}

fn reason_of(name: &str) -> FinishReason {
    match name {
        "length" => FinishReason::Length,
        _ => FinishReason::Stop,
    }
}

/// Some servers say negative or absurd times where they have none.
fn millis(ms: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(ms / 1e3).ok()
}

/// An error's text wherever it is: `{"error": {"message": …}}`, `{"error": …}`, `{"message": …}`,
/// `{"detail": …}`.
pub(super) fn message_of(error: &Value) -> String {
    let inner = error.get("error").unwrap_or(error);
    let text = ["message", "detail"]
        .iter()
        .find_map(|field| inner.get(field)?.as_str());
    match text.or(inner.as_str()) {
        Some(text) => short(text),
        None => short(&inner.to_string()),
    }
}

/// As much of a text as belongs into an error message.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 300;
    let text = text.trim();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Channel, text and number of tokens of each output of these events.
    fn read(events: &[&str]) -> (Vec<(Channel, String, Option<usize>)>, Answer) {
        let mut answer = Answer::default();
        let mut found = Vec::new();
        for json in events {
            let chunks = answer.take(json).expect(json);
            found.extend(
                chunks
                    .into_iter()
                    .map(|one| (one.channel, one.text, one.n_tokens)),
            );
        }
        (found, answer)
    }

    #[test]
    fn llama_server_tells_tokens_of_each_chunk_and_its_times() {
        let (found, answer) = read(&[
            r#"{"choices":[{"text":" a","finish_reason":null}],"timings":{"predicted_n":1}}"#,
            r#"{"choices":[{"text":" bc","finish_reason":null}],"timings":{"predicted_n":3}}"#,
            r#"{"choices":[{"text":"","finish_reason":"length"}],"timings":{"cache_n":0,"prompt_n":7,"prompt_ms":12.5,"predicted_n":4,"predicted_ms":30.0}}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":4}}"#,
        ]);
        let expected = [(" a", Some(1)), (" bc", Some(2)), ("", Some(1))];
        assert_eq!(
            found,
            expected.map(|(text, n)| (Channel::Content, text.to_owned(), n))
        );
        assert_eq!(answer.reason, Some(FinishReason::Length));
        let usage = answer.usage();
        assert_eq!((usage.n_prompt, usage.n_cached, usage.n_out), (7, 0, 4));
        assert_eq!(usage.prefill, Duration::from_micros(12_500));
        assert!(usage.untold.is_nothing());
    }

    #[test]
    fn a_token_without_text_is_a_token() {
        let (found, answer) = read(&[
            r#"{"choices":[{"text":"","finish_reason":"length"}],"timings":{"predicted_n":1}}"#,
        ]);
        assert_eq!(found, [(Channel::Content, String::new(), Some(1))]);
        assert_eq!(answer.usage().n_out, 1);
    }

    #[test]
    fn what_a_plain_server_does_not_tell_is_untold() {
        let (found, answer) = read(&[
            r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":"hm"}}],"usage":null}"#,
            r#"{"choices":[{"delta":{"content":"yes"}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]},"finish_reason":"tool_calls"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}"#,
        ]);
        let expected = [
            (Channel::Role, "assistant"),
            (Channel::Reasoning, "hm"),
            (Channel::Content, "yes"),
            (Channel::Tool, r#"[{"index":0}]"#),
        ];
        assert_eq!(
            found,
            expected.map(|(channel, text)| (channel, text.to_owned(), None))
        );
        let usage = answer.usage();
        assert_eq!((usage.n_prompt, usage.n_out), (9, 5));
        assert!(usage.untold.n_cached && usage.untold.durations && !usage.untold.n_out);
        assert_eq!(Answer::default().usage().untold, Untold::ALL);
    }

    #[test]
    fn token_ids_of_vllm_are_kept() {
        let mut answer = Answer::default();
        let chunks = answer
            .take(r#"{"choices":[{"text":"x","token_ids":[4,5]}],"usage":{"completion_tokens":2}}"#)
            .expect("an answer");
        assert_eq!(
            (&*chunks[0].ids, chunks[0].n_tokens),
            (&[4, 5][..], Some(2))
        );
    }

    #[test]
    fn an_error_is_told_in_the_servers_words() {
        let mut answer = Answer::default();
        for (json, words) in [
            (
                r#"{"error":{"code":500,"message":"out of slots"}}"#,
                "out of slots",
            ),
            (r#"{"error":"no such model"}"#, "no such model"),
            ("<html>", "no answer"),
            (r#"{"choices":7}"#, "no answer"),
        ] {
            let error = answer.take(json).expect_err(json);
            assert!(error.contains(words), "{error}");
        }
    }
}
