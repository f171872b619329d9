//! `lilim route`: what makes two runs the same job, and what a run keeps from prompt to prompt.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod place;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use place::{Place, prompts, read};
use serde_json::{Value, json};

/// The file of a run's rows in the folder `a`, once it holds so many lines.
fn journal(place: &Place, n_lines: usize) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(place.path("a")).ok()?.flatten();
    let path = files
        .find(|file| file.path().extension().is_some_and(|one| one == "jsonl"))?
        .path();
    let text = std::fs::read_to_string(&path).ok()?;
    (text.lines().count() >= n_lines).then_some(path)
}

/// Ends a run by a signal once it has a row, and gives its exit code, where it has one, and its rows' file.
fn ended_by(signal: &str, place: &Place, arguments: &[&str]) -> (Option<i32>, PathBuf) {
    let mut child = place
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let path = loop {
        if let Some(path) = journal(place, 2) {
            break path;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    let killed = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    (child.wait().unwrap().code(), path)
}

#[test]
fn rows_of_another_version_are_told_and_not_gone_on_with() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(1_000));
    let arguments = [&file as &str, "-m", "small", "-n", "8", "-o", "a/r.json"];
    let (_, rows) = ended_by("-KILL", &place, &arguments);
    let text = std::fs::read_to_string(&rows).unwrap();
    let ours = format!("lilim {}", env!("CARGO_PKG_VERSION"));
    std::fs::write(&rows, text.replacen(&ours, "lilim 0.0.1", 1)).unwrap();
    let (code, err) = place.failure(&arguments);
    assert_eq!(code, 1, "{err}");
    let said = "was begun by lilim 0.0.1; begin anew with --fresh";
    assert!(err.contains(said), "{err}");
    let few = [&arguments[..], &["--fresh", "--limit", "2"]].concat();
    place.fine(&few);
}

#[test]
fn a_prompt_counts_once_whatever_the_file_of_rows_holds() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(300));
    let arguments = [&file as &str, "-m", "small", "-n", "2", "-o", "a/r.json"];
    let (_, rows) = ended_by("-KILL", &place, &arguments);
    let text = std::fs::read_to_string(&rows).unwrap();
    let whole = &text[..=text.rfind('\n').unwrap()];
    let first = whole.lines().nth(1).unwrap();
    let beyond = first.replacen("\"index\":0", "\"index\":5000", 1);
    assert_ne!(first, beyond);
    std::fs::write(&rows, format!("{whole}{first}\n{beyond}\n")).unwrap();
    place.fine(&arguments);
    let report = read(&place.path("a/r.json"));
    let indices = report["rows"].as_array().unwrap().iter();
    let indices: Vec<_> = indices.map(|row| row["index"].as_u64().unwrap()).collect();
    assert_eq!(indices, (0..300).collect::<Vec<_>>());
}

#[test]
fn a_row_that_is_none_is_told_with_what_helps() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(1_000));
    let arguments = [&file as &str, "-m", "small", "-n", "8", "-o", "a/r.json"];
    let (_, rows) = ended_by("-KILL", &place, &arguments);
    let text = std::fs::read_to_string(&rows).unwrap();
    let job = text.lines().next().unwrap();
    std::fs::write(&rows, format!("{job}\nhello\n")).unwrap();
    let (code, err) = place.failure(&arguments);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("line 2") && err.contains("--fresh"), "{err}");
}

#[test]
fn what_was_in_memory_is_there_again_when_a_run_goes_on() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(300));
    let arguments = [&file as &str, "-m", "small", "-n", "2", "-o", "a/r.json"];
    ended_by("-KILL", &place, &arguments);
    let (_, err) = place.fine(&arguments);
    assert!(err.contains("going on after"), "{err}");
    let said = "loaded as before, in no prompt's time: small";
    assert!(err.contains(said), "{err}");
    let report = read(&place.path("a/r.json"));
    // By the first run; the second one's load is nobody's.
    assert_eq!(report["totals"]["switches"]["n"], 1);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows[0]["left"]["residents"], json!([["small", false]]));
    assert!(rows[0]["left"]["load_ms"]["small"].is_f64());
    assert_eq!(rows[0]["left"], rows[299]["left"]);
}

#[test]
fn another_file_of_the_same_name_and_size_is_another_job() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(300));
    let arguments = [&file as &str, "-m", "other", "-n", "2", "-o", "a/r.json"];
    ended_by("-KILL", &place, &arguments);
    let bytes = std::fs::read(place.path("models/other.gguf")).unwrap();
    place.write("models/other.gguf", bytes);
    let (_, err) = place.fine(&arguments);
    assert!(!err.contains("going on after"), "{err}");
    let identity = &read(&place.path("a/r.json"))["job"]["identities"]["other"];
    let path = identity["place"].as_str().unwrap();
    assert!(path.ends_with("other.gguf"), "{identity}");
    assert!(identity["modified"].is_string(), "{identity}");
}

#[test]
fn ctrl_c_while_a_model_sorts_leaves_no_row_behind() {
    let place = Place::new();
    // Sorting is nearly all that happens here.
    let file = place.write("prompts.json", prompts(150));
    let arguments = [
        &file as &str,
        "--classifier",
        "zero-shot",
        "-m",
        "other",
        "-n",
        "1",
        "-o",
        "a/r.json",
    ];
    let (code, _) = ended_by("-INT", &place, &arguments);
    assert_eq!(code, Some(130));
    place.fine(&arguments);
    let report = read(&place.path("a/r.json"));
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 150);
    for row in rows {
        assert_eq!(row["classifier"], "zero-shot:small", "{row}");
        assert_eq!(row["finish_reason"], "length", "{row}");
    }
}

#[test]
fn the_model_that_sorts_need_not_be_one_that_answers() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(2));
    for classifier in ["zero-shot:models/other.gguf", "generate:other"] {
        let report = place.json(&[&file, "-m", "small", "--classifier", classifier, "-n", "2"]);
        assert_eq!(report["job"]["models"].as_array().unwrap().len(), 1);
        assert_eq!(report["job"]["classifier_model"][0], "other");
        let by = format!("{}:other", classifier.split(':').next().unwrap());
        for row in report["rows"].as_array().unwrap() {
            assert_eq!(row["classifier"], by, "{row}");
            assert_eq!(row["decision"]["model"], "small", "{row}");
        }
    }
}

#[test]
fn a_model_is_not_asked_twice_what_a_prompt_is() {
    let place = Place::new();
    let entry = |id: i32, prompt: &str| json!({"id": id, "prompt": prompt});
    let all = [
        entry(1, "What is rain?"),
        entry(2, "Tell me a story."),
        entry(3, "What is rain?"),
    ];
    let file = place.write("prompts.json", json!({ "prompts": all }).to_string());
    let cached = |arguments: &[&str]| -> Vec<Value> {
        let fixed = [&file as &str, "-m", "small", "-n", "2", "--fresh"];
        let report = place.json(&[&fixed[..], arguments].concat());
        let rows = report["rows"].as_array().unwrap();
        assert_eq!(rows[0]["classification"], rows[2]["classification"]);
        rows.iter().map(|row| row["cached"].clone()).collect()
    };
    let third = [json!(false), json!(false), json!(true)];
    assert_eq!(cached(&["--classifier", "zero-shot"]), third);
    assert_eq!(cached(&["--classifier", "generate"]), third);
    // Microseconds need no cache.
    assert_eq!(cached(&[]), [false, false, false].map(Value::from));
}

#[test]
fn system_text_reaches_a_model_without_a_template_and_is_told_once() {
    let place = Place::new();
    let key = b"tokenizer.chat_template";
    let mut bytes = std::fs::read(place.path("models/other.gguf")).unwrap();
    let at = bytes.windows(key.len()).position(|one| one == key).unwrap();
    bytes[at + key.len() - 1] = b'_';
    place.write("models/raw.gguf", &bytes);
    let entry = |id: i32, system: Option<&str>, prompt: &str| json!({"id": id, "system": system, "prompt": prompt});
    let all = [
        entry(1, Some("Be brief."), "What is rain?"),
        entry(2, None, "Be brief.\n\nWhat is rain?"),
        entry(3, Some("Be brief."), "What is snow?"),
    ];
    let file = place.write("prompts.json", json!({ "prompts": all }).to_string());
    let (_, err) = place.fine(&[&file, "-m", "raw", "-n", "6", "-o", "r.json"]);
    let said = "raw has no chat template";
    assert_eq!(err.matches(said).count(), 1, "{err}");
    let rows = read(&place.path("r.json"))["rows"].clone();
    assert_eq!(rows[0]["completion"], rows[1]["completion"]);
    assert_eq!(
        rows[0]["figures"]["n_prompt"],
        rows[1]["figures"]["n_prompt"]
    );
    let is_told = |row: &Value| row["decision"]["reasons"].to_string().contains(said);
    assert!(is_told(&rows[0]) && !is_told(&rows[1]) && is_told(&rows[2]));
}
