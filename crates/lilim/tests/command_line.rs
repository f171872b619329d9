//! The program as a user meets it: what it prints, where, and how it exits.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A home of its own for each test, so that nothing of the user's is read or written.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lilim"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear();
        command
            .env("LILIM_HOME", self.0.path())
            .env("HOME", self.0.path());
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs what must succeed and returns what it printed.
    fn stdout(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.stdout(arguments)).unwrap()
    }

    /// Runs what must fail and returns exit code and message.
    fn failure(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        (output.status.code().unwrap(), text(&output.stderr))
    }

    fn install(&self, file: &Path, name: &str) {
        let models = self.0.path().join("models");
        std::fs::create_dir_all(&models).unwrap();
        std::fs::copy(file, models.join(name)).unwrap();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/models")
        .join(name)
}

const GREEDY: [&str; 5] = ["--temp", "0", "-n", "24", "--json"];

fn run_json(home: &Home, arguments: &[&str]) -> Value {
    home.json(&[arguments, &GREEDY].concat())
}

#[test]
fn run_prints_the_answer_to_stdout_and_the_figures_to_stderr() {
    let home = Home::new();
    let output = home.run(&[
        "run",
        "small",
        "Tell me a story about a fox.",
        "--temp",
        "0",
        "-n",
        "40",
    ]);
    assert!(output.status.success());
    let answer = text(&output.stdout);
    assert!(answer.split_whitespace().count() > 10, "{answer}");
    let figures = text(&output.stderr);
    for part in ["prompt", "first token", "prefill", "decode", "peak memory"] {
        assert!(figures.contains(part), "{part} is missing in: {figures}");
    }
    assert!(
        !figures.contains('\x1b'),
        "no cursor movement off a terminal: {figures:?}"
    );
}

#[test]
fn run_json_has_exactly_the_schemas_keys() {
    let home = Home::new();
    let report = run_json(&home, &["run", "small", "Hello", "--logprobs", "2"]);
    let schema_path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/run.schema.json");
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(schema_path).unwrap()).unwrap();
    let report = report.as_object().unwrap();
    for key in schema["required"].as_array().unwrap() {
        assert!(
            report.contains_key(key.as_str().unwrap()),
            "{key} is missing"
        );
    }
    for (key, value) in report {
        let property = &schema["properties"][key];
        assert!(property.is_object(), "{key} is not in the schema");
        assert_type(key, property, value);
    }
    assert_eq!(
        report["logprobs"].as_array().unwrap().len(),
        report["token_ids"].as_array().unwrap().len()
    );
}

fn assert_type(key: &str, property: &Value, value: &Value) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if let Some(allowed) = property["enum"].as_array() {
        assert!(allowed.contains(value), "{key} = {value}");
        return;
    }
    let allowed = property["type"].to_string();
    let fits = allowed.contains(kind) || (kind == "integer" && allowed.contains("number"));
    assert!(fits, "{key} is a {kind}, the schema says {allowed}");
}

#[test]
fn the_same_request_gives_the_same_tokens_at_every_setting() {
    let home = Home::new();
    let prompt = ["run", "small", "Tell me a story about a small boat."];
    let plain = run_json(&home, &prompt)["token_ids"].clone();
    assert_eq!(plain.as_array().unwrap().len(), 24);
    for setting in [["-t", "1"], ["-t", "3"], ["-b", "5"]] {
        let ids = run_json(&home, &[&prompt[..], &setting].concat())["token_ids"].clone();
        assert_eq!(ids, plain, "{setting:?}");
    }
}

#[test]
fn a_seed_repeats_and_another_differs() {
    let home = Home::new();
    let run = |seed: &str| {
        home.json(&[
            "run", "small", "Hello", "--raw", "-n", "40", "--temp", "1.5", "--seed", seed, "--json",
        ])["token_ids"]
            .clone()
    };
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7"), run("8"));
}

#[test]
fn guessing_ahead_is_reported_and_changes_no_answer() {
    let home = Home::new();
    let model = fixture("llama.gguf");
    let model = model.to_str().unwrap();
    let ask = |how: &str| {
        home.json(&[
            "run",
            model,
            "ab ab ab",
            "--raw",
            "-n",
            "60",
            "--temp",
            "0",
            "--json",
            "--speculation",
            how,
        ])
    };
    let plain = ask("off");
    assert!(plain["speculation"].is_null());
    for how in ["lookup", &format!("draft:{model}")] {
        let report = ask(how);
        assert_eq!(report["token_ids"], plain["token_ids"], "{how}");
        let count = |key: &str| report["speculation"][key].as_u64().unwrap();
        assert!(count("n_accepted") <= count("n_guessed"), "{how}");
        let n_after_first = report["n_out"].as_u64().unwrap() - 1;
        assert_eq!(
            count("n_passes") + count("n_accepted"),
            n_after_first,
            "{how}"
        );
    }
    let (code, message) = home.failure(&["run", model, "x", "--speculation", "draft:small"]);
    assert_eq!(code, 2, "{message}");
    assert!(message.contains("'small' cannot be a draft"), "{message}");
}

#[test]
fn piped_text_is_the_prompt_verbatim() {
    let home = Home::new();
    let mut command = home.command(&["run", "small", "--raw", "--temp", "0", "-n", "8", "--json"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"Once upon a time")
        .unwrap();
    let piped: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    let given = home.json(&[
        "run",
        "small",
        "Once upon a time",
        "--raw",
        "--temp",
        "0",
        "-n",
        "8",
        "--json",
    ]);
    assert_eq!(piped["token_ids"], given["token_ids"]);
}

#[test]
fn the_empty_prompt_is_a_prompt() {
    let home = Home::new();
    let report = run_json(&home, &["run", "small", "", "--raw"]);
    assert_eq!(report["n_out"], 24);
}

#[test]
fn a_stop_string_ends_the_answer_and_is_not_part_of_it() {
    let home = Home::new();
    let arguments = [
        "run",
        "small",
        "Once upon a time",
        "--raw",
        "--temp",
        "0",
        "--json",
    ];
    let full = home.json(&[&arguments[..], &["-n", "40"]].concat());
    let full = full["text"].as_str().unwrap().to_owned();
    let stop: String = full.chars().skip(20).take(6).collect();
    let report = home.json(&[&arguments[..], &["-n", "40", "--stop", &stop]].concat());
    assert_eq!(report["finish_reason"], "stop");
    assert_eq!(
        report["text"].as_str().unwrap(),
        full.split(stop.as_str()).next().unwrap()
    );
}

#[test]
fn wrong_names_suggest_the_near_ones() {
    let home = Home::new();
    home.install(&fixture("llama.gguf"), "Tiny-Llama-F32.gguf");
    let (code, message) = home.failure(&["run", "tiny-lama-f32", "x"]);
    assert_eq!(code, 1);
    assert!(message.contains("Tiny-Llama-F32"), "{message}");
    let (_, message) = home.failure(&["run", "smal", "x"]);
    assert!(message.contains("small"), "{message}");
}

#[test]
fn installed_models_are_found_by_a_unique_beginning_of_their_name() {
    let home = Home::new();
    home.install(&fixture("llama.gguf"), "Tiny-Llama-F32.gguf");
    home.install(&fixture("qwen3.gguf"), "Tiny-Qwen3-F32.gguf");
    let report = run_json(&home, &["run", "tiny-q", "a", "--raw"]);
    assert_eq!(report["n_out"], 24);
    let (code, message) = home.failure(&["run", "tiny", "x"]);
    assert_eq!(code, 1);
    assert!(
        message.contains("Tiny-Llama-F32") && message.contains("Tiny-Qwen3-F32"),
        "{message}"
    );
    let listed = home.stdout(&["list"]);
    for name in ["small", "Tiny-Llama-F32", "Tiny-Qwen3-F32"] {
        assert!(listed.contains(name), "{listed}");
    }
}

#[test]
fn a_model_that_does_not_fit_says_so_with_numbers_before_it_loads() {
    let home = Home::new();
    let (code, message) = home.failure(&["run", "small", "x", "--memory-limit", "2"]);
    assert_eq!(code, 1);
    assert!(
        message.contains("needs") && message.contains("2097152"),
        "{message}"
    );
}

#[test]
fn bad_files_and_options_are_named() {
    let home = Home::new();
    let garbage = home.0.path().join("garbage.gguf");
    std::fs::write(&garbage, b"PK\x03\x04 this is a zip file").unwrap();
    let (code, message) = home.failure(&["run", garbage.to_str().unwrap(), "x"]);
    assert_eq!(code, 1);
    assert!(message.contains("garbage.gguf"), "{message}");
    let (code, message) = home.failure(&["run", "small", "x", "--level", "sse9"]);
    assert_eq!(code, 2);
    assert!(
        message.contains("reference, avx2, avx2-vnni, avx512, amx, neon, neon-dotprod, neon-i8mm"),
        "{message}"
    );
    let (code, message) = home.failure(&["run", "small", "x", "--top-p", "7"]);
    assert_eq!(code, 2);
    assert!(message.contains('7'), "{message}");
    let (code, message) = home.failure(&["run", "small", "x", "-c", "8"]);
    assert_eq!(code, 1);
    assert!(message.contains("context of 8"), "{message}");
}

#[test]
fn tokenize_prints_ids_pieces_and_bytes_that_make_the_text_again() {
    let home = Home::new();
    let sentence = "Once upon a time, naïve 日本 🦊!";
    let tokens = home.json(&["tokenize", "small", sentence, "--json"]);
    let keys: Vec<_> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["ids", "pieces", "bytes"]);
    let bytes: Vec<u8> = tokens["bytes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|token| {
            token
                .as_array()
                .unwrap()
                .iter()
                .map(|byte| byte.as_u64().unwrap() as u8)
        })
        .collect();
    assert_eq!(text(&bytes), sentence);
    assert!(
        home.stdout(&["tokenize", "small", sentence])
            .contains("tokens")
    );
}

#[test]
fn show_tells_metadata_template_and_memory() {
    let home = Home::new();
    let summary = home.stdout(&["show", "small", "--tensors"]);
    for part in [
        "llama",
        "memory",
        "KV cache",
        "token_embd.weight",
        "tokenizer.ggml.model",
    ] {
        assert!(summary.contains(part), "{part} is missing");
    }
    assert!(
        home.stdout(&["show", "small", "--template"])
            .contains("<|im_start|>")
    );
    let report = home.json(&["show", "small", "--json"]);
    assert_eq!(report["model"]["arch"], "llama");
}

#[test]
fn demo_routes_answers_and_measures() {
    let home = Home::new();
    let rows = home.json(&["demo", "--limit", "2", "--json"]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert!(!row["answer"].as_str().unwrap().is_empty());
        assert!(row["confidence"].as_f64().unwrap() > 0.0);
        assert!(row["ttft_ms"].as_f64().unwrap() > 0.0);
    }
    let shown = home.stdout(&["demo", "--limit", "1"]);
    assert!(shown.contains("categories right"), "{shown}");
}

#[test]
fn doctor_engines_completions_and_man_answer() {
    let home = Home::new();
    assert!(home.stdout(&["doctor"]).contains("quality hash"));
    assert!(home.stdout(&["doctor"]).contains("unverified on hardware"));
    assert!(home.stdout(&["engines"]).contains("native"));
    assert!(home.stdout(&["completions", "bash"]).contains("_lilim"));
    assert!(home.stdout(&["man"]).matches(".TH").count() > 5);
    assert_eq!(home.failure(&["dance"]).0, 2);
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_error() {
    let home = Home::new();
    let mut command = home.command(&["show", "small", "--tensors"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_answer_with_130() {
    let home = Home::new();
    let mut command = home.command(&[
        "run",
        "small",
        "",
        "--raw",
        "--ignore-eos",
        "-c",
        "4096",
        "--level",
        "reference",
    ]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first byte says that the answer is under way.
    let mut first = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&output.stderr).contains("stopped by you"));
}

/// What the command line gets wrong ends with 2 and a message that names the thing and the number.
#[test]
fn options_that_make_no_sense_are_explained() {
    let home = Home::new();
    let model = fixture("llama.gguf");
    let model = model.to_str().unwrap();
    let cases: [(&[&str], &str); 13] = [
        (&["small", "x", "--temp", "-1"], "temperature cannot be -1"),
        (
            &["small", "x", "--temp", "nan"],
            "temperature cannot be NaN",
        ),
        (&["small", "x", "--seed", "-1"], "'-1' for '--seed"),
        (&["small", "x", "-n", "-1"], "'-1' for '--max-tokens"),
        (&["small", "x", "-c", "0"], "context cannot be 0"),
        (&["small", "x", "-t", "0"], "threads cannot be 0"),
        (&["small", "x", "-b", "0"], "chunk cannot be 0"),
        (
            &["small", "x", "--stop", ""],
            "stop cannot be an empty string",
        ),
        (
            &["small", "x", "--logit-bias", "999999=1"],
            "token id 999999",
        ),
        (&["small", "x", "--logprobs", "2"], "--json"),
        (&["small", "x", "--raw", "--template-var", "a=1"], "--raw"),
        (
            &[model, "x", "--system", "Be brief."],
            "--system needs a chat template",
        ),
        (
            &[model, "x", "--template-var", "a=1"],
            "--template-var needs a chat template",
        ),
    ];
    for (arguments, expected) in cases {
        let (code, message) = home.failure(&[&["run"], arguments].concat());
        assert_eq!(code, 2, "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn a_negative_number_is_a_prompt() {
    let home = Home::new();
    assert_eq!(
        home.json(&["run", "small", "-5", "--raw", "-n", "2", "--json"])["n_out"],
        2
    );
}

#[test]
fn a_drawn_seed_is_reported_and_repeats_the_answer() {
    let home = Home::new();
    let arguments = [
        "run", "small", "Hello", "--raw", "-n", "30", "--temp", "1.5", "--json",
    ];
    let drawn = home.json(&arguments);
    let seed = drawn["seed"].to_string();
    let again = home.json(&[&arguments[..], &["--seed", &seed]].concat());
    assert_eq!(again["token_ids"], drawn["token_ids"]);
    assert_eq!(again["seed"], drawn["seed"]);
}

/// A path needs neither the models folder nor its faults.
#[test]
fn a_path_runs_where_the_models_folder_cannot_be_read() {
    let home = Home::new();
    std::fs::write(home.0.path().join("models"), "not a folder").unwrap();
    let model = fixture("llama.gguf");
    let report = run_json(&home, &["run", model.to_str().unwrap(), "x", "--raw"]);
    assert_eq!(report["n_out"], 24);
    let (code, message) = home.failure(&["run", "llama", "x"]);
    assert_eq!(code, 1);
    assert!(message.contains("models"), "{message}");
}

#[test]
fn what_needs_no_configuration_works_with_a_broken_one() {
    let home = Home::new();
    std::fs::write(home.0.path().join("lilim.toml"), "thread = 1").unwrap();
    assert!(home.stdout(&["completions", "bash"]).contains("_lilim"));
    assert!(home.stdout(&["man"]).contains(".TH"));
    assert!(home.stdout(&["engines"]).contains("native"));
    let (code, message) = home.failure(&["list"]);
    assert_eq!(code, 2);
    assert!(message.contains("did you mean 'threads'"), "{message}");
}

#[test]
fn convert_leaves_nothing_behind_when_it_fails() {
    let home = Home::new();
    let folder = home.0.path();
    std::fs::write(folder.join("noise.bin"), "no model").unwrap();
    let (code, message) = home.failure(&["convert", "noise.bin", "out.gguf"]);
    assert_eq!(code, 1);
    assert!(message.contains("noise.bin"), "{message}");
    std::fs::create_dir(folder.join("folder")).unwrap();
    let (code, message) = home.failure(&["convert", "noise.bin", "folder", "--force"]);
    assert_eq!(code, 2);
    assert!(message.contains("folder is a folder"), "{message}");
    let mut left: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|item| item.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["folder", "noise.bin"]);
}

#[test]
fn logs_off_a_terminal_have_no_colours() {
    let home = Home::new();
    let output = home.run(&["-v", "run", "small", "x", "-n", "1"]);
    let log = text(&output.stderr);
    assert!(log.contains("loaded"), "{log}");
    assert!(!log.contains('\x1b'), "{log:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_and_a_deaf_stderr_does_not() {
    let home = Home::new();
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let arguments = ["run", "small", "x", "-n", "3"];
    let output = home.command(&arguments).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(
        message.contains("writing to stdout: No space left"),
        "{message}"
    );
    let output = home.command(&arguments).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

/// A program under a pseudo-terminal that util-linux' `script` makes.
#[cfg(target_os = "linux")]
struct Terminal(std::process::Child);

#[cfg(target_os = "linux")]
impl Terminal {
    /// `None`, with a note, where there is no `script`.
    #[allow(clippy::print_stderr, reason = "a skipped test says so")]
    fn open(home: &Home, arguments: &str) -> Option<Self> {
        let lilim = env!("CARGO_BIN_EXE_lilim");
        if let Err(error) = Command::new("script").arg("--version").output() {
            eprintln!("skipped: no `script` to make a terminal: {error}");
            return None;
        }
        // What never shows must fail the test, not hang it.
        let mut command = Command::new("timeout");
        command.args(["60", "script"]);
        // `exec`: a shell that stays between gets the same Ctrl-C, and its status hides ours.
        let line = format!("exec '{lilim}' {arguments}");
        command
            .args(["-qec", &line, "/dev/null"])
            .env("SHELL", "/bin/sh");
        command
            .current_dir(home.0.path())
            .env("LILIM_HOME", home.0.path());
        command.env("TERM", "xterm").env("HOME", home.0.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Some(Self(command.spawn().unwrap()))
    }

    fn press(&mut self, keys: &str) {
        let stdin = self.0.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Reads until the text shows.
    fn wait_for(&mut self, expected: &str) {
        let mut seen = Vec::new();
        let stdout = self.0.stdout.as_mut().unwrap();
        while !String::from_utf8_lossy(&seen).contains(expected) {
            let mut byte = [0];
            let n = std::io::Read::read(stdout, &mut byte).unwrap();
            assert_eq!(
                n,
                1,
                "{expected} never came: {}",
                String::from_utf8_lossy(&seen)
            );
            seen.push(byte[0]);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn in_a_chat_ctrl_c_ends_the_answer_and_ctrl_d_the_program() {
    let home = Home::new();
    let arguments = "run small --temp 0 --ignore-eos -c 4096 --level reference";
    let Some(mut terminal) = Terminal::open(&home, arguments) else {
        return;
    };
    terminal.wait_for("> ");
    terminal.press("Tell me a story.\r");
    // The echo, then the beginning of the answer.
    terminal.wait_for("story.");
    terminal.wait_for(
        "
",
    );
    terminal.wait_for(" ");
    terminal.press("\x03\x03");
    terminal.wait_for("peak memory");
    terminal.wait_for("stopped by you");
    terminal.wait_for("> ");
    terminal.press("/set temp nan\r");
    terminal.wait_for("temperature cannot be NaN");
    terminal.wait_for("> ");
    terminal.press("/save\r");
    terminal.wait_for("name a file");
    terminal.wait_for("> ");
    terminal.press("/history\r");
    terminal.wait_for("assistant: ");
    terminal.wait_for("> ");
    terminal.press("/system Be brief.\r");
    terminal.wait_for("a new conversation");
    terminal.wait_for("> ");
    terminal.press("/save talk.json\r");
    terminal.wait_for("1 messages written");
    terminal.wait_for("> ");
    terminal.press("\x04");
    assert_eq!(terminal.0.wait().unwrap().code(), Some(0));
    let saved = std::fs::read_to_string(home.0.path().join("talk.json")).unwrap();
    assert!(saved.contains("Be brief."), "{saved}");
}
