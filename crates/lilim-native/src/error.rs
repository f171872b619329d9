//! Why a model file cannot be run: the engine's own errors, before a path is put to them.

use std::path::Path;

use lilim_api::EngineError;
use lilim_formats::gguf::GgufError;

/// What is wrong with a model; the file's path is added at the border by [`ModelError::at`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file's structure or a metadata value's type is wrong.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// A key without which the model cannot be run is absent.
    #[error("key {key} is missing")]
    MissingKey {
        /// The key.
        key: String,
    },
    /// A key's value cannot be used.
    #[error("key {key} is {value}: {reason}")]
    BadKey {
        /// The key.
        key: String,
        /// The value found.
        value: String,
        /// Why it cannot be.
        reason: String,
    },
    /// The file has no tensors at all.
    #[error("the file holds a vocabulary and no weights: it can be used to tokenize only")]
    NoWeights,
    /// A tensor is absent.
    #[error("tensor {tensor} is missing")]
    MissingTensor {
        /// The tensor's name.
        tensor: String,
    },
    /// A tensor has other sizes than the metadata ask for.
    #[error("tensor {tensor} has sizes {got:?} but the metadata ask for {expected:?}")]
    TensorShape {
        /// The tensor's name.
        tensor: String,
        /// The sizes that the metadata lead to, fastest first.
        expected: Vec<u64>,
        /// The sizes found, fastest first.
        got: Vec<u64>,
    },
    /// A tensor's type cannot hold weights, or not for rows of this length.
    #[error("tensor {tensor} of type {ty} cannot have rows of {n_cols} weights")]
    TensorType {
        /// The tensor's name.
        tensor: String,
        /// The type's name.
        ty: &'static str,
        /// Weights in a row.
        n_cols: usize,
    },
    /// A tensor's bytes lie outside the file.
    #[error("tensor {tensor} ends at byte {end} of part {part} which has {len} bytes")]
    TensorBounds {
        /// The tensor's name.
        tensor: String,
        /// The part of a split set.
        part: usize,
        /// Where the tensor would end.
        end: u64,
        /// Bytes in that part.
        len: usize,
    },
    /// A tensor that this family's computation does not use: running on would give wrong answers.
    #[error("tensor {tensor} has no place in the {arch} family")]
    UnknownTensor {
        /// The tensor's name.
        tensor: String,
        /// The family.
        arch: String,
    },
    /// A vector of weights holds something that is no number.
    #[error("tensor {tensor} holds {value} at index {index}")]
    NotANumber {
        /// The tensor's name.
        tensor: String,
        /// The value.
        value: f32,
        /// Its place.
        index: usize,
    },
    /// The family is not one of ours.
    #[error("architecture {arch} is not one of: {known}")]
    UnknownArch {
        /// The name in the file.
        arch: String,
        /// The families there are.
        known: String,
    },
    /// The file asks for something that is not built.
    #[error("{what} is not implemented")]
    NotImplemented {
        /// What it asks for, with key and value.
        what: String,
    },
    /// The file is not rwkv.cpp's, or of another version of that format.
    #[error("not a ggmf file of version 101: it starts with {magic:#010x} and version {version}")]
    NotGgmf {
        /// The first four bytes.
        magic: u32,
        /// The next four.
        version: u32,
    },
    /// The file ends inside something.
    #[error("{what} at byte {offset} needs {needed} bytes, but {available} are left")]
    Truncated {
        /// What was being read.
        what: String,
        /// Where it begins.
        offset: usize,
        /// Bytes it needs.
        needed: u64,
        /// Bytes there are.
        available: usize,
    },
    /// The vocabulary cannot be read.
    #[error("vocabulary: {reason}")]
    Vocabulary {
        /// What the tokenizer found.
        reason: String,
    },
}

impl ModelError {
    /// Puts the file's path to the error.
    pub fn at(self, path: &Path) -> EngineError {
        match self {
            Self::UnknownArch { .. } | Self::NotImplemented { .. } => EngineError::Unsupported {
                model: path.display().to_string(),
                reason: self.to_string(),
            },
            other => {
                let reason = other.to_string();
                // errors of the formats begin with the file, which the engine's error names too
                let file = format!("{}: ", path.display());
                EngineError::InvalidModel {
                    path: path.to_owned(),
                    reason: reason.strip_prefix(&file).unwrap_or(&reason).to_owned(),
                }
            }
        }
    }
}
