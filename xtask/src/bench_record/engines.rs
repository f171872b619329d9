//! The engines that are compared, each started and asked in its own way for seconds of one work.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::work::Work;

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

/// llama.cpp's own benchmark, which loads the model and warms up each time.
pub(crate) struct LlamaBench {
    pub(crate) program: PathBuf,
    pub(crate) setting: Setting,
    pub(crate) flags: Vec<String>,
}

impl Timed for LlamaBench {
    fn name(&self) -> &'static str {
        "llama.cpp"
    }

    fn time(&mut self, work: Work) -> anyhow::Result<Duration> {
        let (n_prompt, n_gen, depth) = match work {
            Work::Prefill { n } => (n, 0, 0),
            Work::Decode { n, depth } => (0, n, depth),
        };
        let mut command = measured(&self.program, self.setting.realtime);
        command.arg("-m").arg(&self.setting.model);
        for (flag, number) in [
            ("-p", n_prompt),
            ("-n", n_gen),
            ("-d", depth),
            ("-t", self.setting.threads),
            ("-r", 1),
        ] {
            command.arg(flag).arg(number.to_string());
        }
        command.args(["-o", "json"]).args(&self.flags);
        let output = command.output().context("starting llama-bench")?;
        ensure!(
            output.status.success(),
            "llama-bench failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let report: Value = serde_json::from_slice(&output.stdout)?;
        let nanos = report[0]["avg_ns"].as_u64();
        Ok(Duration::from_nanos(
            nanos.context("llama-bench reports no avg_ns")?,
        ))
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
