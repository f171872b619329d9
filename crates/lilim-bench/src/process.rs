//! What the system tells about a process: resident memory and CPU time. Linux only; elsewhere every
//! reading is null with that reason.

use std::fs;

use crate::record::Reading;

/// Peak and parts of resident memory, and CPU time so far.
pub fn readings(process_id: Option<u32>) -> Vec<Reading> {
    let names = [PEAK_RSS, RSS_ANON, RSS_FILE, CPU_USER, CPU_SYSTEM];
    let all_null = |why: &str| names.map(|name| Reading::null(name, why)).to_vec();
    let Some(process_id) = process_id else {
        return all_null("the engine's process is not on this machine");
    };
    let Ok(status) = fs::read_to_string(format!("/proc/{process_id}/status")) else {
        return all_null("the system has no /proc, or the process is gone");
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

/// Makes the peak start anew from what is resident now. Tells whether the system did.
pub fn reset_peak(process_id: u32) -> bool {
    fs::write(format!("/proc/{process_id}/clear_refs"), "5").is_ok()
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

/// User and system ticks, fields 14 and 15; the name in field 2 may hold spaces and brackets.
fn cpu_ticks(stat: &str) -> Option<(f64, f64)> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_may_hold_anything() {
        let stat = "12 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0";
        assert_eq!(cpu_ticks(stat), Some((250.0, 50.0)));
    }

    #[test]
    fn this_process_is_resident_where_proc_exists() {
        let all = readings(Some(std::process::id()));
        assert_eq!(all.len(), 5);
        if std::path::Path::new("/proc/self/status").exists() {
            assert!(all[0].value.unwrap() > 1e6, "{all:?}");
        } else {
            assert!(all.iter().all(|reading| reading.why_null.is_some()));
        }
    }

    #[test]
    fn what_is_not_here_is_null_with_a_reason() {
        for reading in readings(None) {
            assert!(reading.value.is_none() && reading.why_null.is_some());
        }
    }
}
