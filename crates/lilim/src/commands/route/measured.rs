//! What benchmark results of this machine say of a model: the newest result of each kind counts.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use lilim_bench::derive::CaseFindings;
use lilim_bench::record::{SideInfo, Transport};
use lilim_bench::result_file::ResultFile;
use lilim_router::{Measured, Metric};

use crate::commands::bench::header;
use crate::config::Config;

/// The most result files of this machine that are taken, newest first: older ones have been measured again.
const MOST_FILES: usize = 60;

/// Our engine, as results call it.
const NATIVE: &str = "native";

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
        let read = names.iter().map(std::path::PathBuf::as_path);
        let mut all: Vec<_> = read.filter_map(of_here).take(MOST_FILES).collect();
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
            // Another program's engine on the same file is not what would answer.
            let is_it = |side: &SideInfo| {
                let is_server = side.transport == Transport::Server;
                let is_ours = side.engine == NATIVE || (is_server && file_bytes == 0);
                is_ours && side.model.name == name && side.model.file_bytes == file_bytes
            };
            let sides = &file.recording.plan.sides;
            let cases = file.recording.plan.cases.iter().zip(&file.findings.cases);
            for (case, found) in cases {
                let is_ours = sides.get(case.side).is_some_and(is_it);
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
        say_what_is_missing(&mut measured);
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
            let joules = median("energy_per_token_j");
            set(&mut measured.energy_j_per_token, joules);
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

/// A figure that is there needs no reason. No result holds a quality from 0 to 1 by which models could be
/// told apart: the perplexity of fixed texts is one of a model's own tokens, so it compares a model with
/// its quantizations and not with others.
fn say_what_is_missing(measured: &mut Measured) {
    if measured.energy_j_per_token.is_some() {
        measured.missing.remove(&Metric::Energy);
    }
    let why = "perplexities of results are in each model's own tokens and do not compare models";
    measured
        .missing
        .entry(Metric::Quality)
        .or_insert_with(|| why.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A case with the middles of its metrics; one without a middle has a reason.
    fn case(id: &str, middles: &[(&str, Option<f64>)]) -> CaseFindings {
        let metrics = middles.iter().map(|&(name, middle)| {
            let summary = middle.map(|x| {
                json!({"n": 1, "mean": x, "median": x, "std_dev": null, "min": x, "max": x,
                    "p90": null, "p95": null, "p99": null})
            });
            let why_null = summary.is_none().then_some("no counter");
            let found =
                json!({"unit": "", "source": "system", "summary": summary, "why_null": why_null});
            (name.to_owned(), found)
        });
        let metrics: serde_json::Map<_, _> = metrics.collect();
        let case = json!({"case": id, "scenario": "", "side": "", "n_samples": 1, "n_failed": 0,
            "failures": {}, "metrics": metrics, "series": [], "quality_hash": null});
        serde_json::from_value(case).unwrap()
    }

    fn known(cases: &[CaseFindings]) -> Measured {
        let (mut measured, mut load_ms) = (Measured::default(), None);
        for case in cases {
            take(&mut measured, &mut load_ms, case);
        }
        say_what_is_missing(&mut measured);
        measured
    }

    #[test]
    fn energy_a_token_is_that_of_the_newest_result_that_has_one() {
        let newer = case(
            "sustained",
            &[("decode_tps", Some(50.0)), ("energy_j", None)],
        );
        let without = known(std::slice::from_ref(&newer));
        assert_eq!(without.energy_j_per_token, None);
        assert_eq!(without.missing[&Metric::Energy], "no counter");
        let older = [("energy_j", Some(8.0)), ("energy_per_token_j", Some(0.25))];
        let with = known(&[newer, case("throughput/short/closed-1", &older)]);
        assert_eq!(with.energy_j_per_token, Some(0.25));
        assert_eq!(with.missing.get(&Metric::Energy), None);
        assert_eq!(with.decode_tps, Some(50.0));
    }

    #[test]
    fn a_quality_that_no_result_has_is_missing_with_its_reason() {
        let measured = known(&[case("quality/perplexity", &[("ppl", Some(12.0))])]);
        assert_eq!(measured.quality, None);
        assert!(measured.missing[&Metric::Quality].contains("own tokens"));
    }
}
