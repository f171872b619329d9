//! The chat: a conversation with history, `/` commands, and Ctrl-C that stops the answer only.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use lilim_api::{
    FinishReason, GenerateRequest, LoadedModel, Message, Prompt, Role, SamplingOptions, Session,
    StopOptions, TemplateOptions,
};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use crate::arguments::RunArguments;
use crate::exit::Exit;
use crate::generate::stream_answer;
use crate::machine;
use crate::terminal;

const HELP: &str = "\
/new              forget the conversation
/system TEXT      set the system message (and forget the conversation)
/retry            answer the last message anew
/undo             take the last message and its answer back
/set NAME VALUE   temp, top-k, top-p, min-p, seed or max-tokens
/stats            figures of the last answer
/history          the conversation so far
/save FILE        write the conversation as JSON
/load FILE        read a conversation
/help             this list
/exit             leave (Ctrl-D too; Ctrl-C stops an answer)";

/// A conversation and how it is continued.
struct Chat {
    session: Box<dyn Session>,
    raw: bool,
    messages: Vec<Message>,
    system: Option<String>,
    template: TemplateOptions,
    sampling: SamplingOptions,
    stop: StopOptions,
    last_figures: Option<String>,
}

/// What a line asks for.
#[derive(Debug, PartialEq)]
enum Line<'a> {
    Say(&'a str),
    New,
    System(&'a str),
    Retry,
    Undo,
    Set(&'a str, &'a str),
    Stats,
    History,
    Save(&'a str),
    Load(&'a str),
    Help,
    Exit,
    Nothing,
    Unknown(&'a str),
}

/// Reads lines until the user leaves.
pub(crate) fn run(
    model: &Arc<dyn LoadedModel>,
    arguments: &RunArguments,
    template: TemplateOptions,
) -> anyhow::Result<Exit> {
    let mut chat = Chat {
        session: model.clone().session()?,
        raw: arguments.raw || !model.info().has_chat_template,
        messages: Vec::new(),
        system: arguments.system.clone(),
        template,
        sampling: arguments.sampling.options(),
        stop: arguments.stop.options(),
        last_figures: None,
    };
    let info = model.info();
    say(&format!(
        "{} · {} · context {} · /help",
        info.name,
        model.device(),
        model.context()
    ))?;
    if chat.raw {
        say("raw: the model continues each text, it does not answer")?;
    }
    let mut editor = DefaultEditor::new().context("opening the terminal")?;
    loop {
        match editor.readline("> ") {
            Ok(line) => {
                let _ = editor.add_history_entry(&line);
                if !chat.obey(&parse(&line))? {
                    return Ok(Exit::Fine);
                }
            }
            Err(ReadlineError::Interrupted) => say("/exit or Ctrl-D leaves")?,
            Err(ReadlineError::Eof) => return Ok(Exit::Fine),
            Err(error) => return Err(error).context("reading a line"),
        }
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stderr(), "{text}").context("writing to stderr")
}

fn parse(line: &str) -> Line<'_> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    match word {
        "" => Line::Nothing,
        "/new" | "/clear" => Line::New,
        "/system" => Line::System(rest),
        "/retry" => Line::Retry,
        "/undo" => Line::Undo,
        "/set" => {
            let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            Line::Set(name, value.trim())
        }
        "/stats" => Line::Stats,
        "/history" => Line::History,
        "/save" => Line::Save(rest),
        "/load" => Line::Load(rest),
        "/help" | "/?" => Line::Help,
        "/exit" | "/quit" | "/bye" => Line::Exit,
        _ if word.starts_with('/') => Line::Unknown(word),
        _ => Line::Say(line),
    }
}

impl Chat {
    /// Does what a line asks; false ends the chat. A failed answer is told, not fatal.
    fn obey(&mut self, line: &Line<'_>) -> anyhow::Result<bool> {
        match *line {
            Line::Nothing => {}
            Line::Exit => return Ok(false),
            Line::Help => say(HELP)?,
            Line::Unknown(word) => say(&format!("unknown command {word}; /help lists them"))?,
            Line::New => self.messages.clear(),
            Line::System(text) => {
                self.messages.clear();
                self.system = (!text.is_empty()).then(|| text.to_owned());
            }
            Line::Stats => say(self.last_figures.as_deref().unwrap_or("no answer yet"))?,
            Line::History => self.show_history()?,
            Line::Set(name, value) => match self.set(name, value) {
                Ok(()) => say(&format!("{name} = {value}"))?,
                Err(reason) => say(&reason)?,
            },
            Line::Save(file) => report_failure(self.save(Path::new(file)))?,
            Line::Load(file) => report_failure(self.load(Path::new(file)))?,
            Line::Undo => self.undo(),
            Line::Retry => {
                if self
                    .messages
                    .last()
                    .is_some_and(|last| last.role == Role::Assistant)
                {
                    self.messages.pop();
                }
                if self.messages.is_empty() {
                    say("nothing to answer yet")?;
                } else {
                    self.answer()?;
                }
            }
            Line::Say(text) => {
                self.messages.push(Message::user(text));
                self.answer()?;
            }
        }
        Ok(true)
    }

    fn prompt(&self) -> Prompt {
        if self.raw {
            let text = self
                .messages
                .iter()
                .map(|message| message.content.as_str())
                .collect();
            return Prompt::Raw(text);
        }
        let system = self.system.as_deref().map(Message::system);
        let messages = system
            .into_iter()
            .chain(self.messages.iter().cloned())
            .collect();
        Prompt::Chat {
            messages,
            template: self.template.clone(),
        }
    }

    fn answer(&mut self) -> anyhow::Result<()> {
        let request = GenerateRequest {
            prompt: self.prompt(),
            sampling: self.sampling.clone(),
            stop: self.stop.clone(),
        };
        let outcome = stream_answer(
            self.session.as_mut(),
            request,
            &mut std::io::stdout().lock(),
        );
        match outcome {
            Ok(answer) => {
                writeln!(std::io::stdout()).context("writing to stdout")?;
                let line = terminal::closing_line(&answer.figures(), machine::peak_rss_bytes());
                say(&line)?;
                if answer.finish_reason == Some(FinishReason::ContextFull) {
                    say("the context is full: /new starts afresh, -c gives more")?;
                }
                self.last_figures = Some(line);
                self.messages.push(Message::assistant(answer.text));
            }
            Err(error) => {
                self.messages.pop();
                say(&format!("error: {error}"))?;
            }
        }
        Ok(())
    }

    fn undo(&mut self) {
        while let Some(message) = self.messages.pop() {
            if message.role == Role::User {
                break;
            }
        }
    }

    fn show_history(&self) -> anyhow::Result<()> {
        for message in &self.messages {
            say(&format!("{}: {}", message.role.as_str(), message.content))?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
            value
                .parse()
                .map_err(|_| format!("{name} cannot be '{value}'"))
        }
        match name {
            "temp" => self.sampling.temperature = number(name, value)?,
            "top-k" => self.sampling.top_k = number(name, value)?,
            "top-p" => self.sampling.top_p = number(name, value)?,
            "min-p" => self.sampling.min_p = number(name, value)?,
            "seed" => self.sampling.seed = Some(number(name, value)?),
            "max-tokens" => self.stop.max_tokens = Some(number(name, value)?),
            _ => return Err(format!("unknown setting '{name}'; /help lists them")),
        }
        Ok(())
    }

    fn save(&self, file: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.messages)?;
        fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        say(&format!(
            "{} messages written to {}",
            self.messages.len(),
            file.display()
        ))
    }

    fn load(&mut self, file: &Path) -> anyhow::Result<()> {
        let text =
            fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        self.messages = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a saved conversation", file.display()))?;
        say(&format!(
            "{} messages read from {}",
            self.messages.len(),
            file.display()
        ))
    }
}

fn report_failure(outcome: anyhow::Result<()>) -> anyhow::Result<()> {
    outcome.or_else(|error| say(&format!("error: {error:#}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_commands_or_words() {
        for (line, expected) in [
            ("", Line::Nothing),
            ("hello / there", Line::Say("hello / there")),
            ("/set temp 0.5", Line::Set("temp", "0.5")),
            ("/system  Be brief. ", Line::System("Be brief.")),
            ("/save a b.json", Line::Save("a b.json")),
            ("/bye", Line::Exit),
            ("/dance", Line::Unknown("/dance")),
        ] {
            assert_eq!(parse(line), expected, "{line}");
        }
    }
}
