//! What happens to each head of queries and keys between the products and the attention: a norm of
//! its own, where the family has one, and the rotation by its position.

use lilim_kernels::RopeStyle;

use crate::compute::{Compute, NormArgs, WORK_PER_ELEMENT};
use crate::rope::RopeTable;

/// The queries or the keys of a pass.
pub(crate) struct HeadRows<'a> {
    /// `[m, n_heads * head_dim]`
    pub rows: &'a mut [f32],
    /// Values of a row.
    pub width: usize,
    /// One weight for all heads, or one for each.
    pub norm: Option<NormArgs<'a>>,
    pub rotation: Option<Rotation<'a>>,
}

/// How rows rotate.
#[derive(Clone, Copy)]
pub(crate) struct Rotation<'a> {
    /// `[m, n_pairs]`
    pub table: &'a RopeTable,
    pub n_pairs: usize,
    pub style: RopeStyle,
}

impl Compute {
    /// Norms and rotates heads in place.
    pub(crate) fn prepare_heads(&self, head_dim: usize, heads: Vec<HeadRows>) {
        let n_values: usize = heads.iter().map(|it| it.rows.len()).sum();
        let mut parts = Vec::new();
        for HeadRows {
            rows,
            width,
            norm,
            rotation,
        } in heads
        {
            if norm.is_none() && rotation.is_none() {
                continue;
            }
            let share = self.share(rows.len() / width, width * WORK_PER_ELEMENT);
            for (part, rows) in rows.chunks_mut(share * width).enumerate() {
                let rows = HeadRows {
                    rows,
                    width,
                    norm,
                    rotation,
                };
                parts.push((part * share, rows));
            }
        }
        let work = n_values * WORK_PER_ELEMENT;
        self.for_each_part(parts, work, |thread, (first, heads)| {
            self.with_scratch(thread, head_dim, |normed| {
                self.prepare_rows(first, heads, normed);
            });
        });
    }

    /// Rows `first..` of the pass; `normed: [head_dim]` is scratch.
    fn prepare_rows(&self, first: usize, heads: HeadRows, normed: &mut [f32]) {
        let head_dim = normed.len();
        let n_weights = heads.norm.map_or(1, |norm| norm.len() / head_dim);
        for (row, values) in (first..).zip(heads.rows.chunks_exact_mut(heads.width)) {
            for (index, head) in values.chunks_exact_mut(head_dim).enumerate() {
                if let Some(norm) = heads.norm {
                    let norm = norm.of_head(index % n_weights, head_dim);
                    self.norm_row(norm, head, normed);
                    head.copy_from_slice(normed);
                }
                if let Some(rotation) = heads.rotation {
                    let (cos, sin) = rotation.table.row(row, rotation.n_pairs);
                    self.kernels.rope(head, cos, sin, rotation.style);
                }
            }
        }
    }
}
