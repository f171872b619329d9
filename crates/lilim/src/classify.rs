//! Zero-shot classification by a loaded model: the label whose text the model finds likeliest as
//! the answer.

use std::time::{Duration, Instant};

use lilim_api::{
    CancelToken, EngineError, LoadedModel, Message, Session, TemplateOptions, TokenId,
};
use lilim_decode::score_continuations;
use lilim_router::{Category, Classification, ClassifyOptions, zero_shot_message};

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
    let prompt: String = prompt.chars().take(MAX_PROMPT_CHARS).collect();
    let message = Message::user(zero_shot_message(&prompt, categories));
    let rendered = model.render_chat(&[message], &TemplateOptions::default())?;
    let prompt_ids = model.tokenize(&rendered, true, true)?;
    let labels = categories
        .iter()
        .map(|category| model.tokenize(&category.name, false, false))
        .collect::<Result<Vec<Vec<TokenId>>, EngineError>>()?;
    let mut scores = Vec::new();
    session.with_stepper(&mut |stepper| {
        scores = score_continuations(stepper, &prompt_ids, &labels, &CancelToken::new())?;
        Ok(())
    })?;
    let classification =
        Classification::from_log_probs(categories, &scores, &ClassifyOptions::default())?;
    Ok(TimedClassification {
        classification,
        took: start.elapsed(),
    })
}
