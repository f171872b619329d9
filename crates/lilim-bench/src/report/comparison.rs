//! What a comparison shows, in words that all reports share.

use super::figures::{clean, heading, number, title, with_unit};
use crate::derive::{ComparisonFindings, MetricRatio, RatioInterval, RatioTargetFinding, Replay};
use crate::metric::{self, Better};
use crate::result_file::ResultFile;
use crate::stats::{Limit, Verdict};

/// A metric's ratio, in words.
pub(super) struct RatioLine<'a> {
    /// What was found.
    pub(super) found: &'a MetricRatio,
    /// The metric's title.
    pub(super) title: String,
    /// Medians of the rounds of the tested side and the baseline.
    pub(super) medians: [String; 2],
    /// The tested side in this process, and what the wire makes of it; nothing where it was not run.
    pub(super) in_process: String,
    /// The ratio, its interval, and the noise floor.
    pub(super) ratio: [String; 3],
    /// The limit, where this metric decides.
    pub(super) limit: String,
    /// The verdict in a mark and a word, where this metric decides.
    pub(super) verdict: Option<(&'static str, &'static str)>,
    /// What the ratio means, and why the verdict is what it is.
    pub(super) said: String,
}

/// Names of a line's texts.
pub(super) const COLUMNS: [&str; 8] = [
    "tested",
    "baseline",
    "ratio",
    "interval",
    "noise floor",
    "limit",
    "verdict",
    "in process",
];

impl RatioLine<'_> {
    /// The texts of [`COLUMNS`].
    pub(super) fn cells(&self) -> [String; 8] {
        let [tested, baseline] = self.medians.clone();
        let [ratio, interval, floor] = self.ratio.clone();
        let verdict = match self.verdict {
            Some((mark, word)) => format!("{mark} {word}"),
            None => "–".to_owned(),
        };
        let limit = self.limit.clone();
        let in_process = self.in_process.clone();
        [
            tested, baseline, ratio, interval, floor, limit, verdict, in_process,
        ]
    }
}

/// A comparison's metrics, in words.
pub(super) fn lines(found: &ComparisonFindings) -> Vec<RatioLine<'_>> {
    found.metrics.iter().map(line).collect()
}

fn line(found: &MetricRatio) -> RatioLine<'_> {
    let unit = metric::by_name(&found.metric).map_or("", |metric| metric.unit);
    let limit = found.limit.map_or("–".to_owned(), limit_words);
    let meaning = direction(&found.metric, &found.ratio);
    let reason = found.decision.as_ref();
    let reason = reason.map(|decision| clean(&decision.reason));
    let correlation = found.serial_correlation.map(|lag| {
        let lag = number(lag);
        format!("neighbouring rounds hang together ({lag}): the interval is too narrow")
    });
    let said = [Some(meaning), reason, correlation];
    RatioLine {
        found,
        title: title(&found.metric),
        medians: [found.tested_median, found.baseline_median].map(|x| with_unit(x, unit)),
        in_process: in_process(found, unit),
        ratio: [
            as_ratio(found.ratio.value),
            interval(&found.ratio),
            interval(&found.noise_floor),
        ],
        limit,
        verdict: found.decision.as_ref().map(|one| words(one.verdict)),
        said: said.into_iter().flatten().collect::<Vec<_>>().join("; "),
    }
}

fn limit_words(limit: Limit) -> String {
    match limit {
        Limit::AtLeast(ratio) => format!("≥ {}x", as_ratio(ratio)),
        Limit::AtMost(ratio) => format!("≤ {}x", as_ratio(ratio)),
    }
}

/// The figure without a worker process, and its ratio to the one behind the wire.
fn in_process(found: &MetricRatio, unit: &str) -> String {
    match (found.in_process_median, &found.in_process) {
        (Some(median), Some(ratio)) => {
            format!("{} ({}x)", with_unit(median, unit), as_ratio(ratio.value))
        }
        _ => "–".to_owned(),
    }
}

/// A named limit on a ratio: a mark and a sentence.
fn target(found: &RatioTargetFinding) -> (&'static str, String) {
    let (mark, word) = words(found.verdict);
    let ratio = found.ratio.as_ref().map_or("no ratio".to_owned(), |ratio| {
        format!("{} ({})", as_ratio(ratio.value), interval(ratio))
    });
    let (name, limit) = (clean(&found.name), limit_words(found.limit));
    (mark, format!("{word}: {name}: {ratio}, limit {limit}"))
}

/// A verdict in a mark and a word.
pub(super) fn words(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Pass => ("✓", "PASS"),
        Verdict::Fail => ("✗", "FAIL"),
        Verdict::Inconclusive => ("?", "INCONCLUSIVE"),
        Verdict::Unfit => ("≈", "UNFIT"),
    }
}

pub(super) fn as_ratio(value: f64) -> String {
    match value < 10.0 {
        true => format!("{value:.3}"),
        false => number(value),
    }
}

pub(super) fn interval(of: &RatioInterval) -> String {
    let lower = of.lower.map_or("0".to_owned(), as_ratio);
    let upper = of.upper.map_or("∞".to_owned(), as_ratio);
    format!("{lower}–{upper}")
}

/// A ratio as so many percent better or worse.
fn direction(name: &str, found: &RatioInterval) -> String {
    let ratio = found.value;
    let is_one_inside = found.lower.is_none_or(|lower| lower <= 1.0)
        && found.upper.is_none_or(|upper| upper >= 1.0);
    // What no report shows is no difference either.
    if is_one_inside || (ratio - 1.0).abs() < 5e-4 {
        return "no difference that can be told".to_owned();
    }
    let percent = number(100.0 * (ratio - 1.0).abs());
    let better = metric::by_name(name).map(|metric| metric.better);
    let side = match ratio < 1.0 {
        true => "lower",
        false => "higher",
    };
    let word = match (better, ratio < 1.0) {
        (Some(Better::Lower), true) | (Some(Better::Higher), false) => ", which is better",
        (Some(Better::Lower), false) | (Some(Better::Higher), true) => ", which is worse",
        _ => "",
    };
    format!("{percent}% {side}{word}")
}

/// What the sides are.
pub(super) fn headline(found: &ComparisonFindings) -> String {
    clean(&format!("{} against {}", found.tested, found.baseline))
}

/// The most rounds that are named one by one.
const MOST_ROUNDS: usize = 8;

/// What a reader must know before the ratios: a mark and a sentence each.
pub(super) fn facts(found: &ComparisonFindings) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for refusal in &found.equality.refusals {
        let refusal = clean(refusal);
        all.push((
            "✗",
            format!("no ratio, the work was not the same: {refusal}"),
        ));
    }
    for fact in &found.equality.holds {
        all.push(("✓", clean(fact)));
    }
    let differ_in = match found.differ_in.is_empty() {
        true => "nothing".to_owned(),
        false => clean(&found.differ_in.join(", ")),
    };
    all.push(("·", format!("the sides differ in: {differ_in}")));
    all.push(consistency(found));
    let consistency = &found.consistency;
    all.extend(consistency.replay.as_ref().map(replay));
    if let Some(why) = &consistency.why_no_replay {
        all.push((
            "·",
            format!("no answer was forced through both: {}", clean(why)),
        ));
    }
    let n_rounds = found.n_rounds;
    all.push((
        "·",
        format!("{n_rounds} whole rounds, every side started afresh in each"),
    ));
    all.extend(found.targets.iter().map(target));
    for one in &found.missing {
        let (title, reason) = (title(&one.metric), clean(&one.reason));
        all.push(match one.limit {
            Some(_) => ("?", format!("INCONCLUSIVE: no ratio of {title}: {reason}")),
            None => ("·", format!("no ratio of {title}: {reason}")),
        });
    }
    if !found.drifted_rounds.is_empty() {
        let rounds = match found.drifted_rounds.len() {
            n if n > MOST_ROUNDS => format!("{n} of {n_rounds} rounds"),
            _ => {
                let rounds = found.drifted_rounds.iter().map(u32::to_string);
                let rounds = rounds.collect::<Vec<_>>().join(", ");
                format!("rounds {rounds}")
            }
        };
        all.push((
            "!",
            format!("the machine itself drifted in {rounds}; they are kept"),
        ));
    }
    all
}

fn consistency(found: &ComparisonFindings) -> (&'static str, String) {
    let answers = &found.consistency;
    let (n, n_equal, n_itself) = (
        answers.n_answers,
        answers.n_equal,
        answers.n_equal_to_itself,
    );
    if n == 0 {
        let text = "no answers to compare: one side does not tell its tokens, or all failed";
        return ("–", text.to_owned());
    }
    let first = answers.first_divergence;
    let first = first.map(|token| format!(", the first difference at token {token}"));
    let text = format!(
        "{n_equal} of {n} answers are the same{}; the baseline gave {n_itself} again itself",
        first.unwrap_or_default()
    );
    match n_equal == n {
        true => ("✓", text),
        false => ("!", text),
    }
}

/// What both sides make of the same forced tokens.
fn replay(found: &Replay) -> (&'static str, String) {
    let (n, n_answers) = (found.n_positions, found.n_answers);
    let forced = format!("{n} tokens of {n_answers} answers forced through both");
    if found.largest_logit_difference == 0.0 {
        return ("✓", format!("{forced}: every logit is the same number"));
    }
    let same = match found.same_top1 {
        1.0 => "the same token is likeliest everywhere".to_owned(),
        share => format!("the same token is likeliest at {:.1}%", 100.0 * share),
    };
    let parted = found.divergence.map(|place| {
        format!(
            ", they part first at token {} of request {}, where the likeliest lay {} above the second",
            place.token,
            place.slot,
            number(place.margin)
        )
    });
    let (mean, most) = (number(found.kld_mean), number(found.kld_max));
    (
        "·",
        format!(
            "{forced}: KL divergence {mean} nats a token on average, {most} at most; {same}{}",
            parted.unwrap_or_default()
        ),
    )
}

/// What the interval and the noise floor are, for a caption.
pub(super) fn how_to_read(file: &ResultFile) -> String {
    let n_looks = file.recording.plan.comparison.as_ref();
    let n_looks = n_looks.map_or(0, |comparison| comparison.looks.looks.len());
    let looks = match n_looks {
        2 => " The rounds were looked at twice, at half and at the end; both share the error.",
        _ => "",
    };
    format!(
        "Tested / baseline: 1 is no difference. The interval holds what the ratio may be as well; the \
         noise floor is the baseline against itself.{looks}"
    )
}

/// A metric's title for the head of a row in a plot.
pub(super) fn row_title(found: &MetricRatio) -> String {
    let better = metric::by_name(&found.metric).map(|metric| metric.better);
    let better = match better {
        Some(Better::Lower) => " (lower is better)",
        Some(Better::Higher) => " (higher is better)",
        _ => "",
    };
    format!("{}{better}", heading(&found.metric))
}
