//! What a build is held against: gates as people write them, and what an earlier run recorded.
//!
//! A gate says how one figure may differ from the baseline's (`>= 0.95x`), what it may be at all
//! (`<= 5 s`), or that the answers are the same (`same`). The verdicts are in `derive::check`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metric;
use crate::plan::{Bound, RequestShape};
use crate::stats::Limit;

/// The case whose answers give the quality hash; its requests show speed and memory too.
pub const ANSWERS: &str = "quality/answers";
/// The same on the older program.
pub const ANSWERS_OF_BASELINE: &str = "quality/answers/baseline";
/// The case of the perplexity.
pub const PERPLEXITY: &str = "quality/perplexity";
/// The same on the older program.
pub const PERPLEXITY_OF_BASELINE: &str = "quality/perplexity/baseline";
/// The case of loading.
pub const LOAD: &str = "load";

/// What every fixed prompt and its answer are long. Other lengths give other hashes, so they are no
/// flags.
pub const ANSWER_SHAPE: RequestShape = RequestShape {
    n_prompt: 64,
    n_out: 32,
};
/// Fixed prompts whose answers make the hash; one more warms up.
pub const N_ANSWERS: u32 = 8;
/// Fixed texts of the perplexity.
pub const N_TEXTS: u32 = 16;
/// Tokens of each text.
pub const TEXT_TOKENS: u32 = 128;
/// Loads: the fewest of which all lie on one side of a median by more than chance (2.5%).
pub const N_LOADS: u32 = 6;

/// Gates and what they are held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What people call the baseline: its file.
    pub baseline: String,
    /// What decides.
    pub gates: Vec<CheckGate>,
    /// What the baseline says of an earlier time.
    pub recorded: Recorded,
}

/// One line of a baseline's gates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckGate {
    /// As it was written, such as `decode >= 0.95x`.
    pub text: String,
    /// A metric's name, or `quality_hash`.
    pub metric: String,
    /// What it must keep.
    pub bar: Bar,
}

/// What a figure must keep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// Against the baseline.
    #[schemars(with = "serde_json::Value")]
    Ratio(Limit),
    /// By itself, in the metric's unit.
    Absolute(Bound),
    /// The very same.
    Same,
}

/// What an earlier run found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Recorded {
    /// When it ran, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The program, by the hash of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// The machine's fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// SHA-256 of the model's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// Hash of the sentences that prompts and texts are made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentences: Option<String>,
    /// Hash of the token ids of the fixed prompts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_hash: Option<String>,
    /// Hash of the greedy answers to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_hash: Option<String>,
    /// Mean −ln p of a token of each fixed text: what a later perplexity is paired with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nats: Vec<f64>,
    /// Middles by metric.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
}

/// The name of the gate that is no metric.
pub const QUALITY_HASH: &str = "quality_hash";

/// Short names of gates and the metrics they mean.
const SHORT: [(&str, &str); 9] = [
    ("decode", "decode_tps"),
    ("prefill", "client_prefill_tps"),
    ("ttft", "ttft_ms"),
    ("e2e", "e2e_ms"),
    ("load", "load_ms"),
    ("peak_rss", "peak_rss_bytes"),
    ("cpu", "cpu_s"),
    ("energy", "energy_j"),
    ("size", "binary_bytes"),
];

/// Metrics that a gate can be about, beside the quality hash.
const GATED: [&str; 10] = [
    "decode_tps",
    "client_prefill_tps",
    "ttft_ms",
    "itl_ms",
    "e2e_ms",
    "load_ms",
    "peak_rss_bytes",
    "cpu_s",
    "energy_j",
    "ppl",
];

impl CheckGate {
    /// Reads `NAME = "OP NUMBER UNIT"`: `>= 0.95x`, `<= 5 s`, `same`.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(name: &str, rule: &str) -> Result<Self, String> {
        let long = SHORT.iter().find(|(short, _)| *short == name);
        let metric = long.map_or(name, |(_, metric)| *metric);
        let text = format!("{name} {}", rule.trim());
        let gate = |bar| Self {
            text: text.clone(),
            metric: metric.to_owned(),
            bar,
        };
        if metric == QUALITY_HASH {
            return match rule.trim() {
                "same" => Ok(gate(Bar::Same)),
                other => Err(format!("'{other}' says nothing of a hash (only: same)")),
            };
        }
        if !GATED.contains(&metric) {
            let short = SHORT.iter().filter(|(_, long)| GATED.contains(long));
            let known: Vec<&str> = short.map(|(short, _)| *short).chain(GATED).collect();
            return Err(format!(
                "there is no gate '{name}' (one of: {QUALITY_HASH}, {})",
                known.join(", ")
            ));
        }
        parse_bar(metric, rule.trim()).map(gate)
    }
}

fn parse_bar(metric: &str, rule: &str) -> Result<Bar, String> {
    let (is_least, rest) = match (rule.strip_prefix(">="), rule.strip_prefix("<=")) {
        (Some(rest), _) => (true, rest.trim()),
        (_, Some(rest)) => (false, rest.trim()),
        _ => return Err(format!("'{rule}' begins with neither >= nor <=")),
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
        .unwrap_or(rest.len());
    let (number, unit) = (rest[..end].replace('_', ""), rest[end..].trim());
    let value: f64 = number
        .parse()
        .map_err(|_| format!("'{rest}' does not begin with a number"))?;
    if !(value > 0.0 && value.is_finite()) {
        return Err(format!("'{number}' is not above 0"));
    }
    if unit == "x" {
        return Ok(Bar::Ratio(match is_least {
            true => Limit::AtLeast(value),
            false => Limit::AtMost(value),
        }));
    }
    let own = metric::by_name(metric).map_or("", |metric| metric.unit);
    let value = value * factor(own, unit)?;
    Ok(Bar::Absolute(match is_least {
        true => Bound::AtLeast(value),
        false => Bound::AtMost(value),
    }))
}

/// What one of a written unit is in a metric's own.
fn factor(own: &str, written: &str) -> Result<f64, String> {
    let known: &[(&str, f64)] = match own {
        "ms" => &[("ms", 1.0), ("s", 1e3)],
        "s" => &[("s", 1.0), ("ms", 1e-3)],
        "bytes" => &[
            ("bytes", 1.0),
            ("MB", 1e6),
            ("GB", 1e9),
            ("MiB", 1_048_576.0),
            ("GiB", 1_073_741_824.0),
        ],
        "tokens/s" => &[("tokens/s", 1.0)],
        "J" => &[("J", 1.0)],
        _ => &[("", 1.0)],
    };
    let found = known.iter().find(|(unit, _)| *unit == written);
    found.map(|(_, factor)| *factor).ok_or_else(|| {
        let known = known
            .iter()
            .map(|(unit, _)| *unit)
            .filter(|unit| !unit.is_empty());
        let mut known: Vec<&str> = known.collect();
        known.push("x for a ratio to the baseline");
        format!("unit '{written}' is none of: {}", known.join(", "))
    })
}

/// The gates of a new baseline: those of the project's documents for CI, and the answers.
pub const DEFAULT_GATES: [(&str, &str); 6] = [
    ("decode", ">= 0.95x"),
    ("prefill", ">= 0.95x"),
    ("ttft", "<= 1.10x"),
    ("peak_rss_bytes", "<= 1.10x"),
    ("ppl", "<= 1.005x"),
    (QUALITY_HASH, "same"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_reads_as_people_write_it() {
        for (name, rule, metric, bar) in [
            (
                "decode",
                ">= 0.95x",
                "decode_tps",
                Bar::Ratio(Limit::AtLeast(0.95)),
            ),
            ("ttft", "<=1.10x", "ttft_ms", Bar::Ratio(Limit::AtMost(1.1))),
            (
                "load",
                "<= 5 s",
                "load_ms",
                Bar::Absolute(Bound::AtMost(5_000.0)),
            ),
            (
                "ttft_ms",
                "<= 200 ms",
                "ttft_ms",
                Bar::Absolute(Bound::AtMost(200.0)),
            ),
            (
                "decode",
                ">= 20 tokens/s",
                "decode_tps",
                Bar::Absolute(Bound::AtLeast(20.0)),
            ),
            (
                "peak_rss",
                "<= 2 GB",
                "peak_rss_bytes",
                Bar::Absolute(Bound::AtMost(2e9)),
            ),
            ("ppl", "<= 1.005x", "ppl", Bar::Ratio(Limit::AtMost(1.005))),
            ("ppl", "<= 12", "ppl", Bar::Absolute(Bound::AtMost(12.0))),
            ("quality_hash", "same", "quality_hash", Bar::Same),
        ] {
            let gate = CheckGate::parse(name, rule).unwrap();
            assert_eq!(
                (gate.metric.as_str(), gate.bar),
                (metric, bar),
                "{name} {rule}"
            );
        }
    }

    #[test]
    fn a_gate_that_makes_no_sense_says_why() {
        for (name, rule, reason) in [
            (
                "decoed",
                ">= 1x",
                "no gate 'decoed' (one of: quality_hash, decode",
            ),
            ("decode", "0.95x", "neither >= nor <="),
            ("decode", ">= fast", "does not begin with a number"),
            ("decode", ">= 0x", "not above 0"),
            (
                "load",
                "<= 5 min",
                "unit 'min' is none of: ms, s, x for a ratio",
            ),
            ("decode", ">= 1.2.3x", "does not begin with a number"),
            ("quality_hash", "<= 1", "only: same"),
        ] {
            let error = CheckGate::parse(name, rule).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn the_gates_of_a_new_baseline_are_gates() {
        for (name, rule) in DEFAULT_GATES {
            CheckGate::parse(name, rule).unwrap();
        }
    }
}
