//! What is tried before it is used: instructions that these kernels never met on a real machine.

use std::sync::OnceLock;

use crate::columns::ColumnsMut;
use crate::level::Level;
use crate::ops::block::{ActBlock, BLOCK, PanelBlock, TILE};
use crate::packed::PackedRows;
use crate::table::Kernels;
use lilim_formats::GgmlType;

/// Types of every shape of product, and all offsets of their bytes.
const TYPES: [GgmlType; 6] = [
    GgmlType::Q8_0,
    GgmlType::Q4_1,
    GgmlType::Q4_K,
    GgmlType::Q6_K,
    GgmlType::Q2_K,
    GgmlType::IQ4_XS,
];

/// Rows of activations: whole tiles and every other size of one.
const ROWS: [usize; 6] = [17, 18, 20, 24, 32, 33];

/// The most of them.
const MAX_ROWS: usize = 33;

const N_COLS: usize = 256;

/// Weight rows: more than a group, and not whole ones.
const N_ROWS: usize = 19;

/// Bytes of the packed weights at most: two groups of Q8_0.
const MAX_BYTES: usize = 2 * TILE * N_COLS / BLOCK * 34;

/// Panel blocks at most: eight panels.
const MAX_PANEL: usize = 8 * N_COLS / BLOCK;

type Outputs = [f32; MAX_ROWS * N_ROWS];

/// Whether products in tiles give the bits of those at the AVX-512 level, found out once a
/// process; `None` where the machine has no tiles or no AVX-512, or may not use them.
pub(crate) fn tiles() -> Option<bool> {
    static FOUND: OnceLock<Option<bool>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let trusted = Kernels::for_level(Level::Avx512)?;
        Some(agree(trusted, Kernels::untried()?))
    })
}

/// Whether both multiply alike.
fn agree(trusted: &Kernels, tried: &Kernels) -> bool {
    TYPES.into_iter().zip(ROWS).all(|(ty, m)| {
        let mut outputs = [[0.0; MAX_ROWS * N_ROWS]; 2];
        let [expected, got] = &mut outputs;
        let done = product(trusted, ty, m, expected).and_then(|()| product(tried, ty, m, got));
        done.is_some() && expected.map(f32::to_bits) == got.map(f32::to_bits)
    })
}

/// A product of made-up numbers; `None` where there is none with weights of this type.
fn product(kernels: &Kernels, ty: GgmlType, m: usize, out: &mut Outputs) -> Option<()> {
    let mut bytes = [0; MAX_BYTES];
    let bytes = bytes.get_mut(..PackedRows::n_bytes(ty, N_ROWS, N_COLS)?)?;
    make_up(bytes);
    let weight = PackedRows::new(ty, bytes, N_ROWS, N_COLS).ok()?;
    let mut x = [0.0; TILE * N_COLS];
    for (k, x) in x.iter_mut().enumerate() {
        *x = ((k * 7919) % 1009) as f32 / 500.0 - 1.0;
    }
    let mut rounded = [ActBlock::ZERO; MAX_ROWS * N_COLS / BLOCK];
    let rounded = &mut rounded[..Kernels::rounded_len(N_COLS, m)];
    let grain = kernels.grain(ty)?;
    for (i, rounded) in rounded.chunks_mut(TILE * N_COLS / BLOCK).enumerate() {
        let n_rows = TILE.min(m - i * TILE);
        kernels.round_tile(grain, &x[..n_rows * N_COLS], N_COLS, rounded);
    }
    let mut panel = [PanelBlock::ZERO; MAX_PANEL];
    let out = ColumnsMut::new(&mut out[..m * N_ROWS], m);
    kernels.matmul_rounded(weight, rounded, out, &mut panel);
    Some(())
}

/// Fills with bytes whose exponents are small in every format.
fn make_up(bytes: &mut [u8]) {
    let mut state = 1u64;
    for byte in bytes {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *byte = ((state >> 56) as u8) & 0xb3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_that_agree_pass_and_one_that_does_not_fails() {
        let Some(avx2) = Kernels::for_level(Level::Avx2) else {
            return eprintln!("skipped: this machine has no avx2");
        };
        let trusted = Kernels::for_level(Level::Avx512).unwrap_or(avx2);
        assert!(agree(trusted, avx2));
        let reference = Kernels::for_level(Level::Reference).expect("always there");
        assert!(!agree(trusted, reference), "it has no grain");
    }

    #[test]
    fn the_numbers_it_tries_are_numbers() {
        let Some(avx2) = Kernels::for_level(Level::Avx2) else {
            return eprintln!("skipped: this machine has no avx2");
        };
        for (ty, m) in TYPES.into_iter().zip(ROWS) {
            let mut out = [f32::NAN; MAX_ROWS * N_ROWS];
            assert_eq!(product(avx2, ty, m, &mut out), Some(()), "{ty}");
            let (out, _) = out.split_at(m * N_ROWS);
            assert!(out.iter().all(|out| out.is_finite()), "{ty}");
            assert!(out.iter().any(|out| *out != 0.0), "{ty}");
        }
    }

    #[test]
    fn a_level_that_fails_is_not_offered() {
        assert_eq!(Level::Amx.is_available(), tiles() == Some(true));
        assert_eq!(Level::Amx.fails_self_check(), tiles() == Some(false));
        assert_eq!(
            Kernels::for_level(Level::Amx).is_some(),
            tiles() == Some(true)
        );
    }
}
