//! Fixed work that no engine has a part in: when its time changes, the machine did.

use std::hint::black_box;

use lilim_bench::scenario::Probe;

/// Bytes of the memory stream: beyond every cache, short enough for every round.
const STREAM_BYTES: usize = 64 << 20;

/// Rows and columns of the matrices: within the second cache.
const MATRIX: usize = 128;

/// A stream through memory and a matrix product.
pub(crate) fn probes() -> Vec<Probe<'static>> {
    let stream = vec![1_u64; STREAM_BYTES / size_of::<u64>()];
    let (a, b) = (
        vec![1.5_f32; MATRIX * MATRIX],
        vec![0.5_f32; MATRIX * MATRIX],
    );
    let mut product = vec![0.0_f32; MATRIX * MATRIX];
    let probe = |name: &str, call| Probe {
        name: name.to_owned(),
        constants: Vec::new(),
        prepare: None,
        limit: None,
        call,
    };
    vec![
        probe(
            "control/memory_ns",
            Box::new(move || {
                black_box(
                    black_box(&stream)
                        .iter()
                        .fold(0, |sum: u64, x| sum.wrapping_add(*x)),
                );
                Ok(())
            }),
        ),
        probe(
            "control/matmul_ns",
            Box::new(move || {
                multiply(black_box(&a), black_box(&b), &mut product);
                black_box(&product);
                Ok(())
            }),
        ),
    ]
}

/// c = a · b, row by row, so that the inner loop runs along memory.
fn multiply(a: &[f32], b: &[f32], c: &mut [f32]) {
    c.fill(0.0);
    for (a_row, c_row) in a.chunks(MATRIX).zip(c.chunks_mut(MATRIX)) {
        for (&x, b_row) in a_row.iter().zip(b.chunks(MATRIX)) {
            for (sum, &y) in c_row.iter_mut().zip(b_row) {
                *sum += x * y;
            }
        }
    }
}
