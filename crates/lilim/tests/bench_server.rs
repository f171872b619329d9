//! `lilim bench` on a server, as a user runs it: the null server stands for one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::{Command, Output};

use lilim_engines::NullServer;
use serde_json::Value;

fn lilim(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_lilim"))
        .args(arguments)
        .env("LILIM_HOME", home.path())
        .env_remove("NO_SUCH_KEY")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_server_is_measured_with_the_client_beside_it() {
    let server = NullServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.json");
    let name = path.to_str().unwrap();
    let output = lilim(&["bench", "ttft", &server.url(), "--samples", "3", "-o", name]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let cases = file["findings"]["cases"].as_array().unwrap();
    let ids: Vec<_> = cases
        .iter()
        .map(|case| case["case"].as_str().unwrap())
        .collect();
    let expected = [
        "client/null-server",
        "ttft/warm/128",
        "ttft/warm/1024",
        "ttft/warm/8192",
    ];
    assert_eq!(ids, expected);
    assert!(cases.iter().all(|case| case["n_failed"] == 0), "{cases:?}");
    let side = &file["recording"]["plan"]["sides"][0];
    assert_eq!(side["transport"], "server");
    assert_eq!(side["model"]["sha256"], Value::Null);
    assert!(side["server"]["unknown"]["sha256"].is_string(), "{side}");
    assert!(lilim(&["bench", "verify", name]).status.success());
}

#[test]
fn a_server_that_cannot_be_measured_is_refused_with_the_reason() {
    let server = NullServer::start().unwrap();
    let url = server.url();
    for (options, code, reason) in [
        (",colour=red", 2, "is no option of a server"),
        (
            ",key_env=NO_SUCH_KEY",
            2,
            "environment variable NO_SUCH_KEY",
        ),
        (",pid=x", 2, "pid 'x'"),
        (",model=other", 1, "it has no model 'other'"),
    ] {
        let output = lilim(&["bench", "ttft", &format!("{url}{options}")]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{options}: {said}");
        assert!(said.contains(reason), "{options}: {said}");
    }
    let compared = lilim(&["bench", "compare", "small", &url]);
    assert_eq!(compared.status.code(), Some(2));
    assert!(text(&compared.stderr).contains("--equivalent declares"));
    let load = lilim(&["bench", "load", &url]);
    assert!(text(&load.stdout).contains("it was running already"));
}
