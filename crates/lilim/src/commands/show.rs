//! `lilim show`: what a model file holds and what running it would take.

use anyhow::Context;
use lilim_api::{Engine, MemoryEstimate, ModelFiles, ModelInfo};
use lilim_formats::gguf::{Gguf, TensorInfo, Value};
use lilim_store::MappedModel;
use serde::Serialize;

use crate::arguments::ShowArguments;
use crate::commands::{print_json, print_line};
use crate::config::Config;
use crate::exit::Exit;
use crate::machine;
use crate::models;
use crate::terminal::{Align, human_bytes, human_count, shortened, table};

/// Runs the command.
pub(crate) fn run(arguments: &ShowArguments, config: &Config) -> anyhow::Result<Exit> {
    let files = models::resolve(config, &arguments.model)?;
    let gguf = read_header(&files)?;
    if arguments.template {
        let template = gguf.metadata().str("tokenizer.chat_template")?;
        print_line(template.context("the model has no chat template")?)?;
        return Ok(Exit::Fine);
    }
    let engine = models::native_engine();
    let options = models::with_machine(&models::options(config, &arguments.load)?);
    let checked = engine.check(&files).map_err(|error| error.to_string());
    let estimate = engine.estimate(&files, &options).ok();
    if arguments.output.json {
        print_json(&json_report(&gguf, &checked, estimate))?;
    } else {
        print_line(&summary(&gguf, &checked, estimate))?;
        if arguments.tensors {
            print_line(&tensor_table(gguf.tensors()))?;
        }
    }
    Ok(Exit::Fine)
}

fn read_header(files: &ModelFiles) -> anyhow::Result<Gguf> {
    Ok(match files {
        ModelFiles::Gguf(path) => MappedModel::open(path)?.gguf().clone(),
        ModelFiles::Embedded { name, bytes } => Gguf::parse(name, bytes)?,
    })
}

fn summary(
    gguf: &Gguf,
    checked: &Result<ModelInfo, String>,
    estimate: Option<MemoryEstimate>,
) -> String {
    let mut lines = Vec::new();
    match checked {
        Ok(info) => {
            lines.push(format!(
                "{} · {} · {} · {} parameters · context {}",
                info.name,
                info.arch,
                info.quantization,
                human_count(info.n_params),
                info.train_context
            ));
        }
        Err(reason) => lines.push(format!("cannot be run: {reason}")),
    }
    lines.push(format!(
        "GGUF version {}, {} tensors",
        gguf.version(),
        gguf.tensors().len()
    ));
    if let Some(estimate) = estimate {
        lines.push(memory_line(estimate));
    }
    let head = [("key", Align::Left), ("value", Align::Left)];
    let rows: Vec<Vec<String>> = gguf
        .metadata()
        .iter()
        .map(|(key, value)| vec![key.to_owned(), shortened(&value_text(value), 72)])
        .collect();
    lines.push(String::new());
    lines.push(table(&head, &rows));
    lines.join("\n")
}

fn memory_line(estimate: MemoryEstimate) -> String {
    let free = machine::available_memory_bytes();
    let verdict = match free {
        Some(free) if estimate.total_bytes() > free => {
            format!("does not fit into the {} that are free", human_bytes(free))
        }
        Some(free) => format!("{} are free", human_bytes(free)),
        None => "free memory unknown".to_owned(),
    };
    format!(
        "memory {} = weights {} + KV cache {} + buffers {}; {verdict}",
        human_bytes(estimate.total_bytes()),
        human_bytes(estimate.weight_bytes),
        human_bytes(estimate.kv_bytes),
        human_bytes(estimate.buffer_bytes),
    )
}

/// A value for people: arrays by their type and length.
fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(array) => format!("[{} × {}]", array.len(), array.element_type().name()),
        other => other.to_string(),
    }
}

fn dims_text(tensor: &TensorInfo) -> String {
    let dims: Vec<String> = tensor.dims.iter().map(u64::to_string).collect();
    dims.join(" × ")
}

fn tensor_table(tensors: &[TensorInfo]) -> String {
    let head = [
        ("tensor", Align::Left),
        ("type", Align::Left),
        ("shape", Align::Right),
        ("bytes", Align::Right),
    ];
    let rows: Vec<Vec<String>> = tensors
        .iter()
        .map(|tensor| {
            let name = tensor.ty.name().to_owned();
            vec![
                tensor.name.clone(),
                name,
                dims_text(tensor),
                tensor.n_bytes.to_string(),
            ]
        })
        .collect();
    format!("\n{}", table(&head, &rows))
}

#[derive(Serialize)]
struct ShowReport<'a> {
    gguf_version: u32,
    model: Option<InfoReport>,
    problem: Option<&'a str>,
    memory: Option<MemoryReport>,
    metadata: serde_json::Map<String, serde_json::Value>,
    tensors: Vec<TensorReport<'a>>,
}

#[derive(Serialize)]
struct InfoReport {
    name: String,
    arch: String,
    quantization: String,
    n_params: u64,
    n_weight_bytes: u64,
    vocab_size: usize,
    train_context: usize,
    has_chat_template: bool,
}

#[derive(Serialize)]
struct MemoryReport {
    total_bytes: u64,
    weight_bytes: u64,
    kv_bytes: u64,
    buffer_bytes: u64,
    available_bytes: Option<u64>,
}

#[derive(Serialize)]
struct TensorReport<'a> {
    name: &'a str,
    r#type: &'static str,
    shape: &'a [u64],
    bytes: u64,
}

fn json_report<'a>(
    gguf: &'a Gguf,
    checked: &'a Result<ModelInfo, String>,
    estimate: Option<MemoryEstimate>,
) -> ShowReport<'a> {
    let info = checked.as_ref().ok().map(|info| InfoReport {
        name: info.name.clone(),
        arch: info.arch.clone(),
        quantization: info.quantization.clone(),
        n_params: info.n_params,
        n_weight_bytes: info.n_weight_bytes,
        vocab_size: info.vocab_size,
        train_context: info.train_context,
        has_chat_template: info.has_chat_template,
    });
    let memory = estimate.map(|estimate| MemoryReport {
        total_bytes: estimate.total_bytes(),
        weight_bytes: estimate.weight_bytes,
        kv_bytes: estimate.kv_bytes,
        buffer_bytes: estimate.buffer_bytes,
        available_bytes: machine::available_memory_bytes(),
    });
    let metadata = gguf
        .metadata()
        .iter()
        .map(|(key, value)| (key.to_owned(), json_value(value)))
        .collect();
    let tensors = gguf
        .tensors()
        .iter()
        .map(|tensor| TensorReport {
            name: &tensor.name,
            r#type: tensor.ty.name(),
            shape: &tensor.dims,
            bytes: tensor.n_bytes,
        })
        .collect();
    ShowReport {
        gguf_version: gguf.version(),
        model: info,
        problem: checked.as_ref().err().map(String::as_str),
        memory,
        metadata,
        tensors,
    }
}

/// A metadata value as JSON; arrays are described, not listed (a vocabulary would fill the screen).
fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::U8(number) => (*number).into(),
        Value::I8(number) => (*number).into(),
        Value::U16(number) => (*number).into(),
        Value::I16(number) => (*number).into(),
        Value::U32(number) => (*number).into(),
        Value::I32(number) => (*number).into(),
        Value::U64(number) => (*number).into(),
        Value::I64(number) => (*number).into(),
        Value::F32(number) => f64::from(*number).into(),
        Value::F64(number) => (*number).into(),
        Value::Bool(flag) => (*flag).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(array) => {
            serde_json::json!({ "elements": array.element_type().name(), "length": array.len() })
        }
    }
}
