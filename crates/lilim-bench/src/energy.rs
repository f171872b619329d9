//! Energy by the counters of the machine: Linux's powercap (RAPL, of Intel and AMD processors alike).
//! Where there is no counter there is a reason, never an estimate.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::record::Reading;

/// Where Linux shows its counters.
pub const POWERCAP: &str = "/sys/class/powercap";

/// Joules of all counters of a stretch of time, before an idle machine's are subtracted.
pub const COUNTER_J: &str = "counter_j";
/// Seconds of the same stretch.
pub const COUNTER_S: &str = "counter_s";
/// The figure that is derived from them.
pub const ENERGY: &str = "energy_j";

/// The machine's energy counters, or why there are none.
#[derive(Debug)]
pub struct Meter(Result<Vec<Zone>, String>);

/// A counter that goes round.
#[derive(Debug)]
struct Zone {
    name: String,
    counter: PathBuf,
    /// Microjoules after which it begins anew.
    range_uj: u64,
    last: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    counter_uj: u64,
    /// Since the meter was made; does not go round.
    total_uj: u64,
}

/// A state of all counters.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    joules: f64,
    at: Instant,
}

impl Meter {
    /// The counters of this system.
    pub fn system() -> Self {
        if cfg!(target_os = "macos") {
            // Unverified: nobody ran this on a Mac.
            let why = "macOS tells energy through powermetrics, to the administrator only";
            return Self(Err(why.to_owned()));
        }
        Self::at(Path::new(POWERCAP))
    }

    /// The counters in a folder like [`POWERCAP`].
    pub fn at(folder: &Path) -> Self {
        Self(zones(folder))
    }

    /// No counters.
    pub fn none(why: &str) -> Self {
        Self(Err(why.to_owned()))
    }

    /// Which counters are read, such as `rapl: package-0, dram`.
    ///
    /// # Errors
    /// Why there are none.
    pub fn source(&self) -> Result<String, &str> {
        let zones = self.0.as_ref().map_err(String::as_str)?;
        let names: Vec<&str> = zones.iter().map(|zone| zone.name.as_str()).collect();
        Ok(format!("rapl: {}", names.join(", ")))
    }

    /// Where the counters stand; `None` where there are none.
    pub fn mark(&self) -> Option<Mark> {
        let zones = self.0.as_ref().ok()?;
        let total_uj: Option<u64> = zones.iter().map(Zone::total_uj).sum();
        Some(Mark {
            joules: total_uj? as f64 / 1e6,
            at: Instant::now(),
        })
    }

    /// What was counted since a mark: raw, or null with the reason.
    pub fn since(&self, mark: Option<Mark>) -> Vec<Reading> {
        match (mark, self.mark()) {
            (Some(start), Some(end)) => vec![
                Reading::of(COUNTER_J, end.joules - start.joules),
                Reading::of(COUNTER_S, (end.at - start.at).as_secs_f64()),
            ],
            _ => {
                let why = match &self.0 {
                    Err(why) => why,
                    Ok(_) => "an energy counter could not be read",
                };
                vec![Reading::null(ENERGY, why)]
            }
        }
    }
}

impl Zone {
    fn at(folder: &Path) -> Result<Self, String> {
        let number = |file: &str| {
            let path = folder.join(file);
            let text = fs::read_to_string(&path);
            let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
            let number = text.trim().parse::<u64>();
            number.map_err(|error| format!("{}: {error}", path.display()))
        };
        let name = fs::read_to_string(folder.join("name")).unwrap_or_default();
        Ok(Self {
            name: name.trim().to_owned(),
            range_uj: number("max_energy_range_uj")?,
            last: Mutex::new(Seen {
                counter_uj: number("energy_uj")?,
                total_uj: 0,
            }),
            counter: folder.join("energy_uj"),
        })
    }

    /// Microjoules since the meter was made. It must be read at least once a round of the counter,
    /// which takes minutes at full load.
    fn total_uj(&self) -> Option<u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let counter_uj: u64 = fs::read_to_string(&self.counter)
            .ok()?
            .trim()
            .parse()
            .ok()?;
        let grown_uj = match counter_uj.checked_sub(last.counter_uj) {
            Some(grown) => grown,
            // It went round.
            None => (self.range_uj + counter_uj).saturating_sub(last.counter_uj),
        };
        last.total_uj += grown_uj;
        last.counter_uj = counter_uj;
        Some(last.total_uj)
    }
}

/// The packages and the memory beside them. Cores and graphics are parts of a package, and `psys` is
/// the whole board: counted too they would be counted twice.
fn zones(folder: &Path) -> Result<Vec<Zone>, String> {
    let none = || "the system shows no energy counter (usual on a virtual machine)".to_owned();
    let entries = fs::read_dir(folder).map_err(|_| none())?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_counted = |path: &PathBuf| {
        let is_rapl = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("intel-rapl:"));
        let name = fs::read_to_string(path.join("name")).unwrap_or_default();
        is_rapl && (name.starts_with("package-") || name.trim() == "dram")
    };
    let counted: Vec<_> = paths.into_iter().filter(is_counted).collect();
    if counted.is_empty() {
        return Err(none());
    }
    counted.iter().map(|path| Zone::at(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(root: &Path, folder: &str, name: &str, uj: u64) {
        let path = root.join(folder);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("name"), format!("{name}\n")).unwrap();
        fs::write(path.join("max_energy_range_uj"), "1000000\n").unwrap();
        fs::write(path.join("energy_uj"), format!("{uj}\n")).unwrap();
    }

    #[test]
    fn packages_and_memory_are_summed_and_their_parts_are_not() {
        let root = tempfile::tempdir().unwrap();
        zone(root.path(), "intel-rapl:0", "package-0", 100_000);
        zone(root.path(), "intel-rapl:0:0", "core", 5);
        zone(root.path(), "intel-rapl:0:1", "dram", 10_000);
        zone(root.path(), "intel-rapl:1", "psys", 7);
        zone(root.path(), "intel-rapl-mmio:0", "package-0", 3);
        let meter = Meter::at(root.path());
        assert_eq!(meter.source().unwrap(), "rapl: package-0, dram");
        let start = meter.mark();
        zone(root.path(), "intel-rapl:0", "package-0", 600_000);
        zone(root.path(), "intel-rapl:0:1", "dram", 110_000);
        let all = meter.since(start);
        assert_eq!(all[0].name, COUNTER_J);
        assert!((all[0].value.unwrap() - 0.6).abs() < 1e-9, "{all:?}");
    }

    #[test]
    fn a_counter_that_goes_round_goes_on() {
        let root = tempfile::tempdir().unwrap();
        zone(root.path(), "intel-rapl:0", "package-0", 900_000);
        let meter = Meter::at(root.path());
        let start = meter.mark();
        for uj in [950_000, 50_000, 40_000] {
            zone(root.path(), "intel-rapl:0", "package-0", uj);
            meter.mark();
        }
        // 0.05 + 0.1 + 0.99 J.
        let joules = meter.since(start)[0].value.unwrap();
        assert!((joules - 1.14).abs() < 1e-9, "{joules}");
    }

    #[test]
    fn no_counter_is_null_with_a_reason() {
        let root = tempfile::tempdir().unwrap();
        for folder in [root.path().join("nothing"), root.path().to_owned()] {
            let all = Meter::at(&folder).since(None);
            assert_eq!(all.len(), 1);
            assert!(all[0].value.is_none() && all[0].why_null.is_some());
        }
    }

    #[test]
    fn a_counter_that_may_not_be_read_says_which() {
        let root = tempfile::tempdir().unwrap();
        zone(root.path(), "intel-rapl:0", "package-0", 1);
        fs::remove_file(root.path().join("intel-rapl:0/energy_uj")).unwrap();
        let why = Meter::at(root.path()).since(None)[0].why_null.clone();
        assert!(why.unwrap().contains("energy_uj"));
    }
}
