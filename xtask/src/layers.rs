//! `cargo xtask layers`: the arrows between crates, the walls inside the sources, and the paths
//! that ARCHITECTURE.md names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

/// Which of our crates each crate may depend on. The binary and xtask may use all.
const ARROWS: &[(&str, &[&str])] = &[
    ("lilim-api", &[]),
    ("lilim-formats", &[]),
    ("lilim-kernels", &["lilim-formats"]),
    ("lilim-text", &["lilim-api", "lilim-formats"]),
    ("lilim-decode", &["lilim-api", "lilim-text"]),
    (
        "lilim-native",
        &[
            "lilim-api",
            "lilim-formats",
            "lilim-kernels",
            "lilim-text",
            "lilim-decode",
        ],
    ),
    ("lilim-store", &["lilim-api", "lilim-formats"]),
    ("lilim-host", &["lilim-api", "lilim-store"]),
    ("lilim-router", &["lilim-api"]),
    ("lilim-bench", &["lilim-api", "lilim-store"]),
    (
        "lilim-engines",
        &["lilim-api", "lilim-text", "lilim-decode"],
    ),
    ("lilim-testkit", &["lilim-api", "lilim-formats"]),
];

/// What a crate's sources (not its tests) may not say, and why.
const WALLS: &[(&str, &[&str], &str)] = &[
    (
        "lilim-api",
        &["std::fs", "std::env", "std::net", "std::process"],
        "the vocabulary does no I/O",
    ),
    (
        "lilim-formats",
        &[
            "std::fs",
            "std::env",
            "std::net",
            "std::process",
            "std::thread",
            "std::time",
        ],
        "formats do no I/O: bytes in, views out",
    ),
    (
        "lilim-kernels",
        &[
            "std::fs",
            "std::env",
            "std::net",
            "std::thread",
            "std::time",
            "Vec<",
            "vec![",
            "Box::new",
        ],
        "kernels own no threads, allocate nothing and see no environment",
    ),
    (
        "lilim-text",
        &[
            "std::fs",
            "std::env",
            "std::net",
            "std::thread",
            "std::time",
        ],
        "text does no I/O and sees no clock",
    ),
    (
        "lilim-decode",
        &["std::fs", "std::env", "std::net"],
        "the token loop does no I/O",
    ),
    (
        "lilim-native",
        &["std::fs", "std::env", "std::net"],
        "the engine gets its bytes from outside",
    ),
    (
        "lilim-router",
        &[
            "std::fs",
            "std::env",
            "std::net",
            "std::time",
            "std::thread",
        ],
        "the router sees no clock and no network",
    ),
    (
        "lilim-store",
        &["std::env", "std::net"],
        "only the binary reads the environment",
    ),
    (
        "lilim-bench",
        &["std::env", "std::net", "println!"],
        "bench is told what to measure, and hands back what it found",
    ),
    (
        "lilim-engines",
        &["std::env", "std::fs"],
        "only the binary reads the environment",
    ),
];

/// Checks everything and prints each offence.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let mut offences = arrow_offences(root)?;
    for &(krate, forbidden, reason) in WALLS {
        offences.extend(wall_offences(root, krate, forbidden, reason)?);
    }
    offences.extend(path_offences(root)?);
    for offence in &offences {
        eprintln!("layers: {offence}");
    }
    if !offences.is_empty() {
        bail!("{} offences against the layers", offences.len());
    }
    println!("layers: every arrow, wall and named path holds");
    Ok(())
}

fn arrow_offences(root: &Path) -> anyhow::Result<Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("running cargo metadata")?;
    let metadata: Value =
        serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata has no packages")?;
    let mut offences = Vec::new();
    for package in packages {
        let name = package["name"].as_str().context("a package has no name")?;
        if matches!(name, "lilim" | "xtask") {
            continue;
        }
        let Some(&(_, allowed)) = ARROWS.iter().find(|(krate, _)| *krate == name) else {
            offences.push(format!("crate {name} is not in the table of arrows"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev" && target == "lilim-testkit";
            if target.starts_with("lilim") && !allowed.contains(&target) && !for_tests {
                offences.push(format!("{name} may not depend on {target}"));
            }
        }
    }
    Ok(offences)
}

fn wall_offences(
    root: &Path,
    krate: &str,
    forbidden: &[&str],
    reason: &str,
) -> anyhow::Result<Vec<String>> {
    let mut offences = Vec::new();
    for file in rust_files(&root.join("crates").join(krate).join("src"))? {
        let text =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        for (number, line) in product_lines(&text) {
            if let Some(word) = forbidden.iter().find(|word| line.contains(**word)) {
                let place = file.strip_prefix(root).unwrap_or(&file).display();
                offences.push(format!("{place}:{number} uses {word}: {reason}"));
            }
        }
    }
    Ok(offences)
}

/// Lines of code with their numbers, comments and everything from the first test module on left out.
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

fn rust_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && path.file_name().is_some_and(|name| name != "tests.rs")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Every `path/in/backticks` of the guides must exist.
fn path_offences(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut offences = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root.join(document)).with_context(|| document.to_owned())?;
        for path in named_paths(&text) {
            if !root.join(path).exists() {
                offences.push(format!("{document} names {path}, which does not exist"));
            }
        }
    }
    Ok(offences)
}

/// Words in backticks that look like paths of this repository.
fn named_paths(text: &str) -> impl Iterator<Item = &str> {
    const ROOTS: [&str; 6] = [
        "crates/",
        "xtask/",
        "docs/",
        "training/",
        "fixtures/",
        "fuzz/",
    ];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| ROOTS.iter().any(|root| word.starts_with(root)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_tests_are_no_offence() {
        let text = "use std::io;\n// std::fs\nlet a = 1;\n#[cfg(test)]\nuse std::fs;\n";
        let lines: Vec<_> = product_lines(text).collect();
        assert_eq!(lines, [(1, "use std::io;"), (3, "let a = 1;")]);
    }

    #[test]
    fn paths_in_backticks_are_found() {
        let text = "see `crates/lilim-api` and `cargo xtask ci`, then `docs/design/x.md`";
        assert_eq!(
            named_paths(text).collect::<Vec<_>>(),
            ["crates/lilim-api", "docs/design/x.md"]
        );
    }
}
