//! `lilim list`: the models that are here.

use lilim_api::Engine;
use serde::Serialize;

use crate::arguments::OutputArguments;
use crate::commands::{print_json, print_line};
use crate::config::Config;
use crate::exit::Exit;
use crate::models;
use crate::terminal::{Align, human_bytes, human_count, table, unknown};

/// One model, installed or embedded.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    arch: Option<String>,
    quantization: Option<String>,
    n_params: Option<u64>,
    bytes: u64,
    path: Option<String>,
    /// Why it cannot be run, if so.
    problem: Option<String>,
}

/// Runs the command.
pub(crate) fn run(output: OutputArguments, config: &Config) -> anyhow::Result<Exit> {
    let engine = models::native_engine();
    let mut listed = vec![embedded(&engine)];
    for entry in models::catalog(config)?.entries() {
        let files = lilim_api::ModelFiles::Gguf(entry.path.clone());
        let path = Some(entry.path.display().to_string());
        listed.push(describe(
            &engine,
            &files,
            entry.name.clone(),
            entry.n_bytes,
            path,
        ));
    }
    if output.json {
        print_json(&listed)?;
    } else {
        print_line(&model_table(&listed))?;
        print_line(&format!(
            "installed models live in {}",
            config.models_folder().display()
        ))?;
    }
    Ok(Exit::Fine)
}

fn embedded(engine: &dyn Engine) -> Listed {
    let bytes = models::EMBEDDED_BYTES.len() as u64;
    describe(
        engine,
        &models::embedded(),
        models::EMBEDDED_NAME.to_owned(),
        bytes,
        None,
    )
}

fn describe(
    engine: &dyn Engine,
    files: &lilim_api::ModelFiles,
    name: String,
    bytes: u64,
    path: Option<String>,
) -> Listed {
    let checked = engine.check(files);
    let problem = checked.as_ref().err().map(ToString::to_string);
    let info = checked.ok();
    Listed {
        name,
        arch: info.as_ref().map(|info| info.arch.clone()),
        quantization: info.as_ref().map(|info| info.quantization.clone()),
        n_params: info.as_ref().map(|info| info.n_params),
        bytes,
        path,
        problem,
    }
}

fn model_table(listed: &[Listed]) -> String {
    let head = [
        ("name", Align::Left),
        ("arch", Align::Left),
        ("weights", Align::Left),
        ("parameters", Align::Right),
        ("size", Align::Right),
        ("where", Align::Left),
    ];
    let rows: Vec<Vec<String>> = listed
        .iter()
        .map(|model| {
            let place = model
                .path
                .clone()
                .unwrap_or_else(|| "part of the program".to_owned());
            vec![
                model.name.clone(),
                model.arch.clone().unwrap_or_else(unknown),
                model.quantization.clone().unwrap_or_else(unknown),
                model.n_params.map_or_else(unknown, human_count),
                human_bytes(model.bytes),
                model
                    .problem
                    .as_ref()
                    .map_or(place, |problem| format!("cannot run: {problem}")),
            ]
        })
        .collect();
    table(&head, &rows)
}
