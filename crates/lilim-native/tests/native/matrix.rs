//! Determinism in one table: every architecture and weight type, at every level of the machine, with
//! any number of threads, chunk, history and company, gives the bits of one baseline.
//!
//! The baseline of a model is its logits after each token of one prompt, computed at once by one
//! thread. All that a setting computes are logits after a beginning of the same prompt, so every row
//! of them has its row in the baseline. What an answer tells with guesses and without (tokens, ends,
//! figures) is in `speculation.rs`; compressed caches are in `same_bits.rs`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use lilim_api::{Level, LoadOptions, LoadedModel, TokenStepper};

use crate::support::{
    Expected, exact, fixtures, levels, load, name_of, prefill, score_all, with_stepper,
};

/// Tokens of the prompt that the reference level computes: it takes ten times as long as the others.
const FEW_TOKENS: usize = 48;

/// Threads and tokens of a chunk; several sequences are computed at once in each, so many.
const SETTINGS: [(usize, usize, usize); 6] = [
    (1, 1, 2),
    (2, 7, 8),
    (3, 16, 3),
    (4, 3, 2),
    (8, 64, 4),
    (2, 512, 3),
];

/// A model's tokens and logits.
struct Baseline {
    /// File, architecture, mixture of types.
    name: String,
    tokens: Vec<u32>,
    vocab_size: usize,
    /// `[n_tokens, vocab_size]`
    logits: Vec<f32>,
}

/// A place in the table.
struct Cell<'a> {
    baseline: &'a Baseline,
    model: Arc<dyn LoadedModel>,
    setting: String,
    /// Tokens of the baseline that are computed.
    n_tokens: usize,
}

impl Baseline {
    fn new(path: &Path, level: Level) -> Self {
        let options = LoadOptions {
            level: Some(level),
            ..exact()
        };
        let model = load(path, &options);
        let info = model.info();
        let tokens = Expected::of(path).tokens;
        Self {
            name: format!("{} ({}, {})", name_of(path), info.arch, info.quantization),
            vocab_size: info.vocab_size,
            logits: score_all(&model, &tokens),
            tokens,
        }
    }
}

impl Cell<'_> {
    fn tokens(&self) -> &[u32] {
        &self.baseline.tokens[..self.n_tokens]
    }

    /// Compares the logits after the token at a position with the baseline's.
    fn check(&self, how: &str, pos: usize, got: &[f32]) {
        let Baseline {
            name,
            vocab_size,
            logits,
            ..
        } = self.baseline;
        let expected = &logits[pos * vocab_size..(pos + 1) * vocab_size];
        assert_eq!(got.len(), *vocab_size, "{name}, {}, {how}", self.setting);
        let differs = |&id: &usize| got[id].to_bits() != expected[id].to_bits();
        if let Some(id) = (0..*vocab_size).find(differs) {
            panic!(
                "{name}, {}, {how}, position {pos}, token {id}: {} instead of {}",
                self.setting, got[id], expected[id]
            );
        }
    }

    /// All rows of one prompt.
    fn scored(&self) {
        let logits = score_all(&self.model, self.tokens());
        let rows = logits.chunks_exact(self.baseline.vocab_size);
        for (pos, row) in rows.enumerate() {
            self.check("scored", pos, row);
        }
    }

    /// A prompt that begins like the one before, after another that does not.
    fn cached(&self) {
        let tokens = self.tokens();
        with_stepper(&self.model, |stepper| {
            let n = tokens.len() * 2 / 3;
            prefill(stepper, &tokens[..n]).unwrap();
            self.check("cache miss", n - 1, stepper.logits());
            prefill(stepper, &tokens[10..20]).unwrap();
            let kept = stepper.rewind(n - 7);
            prefill(stepper, &tokens[kept..]).unwrap();
            self.check("cache hit", tokens.len() - 1, stepper.logits());
        });
    }

    /// Right and wrong guesses, taken back, and single steps after them.
    fn guessed(&self) {
        let tokens = self.tokens();
        with_stepper(&self.model, |stepper| {
            // no more than a chunk; one where nothing can be taken back
            let most = stepper.max_verify();
            if most == 1 {
                return;
            }
            let mut pos = 20;
            prefill(stepper, &tokens[..pos]).unwrap();
            for (n, n_right) in [(2, 2), (16, 5), (3, 1), (8, 8), (1, 1), (5, 2)] {
                let (n, n_right) = (n.min(most), n_right.min(most));
                self.verify(stepper, (pos, n, n_right));
                pos += n_right;
            }
            stepper.step(tokens[pos]).unwrap();
            self.check("step after guesses", pos, stepper.logits());
        });
    }

    /// Verifies `n` tokens from `pos` on, of which `n_right` are those of the baseline.
    fn verify(&self, stepper: &mut dyn TokenStepper, (pos, n, n_right): (usize, usize, usize)) {
        let mut ids = self.baseline.tokens[pos..pos + n].to_vec();
        for wrong in &mut ids[n_right..] {
            *wrong = (*wrong + 1) % self.baseline.vocab_size as u32;
        }
        stepper.verify(&ids).unwrap();
        assert_eq!(stepper.rewind(pos + n_right), pos + n_right);
        for index in 0..n_right {
            let how = format!("guess {index} of {n}");
            self.check(&how, pos + index, stepper.verified(index));
        }
    }

    /// Sequences of several lengths at once, each a prompt and single steps.
    fn beside_mates(&self, n: usize) {
        let tokens = self.tokens();
        std::thread::scope(|scope| {
            for mate in 0..n {
                scope.spawn(move || {
                    with_stepper(&self.model, |stepper| {
                        let first = 3 + 4 * mate;
                        prefill(stepper, &tokens[..first]).unwrap();
                        let how = format!("sequence {mate} of {n}");
                        self.check(&how, first - 1, stepper.logits());
                        for (pos, &id) in tokens.iter().enumerate().skip(first).take(12) {
                            stepper.step(id).unwrap();
                            self.check(&how, pos, stepper.logits());
                        }
                    });
                });
            }
        });
    }
}

/// Levels whose results are the same: all, but of quantized weights the reference rounds nothing
/// (`docs/design/arithmetic.md`).
fn classes(is_quantized: bool) -> Vec<Vec<Level>> {
    let all = levels();
    if !is_quantized {
        return vec![all];
    }
    let (reference, fast): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|&it| it == Level::Reference);
    [reference, fast]
        .into_iter()
        .filter(|class| !class.is_empty())
        .collect()
}

/// Fills a model's part of the table; returns the number of settings. The reference level has one of
/// them for each model, another for the next.
fn check_model(path: &Path, is_quantized: bool, number: usize) -> usize {
    let mut n_settings = 0;
    for class in classes(is_quantized) {
        let baseline = Baseline::new(path, class[0]);
        for &level in &class {
            let is_slow = level == Level::Reference;
            let settings = match is_slow {
                true => &SETTINGS[number % SETTINGS.len()..][..1],
                false => &SETTINGS[..],
            };
            for &(threads, chunk, n_mates) in settings {
                let options = LoadOptions {
                    level: Some(level),
                    threads: Some(threads),
                    chunk,
                    ..exact()
                };
                let n_all = baseline.tokens.len();
                let cell = Cell {
                    baseline: &baseline,
                    model: load(path, &options),
                    setting: format!("level {level}, {threads} threads, chunk {chunk}"),
                    n_tokens: if is_slow { FEW_TOKENS } else { n_all },
                };
                cell.scored();
                cell.cached();
                cell.guessed();
                cell.beside_mates(n_mates);
                n_settings += 1;
            }
        }
    }
    n_settings
}

#[test]
fn every_model_level_thread_count_chunk_history_and_company_gives_the_bits_of_one_baseline() {
    let begin = std::time::Instant::now();
    let of = |folder, is_quantized| {
        let paths = fixtures(folder).into_iter();
        paths.map(move |path| (path, is_quantized))
    };
    let paths = of("models", false).chain(of("quantized", true));
    let paths: Vec<(usize, (PathBuf, bool))> = paths.enumerate().collect();
    let n_models = paths.len();
    let (queue, n_settings) = (Mutex::new(paths), Mutex::new(0));
    // two at a time: a machine of few cores has eight threads of one model to run already
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((number, (path, is_quantized))) = pop(&queue) {
                    let n = check_model(&path, is_quantized, number);
                    *n_settings.lock().unwrap() += n;
                }
            });
        }
    });
    let n_settings = n_settings.into_inner().unwrap();
    println!(
        "{n_models} models, {n_settings} settings, {:?}",
        begin.elapsed()
    );
}

/// Takes the last of a queue; the queue is free again when it returns.
fn pop<T>(queue: &Mutex<Vec<T>>) -> Option<T> {
    queue.lock().unwrap().pop()
}
