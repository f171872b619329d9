//! Forced tokens: the baseline's answers of the rounds, computed once more by both sides so that their
//! logits can be held against each other. Logits are too many to keep; what is kept of each position
//! is how far the two distributions lie apart.

use lilim_api::{EngineError, TokenId, TokenStepper};

use super::{Bench, Context, Keep, Sink};
use crate::derive;
use crate::error::BenchError;
use crate::plan::{Comparison, Work};
use crate::prompts;
use crate::record::{Outcome, Reading, RequestRecord, Sample};

/// The id of its case.
pub const REPLAY_CASE: &str = "compare/replay";

/// KL divergence of the tested side's distribution from the baseline's, one for each position.
pub const KLD: &str = "kld_nats";
/// Whether both sides find the same token likeliest: 1 or 0, one for each position.
pub const SAME_TOP1: &str = "same_top1";
/// The largest difference of a logit, one for each position.
pub const LOGIT_DIFFERENCE: &str = "logit_difference";
/// The slot of the request whose answer was replayed.
pub const REPLAYED_SLOT: &str = "replayed_slot";
/// The first token of the answer that the tested side would not have chosen, from 0.
pub const DIVERGENCE_AT: &str = "divergence_at";
/// How far the baseline's likeliest token lay above its second there, as a logit.
pub const DIVERGENCE_MARGIN: &str = "divergence_margin";

/// Runs the replay of a comparison whose rounds are over.
pub(super) fn run(
    bench: &Bench<'_>,
    comparison: &Comparison,
    sink: &mut dyn Sink,
) -> Result<(), BenchError> {
    let mut cases = bench.plan.cases.iter();
    let Some(case) = cases.find(|case| case.work == Work::Replay) else {
        return Ok(());
    };
    let slots = bench.not_done(case, case.n_slots());
    let all = answers(sink.samples(), case.n_samples as usize);
    let wanted: Vec<(u32, Answer)> = slots
        .into_iter()
        .filter_map(|slot| Some((slot, all.get(slot as usize)?.clone())))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut keep = Keep::new(case, sink, &bench.cancel);
    let at_ns = bench.clock.now_ns();
    let both = logits_of(bench, comparison.baseline, &wanted).and_then(|baseline| {
        let tested = logits_of(bench, comparison.tested, &wanted)?;
        Ok((baseline, tested))
    });
    match both {
        Err(error) => {
            let null = vec![Reading::null(KLD, error.to_string())];
            keep.sample(wanted[0].0, at_ns, Outcome::Readings(null))
        }
        Ok((baseline, tested)) => {
            let pairs = baseline.iter().zip(&tested);
            for ((slot, answer), (baseline, tested)) in wanted.iter().zip(pairs) {
                let readings = compared(answer, baseline, tested);
                keep.sample(*slot, at_ns, Outcome::Readings(readings))?;
            }
            Ok(())
        }
    }
}

/// A request of the rounds with what the baseline answered.
#[derive(Clone)]
struct Answer {
    slot: u32,
    n_prompt: u32,
    prompt_hash: String,
    ids: Vec<TokenId>,
}

/// The answers to replay: those that differed first, then others, longest first.
fn answers(samples: &[Sample], at_most: usize) -> Vec<Answer> {
    let mut pairs = derive::answer_pairs(samples);
    let key = |(tested, baseline): &(&RequestRecord, &RequestRecord)| {
        let is_equal = tested.token_ids == baseline.token_ids;
        (is_equal, std::cmp::Reverse(baseline.token_ids.len()))
    };
    pairs.sort_by_key(|(slot, tested, baseline)| (key(&(tested, baseline)), *slot));
    let chosen = pairs.into_iter().take(at_most);
    chosen
        .map(|(slot, _, baseline)| Answer {
            slot,
            n_prompt: baseline.n_prompt,
            prompt_hash: baseline.prompt_hash.clone(),
            ids: baseline.token_ids.clone(),
        })
        .collect()
}

/// Logits by answer and position.
type Logits = Vec<Vec<Vec<f32>>>;

fn logits_of(
    bench: &Bench<'_>,
    side: usize,
    answers: &[(u32, Answer)],
) -> Result<Logits, EngineError> {
    let context = Context {
        launcher: &*bench.launchers[side],
        clock: &bench.clock,
        sensors: &bench.sensors,
        cancel: &bench.cancel,
        silence: bench.silence,
        seed: bench.plan.seed,
    };
    let ready = context.load()?;
    let mut all = Vec::with_capacity(answers.len());
    for (_, answer) in answers {
        let n_tokens = answer.n_prompt as usize;
        let prompt = prompts::prompt(&*ready.model, n_tokens, context.seed, answer.slot.into())?;
        if prompts::hash(&prompt) != answer.prompt_hash {
            let reason = format!("prompt {} cannot be made again", answer.slot);
            return Err(EngineError::Text(reason));
        }
        let mut session = std::sync::Arc::clone(&ready.model).session()?;
        session.with_stepper(&mut |stepper| {
            all.push(forced(stepper, &prompt, &answer.ids, bench)?);
            Ok(())
        })?;
    }
    Ok(all)
}

/// Logits before each token of the answer.
fn forced(
    stepper: &mut dyn TokenStepper,
    prompt: &[TokenId],
    answer: &[TokenId],
    bench: &Bench<'_>,
) -> Result<Vec<Vec<f32>>, EngineError> {
    stepper.prefill(prompt, &bench.cancel, &mut |_| {})?;
    let mut rows = vec![stepper.logits().to_vec()];
    for &id in answer.iter().take(answer.len().saturating_sub(1)) {
        stepper.step(id)?;
        rows.push(stepper.logits().to_vec());
    }
    Ok(rows)
}

fn compared(answer: &Answer, baseline: &[Vec<f32>], tested: &[Vec<f32>]) -> Vec<Reading> {
    let mut readings = vec![Reading::of(REPLAYED_SLOT, f64::from(answer.slot))];
    let mut diverged = false;
    for (at, (p, q)) in baseline.iter().zip(tested).enumerate() {
        if p.len() != q.len() {
            let why = format!("vocabularies of {} and {} tokens", p.len(), q.len());
            return vec![Reading::null(KLD, why)];
        }
        let same = top(p).0 == top(q).0;
        readings.push(Reading::of(KLD, divergence(p, q)));
        readings.push(Reading::of(SAME_TOP1, f64::from(u8::from(same))));
        readings.push(Reading::of(LOGIT_DIFFERENCE, largest_difference(p, q)));
        if !same && !diverged {
            diverged = true;
            readings.push(Reading::of(DIVERGENCE_AT, at as f64));
            readings.push(Reading::of(DIVERGENCE_MARGIN, top(p).1));
        }
    }
    readings
}

/// The likeliest token and how far it lies above the second; the first of several that are alike.
fn top(logits: &[f32]) -> (usize, f64) {
    let (mut best, mut first, mut second) = (0, f32::NEG_INFINITY, f32::NEG_INFINITY);
    for (id, &logit) in logits.iter().enumerate() {
        if logit > first {
            (best, second, first) = (id, first, logit);
        } else if logit > second {
            second = logit;
        }
    }
    (best, f64::from(first) - f64::from(second))
}

/// Σ p · (ln p − ln q), nats; at least 0 but for rounding.
fn divergence(p: &[f32], q: &[f32]) -> f64 {
    let (ln_p, ln_q) = (ln_sum_exp(p), ln_sum_exp(q));
    let sum: f64 = p
        .iter()
        .zip(q)
        .map(|(&p, &q)| {
            let (p, q) = (f64::from(p) - ln_p, f64::from(q) - ln_q);
            let weight = libm::exp(p);
            // A token that cannot come adds nothing, whatever the other side makes of it.
            if weight > 0.0 { weight * (p - q) } else { 0.0 }
        })
        .sum();
    sum.max(0.0)
}

fn ln_sum_exp(logits: &[f32]) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let most = f64::from(most);
    let sum: f64 = logits
        .iter()
        .map(|&one| libm::exp(f64::from(one) - most))
        .sum();
    most + libm::log(sum)
}

fn largest_difference(p: &[f32], q: &[f32]) -> f64 {
    let pairs = p.iter().zip(q).filter(|(p, q)| p != q);
    pairs.fold(0.0, |most, (&p, &q)| {
        f64::max(most, (f64::from(p) - f64::from(q)).abs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divergence_is_that_of_the_formula() {
        // p = (1/2, 1/4, 1/4), q = (1/4, 1/4, 1/2): Σ p ln(p/q) = 0.25 ln 2.
        let logits = |p: [f32; 3]| p.map(|p| p.ln() + 3.0);
        let (p, q) = (logits([0.5, 0.25, 0.25]), logits([0.25, 0.25, 0.5]));
        let expected = 0.25 * 2.0_f64.ln();
        assert!((divergence(&p, &q) - expected).abs() < 1e-6);
        assert_eq!(divergence(&p, &p), 0.0);
    }

    #[test]
    fn a_token_that_cannot_come_adds_nothing() {
        let p = [0.0, f32::NEG_INFINITY];
        assert!((divergence(&p, &[0.0, 0.0]) - 2.0_f64.ln()).abs() < 1e-12);
        assert_eq!(largest_difference(&p, &p), 0.0);
    }

    #[test]
    fn the_margin_is_that_of_the_two_likeliest() {
        assert_eq!(top(&[1.0, 4.0, 2.5]), (1, 1.5));
        assert_eq!(top(&[4.0, 4.0]), (0, 0.0));
    }

    #[test]
    fn the_first_token_that_the_other_side_would_not_choose_is_told_with_its_margin() {
        let answer = Answer {
            slot: 9,
            n_prompt: 1,
            prompt_hash: String::new(),
            ids: vec![0, 0],
        };
        let baseline = [vec![2.0, 1.0], vec![2.0, 1.5], vec![3.0, 0.0]];
        let tested = [vec![2.0, 1.0], vec![1.0, 1.5], vec![0.0, 1.0]];
        let found = compared(&answer, &baseline, &tested);
        let values = |name: &str| -> Vec<f64> {
            let of_name = found.iter().filter(|one| one.name == name);
            of_name.filter_map(|one| one.value).collect()
        };
        assert_eq!(values(SAME_TOP1), [1.0, 0.0, 0.0]);
        assert_eq!(values(DIVERGENCE_AT), [1.0]);
        assert_eq!(values(DIVERGENCE_MARGIN), [0.5]);
        assert_eq!(values(LOGIT_DIFFERENCE), [0.0, 1.0, 3.0]);
    }
}
