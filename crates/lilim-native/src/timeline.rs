//! What a network offers to a session: positions in, hidden rows, logits out.

use std::ops::Range;

use lilim_api::{CancelToken, KvType, TokenId};

/// What is decided about a sequence before its first token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The most positions.
    pub context: usize,
    /// The most positions of one [`Timeline::forward`].
    pub chunk: usize,
    pub kv_type: KvType,
}

/// One sequence of positions under computation. Results depend on the positions only, never on how
/// they were cut into chunks.
pub(crate) trait Timeline: Send {
    /// Computes the next positions; their last hidden states stay for [`Self::logits`]. Looks at
    /// `cancel` before each layer, since a chunk of a large model takes many seconds; `false` when
    /// it gave up: none of these positions is there then, and of those before as many as
    /// [`Self::rewind`] tells.
    ///
    /// Callers promise: `1..=chunk` ids, all inside the vocabulary, room in the context.
    #[must_use]
    fn forward(&mut self, ids: &[TokenId], cancel: &CancelToken) -> bool;

    /// Computes the logits of these rows of the last forward. `out: [rows.len(), vocab_size]`
    fn logits(&mut self, rows: Range<usize>, out: &mut [f32]);

    /// Whether [`Self::rewind`] can stop anywhere; recurrent networks only go back to the start.
    fn rewinds(&self) -> bool {
        true
    }

    /// Forgets positions from `keep` on, or more if it cannot stop there; returns how many stay.
    fn rewind(&mut self, keep: usize) -> usize;
}
