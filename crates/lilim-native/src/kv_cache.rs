//! Keys and values of the positions computed so far, as byte rows `[layer][pos][kv_head * head_dim]`.
//!
//! Room for the whole context is reserved at the start and filled as positions come, so a long
//! context costs real memory only when it is used. Layers with a window keep all rows too.

use lilim_api::KvType;
use lilim_kernels::KvKind;

use crate::compute::Compute;
use crate::config::Config;
use crate::estimate::{OutOfMemory, Reserve};

/// The shape of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KvShape {
    pub kind: KvKind,
    pub n_kv_heads: usize,
    pub head_dim: usize,
}

impl KvShape {
    pub(crate) fn new(cfg: &Config, kind: KvType) -> Self {
        Self {
            kind: match kind {
                KvType::F32 => KvKind::F32,
                KvType::F16 => KvKind::F16,
                KvType::Q8_0 => KvKind::Q8_0,
            },
            n_kv_heads: cfg.n_kv_heads,
            head_dim: cfg.head_dim,
        }
    }

    /// Bytes of one head's keys, or values, at one position.
    pub(crate) fn head_bytes(self) -> usize {
        self.kind.row_bytes(self.head_dim)
    }

    /// Bytes of all heads' keys, or values, at one position.
    pub(crate) fn row_bytes(self) -> usize {
        self.n_kv_heads * self.head_bytes()
    }
}

/// The cache of one sequence.
pub(crate) struct KvCache {
    pub shape: KvShape,
    /// `[n_layers]`
    layers: Vec<LayerRows>,
}

/// One layer's rows, each `[n_positions, row_bytes]`.
#[derive(Default)]
struct LayerRows {
    keys: Vec<u8>,
    values: Vec<u8>,
}

impl KvCache {
    /// Reserves room for `context` positions.
    pub(crate) fn new(
        shape: KvShape,
        n_layers: usize,
        context: usize,
    ) -> Result<Self, OutOfMemory> {
        let n_bytes = context.saturating_mul(shape.row_bytes());
        let mut layers = Vec::new();
        layers.resize_with(n_layers, LayerRows::default);
        for layer in &mut layers {
            layer.keys.reserve_or_fail("kv cache", n_bytes)?;
            layer.values.reserve_or_fail("kv cache", n_bytes)?;
        }
        Ok(Self { shape, layers })
    }

    /// Stores rows `[n, n_kv_heads * head_dim]` from position `first` on; what was there and behind
    /// is forgotten.
    pub(crate) fn store(
        &mut self,
        compute: &Compute,
        (layer, first): (usize, usize),
        (keys, values): (&[f32], &[f32]),
    ) {
        let shape = self.shape;
        let rows = &mut self.layers[layer];
        for (stored, new) in [(&mut rows.keys, keys), (&mut rows.values, values)] {
            let n_rows = new.len() / (shape.n_kv_heads * shape.head_dim);
            let start = first * shape.row_bytes();
            let end = start + n_rows * shape.row_bytes();
            assert!(start <= stored.len(), "position {first} leaves a gap");
            assert!(
                end <= stored.capacity(),
                "position {first} + {n_rows} has no room"
            );
            stored.resize(end, 0);
            compute.store_kv(shape, new, &mut stored[start..end]);
        }
    }

    /// Keys and values of a layer: `[n_positions, row_bytes]` each.
    pub(crate) fn rows(&self, layer: usize) -> (&[u8], &[u8]) {
        let rows = &self.layers[layer];
        (&rows.keys, &rows.values)
    }
}
