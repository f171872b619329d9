//! Softmax.

use crate::ops::elementwise::max;
use crate::ops::exp::exp;
use crate::simd::Simd;

/// Replaces `x` by its softmax: exact maximum, sum in sixteen lanes by index, product with the
/// reciprocal. `sink` is one more logit that takes its share and gets no output.
#[inline(always)]
pub(crate) fn softmax<S: Simd>(s: S, x: &mut [f32], sink: Option<f32>) {
    let Some(mut largest) = max(s, x) else {
        x.fill(f32::NAN);
        return;
    };
    if let Some(sink) = sink
        && sink > largest
    {
        largest = sink;
    }
    let shift = s.splat(largest);
    let mut total = s.zero();
    let (chunks, rest) = x.as_chunks_mut();
    for chunk in chunks {
        let e = exp(s, s.sub(s.load(chunk), shift));
        s.store(e, chunk);
        total = s.add(total, e);
    }
    if !rest.is_empty() {
        let e = exp(s, s.sub(s.load_first(rest), shift));
        s.store_first(e, rest);
        total = s.add(total, s.keep_first(e, rest.len()));
    }
    let mut total = s.sum(total);
    if let Some(sink) = sink {
        let mut lanes = [0.0; 16];
        s.store(exp(s, s.splat(sink - largest)), &mut lanes);
        total += lanes[0];
    }
    let factor = 1.0 / total;
    for x in x {
        *x *= factor;
    }
}
