//! The slow twin of all matrix products: weight rows as they lie in the file are decoded one by one.

use crate::columns::ColumnsMut;
use crate::ops::dot::dot;
use crate::ops::unpack::{Unpack, for_weight_type};
use crate::simd::{Chunk, LANES, Op, Simd};
use crate::weights::WeightRows;
use lilim_formats::GgmlType;
use std::marker::PhantomData;

/// `out[i][row] = dot(weight row, x[i])`; `decoded` has room for a row.
#[inline(always)]
pub(crate) fn matmul<S: Simd>(
    s: S,
    weight: WeightRows<'_>,
    x: &[f32],
    mut out: ColumnsMut<'_>,
    decoded: &mut [f32],
) {
    let n_cols = weight.n_cols();
    let decoded = &mut decoded[..n_cols];
    for row in 0..weight.n_rows() {
        decode_row(s, weight.ty(), weight.row(row), decoded);
        for i in 0..out.n_rows() {
            out.row_mut(i)[row] = dot(s, decoded, &x[i * n_cols..][..n_cols]);
        }
    }
}

/// Decodes a row to f32.
#[inline(always)]
pub(crate) fn decode_row<S: Simd>(s: S, ty: GgmlType, row: &[u8], out: &mut [f32]) {
    let (vectors, rest) = out.as_chunks_mut();
    decode(s, ty, row, vectors);
    if !rest.is_empty() {
        let mut padded = [[0.0; LANES]];
        let tail = row.len() - rest.len() * ty.block_bytes();
        decode(s, ty, &row[tail..], &mut padded);
        rest.copy_from_slice(&padded[0][..rest.len()]);
    }
}

/// Decodes a row to f32 vectors; where `out` holds one more than the row's whole vectors, that is
/// the rest padded with zeros.
#[inline(always)]
fn decode<S: Simd>(s: S, ty: GgmlType, row: &[u8], out: &mut [Chunk]) {
    for_weight_type!(ty, U => s.run(Decode::<U> { row, out, unpack: PhantomData }));
}

/// [`decode`] for one type, as a function of its own.
struct Decode<'a, U> {
    row: &'a [u8],
    out: &'a mut [Chunk],
    unpack: PhantomData<U>,
}

impl<U: Unpack> Op for Decode<'_, U> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let per_block = U::VECTORS * U::CHUNKS;
        let (blocks, last) = U::split(self.row);
        for (block, vectors) in blocks.iter().zip(self.out.chunks_exact_mut(per_block)) {
            let scales = U::scales(s, block);
            for c in 0..U::CHUNKS {
                let chunk = U::chunk(s, block, &scales, c);
                for v in 0..U::VECTORS {
                    s.store(chunk[v], &mut vectors[c * U::VECTORS + v]);
                }
            }
        }
        if let Some(rest) = self.out.get_mut(blocks.len() * per_block) {
            s.store(U::chunk(s, &last, &U::scales(s, &last), 0)[0], rest);
        }
    }
}
