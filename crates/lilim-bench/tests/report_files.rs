//! Writes recordings for looking at, and holds result files against the schema.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[allow(unreachable_pub, reason = "a module of several tests")]
mod fake;
mod made;

use std::path::{Path, PathBuf};
use std::time::Duration;

use lilim_bench::plan::{Arrivals, Case, Delivery, Limits, RequestShape, Work};
use lilim_bench::report;
use lilim_bench::result_file::ResultFile;
use lilim_testkit::Delays;
use serde_json::Value;

/// Set to write generated documents anew.
const UPDATE: &str = "LILIM_UPDATE_DOCS";

/// Compares a document with what the code makes.
fn is_committed(name: &str, made: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let path: PathBuf = folder.join(name);
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let advice = format!("docs/reference/{name} is not what the code makes: run with {UPDATE}=1");
    assert!(committed == made, "{advice}");
}

#[test]
fn the_page_on_dialects_is_made_from_the_code() {
    is_committed("dialects.md", &report::dialects::page());
}

fn keep(name: &str, file: &ResultFile) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, serde_json::to_string(file).unwrap()).unwrap();
}

/// Requests of every kind, run on the fake engine.
fn run() -> ResultFile {
    let shape = RequestShape {
        n_prompt: 4,
        n_out: 8,
    };
    let throughput = |arrivals| Work::Throughput {
        shape,
        arrivals,
        delivery: Delivery::Streamed,
        limits: Limits::default(),
    };
    let closed = |concurrency| Arrivals::Closed { concurrency };
    let poisson = Arrivals::Poisson {
        per_s: 200.0,
        n_sessions: 2,
    };
    let sustained = Work::Sustained { shape, seconds: 1 };
    let cases: Vec<Case> = vec![
        fake::case("ttft/cold/4", Work::TtftCold(shape), 0, 3),
        fake::case("ttft/warm/4", Work::TtftWarm(shape), 1, 30),
        fake::case("throughput/closed/1", throughput(closed(1)), 0, 8),
        fake::case("throughput/closed/4", throughput(closed(4)), 0, 16),
        fake::case("throughput/poisson", throughput(poisson), 0, 10),
        fake::case("load", Work::Load, 0, 5),
        fake::case("sustained", sustained, 0, 0),
        fake::case("memory/4", Work::Memory(shape), 0, 1),
    ];
    let delays = Delays {
        prefill_token: Duration::from_micros(200),
        step: Duration::from_millis(1),
        load: Duration::from_millis(9),
        ..Delays::default()
    };
    fake::file_of(cases, delays)
}

#[test]
fn results_keep_to_the_committed_schema() {
    let schema = report::schema();
    is_committed("bench.schema.json", &schema);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for (name, file) in [
        ("made.json", made::everything()),
        ("compared.json", made::compared()),
        ("run.json", run()),
        ("empty.json", made::empty()),
    ] {
        keep(name, &file);
        let value = serde_json::to_value(&file).unwrap();
        let wrong: Vec<_> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
    }
    let mut wrong = serde_json::to_value(made::everything()).unwrap();
    wrong["findings"]["cases"][0]["n_samples"] = Value::from("many");
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn every_report_of_a_real_run_is_made() {
    let file = run();
    let style = report::Style::default();
    for (text, expected) in [
        (report::console(&file, style), "Time to first token"),
        (report::csv(&file), "ttft/warm/4,fake,ttft_ms,ms,client"),
        (report::markdown(&file), "## Throughput"),
        (report::html(&file), "</html>"),
    ] {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
    for dialect in report::dialects::Dialect::ALL {
        let text = report::dialects::dialect(&file, dialect);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["cases"].as_array().unwrap().len(), 7, "{dialect:?}");
    }
}
