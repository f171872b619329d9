//! `cargo xtask bench-record`: this engine and its peers on the same model file and the same work,
//! in turns, and a line of JSON for each model and work.
//!
//! A round runs every engine once, every other round in the opposite order, so that a machine that
//! slows down slows all of them; only the ratios within a round count. Before the first round each
//! engine does the work once unseen.
//!
//! Memory may be faster after a rest than under load. So plain reading is timed just before and just
//! after this engine's work, for as many bytes as that reads, and the share is taken round by round.

mod engines;
mod work;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::{Value, json};

use engines::{LlamaBench, Server, Setting, Timed};
use work::{Samples, Work};

/// What to compare.
#[derive(Args)]
pub(crate) struct BenchRecordArguments {
    /// GGUF files.
    #[arg(required = true)]
    models: Vec<PathBuf>,
    /// prefill:N, decode:N@DEPTH or batch:SEQUENCESxN (repeatable; OpenVINO does no batches).
    #[arg(long, default_values = ["prefill:512", "decode:64@0"])]
    work: Vec<Work>,
    /// llama.cpp's llama-bench.
    #[arg(long, value_name = "PATH")]
    llama_bench: Option<PathBuf>,
    /// A flag for llama-bench (repeatable), such as -fa=0.
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    llama_flag: Vec<String>,
    /// A Python that has openvino_genai.
    #[arg(long, value_name = "PATH")]
    openvino_python: Option<PathBuf>,
    /// This engine's level [default: the best there is].
    #[arg(long)]
    level: Option<String>,
    /// Threads of every engine.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Rounds of each work.
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    /// Give measured processes a real-time priority (chrt): other work then cannot disturb them.
    #[arg(long)]
    realtime: bool,
    /// A file to hold a lock on while something is measured.
    #[arg(long, value_name = "PATH")]
    lock: Option<PathBuf>,
    /// A word kept with the results, such as what the peer was built for.
    #[arg(long, default_value = "")]
    note: String,
    /// The file to which results are added, a line of JSON each.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
}

/// Compares, prints and records.
pub(crate) fn run(arguments: &BenchRecordArguments, root: &Path) -> anyhow::Result<()> {
    let measure = build(root)?;
    let lock = arguments.lock.as_ref().map(File::create).transpose()?;
    let about = json!({
        "machine": machine(),
        "commit": commit(root),
        "note": arguments.note,
        "threads": arguments.threads,
    });
    println!("{about}");
    for model in &arguments.models {
        let name = model
            .file_name()
            .context("a model is a file")?
            .to_string_lossy();
        let (mut ours, mut peers) = start(arguments, model, &measure)?;
        for &work in &arguments.work {
            let result = compare(
                work,
                &mut ours,
                &mut peers,
                (arguments.rounds, lock.as_ref()),
            )?;
            let greeting: Value = serde_json::from_str(&ours.greeting)?;
            result.print(&name);
            if let Some(path) = &arguments.out {
                let mut record = result.to_json();
                record["about"] = about.clone();
                record["model"] = json!(name);
                record["device"] = greeting["device"].clone();
                let mut file = OpenOptions::new().create(true).append(true).open(path)?;
                writeln!(file, "{record}")?;
            }
        }
    }
    Ok(())
}

/// Starts this engine, and the peers that were named.
fn start(
    arguments: &BenchRecordArguments,
    model: &Path,
    measure: &Path,
) -> anyhow::Result<(Server, Vec<Box<dyn Timed>>)> {
    let setting = Setting {
        model: model.to_owned(),
        threads: arguments.threads,
        realtime: arguments.realtime,
    };
    let context = arguments.work.iter().map(|work| work.context()).max();
    let flags: Vec<&str> = match &arguments.level {
        Some(level) => vec!["--level", level],
        None => Vec::new(),
    };
    let ours = Server::ours(measure, &setting, context.unwrap_or(0), &flags)?;
    let mut peers: Vec<Box<dyn Timed>> = Vec::new();
    if let Some(program) = &arguments.llama_bench {
        peers.push(Box::new(LlamaBench {
            program: program.clone(),
            setting: setting.clone(),
            flags: arguments.llama_flag.clone(),
        }));
    }
    if let Some(python) = &arguments.openvino_python {
        peers.push(Box::new(Server::openvino(python, &setting)?));
    }
    Ok((ours, peers))
}

/// The figures of one work.
struct Comparison {
    work: Work,
    /// Tokens a second by engine, this one first.
    rates: Vec<(String, Samples)>,
    /// GB/s that plain reading reaches before and after this engine's work, their mean.
    bandwidth: Samples,
    /// Bytes that this engine reads for a token, where that is known.
    token_bytes: Option<f64>,
}

/// Bytes of plain reading beside work that reads an unknown number of them.
const PROBE_BYTES: f64 = 2e9;

/// Of a decoding, the bytes that this engine reads for a token.
fn token_bytes(work: Work, greeting: &Value) -> Option<f64> {
    let Work::Decode { n, depth } = work else {
        return None;
    };
    let bytes = |key: &str| greeting[key].as_f64();
    let n_earlier = depth as f64 + n as f64 / 2.0;
    Some(bytes("weight_bytes")? + bytes("kv_bytes_per_pos")? * n_earlier)
}

/// Runs the rounds of one work.
fn compare(
    work: Work,
    ours: &mut Server,
    peers: &mut [Box<dyn Timed>],
    (rounds, lock): (usize, Option<&File>),
) -> anyhow::Result<Comparison> {
    let names = std::iter::once(ours.name()).chain(peers.iter().map(|peer| peer.name()));
    let mut result = Comparison {
        work,
        rates: names
            .map(|name| (name.to_owned(), Samples(Vec::new())))
            .collect(),
        bandwidth: Samples(Vec::new()),
        token_bytes: token_bytes(work, &serde_json::from_str(&ours.greeting)?),
    };
    let n_bytes = (result.token_bytes).map_or(PROBE_BYTES, |bytes| bytes * work.n_tokens() as f64);
    let probe = format!("bandwidth {n_bytes:.0}");
    for round in 0..=rounds {
        if let Some(file) = lock {
            file.lock()?;
        }
        let mut order: Vec<usize> = (0..=peers.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let mut bandwidth = None;
            let time = match index {
                0 => {
                    let before = ours.ask(&probe)?;
                    let time = ours.time(work)?;
                    bandwidth = Some(f64::midpoint(before, ours.ask(&probe)?));
                    time
                }
                peer => peers[peer - 1].time(work)?,
            };
            // the first round is a warm-up
            if round > 0 {
                result.bandwidth.0.extend(bandwidth);
                let rate = work.n_tokens() as f64 / time.as_secs_f64();
                result.rates[index].1.0.push(rate);
            }
        }
        if let Some(file) = lock {
            file.unlock()?;
        }
    }
    Ok(result)
}

impl Comparison {
    /// The share of the bandwidth that this engine's reading takes.
    fn bandwidth_share(&self) -> Option<Samples> {
        let gb = self.token_bytes? / 1e9;
        let read = self.rates[0].1.0.iter().map(|rate| rate * gb).collect();
        Some(Samples(read).over(&self.bandwidth))
    }

    fn print(&self, model: &str) {
        let share = self.bandwidth_share();
        let share = share.map_or_else(String::new, |share| format!(", share of it {share}"));
        println!(
            "{model} {} · memory {} GB/s{share}",
            self.work, self.bandwidth
        );
        let (_, ours) = &self.rates[0];
        for (name, rates) in &self.rates {
            println!("  {name:10} {rates} t/s · ratio {}", ours.over(rates));
        }
    }

    fn to_json(&self) -> Value {
        let (_, ours) = &self.rates[0];
        let engines: serde_json::Map<String, Value> = self
            .rates
            .iter()
            .map(|(name, rates)| {
                let figures =
                    json!({ "tps": rates.to_json(), "ratio": ours.over(rates).to_json() });
                (name.clone(), figures)
            })
            .collect();
        json!({
            "work": self.work.to_string(),
            "engines": engines,
            "bandwidth_gb_per_s": self.bandwidth.to_json(),
            "bandwidth_share": self.bandwidth_share().map(|share| share.to_json()),
        })
    }
}

/// Builds the engine's example `measure` for speed, and tells where it is.
fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["build", "--release", "--locked", "--message-format=json"])
        .args(["-p", "lilim", "--example", "measure"])
        .current_dir(root)
        .output()?;
    ensure!(
        output.status.success(),
        "measure does not build: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
        .context("cargo names no program")
}

/// The processor's name and how many of its threads there are.
fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = name
        .unwrap_or("unknown processor")
        .trim_start_matches(['\t', ' ', ':']);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{name}, {threads} threads")
}

/// The commit that is checked out, marked where files differ from it.
fn commit(root: &Path) -> Option<String> {
    let arguments = ["describe", "--always", "--dirty"];
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .output()
        .ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
