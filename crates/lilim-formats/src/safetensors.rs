//! Safetensors files and the index of a sharded model. The `safetensors` crate parses; this
//! wrapper keeps its types inside, adds names to its errors and bounds the header.

mod error;
mod index;

use std::collections::HashMap;
use std::fmt;

use ::safetensors as upstream;

use crate::shown::shown;

pub use error::SafeTensorsError;
pub use index::ShardIndex;

/// The largest header accepted, in bytes. The format allows 100 MB; the largest real headers have
/// about 2 MB, and parsing JSON takes many times its length.
pub const MAX_HEADER_BYTES: u64 = 1 << 25;

/// The element type of a safetensors tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is named as in the file")]
#[non_exhaustive]
pub enum Dtype {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    BF16,
    F32,
    F64,
    F8E4M3,
    F8E5M2,
    F8E8M0,
}

impl Dtype {
    fn from_upstream(dtype: upstream::Dtype) -> Option<Self> {
        Some(match dtype {
            upstream::Dtype::BOOL => Self::Bool,
            upstream::Dtype::U8 => Self::U8,
            upstream::Dtype::I8 => Self::I8,
            upstream::Dtype::U16 => Self::U16,
            upstream::Dtype::I16 => Self::I16,
            upstream::Dtype::U32 => Self::U32,
            upstream::Dtype::I32 => Self::I32,
            upstream::Dtype::U64 => Self::U64,
            upstream::Dtype::I64 => Self::I64,
            upstream::Dtype::F16 => Self::F16,
            upstream::Dtype::BF16 => Self::BF16,
            upstream::Dtype::F32 => Self::F32,
            upstream::Dtype::F64 => Self::F64,
            upstream::Dtype::F8_E4M3 => Self::F8E4M3,
            upstream::Dtype::F8_E5M2 => Self::F8E5M2,
            upstream::Dtype::F8_E8M0 => Self::F8E8M0,
            _ => return None,
        })
    }

    /// Returns the name in files, such as `BF16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::U8 => "U8",
            Self::I8 => "I8",
            Self::U16 => "U16",
            Self::I16 => "I16",
            Self::U32 => "U32",
            Self::I32 => "I32",
            Self::U64 => "U64",
            Self::I64 => "I64",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::F32 => "F32",
            Self::F64 => "F64",
            Self::F8E4M3 => "F8_E4M3",
            Self::F8E5M2 => "F8_E5M2",
            Self::F8E8M0 => "F8_E8M0",
        }
    }

    /// Returns the bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 | Self::F8E4M3 | Self::F8E5M2 | Self::F8E8M0 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::BF16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct View<'a> {
    /// The tensor's name.
    pub name: String,
    /// The element type.
    pub dtype: Dtype,
    /// The shape, slowest dimension first (the reverse of GGUF's order).
    pub shape: Vec<usize>,
    /// The elements, row-major, little endian; not aligned.
    pub bytes: &'a [u8],
}

impl View<'_> {
    /// Returns the number of elements: the product of `shape`, 1 for no dimension.
    pub fn n_elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A parsed safetensors file: views into the caller's bytes.
#[derive(Clone, Debug)]
pub struct SafeTensors<'a> {
    file: String,
    views: Vec<View<'a>>,
    index: HashMap<String, usize>,
    metadata: Vec<(String, String)>,
}

impl<'a> SafeTensors<'a> {
    /// Parses a file; `file` is only a name for error messages. When this returns `Ok`, every
    /// view has the bytes its shape and type ask for.
    ///
    /// *Errors*: a damaged header, a tensor outside the file or of a type Lilim does not read.
    pub fn parse(file: &str, bytes: &'a [u8]) -> Result<Self, SafeTensorsError> {
        error::check_header_len(file, bytes)?;
        let parsed = upstream::SafeTensors::deserialize(bytes)
            .map_err(|fault| error::name_fault(file, bytes, fault))?;
        let (_, header) = upstream::SafeTensors::read_metadata(bytes)
            .map_err(|fault| error::name_fault(file, bytes, fault))?;
        let mut metadata: Vec<(String, String)> = header
            .metadata()
            .clone()
            .unwrap_or_default()
            .into_iter()
            .collect();
        metadata.sort();
        let mut views = Vec::with_capacity(parsed.len());
        for name in header.offset_keys() {
            views.push(view(file, &parsed, name)?);
        }
        let index = views
            .iter()
            .enumerate()
            .map(|(at, view)| (view.name.clone(), at))
            .collect();
        Ok(Self {
            file: file.to_owned(),
            views,
            index,
            metadata,
        })
    }

    /// Returns the name given to [`parse`](Self::parse).
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the tensor of this name.
    ///
    /// *Errors*: [`SafeTensorsError::NoTensor`].
    pub fn tensor(&self, name: &str) -> Result<&View<'a>, SafeTensorsError> {
        let at = self
            .index
            .get(name)
            .ok_or_else(|| SafeTensorsError::NoTensor {
                file: self.file.clone(),
                tensor: shown(name),
            })?;
        Ok(&self.views[*at])
    }

    /// Returns all tensors in the order of their bytes.
    pub fn tensors(&self) -> &[View<'a>] {
        &self.views
    }

    /// Returns the free-form metadata (`__metadata__`), sorted by key.
    pub fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }
}

fn view<'a>(
    file: &str,
    parsed: &upstream::SafeTensors<'a>,
    name: String,
) -> Result<View<'a>, SafeTensorsError> {
    let found = parsed
        .tensor(&name)
        .expect("the name is from the same header");
    let dtype = Dtype::from_upstream(found.dtype()).ok_or_else(|| SafeTensorsError::Dtype {
        file: file.to_owned(),
        tensor: shown(&name),
        dtype: found.dtype().to_string(),
    })?;
    Ok(View {
        name,
        dtype,
        shape: found.shape().to_vec(),
        bytes: found.data(),
    })
}
