//! A comparison as people read it.

use super::Comparison;
use super::findings::{Ratio, WholeTime};
use super::memory::Memory;
use crate::commands::route::text::ms;
use crate::terminal::{Align, human_bytes, table, unknown};

/// What routing saved, and what it cost.
pub(super) fn comparison(found: &Comparison<'_>) -> String {
    let findings = &found.findings;
    let rows: Vec<Vec<String>> = findings.ratios.iter().map(line).collect();
    let head = [
        ("figure", Align::Left),
        ("routed", Align::Right),
        ("direct", Align::Right),
        ("routed / direct", Align::Right),
        ("direct / direct", Align::Right),
    ];
    let mut text = whole_time(&findings.whole_time, found.direct) + &table(&head, &rows);
    for one in &findings.ratios {
        if let Some(why) = &one.why_null {
            text += &format!("\nno ratio of {}: {why}", one.figure);
        }
    }
    let answers = &findings.answers;
    let classification = findings.classification_ms.map_or_else(unknown, ms);
    let share = findings
        .classifier_share
        .map_or_else(unknown, |share| format!("{:.1}%", 100.0 * share));
    text += &format!(
        "\n\ndirect: every prompt to {}. Figures are the middles of {} rounds, each the mean of its\n\
         prompts, dealt out by lot; ratios are paired by round (Hodges-Lehmann), with their 95% intervals. Times begin when a prompt is\n\
         taken up: classifying, loading, and answers that a cascade threw away are in them.\n\
         Each side has its own memory: what it had at the end of its last share is put back, untimed,\n\
         before its next one ({} loads); what it loads within its share is timed.\n\
         {} of {} answers are the same as {}'s; it gave {} again itself\n\
         classifying took {classification} a prompt, {share} of the routed time, and is counted",
        found.direct,
        found.n_rounds,
        found.n_restored,
        answers.n_same,
        answers.n_answers,
        found.direct,
        answers.n_same_again,
    );
    text + &memory(&found.memory) + &quality(found)
}

/// What routing saved: the first that whoever compares wants to know.
fn whole_time(found: &WholeTime, direct: &str) -> String {
    let took = |value: Option<f64>| value.map_or_else(unknown, ms);
    let why = found.why_null.as_ref();
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    format!(
        "all prompts together: routed {}, direct {}; routed / direct {}{why}, {direct} against itself {}\n\n",
        took(found.routed_ms),
        took(found.direct_ms),
        with_bounds(found.ratio),
        with_bounds(found.noise_floor),
    )
}

fn memory(found: &Memory) -> String {
    let bytes = |bytes: Option<u64>| bytes.map_or_else(unknown, human_bytes);
    let ratio = found
        .ratio
        .map_or_else(String::new, |ratio| format!(", {ratio:.3} times"));
    let why = found.why_null.as_ref();
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    format!(
        "\npeak memory: routed {}, direct {}{ratio}{why}; each in a process of its own after the rounds,\n\
         every prompt once",
        bytes(found.routed_peak_rss_bytes),
        bytes(found.direct_peak_rss_bytes),
    )
}

/// What the one model makes of the answers, and what that is worth.
fn quality(found: &Comparison<'_>) -> String {
    let quality = &found.quality;
    if let Some(why) = &quality.why_null {
        return format!("\n\nno proxy of quality: {why}");
    }
    let nats = |value: Option<f64>| value.map_or_else(unknown, |value| format!("{value:.3}"));
    let line = |name: &str, mean, difference| {
        vec![name.to_owned(), nats(mean), signed_with_bounds(difference)]
    };
    let rows = [
        line("routed", quality.routed, [None; 3]),
        line("direct", quality.direct, quality.difference),
        line(
            "routed, of another prompt",
            quality.shuffled,
            quality.over_shuffled,
        ),
    ];
    let head = [
        ("answers", Align::Left),
        ("log-probability a token", Align::Right),
        ("routed − this", Align::Right),
    ];
    let mut text = format!(
        "\n\n{}\n\nA proxy of quality: how likely {} finds the answers ({} prompts, {} left out). Its own greedy\n\
         answers have the advantage by construction, and whether an answer is right is not asked.",
        table(&head, &rows),
        found.direct,
        quality.n,
        quality.n_left_out,
    );
    if quality.n_different > 0 && quality.n_different < quality.n {
        text += &format!(
            "\nWhere the answers differ ({} prompts), routed − direct is {}.",
            quality.n_different,
            signed_with_bounds(quality.difference_of_different)
        );
    }
    if matches!(quality.over_shuffled, [_, Some(lower), _] if lower <= 0.0) {
        text += "\nRouted answers score no better here than answers to another prompt.";
    }
    text
}

fn line(one: &Ratio) -> Vec<String> {
    let value = |value: Option<f64>| value.map_or_else(unknown, |value| in_unit(value, one.unit));
    vec![
        one.figure.to_owned(),
        value(one.routed),
        value(one.direct),
        with_bounds(one.ratio),
        with_bounds(one.noise_floor),
    ]
}

fn in_unit(value: f64, unit: &str) -> String {
    match unit {
        "ms a prompt" => ms(value),
        "s a prompt" => ms(1e3 * value),
        "J a prompt" => format!("{value:.2} J"),
        _ => format!("{value:.1}/s"),
    }
}

/// A ratio and its bounds.
fn with_bounds([value, lower, upper]: [Option<f64>; 3]) -> String {
    let Some(value) = value else {
        return unknown();
    };
    let bound = |bound: Option<f64>, none: &str| {
        bound.map_or_else(|| none.to_owned(), |bound| format!("{bound:.3}"))
    };
    format!("{value:.3} ({}–{})", bound(lower, "0"), bound(upper, "∞"))
}

/// A difference and its bounds.
fn signed_with_bounds([value, lower, upper]: [Option<f64>; 3]) -> String {
    let Some(value) = value else {
        return unknown();
    };
    let bound = |bound: Option<f64>, none: &str| {
        bound.map_or_else(|| none.to_owned(), |bound| format!("{bound:+.3}"))
    };
    format!(
        "{value:+.3} ({} to {})",
        bound(lower, "−∞"),
        bound(upper, "∞")
    )
}
