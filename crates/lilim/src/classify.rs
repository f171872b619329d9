//! Zero-shot classification by a loaded model: the label whose text the model finds likeliest as
//! the answer.

use std::time::{Duration, Instant};

use lilim_api::{
    CancelToken, EngineError, FinishReason, GenerateRequest, LoadedModel, Message, Prompt,
    SamplingOptions, Session, StopOptions, TemplateOptions, TokenId,
};
use lilim_decode::score_continuations;
use lilim_router::{Category, Classification, ClassifyOptions, match_label, zero_shot_message};

use crate::generate::stream_answer;

/// Prompts are cut to so many characters before they are classified: the category shows early.
const MAX_PROMPT_CHARS: usize = 1_000;

/// A classification and what it cost.
pub(crate) struct TimedClassification {
    pub(crate) classification: Classification,
    pub(crate) took: Duration,
}

/// Classifies a prompt with a model that has a chat template.
pub(crate) fn zero_shot(
    model: &dyn LoadedModel,
    session: &mut dyn Session,
    prompt: &str,
    categories: &[Category],
) -> anyhow::Result<TimedClassification> {
    let start = Instant::now();
    let scores = label_scores(model, session, prompt, categories, &CancelToken::new())?;
    let classification =
        Classification::from_log_probs(categories, &scores, &ClassifyOptions::default())?;
    Ok(TimedClassification {
        classification,
        took: start.elapsed(),
    })
}

/// How likely a model finds each label as the answer: natural logarithms, in the categories' order. A raised
/// flag ends it as [`EngineError::Cancelled`].
pub(crate) fn label_scores(
    model: &dyn LoadedModel,
    session: &mut dyn Session,
    prompt: &str,
    categories: &[Category],
    cancel: &CancelToken,
) -> anyhow::Result<Vec<f64>> {
    let prompt_ids = model.tokenize(&question(model, prompt, categories)?, true, true)?;
    let labels = categories
        .iter()
        .map(|category| model.tokenize(&category.name, false, false))
        .collect::<Result<Vec<Vec<TokenId>>, EngineError>>()?;
    let mut scores = Vec::new();
    session.with_stepper(&mut |stepper| {
        scores = score_continuations(stepper, &prompt_ids, &labels, cancel)?;
        Ok(())
    })?;
    Ok(scores)
}

/// Lets a model write the label and looks which one it means: for engines that tell no
/// probabilities. What cannot be matched is an abstention; what Ctrl-C ended is
/// [`EngineError::Cancelled`].
pub(crate) fn by_generating(
    session: &mut dyn Session,
    prompt: &str,
    categories: &[Category],
) -> anyhow::Result<Classification> {
    /// A label, and room for a word around it.
    const MAX_LABEL_TOKENS: usize = 24;
    let request = GenerateRequest {
        // Not rendered here: a server keeps its template to itself.
        prompt: Prompt::Chat {
            messages: vec![message(prompt, categories)],
            template: TemplateOptions::default(),
        },
        sampling: SamplingOptions::greedy(),
        stop: StopOptions {
            max_tokens: Some(MAX_LABEL_TOKENS),
            ..StopOptions::default()
        },
        whole: false,
    };
    let answer = stream_answer(session, request, &mut std::io::sink())?;
    if answer.finish_reason == Some(FinishReason::Cancelled) {
        return Err(EngineError::Cancelled.into());
    }
    let label = match_label(&answer.text, categories).map(|(index, _)| index);
    Ok(Classification::of_label(categories, label)?)
}

/// What the model is asked, up to where its answer begins.
fn question(
    model: &dyn LoadedModel,
    prompt: &str,
    categories: &[Category],
) -> anyhow::Result<String> {
    let message = message(prompt, categories);
    Ok(model.render_chat(&[message], &TemplateOptions::default())?)
}

fn message(prompt: &str, categories: &[Category]) -> Message {
    let prompt: String = prompt.chars().take(MAX_PROMPT_CHARS).collect();
    Message::user(zero_shot_message(&prompt, categories))
}
