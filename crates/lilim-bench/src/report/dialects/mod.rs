//! A recording in the words of other tools, computed by *their* definitions from the raw events, so
//! that a figure of theirs can be held against ours: the same name often means another thing.
//!
//! Each answer names the file in which the definition was looked up and how it differs from
//! `docs/guides/what-these-numbers-mean.md`. Percentiles are given as the tool gives them, also
//! where there are too few samples for a figure of ours.

mod clients;
mod engines;
mod otel;

use serde_json::{Map, Value, json};

use crate::plan::Case;
use crate::record::{Outcome, RawEvent, RequestRecord};
use crate::result_file::ResultFile;
use crate::stats::{Summary, percentile};

/// A tool whose names and definitions are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `vllm bench serve`.
    Vllm,
    /// NVIDIA AIPerf.
    Aiperf,
    /// GuideLLM.
    Guidellm,
    /// llama.cpp's `llama-bench`.
    LlamaBench,
    /// The figures in Ollama's answers.
    Ollama,
    /// OpenTelemetry's conventions for generative AI.
    Otel,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Vllm,
        Self::Aiperf,
        Self::Guidellm,
        Self::LlamaBench,
        Self::Ollama,
        Self::Otel,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vllm => "vllm",
            Self::Aiperf => "aiperf",
            Self::Guidellm => "guidellm",
            Self::LlamaBench => "llama-bench",
            Self::Ollama => "ollama",
            Self::Otel => "otel",
        }
    }

    /// The dialect of a name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Where the definitions were looked up.
    fn source(self) -> &'static str {
        match self {
            Self::Vllm => clients::VLLM_SOURCE,
            Self::Aiperf => clients::AIPERF_SOURCE,
            Self::Guidellm => clients::GUIDELLM_SOURCE,
            Self::LlamaBench => engines::LLAMA_BENCH_SOURCE,
            Self::Ollama => engines::OLLAMA_SOURCE,
            Self::Otel => otel::SOURCE,
        }
    }

    /// Where the definitions are others than ours.
    fn differences(self) -> &'static [&'static str] {
        match self {
            Self::Vllm => clients::VLLM_DIFFERENCES,
            Self::Aiperf => clients::AIPERF_DIFFERENCES,
            Self::Guidellm => clients::GUIDELLM_DIFFERENCES,
            Self::LlamaBench => engines::LLAMA_BENCH_DIFFERENCES,
            Self::Ollama => engines::OLLAMA_DIFFERENCES,
            Self::Otel => otel::DIFFERENCES,
        }
    }

    fn figures(self, load: &Load<'_>) -> Value {
        match self {
            Self::Vllm => clients::vllm(load),
            Self::Aiperf => clients::aiperf(load),
            Self::Guidellm => clients::guidellm(load),
            Self::LlamaBench => engines::llama_bench(load),
            Self::Ollama => engines::ollama(load),
            Self::Otel => otel::metrics(load),
        }
    }
}

/// A result in the words of another tool, as JSON.
pub fn dialect(file: &ResultFile, dialect: Dialect) -> String {
    let recording = &file.recording;
    let mut cases = Vec::new();
    let mut without_requests = Vec::new();
    for case in &recording.plan.cases {
        let load = Load::of(case, file);
        if load.streams.is_empty() {
            without_requests.push(case.id.clone());
            continue;
        }
        cases.push(json!({
            "case": case.id,
            "side": recording.plan.sides.get(case.side).map(|side| &side.name),
            "figures": dialect.figures(&load),
        }));
    }
    let whole = json!({
        "dialect": dialect.name(),
        "definitions_from": dialect.source(),
        "differences": dialect.differences(),
        "tool": recording.header.tool,
        "result_hash": file.hash,
        "cases": cases,
        "cases_without_requests": without_requests,
    });
    format!("{whole:#}\n")
}

/// What the dialects are, as Markdown: `docs/reference/dialects.md`.
pub fn page() -> String {
    let mut text =
        "# Dialects\n\nThe same name means another thing in another tool. `--dialect NAME` \
                    gives the figures of a result by that tool's definitions, computed from the \
                    recorded events. This page is made from the code.\n"
            .to_owned();
    for dialect in Dialect::ALL {
        let (name, source) = (dialect.name(), dialect.source());
        text += &format!("\n## {name}\n\nDefinitions: {source}.\n\n");
        for difference in dialect.differences() {
            text += &format!("- {difference}\n");
        }
    }
    text
}

/// The requests of a case that did what was asked, warm-ups left out.
struct Load<'a> {
    streams: Vec<Stream<'a>>,
    n_failed: usize,
    /// The model's name.
    model: &'a str,
}

/// A request with the events that brought output.
struct Stream<'a> {
    request: &'a RequestRecord,
    output: Vec<&'a RawEvent>,
}

impl<'a> Load<'a> {
    fn of(case: &Case, file: &'a ResultFile) -> Self {
        let ours = file.recording.samples.iter();
        let ours = ours.filter(|sample| sample.case == case.id && !sample.warmup);
        let mut streams = Vec::new();
        let mut n_failed = 0;
        for sample in ours {
            match &sample.outcome {
                Outcome::Request(request) if request.failure.is_none() => {
                    streams.extend(Stream::of(request));
                }
                Outcome::Request(_) | Outcome::Failed { .. } => n_failed += 1,
                Outcome::Load(_)
                | Outcome::Readings(_)
                | Outcome::Scored(_)
                | Outcome::Traced(_) => {}
            }
        }
        let side = file.recording.plan.sides.get(case.side);
        Self {
            streams,
            n_failed,
            model: side.map_or("", |side| &side.model.name),
        }
    }

    /// Seconds from the first request sent to the last event.
    fn wall_s(&self) -> f64 {
        let first = self.streams.iter().map(|stream| stream.request.sent_ns);
        let last = self.streams.iter().map(Stream::last_ns);
        let wall_ns = last.max().unwrap_or(0) - first.min().unwrap_or(0);
        wall_ns as f64 / 1e9
    }

    fn n_prompt(&self) -> u64 {
        let prompts = self.streams.iter().map(|stream| stream.request.n_prompt);
        prompts.map(u64::from).sum()
    }

    fn n_out(&self) -> u64 {
        self.streams
            .iter()
            .map(|stream| u64::from(stream.n_out()))
            .sum()
    }

    /// A value of each request that has one.
    fn each(&self, value: impl Fn(&Stream<'a>) -> Option<f64>) -> Vec<f64> {
        self.streams.iter().filter_map(value).collect()
    }
}

impl<'a> Stream<'a> {
    /// `None` where nothing came.
    fn of(request: &'a RequestRecord) -> Option<Self> {
        let events = request.events.iter();
        let output: Vec<_> = events.filter(|event| event.is_output()).collect();
        (!output.is_empty()).then_some(Self { request, output })
    }

    fn first_ns(&self) -> u64 {
        self.output[0].t_ns
    }

    fn last_ns(&self) -> u64 {
        self.output[self.output.len() - 1].t_ns
    }

    /// Tokens of the answer.
    fn n_out(&self) -> u32 {
        self.output.iter().map(|event| event.n_tokens).sum()
    }

    /// Milliseconds from sending to an event.
    fn ms_to(&self, t_ns: u64) -> f64 {
        t_ns.saturating_sub(self.request.sent_ns) as f64 / 1e6
    }

    /// Milliseconds from sending to the first output.
    fn ttft_ms(&self) -> f64 {
        self.ms_to(self.first_ns())
    }

    /// Milliseconds from sending to the last output.
    fn latency_ms(&self) -> f64 {
        self.ms_to(self.last_ns())
    }

    /// Milliseconds between events, one after another.
    fn gaps_ms(&self) -> impl Iterator<Item = f64> {
        let gap = |pair: &[&RawEvent]| pair[1].t_ns.saturating_sub(pair[0].t_ns) as f64 / 1e6;
        self.output.windows(2).map(gap)
    }
}

/// Milliseconds over tokens after the first.
fn per_later_token(ms: f64, n_out: u32) -> Option<f64> {
    (n_out > 1).then(|| ms / f64::from(n_out - 1))
}

/// `None` where no time passed.
fn rate(n: f64, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| n / seconds)
}

/// Which figures of a distribution a tool gives, and what it calls them.
struct Names {
    mean: &'static str,
    std_dev: &'static str,
    /// Percents with their names.
    percentiles: &'static [(f64, &'static str)],
    /// Whether the standard deviation divides by n, not by n − 1.
    is_population: bool,
}

/// Figures of values by a tool's names; nulls where there are no values.
fn distribution(values: &[f64], names: &Names) -> Map<String, Value> {
    let summary = Summary::of(values).ok().flatten();
    let std_dev = summary.map(|summary| {
        let n = summary.n as f64;
        let std_dev = summary.std_dev.unwrap_or(0.0);
        match names.is_population {
            true => std_dev * libm::sqrt((n - 1.0) / n),
            false => std_dev,
        }
    });
    let mut all = Map::new();
    all.insert(names.mean.to_owned(), json!(summary.map(|all| all.mean)));
    all.insert(names.std_dev.to_owned(), json!(std_dev));
    for &(percent, name) in names.percentiles {
        let value = percentile(values, percent).ok().flatten();
        all.insert(name.to_owned(), json!(value));
    }
    all
}
