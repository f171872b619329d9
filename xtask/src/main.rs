//! The project's own commands, run as `cargo xtask <command>`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks"
)]

mod bench_record;
mod ci;
mod fixture;
mod layers;
mod picture;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run what CI runs, cheapest first: fmt, layers, clippy, tests, docs, aarch64.
    Ci {
        /// Run this step only.
        step: Option<String>,
    },
    /// Check the arrows between crates, the walls in the sources, and ARCHITECTURE.md's paths.
    Layers,
    /// Write a synthetic GGUF file of a real model's shape, for speed and memory measurements.
    Fixture(fixture::FixtureArguments),
    /// Compare this engine's speed with its peers', in turns, and record it.
    BenchRecord(bench_record::BenchRecordArguments),
    /// Draw a terminal's text (stdin) as an SVG picture.
    Picture {
        /// The file to write.
        output: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Ci { step } => ci::run(&workspace_root(), step.as_deref()),
        Command::Layers => layers::check(&workspace_root()),
        Command::Fixture(arguments) => fixture::write(&arguments, &workspace_root()),
        Command::BenchRecord(arguments) => bench_record::run(&arguments, &workspace_root()),
        Command::Picture { output } => picture::draw(&output),
    }
}

/// The folder that holds the workspace's Cargo.toml.
fn workspace_root() -> PathBuf {
    let xtask = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    xtask
        .parent()
        .expect("xtask lies in the workspace")
        .to_owned()
}
