//! Writes GGUF version 3 as a stream: the header first, from the declared tensors, then the
//! tensors' bytes in the declared order, so that a model is never in memory as a whole.

use std::collections::HashSet;
use std::io::Write;

use super::reader::{self, MAGIC};
use super::{Array, Gguf, GgufError, MAX_DIMS, MAX_NAME_BYTES, Metadata, TensorInfo, Value};
use crate::GgmlType;
use crate::shown::shown;

const VERSION: u32 = 3;

/// Name, type and shape of a tensor to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// The name, such as `blk.0.attn_q.weight`.
    pub name: String,
    /// The element type.
    pub ty: GgmlType,
    /// The shape in ggml's order: the dimension of the row (fastest) first.
    pub dims: Vec<u64>,
}

impl From<&TensorInfo> for TensorSpec {
    fn from(info: &TensorInfo) -> Self {
        Self {
            name: info.name.clone(),
            ty: info.ty,
            dims: info.dims.clone(),
        }
    }
}

/// Writes one GGUF file to any [`Write`].
#[derive(Debug)]
pub struct GgufWriter<W> {
    out: W,
    file: String,
    alignment: u64,
    tensors: Vec<Declared>,
    /// The tensor that takes the next bytes.
    current: usize,
    /// How many of its bytes have been written.
    written: u64,
}

#[derive(Debug)]
struct Declared {
    name: String,
    n_bytes: u64,
}

impl<W: Write> GgufWriter<W> {
    /// Writes the header: `metadata` in its order, then the tensor table in the order of
    /// `tensors`. The alignment is the metadata's, else 32. Errors name [`Metadata::file`].
    ///
    /// *Errors*: impossible shapes, duplicate or overlong names, a bad alignment, and
    /// [`GgufError::Write`] with the writer's own error.
    pub fn new(out: W, metadata: &Metadata, tensors: &[TensorSpec]) -> Result<Self, GgufError> {
        let alignment = reader::alignment(metadata)?;
        let file = metadata.file().to_owned();
        let declared = check_specs(&file, tensors)?;
        let mut header = Vec::new();
        header.extend(MAGIC);
        header.extend(VERSION.to_le_bytes());
        header.extend((tensors.len() as u64).to_le_bytes());
        header.extend((metadata.len() as u64).to_le_bytes());
        for (key, value) in metadata.iter() {
            check_name(&file, "key", key)?;
            put_string(&mut header, key);
            put_value(&mut header, value);
        }
        let mut offset = 0;
        for (spec, declared) in tensors.iter().zip(&declared) {
            put_tensor(&mut header, spec, offset);
            offset += declared.n_bytes.next_multiple_of(alignment);
        }
        header.resize(header.len().next_multiple_of(alignment as usize), 0);
        let mut writer = Self {
            out,
            file,
            alignment,
            tensors: declared,
            current: 0,
            written: 0,
        };
        writer.put(&header)?;
        Ok(writer)
    }

    /// Writes the whole of the next tensor, which must be `name`.
    ///
    /// *Errors*: [`GgufError::WrongTensor`], [`GgufError::WrongSize`], [`GgufError::Write`].
    pub fn write_tensor(&mut self, name: &str, bytes: &[u8]) -> Result<(), GgufError> {
        let due = self.due_name();
        if due != name || self.written != 0 {
            return Err(GgufError::WrongTensor {
                file: self.file.clone(),
                given: shown(name),
                expected: shown(due),
            });
        }
        if self.tensors[self.current].n_bytes != bytes.len() as u64 {
            return Err(self.wrong_size(bytes.len() as u64));
        }
        self.write_piece(bytes)
    }

    /// Writes the next bytes of the tensor that is due; after its last byte the next is due.
    /// A piece never spans two tensors.
    ///
    /// *Errors*: [`GgufError::WrongTensor`] after the last tensor, [`GgufError::WrongSize`] when
    /// the tensor would get too many bytes, [`GgufError::Write`].
    pub fn write_piece(&mut self, bytes: &[u8]) -> Result<(), GgufError> {
        let Some(declared) = self.tensors.get(self.current) else {
            return Err(GgufError::WrongTensor {
                file: self.file.clone(),
                given: format!("more ({} bytes)", bytes.len()),
                expected: self.due_name().to_owned(),
            });
        };
        let n_bytes = declared.n_bytes;
        let written = self.written + bytes.len() as u64;
        if written > n_bytes {
            return Err(self.wrong_size(written));
        }
        self.put(bytes)?;
        self.written = written;
        if written == n_bytes {
            let padding = n_bytes.next_multiple_of(self.alignment) - n_bytes;
            self.put(&vec![0; padding as usize])?;
            self.current += 1;
            self.written = 0;
        }
        Ok(())
    }

    /// Checks that every tensor was written, flushes, and returns the inner writer.
    ///
    /// *Errors*: [`GgufError::WrongSize`] naming the first tensor that lacks bytes,
    /// [`GgufError::Write`].
    pub fn finish(mut self) -> Result<W, GgufError> {
        if self.current < self.tensors.len() {
            return Err(self.wrong_size(self.written));
        }
        let flushed = self.out.flush();
        flushed.map_err(|source| GgufError::Write {
            file: self.file.clone(),
            source,
        })?;
        Ok(self.out)
    }

    fn due_name(&self) -> &str {
        self.tensors
            .get(self.current)
            .map_or("the end of the file", |due| &due.name)
    }

    fn wrong_size(&self, given: u64) -> GgufError {
        let due = &self.tensors[self.current];
        GgufError::WrongSize {
            file: self.file.clone(),
            tensor: shown(&due.name),
            expected: due.n_bytes,
            given,
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), GgufError> {
        let done = self.out.write_all(bytes);
        done.map_err(|source| GgufError::Write {
            file: self.file.clone(),
            source,
        })
    }
}

impl Gguf {
    /// Writes this file again: same metadata, same tensors in the same order, bytes from
    /// `parts`, one slice a part. A canonical version 3 file comes out byte for byte; a joined
    /// set comes out as one file, without the `split.*` keys.
    ///
    /// *Errors*: those of [`GgufWriter`]. *Panics*: as [`TensorInfo::bytes`].
    pub fn write<W: Write>(&self, out: W, parts: &[&[u8]]) -> Result<W, GgufError> {
        let specs: Vec<TensorSpec> = self.tensors().iter().map(TensorSpec::from).collect();
        let metadata = if self.files.len() > 1 {
            self.unsplit_metadata()
        } else {
            self.metadata.clone()
        };
        let mut writer = GgufWriter::new(out, &metadata, &specs)?;
        for tensor in self.tensors() {
            writer.write_tensor(&tensor.name, tensor.bytes(parts[tensor.part]))?;
        }
        writer.finish()
    }

    fn unsplit_metadata(&self) -> Metadata {
        let mut metadata = Metadata::new(self.metadata.file());
        for (key, value) in self
            .metadata
            .iter()
            .filter(|(key, _)| !key.starts_with("split."))
        {
            metadata.set(key, value.clone());
        }
        metadata
    }
}

fn check_specs(file: &str, tensors: &[TensorSpec]) -> Result<Vec<Declared>, GgufError> {
    let mut names = HashSet::new();
    let mut declared = Vec::with_capacity(tensors.len());
    let mut total = 0u64;
    for spec in tensors {
        check_name(file, "tensor", &spec.name)?;
        if !names.insert(spec.name.as_str()) {
            let tensor = shown(&spec.name);
            return Err(GgufError::DuplicateTensor {
                file: file.to_owned(),
                tensor,
            });
        }
        if spec.dims.len() > MAX_DIMS as usize {
            return Err(GgufError::Limit {
                file: file.to_owned(),
                place: format!("number of dimensions of tensor {}", shown(&spec.name)),
                value: spec.dims.len() as u64,
                limit: MAX_DIMS.into(),
            });
        }
        let shape = |fault| GgufError::Shape {
            file: file.to_owned(),
            tensor: shown(&spec.name),
            dims: spec.dims.clone(),
            fault,
        };
        let n_bytes = reader::tensor_bytes(spec.ty, &spec.dims).map_err(shape)?;
        let padded = n_bytes + super::MAX_ALIGNMENT;
        total = total
            .checked_add(padded)
            .ok_or_else(|| shape(super::ShapeFault::Overflow))?;
        declared.push(Declared {
            name: spec.name.clone(),
            n_bytes,
        });
    }
    Ok(declared)
}

fn check_name(file: &str, what: &str, name: &str) -> Result<(), GgufError> {
    if name.len() as u64 <= MAX_NAME_BYTES {
        return Ok(());
    }
    Err(GgufError::Limit {
        file: file.to_owned(),
        place: format!("length of the {what} name {}", shown(name)),
        value: name.len() as u64,
        limit: MAX_NAME_BYTES,
    })
}

fn put_tensor(out: &mut Vec<u8>, spec: &TensorSpec, offset: u64) {
    put_string(out, &spec.name);
    out.extend((spec.dims.len() as u32).to_le_bytes());
    for dim in &spec.dims {
        out.extend(dim.to_le_bytes());
    }
    out.extend(spec.ty.id().to_le_bytes());
    out.extend(offset.to_le_bytes());
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    out.extend(value.value_type().id().to_le_bytes());
    match value {
        Value::U8(v) => out.extend(v.to_le_bytes()),
        Value::I8(v) => out.extend(v.to_le_bytes()),
        Value::U16(v) => out.extend(v.to_le_bytes()),
        Value::I16(v) => out.extend(v.to_le_bytes()),
        Value::U32(v) => out.extend(v.to_le_bytes()),
        Value::I32(v) => out.extend(v.to_le_bytes()),
        Value::F32(v) => out.extend(v.to_le_bytes()),
        Value::U64(v) => out.extend(v.to_le_bytes()),
        Value::I64(v) => out.extend(v.to_le_bytes()),
        Value::F64(v) => out.extend(v.to_le_bytes()),
        Value::Bool(v) => out.push(u8::from(*v)),
        Value::String(v) => put_string(out, v),
        Value::Array(v) => put_array(out, v),
    }
}

fn put_array(out: &mut Vec<u8>, array: &Array) {
    fn each<T: Copy, const N: usize>(out: &mut Vec<u8>, v: &[T], encode: fn(T) -> [u8; N]) {
        v.iter().for_each(|&v| out.extend(encode(v)));
    }
    out.extend(array.element_type().id().to_le_bytes());
    out.extend((array.len() as u64).to_le_bytes());
    match array {
        Array::U8(v) => out.extend(v),
        Array::I8(v) => each(out, v, i8::to_le_bytes),
        Array::U16(v) => each(out, v, u16::to_le_bytes),
        Array::I16(v) => each(out, v, i16::to_le_bytes),
        Array::U32(v) => each(out, v, u32::to_le_bytes),
        Array::I32(v) => each(out, v, i32::to_le_bytes),
        Array::F32(v) => each(out, v, f32::to_le_bytes),
        Array::U64(v) => each(out, v, u64::to_le_bytes),
        Array::I64(v) => each(out, v, i64::to_le_bytes),
        Array::F64(v) => each(out, v, f64::to_le_bytes),
        Array::Bool(v) => each(out, v, |v| [u8::from(v)]),
        Array::String(v) => v.iter().for_each(|text| put_string(out, text)),
    }
}
