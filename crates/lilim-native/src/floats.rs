//! Buffers of f32 that begin where a cache line does.

use std::ops::{Deref, DerefMut};

use crate::estimate::{OutOfMemory, zeros};

/// The bytes of a cache line, and of the longest vector register.
const ALIGN: usize = 64;

/// A buffer whose vectors of 64 bytes lie in one cache line each, when rows are whole vectors: one
/// that lies in two takes twice the time to load or store.
#[derive(Default)]
pub(crate) struct Floats {
    /// Some more than the buffer has, to choose the start from; never grown, so it stays in place.
    values: Vec<f32>,
    start: usize,
    len: usize,
}

impl Floats {
    /// Makes `len` zeros; see [`zeros`].
    pub(crate) fn zeros(what: &'static str, len: usize) -> Result<Self, OutOfMemory> {
        let spare = ALIGN / size_of::<f32>();
        let values = zeros(what, len.saturating_add(spare))?;
        let start = values.as_ptr().align_offset(ALIGN).min(spare);
        Ok(Self { values, start, len })
    }
}

impl Deref for Floats {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..self.start + self.len]
    }
}

impl DerefMut for Floats {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_buffer_begins_at_a_cache_line_and_is_zero() {
        for len in [0, 1, 16, 1000, 100_000] {
            let floats = Floats::zeros("test", len).expect("little memory");
            assert_eq!(floats.as_ptr().align_offset(ALIGN), 0, "of {len}");
            assert_eq!(*floats, vec![0.0; len]);
        }
        assert!(Floats::default().is_empty());
        assert!(Floats::zeros("test", usize::MAX).is_err());
    }
}
