//! `cargo xtask ci`: the steps of CI in the order that fails soonest, with the time each took.

mod aarch64;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// One step: a name and the arguments of `cargo`.
struct Step {
    name: &'static str,
    cargo: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        cargo: &["fmt", "--all", "--", "--check"],
        environment: &[],
    },
    Step {
        name: "layers",
        cargo: &["xtask", "layers"],
        environment: &[],
    },
    Step {
        name: "clippy",
        cargo: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        environment: &[],
    },
    Step {
        name: "tests",
        cargo: &["test", "--workspace", "--locked"],
        environment: &[],
    },
    Step {
        name: "docs",
        cargo: &["doc", "--workspace", "--no-deps", "--locked"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
];

/// Runs every step, or only the one named; stops at the first that fails.
pub(crate) fn run(root: &Path, only: Option<&str>) -> anyhow::Result<()> {
    let mut took = Vec::new();
    let is_wanted = |name| only.is_none_or(|only| only == name);
    for step in STEPS.iter().filter(|step| is_wanted(step.name)) {
        timed(step.name, &mut took, || run_step(root, step))?;
    }
    if is_wanted("aarch64") {
        timed("aarch64", &mut took, || aarch64::run(root))?;
    }
    if took.is_empty() {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!("no such step (there are: {}, aarch64)", names.join(", "));
    }
    report(&took);
    Ok(())
}

fn timed(
    name: &'static str,
    took: &mut Vec<(&'static str, Duration)>,
    step: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    eprintln!("── {name} ──");
    let start = Instant::now();
    step().with_context(|| format!("step {name}"))?;
    took.push((name, start.elapsed()));
    Ok(())
}

fn run_step(root: &Path, step: &Step) -> anyhow::Result<()> {
    let mut command = cargo(root);
    command
        .args(step.cargo)
        .envs(step.environment.iter().copied());
    succeed(&mut command)
}

/// The cargo that runs this, at the root of the workspace.
fn cargo(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root);
    command
}

/// Runs a command; its failure is ours.
fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("starting {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed");
    }
    Ok(())
}

fn report(took: &[(&str, Duration)]) {
    eprintln!("── all green ──");
    for (name, duration) in took {
        eprintln!("{name:>8}  {:6.1} s", duration.as_secs_f64());
    }
    let total: Duration = took.iter().map(|(_, duration)| *duration).sum();
    eprintln!("{:>8}  {:6.1} s", "total", total.as_secs_f64());
}
