//! The engine token by token, driven from outside by lines on stdin, so that a program that
//! compares engines (`cargo xtask bench-record`) or their numbers (`fixtures/compare_logits.py`)
//! loads a model once and warms it up. Each command is answered by one line on stdout.
//!
//! ```text
//! prefill N            seconds for a prompt of N tokens on an empty context
//! decode N DEPTH       seconds for N single tokens after DEPTH others
//! batch N_SEQS N       seconds for N single tokens of each of several sequences at once
//! score IDS OUT        writes the logits after every token; files of u32 and f32 in native order
//! bandwidth N_BYTES    GB/s of reading so much memory with the same number of threads
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that reports"
)]

use std::hint::black_box;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier, LazyLock};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::Parser;
use lilim_api::{
    CancelToken, Engine, EngineError, KvType, Level, LoadOptions, LoadedModel, ModelFiles, TokenId,
    TokenStepper,
};
use lilim_formats::gguf::Gguf;
use lilim_native::{ModelBytes, NativeEngine};
use lilim_store::MappedModel;

/// What to load and how.
#[derive(Parser)]
struct Arguments {
    model: PathBuf,
    #[arg(long)]
    threads: usize,
    #[arg(long)]
    context: usize,
    #[arg(long)]
    level: Option<Level>,
    #[arg(long, default_value = "f16")]
    kv_type: KvType,
    #[arg(long, default_value_t = LoadOptions::default().chunk)]
    chunk: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (model, cost) = load(&arguments)?;
    println!(
        "{}",
        serde_json::json!({
            "device": model.device(),
            "weight_bytes": cost.weight_bytes,
            "kv_bytes_per_pos": cost.kv_bytes_per_pos,
        })
    );
    let mut session = model.clone().session()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut answer = Ok(0.0);
        if let ["batch", n_seqs, n] = words[..] {
            answer = batch(&model, n_seqs.parse()?, n.parse()?);
        } else {
            session.with_stepper(&mut |stepper| {
                answer = obey(&words, stepper, arguments.threads);
                Ok(())
            })?;
        }
        println!("{}", answer.with_context(|| line.clone())?);
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn obey(words: &[&str], stepper: &mut dyn TokenStepper, threads: usize) -> anyhow::Result<f64> {
    Ok(match words {
        ["prefill", n] => prefill(stepper, n.parse()?)?,
        ["decode", n, depth] => decode(stepper, n.parse()?, depth.parse()?)?,
        ["score", ids, out] => score(stepper, Path::new(ids), Path::new(out))?,
        ["bandwidth", n_bytes] => read_rate(threads, n_bytes.parse()?),
        _ => bail!("no such command"),
    })
}

/// Token ids without a pattern that a cache could learn; what they are changes no time.
fn made_up_ids(n: usize, vocab_size: usize) -> Vec<TokenId> {
    (0..n)
        .map(|i| ((i * 7919 + 1000) % vocab_size) as TokenId)
        .collect()
}

fn prefill(stepper: &mut dyn TokenStepper, n: usize) -> anyhow::Result<f64> {
    let ids = made_up_ids(n, stepper.vocab_size());
    stepper.rewind(0);
    let start = Instant::now();
    stepper.prefill(&ids, &CancelToken::new(), &mut |_| {})?;
    Ok(start.elapsed().as_secs_f64())
}

fn decode(stepper: &mut dyn TokenStepper, n: usize, depth: usize) -> anyhow::Result<f64> {
    let ids = made_up_ids(depth + n, stepper.vocab_size());
    let kept = stepper.rewind(depth);
    if kept < depth {
        stepper.prefill(&ids[kept..depth], &CancelToken::new(), &mut |_| {})?;
    }
    ensure!(
        stepper.tokens() == &ids[..depth],
        "the context holds others"
    );
    let start = Instant::now();
    for &id in &ids[depth..] {
        stepper.step(id)?;
    }
    Ok(start.elapsed().as_secs_f64())
}

/// Each sequence has a thread, as generations have, and a short prompt of its own behind it.
fn batch(model: &Arc<dyn LoadedModel>, n_seqs: usize, n: usize) -> anyhow::Result<f64> {
    // as many as bench-record gives the peers
    const N_PROMPT: usize = 16;
    let mut sessions = (0..n_seqs)
        .map(|_| model.clone().session())
        .collect::<Result<Vec<_>, _>>()?;
    let ids = made_up_ids(n_seqs * (N_PROMPT + n), model.info().vocab_size);
    let start = Barrier::new(n_seqs + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = sessions
            .iter_mut()
            .zip(ids.chunks(N_PROMPT + n))
            .map(|(session, ids)| {
                let start = &start;
                scope.spawn(move || {
                    session.with_stepper(&mut |stepper| {
                        let done =
                            stepper.prefill(&ids[..N_PROMPT], &CancelToken::new(), &mut |_| {});
                        start.wait();
                        done?;
                        ids[N_PROMPT..].iter().try_for_each(|&id| stepper.step(id))
                    })
                })
            })
            .collect();
        start.wait();
        let start = Instant::now();
        for thread in threads {
            thread.join().expect("a session does not panic")?;
        }
        Ok(start.elapsed().as_secs_f64())
    })
}

fn score(stepper: &mut dyn TokenStepper, ids: &Path, out: &Path) -> anyhow::Result<f64> {
    let ids: Vec<TokenId> = std::fs::read(ids)?
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| u32::from_ne_bytes(*bytes))
        .collect();
    let mut file = std::io::BufWriter::new(std::fs::File::create(out)?);
    let mut outcome = Ok(());
    stepper.rewind(0);
    let start = Instant::now();
    stepper.score(&ids, 0, &mut |_, logits| {
        for logit in logits {
            if outcome.is_ok() {
                outcome = file.write_all(&logit.to_ne_bytes());
            }
        }
    })?;
    outcome.and_then(|()| file.flush())?;
    Ok(start.elapsed().as_secs_f64())
}

/// GB/s of reading about `n_bytes`, over and over memory larger than the caches. The mean, since
/// what it is compared with is one: a machine may give less memory the longer it is read.
fn read_rate(threads: usize, n_bytes: usize) -> f64 {
    static DATA: LazyLock<Vec<u64>> = LazyLock::new(|| vec![1; 32 << 20]);
    let n_words = DATA.len() / threads;
    let n_turns = (n_bytes / (8 * n_words * threads)).max(1);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for part in DATA.chunks_exact(n_words) {
            scope.spawn(move || {
                let mut sums = [0u64; 32];
                for _ in 0..n_turns {
                    for words in black_box(part).as_chunks::<32>().0 {
                        for (sum, word) in sums.iter_mut().zip(words) {
                            *sum = sum.wrapping_add(*word);
                        }
                    }
                }
                black_box(sums);
            });
        }
    });
    (8 * n_words * threads * n_turns) as f64 / start.elapsed().as_secs_f64() / 1e9
}

/// What one token reads.
struct Cost {
    /// Every matrix of the products, once.
    weight_bytes: u64,
    /// Keys and values of one earlier position, in F16.
    kv_bytes_per_pos: u64,
}

fn load(arguments: &Arguments) -> anyhow::Result<(Arc<dyn LoadedModel>, Cost)> {
    let mapped = MappedModel::open(&arguments.model)?;
    let cost = cost(&mapped)?;
    let engine = NativeEngine::new(Box::new(open));
    let options = LoadOptions {
        threads: Some(arguments.threads),
        level: arguments.level,
        context: Some(arguments.context),
        chunk: arguments.chunk,
        kv_type: arguments.kv_type,
        ..LoadOptions::default()
    };
    let files = ModelFiles::Gguf(arguments.model.clone());
    Ok((engine.load(&files, &options, &mut |_| {})?, cost))
}

fn cost(mapped: &MappedModel) -> anyhow::Result<Cost> {
    let name = mapped.path().display().to_string();
    let parts = mapped.parts().into_iter();
    let gguf = Gguf::join(
        parts
            .map(|bytes| Gguf::parse(&name, bytes))
            .collect::<Result<_, _>>()?,
    )?;
    let is_tied = gguf.tensor("output.weight").is_none();
    let weight_bytes = gguf
        .tensors()
        .iter()
        .filter(|tensor| tensor.dims.len() > 1)
        .filter(|tensor| is_tied || tensor.name != "token_embd.weight")
        .map(|tensor| {
            tensor.n_elements() / tensor.ty.block_len() as u64 * tensor.ty.block_bytes() as u64
        })
        .sum();
    let kv_rows: u64 = gguf
        .tensors()
        .iter()
        .filter(|tensor| {
            tensor.name.ends_with("attn_k.weight") || tensor.name.ends_with("attn_v.weight")
        })
        .map(|tensor| tensor.dims[1])
        .sum();
    Ok(Cost {
        weight_bytes,
        kv_bytes_per_pos: 2 * kv_rows,
    })
}

fn open(files: &ModelFiles) -> Result<Arc<dyn ModelBytes>, EngineError> {
    let ModelFiles::Gguf(path) = files else {
        unreachable!("only files are given")
    };
    let mapped = MappedModel::open(path).map_err(|error| EngineError::Io {
        path: path.clone(),
        reason: error.to_string(),
    })?;
    Ok(Arc::new(Mapped(mapped)))
}

struct Mapped(MappedModel);

impl ModelBytes for Mapped {
    fn parts(&self) -> Vec<&[u8]> {
        self.0.parts()
    }

    fn name(&self) -> &'static str {
        "measured"
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}
