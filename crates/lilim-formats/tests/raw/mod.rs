//! Builds GGUF and safetensors bytes field by field, without the crate's own writer, so that a
//! test can put any number anywhere and a reader and a writer wrong in the same way are caught.

#![allow(dead_code, reason = "each test binary uses its own part")]

/// A GGUF file as a list of fields; `bytes` pads the header and adds the data.
#[derive(Clone, Default)]
pub(crate) struct RawGguf {
    pub(crate) keys: Vec<Vec<u8>>,
    pub(crate) tensors: Vec<Vec<u8>>,
    pub(crate) data: Vec<u8>,
    pub(crate) alignment: usize,
}

impl RawGguf {
    pub(crate) fn new() -> Self {
        Self {
            alignment: 32,
            ..Self::default()
        }
    }

    /// Adds a key with a value type and the value's bytes.
    pub(crate) fn key(mut self, key: &str, ty: u32, value: &[u8]) -> Self {
        self.keys
            .push([&string(key), &ty.to_le_bytes()[..], value].concat());
        self
    }

    /// Adds an entry of the tensor table.
    pub(crate) fn tensor(mut self, name: &str, dims: &[u64], ty: u32, offset: u64) -> Self {
        let mut entry = string(name);
        entry.extend((dims.len() as u32).to_le_bytes());
        dims.iter().for_each(|dim| entry.extend(dim.to_le_bytes()));
        entry.extend(ty.to_le_bytes());
        entry.extend(offset.to_le_bytes());
        self.tensors.push(entry);
        self
    }

    pub(crate) fn data(mut self, n_bytes: usize) -> Self {
        self.data = (0..n_bytes).map(|i| i as u8).collect();
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = header(3, self.tensors.len() as u64, self.keys.len() as u64);
        self.keys
            .iter()
            .chain(&self.tensors)
            .for_each(|field| out.extend(field));
        if !self.data.is_empty() {
            out.resize(out.len().next_multiple_of(self.alignment), 0);
            out.extend(&self.data);
        }
        out
    }
}

pub(crate) fn header(version: u32, n_tensors: u64, n_keys: u64) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(version.to_le_bytes());
    out.extend(n_tensors.to_le_bytes());
    out.extend(n_keys.to_le_bytes());
    out
}

/// A string with its length, as metadata has it.
pub(crate) fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

/// An array value: element type, length, elements.
pub(crate) fn array(element: u32, len: u64, elements: &[u8]) -> Vec<u8> {
    [&element.to_le_bytes()[..], &len.to_le_bytes(), elements].concat()
}

/// A safetensors file with this header.
pub(crate) fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        data,
    ]
    .concat()
}
