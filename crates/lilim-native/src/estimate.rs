//! Memory admission: what a model will take is added up, and compared with what there is, before
//! anything is loaded. Large buffers are reserved so that failure is an error and not an abort.

use lilim_api::{EngineError, MemoryEstimate};

/// A buffer that the system would not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfMemory {
    pub what: &'static str,
    pub needed_bytes: u64,
}

impl From<OutOfMemory> for EngineError {
    fn from(error: OutOfMemory) -> Self {
        Self::AllocationFailed {
            what: error.what.to_owned(),
            needed_bytes: error.needed_bytes,
        }
    }
}

/// Reserving that can fail.
pub(crate) trait Reserve {
    /// Makes room for `len` elements in an empty vector.
    fn reserve_or_fail(&mut self, what: &'static str, len: usize) -> Result<(), OutOfMemory>;
}

impl<T> Reserve for Vec<T> {
    fn reserve_or_fail(&mut self, what: &'static str, len: usize) -> Result<(), OutOfMemory> {
        self.try_reserve_exact(len).map_err(|_| OutOfMemory {
            what,
            needed_bytes: (len as u64).saturating_mul(size_of::<T>() as u64),
        })
    }
}

/// Makes `len` zeros. Their pages are taken when they are first written, so a buffer for long
/// prompts costs a short one neither time nor memory.
pub(crate) fn zeros(what: &'static str, len: usize) -> Result<Vec<f32>, OutOfMemory> {
    // the allocation below would end the process where this one gives an error
    Vec::<f32>::new().reserve_or_fail(what, len)?;
    Ok(vec![0.0; len])
}

/// Refuses what does not fit into `limit` bytes; without a limit the caller takes the risk.
pub(crate) fn admit(estimate: &MemoryEstimate, limit: Option<u64>) -> Result<(), EngineError> {
    let Some(available_bytes) = limit else {
        return Ok(());
    };
    let needed_bytes = estimate.total_bytes();
    if needed_bytes <= available_bytes {
        return Ok(());
    }
    Err(EngineError::OutOfMemory {
        what: format!(
            "the model ({} bytes of weights, {} of cache, {} of buffers)",
            estimate.weight_bytes, estimate.kv_bytes, estimate.buffer_bytes
        ),
        needed_bytes,
        available_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_beyond_the_limit_is_refused_with_numbers() {
        let estimate = MemoryEstimate {
            weight_bytes: 70,
            kv_bytes: 20,
            buffer_bytes: 10,
        };
        assert_eq!(admit(&estimate, Some(100)), Ok(()));
        let error = admit(&estimate, Some(99)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the model (70 bytes of weights, 20 of cache, 10 of buffers) needs 100 bytes but 99 are available"
        );
    }

    #[test]
    fn an_absurd_buffer_is_an_error() {
        assert_eq!(
            zeros("test", usize::MAX / 8),
            Err(OutOfMemory {
                what: "test",
                needed_bytes: (usize::MAX / 8) as u64 * 4
            })
        );
        assert_eq!(zeros("test", 2), Ok(vec![0.0; 2]));
    }
}
