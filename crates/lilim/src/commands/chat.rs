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
use lilim_decode::validate_sampling;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use crate::arguments::RunArguments;
use crate::exit::Exit;
use crate::generate::{stay_on_ctrl_c, stream_answer};
use crate::machine;
use crate::terminal::{self, tell};

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
    tell(&format!(
        "{} · {} · context {} · /help",
        info.name,
        model.device(),
        model.context()
    ));
    if chat.raw {
        tell("raw: the model continues each text, it does not answer");
    }
    stay_on_ctrl_c();
    let mut editor = DefaultEditor::new().context("opening the terminal")?;
    loop {
        match editor.readline("> ") {
            Ok(line) => {
                let _ = editor.add_history_entry(&line);
                if !chat.obey(&parse(&line))? {
                    return Ok(Exit::Fine);
                }
            }
            Err(ReadlineError::Interrupted) => tell("/exit or Ctrl-D leaves"),
            Err(ReadlineError::Eof) => return Ok(Exit::Fine),
            Err(error) => return Err(error).context("reading a line"),
        }
    }
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
            Line::Help => tell(HELP),
            Line::Unknown(word) => tell(&format!("unknown command {word}; /help lists them")),
            Line::New => {
                self.messages.clear();
                tell("a new conversation");
            }
            Line::System(_) if self.raw => tell("raw: there is no template for a system message"),
            Line::System(text) => {
                self.messages.clear();
                self.system = (!text.is_empty()).then(|| text.to_owned());
                tell("a new conversation");
            }
            Line::Stats => tell(self.last_figures.as_deref().unwrap_or("no answer yet")),
            Line::History => self.show_history(),
            Line::Set(name, value) => match self.set(name, value) {
                Ok(()) => tell(&format!("{name} = {value}")),
                Err(reason) => tell(&reason),
            },
            Line::Save("") | Line::Load("") => tell("name a file: /save FILE, /load FILE"),
            Line::Save(file) => report_failure(self.save(Path::new(file))),
            Line::Load(file) => report_failure(self.load(Path::new(file))),
            Line::Undo => self.undo(),
            Line::Retry => self.retry()?,
            Line::Say(text) => {
                self.messages.push(Message::user(text));
                if !self.answer()? {
                    self.messages.pop();
                }
            }
        }
        Ok(true)
    }

    /// The old answer stays when there is no new one.
    fn retry(&mut self) -> anyhow::Result<()> {
        let old = self.messages.pop_if(|last| last.role == Role::Assistant);
        if self.messages.is_empty() {
            tell("nothing to answer yet");
        } else if !self.answer()? {
            self.messages.extend(old);
        }
        Ok(())
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
        Prompt::Chat {
            messages: self.with_system(),
            template: self.template.clone(),
        }
    }

    /// Answers the conversation so far; false when no answer came of it.
    fn answer(&mut self) -> anyhow::Result<bool> {
        let request = GenerateRequest {
            prompt: self.prompt(),
            sampling: self.sampling.clone(),
            stop: self.stop.clone(),
            whole: false,
        };
        let outcome = stream_answer(
            self.session.as_mut(),
            request,
            &mut std::io::stdout().lock(),
        );
        let answer = match outcome {
            Ok(answer) => answer,
            // Without stdout there is nothing left to do here.
            Err(error) if error.is::<std::io::Error>() => return Err(error),
            Err(error) => {
                tell(&format!("error: {error:#}"));
                return Ok(false);
            }
        };
        if !answer.text.ends_with('\n') {
            writeln!(std::io::stdout()).context("writing to stdout")?;
        }
        let line = terminal::closing_line(&answer.figures(), machine::peak_rss_bytes());
        tell(&line);
        match answer.finish_reason {
            Some(FinishReason::Cancelled) => tell("stopped by you"),
            Some(FinishReason::ContextFull) => {
                tell("the context is full: /new starts afresh, -c gives more");
            }
            _ => {}
        }
        self.last_figures = Some(line);
        // Stopped before the first token: the conversation stays as it was.
        let is_answer = !answer.token_ids.is_empty();
        if is_answer {
            self.messages.push(Message::assistant(answer.text));
        }
        Ok(is_answer)
    }

    fn undo(&mut self) {
        let before = self.messages.len();
        while let Some(message) = self.messages.pop() {
            if message.role == Role::User {
                break;
            }
        }
        tell(&format!(
            "{} messages taken back",
            before - self.messages.len()
        ));
    }

    fn show_history(&self) {
        for message in self.with_system() {
            tell(&format!("{}: {}", message.role.as_str(), message.content));
        }
    }

    /// The conversation, the system message first if there is one.
    fn with_system(&self) -> Vec<Message> {
        let system = self.system.as_deref().map(Message::system);
        system
            .into_iter()
            .chain(self.messages.iter().cloned())
            .collect()
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
            value
                .parse()
                .map_err(|_| format!("{name} cannot be '{value}'"))
        }
        let mut sampling = self.sampling.clone();
        match name {
            "temp" => sampling.temperature = number(name, value)?,
            "top-k" => sampling.top_k = number(name, value)?,
            "top-p" => sampling.top_p = number(name, value)?,
            "min-p" => sampling.min_p = number(name, value)?,
            "seed" => sampling.seed = Some(number(name, value)?),
            "max-tokens" => self.stop.max_tokens = Some(number(name, value)?),
            _ => return Err(format!("unknown setting '{name}'; /help lists them")),
        }
        // The biases were checked against the vocabulary with the first answer.
        validate_sampling(&sampling, usize::MAX).map_err(|error| error.to_string())?;
        self.sampling = sampling;
        Ok(())
    }

    fn save(&self, file: &Path) -> anyhow::Result<()> {
        let messages = self.with_system();
        let text = serde_json::to_string_pretty(&messages)?;
        fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        tell(&format!(
            "{} messages written to {}",
            messages.len(),
            file.display()
        ));
        Ok(())
    }

    fn load(&mut self, file: &Path) -> anyhow::Result<()> {
        let text =
            fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let (system, messages) = conversation(&text)
            .with_context(|| format!("{} is not a saved conversation", file.display()))?;
        tell(&format!(
            "{} messages read from {}",
            messages.len(),
            file.display()
        ));
        (self.system, self.messages) = (system, messages);
        Ok(())
    }
}

/// The system message, if one comes first, and the rest.
fn conversation(text: &str) -> Result<(Option<String>, Vec<Message>), serde_json::Error> {
    let mut messages: Vec<Message> = serde_json::from_str(text)?;
    let has_system = messages
        .first()
        .is_some_and(|first| first.role == Role::System);
    let system = has_system.then(|| messages.remove(0).content);
    Ok((system, messages))
}

fn report_failure(outcome: anyhow::Result<()>) {
    if let Err(error) = outcome {
        tell(&format!("error: {error:#}"));
    }
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

    #[test]
    fn a_saved_system_message_comes_back_as_one() {
        let saved = [Message::system("Be brief."), Message::user("Hello")];
        let text = serde_json::to_string(&saved).unwrap();
        let (system, messages) = conversation(&text).unwrap();
        assert_eq!(system.as_deref(), Some("Be brief."));
        assert_eq!(messages, [Message::user("Hello")]);
        let (system, messages) = conversation("[]").unwrap();
        assert_eq!((system, messages.len()), (None, 0));
    }
}
