//! What benchmark results of this machine say of a model: the newest result of each kind counts.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use lilim_bench::derive::CaseFindings;
use lilim_bench::record::ModelIdentity;
use lilim_bench::result_file::ResultFile;
use lilim_router::{Measured, Metric};

use crate::commands::bench::header;
use crate::config::Config;

/// The most result files that are read, newest first: older ones have been measured again.
const MOST_FILES: usize = 60;

/// Results of this machine, the newest first.
pub(crate) struct Results(Vec<(String, ResultFile)>);

/// What results say of one model.
pub(crate) struct Known {
    pub(crate) measured: Measured,
    pub(crate) load_ms: Option<f64>,
}

impl Results {
    /// Reads the data folder's results. A file that is none, or another machine's, is passed over.
    pub(crate) fn newest(config: &Config) -> anyhow::Result<Self> {
        let folder = config.home.join("bench");
        let mut names = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            entries => entries
                .with_context(|| format!("reading {}", folder.display()))?
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| {
                    path.extension()
                        .is_some_and(|extension| extension == "json")
                })
                .collect::<Vec<_>>(),
        };
        // Names begin with the time.
        names.sort_by(|a, b| b.cmp(a));
        let here = header::header()?.machine.fingerprint;
        let of_here = |path: &Path| {
            let text = std::fs::read_to_string(path).ok()?;
            let file = ResultFile::parse(path, &text).ok()?;
            let name = path.file_name()?.to_string_lossy().into_owned();
            (file.recording.header.machine.fingerprint == here).then_some((name, file))
        };
        let read = names
            .iter()
            .take(MOST_FILES)
            .map(std::path::PathBuf::as_path);
        let mut all: Vec<_> = read.filter_map(of_here).collect();
        all.sort_by(|(_, a), (_, b)| {
            let time = |file: &ResultFile| file.recording.header.started_at.clone();
            time(b).cmp(&time(a))
        });
        Ok(Self(all))
    }

    /// What is known of a model of this name and size; `None` where it was never measured here.
    pub(crate) fn of_model(&self, name: &str, file_bytes: u64) -> Option<Known> {
        let mut measured = Measured::default();
        let mut load_ms = None;
        for (file_name, file) in &self.0 {
            let peak_of_newer = measured.peak_rss_bytes.take();
            let is_it =
                |model: &ModelIdentity| model.name == name && model.file_bytes == file_bytes;
            let sides = &file.recording.plan.sides;
            let cases = file.recording.plan.cases.iter().zip(&file.findings.cases);
            for (case, found) in cases {
                let is_ours = sides.get(case.side).is_some_and(|side| is_it(&side.model));
                if is_ours && take(&mut measured, &mut load_ms, found) {
                    let at = &file.recording.header.started_at;
                    measured.at.get_or_insert_with(|| at.clone());
                    measured.source.get_or_insert_with(|| file_name.clone());
                }
            }
            // The largest of one result, and that the newest: an old peak is another build's.
            measured.peak_rss_bytes = peak_of_newer.or(measured.peak_rss_bytes);
        }
        measured.source.as_ref()?;
        Some(Known { measured, load_ms })
    }
}

/// Takes the figures of a case that are not known from a newer one. Tells whether there were any.
fn take(measured: &mut Measured, load_ms: &mut Option<f64>, found: &CaseFindings) -> bool {
    let figure = |metric: &str| found.metrics.get(metric)?.summary;
    let median = |metric: &str| Some(figure(metric)?.median);
    let mut is_used = false;
    let mut set = |slot: &mut Option<f64>, value: Option<f64>| {
        if slot.is_none() && value.is_some() {
            *slot = value;
            is_used = true;
        }
    };
    match found.case.as_str() {
        "ttft/warm/128" => {
            // A percentile needs 93 samples; the slowest of fewer says no less.
            let p95 = figure("ttft_ms").map(|summary| summary.p95.unwrap_or(summary.max));
            set(&mut measured.ttft_p95_ms, p95);
            set(&mut measured.prefill_tps, median("client_prefill_tps"));
        }
        // A fresh process' load; what the page cache makes of it is in the result.
        case if case == "load" || case.starts_with("load/") || case.starts_with("ttft/cold") => {
            set(load_ms, median("load_ms"));
        }
        "sustained" | "throughput/short/closed-1" => {
            set(&mut measured.decode_tps, median("decode_tps"));
        }
        case if case.starts_with("memory/") => {
            let peak = figure("peak_rss_bytes").map(|summary| summary.max);
            let most = peak.into_iter().chain(measured.peak_rss_bytes);
            let most = most.fold(None, |most: Option<f64>, one| {
                Some(most.map_or(one, |most| most.max(one)))
            });
            is_used = most != measured.peak_rss_bytes;
            measured.peak_rss_bytes = most;
        }
        _ => {}
    }
    missing(&mut measured.missing, found);
    is_used
}

/// Energy is null on most machines; the reason travels.
fn missing(missing: &mut BTreeMap<Metric, String>, found: &CaseFindings) {
    let energy = found.metrics.get("energy_j");
    if let Some(why) = energy.and_then(|metric| metric.why_null.clone()) {
        missing.entry(Metric::Energy).or_insert(why);
    }
}
