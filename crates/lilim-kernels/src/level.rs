//! The instruction sets the kernels are built for, and which of them this machine has.

#[cfg(target_arch = "x86_64")]
use crate::self_check;

/// An instruction set that the kernels are compiled for.
///
/// Every level computes a kernel's formula in the same order, so all of them give the same bits. (At
/// the reference level products with quantized weights are other kernels: the exact ones.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// Plain Rust, present on every machine; the twin the others are checked against.
    Reference,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// x86-64 with AVX2, FMA, F16C and AVX-VNNI.
    Avx2Vnni,
    /// x86-64 with AVX-512 F, BW, DQ, VL and VNNI.
    Avx512,
    /// What `avx512` takes, with AMX-TILE and AMX-INT8.
    Amx,
    /// AArch64 with Advanced SIMD.
    Neon,
    /// AArch64 with Advanced SIMD and its dot products of signed bytes.
    NeonDotprod,
    /// AArch64 with Advanced SIMD and its 8-bit matrix products.
    NeonI8mm,
}

impl Level {
    /// Every level, the slowest first.
    pub const ALL: [Self; 8] = [
        Self::Reference,
        Self::Avx2,
        Self::Avx2Vnni,
        Self::Avx512,
        Self::Amx,
        Self::Neon,
        Self::NeonDotprod,
        Self::NeonI8mm,
    ];

    /// Returns the name used in logs and reports, such as `avx512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Avx2 => "avx2",
            Self::Avx2Vnni => "avx2-vnni",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
            Self::Neon => "neon",
            Self::NeonDotprod => "neon-dotprod",
            Self::NeonI8mm => "neon-i8mm",
        }
    }

    /// Returns the level of this name, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(name))
    }

    /// Whether the level's tests have run on a machine that has it; those of the others were run
    /// under emulation at best.
    pub fn is_verified(self) -> bool {
        match self {
            Self::Reference | Self::Avx2 | Self::Avx512 => true,
            Self::Avx2Vnni | Self::Amx | Self::Neon | Self::NeonDotprod | Self::NeonI8mm => false,
        }
    }

    /// Whether this machine can run the level.
    pub fn is_available(self) -> bool {
        match self {
            Self::Reference => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
                    && std::arch::is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2Vnni => {
                Self::Avx2.is_available() && std::arch::is_x86_feature_detected!("avxvnni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Amx => self_check::tiles() == Some(true),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDotprod => {
                Self::Neon.is_available() && std::arch::is_aarch64_feature_detected!("dotprod")
            }
            #[cfg(target_arch = "aarch64")]
            Self::NeonI8mm => {
                Self::NeonDotprod.is_available() && std::arch::is_aarch64_feature_detected!("i8mm")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx2Vnni | Self::Avx512 | Self::Amx => false,
            #[cfg(not(target_arch = "aarch64"))]
            Self::Neon | Self::NeonDotprod | Self::NeonI8mm => false,
        }
    }

    /// Whether this machine has the level's instructions but they do not compute what they should:
    /// a level that was never run on a real machine is tried before it is used.
    pub fn fails_self_check(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        if self == Self::Amx {
            return self_check::tiles() == Some(false);
        }
        false
    }

    /// Returns the levels this machine can run, the slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|level| level.is_available())
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
