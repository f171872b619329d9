//! The index of a sharded model (`model.safetensors.index.json`): which file has which tensor.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::SafeTensorsError;
use crate::shown::shown;

/// A parsed index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardIndex {
    shards: BTreeMap<String, String>,
    total_bytes: Option<u64>,
}

impl ShardIndex {
    /// Parses an index; `file` is only a name for error messages. Every shard name is a plain
    /// file name: an index cannot lead a reader out of its own folder.
    ///
    /// *Errors*: [`SafeTensorsError::Index`], [`SafeTensorsError::ShardName`].
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, SafeTensorsError> {
        let damaged = |reason: &str| SafeTensorsError::Index {
            file: file.to_owned(),
            reason: shown(reason),
        };
        let mut top: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|fault| damaged(&fault.to_string()))?;
        let total_bytes = top
            .get("metadata")
            .and_then(|metadata| metadata["total_size"].as_u64());
        let Some(Value::Object(map)) = top.remove("weight_map") else {
            return Err(damaged("it has no object \"weight_map\""));
        };
        let mut shards = BTreeMap::new();
        for (tensor, shard) in map {
            let Value::String(shard) = shard else {
                return Err(damaged(&format!(
                    "the file of tensor {tensor} is not a string"
                )));
            };
            if !is_plain_name(&shard) {
                let (file, tensor) = (file.to_owned(), shown(&tensor));
                return Err(SafeTensorsError::ShardName {
                    file,
                    tensor,
                    shard: shown(&shard),
                });
            }
            shards.insert(tensor, shard);
        }
        Ok(Self {
            shards,
            total_bytes,
        })
    }

    /// Returns the file that has this tensor.
    pub fn file_of(&self, tensor: &str) -> Option<&str> {
        self.shards.get(tensor).map(String::as_str)
    }

    /// Goes through tensors and their files, sorted by tensor.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.shards
            .iter()
            .map(|(tensor, shard)| (tensor.as_str(), shard.as_str()))
    }

    /// Returns the names of all files, sorted, each once.
    pub fn files(&self) -> BTreeSet<&str> {
        self.shards.values().map(String::as_str).collect()
    }

    /// Returns the stated size of all tensors together in bytes, if there is one.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && !matches!(name, "." | "..")
        && !name
            .chars()
            .any(|c| matches!(c, '/' | '\\' | ':') || c.is_control())
}
