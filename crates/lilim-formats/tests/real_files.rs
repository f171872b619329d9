//! Files made by other programs: the shared models and vocabularies, and Lilim's own fixtures.
//! What is read is compared with what the Python `gguf` package reads, and what is written with
//! the original bytes.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};

use lilim_formats::gguf::{Array, Gguf, Value};
use lilim_formats::safetensors::SafeTensors;
use serde_json::Value as Json;

fn under_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// Lists the files with this ending, sorted; prints a skip when the folder is absent.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(under_repository(folder)) else {
        eprintln!("skipped: {folder} is absent");
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_str().unwrap().ends_with(ending));
    paths.sort();
    paths
}

fn gguf_files() -> Vec<PathBuf> {
    let folders = [
        "../shared/data/models",
        "../shared/data/tokenizers",
        "fixtures/models",
        "fixtures/quantized",
    ];
    folders
        .iter()
        .flat_map(|folder| files(folder, ".gguf"))
        .collect()
}

#[test]
fn every_gguf_file_parses_and_its_tensors_are_inside() {
    for path in gguf_files() {
        let bytes = fs::read(&path).unwrap();
        let gguf = Gguf::parse(path.to_str().unwrap(), &bytes).unwrap();
        assert!(
            gguf.metadata()
                .str("general.architecture")
                .unwrap()
                .is_some(),
            "{path:?}"
        );
        for tensor in gguf.tensors() {
            let row = tensor.ty.row_bytes(tensor.dims[0] as usize).unwrap() as u64;
            let rows: u64 = tensor.dims[1..].iter().product();
            assert_eq!(
                tensor.bytes(&bytes).len() as u64,
                row * rows,
                "{path:?} {}",
                tensor.name
            );
            assert!(std::ptr::eq(gguf.tensor(&tensor.name).unwrap(), tensor));
        }
    }
}

/// Also shows that nothing a real writer puts in a file is lost by our reader.
#[test]
fn every_version_3_file_is_written_again_byte_for_byte() {
    let mut n_compared = 0;
    for path in gguf_files() {
        let bytes = fs::read(&path).unwrap();
        let gguf = Gguf::parse(path.to_str().unwrap(), &bytes).unwrap();
        let mut written = gguf.write(Vec::new(), &[&bytes]).unwrap();
        if gguf.version() == 2 {
            assert_eq!(written[4], 3);
            written[4] = 2;
        }
        // Vocabulary files end with their header; we pad it.
        if gguf.tensors().is_empty() {
            assert!(written.len() - bytes.len() < gguf.alignment() as usize);
            written.truncate(bytes.len());
        }
        assert!(
            written == bytes,
            "{path:?}: {} and {} bytes",
            written.len(),
            bytes.len()
        );
        n_compared += 1;
    }
    eprintln!("{n_compared} files compared");
}

#[test]
fn every_safetensors_fixture_parses() {
    for path in files("fixtures/models", ".safetensors") {
        let bytes = fs::read(&path).unwrap();
        let file = SafeTensors::parse(path.to_str().unwrap(), &bytes).unwrap();
        let n_bytes: usize = file.tensors().iter().map(|view| view.bytes.len()).sum();
        for view in file.tensors() {
            assert_eq!(
                view.n_elements() * view.dtype.size(),
                view.bytes.len(),
                "{path:?}"
            );
        }
        let header_len = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        assert_eq!(n_bytes + header_len + 8, bytes.len(), "{path:?}");
    }
}

#[test]
fn stories260k_is_read_as_the_python_package_reads_it() {
    let path = under_repository("../shared/data/models/stories260K.gguf");
    let Ok(bytes) = fs::read(&path) else {
        eprintln!("skipped: stories260K.gguf is absent");
        return;
    };
    let golden: Json = serde_json::from_str(include_str!("golden/stories260K.json")).unwrap();
    let gguf = Gguf::parse("stories260K.gguf", &bytes).unwrap();
    assert_eq!(golden["version"], gguf.version());
    assert_eq!(golden["alignment"], gguf.alignment());
    let keys = golden["keys"].as_object().unwrap();
    assert_eq!(
        keys.keys().map(String::as_str).collect::<Vec<_>>(),
        gguf.metadata()
            .iter()
            .map(|(key, _)| key)
            .collect::<Vec<_>>(),
    );
    for (key, expected) in keys {
        check_value(key, gguf.metadata().get(key).unwrap(), expected);
    }
    let tensors = golden["tensors"].as_array().unwrap();
    assert_eq!(tensors.len(), gguf.tensors().len());
    for (expected, tensor) in tensors.iter().zip(gguf.tensors()) {
        assert_eq!(expected["name"], tensor.name);
        assert_eq!(expected["type"], tensor.ty.name());
        assert_eq!(expected["dims"], Json::from(tensor.dims.clone()));
        assert_eq!(expected["offset"], tensor.offset);
        assert_eq!(expected["n_bytes"], tensor.n_bytes);
    }
}

fn check_value(key: &str, value: &Value, expected: &Json) {
    let Value::Array(array) = value else {
        assert_eq!(
            expected["types"][0],
            python_type(&value.value_type().to_string()),
            "{key}"
        );
        assert_eq!(expected["value"], scalar_json(value), "{key}");
        return;
    };
    assert_eq!(
        expected["types"][1],
        python_type(array.element_type().name()),
        "{key}"
    );
    let elements: Vec<Json> = match array {
        Array::String(v) => v.iter().map(|v| Json::from(v.as_str())).collect(),
        Array::F32(v) => v.iter().map(|&v| Json::from(f64::from(v))).collect(),
        other => other
            .integers()
            .unwrap()
            .map(|v| Json::from(v as i64))
            .collect(),
    };
    assert_eq!(expected["len"], elements.len(), "{key}");
    let (first, last) = (
        expected["first"].as_array().unwrap(),
        expected["last"].as_array().unwrap(),
    );
    assert!(elements.starts_with(first), "{key}");
    assert!(elements.ends_with(last), "{key}");
}

fn scalar_json(value: &Value) -> Json {
    match value {
        Value::String(v) => v.as_str().into(),
        Value::Bool(v) => (*v).into(),
        other => match other.as_integer() {
            Some(v) => (v as i64).into(),
            None => other.as_float().unwrap().into(),
        },
    }
}

fn python_type(name: &str) -> String {
    match name.split_at(1) {
        ("u", bits) if bits.parse::<u32>().is_ok() => format!("uint{bits}"),
        ("i", bits) => format!("int{bits}"),
        ("f", bits) => format!("float{bits}"),
        _ => name.to_owned(),
    }
}
