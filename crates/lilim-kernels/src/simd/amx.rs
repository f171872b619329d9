//! The tile unit of x86-64 (AMX): products of 16 × 16 outputs over up to 64 columns of bytes.
//!
//! It has eight registers of sixteen rows of 64 bytes, whose rows and bytes in use are set once for
//! many products. The intrinsics are not stable, so the instructions are written out; the compiler
//! itself never touches the registers.

#![allow(
    unsafe_code,
    reason = "instructions of one CPU, behind a token that proves them"
)]

use crate::ops::block::layout::Line;
use crate::ops::block::tiles::{Dots, TileProduct, TileUnit, Tiles};
use crate::ops::block::{ActBlock, BLOCK, STEPS, TILE};
use crate::simd::LANES;
use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::marker::PhantomData;
use std::mem::offset_of;

/// Whether the machine has AMX-TILE and AMX-INT8, its tiles have the size known here, and the
/// operating system lets this process use them (on Linux it is asked to).
///
/// The machine has AVX-512, whose detection has shown that XGETBV is there.
pub(crate) fn is_available() -> bool {
    const FEATURES: u32 = 1 << 24 | 1 << 25;
    const TILE_STATE: u64 = 0b11 << 17;
    if __cpuid(0).eax < 0x1d || __cpuid_count(7, 0).edx & FEATURES != FEATURES {
        return false;
    }
    // Palette 1: 1 KiB a tile, 64 bytes a row, 8 tiles, 16 rows.
    let palette = __cpuid_count(0x1d, 1);
    let is_known =
        palette.eax >> 16 == 1024 && palette.ebx == 8 << 16 | 64 && palette.ecx & 0xffff == 16;
    // SAFETY: AVX-512 was found, which takes XSAVE, switched on.
    is_known && unsafe { _xgetbv(0) } & TILE_STATE == TILE_STATE && is_permitted()
}

/// Asks the kernel for the right to use tile registers: for the whole process, once and for all.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
    const TILE_DATA: i64 = 18;
    let result: i64;
    // SAFETY: a system call without pointers, which changes the registers named here alone.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// Other systems' ways were not tried.
#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

/// The token of the calling thread's tile unit.
pub(crate) struct Amx {
    /// A thread has its own registers.
    here: PhantomData<*const ()>,
}

impl Amx {
    /// Makes the token.
    ///
    /// # Safety
    /// [`is_available`] was true, and the thread has no other token, or unit made ready with one.
    pub(crate) unsafe fn assume() -> Self {
        Self { here: PhantomData }
    }
}

/// What LDTILECFG reads.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_a_row: [u16; 16],
    rows: [u8; 16],
}

const _: () = assert!(size_of::<Configuration>() == 64);

impl TileUnit for Amx {
    type Tiles = Configured;

    /// Registers 0 and 3 hold the sums of whole tiles, 1 and 4 their activations, 2 and 5 weights;
    /// 6 and 7 are sums and activations of the other tiles, which take their weights from 2.
    #[inline(always)]
    fn ready(self, steps: usize, rest: usize) -> Configured {
        assert!(steps <= STEPS && rest <= TILE, "{steps} steps, {rest} rows");
        let mut configuration = Configuration {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            bytes_a_row: [0; 16],
            rows: [0; 16],
        };
        let (sums, activations) = (4 * LANES as u16, 4 * steps as u16);
        let whole = TILE as u8;
        let tiles = [
            (whole, sums),
            (whole, activations),
            (steps as u8, sums),
            (whole, sums),
            (whole, activations),
            (steps as u8, sums),
            (rest as u8, sums),
            (rest as u8, activations),
        ];
        for (tile, (rows, bytes)) in tiles.into_iter().enumerate() {
            configuration.rows[tile] = rows;
            configuration.bytes_a_row[tile] = if rows == 0 { 0 } else { bytes };
        }
        // SAFETY: the token proves the instruction; `configuration` is 64 readable bytes of a known
        // palette with no more rows and bytes than it has. No register the compiler uses changes.
        unsafe {
            asm!(
                "ldtilecfg [{}]",
                in(reg) &raw const configuration,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, preserves_flags),
            );
        }
        Configured {
            steps,
            rest,
            _unit: self,
        }
    }
}

/// The calling thread's tile unit, configured; released when this is dropped.
pub(crate) struct Configured {
    steps: usize,
    rest: usize,
    _unit: Amx,
}

impl Drop for Configured {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: this value was made by the token, which proves the instruction; it clears the
        // tile registers, which nobody reads any more.
        unsafe {
            asm!(
                "tilerelease",
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nomem, nostack, preserves_flags),
            );
        }
    }
}

/// From row to row of both factors and of the sums.
const STRIDE: usize = 64;

const _: () = assert!(
    size_of::<ActBlock>() == STRIDE
        && offset_of!(ActBlock, q) == 0
        && size_of::<Line>() == STRIDE
        && size_of::<[i32; LANES]>() == STRIDE
);

/// Multiplies in the registers of these numbers: of sums, activations and weights.
macro_rules! multiply {
    ($product:ident, $out:ident, $sums:literal, $x:literal, $w:literal) => {
        asm!(
            concat!("tileloadd tmm", $w, ", [{w} + {stride}*1]"),
            concat!("tileloadd tmm", $x, ", [{x} + {stride}*1]"),
            concat!("tilezero tmm", $sums),
            concat!("tdpbssd tmm", $sums, ", tmm", $x, ", tmm", $w),
            concat!("tilestored [{out} + {stride}*1], tmm", $sums),
            w = in(reg) $product.w.as_ptr(),
            x = in(reg) $product.x.as_ptr().cast::<i8>().wrapping_add($product.col),
            out = in(reg) $out.0.as_mut_ptr(),
            stride = in(reg) STRIDE,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack, preserves_flags),
        )
    };
}

impl Tiles for Configured {
    #[inline(always)]
    fn multiply<const M: usize, const N: usize>(
        &self,
        set: usize,
        product: TileProduct<'_, M, N>,
        out: &mut Dots<M>,
    ) {
        assert!(N == self.steps && (M == TILE || M == self.rest), "{M} rows");
        assert!(product.col + 4 * N <= BLOCK, "columns of a block");
        // What makes it safe: the tiles are configured in this thread (`self` is its one unit and
        // cannot leave it) for `M` rows of `4 * N` bytes of activations, `N` lines of weights and `M` rows of
        // sixteen sums, as was just checked; these lie `STRIDE` bytes apart in `product.x` (from
        // `col` on, within the 32 columns of each block), `product.w` and `out`. Tiles are not used
        // outside of one such piece of assembly, so nothing is expected to stay in them.
        match (M == TILE, set) {
            // SAFETY: as said above.
            (false, _) => unsafe { multiply!(product, out, 6, 7, 2) },
            // SAFETY: as said above.
            (true, 0) => unsafe { multiply!(product, out, 0, 1, 2) },
            // SAFETY: as said above.
            (true, _) => unsafe { multiply!(product, out, 3, 4, 5) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;
    use crate::ops::block::tiles::tests::check_all;
    use crate::simd::{Simd, avx512::Avx512};

    #[test]
    fn tiles_multiply_as_rows_taken_one_by_one() {
        if !Level::Avx512.is_available() || !is_available() {
            return eprintln!("skipped: this machine has no amx");
        }
        // SAFETY: it was just asked for.
        let s = unsafe { Avx512::assume() };
        // SAFETY: it was just asked for; each product lets go of its unit before the next begins.
        check_all(s, || unsafe { Amx::assume() });
    }
}
