//! Lesson 1: load a GGUF file, ask for an answer, read events.
//!
//! `cargo run --release --example 01_generate -- MODEL.gguf "Once upon a time"`

use std::path::Path;
use std::sync::Arc;

use lilim_api::{
    CancelToken, Engine, EngineError, Event, GenerateRequest, LoadOptions, ModelFiles, Prompt,
};
use lilim_native::{ModelBytes, NativeEngine};
use lilim_store::MappedModel;

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

#[allow(clippy::print_stdout, reason = "a lesson shows what it does")]
fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(prompt)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: 01_generate MODEL.gguf PROMPT");
    };
    let engine = NativeEngine::new(Box::new(open));
    let model = engine.load(
        &ModelFiles::Gguf(path.into()),
        &LoadOptions::default(),
        &mut |_| {},
    )?;
    let mut session = model.session()?;
    let mut request = GenerateRequest::new(Prompt::Raw(prompt));
    request.stop.max_tokens = Some(64);
    let events = session.generate(request, CancelToken::new())?;
    while let Some(timed) = events.recv() {
        match timed.event {
            Event::Token(token) => print!("{}", token.text),
            Event::Chunk(chunk) => print!("{}", chunk.text),
            Event::Done {
                reason,
                tail,
                usage,
            } => println!("{tail}\n{reason:?}, {} tokens", usage.n_out),
            Event::Failed(error) => return Err(error.into()),
            Event::PrefillProgress { .. } => {}
        }
    }
    Ok(())
}
