//! Plain twins of the kernels, written apart from them: the arithmetic contract in a few lines,
//! the true values in f64, and the comparison of both with what a level gives.

#![allow(dead_code, reason = "each test file uses some of it")]

use lilim_formats::GgmlType;
use lilim_kernels::{Kernels, Level};

/// Lengths with every kind of tail.
pub(crate) fn lengths() -> impl Iterator<Item = usize> {
    (1..=67).chain([128, 255, 256, 257, 1000, 2048])
}

/// The kernels of every level of this machine.
pub(crate) fn levels() -> Vec<&'static Kernels> {
    let levels: Vec<_> = Level::available().filter_map(Kernels::for_level).collect();
    assert!(
        levels
            .iter()
            .any(|kernels| kernels.level() == Level::Reference)
    );
    static SKIPPED: std::sync::Once = std::sync::Once::new();
    SKIPPED.call_once(|| {
        for level in Level::ALL.into_iter().filter(|level| !level.is_available()) {
            eprintln!("skipped: this machine has no {level}");
        }
    });
    levels
}

/// A small generator of reproducible numbers (SplitMix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From -1 to 1.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn units(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.unit()).collect()
    }

    /// Any f32 but NaN, often special.
    pub(crate) fn wild(&mut self) -> f32 {
        const SPECIAL: [f32; 10] = [
            0.0,
            -0.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MIN_POSITIVE,
            f32::MAX,
            -1e-45,
            1e-45,
            1.0,
            -3e38,
        ];
        let bits = self.bits();
        if bits.is_multiple_of(8) {
            return SPECIAL[(bits >> 32) as usize % SPECIAL.len()];
        }
        let value = f32::from_bits((bits >> 32) as u32);
        if value.is_nan() { 0.5 } else { value }
    }

    pub(crate) fn wilds(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.wild()).collect()
    }

    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.bits() as u8).collect()
    }
}

/// Random weights of a type; `tame` ones have small finite scales.
pub(crate) fn weights(numbers: &mut Numbers, ty: GgmlType, n: usize, tame: bool) -> Vec<u8> {
    let mut bytes = numbers.bytes(ty.row_bytes(n).unwrap());
    if tame {
        for block in bytes.chunks_exact_mut(ty.block_bytes()) {
            tame_block(ty, block);
        }
    }
    bytes
}

/// Clears the exponent bits of a block's scales that would make them large or not finite.
fn tame_block(ty: GgmlType, block: &mut [u8]) {
    use GgmlType::{BF16, F16, F32, MXFP4, Q2_K, Q3_K, Q4_1, Q4_K, Q5_1, Q5_K, Q6_K};
    // The high byte of each f16: sign and exponents up to 2^-3.
    let halves: &[usize] = match ty {
        F32 | BF16 => {
            let last = block.len() - 1;
            block[last] = 0x3c | (block[last] & 0x83);
            &[]
        }
        MXFP4 => {
            block[0] = 118 + block[0] % 8;
            &[]
        }
        F16 => &[1],
        Q4_1 | Q5_1 | Q4_K | Q5_K => &[1, 3],
        Q2_K => &[81, 83],
        Q3_K => &[109],
        Q6_K => &[209],
        _ => &[1],
    };
    for &at in halves {
        block[at] &= 0xb3;
    }
}

pub(crate) const WEIGHT_TYPES: [GgmlType; 16] = [
    GgmlType::F32,
    GgmlType::F16,
    GgmlType::BF16,
    GgmlType::Q4_0,
    GgmlType::Q4_1,
    GgmlType::Q5_0,
    GgmlType::Q5_1,
    GgmlType::Q8_0,
    GgmlType::Q2_K,
    GgmlType::Q3_K,
    GgmlType::Q4_K,
    GgmlType::Q5_K,
    GgmlType::Q6_K,
    GgmlType::IQ4_NL,
    GgmlType::IQ4_XS,
    GgmlType::MXFP4,
];

/// The contract's sum of sixteen lanes.
pub(crate) fn tree(mut lanes: [f32; 16]) -> f32 {
    for width in [8, 4, 2, 1] {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
    }
    lanes[0]
}

/// The contract's dot product.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    for k in 0..a.len().next_multiple_of(16) {
        let (a, b) = (a.get(k).unwrap_or(&0.0), b.get(k).unwrap_or(&0.0));
        lanes[k % 16] = a.mul_add(*b, lanes[k % 16]);
    }
    tree(lanes)
}

/// The contract's sum.
pub(crate) fn sum(x: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    for (k, x) in x.iter().enumerate() {
        lanes[k % 16] += x;
    }
    tree(lanes)
}

/// The true dot product, and a bound on the error of a sum of products in f32: each of the
/// roundings on the way of a product to the result is at most 2^-24 of the sum of magnitudes.
pub(crate) fn dot_f64(a: &[f32], b: &[f32]) -> (f64, f64) {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    let magnitude: f64 = products.clone().map(f64::abs).sum();
    let roundings = a.len().div_ceil(16) + 4;
    (
        products.sum(),
        magnitude * roundings as f64 * 2f64.powi(-24),
    )
}

/// The same bits, or both not a number.
pub(crate) fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Fails unless all are [`same`].
#[track_caller]
pub(crate) fn check_same(got: &[f32], expected: &[f32], what: impl std::fmt::Display) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            same(*got, *expected),
            "{what}: [{index}] is {got:e}, not {expected:e}"
        );
    }
}

/// Distance of `got` from the true value in units of its last place.
pub(crate) fn ulps(got: f32, truth: f64) -> f64 {
    let rounded = truth as f32;
    if got == rounded {
        return 0.0;
    }
    let spacing = f64::from(f32::from_bits(rounded.abs().to_bits() + 1)) - f64::from(rounded.abs());
    (f64::from(got) - truth).abs() / spacing
}
