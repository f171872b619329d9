//! Regret as people read it.

use super::hindsight::Hindsight;
use super::regret::Found;
use crate::commands::route::text::ms;
use crate::terminal::{Align, table, unknown};

/// What choices cost, against every other way to choose.
pub(super) fn regret(found: &Found<'_>) -> String {
    let names: Vec<&str> = found
        .job
        .models
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let mut text = format!(
        "{} prompts, each answered once by {} (greedy, at most {} tokens, all in memory)\n",
        found.prompts.len(),
        names.join(", "),
        found.job.max_tokens
    );
    if found.n_without_label > 0 {
        text += &format!(
            "{} prompts without a known category are left out\n",
            found.n_without_label
        );
    }
    text += "\ntime of an answer (less is better)\n";
    text += &match &found.time {
        Some(found) => ways(found, ms, |value| signed(value, 1, " ms")),
        None => "– no prompt was answered by every candidate\n".to_owned(),
    };
    text += &format!(
        "\nlog-probability of a token under {} (more is better)\n",
        found.reference
    );
    text += &match (&found.quality, &found.why_no_quality) {
        (Some(found), _) => ways(
            found,
            |value| format!("{value:.3}"),
            |value| signed(value, 3, ""),
        ),
        (None, Some(why)) => format!("– {why}\n"),
        (None, None) => "– no prompt has a scored answer of every candidate\n".to_owned(),
    };
    text += "A proxy: answers as the reference would give them score best, its own above all; whether an\n\
             answer is right is not asked.\n";
    text + &notes(found)
}

fn notes(found: &Found<'_>) -> String {
    let mut text = String::new();
    if let Some(took) = &found.decision_ms {
        let p95 = took.p95.map_or_else(unknown, ms);
        let (median, max) = (ms(took.median), ms(took.max));
        text += &format!(
            "\na decision adds {median} (p95 {p95}, at most {max}), which is not in these times\n"
        );
    }
    if let Some(n_right) = found.n_right {
        let n = found.prompts.len();
        text += &format!("the classifier named {n_right} of {n} categories right\n");
    }
    let failures = found.prompts.iter().flat_map(|one| &one.failures);
    for (model, why) in failures.take(3) {
        text += &format!("✗ {model}: {why}\n");
    }
    text.trim_end().to_owned()
}

fn ways(found: &Hindsight, value: fn(f64) -> String, difference: fn(f64) -> String) -> String {
    let rows: Vec<Vec<String>> = found
        .ways
        .iter()
        .map(|way| {
            vec![
                way.name.clone(),
                value(way.mean),
                value(way.mean_regret),
                format!("{:.0}%", 100.0 * way.best_share),
            ]
        })
        .collect();
    let head = [
        ("choosing", Align::Left),
        ("mean", Align::Right),
        ("regret", Align::Right),
        ("as good as the best", Align::Right),
    ];
    let [over, lower, upper] = found.over_best_single;
    let bound = |bound: Option<f64>, none: &str| bound.map_or_else(|| none.to_owned(), difference);
    let left_out = match found.n_left_out {
        0 => String::new(),
        n => format!("; {n} left out, for not every candidate has a figure"),
    };
    format!(
        "{}\nthe policy − always {}: {} ({} to {}) a prompt, {} prompts{left_out}\n",
        table(&head, &rows),
        found.best_single,
        over.map_or_else(unknown, difference),
        bound(lower, "−∞"),
        bound(upper, "∞"),
        found.n,
    )
}

fn signed(value: f64, digits: usize, unit: &str) -> String {
    format!("{value:+.digits$}{unit}")
}
