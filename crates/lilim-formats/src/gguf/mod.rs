//! GGUF, the container of ggml models: metadata, tensor table and tensor data in one file or in
//! the parts of a split set.
//!
//! *Source*: `docs/gguf.md` of ggml; what the text leaves open follows llama.cpp's reader.

mod error;
mod metadata;
mod reader;
mod split;
mod value;
mod writer;

use std::collections::HashMap;

pub use error::{GgufError, ShapeFault};
pub use metadata::Metadata;
pub use split::{MAX_PARTS, Split, part_names};
pub use value::{Array, Value, ValueType};
pub use writer::{GgufWriter, TensorSpec};

use crate::GgmlType;

/// The key that overrides [`DEFAULT_ALIGNMENT`].
pub const ALIGNMENT_KEY: &str = "general.alignment";
/// The alignment of tensor data in a file that does not name one.
pub const DEFAULT_ALIGNMENT: u64 = 32;
/// The largest alignment accepted: far above any page size, far below what would waste a disk.
pub const MAX_ALIGNMENT: u64 = 1 << 24;
/// The most dimensions of a tensor.
pub const MAX_DIMS: u32 = 4;
/// The longest key or tensor name in bytes.
pub const MAX_NAME_BYTES: u64 = 65_535;
/// The most metadata keys of a file; real files have fewer than a hundred.
pub const MAX_KEYS: u64 = 1 << 20;
/// The most tensors of a file; the largest real ones have about 100 000.
pub const MAX_TENSORS: u64 = 1 << 22;

/// A parsed GGUF file, or several parts joined: everything but the tensor data, which stays in
/// the caller's bytes.
#[derive(Clone, Debug)]
pub struct Gguf {
    files: Vec<String>,
    version: u32,
    alignment: u64,
    metadata: Metadata,
    tensors: Vec<TensorInfo>,
    index: HashMap<String, usize>,
}

/// Name, type, shape and place of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TensorInfo {
    /// The name, such as `blk.0.attn_q.weight`.
    pub name: String,
    /// The element type.
    pub ty: GgmlType,
    /// The shape in ggml's order: the dimension of the row (fastest) first; at most
    /// [`MAX_DIMS`], none zero.
    pub dims: Vec<u64>,
    /// Which part of a split set holds the bytes; 0 in a single file.
    pub part: usize,
    /// Where the bytes begin, in bytes from the start of the part.
    pub offset: u64,
    /// How many bytes there are.
    pub n_bytes: u64,
}

impl TensorInfo {
    /// Returns the number of values: the product of `dims`, 1 for no dimension.
    pub fn n_elements(&self) -> u64 {
        self.dims.iter().product()
    }

    /// Returns the tensor's bytes out of its part's bytes.
    ///
    /// *Panics*: when `part_bytes` is shorter than the part that was parsed.
    pub fn bytes<'a>(&self, part_bytes: &'a [u8]) -> &'a [u8] {
        let end = self.offset + self.n_bytes;
        assert!(
            end <= part_bytes.len() as u64,
            "tensor {} ends at byte {end}, but part {} given has {} bytes",
            self.name,
            self.part,
            part_bytes.len()
        );
        &part_bytes[self.offset as usize..end as usize]
    }
}

impl Gguf {
    /// Parses one file or one part of a split set, GGUF versions 2 and 3, little endian.
    /// `file` is only a name for error messages.
    ///
    /// When this returns `Ok`, every tensor lies aligned inside `bytes` and overlaps no other.
    ///
    /// *Errors*: everything in [`GgufError`] that names a fault of the file.
    ///
    /// *Cost*: linear in the header; tensor data is not read. Allocates at most a small multiple
    /// of the header's length.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, GgufError> {
        reader::parse(file, bytes)
    }

    /// Joins the parts of a split set, given in their order; metadata is the first part's, and
    /// [`TensorInfo::part`] is the place in `parts`. One unsplit file is returned as it is.
    ///
    /// *Errors*: parts missing, too many or out of order, a wrong total of tensors, a tensor in
    /// two parts.
    ///
    /// *Panics*: when `parts` is empty or holds an already joined set.
    pub fn join(parts: Vec<Self>) -> Result<Self, GgufError> {
        split::join(parts)
    }

    /// Returns the metadata, in file order.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns the tensors, in file order, part after part.
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    /// Returns the tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.index.get(name).map(|&at| &self.tensors[at])
    }

    /// Returns the format version of the (first) file: 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Returns the alignment of tensor data in the (first) file, in bytes.
    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    /// Returns the names given to [`parse`](Self::parse), one a part.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Returns which part of which split set the first file says it is; `None` for an unsplit
    /// file.
    ///
    /// *Errors*: when a `split.*` key has a wrong type or an impossible value.
    pub fn split(&self) -> Result<Option<Split>, GgufError> {
        Split::from_metadata(&self.metadata)
    }
}
