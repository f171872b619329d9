//! A model that may answer, and what measurements of this machine say of it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model that may answer.
///
/// What a switch to it costs (`load_ms`, `evicts`) is handed in by whoever knows what is in memory: the
/// router loads nothing and sees no clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its name, as installed or as the remote engine writes it.
    pub name: String,
    /// The size of its files; `None` for a remote one.
    #[serde(default)]
    pub file_bytes: Option<u64>,
    /// How many tokens prompt and answer may have together; `None` when that is not known.
    #[serde(default)]
    pub context: Option<u64>,
    /// True when prompts to it leave the machine.
    #[serde(default)]
    pub is_remote: bool,
    /// True when it is in memory: it answers without being loaded, as a remote one always does.
    #[serde(default)]
    pub is_resident: bool,
    /// How long loading it is expected to take; `None` when it was never measured.
    #[serde(default)]
    pub load_ms: Option<f64>,
    /// The models that would have to leave memory for it, were it loaded now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evicts: Vec<String>,
    /// Why it cannot answer at all, as words that follow its name, such as `needs 4,096 MiB, the budget is
    /// 2,048 MiB`; `None` when it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<String>,
    /// What was measured; `None` when it was never benchmarked on this machine.
    #[serde(default)]
    pub measured: Option<Measured>,
}

impl Candidate {
    /// Makes a candidate of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The memory it takes: the peak measured, otherwise the size of its files.
    pub fn memory_bytes(&self) -> Option<u64> {
        let peak = self.figure(Metric::PeakRss, None);
        peak.map(|bytes| bytes as u64).or(self.file_bytes)
    }

    /// A measured figure, in the metric's unit; a quality is that of the category where it has one.
    pub fn figure(&self, metric: Metric, category: Option<&str>) -> Option<f64> {
        let measured = self.measured.as_ref()?;
        match metric {
            Metric::TtftP95 => measured.ttft_p95_ms,
            Metric::Decode => measured.decode_tps,
            Metric::Prefill => measured.prefill_tps,
            Metric::PeakRss => measured.peak_rss_bytes,
            Metric::Energy => measured.energy_j_per_token,
            Metric::Quality => category
                .and_then(|category| measured.quality_by_category.get(category).copied())
                .or(measured.quality),
        }
        .filter(|value| value.is_finite())
    }
}

/// Figures of one model on this machine. A figure that is `None` was not measured or cannot be; the
/// reason is in `missing` where one is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The time to the first token that 95 of 100 requests keep.
    #[serde(default)]
    pub ttft_p95_ms: Option<f64>,
    /// Generated tokens a second.
    #[serde(default)]
    pub decode_tps: Option<f64>,
    /// Prompt tokens a second.
    #[serde(default)]
    pub prefill_tps: Option<f64>,
    /// The most memory that the process held.
    #[serde(default)]
    pub peak_rss_bytes: Option<f64>,
    /// Energy for each generated token.
    #[serde(default)]
    pub energy_j_per_token: Option<f64>,
    /// A quality from 0 to 1, as its source defines it.
    #[serde(default)]
    pub quality: Option<f64>,
    /// Qualities by category, where they were measured: these win over `quality`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quality_by_category: BTreeMap<String, f64>,
    /// Where the figures are from, such as the name of a result file.
    #[serde(default)]
    pub source: Option<String>,
    /// When they were taken, in RFC 3339.
    #[serde(default)]
    pub at: Option<String>,
    /// Why a figure is absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<Metric, String>,
}

/// A figure that can be required.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Time to the first token, 95th percentile, in milliseconds.
    TtftP95,
    /// Generated tokens a second.
    Decode,
    /// Prompt tokens a second.
    Prefill,
    /// Peak memory, in bytes.
    PeakRss,
    /// Energy, in joules a token.
    Energy,
    /// Quality, from 0 to 1.
    Quality,
}

impl Metric {
    /// All metrics, in the order of messages.
    pub const ALL: [Self; 6] = [
        Self::TtftP95,
        Self::Decode,
        Self::Prefill,
        Self::PeakRss,
        Self::Energy,
        Self::Quality,
    ];

    /// The name that users write.
    pub fn name(self) -> &'static str {
        match self {
            Self::TtftP95 => "ttft_p95",
            Self::Decode => "decode",
            Self::Prefill => "prefill",
            Self::PeakRss => "peak_rss",
            Self::Energy => "energy",
            Self::Quality => "quality",
        }
    }

    /// True where less is better.
    pub fn lower_is_better(self) -> bool {
        matches!(self, Self::TtftP95 | Self::PeakRss | Self::Energy)
    }

    /// The command that measures it, or that there is none.
    pub fn command(self) -> &'static str {
        match self {
            Self::TtftP95 => "lilim bench ttft",
            Self::Decode | Self::Prefill => "lilim bench throughput",
            Self::Energy => "lilim bench sustained",
            Self::PeakRss => "lilim bench memory",
            Self::Quality => "no benchmark measures it",
        }
    }

    /// Writes a value with its unit.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::TtftP95 => show_ms(value),
            Self::Decode | Self::Prefill => format!("{} tok/s", rounded(value)),
            Self::PeakRss => show_bytes(value),
            Self::Energy => format!("{} J/token", rounded(value)),
            Self::Quality => rounded(value),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Milliseconds, or seconds from one on.
pub(crate) fn show_ms(ms: f64) -> String {
    if ms.abs() < 1_000.0 {
        format!("{} ms", rounded(ms))
    } else {
        format!("{} s", rounded(ms / 1e3))
    }
}

/// Bytes in decimal units, which is what requirements are written in.
pub(crate) fn show_bytes(bytes: f64) -> String {
    let (scale, unit) = match bytes.abs() {
        b if b >= 1e9 => (1e9, "GB"),
        b if b >= 1e6 => (1e6, "MB"),
        b if b >= 1e3 => (1e3, "kB"),
        _ => (1.0, "bytes"),
    };
    format!("{} {unit}", rounded(bytes / scale))
}

/// Three significant digits and no trailing zeros; whole numbers stay whole.
fn rounded(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let digits = (2 - value.abs().log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_with_their_units() {
        let cases = [
            (Metric::TtftP95, 199.96, "200 ms"),
            (Metric::TtftP95, 12.345, "12.3 ms"),
            (Metric::TtftP95, 2_500.0, "2.5 s"),
            (Metric::Decode, 1_234.5, "1234 tok/s"),
            (Metric::PeakRss, 2e9, "2 GB"),
            (Metric::PeakRss, 123_456_789.0, "123 MB"),
            (Metric::PeakRss, 12.0, "12 bytes"),
            (Metric::Energy, 0.05, "0.05 J/token"),
            (Metric::Quality, 0.6, "0.6"),
            (Metric::Quality, 0.0, "0"),
        ];
        for (metric, value, expected) in cases {
            assert_eq!(metric.show(value), expected);
        }
    }

    #[test]
    fn a_category_has_its_own_quality_and_no_measurement_is_no_figure() {
        let mut candidate = Candidate::named("a");
        assert_eq!(candidate.figure(Metric::Quality, None), None);
        candidate.measured = Some(Measured {
            quality: Some(0.5),
            quality_by_category: BTreeMap::from([("Creative".to_owned(), 0.9)]),
            decode_tps: Some(f64::NAN),
            ..Measured::default()
        });
        let quality = |category| candidate.figure(Metric::Quality, category);
        assert_eq!(quality(Some("Creative")), Some(0.9));
        assert_eq!(quality(Some("Factual")), Some(0.5));
        assert_eq!(candidate.figure(Metric::Decode, None), None);
    }

    #[test]
    fn candidates_survive_json_and_absent_figures_are_null() {
        let json =
            r#"{"name":"a","measured":{"ttft_p95_ms":3.5,"missing":{"energy":"no counter"}}}"#;
        let candidate: Candidate = serde_json::from_str(json).unwrap();
        let text = serde_json::to_string(&candidate).unwrap();
        assert!(text.contains(r#""decode_tps":null"#));
        assert_eq!(serde_json::from_str::<Candidate>(&text).unwrap(), candidate);
    }
}
