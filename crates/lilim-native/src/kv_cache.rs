//! Keys and values of the positions computed so far, for each layer and kv head by itself: keys in
//! transposed tiles of sixteen positions, values in rows.
//!
//! Room for the whole context is reserved at the start and filled as positions come, so a long
//! context costs real memory only when it is used. Layers with a window keep all rows too.

use lilim_api::KvType;
use lilim_kernels::{KvKind, KvRows};

use crate::compute::{Compute, WORK_PER_ELEMENT};
use crate::config::Config;
use crate::estimate::{OutOfMemory, Reserve};

/// Where tiles begin: at a cache line, so that no vector lies in two.
const ALIGNMENT: usize = 64;

/// The shape of what is kept.
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

    /// Bytes of one head's keys at so many positions.
    fn key_bytes(self, n_positions: usize) -> usize {
        let n_tiles = n_positions.div_ceil(KvKind::TILE);
        n_tiles.saturating_mul(self.kind.tile_bytes(self.head_dim))
    }

    /// Bytes of one head's values at so many positions.
    fn value_bytes(self, n_positions: usize) -> usize {
        n_positions.saturating_mul(self.kind.row_bytes(self.head_dim))
    }

    /// Bytes of one layer's keys and values at so many positions.
    pub(crate) fn layer_bytes(self, n_positions: usize) -> u64 {
        let head = self.key_bytes(n_positions) as u64 + self.value_bytes(n_positions) as u64;
        head.saturating_mul(self.n_kv_heads as u64)
    }
}

/// The cache of one sequence.
pub(crate) struct KvCache {
    pub shape: KvShape,
    /// `[n_layers][n_kv_heads]`
    layers: Vec<Vec<HeadCache>>,
}

/// One head's keys and values.
#[derive(Default)]
pub(crate) struct HeadCache {
    /// Tiles.
    keys: Aligned,
    /// Rows.
    values: Aligned,
}

/// Bytes that begin at a multiple of [`ALIGNMENT`] and never move.
#[derive(Default)]
struct Aligned {
    bytes: Vec<u8>,
    start: usize,
}

impl Aligned {
    /// Reserves room for `len` bytes.
    fn reserve(&mut self, len: usize) -> Result<(), OutOfMemory> {
        let len = len.saturating_add(ALIGNMENT - 1);
        self.bytes.reserve_or_fail("kv cache", len)?;
        self.start = self.bytes.as_ptr().align_offset(ALIGNMENT);
        Ok(())
    }

    /// Makes sure that there are `len` bytes.
    fn grow(&mut self, len: usize) {
        let end = self.start + len;
        assert!(end <= self.bytes.capacity(), "{len} bytes have no room");
        if end > self.bytes.len() {
            self.bytes.resize(end, 0);
        }
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn get_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }
}

impl HeadCache {
    /// The keys, as the kernels read them.
    pub(crate) fn keys(&self, shape: KvShape) -> KvRows<'_> {
        KvRows {
            kind: shape.kind,
            dim: shape.head_dim,
            bytes: self.keys.get(),
        }
    }

    /// The values, as the kernels read them.
    pub(crate) fn values(&self, shape: KvShape) -> KvRows<'_> {
        KvRows {
            bytes: self.values.get(),
            ..self.keys(shape)
        }
    }
}

impl KvCache {
    /// Reserves room for `context` positions.
    pub(crate) fn new(
        shape: KvShape,
        n_layers: usize,
        context: usize,
    ) -> Result<Self, OutOfMemory> {
        let mut layers = Vec::new();
        for _ in 0..n_layers {
            let mut heads = Vec::new();
            heads.resize_with(shape.n_kv_heads, HeadCache::default);
            for head in &mut heads {
                head.keys.reserve(shape.key_bytes(context))?;
                head.values.reserve(shape.value_bytes(context))?;
            }
            layers.push(heads);
        }
        Ok(Self { shape, layers })
    }

    /// Stores rows `[n, n_kv_heads * head_dim]` from position `first` on. What was there is
    /// written over; what is behind stays, and is looked at by nobody.
    pub(crate) fn store(
        &mut self,
        compute: &Compute,
        (layer, first): (usize, usize),
        (keys, values): (&[f32], &[f32]),
    ) {
        let KvShape {
            kind,
            head_dim,
            n_kv_heads,
        } = self.shape;
        let shape = self.shape;
        let width = n_kv_heads * head_dim;
        let n = keys.len() / width;
        let heads = self.layers[layer].iter_mut().enumerate().collect();
        let work = 2 * keys.len() * WORK_PER_ELEMENT;
        compute.for_each_part(heads, work, |_, (head, cache): (usize, &mut HeadCache)| {
            cache.keys.grow(shape.key_bytes(first + n));
            cache.values.grow(shape.value_bytes(first + n));
            let tiles = cache.keys.get_mut();
            let rows = cache.values.get_mut();
            let (tile_bytes, row_bytes) = (kind.tile_bytes(head_dim), kind.row_bytes(head_dim));
            for row in 0..n {
                let (pos, at) = (first + row, row * width + head * head_dim);
                let tile = &mut tiles[pos / KvKind::TILE * tile_bytes..][..tile_bytes];
                let (key, value) = (&keys[at..at + head_dim], &values[at..at + head_dim]);
                compute
                    .kernels
                    .store_key(kind, key, pos % KvKind::TILE, tile);
                let out = &mut rows[pos * row_bytes..][..row_bytes];
                compute.kernels.store_values(kind, value, out);
            }
        });
    }

    /// A layer's heads.
    pub(crate) fn heads(&self, layer: usize) -> &[HeadCache] {
        &self.layers[layer]
    }
}
