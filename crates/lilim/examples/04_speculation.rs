//! Lesson 4: what guessing ahead brings. A model dictated to, so that it says a given text whatever
//! its weights are, says it plainly and with guesses from earlier text, in turns.
//!
//! `cargo run --release -p lilim --example 04_speculation -- MODEL.gguf VOCABULARY.gguf PROMPT.txt ANSWER.txt [ROUNDS]`
//!
//! The work is real and so is the text; only the logits are put in place of the model's own.

#![allow(clippy::print_stdout, reason = "a lesson shows what it does")]

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use lilim_api::{
    CancelToken, Engine, EngineError, Event, GenerateRequest, LoadOptions, ModelFiles, Prompt,
    SamplingOptions, TokenId, TokenStepper, Usage, event_channel,
};
use lilim_decode::{Lookahead, Speculation, TextStream, TokenBytes, TokenText, generate};
use lilim_native::{ModelBytes, NativeEngine};
use lilim_store::MappedModel;
use lilim_text::{EncodeOptions, Tokenizer};

/// The engine opens no files itself: this is how they reach it.
struct Mapped(MappedModel);

impl ModelBytes for Mapped {
    fn parts(&self) -> Vec<&[u8]> {
        self.0.parts()
    }

    fn name(&self) -> &str {
        "example"
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

fn open(files: &ModelFiles) -> Result<Arc<dyn ModelBytes>, EngineError> {
    let ModelFiles::Gguf(path) = files else {
        unreachable!("this lesson names a file")
    };
    let io = |error: lilim_store::StoreError| EngineError::Io {
        path: path.clone(),
        reason: error.to_string(),
    };
    Ok(Arc::new(Mapped(MappedModel::open(path).map_err(io)?)))
}

/// A sequence whose likeliest token is always the next of a given text.
struct Dictated<'a> {
    stepper: &'a mut dyn TokenStepper,
    /// Prompt and answer.
    text: &'a [TokenId],
    /// One for each row of a pass: `[vocab_size]`, zero but for the likeliest.
    rows: Vec<Vec<f32>>,
    likeliest: Vec<usize>,
}

impl<'a> Dictated<'a> {
    fn new(stepper: &'a mut dyn TokenStepper, text: &'a [TokenId]) -> Self {
        let n_rows = stepper.max_verify();
        Self {
            text,
            rows: vec![vec![0.0; stepper.vocab_size()]; n_rows],
            likeliest: vec![0; n_rows],
            stepper,
        }
    }

    /// Makes the first rows those after the last `n` tokens.
    fn dictate(&mut self, n: usize) {
        let first = self.stepper.tokens().len() - n + 1;
        for (index, row) in self.rows[..n].iter_mut().enumerate() {
            row[self.likeliest[index]] = 0.0;
            let next = self.text.get(first + index).copied().unwrap_or(0);
            self.likeliest[index] = next as usize;
            row[next as usize] = 20.0;
        }
    }
}

impl TokenStepper for Dictated<'_> {
    fn vocab_size(&self) -> usize {
        self.stepper.vocab_size()
    }

    fn context(&self) -> usize {
        self.stepper.context()
    }

    fn tokens(&self) -> &[TokenId] {
        self.stepper.tokens()
    }

    fn prefill(
        &mut self,
        ids: &[TokenId],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError> {
        self.stepper.prefill(ids, cancel, progress)?;
        self.dictate(1);
        Ok(())
    }

    fn step(&mut self, id: TokenId) -> Result<(), EngineError> {
        self.stepper.step(id)?;
        self.dictate(1);
        Ok(())
    }

    fn logits(&self) -> &[f32] {
        &self.rows[0]
    }

    fn max_verify(&self) -> usize {
        self.stepper.max_verify()
    }

    fn verify(&mut self, ids: &[TokenId]) -> Result<(), EngineError> {
        self.stepper.verify(ids)?;
        self.dictate(ids.len());
        Ok(())
    }

    fn verified(&self, index: usize) -> &[f32] {
        &self.rows[index]
    }

    fn rewind(&mut self, keep: usize) -> usize {
        self.stepper.rewind(keep)
    }

    fn score(
        &mut self,
        ids: &[TokenId],
        from: usize,
        sink: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<(), EngineError> {
        self.stepper.score(ids, from, sink)
    }
}

/// Text is of no interest here.
struct NoText;

impl TokenBytes for NoText {
    fn token_bytes(&self, _id: TokenId) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }
}

impl TokenText for NoText {
    fn is_end(&self, _id: TokenId) -> bool {
        false
    }

    fn stream(&self) -> Box<dyn TextStream + '_> {
        Box::new(Self)
    }
}

impl TextStream for NoText {
    fn push(&mut self, _id: TokenId) -> String {
        String::new()
    }

    fn finish(&mut self) -> String {
        String::new()
    }
}

/// Says the answer once and returns what it took.
fn say(
    stepper: &mut dyn TokenStepper,
    speculation: Option<&mut Speculation>,
    (prompt, text): (&[TokenId], &[TokenId]),
) -> anyhow::Result<Usage> {
    let mut request = GenerateRequest::new(Prompt::Tokens(prompt.to_vec()));
    request.sampling = SamplingOptions::greedy();
    request.stop.max_tokens = Some(text.len() - prompt.len());
    let mut dictated = Dictated::new(stepper, text);
    let (sender, receiver) = event_channel(CancelToken::new());
    let mut last = None;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| std::iter::from_fn(|| receiver.recv()).last());
        match speculation {
            None => generate(&mut dictated, &NoText, prompt, &request, &sender),
            Some(speculation) => {
                let max_tokens = request.stop.max_tokens;
                let mut ahead = Lookahead::new(&mut dictated, speculation, max_tokens);
                generate(&mut ahead, &NoText, prompt, &request, &sender);
                ahead.finish();
            }
        }
        drop(sender);
        last = reader.join().ok().flatten();
    });
    match last.map(|timed| timed.event) {
        Some(Event::Done { usage, .. }) => Ok(usage),
        other => bail!("no answer: {other:?}"),
    }
}

/// Milliseconds of passes with so many rows, at the depth of the prompt: the least of three.
fn pass_times(stepper: &mut dyn TokenStepper, prompt: &[TokenId]) -> anyhow::Result<Vec<f64>> {
    let kept = stepper.rewind(0);
    stepper.prefill(&prompt[kept..], &CancelToken::new(), &mut |_| {})?;
    let ids = vec![prompt[0]; stepper.max_verify()];
    let mut times = Vec::new();
    for n in 1..=ids.len() {
        let mut least = Duration::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            stepper.verify(&ids[..n])?;
            least = least.min(start.elapsed());
            stepper.rewind(prompt.len());
        }
        times.push(least.as_secs_f64() * 1e3);
    }
    Ok(times)
}

fn run(
    stepper: &mut dyn TokenStepper,
    (prompt, text): (&[TokenId], &[TokenId]),
    n_rounds: usize,
) -> anyhow::Result<()> {
    let times = pass_times(stepper, prompt)?;
    let shown: Vec<String> = times
        .iter()
        .map(|time| format!("{:.2}", time / times[0]))
        .collect();
    println!(
        "a pass of 1 row: {:.2} ms; of 1, 2 … rows: {}",
        times[0],
        shown.join(" ")
    );
    let mut ratios = Vec::new();
    for _ in 0..n_rounds {
        let plain = say(stepper, None, (prompt, text))?;
        // a new one each time: what it learns in an answer is part of what is measured
        let mut speculation = Speculation::lookup();
        let ahead = say(stepper, Some(&mut speculation), (prompt, text))?;
        let figures = ahead.speculation.context("no figures")?;
        let ratio = plain.decode.as_secs_f64() / ahead.decode.as_secs_f64();
        let tps = |usage: &Usage| (usage.n_out - 1) as f64 / usage.decode.as_secs_f64();
        println!(
            "plain {:.1} tokens/s, lookup {:.1}: {ratio:.3}x; {} tokens in {} passes, {} of {} guesses right",
            tps(&plain),
            tps(&ahead),
            ahead.n_out,
            figures.n_passes + 1,
            figures.n_accepted,
            figures.n_guessed,
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.3}x", ratios[ratios.len() / 2]);
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, vocabulary, prompt, answer, more @ ..] = &arguments[..] else {
        bail!("usage: 04_speculation MODEL.gguf VOCABULARY.gguf PROMPT.txt ANSWER.txt [ROUNDS]");
    };
    let vocabulary = MappedModel::open(Path::new(vocabulary))?;
    let tokenizer = Tokenizer::from_gguf(vocabulary.gguf().metadata())?;
    let encode = |path: &str| -> anyhow::Result<Vec<TokenId>> {
        let text = std::fs::read_to_string(path).with_context(|| path.to_owned())?;
        Ok(tokenizer.encode(&text, EncodeOptions::default())?)
    };
    let prompt = encode(prompt)?;
    let text = [prompt.clone(), encode(answer)?].concat();
    println!(
        "{} tokens after {}",
        text.len() - prompt.len(),
        prompt.len()
    );
    let files = ModelFiles::Gguf(model.into());
    let model =
        NativeEngine::new(Box::new(open)).load(&files, &LoadOptions::default(), &mut |_| {})?;
    println!("{}", model.device());
    let n_rounds = more.first().map_or(Ok(3), |n| n.parse())?;
    let mut session = model.session()?;
    let mut outcome = Ok(());
    session.with_stepper(&mut |stepper| {
        outcome = run(stepper, (&prompt, &text), n_rounds);
        Ok(())
    })?;
    outcome
}
