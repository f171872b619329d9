//! The report of a run: a pure function of the job and its rows.

use std::collections::BTreeMap;

use lilim_bench::stats::Summary;
use lilim_router::{
    ClassifyOptions, EmbeddedClassifier, Evaluation, Judged, ModelMapping, Policy, SkippedRoute,
    classify_by_keywords, evaluate,
};
use serde::Serialize;

use super::job::Job;
use super::row::{Row, Unsure};

/// Everything that a run gave.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report<'a> {
    /// The layout's version.
    pub(crate) schema: &'static str,
    /// The program's name and version.
    pub(crate) tool: String,
    /// When it was written, RFC 3339.
    pub(crate) written_at: String,
    /// What was to be done.
    pub(crate) job: &'a Job,
    /// What came of it, in the job's order.
    pub(crate) rows: &'a [Row],
    /// What follows from the rows.
    pub(crate) totals: Totals,
}

/// The layout of [`Report`].
pub(crate) const SCHEMA: &str = "lilim.route/1";

/// What follows from rows.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Totals {
    /// Prompts with an answer.
    pub(crate) n_answered: usize,
    /// Prompts without one, by reason.
    pub(crate) failures: BTreeMap<String, usize>,
    /// Tokens that models were given to answer; of a cascade, by every model that was asked. What
    /// classifying reads is not counted here: its time is.
    pub(crate) prompt_tokens: usize,
    /// Tokens that models wrote, answers that were thrown away included.
    pub(crate) completion_tokens: usize,
    /// Answers whose server did not count their tokens: these are in no sum, and there are no rates.
    pub(crate) n_untold: usize,
    /// Answers that a cascade threw away; they are in every total here.
    pub(crate) thrown_away: ThrownAway,
    /// From taking a prompt up to the first token of the answer that is kept: classifying, loading and
    /// answers that were thrown away included.
    pub(crate) first_token_ms: Spread,
    /// From sending to the first token, of the answers that are kept.
    pub(crate) ttft_ms: Spread,
    /// From the first token to the last, a prompt's answers together.
    pub(crate) generation_ms: Spread,
    /// Classification, what was known already included.
    pub(crate) classification_ms: Spread,
    /// Prompts whose text a model had classified before: it was not asked again.
    pub(crate) n_cached: usize,
    /// From being taken up to the last token, classification and loading included, of prompts with an
    /// answer.
    pub(crate) total_ms: Spread,
    /// All tokens written / the time from sending to the last token, over all answers: what the models
    /// did.
    pub(crate) overall_tps: Option<f64>,
    /// Tokens of the answers that are kept / the same time: what came of it.
    pub(crate) kept_tps: Option<f64>,
    /// How often a model was loaded for an answer, and how long that took: one figure a load.
    pub(crate) switches: Spread,
    /// The largest resident set.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// CPU seconds.
    pub(crate) cpu_s: Option<f64>,
    /// Joules, and why there are none.
    pub(crate) energy_j: Option<f64>,
    /// Why there are none.
    pub(crate) why_no_energy: Option<String>,
    /// Answers by model.
    pub(crate) by_model: BTreeMap<String, Group>,
    /// Answers by category as decided.
    pub(crate) by_category: BTreeMap<String, Group>,
    /// How well the categories were named, where the file says them.
    pub(crate) accuracy: Option<Evaluation>,
    /// What a list of words reaches on the same prompts.
    pub(crate) keywords_accuracy: Option<f64>,
    /// Routes whose model is not installed, with what would be used instead.
    pub(crate) skipped: Vec<SkippedRoute>,
}

/// Answers that a cascade was not content with, and what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ThrownAway {
    /// Answers.
    pub(crate) n_answers: usize,
    /// Prompts that had one or more.
    pub(crate) n_prompts: usize,
    /// Tokens read for them.
    pub(crate) prompt_tokens: usize,
    /// Tokens written for nothing.
    pub(crate) completion_tokens: usize,
    /// From sending each to its end, together; loading is not in it.
    pub(crate) ms: f64,
}

impl ThrownAway {
    pub(crate) fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.n_prompts += usize::from(!row.unsure.is_empty());
            all.n_answers += row.unsure.len();
            for one in &row.unsure {
                all.prompt_tokens += one.figures.n_prompt;
                all.completion_tokens += one.figures.n_out;
                all.ms += one.ms;
            }
        }
        all
    }
}

/// A figure over rows.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Spread {
    /// Rows that have it.
    pub(crate) n: usize,
    /// All of them together.
    pub(crate) sum: f64,
    /// The mean.
    pub(crate) mean: Option<f64>,
    /// The middle.
    pub(crate) p50: Option<f64>,
    /// `None` below 93 rows, which are too few for one.
    pub(crate) p95: Option<f64>,
    /// The largest.
    pub(crate) max: Option<f64>,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let summary = Summary::of(&values).ok().flatten();
        Self {
            n: values.len(),
            sum: values.iter().fold(0.0, |sum, value| sum + value),
            mean: summary.map(|summary| summary.mean),
            p50: summary.map(|summary| summary.median),
            p95: summary.and_then(|summary| summary.p95),
            max: summary.map(|summary| summary.max),
        }
    }
}

/// Rows that have something in common.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Group {
    /// Prompts whose answer is kept.
    pub(crate) n: usize,
    /// Answers that were thrown away: by model, its own; by category, those of its prompts. The figures
    /// beside it are of the answers that are kept.
    pub(crate) n_thrown_away: usize,
    /// The middle of time to the first token, from sending.
    pub(crate) ttft_ms: Option<f64>,
    /// The middle of tokens a second after it.
    pub(crate) decode_tps: Option<f64>,
    /// The mean of everything about a prompt.
    pub(crate) total_ms: Option<f64>,
    /// Tokens of the answers, on average.
    pub(crate) completion_tokens: Option<f64>,
}

impl Totals {
    /// What follows from the rows of a job.
    pub(crate) fn of(job: &Job, rows: &[Row]) -> Self {
        let figures = || rows.iter().filter_map(|row| row.figures.as_ref());
        let mut failures = BTreeMap::new();
        for reason in rows.iter().filter_map(|row| row.failure.clone()) {
            *failures.entry(reason).or_insert(0) += 1;
        }
        let all_figures = || rows.iter().flat_map(Row::all_figures);
        let completion_tokens: usize = all_figures().map(|one| one.n_out).sum();
        let kept_tokens: usize = figures().map(|one| one.n_out).sum();
        let e2e_ms: f64 = all_figures().filter_map(|one| one.e2e_ms).sum();
        let n_untold = all_figures().filter(|one| one.untold.n_out).count();
        // The time of tokens that nobody counted belongs to no rate.
        let has_rate = e2e_ms > 0.0 && n_untold == 0;
        let rate = |tokens: usize| has_rate.then(|| tokens as f64 / (e2e_ms / 1e3));
        let why_no_energy = rows.iter().find_map(|row| row.why_no_energy.clone());
        let energy: Option<Vec<f64>> = rows.iter().map(|row| row.energy_j).collect();
        let cpu: Option<Vec<f64>> = rows.iter().map(|row| row.cpu_s).collect();
        let loads = rows.iter().flat_map(|row| &row.loads).map(|load| load.ms);
        let answered = rows.iter().filter(|row| row.failure.is_none());
        Self {
            n_answered: rows.len() - failures.values().sum::<usize>(),
            failures,
            prompt_tokens: all_figures().map(|one| one.n_prompt).sum(),
            completion_tokens,
            n_untold,
            thrown_away: ThrownAway::of(rows),
            first_token_ms: Spread::of(rows.iter().filter_map(|row| row.first_token_ms)),
            ttft_ms: Spread::of(figures().filter_map(|one| one.ttft_ms)),
            generation_ms: Spread::of(rows.iter().filter_map(generation_ms)),
            classification_ms: Spread::of(
                rows.iter()
                    .filter(|row| row.classifier.is_some())
                    .map(|row| row.classification_ms),
            ),
            n_cached: rows.iter().filter(|row| row.cached).count(),
            total_ms: Spread::of(answered.map(|row| row.total_ms)),
            overall_tps: rate(completion_tokens),
            kept_tps: rate(kept_tokens),
            switches: Spread::of(loads),
            peak_rss_bytes: rows.iter().filter_map(|row| row.peak_rss_bytes).max(),
            cpu_s: cpu
                .filter(|all| !all.is_empty())
                .map(|all| all.iter().sum()),
            energy_j: energy
                .filter(|all| !all.is_empty())
                .map(|all| all.iter().sum()),
            why_no_energy,
            by_model: grouped(
                rows,
                |row| row.decision.model.clone(),
                |_, unsure| Some(unsure.model.clone()),
            ),
            by_category: grouped(
                rows,
                |row| row.decision.category.clone(),
                |row, _| row.decision.category.clone(),
            ),
            accuracy: accuracy(job, rows),
            keywords_accuracy: keywords_accuracy(job, rows),
            skipped: skipped(job),
        }
    }
}

/// Of all answers to a prompt; `None` where none was measured.
fn generation_ms(row: &Row) -> Option<f64> {
    let times = row
        .all_figures()
        .filter_map(|one| Some(one.e2e_ms? - one.ttft_ms?));
    times.reduce(|a, b| a + b)
}

/// `key` says where a row belongs, `unsure_key` where an answer of it that was thrown away does.
fn grouped(
    rows: &[Row],
    key: impl Fn(&Row) -> Option<String>,
    unsure_key: impl Fn(&Row, &Unsure) -> Option<String>,
) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, (Vec<&Row>, usize)> = BTreeMap::new();
    let named = |key: Option<String>| key.unwrap_or_else(|| "(none)".to_owned());
    for row in rows {
        if row.failure.is_none() {
            groups.entry(named(key(row))).or_default().0.push(row);
        }
        for unsure in &row.unsure {
            let key = named(unsure_key(row, unsure));
            groups.entry(key).or_default().1 += 1;
        }
    }
    let group = |(rows, n_thrown_away): (Vec<&Row>, usize)| {
        let figures = || rows.iter().filter_map(|row| row.figures.as_ref());
        Group {
            n: rows.len(),
            n_thrown_away,
            ttft_ms: Spread::of(figures().filter_map(|one| one.ttft_ms)).p50,
            decode_tps: Spread::of(figures().filter_map(|one| one.decode_tps)).p50,
            total_ms: Spread::of(rows.iter().map(|row| row.total_ms)).mean,
            completion_tokens: Spread::of(figures().map(|one| one.n_out as f64)).mean,
        }
    };
    let all = groups.into_iter();
    all.map(|(key, rows)| (key, group(rows))).collect()
}

/// Of the rows whose category the file says and somebody named.
fn accuracy(job: &Job, rows: &[Row]) -> Option<Evaluation> {
    let judged: Vec<Judged<'_>> = rows
        .iter()
        .filter_map(|row| {
            Some(Judged {
                expected: job.known(row.expected.as_ref()?)?,
                classification: row.classification.as_ref()?,
            })
        })
        .collect();
    evaluate(&judged)
}

/// The trivial baseline, on the same rows.
fn keywords_accuracy(job: &Job, rows: &[Row]) -> Option<f64> {
    // The words are those of the built-in categories.
    if !EmbeddedClassifier::built_in().knows(&job.categories) {
        return None;
    }
    let labelled = rows.iter().filter(|row| row.classification.is_some());
    let right: Vec<bool> = labelled
        .filter_map(|row| {
            let expected = job.known(row.expected.as_ref()?)?;
            let prompt = &job.prompts.get(row.index)?.prompt;
            let found = classify_by_keywords(prompt, &ClassifyOptions::default()).ok()?;
            Some(found.category.as_deref() == Some(expected))
        })
        .collect();
    let n_right = right.iter().filter(|&&is_right| is_right).count();
    (!right.is_empty()).then(|| n_right as f64 / right.len() as f64)
}

pub(crate) fn skipped(job: &Job) -> Vec<SkippedRoute> {
    let mapping = match &job.policy {
        Policy::Mapping(mapping) => mapping.clone(),
        _ => ModelMapping::default(),
    };
    let installed: Vec<&str> = job.models.iter().map(|(name, _)| name.as_str()).collect();
    mapping.installed_only(&installed).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_reports_is_the_committed_one() {
        let schema = schemars::schema_for!(Report<'static>);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../docs/reference/route.schema.json");
        if std::env::var_os("LILIM_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            committed, text,
            "LILIM_BLESS=1 cargo test -p lilim rewrites the schema"
        );
    }
}
