//! `quality`: how likely a model finds the fixed texts, token by token.

use lilim_api::{EngineError, LoadedModel, Session, TokenId};

use super::{Context, Keep};
use crate::error::BenchError;
use crate::prompts;
use crate::record::{Outcome, ScoreRecord};

/// One text after another to one loaded model. Where it fails, the rest of the texts fail with it: a
/// perplexity of half of the texts is none.
pub(super) fn perplexity(
    context: &Context<'_>,
    n_tokens: u32,
    slots: &[u32],
    keep: &mut Keep<'_>,
) -> Result<(), BenchError> {
    let at_ns = context.clock.now_ns();
    let started = context.load().and_then(|ready| {
        let session = std::sync::Arc::clone(&ready.model).session()?;
        Ok((ready, session))
    });
    let (ready, mut session) = match started {
        Ok(started) => started,
        Err(error) => {
            return slots
                .iter()
                .try_for_each(|&slot| keep.failed(slot, at_ns, &error));
        }
    };
    for &slot in slots {
        keep.check()?;
        let at_ns = context.clock.now_ns();
        let scored = prompts::prompt(
            &*ready.model as &dyn LoadedModel,
            n_tokens as usize,
            context.seed,
            slot.into(),
        )
        .and_then(|ids| score(&mut *session, &ids));
        match scored {
            Ok(record) => keep.sample(slot, at_ns, Outcome::Scored(record))?,
            Err(error) => keep.failed(slot, at_ns, &error)?,
        }
    }
    Ok(())
}

/// −ln p of each token but the first.
fn score(session: &mut dyn Session, ids: &[TokenId]) -> Result<ScoreRecord, EngineError> {
    let mut nats = Vec::with_capacity(ids.len());
    session.with_stepper(&mut |stepper| {
        nats.clear();
        stepper.rewind(0);
        stepper.score(ids, 0, &mut |index, logits| {
            if let Some(&next) = ids.get(index + 1) {
                nats.push(surprise(logits, next));
            }
        })
    })?;
    if let Some(index) = nats.iter().position(|one| !one.is_finite()) {
        let reason = format!(
            "token {} of a text has the surprise {}",
            index + 1,
            nats[index]
        );
        return Err(EngineError::Text(reason));
    }
    Ok(ScoreRecord {
        prompt_hash: prompts::hash(ids),
        nats,
    })
}

/// −ln of the probability that the logits give to a token: in `f64`, from the largest down, so that
/// nothing overflows; with `libm`, so that every platform gets the same bits.
fn surprise(logits: &[f32], id: TokenId) -> f64 {
    let Some(&chosen) = logits.get(id as usize) else {
        return f64::NAN;
    };
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let distance = |logit: f32| f64::from(logit) - f64::from(largest);
    let sum: f64 = logits.iter().map(|&logit| libm::exp(distance(logit))).sum();
    libm::log(sum) - distance(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surprise_of_a_token_is_minus_the_logarithm_of_its_softmax() {
        assert!((surprise(&[0.0; 8], 3) - 8.0_f64.ln()).abs() < 1e-15);
        let logits = [1.0, 2.0, 3.0];
        let sum: f64 = logits.iter().map(|&x| f64::from(x).exp()).sum();
        assert!((surprise(&logits, 0) - (sum.ln() - 1.0)).abs() < 1e-14);
        // Far beyond what exp can take.
        assert!((surprise(&[1e4, 1e4], 1) - 2.0_f64.ln()).abs() < 1e-15);
        assert!(surprise(&[f32::NAN, 1.0], 0).is_nan());
        assert!(surprise(&[1.0], 1).is_nan());
    }
}
