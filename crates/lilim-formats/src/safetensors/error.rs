//! Faults of safetensors files. The upstream errors name no file and often no tensor; this file
//! adds both.

use safetensors::SafeTensorError;
use safetensors::tensor::TensorInfo;
use serde_json::{Map, Value};

use super::MAX_HEADER_BYTES;
use crate::shown::shown;

/// A fault of a safetensors file or of an index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum SafeTensorsError {
    /// The file is shorter than its header says.
    #[error("{file}: the header needs {needed} bytes, but the file has {file_len}")]
    Truncated {
        file: String,
        needed: u64,
        file_len: u64,
    },
    /// The header is larger than the limit.
    #[error("{file}: the header has {header_len} bytes, above the limit of {limit}")]
    HeaderTooLarge {
        file: String,
        header_len: u64,
        limit: u64,
    },
    /// The header is not the JSON the format asks for.
    #[error("{file}: the header is damaged: {reason}")]
    Header { file: String, reason: String },
    /// A tensor's type, shape and place do not fit each other or the file.
    #[error("{file}: tensor {tensor}: {reason}")]
    Tensor {
        file: String,
        tensor: String,
        reason: String,
    },
    /// A tensor has a type Lilim does not read.
    #[error("{file}: tensor {tensor} has type {dtype}, which is not supported")]
    Dtype {
        file: String,
        tensor: String,
        dtype: String,
    },
    /// The tensors do not fill the file exactly.
    #[error("{file}: the tensors do not end where the file of {file_len} bytes ends")]
    Uncovered { file: String, file_len: u64 },
    /// There is no such tensor.
    #[error("{file}: there is no tensor {tensor}")]
    NoTensor { file: String, tensor: String },
    /// The index is not the JSON the format asks for.
    #[error("{file}: the index is damaged: {reason}")]
    Index { file: String, reason: String },
    /// The index names a file outside its folder.
    #[error("{file}: tensor {tensor} is in {shard:?}, which is not a plain file name")]
    ShardName {
        file: String,
        tensor: String,
        shard: String,
    },
}

/// Checks the length field before anything is parsed.
pub(super) fn check_header_len(file: &str, bytes: &[u8]) -> Result<(), SafeTensorsError> {
    let file_len = bytes.len() as u64;
    let Some(field) = bytes.first_chunk::<8>() else {
        return Err(SafeTensorsError::Truncated {
            file: file.to_owned(),
            needed: 8,
            file_len,
        });
    };
    let header_len = u64::from_le_bytes(*field);
    if header_len > file_len - 8 {
        let needed = header_len.saturating_add(8);
        return Err(SafeTensorsError::Truncated {
            file: file.to_owned(),
            needed,
            file_len,
        });
    }
    if header_len > MAX_HEADER_BYTES {
        let limit = MAX_HEADER_BYTES;
        return Err(SafeTensorsError::HeaderTooLarge {
            file: file.to_owned(),
            header_len,
            limit,
        });
    }
    Ok(())
}

/// Turns an upstream error into ours, with the tensor's name where one can be found.
pub(super) fn name_fault(file: &str, bytes: &[u8], fault: SafeTensorError) -> SafeTensorsError {
    let file = file.to_owned();
    if matches!(fault, SafeTensorError::MetadataIncompleteBuffer) {
        return SafeTensorsError::Uncovered {
            file,
            file_len: bytes.len() as u64,
        };
    }
    let named = match &fault {
        SafeTensorError::InvalidOffset(name) => Some((name.clone(), fault.to_string())),
        _ => find_fault(bytes, &fault),
    };
    match named {
        Some((tensor, reason)) => SafeTensorsError::Tensor {
            file,
            tensor: shown(&tensor),
            reason: shown(&reason),
        },
        None => SafeTensorsError::Header {
            file,
            reason: shown(&fault.to_string()),
        },
    }
}

/// Looks for the first entry of the header that is wrong by itself.
fn find_fault(bytes: &[u8], fault: &SafeTensorError) -> Option<(String, String)> {
    let header_len = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let header = bytes.get(8..)?.get(..header_len)?;
    let entries: Map<String, Value> = serde_json::from_slice(header).ok()?;
    entries
        .into_iter()
        .filter(|(name, _)| name != "__metadata__")
        .find_map(
            |(name, entry)| match serde_json::from_value::<TensorInfo>(entry) {
                Err(reason) => Some((name, reason.to_string())),
                Ok(info) if size_is_wrong(&info) => Some((name, fault.to_string())),
                Ok(_) => None,
            },
        )
}

fn size_is_wrong(info: &TensorInfo) -> bool {
    let (start, end) = info.data_offsets;
    let n_elements = info
        .shape
        .iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(dim));
    let n_bits = n_elements.and_then(|n| n.checked_mul(info.dtype.bitsize()));
    let given_bits = end.checked_sub(start).and_then(|n| n.checked_mul(8));
    n_bits.is_none() || n_bits != given_bits
}
