//! Attention: every level gives the bits of the plain formula on the decoded cache, whatever tile a
//! query is computed in and however spans are shared out.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

mod naive;

use half::f16;
use lilim_kernels::{AttendArgs, ColumnsMut, Kernels, KvKind, KvRows, Level, Queries};
use naive::{Numbers, check_same, levels};
use std::ops::Range;

const KINDS: [KvKind; 3] = [KvKind::F32, KvKind::F16, KvKind::Q8_0];

fn reference() -> &'static Kernels {
    Kernels::for_level(Level::Reference).unwrap()
}

/// What a cache of that kind keeps of a row.
fn kept(kind: KvKind, row: &[f32]) -> Vec<f32> {
    match kind {
        KvKind::F32 => row.to_vec(),
        KvKind::F16 => row.iter().map(|x| f16::from_f32(*x).to_f32()).collect(),
        KvKind::Q8_0 => row.chunks(32).flat_map(kept_block).collect(),
    }
}

fn kept_block(block: &[f32]) -> Vec<f32> {
    let d = block.iter().fold(0f32, |max, x| max.max(x.abs())) / 127.0;
    let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
    let stored = f16::from_f32(d).to_f32();
    let values = block.iter().map(|x| (x * inverse).round() * stored);
    values.collect()
}

/// A cache whose places behind the last position hold what must not be used.
struct Cache {
    keys: Vec<u8>,
    values: Vec<u8>,
    /// What is kept. `[n][dim]`
    key_rows: Vec<Vec<f32>>,
    value_rows: Vec<Vec<f32>>,
}

impl Cache {
    fn new(kernels: &Kernels, numbers: &mut Numbers, case: &Case) -> Self {
        let n = case.first + case.n_rows;
        let (tile_bytes, row_bytes) = (
            case.kinds.0.tile_bytes(case.dims.0),
            case.kinds.1.row_bytes(case.dims.1),
        );
        let mut cache = Self {
            keys: vec![0xff; n.div_ceil(KvKind::TILE) * tile_bytes],
            values: vec![0xff; (n + 3) * row_bytes],
            key_rows: Vec::new(),
            value_rows: Vec::new(),
        };
        for position in 0..n {
            let key = numbers.units(case.dims.0);
            let tile = &mut cache.keys[position / KvKind::TILE * tile_bytes..][..tile_bytes];
            kernels.store_key(case.kinds.0, &key, position % KvKind::TILE, tile);
            cache.key_rows.push(kept(case.kinds.0, &key));
            let values = numbers.units(case.dims.1);
            let row = &mut cache.values[position * row_bytes..][..row_bytes];
            kernels.store_values(case.kinds.1, &values, row);
            cache.value_rows.push(kept(case.kinds.1, &values));
        }
        cache
    }
}

#[derive(Clone, Debug)]
struct Case {
    kinds: (KvKind, KvKind),
    dims: (usize, usize),
    first: usize,
    n_rows: usize,
    n_heads: usize,
    window: Option<usize>,
    softcap: Option<f32>,
    sinks: bool,
}

/// One query of one head at position `first`, F16.
const ONE: Case = Case {
    kinds: (KvKind::F16, KvKind::F16),
    dims: (32, 32),
    first: 0,
    n_rows: 1,
    n_heads: 1,
    window: None,
    softcap: None,
    sinks: false,
};

/// M, L and A of one span, or of several.
type State = (f32, f32, Vec<f32>);

fn exp(x: f32) -> f32 {
    let mut x = [x];
    reference().exp(&mut x);
    x[0]
}

/// The formula's sum of products: one chain.
fn chain(a: &[f32], b: &[f32]) -> f32 {
    let pairs = a.iter().zip(b);
    pairs.fold(0.0, |sum, (a, b)| a.mul_add(*b, sum))
}

fn span_state(case: &Case, cache: &Cache, q: &[f32], positions: Range<usize>) -> State {
    let scale = 1.0 / (case.dims.0 as f32).sqrt();
    let keys = cache.key_rows[positions.clone()].iter();
    let mut scores: Vec<f32> = keys.map(|key| chain(q, key) * scale).collect();
    if let Some(cap) = case.softcap {
        reference().softcap(&mut scores, cap);
    }
    let m = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = scores.iter().map(|score| exp(score - m)).collect();
    let (mut lanes, mut a) = ([0f32; 16], vec![0f32; case.dims.1]);
    for (position, weight) in positions.zip(weights) {
        lanes[position % 16] += weight;
        for (a, value) in a.iter_mut().zip(&cache.value_rows[position]) {
            *a = weight.mul_add(*value, *a);
        }
    }
    (m, naive::tree(lanes), a)
}

/// The written formula for one query, on what the cache keeps.
fn formula(case: &Case, cache: &Cache, q: &[f32], position: usize, sink: Option<f32>) -> Vec<f32> {
    let start = case.window.map_or(0, |n| (position + 1).saturating_sub(n));
    let mut state: Option<State> = None;
    for span in start / 256..=position / 256 {
        let positions = start.max(span * 256)..(position + 1).min((span + 1) * 256);
        let (m_s, l_s, a_s) = span_state(case, cache, q, positions);
        state = Some(match state {
            None => (m_s, l_s, a_s),
            Some((m, l, a)) => {
                let largest = m.max(m_s);
                let (f, g) = (exp(m - largest), exp(m_s - largest));
                let pairs = a.iter().zip(&a_s);
                let a = pairs.map(|(a, a_s)| a_s.mul_add(g, a * f)).collect();
                (largest, l_s.mul_add(g, l * f), a)
            }
        });
    }
    let (m, mut l, a) = state.unwrap();
    if let Some(sink) = sink {
        l += exp(sink - m);
    }
    let factor = 1.0 / l;
    a.iter().map(|a| a * factor).collect()
}

fn check(case: &Case) {
    let mut numbers = Numbers((case.dims.0 * 1000 + case.first) as u64);
    let (width, out_width) = (case.n_heads * case.dims.0, case.n_heads * case.dims.1);
    let stride = width + 5;
    let rows = numbers.units((case.n_rows - 1) * stride + width);
    let rows: Vec<f32> = rows.iter().map(|x| x * 3.0).collect();
    let sinks = numbers.units(case.n_heads);
    let cache = Cache::new(reference(), &mut numbers, case);
    let mut expected = Vec::new();
    for query in 0..case.n_rows * case.n_heads {
        let (row, head) = (query / case.n_heads, query % case.n_heads);
        let q = &rows[row * stride + head * case.dims.0..][..case.dims.0];
        let sink = case.sinks.then(|| sinks[head]);
        expected.extend(formula(case, &cache, q, case.first + row, sink));
    }
    for kernels in levels() {
        let args = AttendArgs {
            queries: Queries {
                rows: &rows,
                stride,
                n_rows: case.n_rows,
                n_heads: case.n_heads,
                first: case.first,
            },
            keys: KvRows {
                kind: case.kinds.0,
                dim: case.dims.0,
                bytes: &cache.keys,
            },
            values: KvRows {
                kind: case.kinds.1,
                dim: case.dims.1,
                bytes: &cache.values,
            },
            window: case.window,
            scale: 1.0 / (case.dims.0 as f32).sqrt(),
            softcap: case.softcap,
            sinks: case.sinks.then_some(&sinks[..]),
        };
        let n_scratch = Kernels::attend_scratch(args.n_queries(), case.dims.0, case.dims.1);
        let mut scratch = vec![f32::NAN; n_scratch];
        let mut out = vec![f32::NAN; case.n_rows * out_width];
        kernels.attend(args, &mut scratch, ColumnsMut::new(&mut out, case.n_rows));
        let what = format!("{} {case:?}", kernels.level());
        check_same(&out, &expected, &what);

        let n_states = args.n_queries() * Kernels::attend_state(case.dims.1);
        let mut states = vec![f32::NAN; args.spans().len() * n_states];
        scratch.fill(f32::NAN);
        out.fill(f32::NAN);
        for (span, states) in args.spans().zip(states.chunks_exact_mut(n_states)).rev() {
            kernels.attend_span(args, span, &mut scratch, states);
        }
        kernels.attend_join(args, &mut states, ColumnsMut::new(&mut out, case.n_rows));
        check_same(&out, &expected, format!("joined, {what}"));
    }
}

#[test]
fn every_kind_and_width_gives_the_formulas_bits() {
    for key in KINDS {
        for value in KINDS {
            for dim in [1, 8, 15, 16, 33, 64, 72, 80, 96, 112, 128, 192, 256, 300] {
                for first in [0, 4, 20] {
                    check(&Case {
                        kinds: (key, value),
                        dims: (dim, dim),
                        first,
                        ..ONE
                    });
                }
            }
        }
    }
}

#[test]
fn any_number_of_queries_shares_keys_and_values() {
    for kind in KINDS {
        for n_heads in [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 25] {
            for n_rows in [1, 2, 3, 7] {
                check(&Case {
                    kinds: (kind, kind),
                    dims: (40, 24),
                    first: 13,
                    n_rows,
                    n_heads,
                    ..ONE
                });
            }
        }
    }
}

#[test]
fn spans_begin_at_multiples_of_256() {
    for first in [240, 255, 256, 257, 500, 511, 512, 1030] {
        for (n_rows, n_heads) in [(1, 1), (1, 7), (20, 1), (9, 3)] {
            check(&Case {
                first,
                n_rows,
                n_heads,
                ..ONE
            });
        }
    }
}

#[test]
fn windows_begin_anywhere_in_a_span() {
    for kind in KINDS {
        for window in [1, 2, 5, 16, 100, 255, 256, 257, 300, 1000] {
            for first in [0, 250, 270, 600] {
                check(&Case {
                    kinds: (kind, kind),
                    dims: (16, 48),
                    first,
                    n_rows: 15,
                    n_heads: 2,
                    window: Some(window),
                    ..ONE
                });
            }
        }
    }
}

#[test]
fn caps_and_sinks() {
    for (softcap, sinks) in [(Some(2.0), false), (None, true), (Some(1.5), true)] {
        for first in [0, 13, 300] {
            check(&Case {
                dims: (96, 64),
                first,
                n_rows: 4,
                n_heads: 3,
                window: Some(290),
                softcap,
                sinks,
                ..ONE
            });
        }
    }
}

#[test]
fn what_is_no_number_reaches_those_who_see_it_and_nobody_else() {
    for kernels in levels() {
        for kind in KINDS {
            let (n, dim) = (40_usize, 32);
            let (tile_bytes, row_bytes) = (kind.tile_bytes(dim), kind.row_bytes(dim));
            let mut keys = vec![0; n.div_ceil(KvKind::TILE) * tile_bytes];
            let mut values = vec![0; n * row_bytes];
            for position in 0..n {
                let value = if position == 30 { f32::NAN } else { 0.5 };
                let tile = &mut keys[position / KvKind::TILE * tile_bytes..][..tile_bytes];
                kernels.store_key(kind, &vec![value; dim], position % KvKind::TILE, tile);
                let row = &mut values[position * row_bytes..][..row_bytes];
                kernels.store_values(kind, &vec![value; dim], row);
            }
            let rows = vec![1.0; 16 * dim];
            let cached = |bytes| KvRows { kind, dim, bytes };
            let args = AttendArgs {
                queries: Queries {
                    rows: &rows,
                    stride: dim,
                    n_rows: 16,
                    n_heads: 1,
                    first: 24,
                },
                keys: cached(&keys),
                values: cached(&values),
                window: Some(5),
                scale: 1.0,
                softcap: None,
                sinks: None,
            };
            let mut scratch = vec![0.0; Kernels::attend_scratch(16, dim, dim)];
            let mut out = vec![0.0; 16 * dim];
            kernels.attend(args, &mut scratch, ColumnsMut::new(&mut out, 16));
            for (row, out) in out.chunks_exact(dim).enumerate() {
                let sees = (30..35).contains(&(24 + row));
                assert!(out.iter().all(|x| x.is_nan() == sees), "{kind:?} row {row}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "positions of")]
fn a_position_that_is_not_there_is_refused() {
    let args = AttendArgs {
        queries: Queries {
            rows: &[0.0; 16],
            stride: 16,
            n_rows: 1,
            n_heads: 1,
            first: 16,
        },
        keys: KvRows {
            kind: KvKind::F32,
            dim: 16,
            bytes: &[0; 1024],
        },
        values: KvRows {
            kind: KvKind::F32,
            dim: 16,
            bytes: &[0; 2048],
        },
        window: None,
        scale: 1.0,
        softcap: None,
        sinks: None,
    };
    let mut scratch = vec![0.0; Kernels::attend_scratch(1, 16, 16)];
    reference().attend(args, &mut scratch, ColumnsMut::new(&mut [0.0; 16], 1));
}
