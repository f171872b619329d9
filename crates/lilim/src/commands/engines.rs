//! `lilim engines`: what can run models here, and why the rest cannot.

use lilim_api::{Availability, Engine};
use serde::Serialize;

use crate::arguments::OutputArguments;
use crate::commands::{print_json, print_line};
use crate::exit::Exit;
use crate::models;
use crate::terminal::{Align, table};

#[derive(Debug, Serialize)]
struct EngineRow {
    name: String,
    available: bool,
    detail: String,
}

/// Runs the command.
pub(crate) fn run(output: OutputArguments) -> anyhow::Result<Exit> {
    let engines: Vec<Box<dyn Engine>> = vec![Box::new(models::native_engine())];
    let rows: Vec<EngineRow> = engines
        .iter()
        .map(|engine| match engine.availability() {
            Availability::Ready(detail) => EngineRow {
                name: engine.name().to_owned(),
                available: true,
                detail,
            },
            Availability::Unavailable(detail) => EngineRow {
                name: engine.name().to_owned(),
                available: false,
                detail,
            },
        })
        .collect();
    if output.json {
        print_json(&rows)?;
    } else {
        let head = [
            ("engine", Align::Left),
            ("runs here", Align::Left),
            ("by / why not", Align::Left),
        ];
        let cells: Vec<Vec<String>> = rows
            .into_iter()
            .map(|row| {
                let runs = if row.available { "yes" } else { "no" };
                vec![row.name, runs.to_owned(), row.detail]
            })
            .collect();
        print_line(&table(&head, &cells))?;
    }
    Ok(Exit::Fine)
}
