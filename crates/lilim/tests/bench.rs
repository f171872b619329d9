//! `lilim bench` as a user runs it, on the embedded model.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn lilim(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lilim"))
        .args(arguments)
        .env("LILIM_HOME", home)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_result_is_verified_and_a_changed_one_is_not() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("ttft.json");
    let name = path.to_str().unwrap();
    let measured = lilim(
        home.path(),
        &[
            "bench",
            "ttft",
            "--quick",
            "--budget",
            "0.2",
            "-o",
            name,
            "--format",
            "csv,md,html,trace",
        ],
    );
    assert!(measured.status.success(), "{}", text(&measured.stderr));
    let shown = text(&measured.stdout);
    assert!(shown.contains("time to first token"), "{shown}");
    // 1,024 tokens and an answer do not fit into the embedded model's context: said, not hidden.
    assert!(
        shown.contains("do not fit into the model's context"),
        "{shown}"
    );
    for extension in ["csv", "md", "html", "trace.json"] {
        assert!(path.with_extension(extension).exists(), "{extension}");
    }
    assert!(!path.with_extension("jsonl").exists());

    let sound = lilim(home.path(), &["bench", "verify", name]);
    assert!(sound.status.success(), "{}", text(&sound.stdout));
    let changed = fs::read_to_string(&path)
        .unwrap()
        .replacen("\"sent_ns\":", "\"sent_ns\":1", 1);
    fs::write(&path, changed).unwrap();
    let found = lilim(home.path(), &["bench", "verify", name]);
    assert_eq!(found.status.code(), Some(1));
    assert!(
        text(&found.stdout).contains("FAIL"),
        "{}",
        text(&found.stdout)
    );
}

#[test]
fn the_program_against_itself_did_the_same_work_and_never_fails() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("same.json");
    let output = lilim(
        home.path(),
        &[
            "bench",
            "compare",
            "small",
            "small",
            "--rounds",
            "8",
            "--prompt",
            "32",
            "--tokens",
            "8",
            "--samples",
            "1",
            "-o",
            path.to_str().unwrap(),
        ],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let file = read(&path);
    let found = &file["findings"]["comparison"];
    assert_eq!(found["equality"]["refusals"], Value::Array(vec![]));
    assert_eq!(
        found["consistency"]["n_answers"],
        found["consistency"]["n_equal"]
    );
    assert_eq!(
        found["consistency"]["n_answers"],
        found["consistency"]["n_equal_to_itself"]
    );
    for metric in found["metrics"].as_array().unwrap() {
        assert_ne!(metric["decision"]["verdict"], "FAIL", "{metric}");
    }
    let side = &file["recording"]["plan"]["sides"][0];
    assert_eq!(side["transport"], "worker");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_measured() {
    let home = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str], code: i32, reason: &str| {
        let output = lilim(home.path(), arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(reason), "{arguments:?}: {said}");
    };
    check(
        &["bench", "ttft", "--dialect", "sung"],
        2,
        "unknown dialect",
    );
    check(&["bench", "ttft", "--samples", "0"], 2, "0 is not in 1..");
    check(&["bench", "load", "no-such-model"], 1, "no-such-model");
    check(
        &["bench", "load", "-o", "result.csv"],
        2,
        "--output is the JSON file",
    );
    check(
        &["bench", "compare", "small,level=sse9", "small"],
        2,
        "unknown level 'sse9'",
    );
    check(
        &["bench", "compare", "small,program=/no/such/lilim", "small"],
        1,
        "/no/such/lilim",
    );
    check(&["bench", "verify", "/no/such/file"], 1, "/no/such/file");
    if Path::new("/dev/full").exists() {
        check(
            &["bench", "load", "-o", "/proc/none/x.json"],
            1,
            "/proc/none",
        );
    }
}

#[test]
fn a_matrix_ranks_what_runs_and_shows_what_does_not() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (broken, prompts, result) = (at("broken.gguf"), at("prompts.json"), at("matrix.json"));
    fs::write(&broken, "no model").unwrap();
    let asked =
        r#"{"prompts":[{"id":1,"prompt":"Once"},{"id":2,"prompt":"A cat","system":"Be kind."}]}"#;
    fs::write(&prompts, asked).unwrap();
    let output = lilim(
        home.path(),
        &[
            "bench",
            "matrix",
            "small",
            &broken,
            "--prompts",
            &prompts,
            "-n",
            "4",
            "--warmup",
            "0",
            "-o",
            &result,
        ],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("Matrix, set prompts"), "{shown}");
    let file = read(Path::new(&result));
    let rows = file["findings"]["matrix"][0]["rows"].as_array().unwrap();
    let of = |model: &str| {
        let of_model = rows.iter().filter(|row| row["model"] == model);
        of_model.collect::<Vec<_>>()
    };
    assert_eq!(of("small").len(), 2);
    for row in of("small") {
        assert_eq!(row["n_succeeded"], 2);
        assert!(row["load_ms"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(of("broken").len(), 2);
    for row in of("broken") {
        assert!(row["rank"].is_null() && row["reason"].is_string());
    }
    let sound = lilim(home.path(), &["bench", "verify", &result]);
    assert!(sound.status.success(), "{}", text(&sound.stdout));

    for (arguments, said) in [
        (
            ["bench", "matrix", "no-such-model"].as_slice(),
            "no-such-model",
        ),
        (&["bench", "matrix", "--engine", "gpu"], "no engine 'gpu'"),
    ] {
        let refused = lilim(home.path(), arguments);
        assert!(!refused.status.success());
        let why = text(&refused.stderr);
        assert!(why.contains(said), "{why}");
    }
}
