//! Reads a GGUF header. Every number in the file is hostile until checked: counts against the
//! bytes that are left before anything is allocated, sums and products for overflow, offsets
//! against the file and against each other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use super::{
    ALIGNMENT_KEY, Array, DEFAULT_ALIGNMENT, Gguf, GgufError, MAX_ALIGNMENT, MAX_DIMS, MAX_KEYS,
    MAX_NAME_BYTES, MAX_TENSORS, Metadata, ShapeFault, TensorInfo, Value, ValueType,
};
use crate::GgmlType;
use crate::ggml_type::known_name;
use crate::shown::shown;

pub(super) const MAGIC: [u8; 4] = *b"GGUF";

/// The fewest bytes of a key-value pair: key length, type, a one-byte value.
const MIN_PAIR_BYTES: u64 = 8 + 4 + 1;
/// The fewest bytes of a tensor's entry: name length, number of dimensions, type, offset.
const MIN_TENSOR_BYTES: u64 = 8 + 4 + 4 + 8;
/// The most elements a list is given room for before the file has shown them to be there.
const MAX_FIRST_CAPACITY: usize = 1024;

pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Gguf, GgufError> {
    let mut cursor = Cursor {
        file,
        bytes,
        pos: 0,
    };
    let version = read_version(&mut cursor)?;
    let n_tensors = cursor.count(Place::Header("tensor count"), MIN_TENSOR_BYTES, MAX_TENSORS)?;
    let n_keys = cursor.count(Place::Header("key count"), MIN_PAIR_BYTES, MAX_KEYS)?;
    let metadata = read_metadata(&mut cursor, n_keys)?;
    let alignment = alignment(&metadata)?;
    let mut table = TensorTable::new(file, alignment);
    for number in 0..n_tensors {
        table.read_entry(&mut cursor, number)?;
    }
    table.place_data(cursor.pos as u64, bytes.len() as u64)?;
    Ok(Gguf {
        files: vec![file.to_owned()],
        version,
        alignment,
        metadata,
        tensors: table.tensors,
        index: table.index,
    })
}

fn read_version(cursor: &mut Cursor<'_>) -> Result<u32, GgufError> {
    let file = cursor.file.to_owned();
    let magic = cursor.bytes.get(..4).unwrap_or(cursor.bytes);
    if magic != MAGIC {
        return Err(GgufError::NotGguf {
            file,
            magic: magic.to_vec(),
        });
    }
    cursor.pos = 4;
    let version = cursor.u32(Place::Header("version"))?;
    match version {
        2 | 3 => Ok(version),
        // A small version number in the other byte order has its low half empty.
        _ if version != 0 && version & 0xffff == 0 => Err(GgufError::BigEndian {
            file,
            version: version.swap_bytes(),
        }),
        _ => Err(GgufError::Version { file, version }),
    }
}

fn read_metadata(cursor: &mut Cursor<'_>, n_keys: u64) -> Result<Metadata, GgufError> {
    let mut metadata = Metadata::new(cursor.file);
    for number in 0..n_keys {
        let key = cursor.name(Place::KeyName(number))?;
        let ty = cursor.value_type(key)?;
        let value = read_value(cursor, key, ty)?;
        metadata.push(key, value)?;
    }
    Ok(metadata)
}

fn read_value(cursor: &mut Cursor<'_>, key: &str, ty: ValueType) -> Result<Value, GgufError> {
    let place = Place::Key(key);
    Ok(match ty {
        ValueType::U8 => Value::U8(u8::from_le_bytes(cursor.array(place)?)),
        ValueType::I8 => Value::I8(i8::from_le_bytes(cursor.array(place)?)),
        ValueType::U16 => Value::U16(u16::from_le_bytes(cursor.array(place)?)),
        ValueType::I16 => Value::I16(i16::from_le_bytes(cursor.array(place)?)),
        ValueType::U32 => Value::U32(u32::from_le_bytes(cursor.array(place)?)),
        ValueType::I32 => Value::I32(i32::from_le_bytes(cursor.array(place)?)),
        ValueType::F32 => Value::F32(f32::from_le_bytes(cursor.array(place)?)),
        ValueType::U64 => Value::U64(u64::from_le_bytes(cursor.array(place)?)),
        ValueType::I64 => Value::I64(i64::from_le_bytes(cursor.array(place)?)),
        ValueType::F64 => Value::F64(f64::from_le_bytes(cursor.array(place)?)),
        ValueType::Bool => Value::Bool(cursor.bool(key)?),
        ValueType::String => Value::String(cursor.string(place)?.to_owned()),
        ValueType::Array => {
            let element = cursor.value_type(key)?;
            let len = cursor.count(place, element.min_bytes(), u64::MAX)?;
            Value::Array(read_array(cursor, key, element, len)?)
        }
    })
}

fn read_array(
    cursor: &mut Cursor<'_>,
    key: &str,
    element: ValueType,
    len: u64,
) -> Result<Array, GgufError> {
    let place = Place::Key(key);
    Ok(match element {
        ValueType::U8 => Array::U8(cursor.numbers(place, len, u8::from_le_bytes)?),
        ValueType::I8 => Array::I8(cursor.numbers(place, len, i8::from_le_bytes)?),
        ValueType::U16 => Array::U16(cursor.numbers(place, len, u16::from_le_bytes)?),
        ValueType::I16 => Array::I16(cursor.numbers(place, len, i16::from_le_bytes)?),
        ValueType::U32 => Array::U32(cursor.numbers(place, len, u32::from_le_bytes)?),
        ValueType::I32 => Array::I32(cursor.numbers(place, len, i32::from_le_bytes)?),
        ValueType::F32 => Array::F32(cursor.numbers(place, len, f32::from_le_bytes)?),
        ValueType::U64 => Array::U64(cursor.numbers(place, len, u64::from_le_bytes)?),
        ValueType::I64 => Array::I64(cursor.numbers(place, len, i64::from_le_bytes)?),
        ValueType::F64 => Array::F64(cursor.numbers(place, len, f64::from_le_bytes)?),
        ValueType::Bool => Array::Bool(cursor.list(len, |cursor| cursor.bool(key))?),
        ValueType::String => {
            Array::String(cursor.list(len, |cursor| cursor.string(place).map(str::to_owned))?)
        }
        ValueType::Array => {
            return Err(GgufError::NestedArray {
                file: cursor.file.to_owned(),
                key: shown(key),
            });
        }
    })
}

/// Returns the checked alignment, the default when the metadata names none.
pub(super) fn alignment(metadata: &Metadata) -> Result<u64, GgufError> {
    let Some(value) = metadata.u32(ALIGNMENT_KEY)? else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    let value = u64::from(value);
    if !value.is_power_of_two() || value > MAX_ALIGNMENT {
        return Err(GgufError::Alignment {
            file: metadata.file().to_owned(),
            value,
        });
    }
    Ok(value)
}

/// Counts the bytes of a tensor, or says why there can be no such tensor.
pub(super) fn tensor_bytes(ty: GgmlType, dims: &[u64]) -> Result<u64, ShapeFault> {
    let block_len = ty.block_len() as u64;
    if dims.contains(&0) {
        return Err(ShapeFault::Zero);
    }
    let n_elements = dims
        .iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(dim));
    let n_elements = n_elements.ok_or(ShapeFault::Overflow)?;
    if !dims.first().copied().unwrap_or(1).is_multiple_of(block_len) {
        return Err(ShapeFault::PartBlock {
            ty,
            block_len: ty.block_len(),
        });
    }
    let n_bytes = (n_elements / block_len).checked_mul(ty.block_bytes() as u64);
    n_bytes
        .filter(|&n| i64::try_from(n).is_ok())
        .ok_or(ShapeFault::Overflow)
}

/// The tensor table while it is read.
struct TensorTable<'a> {
    file: &'a str,
    alignment: u64,
    tensors: Vec<TensorInfo>,
    index: HashMap<String, usize>,
}

impl<'a> TensorTable<'a> {
    fn new(file: &'a str, alignment: u64) -> Self {
        Self {
            file,
            alignment,
            tensors: Vec::new(),
            index: HashMap::new(),
        }
    }

    /// Reads one entry; its offset stays relative to the data until [`Self::place_data`].
    fn read_entry(&mut self, cursor: &mut Cursor<'_>, number: u64) -> Result<(), GgufError> {
        let name = cursor.name(Place::TensorName(number))?;
        let place = Place::Tensor(name);
        let n_dims = cursor.u32(place)?;
        if n_dims > MAX_DIMS {
            return Err(GgufError::Limit {
                file: self.file.to_owned(),
                place: format!("number of dimensions of {place}"),
                value: n_dims.into(),
                limit: MAX_DIMS.into(),
            });
        }
        let mut dims = Vec::with_capacity(n_dims as usize);
        for _ in 0..n_dims {
            dims.push(cursor.u64(place)?);
        }
        let id = cursor.u32(place)?;
        let offset = cursor.u64(place)?;
        let ty = GgmlType::from_id(id).ok_or_else(|| GgufError::TensorType {
            file: self.file.to_owned(),
            tensor: shown(name),
            id,
            name: known_name(id).unwrap_or("unknown"),
        })?;
        let n_bytes = tensor_bytes(ty, &dims).map_err(|fault| GgufError::Shape {
            file: self.file.to_owned(),
            tensor: shown(name),
            dims: dims.clone(),
            fault,
        })?;
        if !offset.is_multiple_of(self.alignment) {
            return Err(GgufError::Misaligned {
                file: self.file.to_owned(),
                tensor: shown(name),
                offset,
                alignment: self.alignment,
            });
        }
        self.push(TensorInfo {
            name: name.to_owned(),
            ty,
            dims,
            part: 0,
            offset,
            n_bytes,
        })
    }

    fn push(&mut self, tensor: TensorInfo) -> Result<(), GgufError> {
        match self.index.entry(tensor.name.clone()) {
            Entry::Occupied(_) => Err(GgufError::DuplicateTensor {
                file: self.file.to_owned(),
                tensor: shown(&tensor.name),
            }),
            Entry::Vacant(place) => {
                place.insert(self.tensors.len());
                self.tensors.push(tensor);
                Ok(())
            }
        }
    }

    /// Turns offsets in the data into offsets in the file, once the header's length is known,
    /// and checks that every tensor is inside the file and alone there.
    fn place_data(&mut self, header_len: u64, file_len: u64) -> Result<(), GgufError> {
        let data_start = header_len.next_multiple_of(self.alignment);
        for tensor in &mut self.tensors {
            let offset = u128::from(data_start) + u128::from(tensor.offset);
            if offset + u128::from(tensor.n_bytes) > u128::from(file_len) {
                return Err(GgufError::OutsideFile {
                    file: self.file.to_owned(),
                    tensor: shown(&tensor.name),
                    offset,
                    n_bytes: tensor.n_bytes,
                    file_len,
                });
            }
            tensor.offset += data_start;
        }
        let mut by_offset: Vec<&TensorInfo> = self.tensors.iter().collect();
        by_offset.sort_by_key(|tensor| tensor.offset);
        for pair in by_offset.windows(2) {
            let end = pair[0].offset + pair[0].n_bytes;
            if pair[1].offset < end {
                return Err(GgufError::Overlap {
                    file: self.file.to_owned(),
                    tensor: shown(&pair[1].name),
                    other: shown(&pair[0].name),
                    offset: pair[1].offset,
                    end,
                });
            }
        }
        Ok(())
    }
}

/// What is being read, for messages; made without allocating.
#[derive(Clone, Copy)]
enum Place<'a> {
    Header(&'static str),
    KeyName(u64),
    Key(&'a str),
    TensorName(u64),
    Tensor(&'a str),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(what) => f.write_str(what),
            Self::KeyName(number) => write!(f, "name of key number {number}"),
            Self::Key(key) => write!(f, "key {}", shown(key)),
            Self::TensorName(number) => write!(f, "name of tensor number {number}"),
            Self::Tensor(name) => write!(f, "tensor {}", shown(name)),
        }
    }
}

/// Takes little-endian numbers and strings off the front of a file.
struct Cursor<'a> {
    file: &'a str,
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Cursor<'a> {
    fn remaining(&self) -> u64 {
        (self.bytes.len() - self.pos) as u64
    }

    /// Returns an error unless `needed` bytes are left.
    fn require(&self, needed: u64, place: Place<'_>) -> Result<(), GgufError> {
        let available = self.remaining();
        if needed <= available {
            return Ok(());
        }
        Err(GgufError::Truncated {
            file: self.file.to_owned(),
            place: place.to_string(),
            offset: self.pos as u64,
            needed,
            available,
        })
    }

    fn take(&mut self, len: u64, place: Place<'_>) -> Result<&'a [u8], GgufError> {
        self.require(len, place)?;
        let taken = &self.bytes[self.pos..self.pos + len as usize];
        self.pos += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, place: Place<'_>) -> Result<[u8; N], GgufError> {
        let taken = self.take(N as u64, place)?;
        Ok(taken.try_into().expect("take returns the length asked for"))
    }

    fn u32(&mut self, place: Place<'_>) -> Result<u32, GgufError> {
        self.array(place).map(u32::from_le_bytes)
    }

    fn u64(&mut self, place: Place<'_>) -> Result<u64, GgufError> {
        self.array(place).map(u64::from_le_bytes)
    }

    /// Reads how many things of at least `min_bytes` each follow: never more than fit the rest
    /// of the file.
    fn count(&mut self, place: Place<'_>, min_bytes: u64, limit: u64) -> Result<u64, GgufError> {
        let count = self.u64(place)?;
        self.require(count.saturating_mul(min_bytes), place)?;
        if count > limit {
            let file = self.file.to_owned();
            return Err(GgufError::Limit {
                file,
                place: place.to_string(),
                value: count,
                limit,
            });
        }
        Ok(count)
    }

    fn string(&mut self, place: Place<'_>) -> Result<&'a str, GgufError> {
        let len = self.u64(place)?;
        let offset = self.pos as u64;
        let taken = self.take(len, place)?;
        std::str::from_utf8(taken).map_err(|_| GgufError::NotUtf8 {
            file: self.file.to_owned(),
            place: place.to_string(),
            offset,
        })
    }

    fn name(&mut self, place: Place<'_>) -> Result<&'a str, GgufError> {
        let name = self.string(place)?;
        let len = name.len() as u64;
        if len > MAX_NAME_BYTES {
            return Err(GgufError::Limit {
                file: self.file.to_owned(),
                place: format!("length of the {place}"),
                value: len,
                limit: MAX_NAME_BYTES,
            });
        }
        Ok(name)
    }

    fn value_type(&mut self, key: &str) -> Result<ValueType, GgufError> {
        let id = self.u32(Place::Key(key))?;
        ValueType::from_id(id).ok_or_else(|| GgufError::ValueType {
            file: self.file.to_owned(),
            key: shown(key),
            id,
        })
    }

    fn bool(&mut self, key: &str) -> Result<bool, GgufError> {
        let offset = self.pos as u64;
        match self.array(Place::Key(key))? {
            [0] => Ok(false),
            [1] => Ok(true),
            [value] => Err(GgufError::Bool {
                file: self.file.to_owned(),
                key: shown(key),
                value,
                offset,
            }),
        }
    }

    /// Reads `len` numbers of `N` bytes each.
    fn numbers<const N: usize, T>(
        &mut self,
        place: Place<'_>,
        len: u64,
        decode: fn([u8; N]) -> T,
    ) -> Result<Vec<T>, GgufError> {
        let taken = self.take(len.saturating_mul(N as u64), place)?;
        let (chunks, _) = taken.as_chunks::<N>();
        Ok(chunks.iter().map(|&chunk| decode(chunk)).collect())
    }

    /// Reads `len` things of unknown size; room grows with what is really there.
    fn list<T>(
        &mut self,
        len: u64,
        mut read: impl FnMut(&mut Self) -> Result<T, GgufError>,
    ) -> Result<Vec<T>, GgufError> {
        let first = usize::try_from(len)
            .unwrap_or(usize::MAX)
            .min(MAX_FIRST_CAPACITY);
        let mut list = Vec::with_capacity(first);
        for _ in 0..len {
            list.push(read(self)?);
        }
        Ok(list)
    }
}
