//! What a session asks of a sequence, and what a network offers so that several sequences may be
//! computed in one pass.

use std::ops::Range;

use lilim_api::{CancelToken, KvType, TokenId};

use crate::estimate::OutOfMemory;

/// The fewest rows that a pass has room for, whatever the chunk: that many sequences step at once.
const MIN_PASS_ROWS: usize = 16;

/// What is decided about a sequence before its first token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The most positions.
    pub context: usize,
    /// The most positions of one [`Timeline::forward`].
    pub chunk: usize,
    pub kv_type: KvType,
}

impl Limits {
    /// The most rows of one pass, of all its sequences together.
    pub(crate) fn pass_rows(self) -> usize {
        self.chunk.max(MIN_PASS_ROWS)
    }
}

/// One sequence of positions under computation. Results depend on the positions only, never on how
/// they were cut into chunks or what was computed beside them.
pub(crate) trait Timeline: Send {
    /// Computes the next positions, and the logits after the last of them: as many rows as `logits`
    /// has room for, `[n, vocab_size]`. Looks at `cancel` before each layer, since a chunk of a
    /// large model takes many seconds; `false` when it gave up: of these positions and of those
    /// before as many are there as [`Self::rewind`] tells.
    ///
    /// Callers promise: `1..=chunk` ids, all inside the vocabulary, room in the context; no more
    /// logits than ids.
    #[must_use]
    fn forward(&mut self, ids: &[TokenId], logits: &mut Vec<f32>, cancel: &CancelToken) -> bool;

    /// Tells that no more positions come soon: sequences that compute at the same time need not
    /// wait for them.
    fn pause(&self);

    /// Whether [`Self::rewind`] can stop anywhere; recurrent networks only go back to the start.
    fn rewinds(&self) -> bool;

    /// Whether others were computed beside this sequence when it last was.
    fn has_mates(&self) -> bool;

    /// Forgets positions from `keep` on, or more if it cannot stop there; returns how many stay.
    fn rewind(&mut self, keep: usize) -> usize;
}

/// Weights and wiring, shared by all sequences; computes rows of several of them in one pass.
pub(crate) trait Network: Send + Sync + 'static {
    /// Whether [`Self::rewind`] can stop anywhere; recurrent networks only go back to the start.
    const REWINDS: bool;
    /// What is kept of one sequence's past.
    type Memory: Send;
    /// Activations of a pass.
    type Buffers: Send;

    fn vocab_size(&self) -> usize;

    /// The memory of an empty sequence.
    fn memory(&self, limits: Limits) -> Result<Self::Memory, OutOfMemory>;

    /// Buffers for passes of at most `n_rows`.
    fn buffers(&self, n_rows: usize) -> Result<Self::Buffers, OutOfMemory>;

    /// Computes the runs' rows and appends them to their memories; their last hidden states stay in
    /// the buffers for [`Self::logits`]. Asks `stop` before each layer; `false` when it gave up:
    /// the memories hold what [`Self::rewind`] tells.
    #[must_use]
    fn forward(
        &self,
        runs: &mut [Run<'_, Self::Memory>],
        buffers: &mut Self::Buffers,
        stop: &dyn Fn() -> bool,
    ) -> bool;

    /// Computes the logits of these rows of the last forward. `out: [rows.len(), vocab_size]`
    fn logits(&self, rows: &[usize], buffers: &mut Self::Buffers, out: &mut [f32]);

    /// Forgets positions from `keep` on, or more if it cannot stop there; returns how many stay.
    fn rewind(memory: &mut Self::Memory, keep: usize) -> usize;
}

/// The rows of one sequence in a pass: its next positions.
pub(crate) struct Run<'a, M> {
    pub memory: &'a mut M,
    pub ids: &'a [TokenId],
}

/// The runs, each with its rows of the pass.
pub(crate) fn with_rows<'r, 'a, M>(
    runs: &'r mut [Run<'a, M>],
) -> impl Iterator<Item = (Range<usize>, &'r mut Run<'a, M>)> {
    let mut end = 0;
    runs.iter_mut().map(move |run| {
        let start = end;
        end += run.ids.len();
        (start..end, run)
    })
}
