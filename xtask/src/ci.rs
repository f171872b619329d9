//! `cargo xtask ci`: the steps of CI in the order that fails soonest, with the time each took.

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

/// Runs every step; stops at the first that fails.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let mut took = Vec::new();
    for step in STEPS {
        eprintln!("── {} ──", step.name);
        let start = Instant::now();
        run_step(root, step)?;
        took.push((step.name, start.elapsed()));
    }
    report(&took);
    Ok(())
}

fn run_step(root: &Path, step: &Step) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(step.cargo)
        .envs(step.environment.iter().copied())
        .current_dir(root)
        .status()
        .with_context(|| format!("starting step {}", step.name))?;
    if !status.success() {
        bail!("step {} failed: cargo {}", step.name, step.cargo.join(" "));
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
