//! What answering is expected to cost, from measurements alone: what was not measured stays unknown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Candidate;
use crate::candidate::{Metric, show_bytes, show_ms};

/// How long an answer is taken to be when nobody says: only the order of candidates depends on it.
pub const ASSUMED_ANSWER_TOKENS: u64 = 128;

/// How much a request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSize {
    /// The prompt's tokens; `None` when they were not counted.
    pub prompt_tokens: Option<u64>,
    /// The tokens that the answer may have; `None` takes [`ASSUMED_ANSWER_TOKENS`].
    pub answer_tokens: Option<u64>,
}

/// What one request to one candidate is expected to cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// Loading: 0 when the model is in memory, `None` when it was never measured.
    pub load_ms: Option<f64>,
    /// The models that leave memory for it. They cost this request nothing; the next one for them
    /// pays by loading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evicts: Vec<String>,
    /// From sending to the first token: the prompt's tokens at the measured rate, or else the
    /// measured 95th percentile.
    pub first_token_ms: Option<f64>,
    /// All tokens of the answer at the measured rate.
    pub decode_ms: Option<f64>,
    /// The sum; `None` when a part is unknown, for an unknown part is not zero.
    pub total_ms: Option<f64>,
    /// The memory it takes.
    pub memory_bytes: Option<u64>,
    /// Energy for the answer's tokens.
    pub energy_j: Option<f64>,
}

impl Estimate {
    /// Makes the estimate for a request.
    pub fn of(candidate: &Candidate, size: RequestSize) -> Self {
        // A rate of 0 would make a time without end.
        let rate = |metric| candidate.figure(metric, None).filter(|value| *value > 0.0);
        let answer_tokens = size.answer_tokens.unwrap_or(ASSUMED_ANSWER_TOKENS) as f64;
        let prefill_ms = size
            .prompt_tokens
            .and_then(|tokens| Some(tokens as f64 / rate(Metric::Prefill)? * 1e3));
        // What is remote is not ours to load.
        let is_loaded = candidate.is_resident || candidate.is_remote;
        let load_ms = if is_loaded {
            Some(0.0)
        } else {
            candidate.load_ms.filter(|ms| ms.is_finite())
        };
        let first_token_ms = prefill_ms.or(candidate.figure(Metric::TtftP95, None));
        let decode_ms = rate(Metric::Decode).map(|tps| answer_tokens / tps * 1e3);
        let total_ms = load_ms
            .zip(first_token_ms)
            .zip(decode_ms)
            .map(|((load, first), decode)| load + first + decode);
        Self {
            load_ms,
            evicts: if is_loaded {
                Vec::new()
            } else {
                candidate.evicts.clone()
            },
            first_token_ms,
            decode_ms,
            total_ms,
            memory_bytes: candidate.memory_bytes(),
            energy_j: candidate
                .figure(Metric::Energy, None)
                .map(|joules| joules * answer_tokens),
        }
    }

    /// Says it in one line, unknown parts by name.
    pub fn describe(&self) -> String {
        let part = |name: &str, ms: Option<f64>| match ms {
            Some(ms) => format!("{name} {}", show_ms(ms)),
            None => format!("{name} not measured"),
        };
        let mut parts = Vec::new();
        if self.load_ms != Some(0.0) {
            parts.push(part("load", self.load_ms) + &self.describe_evictions());
        }
        parts.push(part("first token", self.first_token_ms));
        parts.push(part("answer", self.decode_ms));
        if let Some(joules) = self.energy_j {
            parts.push(format!("energy {joules:.3} J"));
        }
        if let Some(bytes) = self.memory_bytes {
            parts.push(format!("memory {}", show_bytes(bytes as f64)));
        }
        let total = match self.total_ms {
            Some(ms) => format!("about {}", show_ms(ms)),
            None => "of unknown time".to_owned(),
        };
        format!("{total} ({})", parts.join(", "))
    }

    fn describe_evictions(&self) -> String {
        match self.evicts.as_slice() {
            [] => String::new(),
            [one] => format!(" while {one} leaves memory"),
            many => format!(" while {} leave memory", many.join(" and ")),
        }
    }

    /// What switching to the model means; `None` when it is in memory or nothing is known.
    pub(crate) fn switch_reason(&self, model: &str) -> Option<String> {
        let evictions = self.describe_evictions();
        match self.load_ms {
            Some(0.0) => None,
            Some(ms) => Some(format!(
                "{model} has to be loaded first: about {}{evictions}",
                show_ms(ms)
            )),
            None if evictions.is_empty() => None,
            None => Some(format!("{model} has to be loaded first{evictions}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Measured;

    fn candidate() -> Candidate {
        Candidate {
            file_bytes: Some(500_000_000),
            load_ms: Some(800.0),
            evicts: vec!["old".to_owned()],
            measured: Some(Measured {
                ttft_p95_ms: Some(90.0),
                decode_tps: Some(20.0),
                prefill_tps: Some(100.0),
                energy_j_per_token: Some(0.5),
                ..Measured::default()
            }),
            ..Candidate::named("a")
        }
    }

    #[test]
    fn time_is_load_and_prompt_and_answer() {
        let size = RequestSize {
            prompt_tokens: Some(50),
            answer_tokens: Some(10),
        };
        let estimate = Estimate::of(&candidate(), size);
        assert_eq!(estimate.total_ms, Some(800.0 + 500.0 + 500.0));
        assert_eq!(
            estimate.describe(),
            "about 1.8 s (load 800 ms while old leaves memory, first token 500 ms, answer 500 ms, \
             energy 5.000 J, memory 500 MB)"
        );
        assert_eq!(
            estimate.switch_reason("a").unwrap(),
            "a has to be loaded first: about 800 ms while old leaves memory"
        );
        let resident = Candidate {
            is_resident: true,
            ..candidate()
        };
        let estimate = Estimate::of(&resident, RequestSize::default());
        assert_eq!(estimate.total_ms, Some(90.0 + 6_400.0));
        let remote = Candidate {
            is_remote: true,
            ..candidate()
        };
        assert_eq!(Estimate::of(&remote, RequestSize::default()), estimate);
        assert_eq!(estimate.switch_reason("a"), None);
    }

    #[test]
    fn an_unknown_part_makes_the_sum_unknown() {
        let unmeasured = Candidate {
            measured: None,
            load_ms: None,
            ..candidate()
        };
        let estimate = Estimate::of(&unmeasured, RequestSize::default());
        assert_eq!(estimate.total_ms, None);
        assert_eq!(
            estimate.describe(),
            "of unknown time (load not measured while old leaves memory, first token not measured, \
             answer not measured, memory 500 MB)"
        );
    }
}
