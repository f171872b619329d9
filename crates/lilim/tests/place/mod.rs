//! A folder to run `lilim route` in, and prompts for it.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(missing_docs, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder that is home and working folder.
pub(crate) struct Place(TempDir);

impl Place {
    /// With the embedded model beside a second one, so that there is something to choose.
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let models = place.path("models");
        std::fs::create_dir_all(&models).unwrap();
        let small = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lilim-small.gguf");
        std::fs::copy(small, models.join("other.gguf")).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), text).unwrap();
        name.to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lilim"));
        command
            .arg("route")
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("LILIM_HOME", self.0.path())
            .env("HOME", self.0.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn fine(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {err}");
        (out, err)
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let all: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.fine(&all).0).unwrap()
    }

    /// What the embedded model needs of `--memory-budget`.
    pub(crate) fn need_mib(&self) -> u64 {
        let output = self.run(&["--explain", "a", "--memory-budget", "1"]);
        let said = text(&output.stdout);
        let need = said.split("small needs ").nth(1).unwrap();
        need.split(' ').next().unwrap().parse().unwrap()
    }

    pub(crate) fn failure(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        (output.status.code().unwrap(), text(&output.stderr))
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const PROMPTS: [(&str, &str); 4] = [
    ("Factual", "What is the capital of France?"),
    ("Creative", "Write a short poem about the sea."),
    ("Role-based", "You are a pirate. Tell me how to cook rice."),
    (
        "Reasoning",
        "If I have 3 apples and eat one, how many are left?",
    ),
];

pub(crate) fn prompts(n: usize) -> String {
    let all = PROMPTS.iter().cycle().take(n).enumerate();
    let entry = |(id, (category, prompt)): (usize, &(&str, &str))| json!({"id": id, "category": category, "prompt": format!("{prompt} ({id})")});
    json!({ "prompts": all.map(entry).collect::<Vec<_>>() }).to_string()
}

pub(crate) fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
