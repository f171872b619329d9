//! `lilim demo`: the main job on the embedded model. Each shipped prompt is classified, routed and
//! answered live; a table of figures ends it.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context;
use lilim_api::{
    GenerateRequest, LoadedModel, Message, Prompt, SamplingOptions, Session, StopOptions,
    TemplateOptions,
};
use lilim_router::{
    Candidate, Category, Classification, ClassifyOptions, Decision, DecisionInput, ModelMapping,
    Policy, PromptEntry, Route, built_in_categories, classify_by_keywords, decide, parse_prompts,
};
use serde::Serialize;

use crate::arguments::DemoArguments;
use crate::classify;
use crate::commands::{print_json, print_line};
use crate::config::Config;
use crate::exit::Exit;
use crate::generate::{install_ctrl_c, stream_answer};
use crate::machine;
use crate::metrics::Figures;
use crate::models;
use crate::terminal::{Align, human_bytes, human_duration, shortened, table, unknown};

/// The prompts that the demo ships with.
const PROMPTS: &str = include_str!("../../../../training/demo_prompts.json");

/// The longest answer of the demo, in tokens.
const MAX_ANSWER_TOKENS: usize = 256;

/// Everything about one prompt of the demo.
#[derive(Debug, Serialize)]
struct DemoRow {
    id: String,
    prompt: String,
    category: Option<String>,
    expected: Option<String>,
    keyword_category: Option<String>,
    confidence: f64,
    model: Option<String>,
    reasons: Vec<String>,
    classification_ms: f64,
    answer: String,
    #[serde(flatten)]
    figures: Figures,
    peak_rss_bytes: Option<u64>,
}

/// Runs the command.
pub(crate) fn run(arguments: &DemoArguments, config: &Config) -> anyhow::Result<Exit> {
    install_ctrl_c()?;
    let mut prompts = parse_prompts(PROMPTS)
        .context("the shipped prompts")?
        .prompts;
    prompts.truncate(arguments.limit.unwrap_or(usize::MAX));
    let start = Instant::now();
    let options = models::options(config, &arguments.load)?;
    let model = models::load(&models::native_engine(), &models::embedded(), &options)?;
    let mut demo = Demo {
        answers: model.clone().session()?,
        labels: model.clone().session()?,
        categories: built_in_categories(),
        quiet: arguments.output.json,
        model,
    };
    demo.introduce(start.elapsed(), prompts.len())?;
    let mut rows = Vec::new();
    for (index, prompt) in prompts.iter().enumerate() {
        let heading = format!("[{}/{}]", index + 1, prompts.len());
        let (row, stopped) = demo.answer(&heading, prompt)?;
        rows.push(row);
        if stopped {
            break;
        }
    }
    if arguments.output.json {
        print_json(&rows)?;
    } else {
        print_line(&summary(&rows))?;
    }
    let stopped = rows.len() < prompts.len();
    Ok(if stopped { Exit::Cancelled } else { Exit::Fine })
}

/// The model and what the demo does with it.
struct Demo {
    model: std::sync::Arc<dyn LoadedModel>,
    /// Answers prompts.
    answers: Box<dyn Session>,
    /// Scores labels: a session of its own, so that its cached prefix stays.
    labels: Box<dyn Session>,
    categories: Vec<Category>,
    quiet: bool,
}

impl Demo {
    fn introduce(&self, load: Duration, n_prompts: usize) -> anyhow::Result<()> {
        let info = self.model.info();
        self.say(&format!(
            "{} ({}, {} parameters), loaded in {} on {}.\n\
             {n_prompts} prompts: each is classified by the model itself, routed, and answered.\n",
            info.name,
            info.quantization,
            crate::terminal::human_count(info.n_params),
            human_duration(load),
            self.model.device(),
        ))
    }

    fn say(&self, text: &str) -> anyhow::Result<()> {
        if self.quiet { Ok(()) } else { print_line(text) }
    }

    /// Classifies and answers one prompt; true when the user stopped it.
    fn answer(&mut self, heading: &str, record: &PromptEntry) -> anyhow::Result<(DemoRow, bool)> {
        let timed = classify::zero_shot(
            self.model.as_ref(),
            self.labels.as_mut(),
            &record.prompt,
            &self.categories,
        )?;
        let decision = route(&timed.classification);
        self.say(&format!("{heading} {}", record.prompt))?;
        self.say(&format!("  → {}", decision.reasons.join("; ")))?;
        let request = GenerateRequest {
            prompt: Prompt::Chat {
                messages: vec![Message::user(record.prompt.clone())],
                template: TemplateOptions::default(),
            },
            sampling: SamplingOptions::greedy(),
            stop: StopOptions {
                max_tokens: Some(MAX_ANSWER_TOKENS),
                ..StopOptions::default()
            },
            whole: false,
        };
        let answer = if self.quiet {
            stream_answer(self.answers.as_mut(), request, &mut std::io::sink())?
        } else {
            let mut out = Indented::new(std::io::stdout().lock());
            let answer = stream_answer(self.answers.as_mut(), request, &mut out)?;
            out.end().context("writing to stdout")?;
            answer
        };
        let stopped = answer.finish_reason == Some(lilim_api::FinishReason::Cancelled);
        let keywords = classify_by_keywords(&record.prompt, &ClassifyOptions::default())?;
        let row = DemoRow {
            id: record.id.to_string(),
            prompt: record.prompt.clone(),
            category: decision.category,
            expected: record.category.clone(),
            keyword_category: keywords.category,
            confidence: timed.classification.confidence,
            model: decision.model,
            reasons: decision.reasons,
            classification_ms: timed.took.as_secs_f64() * 1e3,
            answer: answer.text.clone(),
            figures: answer.figures(),
            peak_rss_bytes: machine::peak_rss_bytes(),
        };
        Ok((row, stopped))
    }
}

/// Every category goes to the only model that a new machine has.
fn route(classification: &Classification) -> Decision {
    let routes = built_in_categories().into_iter().map(|category| Route {
        category: category.name,
        model: models::EMBEDDED_NAME.to_owned(),
    });
    let policy = Policy::Mapping(ModelMapping::new(routes.collect()));
    let candidate = Candidate {
        is_resident: true,
        ..Candidate::named(models::EMBEDDED_NAME)
    };
    decide(&DecisionInput {
        classification: Some(classification),
        fallback: Some(models::EMBEDDED_NAME),
        ..DecisionInput::new(&policy, &[candidate])
    })
}

/// Puts four spaces before each line of an answer.
struct Indented<W> {
    out: W,
    at_line_start: bool,
}

impl<W: Write> Indented<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            at_line_start: true,
        }
    }

    fn end(&mut self) -> std::io::Result<()> {
        if !self.at_line_start {
            self.out.write_all(b"\n")?;
        }
        self.out.write_all(b"\n")
    }
}

impl<W: Write> Write for Indented<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.at_line_start && line != b"\n" {
                self.out.write_all(b"    ")?;
            }
            self.out.write_all(line)?;
            self.at_line_start = line.ends_with(b"\n");
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

fn summary(rows: &[DemoRow]) -> String {
    let head = [
        ("prompt", Align::Left),
        ("category", Align::Left),
        ("expected", Align::Left),
        ("sure", Align::Right),
        ("classify", Align::Right),
        ("first token", Align::Right),
        ("decode", Align::Right),
        ("memory", Align::Right),
    ];
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                shortened(&row.prompt, 34),
                row.category.clone().unwrap_or_else(unknown),
                row.expected.clone().unwrap_or_else(unknown),
                format!("{:.0}%", row.confidence * 100.0),
                format!("{:.1} ms", row.classification_ms),
                row.figures
                    .ttft_ms
                    .map_or_else(unknown, |ms| format!("{ms:.1} ms")),
                row.figures
                    .decode_tps
                    .map_or_else(unknown, |tps| format!("{tps:.0} tok/s")),
                row.peak_rss_bytes.map_or_else(unknown, human_bytes),
            ]
        })
        .collect();
    format!("{}\n\n{}", table(&head, &cells), accuracy_line(rows))
}

/// How often the model and the keyword baseline were right.
fn accuracy_line(rows: &[DemoRow]) -> String {
    let labelled: Vec<&DemoRow> = rows.iter().filter(|row| row.expected.is_some()).collect();
    let right = |guess: &dyn Fn(&DemoRow) -> Option<String>| {
        labelled
            .iter()
            .filter(|row| guess(row) == row.expected)
            .count()
    };
    let model = right(&|row| row.category.clone());
    let keywords = right(&|row| row.keyword_category.clone());
    format!(
        "categories right: model {model} of {n}, keyword baseline {keywords} of {n}",
        n = labelled.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_indented_line_by_line() {
        let mut out = Vec::new();
        let mut indented = Indented::new(&mut out);
        for piece in ["one", " two\n", "\nthree"] {
            indented.write_all(piece.as_bytes()).unwrap();
        }
        indented.end().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "    one two\n\n    three\n\n"
        );
    }

    #[test]
    fn the_shipped_prompts_cover_every_category() {
        let prompts = parse_prompts(PROMPTS).unwrap().prompts;
        for category in built_in_categories() {
            let found = prompts
                .iter()
                .any(|p| p.category.as_deref() == Some(&category.name));
            assert!(found, "no prompt for {}", category.name);
        }
    }
}
