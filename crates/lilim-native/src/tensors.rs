//! Finding a model's tensors: shape and type are checked before anything is computed with them.
//!
//! A [`Matrix`] is a place in the file, not a copy, until `resident` lays out those that products
//! read; vectors are small and need alignment, so they become `f32` here. A tensor that nobody asked for is an error: a
//! computation that ignores a bias gives wrong answers quietly.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use lilim_formats::gguf::{Gguf, TensorInfo};
use lilim_formats::{GgmlType, codec};
use lilim_kernels::WeightRows;

use crate::error::ModelError;

/// A matrix of weights: `[n_rows, n_cols]`, one output a row.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub ty: GgmlType,
    pub part: usize,
    pub bytes: Range<usize>,
    pub n_rows: usize,
    pub n_cols: usize,
    /// Where it lies packed for products, see [`crate::resident`].
    pub resident: Option<Range<usize>>,
}

impl Matrix {
    /// The matrix as it lies in the file.
    pub(crate) fn in_file<'a>(&self, parts: &[&'a [u8]]) -> WeightRows<'a> {
        let bytes = &parts[self.part][self.bytes.clone()];
        WeightRows::new(self.ty, bytes, self.n_rows, self.n_cols)
            .expect("type and size were checked when the tensor was found")
    }

    /// Bytes of one row.
    pub(crate) fn row_bytes(&self) -> usize {
        self.bytes.len() / self.n_rows
    }

    /// The matrix of these rows only.
    pub(crate) fn rows(&self, rows: Range<usize>) -> Self {
        assert!(rows.end <= self.n_rows, "rows {rows:?} of {}", self.n_rows);
        let start = self.bytes.start;
        Self {
            bytes: start + rows.start * self.row_bytes()..start + rows.end * self.row_bytes(),
            n_rows: rows.len(),
            resident: None,
            ..*self
        }
    }
}

/// A matrix and what is added to its product.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    pub weight: Matrix,
    /// `[n_rows]`
    pub bias: Option<Vec<f32>>,
}

impl Linear {
    /// The part of it that computes these outputs.
    pub(crate) fn rows(&self, rows: Range<usize>) -> Self {
        Self {
            weight: self.weight.rows(rows.clone()),
            bias: self.bias.as_ref().map(|bias| bias[rows].to_vec()),
        }
    }
}

/// Weight and bias of a norm: `[dim]`, or `[n_heads, head_dim]` where each head has its own.
#[derive(Clone, Debug)]
pub(crate) struct Norm {
    pub weight: Vec<f32>,
    pub bias: Option<Vec<f32>>,
}

/// A model's tensors by name, and which of them were asked for.
pub(crate) struct Tensors<'a> {
    gguf: &'a Gguf,
    /// One a part.
    parts: Vec<&'a [u8]>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Tensors<'a> {
    pub(crate) fn new(gguf: &'a Gguf, parts: Vec<&'a [u8]>) -> Self {
        Self {
            gguf,
            parts,
            asked: RefCell::default(),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.gguf.tensor(name).is_some()
    }

    /// Tokens that the file lists, if it lists any.
    pub(crate) fn n_tokens(&self) -> Result<Option<u64>, ModelError> {
        let tokens = self.gguf.metadata().strings("tokenizer.ggml.tokens")?;
        Ok(tokens.map(|tokens| tokens.len() as u64))
    }

    /// The sizes of a tensor, fastest first.
    pub(crate) fn dims(&self, name: &str) -> Result<&'a [u64], ModelError> {
        Ok(&self.info(name)?.dims)
    }

    /// A matrix of exactly this shape.
    pub(crate) fn matrix(
        &self,
        name: &str,
        n_rows: usize,
        n_cols: usize,
    ) -> Result<Matrix, ModelError> {
        let info = self.info(name)?;
        check_dims(info, &[n_cols as u64, n_rows as u64])?;
        let row_bytes = row_bytes(info, n_cols)?;
        let bytes = self.range(info)?;
        assert_eq!(bytes.len(), row_bytes * n_rows, "bytes of {name}");
        Ok(Matrix {
            ty: info.ty,
            part: info.part,
            bytes,
            n_rows,
            n_cols,
            resident: None,
        })
    }

    /// `<name>.weight` as a matrix and `<name>.bias`, if there is one.
    pub(crate) fn linear(
        &self,
        name: &str,
        n_rows: usize,
        n_cols: usize,
    ) -> Result<Linear, ModelError> {
        Ok(Linear {
            weight: self.matrix(&format!("{name}.weight"), n_rows, n_cols)?,
            bias: self.optional_vector(&format!("{name}.bias"), n_rows)?,
        })
    }

    /// `<name>.weight` and `<name>.bias`, if there is one, of `len` elements.
    pub(crate) fn norm(&self, name: &str, len: usize) -> Result<Norm, ModelError> {
        Ok(Norm {
            weight: self.vector(&format!("{name}.weight"), len)?,
            bias: self.optional_vector(&format!("{name}.bias"), len)?,
        })
    }

    /// A tensor of `len` elements in any shape, as floats.
    pub(crate) fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let info = self.info(name)?;
        if info.n_elements() != len as u64 {
            check_dims(info, &[len as u64])?;
        }
        row_bytes(info, info.dims.first().map_or(1, |&n| n as usize))?;
        let mut values = vec![0.0; len];
        let bytes = &self.parts[info.part][self.range(info)?];
        codec::decode(info.ty, bytes, &mut values).map_err(|_| ModelError::TensorType {
            tensor: name.to_owned(),
            ty: info.ty.name(),
            n_cols: len,
        })?;
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(ModelError::NotANumber {
                tensor: name.to_owned(),
                value: values[index],
                index,
            }),
            None => Ok(values),
        }
    }

    pub(crate) fn optional_vector(
        &self,
        name: &str,
        len: usize,
    ) -> Result<Option<Vec<f32>>, ModelError> {
        if self.has(name) {
            return self.vector(name, len).map(Some);
        }
        Ok(None)
    }

    /// Notes that a tensor may be there though nothing uses it.
    pub(crate) fn ignore(&self, name: &str) {
        self.asked.borrow_mut().insert(name.to_owned());
    }

    /// Checks that every tensor of the file was asked for.
    pub(crate) fn finish(self, arch: &str) -> Result<(), ModelError> {
        let asked = self.asked.into_inner();
        let unknown = self
            .gguf
            .tensors()
            .iter()
            .find(|info| !asked.contains(&info.name));
        match unknown {
            Some(info) => Err(ModelError::UnknownTensor {
                tensor: info.name.clone(),
                arch: arch.to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn info(&self, name: &str) -> Result<&'a TensorInfo, ModelError> {
        self.ignore(name);
        self.gguf
            .tensor(name)
            .ok_or_else(|| ModelError::MissingTensor {
                tensor: name.to_owned(),
            })
    }

    fn range(&self, info: &TensorInfo) -> Result<Range<usize>, ModelError> {
        let len = self.parts.get(info.part).map_or(0, |part| part.len());
        let end = info.offset.saturating_add(info.n_bytes);
        if end > len as u64 {
            return Err(ModelError::TensorBounds {
                tensor: info.name.clone(),
                part: info.part,
                end,
                len,
            });
        }
        Ok(info.offset as usize..end as usize)
    }
}

fn check_dims(info: &TensorInfo, expected: &[u64]) -> Result<(), ModelError> {
    if info.dims == expected {
        return Ok(());
    }
    Err(ModelError::TensorShape {
        tensor: info.name.clone(),
        expected: expected.to_vec(),
        got: info.dims.clone(),
    })
}

/// Bytes of a row of `n_cols` weights, for types that hold weights.
fn row_bytes(info: &TensorInfo, n_cols: usize) -> Result<usize, ModelError> {
    info.ty
        .row_bytes(n_cols)
        .filter(|_| WeightRows::supports(info.ty))
        .ok_or_else(|| ModelError::TensorType {
            tensor: info.name.clone(),
            ty: info.ty.name(),
            n_cols,
        })
}
