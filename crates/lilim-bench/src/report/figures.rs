//! Numbers and names as people read them: sensible digits, units that fit, no control characters.

use crate::metric::{self, METRICS};
use crate::plan::{Bound, Figure};

/// A number with three to four significant digits; from 10,000 on with commas.
pub(super) fn number(value: f64) -> String {
    with_decimals(value, decimals(value))
}

/// A number of a scale's mark, without zeros at its end.
fn round_number(value: f64) -> String {
    let text = number(value);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Decimals with which a number of this size has three to four significant digits.
fn decimals(value: f64) -> usize {
    match value.abs() {
        size if size == 0.0 || size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size => (libm::log10(size).floor().abs() as usize + 2).min(9),
    }
}

fn with_decimals(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.as_str()),
    };
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    if whole.len() < 5 {
        return plain;
    }
    let mut grouped = String::with_capacity(plain.len() + whole.len() / 3);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

/// A unit for people and what a number is divided by to be in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// The unit's name.
    pub(super) unit: &'static str,
    /// One of it in the file's unit.
    pub(super) one: f64,
}

impl Scale {
    /// The unit that fits a number of this size; the file's own where it is fit for people.
    pub(super) fn of(unit: &str, size: f64) -> Self {
        const SCALES: &[(&str, &[(&str, f64)])] = &[
            (
                "bytes",
                &[
                    ("GiB", 1_073_741_824.0),
                    ("MiB", 1_048_576.0),
                    ("KiB", 1024.0),
                    ("bytes", 1.0),
                ],
            ),
            ("ns", &[("ms", 1e6), ("µs", 1e3), ("ns", 1.0)]),
            ("ms", &[("s", 1e4), ("ms", 1.0)]),
            ("ratio", &[("ratio", 1.0)]),
        ];
        let fitting = SCALES.iter().find(|(from, _)| *from == unit);
        let fitting = fitting.and_then(|(_, scales)| {
            let fits = |scale: &&(&'static str, f64)| size.abs() >= scale.1;
            scales.iter().find(fits).or(scales.last())
        });
        match fitting {
            // Milliseconds are kept until there are ten thousand of them.
            Some(&("s", _)) => Self {
                unit: "s",
                one: 1e3,
            },
            Some(&(unit, one)) => Self { unit, one },
            None => Self {
                unit: known_unit(unit),
                one: 1.0,
            },
        }
    }

    /// A round number in this unit, with the unit.
    pub(super) fn mark(&self, value: f64) -> String {
        let value = round_number(value / self.one);
        match self.unit {
            "" | "ratio" => value,
            unit => format!("{value} {unit}"),
        }
    }

    /// A number in this unit, without the unit.
    pub(super) fn show(&self, value: f64) -> String {
        number(value / self.one)
    }

    /// A number with its unit.
    pub(super) fn with_unit(&self, value: f64) -> String {
        let value = self.show(value);
        match self.unit {
            "" | "ratio" => value,
            unit => format!("{value} {unit}"),
        }
    }
}

/// A number of the file with the unit that fits it.
pub(super) fn with_unit(value: f64, unit: &str) -> String {
    Scale::of(unit, value).with_unit(value)
}

/// The unit as the table of metrics has it: units of a newer file may be unknown here.
fn known_unit(unit: &str) -> &'static str {
    let mut known = METRICS.iter().map(|metric| metric.unit);
    known.find(|known| *known == unit).unwrap_or("")
}

/// What people call a metric: its name in words, without the unit.
pub(super) fn title(metric: &str) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("ttft_ms", "time to first token"),
        ("ttft_from_send_ms", "time to first token from sending"),
        ("itl_ms", "time per token"),
        ("icl_ms", "gaps between events"),
        ("e2e_ms", "end to end"),
        ("decode_tps", "tokens/s of one stream"),
        (
            "client_prefill_tps",
            "prompt tokens/s as the client sees them",
        ),
        ("prefill_tps", "prompt tokens/s by the engine's clock"),
        ("n_cached", "cached prompt tokens"),
        ("output_throughput_tps", "tokens/s of all requests"),
        ("steady_throughput_tps", "tokens/s while all clients work"),
        ("requests_per_s", "requests/s"),
        ("goodput_per_s", "good requests/s"),
        ("load_ms", "load"),
        ("process_ms", "load: start process"),
        ("load_ask_ms", "load: ask"),
        ("load_open_ms", "load: open"),
        ("load_weights_ms", "load: weights"),
        ("load_prepare_ms", "load: prepare"),
        ("sustained_tps", "sustained tokens/s"),
        ("time_to_95_s", "time to 95%"),
        ("peak_rss_bytes", "peak memory"),
        ("rss_anon_bytes", "memory, anonymous"),
        ("rss_file_bytes", "memory, file pages"),
        ("cpu_user_s", "CPU time, program"),
        ("cpu_system_s", "CPU time, kernel"),
        ("cpu_s", "CPU time"),
        ("call_ns", "time per call"),
        ("gb_per_s", "bytes/s"),
        ("gop_per_s", "operations/s"),
        ("share_of_limit", "share of the measured limit"),
        ("cpu_mhz", "CPU clock"),
        ("ppl", "perplexity"),
    ];
    let named = NAMES.iter().find(|(name, _)| *name == metric);
    if let Some((_, title)) = named {
        return (*title).to_owned();
    }
    let suffixes = ["_ms", "_ns", "_bytes", "_tps", "_s", "_j", "_c"];
    let bare = suffixes.iter().find_map(|end| metric.strip_suffix(end));
    clean(bare.unwrap_or(metric)).replace('_', " ")
}

/// A metric's title as it stands in a heading.
pub(super) fn heading(metric: &str) -> String {
    let title = title(metric);
    let mut letters = title.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => title,
    }
}

/// The definition of a metric, in one sentence.
pub(super) fn meaning(name: &str) -> &'static str {
    metric::by_name(name).map_or("", |metric| metric.meaning)
}

/// The name of a figure.
pub(super) fn figure_name(figure: Figure) -> &'static str {
    match figure {
        Figure::Median => "median",
        Figure::P95 => "p95",
        Figure::Max => "max",
        Figure::Min => "min",
    }
}

/// A bar, such as `≤ 200 ms`.
pub(super) fn bound(bound: Bound, unit: &str) -> String {
    match bound {
        Bound::AtLeast(value) => format!("≥ {}", with_unit(value, unit)),
        Bound::AtMost(value) => format!("≤ {}", with_unit(value, unit)),
    }
}

/// Text from a recording in one line: an engine's message may hold anything, also what moves a
/// cursor.
pub(super) fn clean(text: &str) -> String {
    let is_break = |c: char| c.is_whitespace() || c.is_control();
    let words = text.split(is_break).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// The beginning of a hash.
pub(super) fn short_hash(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// A thing or several.
pub(super) fn count(n: usize, thing: &str) -> String {
    let shown = with_decimals(n as f64, 0);
    match n {
        1 => format!("{shown} {thing}"),
        _ => format!("{shown} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_to_four_significant_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (0.001_234, "0.00123"),
            (0.567, "0.567"),
            (1.0, "1.00"),
            (12.345, "12.3"),
            (123.45, "123"),
            (1234.5, "1234"),
            (12_345.6, "12,346"),
            (-1_234_567.0, "-1,234,567"),
            (1e-12, "0.000000000"),
        ] {
            assert_eq!(number(value), expected, "{value}");
        }
    }

    #[test]
    fn marks_and_counts_are_round() {
        assert_eq!(Scale::of("ms", 40.0).mark(28.5), "28.5 ms");
        assert_eq!(Scale::of("ms", 40.0).mark(40.0), "40 ms");
        assert_eq!(Scale::of("ratio", 1.0).mark(0.2), "0.2");
        assert_eq!(count(1, "sample"), "1 sample");
        assert_eq!(count(12_000, "sample"), "12,000 samples");
    }

    #[test]
    fn units_fit_the_number() {
        for (value, unit, expected) in [
            (512.0, "bytes", "512 bytes"),
            (1_610_612_736.0, "bytes", "1.50 GiB"),
            (0.5, "ns", "0.500 ns"),
            (2_500_000.0, "ns", "2.50 ms"),
            (9_999.0, "ms", "9999 ms"),
            (12_000.0, "ms", "12.0 s"),
            (0.8, "ratio", "0.800"),
            (3.0, "furlongs", "3.00"),
        ] {
            assert_eq!(with_unit(value, unit), expected);
        }
    }

    #[test]
    fn text_of_an_engine_cannot_move_the_cursor() {
        assert_eq!(clean("a\x1b[2J\r\nb\u{9b}31m  c"), "a [2J b 31m c");
    }

    #[test]
    fn a_metric_without_a_title_is_called_by_its_name() {
        assert_eq!(title("zstd_bytes"), "zstd");
        assert_eq!(title("retention"), "retention");
    }
}
