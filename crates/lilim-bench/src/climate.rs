//! Heat and clock rate, as the system tells them: what makes a machine slower after some minutes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::record::Reading;

/// The hottest sensor.
pub const TEMPERATURE: &str = "temperature_c";
/// The mean clock rate of all processors.
pub const CPU_MHZ: &str = "cpu_mhz";

/// Where a system shows its sensors.
#[derive(Clone, Debug)]
pub struct Climate {
    root: PathBuf,
}

impl Climate {
    /// This system's.
    pub fn system() -> Self {
        Self::at(Path::new("/"))
    }

    /// Those of a folder that has `sys` and `proc`.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Temperature and clock rate now, each null with the reason where it is not told.
    pub fn readings(&self) -> Vec<Reading> {
        let hottest = self.temperatures().into_iter().reduce(f64::max);
        let mhz = self.frequencies();
        vec![
            hottest.map_or_else(
                || Reading::null(TEMPERATURE, "the system shows no sensor of temperature"),
                |celsius| Reading::of(TEMPERATURE, celsius),
            ),
            match mhz.len() {
                0 => Reading::null(CPU_MHZ, "the system shows no clock rate"),
                n => Reading::of(CPU_MHZ, mhz.iter().sum::<f64>() / n as f64),
            },
        ]
    }

    /// Degrees of every zone and sensor: thermal zones, and where there are none hardware monitors.
    fn temperatures(&self) -> Vec<f64> {
        let zones = self.each("sys/class/thermal", "thermal_zone", "temp");
        let found = match zones.is_empty() {
            true => self.monitors(),
            false => zones,
        };
        let celsius = found.iter().map(|millis| millis / 1e3);
        // What a sensor that is not connected says.
        celsius
            .filter(|celsius| (-40.0..150.0).contains(celsius))
            .collect()
    }

    fn monitors(&self) -> Vec<f64> {
        let mut all = Vec::new();
        for folder in entries(&self.root.join("sys/class/hwmon"), "hwmon") {
            for file in entries(&folder, "temp") {
                if file.to_string_lossy().ends_with("_input") {
                    all.extend(number(&file));
                }
            }
        }
        all
    }

    /// Megahertz of every processor.
    fn frequencies(&self) -> Vec<f64> {
        let scaled = self.each("sys/devices/system/cpu", "cpu", "cpufreq/scaling_cur_freq");
        if !scaled.is_empty() {
            return scaled.iter().map(|khz| khz / 1e3).collect();
        }
        let text = fs::read_to_string(self.root.join("proc/cpuinfo")).unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with("cpu MHz"));
        lines
            .filter_map(|line| line.split_once(':')?.1.trim().parse().ok())
            .collect()
    }

    fn each(&self, folder: &str, beginning: &str, file: &str) -> Vec<f64> {
        let folders = entries(&self.root.join(folder), beginning);
        let numbers = folders
            .iter()
            .filter_map(|folder| number(&folder.join(file)));
        numbers.collect()
    }
}

fn entries(folder: &Path, beginning: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = all.filter(|entry| entry.file_name().to_string_lossy().starts_with(beginning));
    ours.map(|entry| entry.path()).collect()
}

fn number(path: &Path) -> Option<f64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_hottest_zone_and_the_mean_clock_are_told() {
        let root = tempfile::tempdir().unwrap();
        let climate = Climate::at(root.path());
        put(
            root.path(),
            "sys/class/thermal/thermal_zone0/temp",
            "41000\n",
        );
        put(
            root.path(),
            "sys/class/thermal/thermal_zone1/temp",
            "67500\n",
        );
        // A sensor that is not there says so in its own way.
        put(
            root.path(),
            "sys/class/thermal/thermal_zone2/temp",
            "-274000\n",
        );
        put(
            root.path(),
            "proc/cpuinfo",
            "cpu MHz\t\t: 2000.0\n\ncpu MHz\t: 3000.0\n",
        );
        let all = climate.readings();
        assert_eq!(all[0], Reading::of(TEMPERATURE, 67.5));
        assert_eq!(all[1], Reading::of(CPU_MHZ, 2500.0));
        let scaled = "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq";
        put(root.path(), scaled, "1800000\n");
        assert_eq!(climate.readings()[1], Reading::of(CPU_MHZ, 1800.0));
    }

    #[test]
    fn monitors_stand_in_for_zones() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "sys/class/hwmon/hwmon0/temp1_input", "50000");
        put(root.path(), "sys/class/hwmon/hwmon0/temp1_crit", "99000");
        let all = Climate::at(root.path()).readings();
        assert_eq!(all[0], Reading::of(TEMPERATURE, 50.0));
    }

    #[test]
    fn what_is_not_told_is_null_with_a_reason() {
        let root = tempfile::tempdir().unwrap();
        for reading in Climate::at(root.path()).readings() {
            assert!(reading.value.is_none() && reading.why_null.is_some());
        }
    }
}
