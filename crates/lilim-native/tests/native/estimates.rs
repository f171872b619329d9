//! The memory that a model is said to take is what it takes, or a little more.
//!
//! Each case runs in a process of its own, whose anonymous memory (`/proc/self/smaps_rollup`) is read
//! before the model is loaded and while its sequences hold a full context. Files are in memory before
//! the first look, so what stays in a file is not seen: the embedding.

use std::process::Command;
use std::sync::{Arc, Barrier};

use lilim_api::{Engine, KvType, LoadOptions, ModelFiles};
use lilim_formats::gguf::Gguf;

use crate::support::{engine_of, exact, fixtures, in_memory, name_of, prefill, with_stepper};

/// Says which case a child process is to measure.
const CASE: &str = "LILIM_TEST_MEMORY_CASE";

/// What comes before the bytes in a child's answer.
const ANSWER: &str = "anonymous bytes: ";

/// The most that is said above what is taken: a part of it (hundredths; rounded inputs are counted
/// for weights in floating point too), and what is counted for small things.
const SPARE: u64 = 25;
const SPARE_BYTES: u64 = 3 << 20;

struct Case {
    folder: &'static str,
    name: &'static str,
    n_sequences: usize,
    options: LoadOptions,
}

fn cases() -> Vec<Case> {
    let case = |folder, name, n_sequences, chunk, kv_type| Case {
        folder,
        name,
        n_sequences,
        options: LoadOptions {
            threads: Some(2),
            context: Some(4096),
            chunk,
            kv_type,
            ..exact()
        },
    };
    vec![
        case("models", "llama", 1, 1024, KvType::F32),
        case("models", "gemma3", 4, 512, KvType::F16),
        case("quantized", "llama256-q4_k_m", 1, 2048, KvType::F16),
        case("quantized", "qwen3-256-q8_0", 4, 512, KvType::F16),
        case("models", "rwkv7", 1, 2048, KvType::F32),
        case("models", "rwkv7", 4, 512, KvType::F32),
    ]
}

/// Anonymous memory of this process in bytes; none where the system does not tell.
fn anonymous_bytes() -> Option<u64> {
    let smaps = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let line = smaps
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// The file of a case.
fn bytes_of(case: &Case) -> Option<Vec<u8>> {
    let mut paths = fixtures(case.folder).into_iter();
    let path = paths.find(|path| name_of(path) == case.name)?;
    Some(std::fs::read(path).unwrap())
}

#[test]
#[ignore = "a part of the_estimate_is_what_is_taken, in a process of its own"]
fn one_case() {
    let Ok(index) = std::env::var(CASE) else {
        return;
    };
    let case = &cases()[index.parse::<usize>().unwrap()];
    let bytes = bytes_of(case).unwrap();
    let before = anonymous_bytes().unwrap();
    let model = engine_of(bytes)
        .load(&in_memory(), &case.options, &mut |_| ())
        .unwrap();
    let vocab_size = model.info().vocab_size as u32;
    let n_tokens = case.options.context.unwrap() - 8;
    let prompt: Vec<u32> = (0..n_tokens as u32).map(|i| i * 7 % vocab_size).collect();
    let (all_in, measured) = (
        Barrier::new(case.n_sequences),
        Barrier::new(case.n_sequences),
    );
    std::thread::scope(|scope| {
        for sequence in 0..case.n_sequences {
            let (model, prompt, all_in, measured) = (&model, &prompt, &all_in, &measured);
            scope.spawn(move || {
                with_stepper(&Arc::clone(model), |stepper| {
                    prefill(stepper, prompt).unwrap();
                    (0..4).for_each(|id| stepper.step(id).unwrap());
                    all_in.wait();
                    if sequence == 0 {
                        let taken = anonymous_bytes().unwrap() - before;
                        println!("\n{ANSWER}{taken}");
                    }
                    measured.wait();
                });
            });
        }
    });
}

#[test]
fn the_estimate_is_what_is_taken() {
    if anonymous_bytes().is_none() {
        eprintln!("skipped: this system does not tell a process's anonymous memory");
        return;
    }
    let large_pages = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    if large_pages.is_ok_and(|mode| mode.contains("[always]")) {
        eprintln!("skipped: this system gives large pages to small buffers");
        return;
    }
    for (index, case) in cases().iter().enumerate() {
        let Some(bytes) = bytes_of(case) else { return };
        let gguf = Gguf::parse(case.name, &bytes).unwrap();
        let in_file = gguf.tensor("token_embd.weight").unwrap().n_bytes;
        let files = ModelFiles::Gguf("memory.gguf".into());
        let engine = engine_of(bytes);
        let estimate = engine.estimate(&files, &case.options).unwrap();
        let vocab_size = engine.check(&files).unwrap().vocab_size as u64;
        // an estimate is of one sequence; another has its own cache and logits
        let more = (case.n_sequences as u64 - 1) * (estimate.kv_bytes + 2 * 4 * vocab_size);
        let said = estimate.total_bytes() + more;
        let taken = taken_by_a_process(index);
        let what = format!(
            "{} x {}: said {said} ({estimate:?}), taken {taken}",
            case.name, case.n_sequences
        );
        println!("{what}");
        assert!(taken <= said, "{what}");
        let most = taken + in_file + taken * SPARE / 100 + SPARE_BYTES;
        assert!(said <= most, "{what}");
    }
}

fn taken_by_a_process(case: usize) -> u64 {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["estimates::one_case", "--exact", "--ignored", "--nocapture"])
        .env(CASE, case.to_string())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let answer = output.lines().find_map(|line| line.strip_prefix(ANSWER));
    let Some(answer) = answer else {
        panic!("{output}{}", String::from_utf8_lossy(&child.stderr));
    };
    answer.parse().unwrap()
}
