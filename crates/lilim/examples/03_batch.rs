//! Lesson 3: several sessions of one model generate at the same time; the weights are read once for
//! all of them, so together they are faster than one after the other.
//!
//! `cargo run --release -p lilim --example 03_batch -- MODEL.gguf N [TOKENS [LEVEL]]`

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use lilim_api::{
    CancelToken, Engine, EngineError, Event, EventReceiver, GenerateRequest, LoadOptions,
    ModelFiles, Prompt, SamplingOptions,
};
use lilim_native::{ModelBytes, NativeEngine};
use lilim_store::MappedModel;

/// Tokens of each prompt.
const PROMPT_LEN: u32 = 16;

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

/// The times at which an answer's tokens came.
fn token_times(events: &EventReceiver) -> Result<Vec<Instant>, EngineError> {
    let mut times = Vec::new();
    while let Some(timed) = events.recv() {
        match timed.event {
            Event::Token(_) | Event::Chunk(_) => times.push(timed.at),
            Event::Failed(error) => return Err(error),
            Event::Done { .. } | Event::PrefillProgress { .. } => {}
        }
    }
    Ok(times)
}

#[allow(clippy::print_stdout, reason = "a lesson shows what it does")]
fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, n, more @ ..] = &arguments[..] else {
        anyhow::bail!("usage: 03_batch MODEL.gguf N [TOKENS [LEVEL]]");
    };
    let (n, n_tokens): (u32, usize) = (n.parse()?, more.first().map_or(Ok(64), |n| n.parse())?);
    let options = LoadOptions {
        context: Some(PROMPT_LEN as usize + n_tokens),
        level: more.get(1).map(|level| level.parse()).transpose()?,
        ..LoadOptions::default()
    };
    let files = ModelFiles::Gguf(path.into());
    let model = NativeEngine::new(Box::new(open)).load(&files, &options, &mut |_| {})?;
    let mut sessions = Vec::new();
    let mut answers = Vec::new();
    for i in 0..n {
        let ids = (0..PROMPT_LEN).map(|j| 3 + 7 * i + j).collect();
        let mut request = GenerateRequest::new(Prompt::Tokens(ids));
        request.sampling = SamplingOptions::greedy();
        request.stop.max_tokens = Some(n_tokens);
        request.stop.ignore_eos = true;
        let mut session = Arc::clone(&model).session()?;
        let events = session.generate(request, CancelToken::new())?;
        sessions.push(session);
        answers.push(std::thread::spawn(move || token_times(&events)));
    }
    let mut times = Vec::new();
    for answer in answers {
        times.push(answer.join().expect("reading does not panic")?);
    }
    // from the moment when all have begun to the moment when the first has ended
    let begin = times.iter().filter_map(|times| times.first()).max();
    let end = times.iter().filter_map(|times| times.last()).min();
    let (Some(&begin), Some(&end)) = (begin, end) else {
        anyhow::bail!("an answer is empty");
    };
    let between = times
        .iter()
        .flatten()
        .filter(|&&at| at > begin && at <= end);
    let rate = between.count() as f64 / end.saturating_duration_since(begin).as_secs_f64();
    println!("{n} sequences: {rate:.1} tokens/s together");
    Ok(())
}
