//! What the system tells about a process: resident memory and CPU time. Linux only; elsewhere every
//! reading is null with that reason.

use std::fs;

use crate::record::Reading;

/// Peak and parts of resident memory, and CPU time so far, of a process and all its descendants.
/// Where there are any, their number is told too: the memory is then an upper bound, since what
/// processes share counts in each, and their peaks need not have been at the same time.
pub fn readings(process_id: Option<u32>) -> Vec<Reading> {
    let names = [PEAK_RSS, RSS_ANON, RSS_FILE, CPU_USER, CPU_SYSTEM];
    let all_null = |why: &str| names.map(|name| Reading::null(name, why)).to_vec();
    let Some(process_id) = process_id else {
        return all_null("the engine's process is not known, or not on this machine");
    };
    let mut all = of_one(process_id);
    if all.is_empty() {
        return all_null("the system has no /proc, or the process is gone");
    }
    let descendants = descendants(process_id);
    for &one in &descendants {
        // Who has ended in the meantime holds nothing any more, and its parent has its CPU time.
        for (sum, more) in all.iter_mut().zip(of_one(one)) {
            sum.value = sum.value.zip(more.value).map(|(a, b)| a + b);
        }
    }
    if !descendants.is_empty() {
        let n_processes = 1 + descendants.len();
        all.push(Reading::of(N_PROCESSES, n_processes as f64));
    }
    all
}

/// Without the peak, where that is of more than what was measured.
pub fn without_peak(mut all: Vec<Reading>) -> Vec<Reading> {
    let why = "the system does not let a peak start anew, and this one began before";
    for reading in all.iter_mut().filter(|reading| reading.name == PEAK_RSS) {
        *reading = Reading::null(PEAK_RSS, why);
    }
    all
}

/// Of one process; empty where it is gone.
fn of_one(process_id: u32) -> Vec<Reading> {
    let Ok(status) = fs::read_to_string(format!("/proc/{process_id}/status")) else {
        return Vec::new();
    };
    let memory = [
        (PEAK_RSS, "VmHWM:"),
        (RSS_ANON, "RssAnon:"),
        (RSS_FILE, "RssFile:"),
    ]
    .map(|(name, key)| match kib(&status, key) {
        Some(bytes) => Reading::of(name, bytes),
        None => Reading::null(name, format!("/proc/PID/status has no {key}")),
    });
    let mut all = memory.to_vec();
    all.extend(cpu_seconds(process_id));
    all
}

/// Processes that a process started, those that these started, and so on.
fn descendants(process_id: u32) -> Vec<u32> {
    let mut found = children(process_id);
    let mut next = 0;
    while let Some(&one) = found.get(next) {
        let more = children(one);
        // A process id that is given out again while this looks must not make a circle.
        let is_new = |id: &u32| *id != process_id && !found.contains(id);
        let more: Vec<u32> = more.into_iter().filter(is_new).collect();
        found.extend(more);
        next += 1;
    }
    found
}

/// Children of all threads of a process.
fn children(process_id: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process_id}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let texts = threads.filter_map(|one| fs::read_to_string(one.path().join("children")).ok());
    let ids = |text: String| -> Vec<u32> {
        let ids = text
            .split_ascii_whitespace()
            .filter_map(|id| id.parse().ok());
        ids.collect()
    };
    texts.flat_map(ids).collect()
}

/// Processes of the engine, where it is more than one.
pub const N_PROCESSES: &str = "n_processes";
/// The largest resident set so far, bytes.
pub const PEAK_RSS: &str = "peak_rss_bytes";
/// Resident memory that is no file's.
pub const RSS_ANON: &str = "rss_anon_bytes";
/// Resident pages of files, which other processes may share.
pub const RSS_FILE: &str = "rss_file_bytes";
/// Seconds on a CPU in the program itself.
pub const CPU_USER: &str = "cpu_user_s";
/// Seconds on a CPU in the kernel.
pub const CPU_SYSTEM: &str = "cpu_system_s";

/// Makes the peaks of a process and its descendants start anew from what is resident now. Tells
/// whether the system did.
pub fn reset_peak(process_id: u32) -> bool {
    let reset = |id: u32| fs::write(format!("/proc/{id}/clear_refs"), "5").is_ok();
    descendants(process_id)
        .into_iter()
        .fold(reset(process_id), |all, one| reset(one) && all)
}

fn kib(status: &str, key: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib * 1024) as f64)
}

/// Clock ticks a second in `/proc/PID/stat`: fixed at 100 for user space on every Linux platform.
const TICKS_PER_S: f64 = 100.0;

fn cpu_seconds(process_id: u32) -> [Reading; 2] {
    let ticks = fs::read_to_string(format!("/proc/{process_id}/stat"))
        .ok()
        .and_then(|stat| cpu_ticks(&stat));
    match ticks {
        Some((user, system)) => [
            Reading::of(CPU_USER, user / TICKS_PER_S),
            Reading::of(CPU_SYSTEM, system / TICKS_PER_S),
        ],
        None => [CPU_USER, CPU_SYSTEM].map(|name| Reading::null(name, "no /proc/PID/stat")),
    }
}

/// User and system ticks, fields 14 and 15, and in 16 and 17 those of children that have ended; the
/// name in field 2 may hold spaces and brackets.
fn cpu_ticks(stat: &str) -> Option<(f64, f64)> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    let [user, system, ended_user, ended_system] = [next()?, next()?, next()?, next()?];
    Some((user + ended_user, system + ended_system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_may_hold_anything() {
        let stat = "12 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 30 4 20 0";
        assert_eq!(cpu_ticks(stat), Some((280.0, 54.0)));
    }

    #[test]
    fn this_process_is_resident_where_proc_exists() {
        let all = readings(Some(std::process::id()));
        assert!((5..=6).contains(&all.len()), "{all:?}");
        if std::path::Path::new("/proc/self/status").exists() {
            assert!(all[0].value.unwrap() > 1e6, "{all:?}");
        } else {
            assert!(all.iter().all(|reading| reading.why_null.is_some()));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_with_children_is_a_tree_and_its_memory_their_sum() {
        use std::io::{BufRead, BufReader};
        use std::process::{Command, Stdio};
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 10 & sleep 10 & echo ready; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = shell.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let (tree, alone) = (readings(Some(shell.id())), of_one(shell.id()));
        let children = descendants(shell.id());
        let was_reset = reset_peak(shell.id());
        shell.kill().unwrap();
        shell.wait().unwrap();
        if children.is_empty() {
            eprintln!("skipped: this kernel does not tell a process's children");
            return;
        }
        assert_eq!(
            tree[5],
            Reading::of(N_PROCESSES, 1.0 + children.len() as f64)
        );
        assert_eq!(tree[0].name, PEAK_RSS);
        assert!(tree[0].value > alone[0].value, "{tree:?} {alone:?}");
        assert!(was_reset);
    }

    #[test]
    fn what_is_not_here_is_null_with_a_reason() {
        for reading in readings(None) {
            assert!(reading.value.is_none() && reading.why_null.is_some());
        }
    }
}
