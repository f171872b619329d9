//! How a model is loaded: what is decided once, before the first token.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The CPU instruction set that the kernels use. Chosen at start by detection, or forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Portable Rust: the slow twin of every fast kernel.
    Reference,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// x86-64 with AVX2, FMA, F16C and AVX-VNNI.
    Avx2Vnni,
    /// x86-64 with AVX-512 F, BW, DQ, VL and VNNI.
    Avx512,
    /// The same, with AMX-TILE and AMX-INT8.
    Amx,
    /// 64-bit Arm with NEON.
    Neon,
    /// 64-bit Arm with NEON and dotprod.
    NeonDotprod,
    /// 64-bit Arm with NEON, dotprod and i8mm.
    NeonI8mm,
}

impl Level {
    /// Every level there is, slowest first.
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

    /// The name used on the command line, in logs and in reports.
    pub fn as_str(self) -> &'static str {
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
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        parse_name("level", name, &Self::ALL, Self::as_str)
    }
}

/// How keys and values are stored in the KV cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KvType {
    /// 32-bit floats: exact, 4 bytes an element.
    F32,
    /// 16-bit floats: 2 bytes an element.
    #[default]
    F16,
    /// Blocks of 32 signed bytes with one 16-bit scale: 34 bytes for 32 elements.
    #[serde(rename = "q8_0")]
    Q8_0,
}

impl KvType {
    /// Every type there is.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Q8_0];

    /// The name used on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
        }
    }
}

impl fmt::Display for KvType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KvType {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        parse_name("kv cache type", name, &Self::ALL, Self::as_str)
    }
}

/// A name that is none of those an option takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} '{given}' (one of: {known})")]
pub struct UnknownName {
    /// What the name should have named.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// The names that would have been taken, separated by commas.
    pub known: String,
}

fn parse_name<T: Copy>(
    what: &'static str,
    given: &str,
    all: &[T],
    name_of: fn(T) -> &'static str,
) -> Result<T, UnknownName> {
    all.iter()
        .copied()
        .find(|&item| name_of(item).eq_ignore_ascii_case(given))
        .ok_or_else(|| UnknownName {
            what,
            given: given.to_owned(),
            known: all
                .iter()
                .map(|&item| name_of(item))
                .collect::<Vec<_>>()
                .join(", "),
        })
}

/// Where guesses of the next tokens come from. They change the speed, never a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeculationOptions {
    /// Nothing is guessed.
    #[default]
    Off,
    /// What followed the same tokens earlier in the prompt or the answer.
    Lookup,
    /// The answer of a smaller model with the same vocabulary, a GGUF file.
    Draft(PathBuf),
}

/// Before the file in the name of [`SpeculationOptions::Draft`].
const DRAFT_PREFIX: &str = "draft:";

impl fmt::Display for SpeculationOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Lookup => f.write_str("lookup"),
            Self::Draft(path) => write!(f, "{DRAFT_PREFIX}{}", path.display()),
        }
    }
}

impl FromStr for SpeculationOptions {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name.strip_prefix(DRAFT_PREFIX) {
            Some(path) if !path.is_empty() => Ok(Self::Draft(path.into())),
            None if name.eq_ignore_ascii_case("off") => Ok(Self::Off),
            None if name.eq_ignore_ascii_case("lookup") => Ok(Self::Lookup),
            _ => Err(UnknownName {
                what: "speculation",
                given: name.to_owned(),
                known: "off, lookup, draft:MODEL".to_owned(),
            }),
        }
    }
}

/// How to load a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadOptions {
    /// Worker threads; `None` means as many as may run at once.
    pub threads: Option<usize>,
    /// The kernel level; `None` means the best that this machine has.
    pub level: Option<Level>,
    /// Context length in tokens; `None` means the model's own, cut to [`Self::DEFAULT_CONTEXT`].
    pub context: Option<usize>,
    /// Prompt tokens computed at once in prefill.
    pub chunk: usize,
    /// How keys and values are stored.
    pub kv_type: KvType,
    /// Whether a session keeps what it computed for a prompt that begins like the last one.
    pub prefix_cache: bool,
    /// Speculative decoding.
    pub speculation: SpeculationOptions,
    /// Memory that loading and running may take, in bytes; `None` means no limit.
    pub memory_limit_bytes: Option<u64>,
}

impl LoadOptions {
    /// The context that is taken when neither the user nor a smaller model says otherwise.
    pub const DEFAULT_CONTEXT: usize = 4096;
    /// Prompt tokens computed at once when nothing else is asked.
    pub const DEFAULT_CHUNK: usize = 512;
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            threads: None,
            level: None,
            context: None,
            chunk: Self::DEFAULT_CHUNK,
            kv_type: KvType::default(),
            prefix_cache: true,
            speculation: SpeculationOptions::default(),
            memory_limit_bytes: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_unknown_ones_list_the_known() {
        for level in Level::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
            let json = serde_json::to_value(level).unwrap();
            assert_eq!(json, level.as_str());
        }
        for kv_type in KvType::ALL {
            assert_eq!(kv_type.as_str().parse(), Ok(kv_type));
        }
        for text in ["off", "lookup", "draft:small.gguf"] {
            let parsed: SpeculationOptions = text.parse().unwrap();
            assert_eq!(parsed.to_string(), text);
        }
        for text in ["", "on", "draft", "draft:"] {
            assert!(text.parse::<SpeculationOptions>().is_err(), "{text}");
        }
        let error = "sse9".parse::<Level>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown level 'sse9' (one of: reference, avx2, avx2-vnni, avx512, amx, neon, neon-dotprod, neon-i8mm)"
        );
    }
}
