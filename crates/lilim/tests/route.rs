//! `lilim route` as a user meets it: what routes, what is skipped, what goes on, what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod place;

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use place::{Place, prompts, read};
use serde_json::{Value, json};

/// What a run repeats to the letter: all but times.
fn repeatable(report: &Value) -> Vec<Value> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        json!([
            row["index"],
            row["id"],
            row["decision"]["category"],
            row["decision"]["model"],
            row["completion"],
            row["failure"]
        ])
    })
    .collect()
}

#[test]
fn each_prompt_goes_where_its_category_is_routed_and_every_format_is_written() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(8));
    let mapping = place.write(
        "map.json",
        r#"{"Factual":"small","Creative":"other","Reasoning":"gone-7b","Role-based":"other"}"#,
    );
    let (out, err) = place.fine(&[
        &file,
        "--mapping",
        &mapping,
        "-n",
        "8",
        "-o",
        "out.json",
        "--format",
        "csv,md,html",
    ]);
    assert!(
        err.contains("Reasoning is routed to gone-7b, which is not installed"),
        "{err}"
    );
    assert!(out.contains("gone-7b"), "{out}");
    let report = read(&place.path("out.json"));
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let decision = &row["decision"];
        let expected = match decision["category"].as_str() {
            Some("Creative" | "Role-based") => "other",
            _ => decision["model"].as_str().unwrap(),
        };
        assert_eq!(decision["model"], expected, "{row}");
        assert!(row["classification_ms"].as_f64().unwrap() >= 0.0);
        assert!(row["figures"]["ttft_ms"].as_f64().unwrap() > 0.0);
    }
    let csv = std::fs::read_to_string(place.path("out.csv")).unwrap();
    assert!(
        csv.starts_with("index,id,category,expected,confidence"),
        "{csv}"
    );
    let page = std::fs::read_to_string(place.path("out.html")).unwrap();
    assert!(page.contains("<svg role=\"img\"") && page.contains("gone-7b"));
    let markdown = std::fs::read_to_string(place.path("out.md")).unwrap();
    assert!(markdown.contains("| other |"), "{markdown}");
}

#[test]
fn a_run_that_was_killed_goes_on_and_gives_the_report_of_a_whole_one() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(40));
    let arguments = |report| {
        [
            &file as &str,
            "--classifier",
            "keywords",
            "-n",
            "24",
            "-o",
            report,
        ]
    };
    let mut child = place
        .command(&arguments("a/report.json"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let n_rows = || {
        let entries = std::fs::read_dir(place.path("a")).into_iter().flatten();
        let rows = entries.flatten().map(|entry| entry.path());
        let rows = rows.filter(|path| path.extension().is_some_and(|one| one == "jsonl"));
        let lines = rows.map(|path| std::fs::read_to_string(path).unwrap_or_default());
        lines.map(|text| text.lines().count()).sum::<usize>()
    };
    while n_rows() < 4 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let was_killed = !place.path("a/report.json").exists();
    let (_, err) = place.fine(&arguments("a/report.json"));
    assert_eq!(was_killed, err.contains("going on after"), "{err}");
    place.fine(&arguments("b/report.json"));
    let (a, b) = (
        read(&place.path("a/report.json")),
        read(&place.path("b/report.json")),
    );
    assert_eq!(repeatable(&a), repeatable(&b));
    assert_eq!(n_rows(), 0, "the rows are in the report");
}

#[test]
fn a_prompt_that_is_too_long_fails_alone() {
    let place = Place::new();
    let long = "word ".repeat(100_000);
    let all = json!({"prompts": [
        {"id": 1, "prompt": long},
        {"id": 2, "prompt": "What is rain?"},
    ]});
    let file = place.write("prompts.json", all.to_string());
    let (code, err) = place.failure(&[&file, "--direct", "small", "-n", "4", "-o", "out.json"]);
    assert_eq!(code, 1, "{err}");
    let rows = read(&place.path("out.json"))["rows"].clone();
    let failure = rows[0]["failure"].as_str().unwrap();
    assert!(failure.contains("context"), "{failure}");
    assert!(rows[1]["failure"].is_null() && rows[1]["completion"].is_string());
}

#[test]
fn a_classifier_that_does_not_load_is_told_once_and_replaced() {
    let place = Place::new();
    place.write("models/broken.gguf", "GGUF and nothing more");
    let file = place.write("prompts.json", prompts(3));
    let (_, err) = place.fine(&[
        &file,
        "--classifier",
        "zero-shot:broken",
        "-m",
        "small",
        "-n",
        "4",
    ]);
    assert_eq!(err.matches("failed").count(), 1, "{err}");
    assert!(
        err.contains("zero-shot:broken") && err.contains("takes its place"),
        "{err}"
    );
}

#[test]
fn what_is_wrong_with_a_file_is_named_with_its_place() {
    let place = Place::new();
    let good = place.write("good.json", prompts(2));
    let cases: [(&str, &[u8], &str); 4] = [
        ("none.json", b"{\"prompts\":7}", "must be an array"),
        ("bytes.json", b"{\"prompts\":[\xff]}", "not UTF-8"),
        (
            "half.jsonl",
            b"{\"id\":1,\"prompt\":\"a\"}\n{\"id\":2}\n",
            "line 2",
        ),
        ("short.csv", b"id,prompt\n1\n", "line 2"),
    ];
    for (name, bytes, reason) in cases {
        place.write(name, bytes);
        let (code, err) = place.failure(&[name]);
        assert!(
            code == 2 && err.contains(name) && err.contains(reason),
            "{name}: {code} {err}"
        );
    }
    let empty = place.write("empty.json", "{\"categories\":[]}");
    let (code, err) = place.failure(&[&good, "--categories", &empty]);
    assert!(code == 2 && err.contains("categories"), "{err}");
    let (code, err) = place.failure(&[&good, "--target", "speed < 3"]);
    assert!(code == 2 && err.contains("speed"), "{err}");
    let (code, err) = place.failure(&[&good, "--classifier", "oracle"]);
    assert!(code == 2 && err.contains("oracle"), "{err}");
    let (code, err) = place.failure(&[&good, "--only", "Sport"]);
    assert!(code == 2 && err.contains("Sport"), "{err}");
}

#[test]
fn equal_ids_lose_nothing() {
    let place = Place::new();
    let twice = r#"{"prompts":[{"id":1,"prompt":"a"},{"id":1,"prompt":"b"}]}"#;
    let file = place.write("prompts.json", twice);
    let (_, err) = place.fine(&[&file, "-m", "small", "-n", "2", "-o", "out.json"]);
    assert!(err.contains("more than once: 1"), "{err}");
    assert_eq!(
        read(&place.path("out.json"))["rows"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_cascade_asks_the_next_model_where_the_first_is_not_sure() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(1));
    let steps = "small,other";
    let report = |least| {
        place.json(&[
            &file,
            "--cascade",
            steps,
            "--min-confidence",
            least,
            "-n",
            "4",
            "--fresh",
        ])
    };
    let content = report("0");
    assert_eq!(content["rows"][0]["decision"]["model"], "small");
    let unsure = report("1");
    let row = &unsure["rows"][0];
    assert_eq!(row["decision"]["model"], "other", "{row}");
    assert_eq!(row["unsure"][0]["model"], "small");
}

/// A server that has a model called `broken` and answers nothing. It ends with the test.
fn broken_server() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1 << 16];
            let n_bytes = stream.read(&mut request).unwrap_or(0);
            let (status, body) = match request[..n_bytes].starts_with(b"POST") {
                true => ("500 Internal Server Error", "no"),
                false => ("200 OK", r#"{"data":[{"id":"broken"}]}"#),
            };
            let n_bytes = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {n_bytes}");
            let _ = write!(stream, "{head}\r\nConnection: close\r\n\r\n{body}");
        }
    });
    format!("http://{address}")
}

#[test]
fn an_unsure_answer_stays_where_the_larger_model_fails() {
    let place = Place::new();
    let broken = broken_server();
    let file = place.write("prompts.json", prompts(1));
    let report = |steps| {
        let fixed = [&file as &str, "--min-confidence", "1", "-n", "4"];
        let models = ["-m", "small", "-m", &broken, "-m", "other"];
        place.json(&[&fixed[..], &models, &["--cascade", steps]].concat())
    };
    let row = &report("small,broken")["rows"][0];
    assert_eq!(row["failure"], Value::Null, "{row}");
    assert_eq!(row["decision"]["model"], "small");
    assert!(row["completion"].is_string() && row["figures"].is_object());
    assert_eq!(row["unsure"], json!([]));
    let reasons = row["decision"]["reasons"].to_string();
    assert!(reasons.contains("broken failed: "), "{reasons}");
    assert!(reasons.contains("the answer of small is kept"), "{reasons}");
    // A step that fails is passed over, first or not.
    let totals = &report("broken,other")["totals"];
    assert_eq!(totals["by_model"]["other"]["n"], 1, "{totals}");
    let row = &report("small,broken,other")["rows"][0];
    assert_eq!(row["decision"]["model"], "other", "{row}");
    assert_eq!(row["unsure"][0]["model"], "small");
}

#[test]
fn loads_are_counted_one_by_one_and_failed_prompts_take_no_time() {
    let place = Place::new();
    let all =
        json!([{"id": 1, "prompt": "What is rain?"}, {"id": 2, "prompt": "a", "model": "nobody"}]);
    let file = place.write("prompts.json", json!({ "prompts": all }).to_string());
    let fixed = [&file as &str, "-n", "4", "-o", "out.json"];
    let cascade = ["--cascade", "small,other", "--min-confidence", "1"];
    place.failure(&[&fixed[..], &cascade].concat());
    let totals = &read(&place.path("out.json"))["totals"];
    assert_eq!(totals["n_answered"], 1, "{totals}");
    assert_eq!(totals["total_ms"]["n"], 1, "{totals}");
    assert_eq!(totals["switches"]["n"], 2, "{totals}");
}

#[test]
fn nothing_at_all_is_refused() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(1));
    for flag in ["--limit", "-n"] {
        let (code, err) = place.failure(&[&file, "-m", "small", flag, "0"]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("one at least"), "{err}");
    }
}

#[test]
fn what_a_cascade_throws_away_is_in_every_total() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(3));
    let arguments = [
        &file,
        "--cascade",
        "small,other",
        "--min-confidence",
        "1",
        "-n",
        "6",
        "-o",
        "out.json",
        "--format",
        "csv,md,html",
    ];
    let (out, _) = place.fine(&arguments);
    assert!(out.contains("↻ 1 answer thrown away"), "{out}");
    let report = read(&place.path("out.json"));
    let (rows, totals) = (report["rows"].as_array().unwrap(), &report["totals"]);
    let sum = |figure: &dyn Fn(&Value) -> f64| rows.iter().map(figure).sum::<f64>();
    let kept = |key: &'static str| move |row: &Value| row["figures"][key].as_f64().unwrap();
    let thrown =
        |key: &'static str| move |row: &Value| row["unsure"][0]["figures"][key].as_f64().unwrap();
    // Both files are the same model: twice the work for the same answers.
    let n_out = sum(&kept("n_out"));
    assert_eq!(totals["completion_tokens"], (2.0 * n_out) as u64);
    assert_eq!(totals["thrown_away"]["completion_tokens"], n_out as u64);
    assert_eq!(totals["thrown_away"]["n_answers"], 3);
    let ms = sum(&kept("e2e_ms")) + sum(&thrown("e2e_ms"));
    let rate = |key: &str, tokens: f64| {
        let told = totals[key].as_f64().unwrap();
        assert!(
            (told / (tokens / ms * 1e3) - 1.0).abs() < 1e-9,
            "{key}: {told}"
        );
    };
    rate("overall_tps", 2.0 * n_out);
    rate("kept_tps", n_out);
    for row in rows {
        let felt = row["first_token_ms"].as_f64().unwrap();
        let parts = row["unsure"][0]["ms"].as_f64().unwrap() + kept("ttft_ms")(row);
        let all = row["total_ms"].as_f64().unwrap();
        assert!(parts <= felt && felt <= all, "{parts} {felt} {all}");
    }
    assert_eq!(totals["by_model"]["small"]["n"], 0);
    assert_eq!(totals["by_model"]["small"]["n_thrown_away"], 3);
    let csv = std::fs::read_to_string(place.path("out.csv")).unwrap();
    assert_eq!(csv.matches("thrown_away").count(), 4, "{csv}");
    for name in ["out.md", "out.html"] {
        let page = std::fs::read_to_string(place.path(name)).unwrap();
        assert!(
            page.contains("thrown away") && page.contains("in every total"),
            "{name}"
        );
    }
}

#[test]
fn a_dry_run_and_an_explanation_answer_nothing_and_give_reasons() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(2));
    let (out, _) = place.fine(&[&file, "--dry-run", "--direct", "other"]);
    assert_eq!(out.matches("→ other").count(), 2, "{out}");
    let found = place.json(&[
        "--explain",
        "Why is the sky blue?",
        "--classifier",
        "keywords",
    ]);
    assert!(!found["decision"]["reasons"].as_array().unwrap().is_empty());
    assert_eq!(found["candidates"].as_array().unwrap().len(), 2);
}

#[test]
fn an_evaluation_has_its_baselines_beside_it() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(8));
    let (out, _) = place.fine(&["eval", &file, "--classifier", "keywords"]);
    for said in [
        "accuracy",
        "macro-F1",
        "calibration error",
        "always",
        "a decision takes",
    ] {
        assert!(out.contains(said), "{said}: {out}");
    }
}

#[test]
fn a_server_on_this_machine_answers_like_any_model() {
    let place = Place::new();
    let file = place.write("p.json", prompts(4));
    let server = lilim_engines::NullServer::start().unwrap();
    let reference = format!("{},api=completions", server.url());
    let report = place.json(&[
        &file, "-m", &reference, "-m", "small", "--direct", "null", "-n", "5",
    ]);
    assert_eq!(report["totals"]["failures"], json!({}));
    for row in report["rows"].as_array().unwrap() {
        assert_eq!(row["decision"]["model"], "null", "{row}");
        assert_eq!(row["figures"]["n_out"], 5, "{row}");
    }
}

#[test]
fn a_server_on_another_machine_is_asked_nothing_unless_that_is_allowed() {
    let place = Place::new();
    let file = place.write("p.json", prompts(4));
    // An address that is nobody's: a connection would take its time and fail in other words.
    let (code, error) = place.failure(&[&file, "-m", "http://192.0.2.1:9"]);
    assert_eq!(code, 2);
    assert!(
        error.contains("http://192.0.2.1:9 is another machine: prompts to it need --allow-remote"),
        "{error}"
    );
}

#[test]
fn a_model_that_can_never_fit_is_told_with_both_numbers() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(2));
    let nobody = [&file, "--memory-budget", "1", "-n", "2", "-o", "out.json"];
    let (code, err) = place.failure(&nobody);
    assert_eq!(code, 1, "{err}");
    let rows = read(&place.path("out.json"))["rows"].clone();
    let failure = rows[0]["failure"].as_str().unwrap();
    assert!(
        failure.contains("other needs ") && failure.contains("small needs "),
        "{failure}"
    );
    let need = place.need_mib();
    assert!(failure.contains("the budget is 1 MiB"), "{failure}");
    // Room for one, and that one has to stay for its labels: the route to the other is no route.
    let budget = (need + need / 2).to_string();
    let mapping = place.write("map.json", r#"{"Factual":"small","Creative":"small"}"#);
    let report = place.json(&[
        &file,
        "--memory-budget",
        &budget,
        "--mapping",
        &mapping,
        "--classifier",
        "zero-shot:other",
        "--default",
        "other",
        "-n",
        "2",
    ]);
    for row in report["rows"].as_array().unwrap() {
        assert_eq!(row["decision"]["model"], "other", "{row}");
        let excluded = row["decision"]["excluded"][0]["reason"].as_str().unwrap();
        assert!(excluded.contains("taken by what has to stay"), "{excluded}");
    }
}

#[test]
fn reports_keep_to_the_committed_schema() {
    let place = Place::new();
    let file = place.write("prompts.json", prompts(3));
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/route.schema.json"
    );
    let validator = jsonschema::draft202012::new(&read(std::path::Path::new(schema))).unwrap();
    let policies: [&[&str]; 3] = [
        &["--cascade", "small,other", "--min-confidence", "1"],
        &["--target", "decode > 1, energy", "--classifier", "none"],
        &["--direct", "small", "--context", "8"],
    ];
    for policy in policies {
        let fixed = [&file as &str, "-n", "3", "-o", "out.json", "--fresh"];
        place.run(&[&fixed[..], policy].concat());
        let report = read(&place.path("out.json"));
        let wrong: Vec<_> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{policy:?}: {wrong:?}");
        std::fs::remove_file(place.path("out.json")).unwrap();
    }
}
