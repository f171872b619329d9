//! The worker's process: starting it, what it says to stderr, how it ends.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use lilim_api::EngineError;

/// How long a worker whose input was closed may take to end before it is killed.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a worker that closed its output may take to end, and its stderr to close, before it is
/// reported without.
const STATUS_TIMEOUT: Duration = Duration::from_secs(1);

/// Lines of stderr that are kept for the error message.
const KEPT_LINES: usize = 12;

/// Bytes of one line of stderr; a longer one is cut in pieces.
const LINE_BYTES: u64 = 1 << 10;

/// A child process.
#[derive(Debug)]
pub(super) struct Process {
    pid: u32,
    child: Mutex<Child>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    /// Closed when stderr is.
    stderr_closed: Receiver<()>,
}

impl Process {
    pub(super) fn start(
        mut command: Command,
    ) -> Result<(Self, ChildStdout, ChildStdin), EngineError> {
        let failed = |program: &std::ffi::OsStr, reason: String| EngineError::System {
            what: format!("worker {}", program.display()),
            reason,
        };
        let spawned = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child =
            spawned.map_err(|error| failed(command.get_program(), error.to_string()))?;
        let pipes = (child.stdout.take(), child.stdin.take(), child.stderr.take());
        let (Some(stdout), Some(stdin), Some(stderr)) = pipes else {
            unreachable!("all three were asked for as pipes");
        };
        let pid = child.id();
        let last_lines = Arc::default();
        let (closed, stderr_closed) = bounded(0);
        let keep = Arc::clone(&last_lines);
        let listener = thread::Builder::new()
            .name("lilim-stderr".to_owned())
            .spawn(move || listen(stderr, pid, &keep, closed));
        let process = Self {
            pid,
            child: Mutex::new(child),
            last_lines,
            stderr_closed,
        };
        if let Err(error) = listener {
            process.kill();
            return Err(failed(command.get_program(), error.to_string()));
        }
        Ok((process, stdout, stdin))
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends it at once and takes its status, so that no dead process stays behind.
    pub(super) fn kill(&self) {
        let mut child = self.child();
        let _ended_before = child.kill();
        let _nobody_asks = child.wait();
    }

    /// After its input was closed: waits for its end, and kills it when that takes too long.
    pub(super) fn end(&self) {
        if self.wait(END_TIMEOUT).is_none() {
            tracing::warn!(worker = self.pid, "worker does not end, killing it");
            self.kill();
        }
    }

    /// After it closed its output: how it ended, with its last words.
    pub(super) fn obituary(&self) -> String {
        let status = self.wait(STATUS_TIMEOUT);
        let mut text = match status {
            Some(status) => format!("its process ended ({status})"),
            None => "it closed its stdout".to_owned(),
        };
        let _closed_or_timeout = self.stderr_closed.recv_timeout(STATUS_TIMEOUT);
        text.push_str(&self.last_words());
        text
    }

    /// The end of its stderr, for an error message.
    pub(super) fn last_words(&self) -> String {
        let lines = self
            .last_lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return String::new();
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        format!("; the last of its stderr: {}", lines.join(" | "))
    }

    fn wait(&self, timeout: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + timeout;
        let mut pause = Duration::from_micros(200);
        loop {
            // the lock is not held while it pauses: somebody may kill
            if let Ok(Some(status)) = self.child().try_wait() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes lines of stderr on and keeps the last, until it closes.
fn listen(stderr: ChildStderr, pid: u32, keep: &Mutex<VecDeque<String>>, closed: Sender<()>) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stderr).take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        tracing::info!(worker = pid, "{line}");
        let mut lines = keep.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }
    drop(closed);
}
