//! A run of prompts as a terminal shows it: lines and tables, and the lists that other formats share.

use lilim_router::{Candidate, Decision, Evaluation, PromptEntry};

use super::classifier::Sorted;
use super::report::{Group, Report, Spread, ThrownAway, Totals};
use super::row::Row;
use crate::terminal::{Align, human_bytes, shortened, table, unknown};

/// Characters of a model's and a category's name in the live table.
const NAME_WIDTH: usize = 20;
const CATEGORY_WIDTH: usize = 18;

/// The head of the live table.
pub(crate) fn row_head() -> String {
    format!(
        "{:>6}  {:CATEGORY_WIDTH$}  {:>5}  {:NAME_WIDTH$}  {:>9}  {:>9}  {:>9}  {:>7}  {:>8}",
        "id", "category", "sure", "model", "classify", "load", "TTFT", "tok/s", "total"
    )
}

/// A prompt's line of the live table.
pub(crate) fn row_line(row: &Row) -> String {
    let mark = match row.is_right() {
        Some(true) => "✓ ",
        Some(false) if row.decision.category.is_none() => "? ",
        Some(false) => "✗ ",
        None => "",
    };
    let category = row.decision.category.as_deref().unwrap_or("–");
    let category = shortened(&format!("{mark}{category}"), CATEGORY_WIDTH);
    let sure = row.decision.confidence.map_or_else(unknown, percent);
    let model = shortened(row.decision.model.as_deref().unwrap_or("–"), NAME_WIDTH);
    let figures = row.figures.as_ref();
    let ttft = figures.and_then(|one| one.ttft_ms).map_or_else(unknown, ms);
    let rate = figures.and_then(|one| one.decode_tps);
    let rate = rate.map_or_else(unknown, |tps| format!("{tps:.0}"));
    let load = match row.load_ms > 0.0 {
        true => ms(row.load_ms),
        false => unknown(),
    };
    let classify = match row.classifier {
        Some(_) if row.cached => "cached".to_owned(),
        Some(_) => ms(row.classification_ms),
        None => unknown(),
    };
    let line = format!(
        "{:>6}  {category:CATEGORY_WIDTH$}  {sure:>5}  {model:NAME_WIDTH$}  {classify:>9}  {load:>9}  {ttft:>9}  {rate:>7}  {:>8}",
        shortened(&row.id.to_string(), 6),
        ms(row.total_ms),
    );
    let thrown = thrown_away(&ThrownAway::of([row]));
    let thrown = thrown.map(|thrown| format!("\n        ↻ {thrown}"));
    let failure = row.failure.as_ref();
    let failure = failure.map(|failure| format!("\n        ✗ {failure}"));
    line + &thrown.unwrap_or_default() + &failure.unwrap_or_default()
}

/// What a cascade threw away, and what that cost; `None` where it was nothing.
pub(super) fn thrown_away(all: &ThrownAway) -> Option<String> {
    let plural = if all.n_answers == 1 { "" } else { "s" };
    (all.n_answers > 0).then(|| {
        format!(
            "{} answer{plural} thrown away: {} tokens in, {} out, {}",
            all.n_answers,
            all.prompt_tokens,
            all.completion_tokens,
            ms(all.ms)
        )
    })
}

/// A prompt's decision, for a run that answers nothing.
pub(crate) fn decision_line(index: usize, entry: &PromptEntry, decision: &Decision) -> String {
    let model = decision.model.as_deref().unwrap_or("no model");
    let prompt = shortened(&entry.prompt, 60);
    format!(
        "{} {}: {prompt}\n    → {model}: {}",
        index + 1,
        entry.id,
        decision.reasons.join("; ")
    )
}

/// One decision with everything it was made from.
pub(crate) fn explanation(
    sorted: &Sorted,
    decision: &Decision,
    candidates: &[Candidate],
) -> String {
    let mut text = String::new();
    if let (Some(found), Some(who)) = (&sorted.classification, &sorted.classifier) {
        text += &format!("categories, by {who} in {}:\n", ms(sorted.took_ms));
        for score in &found.scores {
            let bar = "█".repeat((score.probability * 30.0).round() as usize);
            let share = percent(score.probability);
            text += &format!("  {:CATEGORY_WIDTH$} {share:>5} {bar}\n", score.category);
        }
    }
    text += "candidates:\n";
    let rows: Vec<Vec<String>> = candidates
        .iter()
        .map(|one| {
            let measured = one.measured.as_ref();
            let figure = |value: Option<f64>, unit: &str| {
                value.map_or_else(unknown, |value| format!("{value:.0} {unit}"))
            };
            let of = |get: fn(&lilim_router::Measured) -> Option<f64>| measured.and_then(get);
            vec![
                one.name.clone(),
                one.memory_bytes().map_or_else(unknown, human_bytes),
                figure(one.load_ms, "ms"),
                figure(of(|one| one.ttft_p95_ms), "ms"),
                figure(of(|one| one.decode_tps), "tok/s"),
                measured
                    .and_then(|one| one.source.clone())
                    .unwrap_or_else(|| "not measured here".to_owned()),
            ]
        })
        .collect();
    let head = [
        ("model", Align::Left),
        ("memory", Align::Right),
        ("load", Align::Right),
        ("TTFT p95", Align::Right),
        ("writes", Align::Right),
        ("measured", Align::Left),
    ];
    text += &table(&head, &rows);
    text += "\ndecision:\n";
    for reason in &decision.reasons {
        text += &format!("  · {reason}\n");
    }
    let model = decision.model.as_deref().unwrap_or("no model");
    text + &format!("  → {model}")
}

/// What ends a run: totals, models, categories, accuracy.
pub(crate) fn totals(report: &Report<'_>) -> String {
    let mut text = String::from("\n");
    for (name, value) in figures(&report.totals) {
        text += &format!("{name:>26}  {value}\n");
    }
    for GroupTable { head, rows } in groups(&report.totals) {
        let head: Vec<(&str, Align)> = head
            .iter()
            .enumerate()
            .map(|(column, name)| match column {
                0 => (*name, Align::Left),
                _ => (*name, Align::Right),
            })
            .collect();
        text += &format!("\n{}\n", table(&head, &rows));
    }
    if let Some(accuracy) = &report.totals.accuracy {
        text += &format!("\n{}", accuracy_text(accuracy));
    }
    for line in baseline_and_skipped(&report.totals) {
        text += &format!("\n{line}");
    }
    for (reason, n) in &report.totals.failures {
        text += &format!("\n✗ {n} failed: {reason}");
    }
    text.trim_end().to_owned()
}

/// What the figures mean, where their names could mean several things.
pub(super) fn definitions(totals: &Totals) -> Vec<String> {
    let mut all = vec![
        "First token: from taking a prompt up, classifying and loading included, to the first token of its answer. \
         From sending: of that answer alone."
            .to_owned(),
    ];
    if totals.thrown_away.n_answers > 0 {
        all.push(
            "Answers that the cascade threw away are in every total: their tokens, their time, their CPU seconds; \
             and a prompt's first token is that of the answer that was kept. Of the tokens a second, \"kept\" counts \
             the answers that were kept over the same time. The tables show the answers that were kept."
                .to_owned(),
        );
    }
    if totals.n_untold > 0 {
        all.push(format!(
            "{} answers came from a server that does not count its tokens: they are in no sum of tokens, and there is no rate.",
            totals.n_untold
        ));
    }
    all
}

/// What belongs beside the figures: the trivial baseline, and routes that were not taken.
pub(super) fn baseline_and_skipped(totals: &Totals) -> Vec<String> {
    let keywords = totals.accuracy.as_ref().and(totals.keywords_accuracy);
    let keywords =
        keywords.map(|share| format!("a list of words would reach an accuracy of {share:.3}"));
    let skipped = totals.skipped.iter().map(|route| {
        let near = route.suggestion.as_ref().map_or_else(String::new, |near| {
            format!(" (nearest: {}, {})", near.model, near.reason)
        });
        format!(
            "skipped: {} is routed to {}, which is not installed{near}",
            route.category, route.model
        )
    });
    keywords.into_iter().chain(skipped).collect()
}

/// Named figures of a whole run.
pub(super) fn figures(totals: &Totals) -> Vec<(&'static str, String)> {
    let spread = |one: &Spread| {
        let p95 = one.p95.map_or_else(
            || "p95 – (93 prompts are needed)".to_owned(),
            |p95| format!("p95 {}", ms(p95)),
        );
        let (mean, p50) = (
            one.mean.map_or_else(unknown, ms),
            one.p50.map_or_else(unknown, ms),
        );
        format!("mean {mean}, p50 {p50}, {p95}, sum {}", ms(one.sum))
    };
    let energy = match (totals.energy_j, &totals.why_no_energy) {
        (Some(joules), _) => format!("{joules:.1} J"),
        (None, why) => format!("– ({})", why.as_deref().unwrap_or("no counter")),
    };
    let rate = totals.overall_tps.map(|tps| format!("{tps:.1}"));
    let kept = totals
        .kept_tps
        .filter(|_| totals.thrown_away.n_answers > 0)
        .map_or_else(String::new, |tps| format!(" (kept: {tps:.1})"));
    let answered = (
        "prompts answered",
        format!(
            "{} ({} tokens in, {} out)",
            totals.n_answered, totals.prompt_tokens, totals.completion_tokens
        ),
    );
    let cached = match totals.n_cached {
        0 => String::new(),
        n => format!(" ({n} from the cache)"),
    };
    let thrown = thrown_away(&totals.thrown_away).map(|text| ("of a cascade", text));
    let others = [
        ("first token", spread(&totals.first_token_ms)),
        ("first token from sending", spread(&totals.ttft_ms)),
        ("generation", spread(&totals.generation_ms)),
        (
            "classification",
            spread(&totals.classification_ms) + &cached,
        ),
        ("all in all, a prompt", spread(&totals.total_ms)),
        (
            "tokens/s over everything",
            rate.map_or_else(unknown, |rate| rate + &kept),
        ),
        (
            "models loaded",
            format!(
                "{} times, {} together",
                totals.switches.n,
                ms(totals.switches.sum)
            ),
        ),
        (
            "peak memory",
            totals.peak_rss_bytes.map_or_else(unknown, human_bytes),
        ),
        (
            "CPU time",
            totals.cpu_s.map_or_else(unknown, |s| format!("{s:.2} s")),
        ),
        ("energy", energy),
    ];
    [answered].into_iter().chain(thrown).chain(others).collect()
}

/// Rows that have something in common, as a table.
pub(super) struct GroupTable {
    /// The first name is what they have in common.
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Rows by model and by category.
pub(super) fn groups(totals: &Totals) -> [GroupTable; 2] {
    let has_thrown = totals.thrown_away.n_answers > 0;
    let line = |(name, group): (&String, &Group)| {
        let figure = |value: Option<f64>| value.map_or_else(unknown, |value| format!("{value:.0}"));
        let thrown = has_thrown.then(|| group.n_thrown_away.to_string());
        let figures = [
            group.ttft_ms.map_or_else(unknown, ms),
            figure(group.decode_tps),
            group.total_ms.map_or_else(unknown, ms),
            figure(group.completion_tokens),
        ];
        let name_and_n = [name.clone(), group.n.to_string()];
        name_and_n
            .into_iter()
            .chain(thrown)
            .chain(figures)
            .collect()
    };
    let head = |title| {
        let mut head = vec![title, "prompts"];
        head.extend(has_thrown.then_some("thrown away"));
        head.extend(["TTFT p50", "tok/s p50", "total mean", "tokens mean"]);
        head
    };
    [
        ("model", &totals.by_model),
        ("category", &totals.by_category),
    ]
    .map(|(title, groups)| GroupTable {
        head: head(title),
        rows: groups.iter().map(line).collect(),
    })
}

/// Accuracy beside its baseline, and the confusion matrix.
pub(crate) fn accuracy_text(found: &Evaluation) -> String {
    let mut text = format!("{}\n", accuracy_line(found));
    let (head, rows) = confusion(found);
    let head: Vec<(&str, Align)> = head
        .iter()
        .enumerate()
        .map(|(column, name)| match column {
            0 => (name.as_str(), Align::Left),
            _ => (name.as_str(), Align::Right),
        })
        .collect();
    text += &table(&head, &rows);
    text
}

pub(super) fn accuracy_line(found: &Evaluation) -> String {
    // Labels that were written have no probabilities to be calibrated.
    let calibration = match found.brier {
        Some(_) => format!("{:.3}", found.calibration.ece),
        None => "– (no probabilities)".to_owned(),
    };
    let (low, high) = (found.accuracy_interval.low, found.accuracy_interval.high);
    let n_decided = found.n - found.n_abstained;
    let abstained = match found.n_abstained {
        0 => String::new(),
        n => format!(
            "; abstained from {n} (counted by the likeliest here), of the other {n_decided} {} right",
            found.n_decided_right
        ),
    };
    format!(
        "categories: {} of {} right, accuracy {:.3} ({low:.3}–{high:.3}), macro-F1 {:.3}, calibration error {calibration}; \
         always {}: {:.3}{abstained}",
        found.n_right,
        found.n,
        found.accuracy,
        found.macro_f1,
        found.majority.label,
        found.majority.accuracy
    )
}

/// Rows are what the file says, columns what was said.
pub(super) fn confusion(found: &Evaluation) -> (Vec<String>, Vec<Vec<String>>) {
    let mut head = vec!["the file says ↓, classified →".to_owned()];
    let counted = &found.confusion;
    head.extend(counted.labels.iter().cloned());
    let rows = counted.labels.iter().zip(&counted.counts);
    // Labels that no prompt has fill no row.
    let rows = rows.filter(|(_, counts)| counts.iter().any(|&n| n > 0));
    let rows = rows.map(|(label, counts)| {
        let counts = counts.iter().map(usize::to_string);
        [label.clone()].into_iter().chain(counts).collect()
    });
    (head, rows.collect())
}

/// Milliseconds, or seconds from one on.
pub(crate) fn ms(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2} ms"),
        value if value < 1_000.0 => format!("{value:.0} ms"),
        value => format!("{:.2} s", value / 1e3),
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}
