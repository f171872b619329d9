//! The key-value pairs of a GGUF file in file order, with readers that check type and range, so
//! that a wrong value is an error naming file and key and never a silent default.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Array, GgufError, Value};
use crate::shown::shown;

/// Metadata in file order. Keys are unique. Equal when keys, values and order are equal; the file
/// name does not count.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    file: String,
    pairs: Vec<(String, Value)>,
    index: HashMap<String, usize>,
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.pairs == other.pairs
    }
}

impl Metadata {
    /// Makes empty metadata; `file` is the name its errors give.
    pub fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..Self::default()
        }
    }

    /// Returns the name its errors give.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the value of a key as the file has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.index.get(key).map(|&at| &self.pairs[at].1)
    }

    /// Goes through the pairs in file order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Says whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Appends a key.
    ///
    /// *Errors*: [`GgufError::DuplicateKey`] when the key is there already.
    pub fn push(&mut self, key: &str, value: Value) -> Result<(), GgufError> {
        match self.index.entry(key.to_owned()) {
            Entry::Occupied(_) => Err(GgufError::DuplicateKey {
                file: self.file.clone(),
                key: shown(key),
            }),
            Entry::Vacant(place) => {
                place.insert(self.pairs.len());
                self.pairs.push((key.to_owned(), value));
                Ok(())
            }
        }
    }

    /// Sets a key: at its place when it is there, else at the end.
    pub fn set(&mut self, key: &str, value: Value) {
        match self.index.get(key) {
            Some(&at) => self.pairs[at].1 = value,
            None => {
                self.index.insert(key.to_owned(), self.pairs.len());
                self.pairs.push((key.to_owned(), value));
            }
        }
    }

    /// Returns an integer of any width that fits `u32`; `Ok(None)` when the key is absent.
    ///
    /// *Errors*: [`GgufError::WrongType`], [`GgufError::OutOfRange`]; likewise the readers below.
    pub fn u32(&self, key: &str) -> Result<Option<u32>, GgufError> {
        self.integer(key, "u32")
    }

    /// Returns an integer of any width that fits `u64`.
    pub fn u64(&self, key: &str) -> Result<Option<u64>, GgufError> {
        self.integer(key, "u64")
    }

    /// Returns an integer of any width that fits `i32`.
    pub fn i32(&self, key: &str) -> Result<Option<i32>, GgufError> {
        self.integer(key, "i32")
    }

    /// Returns a float; an `f64` is rounded and must not become infinite.
    pub fn f32(&self, key: &str) -> Result<Option<f32>, GgufError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let wide = value
            .as_float()
            .ok_or_else(|| self.wrong_type(key, value, "f32"))?;
        self.narrow(key, wide).map(Some)
    }

    /// Returns a boolean.
    pub fn bool(&self, key: &str) -> Result<Option<bool>, GgufError> {
        match self.get(key) {
            None => Ok(None),
            Some(&Value::Bool(v)) => Ok(Some(v)),
            Some(other) => Err(self.wrong_type(key, other, "bool")),
        }
    }

    /// Returns a string.
    pub fn str(&self, key: &str) -> Result<Option<&str>, GgufError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(v)) => Ok(Some(v)),
            Some(other) => Err(self.wrong_type(key, other, "string")),
        }
    }

    /// Returns an array of strings.
    pub fn strings(&self, key: &str) -> Result<Option<&[String]>, GgufError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(Array::String(v))) => Ok(Some(v)),
            Some(other) => Err(self.wrong_type(key, other, "array of string")),
        }
    }

    /// Returns an array of integers of any width that fit `u32`.
    pub fn u32s(&self, key: &str) -> Result<Option<Vec<u32>>, GgufError> {
        self.integers(key, "array of u32", "u32")
    }

    /// Returns an array of integers of any width that fit `i32`.
    pub fn i32s(&self, key: &str) -> Result<Option<Vec<i32>>, GgufError> {
        self.integers(key, "array of i32", "i32")
    }

    /// Returns an array of floats; `f64` elements are rounded and must not become infinite.
    pub fn f32s(&self, key: &str) -> Result<Option<Vec<f32>>, GgufError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(Array::F32(v))) => Ok(Some(v.clone())),
            Some(Value::Array(Array::F64(v))) => v
                .iter()
                .map(|&wide| self.narrow(key, wide))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(other) => Err(self.wrong_type(key, other, "array of f32")),
        }
    }

    /// Returns an array of booleans.
    pub fn bools(&self, key: &str) -> Result<Option<&[bool]>, GgufError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(Array::Bool(v))) => Ok(Some(v)),
            Some(other) => Err(self.wrong_type(key, other, "array of bool")),
        }
    }

    fn integer<T: TryFrom<i128>>(
        &self,
        key: &str,
        wanted: &'static str,
    ) -> Result<Option<T>, GgufError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let wide = value
            .as_integer()
            .ok_or_else(|| self.wrong_type(key, value, wanted))?;
        T::try_from(wide)
            .map(Some)
            .map_err(|_| self.out_of_range(key, wide, wanted))
    }

    fn integers<T: TryFrom<i128>>(
        &self,
        key: &str,
        wanted: &'static str,
        element: &'static str,
    ) -> Result<Option<Vec<T>>, GgufError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let elements = match value {
            Value::Array(array) => array.integers(),
            _ => None,
        };
        let elements = elements.ok_or_else(|| self.wrong_type(key, value, wanted))?;
        let fit = |wide| T::try_from(wide).map_err(|_| self.out_of_range(key, wide, element));
        elements.map(fit).collect::<Result<_, _>>().map(Some)
    }

    fn narrow(&self, key: &str, wide: f64) -> Result<f32, GgufError> {
        let narrow = wide as f32;
        if narrow.is_infinite() && wide.is_finite() {
            return Err(self.out_of_range(key, wide, "f32"));
        }
        Ok(narrow)
    }

    fn wrong_type(&self, key: &str, value: &Value, wanted: &'static str) -> GgufError {
        GgufError::WrongType {
            file: self.file.clone(),
            key: shown(key),
            found: value.describe_type(),
            wanted,
        }
    }

    fn out_of_range(&self, key: &str, value: impl ToString, wanted: &'static str) -> GgufError {
        GgufError::OutOfRange {
            file: self.file.clone(),
            key: shown(key),
            value: value.to_string(),
            wanted,
        }
    }
}
