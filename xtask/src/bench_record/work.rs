//! What is timed, and the statistics of it.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// One thing to do, the same for every engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A prompt of `n` tokens on an empty context.
    Prefill { n: usize },
    /// `n` tokens one by one after `depth` others.
    Decode { n: usize, depth: usize },
    /// `n` tokens one by one of each of `n_seqs` sequences at once.
    Batch { n_seqs: usize, n: usize },
}

/// Prompt tokens of each sequence of a batch.
pub(crate) const BATCH_PROMPT: usize = 16;

impl Work {
    /// Tokens that are timed.
    pub(crate) fn n_tokens(self) -> usize {
        match self {
            Self::Prefill { n } | Self::Decode { n, .. } => n,
            Self::Batch { n_seqs, n } => n_seqs * n,
        }
    }

    /// Tokens that a sequence's context must hold.
    pub(crate) fn context(self) -> usize {
        match self {
            Self::Prefill { n } => n,
            Self::Decode { n, depth } => depth + n,
            Self::Batch { n, .. } => BATCH_PROMPT + n,
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefill { n } => write!(out, "prefill:{n}"),
            Self::Decode { n, depth } => write!(out, "decode:{n}@{depth}"),
            Self::Batch { n_seqs, n } => write!(out, "batch:{n_seqs}x{n}"),
        }
    }
}

impl FromStr for Work {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let number = |text: &str| {
            let number: usize = text.parse().with_context(|| format!("number '{text}'"))?;
            Ok::<_, anyhow::Error>(number)
        };
        Ok(match text.split_once(':') {
            Some(("prefill", n)) => Self::Prefill { n: number(n)? },
            Some(("decode", rest)) => {
                let (n, depth) = rest.split_once('@').unwrap_or((rest, "0"));
                Self::Decode {
                    n: number(n)?,
                    depth: number(depth)?,
                }
            }
            Some(("batch", rest)) => {
                let (n_seqs, n) = rest.split_once('x').context("a batch is SEQUENCESxN")?;
                Self::Batch {
                    n_seqs: number(n_seqs)?,
                    n: number(n)?,
                }
            }
            _ => bail!("unknown work '{text}' (prefill:N, decode:N@DEPTH or batch:SEQUENCESxN)"),
        })
    }
}

/// Repeated figures of one thing.
pub(crate) struct Samples(pub(crate) Vec<f64>);

impl Samples {
    /// The middle one, or the mean of the middle two.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let upper = sorted.len() / 2;
        match sorted.len() % 2 {
            1 => sorted[upper],
            _ => f64::midpoint(sorted[upper - 1], sorted[upper]),
        }
    }

    /// Each divided by the other's of the same round.
    pub(crate) fn over(&self, other: &Self) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(a, b)| a / b).collect())
    }

    fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn most(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "median": self.median(), "samples": self.0 })
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, least, most) = (self.median(), self.least(), self.most());
        write!(out, "{median:.3} [{least:.3}..{most:.3}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_are_written_as_they_are_read() {
        for text in ["prefill:512", "decode:64@8192", "batch:8x32"] {
            assert_eq!(text.parse::<Work>().unwrap().to_string(), text);
        }
        assert!("decode:64".parse::<Work>().is_ok());
        for text in ["prefill", "prefill:x", "decode:1@y", "batch:8", "nap:1"] {
            assert!(text.parse::<Work>().is_err(), "{text}");
        }
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let (a, b) = (Samples(vec![4.0, 9.0, 2.0]), Samples(vec![2.0, 3.0, 4.0]));
        let ratios = a.over(&b);
        assert_eq!(ratios.0, [2.0, 3.0, 0.5]);
        assert_eq!(ratios.to_string(), "2.000 [0.500..3.000]");
        assert_eq!(Samples(vec![1.0, 4.0]).median(), 2.5);
    }
}
