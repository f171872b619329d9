//! The `lilim` command: arguments, configuration, wiring, terminal output, exit codes.
//!
//! Everything else is in the library crates; only this one reads the environment and prints.

mod arguments;
mod classify;
mod commands;
mod config;
mod exit;
mod generate;
mod machine;
mod metrics;
mod models;
mod server;
mod terminal;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Command};
use crate::config::Config;
use crate::exit::Exit;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_logging(arguments.verbose);
    let exit = run(&arguments.command).unwrap_or_else(|error| {
        if is_closed_pipe(&error) {
            return Exit::Fine;
        }
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        if let Some(hint) = exit::hint(&error) {
            let _ = writeln!(std::io::stderr(), "hint: {hint}");
        }
        exit::of_error(&error)
    });
    exit.into()
}

fn run(command: &Command) -> anyhow::Result<Exit> {
    // What needs no configuration works with a broken one.
    let config = Config::resolve;
    match command {
        Command::Demo(arguments) => commands::demo::run(arguments, &config()?),
        Command::Run(arguments) => commands::run::run(arguments, &config()?),
        Command::Route(arguments) => commands::route::run(arguments, &config()?),
        Command::Bench(arguments) => commands::bench::run(&arguments.command, &config),
        Command::Tokenize(arguments) => commands::tokenize::run(arguments, &config()?),
        Command::List(output) => commands::list::run(*output, &config()?),
        Command::Show(arguments) => commands::show::run(arguments, &config()?),
        Command::Convert(arguments) => commands::convert::run(arguments),
        Command::Engines(output) => commands::engines::run(*output),
        Command::Doctor(output) => commands::doctor::run(*output, &config()?),
        Command::Worker(arguments) => commands::worker::run(arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "lilim", &mut script);
            print_bytes(&script)
        }
        Command::Man => print_bytes(&manual()?),
    }
}

/// The manual: a page for the program, and one for each command.
fn manual() -> std::io::Result<Vec<u8>> {
    let mut program = Arguments::command();
    program.build();
    let mut pages = Vec::new();
    clap_mangen::Man::new(program.clone()).render(&mut pages)?;
    for command in program
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        clap_mangen::Man::new(command.clone()).render(&mut pages)?;
    }
    Ok(pages)
}

fn print_bytes(bytes: &[u8]) -> anyhow::Result<Exit> {
    std::io::stdout().write_all(bytes)?;
    Ok(Exit::Fine)
}

/// A reader that closed our stdout (`lilim list | head -1`) wants no error message.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

fn start_logging(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("LILIM_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal::has_colours())
        .init();
}
