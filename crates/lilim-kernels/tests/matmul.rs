//! Products with weights of every type: each level gives the bits of the contract's formula on the
//! codec's values, however many rows are multiplied at once.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

mod naive;

use lilim_formats::GgmlType;
use lilim_formats::codec::decode;
use lilim_kernels::{ColumnsMut, Kernels, PackedRows, WeightRows};
use naive::{Numbers, WEIGHT_TYPES, check_same, dot_f64, levels, weights};

/// The codec's values of a whole matrix.
fn decoded(ty: GgmlType, bytes: &[u8], n: usize) -> Vec<f32> {
    let mut values = vec![0.0; n];
    decode(ty, bytes, &mut values).unwrap();
    values
}

/// `out[i][row]` by the plain formula.
fn product(weight: &[f32], x: &[f32], n_cols: usize) -> Vec<f32> {
    let rows = weight.chunks_exact(n_cols);
    x.chunks_exact(n_cols)
        .flat_map(|x| rows.clone().map(|w| naive::dot(w, x)))
        .collect()
}

fn multiply(kernels: &Kernels, weight: WeightRows<'_>, x: &[f32], m: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; m * weight.n_rows()];
    // What is left in the room from before does not matter.
    let mut decoded = vec![f32::NAN; weight.n_cols()];
    kernels.matmul(weight, x, ColumnsMut::new(&mut out, m), &mut decoded);
    out
}

/// The same with the weights packed.
fn multiply_packed(kernels: &Kernels, weight: WeightRows<'_>, x: &[f32], m: usize) -> Vec<f32> {
    let (ty, n_rows, n_cols) = (weight.ty(), weight.n_rows(), weight.n_cols());
    let mut packed = vec![0xff; PackedRows::n_bytes(ty, n_rows, n_cols).unwrap()];
    PackedRows::pack(weight, &mut packed);
    let packed = PackedRows::new(ty, &packed, n_rows, n_cols).unwrap();
    let mut out = vec![f32::NAN; m * n_rows];
    kernels.matmul_floats(packed, x, ColumnsMut::new(&mut out, m));
    out
}

/// Multiplies in every way and compares with the formula.
fn check(ty: GgmlType, n_rows: usize, n_cols: usize, ms: &[usize], tame: bool) {
    let mut numbers = Numbers((n_rows * 31 + n_cols) as u64);
    let bytes = weights(&mut numbers, ty, n_rows * n_cols, tame);
    let weight = WeightRows::new(ty, &bytes, n_rows, n_cols).unwrap();
    let values = decoded(ty, &bytes, n_rows * n_cols);
    let m_max = ms.iter().copied().max().unwrap();
    let x = if tame {
        numbers.units(m_max * n_cols)
    } else {
        numbers.wilds(m_max * n_cols)
    };
    let expected = product(&values, &x, n_cols);
    for kernels in levels() {
        for &m in ms {
            let got = multiply(kernels, weight, &x[..m * n_cols], m);
            let what = format!("{} {ty} [{n_rows}, {n_cols}] x {m}", kernels.level());
            check_same(&got, &expected[..m * n_rows], what.clone());
            if ty.block_len() == 1 {
                let got = multiply_packed(kernels, weight, &x[..m * n_cols], m);
                check_same(&got, &expected[..m * n_rows], format!("{what}, packed"));
            }
        }
    }
}

#[test]
fn every_type_gives_the_formulas_bits() {
    for ty in WEIGHT_TYPES {
        for tame in [true, false] {
            check(ty, 5, 256, &[1, 2, 7], tame);
            check(ty, 13, 768, &[1, 9], tame);
        }
    }
}

#[test]
fn odd_numbers_of_columns_are_padded() {
    for ty in [GgmlType::F32, GgmlType::F16, GgmlType::BF16] {
        for n_cols in (1..=67).chain([255, 257, 511, 513, 1040]) {
            check(ty, 3, n_cols, &[1, 2], true);
        }
    }
    for n_blocks in [1, 3, 5, 17, 33] {
        check(GgmlType::Q4_0, 3, 32 * n_blocks, &[1, 2], true);
        check(GgmlType::Q8_0, 3, 32 * n_blocks, &[1, 2], true);
    }
}

#[test]
fn any_number_of_rows_gives_the_same_bits() {
    for n_rows in 1..=9 {
        check(
            GgmlType::Q8_0,
            n_rows,
            96,
            &[1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13],
            true,
        );
    }
    check(GgmlType::Q4_K, 3, 512, &[95, 96, 97, 193], true);
    check(GgmlType::F32, 17, 1100, &[6, 64], false);
    // Rows so long that none fits in what is kept of the activations.
    check(GgmlType::F16, 2, 98_305, &[2], true);
    for n_rows in 1..=17 {
        check(GgmlType::F16, n_rows, 530, &[1, 2, 5, 13, 97], true);
    }
}

#[test]
fn rows_at_any_address_are_read() {
    let mut numbers = Numbers(7);
    for ty in [GgmlType::F32, GgmlType::F16, GgmlType::Q6_K, GgmlType::Q8_0] {
        let bytes = weights(&mut numbers, ty, 4 * 512, true);
        let x = numbers.units(2 * 512);
        let values = decoded(ty, &bytes, 4 * 512);
        let expected = product(&values, &x, 512);
        for offset in 0..8 {
            let mut moved = vec![0; offset];
            moved.extend_from_slice(&bytes);
            let mut moved_x = vec![0.0; offset];
            moved_x.extend_from_slice(&x);
            for kernels in levels() {
                let weight = WeightRows::new(ty, &moved[offset..], 4, 512).unwrap();
                let got = multiply(kernels, weight, &moved_x[offset..], 2);
                check_same(
                    &got,
                    &expected,
                    format!("{} {ty} +{offset}", kernels.level()),
                );
            }
        }
    }
}

#[test]
fn columns_of_the_output_may_be_split() {
    let mut numbers = Numbers(3);
    let bytes = weights(&mut numbers, GgmlType::Q5_K, 12 * 256, true);
    let weight = WeightRows::new(GgmlType::Q5_K, &bytes, 12, 256).unwrap();
    let x = numbers.units(3 * 256);
    for kernels in levels() {
        let whole = multiply(kernels, weight, &x, 3);
        for at in 0..=12 {
            let mut out = vec![f32::NAN; 3 * 12];
            let mut decoded = vec![0.0; 256];
            let (left, right) = ColumnsMut::new(&mut out, 3).split_at_col(at);
            kernels.matmul(weight.slice(0..at), &x, left, &mut decoded);
            kernels.matmul(weight.slice(at..12), &x, right, &mut decoded);
            check_same(&out, &whole, format!("{} split at {at}", kernels.level()));
        }
    }
}

#[test]
fn packed_floats_may_be_split_at_sixteens() {
    let mut numbers = Numbers(13);
    let bytes = weights(&mut numbers, GgmlType::BF16, 37 * 70, true);
    let weight = WeightRows::new(GgmlType::BF16, &bytes, 37, 70).unwrap();
    let mut packed = vec![0; PackedRows::n_bytes(GgmlType::BF16, 37, 70).unwrap()];
    PackedRows::pack(weight, &mut packed);
    let packed = PackedRows::new(GgmlType::BF16, &packed, 37, 70).unwrap();
    let x = numbers.units(3 * 70);
    for kernels in levels() {
        let whole = multiply(kernels, weight, &x, 3);
        for at in [0, 16, 32, 37] {
            let mut out = vec![f32::NAN; 3 * 37];
            let (left, right) = ColumnsMut::new(&mut out, 3).split_at_col(at);
            kernels.matmul_floats(packed.slice(0..at), &x, left);
            if at < 37 {
                kernels.matmul_floats(packed.slice(at..37), &x, right);
            }
            check_same(&out, &whole, format!("{} split at {at}", kernels.level()));
        }
    }
}

#[test]
fn rows_decode_to_the_codecs_bits() {
    let mut numbers = Numbers(11);
    for ty in WEIGHT_TYPES {
        for tame in [true, false] {
            let lengths: Vec<usize> = match ty.block_len() {
                1 => (1..=40).chain([1000]).collect(),
                len => (1..=5).map(|blocks| blocks * len).collect(),
            };
            for n in lengths {
                let bytes = weights(&mut numbers, ty, n, tame);
                let expected = decoded(ty, &bytes, n);
                for kernels in levels() {
                    let mut out = vec![f32::NAN; n];
                    kernels.decode_row(ty, &bytes, &mut out);
                    check_same(&out, &expected, format!("{} {ty} x {n}", kernels.level()));
                }
            }
        }
    }
}

#[test]
fn dot_is_the_formula_and_near_the_truth() {
    let mut numbers = Numbers(5);
    for n in naive::lengths() {
        for tame in [true, false] {
            let (a, b) = match tame {
                true => (numbers.units(n), numbers.units(n)),
                false => (numbers.wilds(n), numbers.wilds(n)),
            };
            let expected = naive::dot(&a, &b);
            for kernels in levels() {
                check_same(&[kernels.dot(&a, &b)], &[expected], format!("dot of {n}"));
            }
            let (truth, bound) = dot_f64(&a, &b);
            if tame {
                assert!((f64::from(expected) - truth).abs() <= bound, "dot of {n}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "inputs of a product")]
fn inputs_of_another_shape_are_refused() {
    let weight = WeightRows::new(GgmlType::F32, &[0; 24], 2, 3).unwrap();
    multiply(Kernels::detect(), weight, &[0.0; 4], 1);
}
