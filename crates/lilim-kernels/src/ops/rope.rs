//! Rotary position embedding.

use crate::simd::Simd;

/// Which elements form the pairs that are rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RopeStyle {
    /// `2i` with `2i + 1` (Llama in GGUF files, GPT-J).
    Interleaved,
    /// `i` with `i + n/2` among the `n` rotated elements (GPT-NeoX, Qwen, Phi).
    Halves,
}

/// Rotates pair `i` of `row` by the angle of `cos[i]`, `sin[i]`:
/// `(a, b) = (a cos - b sin, a sin + b cos)`, each product and sum rounded.
#[inline(always)]
pub(crate) fn rope<S: Simd>(_: S, row: &mut [f32], cos: &[f32], sin: &[f32], style: RopeStyle) {
    let n_pairs = cos.len();
    let row = &mut row[..2 * n_pairs];
    match style {
        RopeStyle::Interleaved => {
            for ((pair, cos), sin) in row.as_chunks_mut::<2>().0.iter_mut().zip(cos).zip(sin) {
                let [a, b] = *pair;
                *pair = [a * cos - b * sin, a * sin + b * cos];
            }
        }
        RopeStyle::Halves => {
            let (first, second) = row.split_at_mut(n_pairs);
            for (((first, second), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                let (a, b) = (*first, *second);
                *first = a * cos - b * sin;
                *second = a * sin + b * cos;
            }
        }
    }
}
