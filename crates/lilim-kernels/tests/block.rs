//! Block dots: every level gives the reference's bits, however many rows are multiplied at once,
//! and the values are those of the codec's weights and the rounded activations.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

mod naive;

use lilim_formats::GgmlType;
use lilim_formats::codec::decode;
use lilim_kernels::{
    ActBlock, BLOCK_COLUMNS, ColumnsMut, Grain, Kernels, Level, PackedRows, PanelBlock, TILE_ROWS,
    WeightRows,
};
use naive::{Numbers, WEIGHT_TYPES, check_same, levels, weights};

/// Tiles of rounded rows.
fn rounded(kernels: &Kernels, grain: Grain, x: &[f32], n_cols: usize) -> Vec<ActBlock> {
    let mut out = vec![ActBlock::ZERO; Kernels::rounded_len(n_cols, x.len() / n_cols)];
    let tiles = x.chunks(TILE_ROWS * n_cols);
    for (x, out) in tiles.zip(out.chunks_mut(TILE_ROWS * n_cols / BLOCK_COLUMNS)) {
        kernels.round_tile(grain, x, n_cols, out);
    }
    out
}

fn multiply(kernels: &Kernels, weight: WeightRows<'_>, x: &[f32], m: usize) -> Vec<f32> {
    let (ty, n_rows, n_cols) = (weight.ty(), weight.n_rows(), weight.n_cols());
    let mut packed = vec![0xff; PackedRows::n_bytes(ty, n_rows, n_cols).unwrap()];
    PackedRows::pack(weight, &mut packed);
    let packed = PackedRows::new(ty, &packed, n_rows, n_cols).unwrap();
    let mut out = vec![f32::NAN; m * weight.n_rows()];
    let mut panel = vec![PanelBlock::ZERO; kernels.panel_len(weight.n_cols(), m)];
    let x = rounded(kernels, grain(weight.ty()), x, weight.n_cols());
    kernels.matmul_rounded(packed, &x, ColumnsMut::new(&mut out, m), &mut panel);
    out
}

/// The contract's choice.
fn grain(ty: GgmlType) -> Grain {
    match ty.block_len() {
        256 => Grain::Coarse,
        _ => Grain::Fine,
    }
}

/// Activations as the contract rounds them, in f64.
fn rounded_plainly(grain: Grain, x: &[f32]) -> Vec<f64> {
    let group = match grain {
        Grain::Coarse => BLOCK_COLUMNS,
        Grain::Fine => BLOCK_COLUMNS / 2,
    };
    x.chunks_exact(group)
        .flat_map(|x| {
            let top = x.iter().fold(0.0f32, |top, x| top.max(x.abs()));
            let (scale, inverse) = (top / 127.0, 127.0 / top);
            let inverse = if inverse.is_finite() { inverse } else { 0.0 };
            x.iter()
                .map(move |x| f64::from((x * inverse).round_ties_even()) * f64::from(scale))
        })
        .collect()
}

fn blocked_types() -> impl Iterator<Item = GgmlType> {
    let floats = [GgmlType::F32, GgmlType::F16, GgmlType::BF16];
    WEIGHT_TYPES
        .into_iter()
        .filter(move |ty| !floats.contains(ty))
}

/// Compares every level with the reference, and that with f64.
fn check(ty: GgmlType, n_rows: usize, n_cols: usize, ms: &[usize]) {
    let mut numbers = Numbers((n_rows * 37 + n_cols) as u64);
    let bytes = weights(&mut numbers, ty, n_rows * n_cols, true);
    let weight = WeightRows::new(ty, &bytes, n_rows, n_cols).unwrap();
    let m_max = ms.iter().copied().max().unwrap();
    let x = numbers.units(m_max * n_cols);
    let reference = Kernels::for_level(Level::Reference).unwrap();
    let expected = multiply(reference, weight, &x, m_max);

    let mut values = vec![0.0; n_rows * n_cols];
    decode(ty, &bytes, &mut values).unwrap();
    for (x, outs) in x.chunks_exact(n_cols).zip(expected.chunks_exact(n_rows)) {
        let x = rounded_plainly(grain(ty), x);
        for (w, &got) in values.chunks_exact(n_cols).zip(outs) {
            let products = w.iter().zip(&x).map(|(&w, &x)| f64::from(w) * x);
            let (sum, size) = products.fold((0.0, 0.0), |(sum, size), p| (sum + p, size + p.abs()));
            let error = (f64::from(got) - sum).abs();
            assert!(error <= 2e-6 * size, "{ty}: {got} for {sum}");
        }
    }
    for kernels in levels() {
        for &m in ms {
            let got = multiply(kernels, weight, &x[..m * n_cols], m);
            let what = format!("{} {ty} [{n_rows}, {n_cols}] x {m}", kernels.level());
            check_same(&got, &expected[..m * n_rows], what);
        }
    }
}

#[test]
fn every_type_and_level_gives_the_references_bits() {
    for ty in blocked_types() {
        check(ty, 19, 512, &[1, 2, 3, 5, 9, 16, 17, 23, 33]);
        check(ty, 16, 256, &[1, 4, 8, 31]);
    }
}

#[test]
fn the_fast_levels_round_with_the_contracts_grain() {
    for kernels in levels() {
        for ty in WEIGHT_TYPES {
            let fast = kernels.level() != Level::Reference && ty.block_len() > 1;
            assert_eq!(kernels.grain(ty), fast.then(|| grain(ty)), "{ty}");
        }
    }
}

#[test]
fn rows_of_every_length_in_blocks_work() {
    for ty in blocked_types() {
        let step = ty.block_len();
        for blocks in [1, 2, 3, 7, 9] {
            check(ty, 3, blocks * step, &[1, 2, 18]);
        }
    }
}

#[test]
fn long_rows_in_runs_and_slabs_work() {
    for ty in blocked_types() {
        let n_cols = 2 * 1024 + 3 * ty.block_len();
        check(ty, 83, n_cols, &[1, 2, 16, 18]);
        check(ty, 64, 1024 + 256, &[1]);
    }
}

#[test]
fn parts_of_a_packed_matrix_give_its_columns() {
    let (n_rows, n_cols, m) = (150, 1280, 2);
    for ty in [GgmlType::Q4_K, GgmlType::Q8_0] {
        let bytes = weights(&mut Numbers(8), ty, n_rows * n_cols, true);
        let weight = WeightRows::new(ty, &bytes, n_rows, n_cols).unwrap();
        let mut packed = vec![0; PackedRows::n_bytes(ty, n_rows, n_cols).unwrap()];
        PackedRows::pack(weight, &mut packed);
        let packed = PackedRows::new(ty, &packed, n_rows, n_cols).unwrap();
        let x = Numbers(9).units(m * n_cols);
        for kernels in levels() {
            let expected = multiply(kernels, weight, &x, m);
            let x = rounded(kernels, grain(ty), &x, n_cols);
            let mut got = vec![f32::NAN; m * n_rows];
            let mut rest = ColumnsMut::new(&mut got, m);
            for rows in [0..64, 64..128, 128..150] {
                let (out, after) = rest.split_at_col(rows.len());
                kernels.matmul_rounded(packed.slice(rows), &x, out, &mut []);
                rest = after;
            }
            check_same(&got, &expected, format!("{} {ty}", kernels.level()));
        }
    }
}

#[test]
fn what_is_no_number_shows_in_the_outputs() {
    let bytes = weights(&mut Numbers(5), GgmlType::Q8_0, 4 * 64, true);
    let weight = WeightRows::new(GgmlType::Q8_0, &bytes, 4, 64).unwrap();
    for kernels in levels() {
        for blemish in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut x = Numbers(6).units(2 * 64);
            x[40] = blemish;
            let out = multiply(kernels, weight, &x, 2);
            assert!(
                out[..4].iter().all(|out| out.is_nan()),
                "{blemish}: {out:?}"
            );
            assert!(out[4..].iter().all(|out| out.is_finite()), "{out:?}");
        }
    }
}

#[test]
fn blocks_of_zeros_and_of_almost_nothing_count_as_zero() {
    let bytes = weights(&mut Numbers(7), GgmlType::Q4_K, 2 * 256, true);
    let weight = WeightRows::new(GgmlType::Q4_K, &bytes, 2, 256).unwrap();
    for kernels in levels() {
        for value in [0.0, -0.0, f32::MIN_POSITIVE / 8.0] {
            assert_eq!(multiply(kernels, weight, &[value; 256], 1), [0.0; 2]);
        }
    }
}

#[test]
fn sums_of_the_largest_products_are_exact() {
    let n_cols = 512;
    let x: Vec<f32> = (0..3 * n_cols)
        .map(|i| if i / n_cols == 1 { 1.0 } else { -1.0 })
        .collect();
    let reference = Kernels::for_level(Level::Reference).unwrap();
    for ty in blocked_types() {
        for extreme in [0x00, 0x7f, 0x80, 0xff] {
            let n_bytes = ty.row_bytes(16 * n_cols).unwrap();
            // Whatever scales this makes, infinite ones too: the bits are those of the reference.
            let bytes: Vec<u8> = (0..n_bytes)
                .map(|i| {
                    if i % ty.block_bytes() < 2 {
                        0x3c
                    } else {
                        extreme
                    }
                })
                .collect();
            let weight = WeightRows::new(ty, &bytes, 16, n_cols).unwrap();
            let expected = multiply(reference, weight, &x, 3);
            for kernels in levels() {
                let got = multiply(kernels, weight, &x, 3);
                check_same(&got, &expected, format!("{} {ty}", kernels.level()));
            }
        }
    }
}
