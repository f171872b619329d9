//! How likely a model finds given answers to a prompt: what the proxies of quality stand on.

use lilim_api::{CancelToken, EngineError, LoadedModel, Prompt, TokenId};
use lilim_decode::score_continuations;
use lilim_router::PromptEntry;

use super::fleet::Loaded;
use super::work::prompt_of;

/// The mean natural-log probability of a token of each answer, given the prompt as the model would be
/// asked it. Answers are text, cut into this model's tokens, its own answers like all others: equal
/// texts score equally, whoever wrote them. `None` for an answer without tokens.
///
/// # Cost
/// One pass over the prompt and one over each answer (recurrent models: the prompt for each answer).
pub(super) fn log_prob_per_token(
    loaded: &mut Loaded,
    entry: &PromptEntry,
    answers: &[&str],
    cancel: &CancelToken,
) -> anyhow::Result<Vec<Option<f64>>> {
    let model = loaded.model.as_ref();
    let prompt = prompt_ids(model, entry)?;
    let answers = answers
        .iter()
        .map(|text| model.tokenize(text, false, false))
        .collect::<Result<Vec<Vec<TokenId>>, EngineError>>()?;
    let mut sums = Vec::new();
    loaded.labels.with_stepper(&mut |stepper| {
        sums = score_continuations(stepper, &prompt, &answers, cancel)?;
        Ok(())
    })?;
    let means = sums.iter().zip(&answers);
    let mean = |(sum, ids): (&f64, &Vec<TokenId>)| {
        (!ids.is_empty() && sum.is_finite()).then(|| sum / ids.len() as f64)
    };
    Ok(means.map(mean).collect())
}

fn prompt_ids(model: &dyn LoadedModel, entry: &PromptEntry) -> anyhow::Result<Vec<TokenId>> {
    let (text, is_rendered) = match prompt_of(model, entry) {
        Prompt::Chat { messages, template } => (model.render_chat(&messages, &template)?, true),
        Prompt::Raw(text) => (text, false),
        Prompt::Tokens(ids) => return Ok(ids),
    };
    let ids = model.tokenize(&text, true, is_rendered)?;
    // A template may have written the first token itself.
    let bare = model.tokenize(&text, false, is_rendered)?;
    let is_doubled = is_rendered && ids.len() > bare.len() && ids.first() == bare.first();
    Ok(if is_doubled { bare } else { ids })
}
