//! The other architecture: its code is linted, and its kernels' tests run under emulation, wherever
//! the tools are there. Without this step nobody would notice that it no longer compiles.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

use super::cargo;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const EMULATORS: [&str; 2] = ["qemu-aarch64", "qemu-aarch64-static"];

/// Emulated CPUs, and the test files that run on them: one has every extension that the kernels
/// have a level for, the other none, so products, the only kernels with such levels, must not use
/// any.
const CPUS: [(&str, &str); 2] = [("max", "*"), ("cortex-a72", "block")];

/// Runs what can be run here; says in one line what cannot, and why.
pub(super) fn run(root: &Path) -> anyhow::Result<()> {
    if cfg!(target_arch = "aarch64") {
        eprintln!("skipped: this machine is one, and the tests above ran on it");
        return Ok(());
    }
    if !target_is_installed()? {
        eprintln!("skipped: the Rust target {TARGET} is not installed (see CONTRIBUTING.md)");
        return Ok(());
    }
    let mut clippy = cargo(root);
    clippy.args(["clippy", "-p", "lilim-kernels", "-p", "lilim-native"]);
    clippy.args(["--all-targets", "--locked", "--target", TARGET]);
    clippy.args(["--", "-D", "warnings"]);
    super::succeed(&mut clippy)?;

    if !answers(LINKER) {
        eprintln!("skipped: tests under emulation, for want of {LINKER} (see CONTRIBUTING.md)");
        return Ok(());
    }
    let Some(emulator) = EMULATORS.into_iter().find(|tool| answers(tool)) else {
        let tool = EMULATORS[0];
        eprintln!("skipped: tests under emulation, for want of {tool} (see CONTRIBUTING.md)");
        return Ok(());
    };
    for (cpu, tests) in CPUS {
        // Not the library's own tests: they know no instructions, and the kernels would be
        // compiled a second time for them.
        let mut test = cargo(root);
        test.args(["test", "-p", "lilim-kernels", "--test", tests]);
        test.args(["--locked", "--target", TARGET]);
        test.env(variable("LINKER"), LINKER);
        test.env(variable("RUNNER"), format!("{emulator} -cpu {cpu}"));
        // Static programs need no libraries of the other architecture beside the emulator.
        test.env(variable("RUSTFLAGS"), "-C target-feature=+crt-static");
        super::succeed(&mut test)?;
    }
    Ok(())
}

/// The name of cargo's variable for a setting of the target.
fn variable(setting: &str) -> String {
    let target = TARGET.to_uppercase().replace('-', "_");
    format!("CARGO_TARGET_{target}_{setting}")
}

/// Whether the standard library of the target lies where the compiler looks for it.
fn target_is_installed() -> anyhow::Result<bool> {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("asking rustc for its targets")?;
    let folder = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && Path::new(folder.trim()).is_dir())
}

/// Whether there is a tool of this name.
fn answers(tool: &str) -> bool {
    let asked = Command::new(tool)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}
