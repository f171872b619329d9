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
    let (prompt, answers) = cut(model, prompt_of(model, entry), answers)?;
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

/// The tokens of a prompt and of each answer.
///
/// Prompt and answer are cut as one text: many tokenizers begin a text with a space of their own, which
/// an answer by itself would get and the model never wrote. Where a token reaches over the border, the
/// answer is cut by itself.
fn cut(
    model: &dyn LoadedModel,
    prompt: Prompt,
    answers: &[&str],
) -> Result<(Vec<TokenId>, Vec<Vec<TokenId>>), EngineError> {
    let (text, is_rendered) = match prompt {
        Prompt::Chat { messages, template } => (model.render_chat(&messages, &template)?, true),
        Prompt::Raw(text) => (text, false),
        Prompt::Tokens(_) => unreachable!("entries are text"),
    };
    let prompt = begun(model, &text, is_rendered)?;
    let answers = answers.iter().map(|&answer| {
        let whole = begun(model, &format!("{text}{answer}"), is_rendered)?;
        match whole.strip_prefix(&prompt[..]) {
            Some(ids) => Ok(ids.to_vec()),
            None => model.tokenize(answer, false, false),
        }
    });
    let answers = answers.collect::<Result<Vec<_>, EngineError>>()?;
    Ok((prompt, answers))
}

/// The tokens of a text that begins as the model's texts do, whether or not a template wrote that already.
fn begun(
    model: &dyn LoadedModel,
    text: &str,
    is_rendered: bool,
) -> Result<Vec<TokenId>, EngineError> {
    let ids = model.tokenize(text, true, is_rendered)?;
    let bare = model.tokenize(text, false, is_rendered)?;
    let is_doubled = is_rendered && ids.len() > bare.len() && ids.first() == bare.first();
    Ok(if is_doubled { bare } else { ids })
}
