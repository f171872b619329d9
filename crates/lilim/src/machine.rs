//! What the operating system tells about this machine and this process. Figures that a system does
//! not tell are `None`, never a guess.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Memory that new work may take without swapping: the machine's, or this process group's if it is
/// held to fewer.
pub(crate) fn available_memory_bytes() -> Option<u64> {
    let machine = proc_kib("/proc/meminfo", "MemAvailable:");
    machine.into_iter().chain(group_memory_bytes()).min()
}

/// All memory of the machine.
pub(crate) fn total_memory_bytes() -> Option<u64> {
    proc_kib("/proc/meminfo", "MemTotal:")
}

/// The largest resident set of this process so far (`VmHWM`).
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    proc_kib("/proc/self/status", "VmHWM:")
}

/// The number of physical cores that this process may use: sibling threads share one core's
/// arithmetic units, so a thread for each would only get in the other's way.
pub(crate) fn physical_cores() -> usize {
    let logical = std::thread::available_parallelism().map_or(1, usize::from);
    listed_cores()
        .map_or(logical, |cores| cores.min(logical))
        .max(1)
}

/// What a measurement should say of the machine, by name. What the system does not tell is absent.
pub(crate) fn facts() -> BTreeMap<String, String> {
    let logical = std::thread::available_parallelism().map_or(1, usize::from);
    let line = |path: &str| {
        let text = fs::read_to_string(path).ok()?;
        Some(text.trim().to_owned())
    };
    let all = [
        ("cpu", cpu_name()),
        ("cores", Some(physical_cores().to_string())),
        ("threads", Some(logical.to_string())),
        (
            "memory_bytes",
            total_memory_bytes().map(|bytes| bytes.to_string()),
        ),
        (
            "available_bytes",
            available_memory_bytes().map(|bytes| bytes.to_string()),
        ),
        (
            "os",
            Some(format!(
                "{} {}",
                std::env::consts::OS,
                std::env::consts::ARCH
            )),
        ),
        ("kernel", line("/proc/sys/kernel/osrelease")),
        (
            "governor",
            line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        ),
        ("load", load_average()),
        ("steal_ticks", steal_ticks()),
        ("power", power_source()),
    ];
    all.into_iter()
        .filter_map(|(name, fact)| Some((name.to_owned(), fact?)))
        .collect()
}

/// Programs that wanted to run, on average over 1, 5 and 15 minutes.
fn load_average() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let averages: Vec<_> = text.split_ascii_whitespace().take(3).collect();
    Some(averages.join(" "))
}

fn cpu_name() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Time that a virtual machine wanted and did not get, in clock ticks since the start.
fn steal_ticks() -> Option<String> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let all = text.lines().next()?.strip_prefix("cpu ")?;
    all.split_ascii_whitespace().nth(7).map(str::to_owned)
}

/// `mains` or `battery`, where there is a supply that tells.
fn power_source() -> Option<String> {
    let supplies = fs::read_dir("/sys/class/power_supply").ok()?;
    let online = supplies
        .flatten()
        .find_map(|supply| fs::read_to_string(supply.path().join("online")).ok())?;
    Some(
        if online.trim() == "1" {
            "mains"
        } else {
            "battery"
        }
        .to_owned(),
    )
}

/// Counts distinct sets of sibling threads.
fn listed_cores() -> Option<usize> {
    let cpus = fs::read_dir("/sys/devices/system/cpu").ok()?;
    let siblings: BTreeSet<String> = cpus
        .flatten()
        .filter_map(|cpu| fs::read_to_string(cpu.path().join("topology/thread_siblings_list")).ok())
        .collect();
    (!siblings.is_empty()).then_some(siblings.len())
}

/// What a control group leaves free. File pages in its count are given back when somebody needs
/// them, so only anonymous ones are subtracted.
fn group_memory_bytes() -> Option<u64> {
    let limit: u64 = fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let text = fs::read_to_string("/sys/fs/cgroup/memory.stat").ok()?;
    let anonymous: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("anon "))?
        .trim()
        .parse()
        .ok()?;
    Some(limit.saturating_sub(anonymous))
}

fn proc_kib(file: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_peak_where_proc_exists() {
        if std::path::Path::new("/proc/self/status").exists() {
            let peak = peak_rss_bytes().unwrap();
            assert!(peak > 1 << 20 && peak < total_memory_bytes().unwrap());
        } else {
            eprintln!("skipped: no /proc on this system");
        }
    }

    #[test]
    fn there_is_a_core() {
        let logical = std::thread::available_parallelism().map_or(1, usize::from);
        assert!((1..=logical).contains(&physical_cores()));
    }
}
