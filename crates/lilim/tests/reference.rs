//! `docs/reference/cli.md` says what `--help` says. `LILIM_BLESS=1 cargo test -p lilim` rewrites it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const COMMANDS: &[&str] = &[
    "demo",
    "run",
    "route",
    "route eval",
    "bench",
    "bench ttft",
    "bench throughput",
    "bench load",
    "bench sustained",
    "bench memory",
    "bench size",
    "bench ipc",
    "bench kernels",
    "bench all",
    "bench compare",
    "bench check",
    "bench determinism",
    "bench matrix",
    "bench verify",
    "tokenize",
    "list",
    "show",
    "convert",
    "engines",
    "doctor",
    "completions",
    "man",
];

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_lilim"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

fn reference() -> String {
    let mut page = String::from("# Command line\n\nMade from `--help` and held to it by a test.\n");
    write!(page, "\n```\n{}\n```\n", help(&["--help"])).unwrap();
    for command in COMMANDS {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let text = help(&words);
        write!(page, "\n## lilim {command}\n\n```\n{text}\n```\n").unwrap();
    }
    page
}

#[test]
fn the_reference_page_says_what_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let page = reference();
    if std::env::var_os("LILIM_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        committed, page,
        "LILIM_BLESS=1 cargo test -p lilim rewrites the page"
    );
}

#[test]
fn every_command_has_its_section() {
    let top = COMMANDS
        .iter()
        .copied()
        .filter(|command| !command.contains(' '));
    assert_eq!(listed(&["--help"]), top.collect::<Vec<_>>());
    for group in ["bench", "route"] {
        let inside = COMMANDS
            .iter()
            .copied()
            .filter_map(|command| command.strip_prefix(group)?.strip_prefix(' '));
        assert_eq!(listed(&[group, "--help"]), inside.collect::<Vec<_>>());
    }
}

/// The commands that a help text lists.
fn listed(arguments: &[&str]) -> Vec<String> {
    help(arguments)
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .map(str::to_owned)
        .collect()
}
