//! `lilim bench check` as a user and as CI run it, on the embedded model.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn lilim(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lilim"))
        .args(arguments)
        .current_dir(home)
        .env("LILIM_HOME", home)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_baseline_is_written_and_the_same_build_misses_nothing_of_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("baseline.toml");
    let written = lilim(
        home.path(),
        &["bench", "check", "--write-baseline", "baseline.toml"],
    );
    assert!(written.status.success(), "{}", text(&written.stderr));
    let checked = lilim(
        home.path(),
        &[
            "bench",
            "check",
            "--baseline",
            "baseline.toml",
            "-o",
            "a.json",
        ],
    );
    let shown = text(&checked.stdout);
    assert!(checked.status.success(), "{shown}{}", text(&checked.stderr));
    assert!(
        shown.contains("quality_hash same") && shown.contains("PASS"),
        "{shown}"
    );
    assert!(
        shown.contains("INCONCLUSIVE") && shown.contains("--program"),
        "{shown}"
    );
    // The result of a check is a baseline too.
    let again = lilim(
        home.path(),
        &["bench", "check", "--baseline", "a.json", "-o", "b.json"],
    );
    assert!(again.status.success(), "{}", text(&again.stderr));
    let verified = lilim(home.path(), &["bench", "verify", "a.json", "b.json"]);
    assert!(verified.status.success(), "{}", text(&verified.stdout));

    let baseline = fs::read_to_string(&path).unwrap();
    let hash = baseline
        .lines()
        .find(|line| line.starts_with("quality_hash = ") && line.len() > 40);
    let changed = baseline.replace(hash.unwrap(), "quality_hash = \"00ff\"");
    fs::write(&path, changed).unwrap();
    let missed = lilim(
        home.path(),
        &["bench", "check", "--baseline", "baseline.toml"],
    );
    assert_eq!(missed.status.code(), Some(3), "{}", text(&missed.stdout));
    assert!(text(&missed.stdout).contains("other answers to the same prompts"));

    let other = baseline.replace("model_sha256 = \"", "model_sha256 = \"0");
    fs::write(&path, other).unwrap();
    let refused = lilim(
        home.path(),
        &["bench", "check", "--baseline", "baseline.toml"],
    );
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("another model file"),
        "{}",
        text(&refused.stderr)
    );
}

#[test]
fn the_same_build_as_the_older_program_is_measured_in_rounds_and_does_not_fail() {
    let home = tempfile::tempdir().unwrap();
    let gates =
        "[side]\nmodel = \"small\"\n[gates]\ndecode = \">= 0.5x\"\nquality_hash = \"same\"\n";
    fs::write(home.path().join("baseline.toml"), gates).unwrap();
    let program = env!("CARGO_BIN_EXE_lilim");
    let arguments = [
        "bench",
        "check",
        "--baseline",
        "baseline.toml",
        "--program",
        program,
        "--quick",
    ];
    let output = lilim(home.path(), &arguments);
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{shown}{}", text(&output.stderr));
    assert!(shown.contains("whole rounds"), "{shown}");
    // The older program answered what the file does not record.
    assert!(
        shown.contains("the same tokens in answer to every fixed prompt"),
        "{shown}"
    );
}

#[test]
fn a_mistake_in_a_baseline_names_line_and_key_and_no_file_is_overwritten_by_mistake() {
    let home = tempfile::tempdir().unwrap();
    let check = |content: &str, arguments: &[&str], reason: &str| {
        fs::write(home.path().join("b.toml"), content).unwrap();
        let output = lilim(home.path(), &[&["bench", "check"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(
            text(&output.stderr).contains(reason),
            "{}",
            text(&output.stderr)
        );
        assert_eq!(
            fs::read_to_string(home.path().join("b.toml")).unwrap(),
            content
        );
    };
    let side = "[side]\nmodel = \"small\"\n[gates]\n";
    let read = ["--baseline", "b.toml"];
    check(
        &format!("{side}decode = \"fast\"\n"),
        &read,
        "b.toml: line 4, gates.decode: 'fast'",
    );
    check(
        &format!("{side}speed = \">= 1x\"\n"),
        &read,
        "gates.speed: there is no gate 'speed'",
    );
    check(
        "notes of mine\n",
        &["--write-baseline", "b.toml"],
        "b.toml: line 1",
    );
    check("", &["--write-baseline", "."], "no regular file");
    check("", &[], "--baseline");
    check(
        side,
        &["--baseline", "b.toml", "--samples", "3"],
        "no --samples",
    );
}

#[test]
fn the_gate_tests_itself_on_simulated_rounds_and_real_delays() {
    let home = tempfile::tempdir().unwrap();
    let output = lilim(
        home.path(),
        &["bench", "check", "--self-test", "--quick", "--json"],
    );
    // A machine that stops for seconds may spoil the delays, never the simulation.
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}",
        text(&output.stderr)
    );
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in rows.iter().filter(|row| row["kind"] == "simulated") {
        assert_eq!(row["comparisons"], 2_000);
        assert_eq!(row["is_met"], true, "{row}");
    }
}
