//! The key-value cache: rows and tiles hold what the formats round to, at every level.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

mod naive;

use lilim_kernels::{AttendArgs, ColumnsMut, Kernels, KvKind, KvRows, Queries};
use naive::{Numbers, lengths, levels};

/// The row padded with zeros.
fn padded(row: &[f32], multiple: usize) -> Vec<f32> {
    let mut padded = row.to_vec();
    padded.resize(row.len().next_multiple_of(multiple), 0.0);
    padded
}

/// What a row of values is kept as.
fn row_bytes(kind: KvKind, row: &[f32]) -> Vec<u8> {
    let f16 = |x: &f32| half::f16::from_f32(*x).to_le_bytes();
    match kind {
        KvKind::F32 => padded(row, 16)
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect(),
        KvKind::F16 => padded(row, 16).iter().flat_map(f16).collect(),
        KvKind::Q8_0 => {
            let mut bytes = vec![0; kind.row_bytes(row.len())];
            let ty = lilim_formats::GgmlType::Q8_0;
            lilim_formats::codec::encode(ty, &padded(row, 32), &mut bytes).unwrap();
            bytes
        }
    }
}

/// Where a tile has the bytes of a lane that are at `at` in a row.
fn place_in_tile(kind: KvKind, at: usize, lane: usize) -> usize {
    match kind {
        KvKind::F32 => at / 4 * 64 + lane * 4 + at % 4,
        KvKind::F16 => at / 2 * 32 + lane * 2 + at % 2,
        KvKind::Q8_0 => {
            let block = at / 34 * (32 + 32 * 16);
            match at % 34 {
                scale @ 0..2 => block + 2 * lane + scale,
                q => block + 32 + (q - 2) * 16 + lane,
            }
        }
    }
}

/// Stores a row both ways; a tile's other lanes stay as they are.
fn check(kind: KvKind, row: &[f32], lane: usize) {
    let expected = row_bytes(kind, row);
    for kernels in levels() {
        let what = format!("{kind:?} {} at {}", row.len(), kernels.level());
        let mut bytes = vec![0xaa; expected.len()];
        kernels.store_values(kind, row, &mut bytes);
        assert_eq!(bytes, expected, "{what}");
        let mut tile = vec![0xaa; kind.tile_bytes(row.len())];
        let mut expected_tile = tile.clone();
        for (at, byte) in expected.iter().enumerate() {
            // a tile has no padding but that of blocks
            if let Some(out) = expected_tile.get_mut(place_in_tile(kind, at, lane)) {
                *out = *byte;
            }
        }
        kernels.store_key(kind, row, lane, &mut tile);
        assert!(tile == expected_tile, "tile of {what}, lane {lane}");
    }
}

#[test]
fn rows_and_tiles_are_rounded_as_the_formats_do() {
    let mut numbers = Numbers(12);
    for n in lengths() {
        for kind in [KvKind::F32, KvKind::F16] {
            check(kind, &numbers.wilds(n), n % 16);
            check(kind, &numbers.units(n), (n + 7) % 16);
        }
        let mut row = numbers.units(n);
        if n.is_multiple_of(3) {
            row.fill(0.0);
        }
        check(KvKind::Q8_0, &row, n % 16);
    }
}

#[test]
fn the_cache_keeps_what_is_no_number() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for kind in [KvKind::F32, KvKind::F16, KvKind::Q8_0] {
            for kernels in levels() {
                let mut row = [0.5; 40];
                row[35] = bad;
                let mut keys = vec![0; kind.tile_bytes(40)];
                let mut values = vec![0; kind.row_bytes(40)];
                kernels.store_key(kind, &row, 0, &mut keys);
                kernels.store_values(kind, &row, &mut values);
                let cached = |bytes| KvRows {
                    kind,
                    dim: 40,
                    bytes,
                };
                let args = AttendArgs {
                    queries: Queries {
                        rows: &[0.5; 40],
                        stride: 40,
                        n_rows: 1,
                        n_heads: 1,
                        first: 0,
                    },
                    keys: cached(&keys),
                    values: cached(&values),
                    window: None,
                    scale: 1.0,
                    softcap: None,
                    sinks: None,
                };
                let mut out = [0.0; 40];
                let mut scratch = vec![0.0; Kernels::attend_scratch(1, 40, 40)];
                kernels.attend(args, &mut scratch, ColumnsMut::new(&mut out, 1));
                assert!(out[35].is_nan(), "{bad} in {kind:?}: {}", out[35]);
            }
        }
    }
}
