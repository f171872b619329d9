//! Whether both sides of a comparison gave the same answers, and how far their numbers lie apart.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arms::{Arms, of_arm};
use crate::plan::Arm;
use crate::record::{Outcome, Reading, RequestRecord, Sample};
use crate::scenario::{
    DIVERGENCE_AT, DIVERGENCE_MARGIN, KLD, LOGIT_DIFFERENCE, REPLAY_CASE, REPLAYED_SLOT, SAME_TOP1,
};

/// Whether equal prompts gave equal answers. A difference is no refusal: numbers may differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    /// Answers that both sides gave to the same prompt.
    pub n_answers: usize,
    /// Of these, answers with the same tokens.
    pub n_equal: usize,
    /// The first token in which two answers differ, over all: its place in the answer.
    pub first_divergence: Option<usize>,
    /// The same for the baseline against itself; anything but all equal is an engine that does not
    /// repeat itself.
    pub n_equal_to_itself: usize,
    /// Answers forced through both sides; absent where none was.
    pub replay: Option<Replay>,
    /// Why there is no replay.
    pub why_no_replay: Option<String>,
}

/// What both sides make of the same forced tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Answers that were replayed: those that differed, then others.
    pub n_answers: usize,
    /// Tokens of them.
    pub n_positions: usize,
    /// KL divergence of the tested side from the baseline, nats a token: the mean.
    pub kld_mean: f64,
    /// Its largest value at any token.
    pub kld_max: f64,
    /// The share of tokens at which both find the same token likeliest.
    pub same_top1: f64,
    /// The largest difference of any logit; 0 says that every one is the same number.
    pub largest_logit_difference: f64,
    /// The first token that the tested side would not have chosen, over all answers.
    pub divergence: Option<Divergence>,
}

/// A place where two sides part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Divergence {
    /// The slot of the request in its arm.
    pub slot: u32,
    /// The token of the answer, from 0.
    pub token: u32,
    /// How far the baseline's likeliest token lay above its second, as a logit: near 0, either could
    /// have been chosen by rounding alone.
    pub margin: f64,
}

/// Compares the answers of all rounds.
pub(super) fn consistency(arms: &Arms<'_>, samples: &[Sample]) -> Consistency {
    let again: BTreeMap<u32, &RequestRecord> = answers(&arms.again).collect();
    let baseline: BTreeMap<u32, &RequestRecord> = answers(&arms.baseline).collect();
    let pairs = pairs(&arms.tested, &arms.baseline);
    let first_difference = |a: &[u32], b: &[u32]| {
        let shared = a.iter().zip(b).position(|(a, b)| a != b);
        shared.or((a.len() != b.len()).then_some(a.len().min(b.len())))
    };
    let is_repeated = |(slot, one): &(&u32, &&RequestRecord)| {
        again.get(slot).map(|again| &again.token_ids) == Some(&one.token_ids)
    };
    let (replay, why_no_replay) = replay(samples);
    Consistency {
        n_answers: pairs.len(),
        n_equal: pairs
            .iter()
            .filter(|(_, a, b)| a.token_ids == b.token_ids)
            .count(),
        first_divergence: pairs
            .iter()
            .filter_map(|(_, a, b)| first_difference(&a.token_ids, &b.token_ids))
            .min(),
        n_equal_to_itself: baseline.iter().filter(is_repeated).count(),
        replay,
        why_no_replay,
    }
}

/// Requests that were answered, by slot.
fn answers<'a>(samples: &[&'a Sample]) -> impl Iterator<Item = (u32, &'a RequestRecord)> {
    samples.iter().filter_map(|sample| match &sample.outcome {
        // Where a server tells no tokens there is nothing to hold against the other's.
        Outcome::Request(one) if one.failure.is_none() && !one.token_ids.is_empty() => {
            Some((sample.slot, one))
        }
        _ => None,
    })
}

/// A request's slot with what the tested side and the baseline answered.
type Pair<'a> = (u32, &'a RequestRecord, &'a RequestRecord);

fn pairs<'a>(tested: &[&'a Sample], baseline: &[&'a Sample]) -> Vec<Pair<'a>> {
    let baseline: BTreeMap<u32, &RequestRecord> = answers(baseline).collect();
    answers(tested)
        .filter_map(|(slot, one)| Some((slot, one, *baseline.get(&slot)?)))
        .collect()
}

/// Answers that the tested side and the baseline gave to the same prompt, by slot.
pub(crate) fn answer_pairs(samples: &[Sample]) -> Vec<Pair<'_>> {
    pairs(
        &of_arm(samples, Arm::Tested),
        &of_arm(samples, Arm::Baseline),
    )
}

/// What the replayed answers show, or why there are none.
fn replay(samples: &[Sample]) -> (Option<Replay>, Option<String>) {
    let replayed: Vec<&[Reading]> = samples
        .iter()
        .filter(|sample| sample.case == REPLAY_CASE)
        .filter_map(|sample| match &sample.outcome {
            Outcome::Readings(all) => Some(&all[..]),
            _ => None,
        })
        .collect();
    let all = |name: &str| -> Vec<f64> {
        let readings = replayed.iter().copied().flatten();
        let of_name = readings.filter(|reading| reading.name == name);
        of_name.filter_map(|reading| reading.value).collect()
    };
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let (klds, same) = (all(KLD), all(SAME_TOP1));
    if klds.is_empty() {
        let why = replayed.iter().copied().flatten();
        let why = why.filter_map(|reading| reading.why_null.clone()).next();
        return (None, why);
    }
    let n_positions = klds.len();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n_positions as f64;
    let found = Replay {
        n_answers: all(REPLAYED_SLOT).len(),
        n_positions,
        kld_mean: mean(&klds),
        kld_max: most(&klds),
        same_top1: mean(&same),
        largest_logit_difference: most(&all(LOGIT_DIFFERENCE)),
        divergence: divergence(&replayed),
    };
    (Some(found), None)
}

/// The earliest token at which any answer parts.
fn divergence(replayed: &[&[Reading]]) -> Option<Divergence> {
    let places = replayed.iter().filter_map(|readings| {
        let value = |name: &str| readings.iter().find(|one| one.name == name)?.value;
        Some(Divergence {
            slot: value(REPLAYED_SLOT)? as u32,
            token: value(DIVERGENCE_AT)? as u32,
            margin: value(DIVERGENCE_MARGIN)?,
        })
    });
    places.min_by_key(|place| (place.token, place.slot))
}
