//! How fast the codecs are: `cargo test --release -p lilim-formats --test codec_speed -- --ignored
//! --nocapture`. Megabytes are those of the f32 side. The best of many short runs counts, because
//! what else the machine does only ever slows them.

use std::hint::black_box;
use std::time::Instant;

use lilim_formats::{GgmlType, codec};

const N_VALUES: usize = 1 << 16;
const N_RUNS: usize = 25;

/// Sums of four uniform numbers: bell-shaped enough for a search to work as on weights.
fn weights() -> Vec<f32> {
    let mut state = 1u32;
    let mut uniform = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..N_VALUES)
        .map(|_| 0.05 * (uniform() + uniform() + uniform() + uniform()))
        .collect()
}

/// Megabytes of f32 a second in the best run.
fn rate(mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    let least = (0..N_RUNS).map(time).fold(f64::INFINITY, f64::min);
    (N_VALUES * 4) as f64 / 1e6 / least
}

#[test]
#[ignore = "times, checks nothing"]
fn speed() {
    let values = weights();
    println!("MB of f32 a second, one thread: encode, decode");
    for ty in GgmlType::all() {
        let mut bytes = vec![0; ty.row_bytes(N_VALUES).unwrap()];
        let mut out = vec![0.0; N_VALUES];
        if codec::encode(ty, &values, &mut bytes).is_err() {
            continue;
        }
        let encode = rate(|| codec::encode(ty, black_box(&values), &mut bytes).unwrap());
        let decode = rate(|| codec::decode(ty, black_box(&bytes), &mut out).unwrap());
        println!("  {ty:7} {encode:8.0} {decode:8.0}");
    }
}
