//! Model names taken apart, to find the installed model nearest to one that is not installed.
//!
//! Names look like `Qwen3-0.6B-q4f16_1-MLC`, `Qwen3-0.6B-Q8_0` or `org/Qwen3-0.6B-GGUF`: a base,
//! in it a size such as `0.6B`, and perhaps a quantization.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An installed model offered in place of one that is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suggestion {
    /// The installed model.
    pub model: String,
    /// Why this one.
    pub reason: String,
}

/// Finds the installed model nearest to `wanted`: the same base with the nearest quantization,
/// otherwise the same family with the nearest size. `None` when nothing is related.
pub fn suggest<'a>(
    wanted: &str,
    installed: impl IntoIterator<Item = &'a str>,
) -> Option<Suggestion> {
    let target = ModelName::parse(wanted);
    let (_, is_same_base, name, model) = installed
        .into_iter()
        .filter_map(|model| {
            let name = ModelName::parse(model);
            let is_same_base = name.base == target.base;
            let is_related = is_same_base || name.family == target.family;
            is_related.then(|| (target.distance(&name), is_same_base, name, model))
        })
        .min_by(|a, b| {
            let by_distance = b.1.cmp(&a.1).then(a.0.total_cmp(&b.0));
            let more_bits_first = b.2.bits.unwrap_or(0).cmp(&a.2.bits.unwrap_or(0));
            by_distance.then(more_bits_first).then(a.3.cmp(b.3))
        })?;
    let reason = match (is_same_base, name.bits == target.bits) {
        (true, true) => format!("the same model as {wanted} with as many bits a weight"),
        (true, false) => format!("the same model as {wanted} in the nearest quantization"),
        (false, _) => format!("the same family as {wanted} in the nearest size"),
    };
    Some(Suggestion {
        model: model.to_owned(),
        reason,
    })
}

/// The parts of a model's name that can be compared.
#[derive(Debug, PartialEq)]
struct ModelName {
    /// Everything but organisation, quantization and packaging, in lower case.
    base: String,
    /// The base up to the size.
    family: String,
    /// Billions of weights, by the size in the name.
    billions: Option<f64>,
    /// Bits a weight, by the quantization in the name.
    bits: Option<u32>,
}

impl ModelName {
    fn parse(name: &str) -> Self {
        let lower = name.rsplit('/').next().unwrap_or_default().to_lowercase();
        let lower = lower.strip_suffix(".gguf").unwrap_or(&lower);
        // `NAME.Q4_K_M`, as many GGUF files are called.
        let lower = match lower.rsplit_once('.') {
            Some((name, bits)) if quantization_bits(bits).is_some() => format!("{name}-{bits}"),
            _ => lower.to_owned(),
        };
        let (mut base, mut family) = (Vec::new(), Vec::new());
        let (mut billions, mut bits) = (None, None);
        for part in lower.split(['-', ' ']).filter(|part| !part.is_empty()) {
            if matches!(part, "mlc" | "gguf") {
                continue;
            }
            if let Some(found) = quantization_bits(part) {
                bits = Some(found);
                continue;
            }
            base.push(part);
            match size_in_billions(part) {
                Some(size) if billions.is_none() => billions = Some(size),
                _ if billions.is_none() => family.push(part),
                _ => {}
            }
        }
        Self {
            base: base.join("-"),
            family: family.join("-"),
            billions,
            bits,
        }
    }

    /// How far apart two models of one base (in bits) or of one family (in size, as a ratio) are.
    fn distance(&self, other: &Self) -> f64 {
        /// Farther than anything known.
        const UNKNOWN: f64 = 1e6;
        if self.base == other.base {
            return match (self.bits, other.bits) {
                (Some(a), Some(b)) => f64::from(a.abs_diff(b)),
                (None, None) => 0.0,
                _ => UNKNOWN,
            };
        }
        match (self.billions, other.billions) {
            (Some(a), Some(b)) => (a / b).ln().abs(),
            _ => UNKNOWN,
        }
    }
}

/// Bits a weight of `q4f16_1`, `q0f32` (not quantized), `q8_0`, `q4_k_m`, `iq4_xs`, `f16`, `bf16`,
/// `fp32`, `mxfp4`.
fn quantization_bits(part: &str) -> Option<u32> {
    if matches!(part, "mxfp4" | "nvfp4") {
        return Some(4);
    }
    for prefix in ["bf", "fp", "f"] {
        if let Some(bits) = part.strip_prefix(prefix) {
            return matches!(bits, "16" | "32" | "8").then(|| bits.parse().ok())?;
        }
    }
    let rest = part.strip_prefix("iq").or_else(|| part.strip_prefix('q'))?;
    let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (bits, after) = rest.split_at(n_digits);
    let bits: u32 = bits.parse().ok()?;
    match (bits, after) {
        // MLC's "q0": weights left in the type that follows.
        (0, _) => after
            .strip_prefix('f')
            .or_else(|| after.strip_prefix("bf"))?
            .parse()
            .ok(),
        (1..=8, "") => Some(bits),
        (1..=8, _) if after.starts_with(['f', '_']) => Some(bits),
        _ => None,
    }
}

/// The size of `0.6b`, `135m`, `8x7b` (as if dense).
fn size_in_billions(part: &str) -> Option<f64> {
    let (number, unit) = match part.strip_suffix('b') {
        Some(number) => (number, 1.0),
        None => (part.strip_suffix('m')?, 1e-3),
    };
    let (times, number) = number.split_once('x').unwrap_or(("1", number));
    let size = times.parse::<f64>().ok()? * number.parse::<f64>().ok()? * unit;
    (size.is_finite() && size > 0.0).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        let cases = [
            (
                "Qwen3-0.6B-q4f16_1-MLC",
                "qwen3-0.6b",
                "qwen3",
                Some(0.6),
                Some(4),
            ),
            (
                "Qwen3-0.6B-q0f32-MLC",
                "qwen3-0.6b",
                "qwen3",
                Some(0.6),
                Some(32),
            ),
            (
                "org/Qwen3-0.6B-GGUF",
                "qwen3-0.6b",
                "qwen3",
                Some(0.6),
                None,
            ),
            (
                "SmolLM2-135M-Instruct-Q8_0.gguf",
                "smollm2-135m-instruct",
                "smollm2",
                Some(0.135),
                Some(8),
            ),
            (
                "gemma-3-4b-it-BF16",
                "gemma-3-4b-it",
                "gemma-3",
                Some(4.0),
                Some(16),
            ),
            (
                "Mixtral-8x7B-IQ4_XS",
                "mixtral-8x7b",
                "mixtral",
                Some(56.0),
                Some(4),
            ),
            ("stories260K", "stories260k", "stories260k", None, None),
            (
                "qwen3-0.6b.q4_k_m",
                "qwen3-0.6b",
                "qwen3",
                Some(0.6),
                Some(4),
            ),
            ("QwQ-32B", "qwq-32b", "qwq", Some(32.0), None),
            ("", "", "", None, None),
        ];
        for (name, base, family, billions, bits) in cases {
            let expected = ModelName {
                base: base.to_owned(),
                family: family.to_owned(),
                billions,
                bits,
            };
            assert_eq!(ModelName::parse(name), expected, "{name}");
        }
    }

    #[test]
    fn the_nearest_installed_model_is_suggested() {
        let installed = [
            "Qwen3-0.6B-Q8_0",
            "Qwen3-0.6B-Q4_K_M",
            "Qwen3-1.7B-Q4_0",
            "Qwen3-8B-Q4_0",
            "phi-2",
        ];
        let cases = [
            ("Qwen3-0.6B-q4f32_1-MLC", Some("Qwen3-0.6B-Q4_K_M")),
            ("Qwen3-0.6B-q0f32-MLC", Some("Qwen3-0.6B-Q8_0")),
            ("Qwen3-0.6B-Q6_K", Some("Qwen3-0.6B-Q8_0")),
            ("Qwen3-4B-Q4_0", Some("Qwen3-8B-Q4_0")),
            ("PHI-2-q4f16_1-MLC", Some("phi-2")),
            ("Llama-3.2-1B-Q4_0", None),
            ("", None),
        ];
        for (wanted, expected) in cases {
            let got = suggest(wanted, installed);
            assert_eq!(got.as_ref().map(|s| s.model.as_str()), expected, "{wanted}");
        }
        let got = suggest("Qwen3-0.6B-q4f32_1-MLC", installed).unwrap();
        assert_eq!(
            got.reason,
            "the same model as Qwen3-0.6B-q4f32_1-MLC with as many bits a weight"
        );
    }
}
