//! What a result file says of program, machine and model.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use lilim_api::ModelFiles;
use lilim_bench::energy::Meter;
use lilim_bench::record::{Header, Machine, SCHEMA};
use lilim_kernels::Level;
use lilim_store::MappedModel;
use sha2::{Digest, Sha256};

use super::launch::this_program;
use crate::machine;

/// The header of a recording that begins now.
pub(crate) fn header() -> anyhow::Result<Header> {
    Ok(Header {
        schema: SCHEMA.to_owned(),
        tool: format!("lilim {}", env!("CARGO_PKG_VERSION")),
        build: program()?,
        started_at: jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        command: std::env::args_os()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
        machine: describe(),
    })
}

/// Which build this is, by the hash of its file.
pub(crate) fn program() -> anyhow::Result<String> {
    program_of(&this_program()?)
}

/// Which build a program's file is.
pub(crate) fn program_of(path: &Path) -> anyhow::Result<String> {
    Ok(format!("blake3 {}", &blake3_of(path)?[..16]))
}

fn describe() -> Machine {
    let mut facts = machine::facts();
    let levels: Vec<_> = Level::available().map(|level| level.name()).collect();
    facts.insert("levels".to_owned(), levels.join(", "));
    let meter = Meter::system();
    let counter = meter.source().unwrap_or_else(|why| format!("none: {why}"));
    facts.insert("energy_counter".to_owned(), counter);
    Machine {
        fingerprint: fingerprint(&facts),
        facts,
    }
}

/// What does not change from run to run, hashed.
fn fingerprint(facts: &BTreeMap<String, String>) -> String {
    const LASTING: [&str; 5] = ["cpu", "cores", "memory_bytes", "os", "levels"];
    let mut hasher = blake3::Hasher::new();
    for name in LASTING {
        let fact = facts.get(name).map_or("", String::as_str);
        hasher.update(format!("{name}={fact}\n").as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// SHA-256 of a model's file; of a split set, of its parts' hashes in order. `None` where the model
/// is part of the program, whose build names it.
pub(crate) fn sha256(files: &ModelFiles) -> anyhow::Result<Option<String>> {
    match files {
        ModelFiles::Embedded { bytes, .. } => Ok(Some(hex(&Sha256::digest(bytes)))),
        ModelFiles::Gguf(path) => {
            let model = MappedModel::open(path)?;
            let parts = model.parts();
            let hash = match parts.as_slice() {
                [whole] => Sha256::digest(whole),
                parts => {
                    let hashes = parts.iter().map(Sha256::digest);
                    hashes
                        .fold(Sha256::new(), |all, part| all.chain_update(part))
                        .finalize()
                }
            };
            Ok(Some(hex(&hash)))
        }
    }
}

/// Bytes of a model's files.
pub(crate) fn file_bytes(files: &ModelFiles) -> u64 {
    match files {
        ModelFiles::Embedded { bytes, .. } => bytes.len() as u64,
        ModelFiles::Gguf(path) => MappedModel::open(path).map_or(0, |model| {
            model.parts().iter().map(|part| part.len() as u64).sum()
        }),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn blake3_of(path: &Path) -> anyhow::Result<String> {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hasher.finalize().to_hex().to_string()),
                n_bytes => hasher.update(&buffer[..n_bytes]),
            };
        }
    };
    read().with_context(|| format!("reading {}", path.display()))
}
