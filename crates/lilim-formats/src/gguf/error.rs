//! What can be wrong with a GGUF file, with the numbers a person needs to find the place.

use std::io;

/// A fault of a GGUF file, of a metadata value, or of what a writer was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum GgufError {
    /// The magic number is missing.
    #[error("{file}: not a gguf file: it starts with the bytes {magic:02x?}")]
    NotGguf { file: String, magic: Vec<u8> },
    /// A version other than 2 and 3.
    #[error("{file}: gguf version {version} is not supported (versions 2 and 3 are)")]
    Version { file: String, version: u32 },
    /// The file is for big-endian machines.
    #[error("{file}: big-endian gguf (version {version}) is not supported")]
    BigEndian { file: String, version: u32 },
    /// The file ends inside something, or a length field points past its end.
    #[error("{file}: {place} at byte {offset} needs {needed} bytes, but {available} are left")]
    Truncated {
        file: String,
        place: String,
        offset: u64,
        needed: u64,
        available: u64,
    },
    /// A number in the file is above one of this module's limits.
    #[error("{file}: {place} is {value}, above the limit of {limit}")]
    Limit {
        file: String,
        place: String,
        value: u64,
        limit: u64,
    },
    /// A string is not UTF-8.
    #[error("{file}: {place} at byte {offset} is not UTF-8")]
    NotUtf8 {
        file: String,
        place: String,
        offset: u64,
    },
    /// A metadata value has a type id the format does not define.
    #[error("{file}: key {key} has unknown value type {id}")]
    ValueType { file: String, key: String, id: u32 },
    /// A metadata value is an array of arrays.
    #[error("{file}: key {key} is an array of arrays, which is not supported")]
    NestedArray { file: String, key: String },
    /// A boolean is neither 0 nor 1.
    #[error("{file}: key {key} has the boolean {value} at byte {offset}, which is not 0 or 1")]
    Bool {
        file: String,
        key: String,
        value: u8,
        offset: u64,
    },
    /// A key is there twice.
    #[error("{file}: key {key} occurs twice")]
    DuplicateKey { file: String, key: String },
    /// The alignment is zero, no power of two, or too large.
    #[error("{file}: {key} is {value}, not a power of two up to {limit}", key = super::ALIGNMENT_KEY, limit = super::MAX_ALIGNMENT)]
    Alignment { file: String, value: u64 },
    /// A tensor is there twice.
    #[error("{file}: tensor {tensor} occurs twice")]
    DuplicateTensor { file: String, tensor: String },
    /// A tensor has a type Lilim does not read.
    #[error("{file}: tensor {tensor} has type {name} (id {id}), which is not supported")]
    TensorType {
        file: String,
        tensor: String,
        id: u32,
        name: &'static str,
    },
    /// A tensor's shape is impossible.
    #[error("{file}: tensor {tensor} of shape {dims:?} {fault}")]
    Shape {
        file: String,
        tensor: String,
        dims: Vec<u64>,
        fault: ShapeFault,
    },
    /// A tensor's offset is not a multiple of the alignment.
    #[error("{file}: tensor {tensor} has offset {offset}, not a multiple of {alignment}")]
    Misaligned {
        file: String,
        tensor: String,
        offset: u64,
        alignment: u64,
    },
    /// A tensor's bytes end after the file.
    #[error(
        "{file}: tensor {tensor} needs {n_bytes} bytes from byte {offset}, but the file has {file_len}"
    )]
    OutsideFile {
        file: String,
        tensor: String,
        offset: u128,
        n_bytes: u64,
        file_len: u64,
    },
    /// Two tensors share bytes.
    #[error(
        "{file}: tensor {tensor} at byte {offset} overlaps tensor {other}, which ends at byte {end}"
    )]
    Overlap {
        file: String,
        tensor: String,
        other: String,
        offset: u64,
        end: u64,
    },
    /// A metadata value is not of the type asked for.
    #[error("{file}: key {key} is of type {found}, not {wanted}")]
    WrongType {
        file: String,
        key: String,
        found: String,
        wanted: &'static str,
    },
    /// A metadata number does not fit the type asked for.
    #[error("{file}: key {key} is {value}, which does not fit {wanted}")]
    OutOfRange {
        file: String,
        key: String,
        value: String,
        wanted: &'static str,
    },
    /// A key of a split set is missing or impossible.
    #[error("{file}: {key} is {value} in a set of {count} parts")]
    SplitValue {
        file: String,
        key: &'static str,
        value: i64,
        count: u32,
    },
    /// A part is not at its place.
    #[error(
        "{file}: this is part {found} of {count}, where part {expected} belongs (counted from 1)"
    )]
    SplitOrder {
        file: String,
        expected: u32,
        found: u32,
        count: u32,
    },
    /// Some parts are missing, or there are too many.
    #[error("{file}: the model has {count} parts, but {given} are here")]
    SplitCount {
        file: String,
        count: u32,
        given: usize,
    },
    /// The parts together do not have the number of tensors the first names.
    #[error("{file}: the {parts} parts have {found} tensors together, not {expected}")]
    SplitTensors {
        file: String,
        parts: usize,
        expected: u64,
        found: u64,
    },
    /// The writer was given bytes of a wrong length.
    #[error("{file}: tensor {tensor} has {expected} bytes, but {given} were given")]
    WrongSize {
        file: String,
        tensor: String,
        expected: u64,
        given: u64,
    },
    /// The writer was given a tensor out of its turn.
    #[error("{file}: tensor {given} was given where {expected} is due")]
    WrongTensor {
        file: String,
        given: String,
        expected: String,
    },
    /// The writer could not write.
    #[error("{file}: cannot write")]
    Write { file: String, source: io::Error },
}

/// Why a shape is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeFault {
    /// A dimension is zero.
    #[error("has a zero dimension")]
    Zero,
    /// The number of values or bytes does not fit 63 bits.
    #[error("is too large to count")]
    Overflow,
    /// The row is not made of whole blocks.
    #[error("has rows that are not whole blocks of {ty} ({block_len} values)")]
    PartBlock {
        /// The tensor's type.
        ty: crate::GgmlType,
        /// The values a block holds.
        block_len: usize,
    },
}
