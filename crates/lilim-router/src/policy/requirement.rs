//! Requirements as users write them: `ttft_p95 < 200 ms, peak_rss < 2 GB and quality >= 0.6`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Metric, RouterError};

const WHAT: &str = "target";

/// How a figure is compared with its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Comparison {
    /// Less than.
    #[serde(rename = "<")]
    Less,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
    /// More than.
    #[serde(rename = ">")]
    More,
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
}

impl Comparison {
    /// True when `value` stands to `bound` as it says.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::AtMost => value <= bound,
            Self::More => value > bound,
            Self::AtLeast => value >= bound,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    fn is_upper_bound(self) -> bool {
        matches!(self, Self::Less | Self::AtMost)
    }
}

/// One bound on one figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Requirement {
    /// The figure.
    pub metric: Metric,
    /// How it is compared.
    pub comparison: Comparison,
    /// The bound, in the metric's unit.
    pub bound: f64,
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = self.metric.show(self.bound);
        write!(f, "{} {} {bound}", self.metric, self.comparison.sign())
    }
}

/// What *cheapest* means among the candidates that meet every requirement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// The least estimated time of this request, a switch included; then the least memory.
    #[default]
    Time,
    /// The least memory; then time.
    Memory,
    /// The least energy a token; then time, then memory.
    Energy,
}

/// Requirements and what is wanted beyond them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// All must hold.
    pub requirements: Vec<Requirement>,
    /// Decides among those that meet them.
    #[serde(default)]
    pub objective: Objective,
}

impl Target {
    /// Reads requirements, separated by commas or `and`. A clause that is only `time`, `memory` or
    /// `energy` sets the objective; without one it is time.
    ///
    /// # Errors
    /// `Shape` with the clause, what is wrong with it and what is allowed.
    pub fn parse(text: &str) -> Result<Self, RouterError> {
        let mut target = Self::default();
        let mut objective = None;
        for clause in clauses(text) {
            let fault =
                |reason: String| RouterError::shape(WHAT, format!("clause {clause:?}"), reason);
            match parse_clause(&clause).map_err(fault)? {
                Clause::Bound(requirement) => target.requirements.push(requirement),
                Clause::Least(least) if objective.is_some_and(|earlier| earlier != least) => {
                    return Err(fault("is a second objective; one is allowed".to_owned()));
                }
                Clause::Least(least) => objective = Some(least),
            }
        }
        target.objective = objective.unwrap_or_default();
        Ok(target)
    }
}

enum Clause {
    Bound(Requirement),
    Least(Objective),
}

/// Cuts at commas and at the word `and`; a cut with nothing beside it leaves an empty clause.
fn clauses(text: &str) -> Vec<String> {
    let mut clauses = Vec::new();
    for part in text.split(',') {
        let mut words = Vec::new();
        for word in part.split_whitespace() {
            if word.eq_ignore_ascii_case("and") {
                clauses.push(words.join(" "));
                words.clear();
            } else {
                words.push(word);
            }
        }
        clauses.push(words.join(" "));
    }
    clauses
}

fn parse_clause(clause: &str) -> Result<Clause, String> {
    if clause.is_empty() {
        return Err(format!("is empty; {}", allowed()));
    }
    let Some(at) = clause.find(['<', '>', '≤', '≥', '=']) else {
        return match clause.to_lowercase().as_str() {
            "time" => Ok(Clause::Least(Objective::Time)),
            "memory" => Ok(Clause::Least(Objective::Memory)),
            "energy" => Ok(Clause::Least(Objective::Energy)),
            _ => Err(format!("has no <, <=, > or >=; {}", allowed())),
        };
    };
    let (name, rest) = clause.split_at(at);
    let metric = metric_named(name.trim())
        .ok_or_else(|| format!("names no figure that is known; {}", allowed()))?;
    let signs = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("≤", Comparison::AtMost),
        ("≥", Comparison::AtLeast),
        ("<", Comparison::Less),
        (">", Comparison::More),
    ];
    let (comparison, value) = signs
        .iter()
        .find_map(|(sign, comparison)| Some((*comparison, rest.strip_prefix(sign)?)))
        .ok_or("compares with = alone; allowed are <, <=, > and >=")?;
    if comparison.is_upper_bound() != metric.lower_is_better() {
        let allowed = if metric.lower_is_better() {
            "less of it is better: < or <="
        } else {
            "more of it is better: > or >="
        };
        return Err(format!("asks for a bad {metric}; {allowed}"));
    }
    let bound = parse_value(metric, value.trim())?;
    Ok(Clause::Bound(Requirement {
        metric,
        comparison,
        bound,
    }))
}

fn metric_named(name: &str) -> Option<Metric> {
    let name = name.to_lowercase();
    let other = match name.as_str() {
        "ttft_p95_ms" => Some(Metric::TtftP95),
        "decode_tps" => Some(Metric::Decode),
        "prefill_tps" => Some(Metric::Prefill),
        "peak_rss_bytes" => Some(Metric::PeakRss),
        "energy_j_per_token" => Some(Metric::Energy),
        _ => None,
    };
    let exact = Metric::ALL.into_iter().find(|metric| metric.name() == name);
    exact.or(other)
}

/// A number and its unit, in the metric's unit.
fn parse_value(metric: Metric, text: &str) -> Result<f64, String> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let units = units(metric);
    let names: Vec<_> = units.iter().map(|unit| unit.0).collect();
    let hint = match names.iter().filter(|name| !name.is_empty()).copied() {
        named if names.contains(&"") => {
            let named = named.collect::<Vec<_>>().join(", ");
            format!("write a number, with or without {named}")
        }
        named => format!(
            "write a number and one of {}",
            named.collect::<Vec<_>>().join(", ")
        ),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("has no number after the comparison; {hint}"))?;
    let unit = unit.trim();
    let scale = units
        .iter()
        .find(|known| known.0.eq_ignore_ascii_case(unit))
        .map(|known| known.1);
    match scale {
        Some(scale) => Ok(number * scale),
        None if unit.is_empty() => Err(format!("has no unit; {hint}")),
        None => Err(format!("has the unit {unit:?}; {hint}")),
    }
}

/// Units and their size; a bare number is allowed where there is one usual unit.
fn units(metric: Metric) -> &'static [(&'static str, f64)] {
    match metric {
        Metric::TtftP95 => &[("ms", 1.0), ("s", 1e3), ("us", 1e-3)],
        Metric::Decode | Metric::Prefill => {
            &[("", 1.0), ("tok/s", 1.0), ("tokens/s", 1.0), ("tps", 1.0)]
        }
        Metric::PeakRss => &[
            ("kB", 1e3),
            ("MB", 1e6),
            ("GB", 1e9),
            ("KiB", 1024.0),
            ("MiB", 1_048_576.0),
            ("GiB", 1_073_741_824.0),
        ],
        Metric::Energy => &[
            ("", 1.0),
            ("J/token", 1.0),
            ("J/tok", 1.0),
            ("mJ/token", 1e-3),
        ],
        Metric::Quality => &[("", 1.0), ("%", 0.01)],
    }
}

fn allowed() -> String {
    let names: Vec<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    format!(
        "allowed are bounds on {}, or one of time, memory, energy as what is to be least",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_as_users_write_them() {
        let cases = [
            (
                "ttft_p95 < 200 ms, peak_rss < 2 GB, energy < 0.5 J/token, quality >= 0.6, decode >= 20",
                "ttft_p95 < 200 ms; peak_rss < 2 GB; energy < 0.5 J/token; quality >= 0.6; decode >= 20 tok/s",
                Objective::Time,
            ),
            (
                "TTFT_p95≤0.2s AND decode_tps>20tok/s and prefill > 100 tokens/s",
                "ttft_p95 <= 200 ms; decode > 20 tok/s; prefill > 100 tok/s",
                Objective::Time,
            ),
            (
                "peak_rss <= 512 MiB, energy",
                "peak_rss <= 537 MB",
                Objective::Energy,
            ),
            ("memory", "", Objective::Memory),
            (
                "quality ≥ 60 %, time, time",
                "quality >= 0.6",
                Objective::Time,
            ),
        ];
        for (text, expected, objective) in cases {
            let target = Target::parse(text).unwrap();
            let shown: Vec<_> = target
                .requirements
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(
                (shown.join("; ").as_str(), target.objective),
                (expected, objective)
            );
        }
        let bound = Target::parse("peak_rss < 2 gib").unwrap().requirements[0].bound;
        assert_eq!(bound, 2.0 * 1024.0 * 1024.0 * 1024.0);
    }

    #[test]
    fn faults_name_the_clause_and_what_is_allowed() {
        let allowed = "allowed are bounds on ttft_p95, decode, prefill, peak_rss, energy, quality, \
                       or one of time, memory, energy as what is to be least";
        let cases = [
            ("", format!(r#"clause "" is empty; {allowed}"#)),
            (
                "decode > 2,, energy",
                format!(r#"clause "" is empty; {allowed}"#),
            ),
            (
                "decode > 2, fast",
                format!(r#"clause "fast" has no <, <=, > or >=; {allowed}"#),
            ),
            (
                "speed > 3",
                format!(r#"clause "speed > 3" names no figure that is known; {allowed}"#),
            ),
            (
                "decode = 3",
                r#"clause "decode = 3" compares with = alone; allowed are <, <=, > and >="#.into(),
            ),
            (
                "ttft_p95 > 3 ms",
                r#"clause "ttft_p95 > 3 ms" asks for a bad ttft_p95; less of it is better: < or <="#
                    .into(),
            ),
            (
                "decode < 3",
                r#"clause "decode < 3" asks for a bad decode; more of it is better: > or >="#.into(),
            ),
            (
                "ttft_p95 < 200",
                r#"clause "ttft_p95 < 200" has no unit; write a number and one of ms, s, us"#.into(),
            ),
            (
                "decode > many",
                r#"clause "decode > many" has no number after the comparison; write a number, with or without tok/s, tokens/s, tps"#
                    .into(),
            ),
            (
                "energy < 3 Wh",
                r#"clause "energy < 3 Wh" has the unit "Wh"; write a number, with or without J/token, J/tok, mJ/token"#
                    .into(),
            ),
            (
                "quality > 1.2.3",
                r#"clause "quality > 1.2.3" has no number after the comparison; write a number, with or without %"#
                    .into(),
            ),
            (
                "time, energy",
                r#"clause "energy" is a second objective; one is allowed"#.into(),
            ),
        ];
        for (text, expected) in cases {
            let error = Target::parse(text).unwrap_err().to_string();
            assert_eq!(error, format!("target: {expected}"));
        }
    }

    #[test]
    fn targets_survive_json() {
        let target = Target::parse("ttft_p95 < 200 ms, energy").unwrap();
        let json = serde_json::to_string(&target).unwrap();
        assert_eq!(
            json,
            r#"{"requirements":[{"metric":"ttft_p95","comparison":"<","bound":200.0}],"objective":"energy"}"#
        );
        assert_eq!(serde_json::from_str::<Target>(&json).unwrap(), target);
    }
}
