//! Whether every setting of a determinism matrix gives the tokens, and the bits, of the first.

use std::collections::BTreeMap;

use lilim_api::TokenId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{Case, Work};
use crate::prompts;
use crate::record::{Outcome, Recording, TraceRecord};

/// A setting held against the first one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingFinding {
    /// What people call it.
    pub setting: String,
    /// Answers that it and the first setting gave to the same prompt.
    pub n_answers: usize,
    /// Of these, answers with the same tokens.
    pub n_equal: usize,
    /// Rows of logits that both show.
    pub n_rows: usize,
    /// Of these, rows with the same bits.
    pub n_equal_rows: usize,
    /// The first token that differs.
    pub divergence: Option<TokenDivergence>,
    /// The first row of logits whose bits differ, which may be long before a token does.
    pub first_row: Option<TokenPlace>,
    /// blake3 of all tokens generated.
    pub quality_hash: Option<String>,
    /// Prompt tokens that a cache had, over all answers: a cache that is on must have had some.
    pub n_cached: u64,
    /// Why it may differ, where it may.
    pub may_differ: Option<String>,
    /// Whether it is the same, or may differ; `None` where something failed or nothing was compared.
    pub is_kept: Option<bool>,
}

/// A place in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenPlace {
    /// The prompt's number.
    pub prompt: u32,
    /// The token's place in the answer, from 0.
    pub token: usize,
}

/// Where two answers part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenDivergence {
    /// Where.
    pub at: TokenPlace,
    /// The first setting's token.
    pub expected: Option<TokenId>,
    /// This one's.
    pub found: Option<TokenId>,
    /// How far the first setting's likeliest token lay above its second there, as a logit; `None`
    /// where its logits are not known.
    pub margin: Option<f64>,
}

/// All settings of a plan, the first being what the others are held against.
pub(super) fn settings(recording: &Recording) -> Vec<SettingFinding> {
    let cases = recording.plan.cases.iter();
    let settings = cases.filter_map(|case| match &case.work {
        Work::Setting(setting) => Some((case, setting)),
        _ => None,
    });
    let all: Vec<_> = settings
        .map(|(case, setting)| (case, setting, Traces::of(recording, case)))
        .collect();
    let Some((_, _, first)) = all.first() else {
        return Vec::new();
    };
    all.iter()
        .map(|(case, setting, traces)| {
            let side = recording.plan.sides.get(case.side);
            let mut found = traces.against(first);
            found.setting = side.map_or_else(String::new, |side| side.name.clone());
            found.may_differ.clone_from(&setting.may_differ);
            let is_same = found.n_equal == found.n_answers && found.n_equal_rows == found.n_rows;
            let is_whole = !traces.has_failed && found.n_answers > 0;
            // A difference is one whatever else failed; that there is none needs all of it.
            found.is_kept = match (is_same, &found.may_differ) {
                (false, None) => Some(false),
                _ => is_whole.then_some(true),
            };
            found
        })
        .collect()
}

/// What a setting showed, by the number of the prompt.
struct Traces<'a> {
    generated: BTreeMap<u32, &'a TraceRecord>,
    stepped: BTreeMap<u32, &'a TraceRecord>,
    has_failed: bool,
}

impl<'a> Traces<'a> {
    fn of(recording: &'a Recording, case: &Case) -> Self {
        let mut traces = Self {
            generated: BTreeMap::new(),
            stepped: BTreeMap::new(),
            has_failed: false,
        };
        for sample in recording.samples.iter().filter(|one| one.case == case.id) {
            match &sample.outcome {
                Outcome::Traced(trace) if trace.logit_hashes.is_empty() => {
                    traces.generated.insert(trace.prompt, trace);
                }
                Outcome::Traced(trace) => {
                    traces.stepped.insert(trace.prompt, trace);
                }
                _ => traces.has_failed = true,
            }
        }
        traces
    }

    fn against(&self, first: &Self) -> SettingFinding {
        let mut divergences = Vec::new();
        let mut rows = Vec::new();
        let (mut n_answers, mut n_equal, mut n_rows) = (0, 0, 0);
        for (ours, theirs) in [
            (&self.generated, &first.generated),
            (&self.stepped, &first.stepped),
        ] {
            for (prompt, trace) in ours {
                let Some(expected) = theirs.get(prompt) else {
                    continue;
                };
                n_answers += 1;
                let (found, expected) = (&trace.token_ids, &expected.token_ids);
                match first_difference(found, expected) {
                    None => n_equal += 1,
                    Some(token) => divergences.push(TokenDivergence {
                        at: TokenPlace {
                            prompt: *prompt,
                            token,
                        },
                        expected: expected.get(token).copied(),
                        found: found.get(token).copied(),
                        margin: first.margin(*prompt, token),
                    }),
                }
            }
        }
        for (prompt, trace) in &self.stepped {
            let Some(expected) = first.stepped.get(prompt) else {
                continue;
            };
            let pairs = trace.logit_hashes.iter().zip(&expected.logit_hashes);
            for (token, (found, expected)) in pairs.enumerate() {
                n_rows += 1;
                if found != expected {
                    rows.push(TokenPlace {
                        prompt: *prompt,
                        token,
                    });
                }
            }
        }
        let ids: Vec<TokenId> = self
            .generated
            .values()
            .flat_map(|trace| trace.token_ids.iter().copied())
            .collect();
        SettingFinding {
            setting: String::new(),
            n_answers,
            n_equal,
            n_rows,
            n_equal_rows: n_rows - rows.len(),
            divergence: divergences
                .into_iter()
                .min_by_key(|one| (one.at.token, one.at.prompt)),
            first_row: rows.into_iter().min_by_key(|at| (at.token, at.prompt)),
            quality_hash: (!ids.is_empty()).then(|| prompts::hash(&ids)),
            n_cached: self
                .generated
                .values()
                .map(|trace| u64::from(trace.n_cached))
                .sum(),
            may_differ: None,
            is_kept: None,
        }
    }

    fn margin(&self, prompt: u32, token: usize) -> Option<f64> {
        self.stepped.get(&prompt)?.margins.get(token).copied()
    }
}

fn first_difference(a: &[TokenId], b: &[TokenId]) -> Option<usize> {
    let shared = a.iter().zip(b).position(|(a, b)| a != b);
    shared.or((a.len() != b.len()).then_some(a.len().min(b.len())))
}
