//! Matrix products with weights of any type.

use crate::columns::ColumnsMut;
use crate::ops::dot::dot;
use crate::ops::unpack::{Unpack, for_weight_type};
use crate::simd::{LANES, Op, Simd};
use crate::weights::WeightRows;
use lilim_formats::GgmlType;

/// f32 of scratch that [`matmul`] needs for rows of `n_cols`.
pub(crate) const fn scratch_len(n_cols: usize) -> usize {
    4 * n_cols.next_multiple_of(LANES)
}

/// `out[i][row] = dot(weight row, x[i])`.
#[inline(always)]
pub(crate) fn matmul<S: Simd>(
    s: S,
    weight: WeightRows<'_>,
    x: &[f32],
    mut out: ColumnsMut<'_>,
    scratch: &mut [f32],
) {
    let n_cols = weight.n_cols();
    for row in 0..weight.n_rows() {
        let decoded = &mut scratch[..n_cols];
        decode_row(s, weight.ty(), weight.row(row), decoded);
        for i in 0..out.n_rows() {
            out.row_mut(i)[row] = dot(s, decoded, &x[i * n_cols..][..n_cols]);
        }
    }
}

/// Decodes a row to f32.
#[inline(always)]
pub(crate) fn decode_row<S: Simd>(s: S, ty: GgmlType, row: &[u8], out: &mut [f32]) {
    for_weight_type!(ty, U => s.run(Decode::<U> { row, out, unpack: std::marker::PhantomData }));
}

/// [`decode_row`] for one type, as a function of its own.
struct Decode<'a, U> {
    row: &'a [u8],
    out: &'a mut [f32],
    unpack: std::marker::PhantomData<U>,
}

impl<U: Unpack> Op for Decode<'_, U> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (blocks, last) = U::split(self.row);
        let (vectors, rest) = self.out.as_chunks_mut();
        let per_block = U::VECTORS * U::CHUNKS;
        for (block, vectors) in blocks.iter().zip(vectors.chunks_exact_mut(per_block)) {
            let scales = U::scales(s, block);
            for c in 0..U::CHUNKS {
                let chunk = U::chunk(s, block, &scales, c);
                for v in 0..U::VECTORS {
                    s.store(chunk[v], &mut vectors[c * U::VECTORS + v]);
                }
            }
        }
        if !rest.is_empty() {
            let chunk = U::chunk(s, &last, &U::scales(s, &last), 0);
            s.store_first(chunk[0], rest);
        }
    }
}
