//! The engines that are compared, each started and asked in its own way for seconds of one work.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::work::{BATCH_PROMPT, Work};

/// How every engine is run.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) model: PathBuf,
    pub(crate) threads: usize,
    /// Whether measured processes get a real-time priority.
    pub(crate) realtime: bool,
}

/// Something that can be timed.
pub(crate) trait Timed {
    /// The name in tables and records.
    fn name(&self) -> &str;

    /// Does the work once and tells how long it took.
    fn time(&mut self, work: Work) -> anyhow::Result<Duration>;
}

/// A process that stays loaded, and answers each line with one line.
pub(crate) struct Server {
    name: String,
    /// What it said when it was ready.
    pub(crate) greeting: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(name: &str, mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let input = child.stdin.take().context("its input is piped")?;
        let output = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut server = Self {
            name: name.to_owned(),
            greeting: String::new(),
            child,
            input,
            output,
        };
        server.greeting = server.read()?;
        Ok(server)
    }

    /// This project's engine, by `measure`'s path.
    pub(crate) fn ours(
        measure: &Path,
        setting: &Setting,
        context: usize,
        flags: &[&str],
    ) -> anyhow::Result<Self> {
        let mut command = measured(measure, setting.realtime);
        command.arg(&setting.model);
        for (flag, number) in [("--threads", setting.threads), ("--context", context)] {
            command.arg(flag).arg(number.to_string());
        }
        command.args(flags);
        Self::start("lilim", command)
    }

    /// OpenVINO GenAI in this Python. Loading it compiles for many seconds, so it takes its
    /// priority by itself, and only while it is timed.
    pub(crate) fn openvino(python: &Path, setting: &Setting) -> anyhow::Result<Self> {
        let mut command = Command::new(python);
        command.args(["-c", include_str!("openvino.py")]);
        command.arg(&setting.model).arg(setting.threads.to_string());
        if setting.realtime {
            command.arg("realtime");
        }
        Self::start("openvino", command)
    }

    /// Asks for one number.
    pub(crate) fn ask(&mut self, line: &str) -> anyhow::Result<f64> {
        writeln!(self.input, "{line}").with_context(|| format!("asking {}", self.name))?;
        let answer = self.read()?;
        answer
            .parse()
            .with_context(|| format!("{} answered '{answer}' to '{line}'", self.name))
    }

    fn read(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.is_empty(), "{} broke down", self.name);
        Ok(line.trim_end().to_owned())
    }
}

impl Timed for Server {
    fn name(&self) -> &str {
        &self.name
    }

    fn time(&mut self, work: Work) -> anyhow::Result<Duration> {
        let line = match work {
            Work::Prefill { n } => format!("prefill {n}"),
            Work::Decode { n, depth } => format!("decode {n} {depth}"),
            Work::Batch { n_seqs, n } => format!("batch {n_seqs} {n}"),
        };
        Ok(Duration::from_secs_f64(self.ask(&line)?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it holds a model's memory, and may be at work for nobody
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// llama.cpp's own benchmarks, which load the model and warm up each time.
pub(crate) struct LlamaBench {
    /// `llama-bench`; for batches `llama-batched-bench` lies beside it.
    pub(crate) program: PathBuf,
    pub(crate) setting: Setting,
    pub(crate) flags: Vec<String>,
}

impl LlamaBench {
    /// Runs one of the programs with these numbers and returns its report.
    fn report(
        &self,
        program: &Path,
        numbers: &[(&str, usize)],
        format_flag: &str,
    ) -> anyhow::Result<Value> {
        let mut command = measured(program, self.setting.realtime);
        command.arg("-m").arg(&self.setting.model);
        for (flag, number) in numbers.iter().chain(&[("-t", self.setting.threads)]) {
            command.arg(flag).arg(number.to_string());
        }
        command.args([format_flag, "jsonl"]).args(&self.flags);
        let output = command.output();
        let output = output.with_context(|| format!("starting {}", program.display()))?;
        ensure!(
            output.status.success(),
            "{} failed: {}",
            program.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout)?;
        let line = text.lines().find(|line| line.starts_with('{'));
        let line = line.with_context(|| format!("{} reports nothing", program.display()))?;
        Ok(serde_json::from_str(line)?)
    }

    fn time_batch(&self, n_seqs: usize, n: usize) -> anyhow::Result<Duration> {
        let program = self.program.with_file_name("llama-batched-bench");
        let numbers = [
            ("-npp", BATCH_PROMPT),
            ("-ntg", n),
            ("-npl", n_seqs),
            ("-c", n_seqs * (BATCH_PROMPT + n)),
        ];
        let report = self.report(&program, &numbers, "--output-format")?;
        let seconds = report["t_tg"].as_f64().context("no t_tg")?;
        Ok(Duration::from_secs_f64(seconds))
    }
}

impl Timed for LlamaBench {
    fn name(&self) -> &'static str {
        "llama.cpp"
    }

    fn time(&mut self, work: Work) -> anyhow::Result<Duration> {
        let (n_prompt, n_gen, depth) = match work {
            Work::Prefill { n } => (n, 0, 0),
            Work::Decode { n, depth } => (0, n, depth),
            Work::Batch { n_seqs, n } => return self.time_batch(n_seqs, n),
        };
        let numbers = [("-p", n_prompt), ("-n", n_gen), ("-d", depth), ("-r", 1)];
        let report = self.report(&self.program, &numbers, "-o")?;
        let nanos = report["avg_ns"].as_u64();
        Ok(Duration::from_nanos(nanos.context("no avg_ns")?))
    }
}

/// A command that, if wanted, nothing else on the machine can hold up.
fn measured(program: &Path, realtime: bool) -> Command {
    if !realtime {
        return Command::new(program);
    }
    let mut command = Command::new("chrt");
    command.args(["-r", "1"]).arg(program);
    command
}
