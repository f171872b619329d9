//! Peak memory of each arm by itself. Both arms of the rounds run in one process, whose peak is that of
//! both together, so after the rounds each arm runs once more in a process of its own.

use std::ffi::OsString;
use std::io::BufRead;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use lilim_api::CancelToken;
use serde::{Deserialize, Serialize};

use super::arms::{Arm, Sample, direct_job};
use super::findings::rows;
use crate::arguments::RouteArm;
use crate::commands::print_line;
use crate::commands::route::job::Job;
use crate::commands::route::work::Worker;
use crate::exit::Exit;
use crate::machine;
use crate::terminal::StatusLine;

/// What the figures are, for whoever reads the file alone.
const MEANING: &str = "largest resident set (VmHWM) of a fresh process for each arm, which takes every \
     prompt once after the rounds, in the file's order; what a server takes is not in it";

/// The largest resident set of each arm.
#[derive(Debug, Default, Serialize)]
pub(super) struct Memory {
    meaning: &'static str,
    pub(super) routed_peak_rss_bytes: Option<u64>,
    pub(super) direct_peak_rss_bytes: Option<u64>,
    /// Routed / direct, of one process each: there is no interval.
    pub(super) ratio: Option<f64>,
    /// Why a figure is missing.
    pub(super) why_null: Option<String>,
}

/// What an arm's process says, a line each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// So many prompts are done.
    Done(usize),
    /// The end.
    Peak {
        rss_bytes: Option<u64>,
        n_failed: usize,
    },
}

/// Runs each arm in a process of its own. Models of this process go first: they would take the memory
/// that the arms had.
pub(super) fn measure(
    worker: &mut Worker,
    job: &Job,
    samples: &[Sample],
    cancel: &CancelToken,
) -> Memory {
    let names: Vec<String> = worker.residency.residents().map(str::to_owned).collect();
    for name in names {
        worker.residency.drop_model(&name);
    }
    let n_failed = |arm| {
        rows(samples, arm)
            .filter(|row| row.failure.is_some())
            .count()
    };
    let routed = peak(RouteArm::Routed, job, n_failed(Arm::Routed), cancel);
    let direct = match &routed {
        // What ended the one would end the other.
        Err(_) if cancel.is_cancelled() => Err(anyhow::anyhow!("interrupted")),
        _ => peak(RouteArm::Direct, job, n_failed(Arm::Direct), cancel),
    };
    let why_null = [(&routed, "routed"), (&direct, "direct")]
        .into_iter()
        .find_map(|(peak, arm)| Some(format!("{arm}: {:#}", peak.as_ref().err()?)));
    let (routed, direct) = (routed.ok(), direct.ok());
    Memory {
        meaning: MEANING,
        routed_peak_rss_bytes: routed,
        direct_peak_rss_bytes: direct,
        ratio: routed
            .zip(direct)
            .map(|(routed, direct)| routed as f64 / direct as f64),
        why_null,
    }
}

/// The peak of one arm's process, where no more prompts failed than in the rounds.
fn peak(arm: RouteArm, job: &Job, n_failed: usize, cancel: &CancelToken) -> anyhow::Result<u64> {
    let mut child = Ends(start(arm).context("starting a process of its own")?);
    let lines = lines(&mut child.0)?;
    let complaint = last_complaint(&mut child.0)?;
    let mut status = StatusLine::new();
    let said = loop {
        anyhow::ensure!(!cancel.is_cancelled(), "interrupted");
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(Said::Done(n)) => {
                let n_all = job.prompts.len();
                status.show(&format!("peak memory, {arm}: prompt {n} of {n_all}"));
            }
            Ok(said @ Said::Peak { .. }) => break said,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let code = child.0.wait().context("waiting for the process")?;
                let why = complaint.join().ok().flatten();
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                anyhow::bail!("its process ended without a figure ({code}){why}");
            }
        }
    };
    status.clear();
    let Said::Peak {
        rss_bytes,
        n_failed: failed_now,
    } = said
    else {
        unreachable!("the loop ends with a peak");
    };
    anyhow::ensure!(
        failed_now <= n_failed,
        "{failed_now} prompts failed in its process, {n_failed} in the rounds"
    );
    rss_bytes.context("this system does not tell a process's peak")
}

/// A process that does not outlive whoever waits for it.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, which is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This program with the same arguments, for one arm alone.
fn start(arm: RouteArm) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("finding this program")?;
    Command::new(program)
        .args(arguments_of(arm, std::env::args_os().skip(1)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // Not shown: it says again what was said before the rounds.
        .stderr(Stdio::piped())
        .spawn()
        .context("running this program")
}

/// The same arguments with the arm's, right after the command: behind a `--` it would be a prompt file.
fn arguments_of(arm: RouteArm, same: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut all: Vec<OsString> = same.collect();
    let command = all.iter().position(|one| one == "route");
    let after = command.map_or(0, |place| place + 1);
    all.insert(after, format!("--arm={arm}").into());
    all
}

/// What the process says, as it says it.
fn lines(child: &mut Child) -> anyhow::Result<mpsc::Receiver<Said>> {
    let stdout = child.stdout.take().context("the process has no output")?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = std::io::BufReader::new(stdout).lines();
        for line in lines.map_while(Result::ok) {
            let said = serde_json::from_str(&line).ok();
            if said.is_none_or(|said| sender.send(said).is_err()) {
                break;
            }
        }
    });
    Ok(receiver)
}

/// The last thing that the process says to people, once it has ended. Read from the start: a full pipe would
/// stop it.
fn last_complaint(child: &mut Child) -> anyhow::Result<JoinHandle<Option<String>>> {
    let stderr = child.stderr.take().context("the process has no stderr")?;
    Ok(std::thread::spawn(move || {
        let lines = std::io::BufReader::new(stderr).lines();
        let said = lines.map_while(Result::ok);
        said.filter(|line| !line.trim().is_empty()).last()
    }))
}

/// The other side of [`measure`]: takes every prompt through one arm and tells this process's peak.
pub(super) fn arm_alone(
    worker: &mut Worker,
    job: &Job,
    direct: &str,
    arm: RouteArm,
) -> anyhow::Result<Exit> {
    // Answers as long as in the rounds: shorter ones would be surer or less sure, and a cascade or a target
    // would choose other models.
    let job = match arm {
        RouteArm::Routed => job.clone(),
        RouteArm::Direct => direct_job(job, direct),
    };
    let mut n_failed = 0;
    for index in 0..job.prompts.len() {
        let done = worker.work(&job, index);
        if done.is_cancelled {
            return Ok(Exit::Cancelled);
        }
        n_failed += usize::from(done.row.failure.is_some());
        say(&Said::Done(index + 1))?;
    }
    say(&Said::Peak {
        rss_bytes: machine::peak_rss_bytes(),
        n_failed,
    })?;
    Ok(Exit::Fine)
}

fn say(said: &Said) -> anyhow::Result<()> {
    print_line(&serde_json::to_string(said).context("writing JSON")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arm_is_named_before_whatever_the_user_wrote() {
        let of = |same: &[&str]| arguments_of(RouteArm::Routed, same.iter().map(OsString::from));
        for (same, expected) in [
            (&["route", "--compare", "a", "--", "-p"][..], 1),
            (&["-v", "route", "route"], 2),
        ] {
            let all = of(same);
            assert_eq!(all.len(), same.len() + 1);
            assert_eq!(all[expected], "--arm=routed", "{all:?}");
        }
    }
}
