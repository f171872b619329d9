//! `lilim run`: one answer to a prompt, to piped text, or a chat.

use std::io::{IsTerminal, Read, Write};

use anyhow::Context;
use lilim_api::{
    Engine, FinishReason, GenerateRequest, LoadedModel, Message, Prompt, TemplateOptions,
};
use lilim_decode::seed_from_os;
use serde::Serialize;

use crate::arguments::RunArguments;
use crate::commands::{chat, print_json};
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::generate::{install_ctrl_c, stream_answer};
use crate::machine;
use crate::metrics::{Answer, Figures, TokenLogprob};
use crate::models;
use crate::terminal;

/// Runs the command.
pub(crate) fn run(arguments: &RunArguments, config: &Config) -> anyhow::Result<Exit> {
    let prompt = prompt_text(arguments)?;
    if prompt.is_none() && arguments.output.json {
        return Err(UsageError("--json needs a prompt: a chat has no report".to_owned()).into());
    }
    let template = TemplateOptions {
        variables: template_variables(&arguments.template_var)?,
        ..TemplateOptions::default()
    };
    let engine = models::native_engine();
    let files = models::resolve(config, &arguments.model)?;
    install_ctrl_c()?;
    let start = std::time::Instant::now();
    let options = models::options(config, &arguments.load)?;
    let model = models::load(&engine, &files, &options)?;
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    check_template_is_there(arguments, model.as_ref())?;
    let Some(prompt) = prompt else {
        return chat::run(&model, arguments, template);
    };
    let mut sampling = arguments.sampling.options();
    // Drawn here so that the report can tell it; 53 bits are exact in any reader of JSON.
    let seed = *sampling.seed.get_or_insert_with(|| seed_from_os() >> 11);
    let request = GenerateRequest {
        prompt: first_prompt(arguments, model.as_ref(), prompt, template),
        sampling,
        stop: arguments.stop.options(),
        whole: false,
    };
    let mut session = model.clone().session()?;
    let answer = if arguments.output.json {
        stream_answer(session.as_mut(), request, &mut std::io::sink())?
    } else {
        let answer = stream_answer(session.as_mut(), request, &mut std::io::stdout().lock())?;
        end_answer(&answer)?;
        answer
    };
    if arguments.output.json {
        print_json(&report(&engine, model.as_ref(), (seed, load_ms), &answer))?;
    }
    Ok(match answer.finish_reason {
        Some(FinishReason::Cancelled) => Exit::Cancelled,
        _ => Exit::Fine,
    })
}

/// The prompt from the command line, else from a pipe, else none.
fn prompt_text(arguments: &RunArguments) -> anyhow::Result<Option<String>> {
    if let Some(prompt) = &arguments.prompt {
        return Ok(Some(prompt.clone()));
    }
    if std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .context("reading stdin")?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        UsageError(format!("stdin is not valid UTF-8 at byte {at}"))
    })?;
    Ok(Some(text))
}

/// What only a chat template can use is refused where there is none, not dropped in silence.
fn check_template_is_there(
    arguments: &RunArguments,
    model: &dyn LoadedModel,
) -> Result<(), UsageError> {
    let flag = match arguments {
        _ if model.info().has_chat_template => return Ok(()),
        RunArguments {
            system: Some(_), ..
        } => "--system",
        RunArguments { template_var, .. } if !template_var.is_empty() => "--template-var",
        _ => return Ok(()),
    };
    let name = &model.info().name;
    Err(UsageError(format!(
        "{flag} needs a chat template, and {name} has none"
    )))
}

/// A model without a chat template gets the text as it is.
fn first_prompt(
    arguments: &RunArguments,
    model: &dyn LoadedModel,
    text: String,
    template: TemplateOptions,
) -> Prompt {
    if arguments.raw || !model.info().has_chat_template {
        return Prompt::Raw(text);
    }
    let system = arguments.system.as_deref().map(Message::system);
    let messages = system.into_iter().chain([Message::user(text)]).collect();
    Prompt::Chat { messages, template }
}

fn template_variables(
    pairs: &[String],
) -> Result<serde_json::Map<String, serde_json::Value>, UsageError> {
    let mut variables = serde_json::Map::new();
    for pair in pairs {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            UsageError(format!(
                "--template-var '{pair}' is not of the form NAME=VALUE"
            ))
        })?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}

/// Ends the text with a line end and shows the figures to whoever watches.
fn end_answer(answer: &Answer) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    if !answer.text.ends_with('\n') {
        writeln!(stdout).context("writing to stdout")?;
    }
    let line = terminal::closing_line(&answer.figures(), machine::peak_rss_bytes());
    let note = match answer.finish_reason {
        Some(FinishReason::Cancelled) => " · stopped by you",
        Some(FinishReason::ContextFull) => " · the context is full",
        _ => "",
    };
    terminal::tell(&format!("{line}{note}"));
    Ok(())
}

/// What `--json` prints. Names and units as in `docs/reference/run.schema.json`.
#[derive(Debug, Serialize)]
struct RunReport {
    text: String,
    token_ids: Vec<u32>,
    finish_reason: Option<FinishReason>,
    model: String,
    engine: String,
    device: String,
    seed: u64,
    load_ms: f64,
    #[serde(flatten)]
    figures: Figures,
    peak_rss_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logprobs: Vec<TokenLogprob>,
}

fn report(
    engine: &dyn Engine,
    model: &dyn LoadedModel,
    (seed, load_ms): (u64, f64),
    answer: &Answer,
) -> RunReport {
    RunReport {
        text: answer.text.clone(),
        token_ids: answer.token_ids.clone(),
        finish_reason: answer.finish_reason,
        model: model.info().name.clone(),
        engine: engine.name().to_owned(),
        device: model.device(),
        seed,
        load_ms,
        figures: answer.figures(),
        peak_rss_bytes: machine::peak_rss_bytes(),
        logprobs: answer.logprobs.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_variables_are_json_or_plain_text() {
        let pairs = ["enable_thinking=false", "name=Ada"].map(str::to_owned);
        let variables = template_variables(&pairs).unwrap();
        assert_eq!(variables["enable_thinking"], serde_json::json!(false));
        assert_eq!(variables["name"], serde_json::json!("Ada"));
        assert!(template_variables(&["oops".to_owned()]).is_err());
    }
}
