//! The sampler: one logits row and the history in, one token out.
//!
//! The steps and their order, llama.cpp's default chain: logit bias, penalties, DRY, top-k, locally
//! typical, top-p, min-p, temperature, draw. Temperature 0 takes the likeliest token of those left.
//! Log-probabilities are those of the raw logits, before every step.

use lilim_api::{EngineError, SamplingOptions, TokenId};

use crate::candidates::{Candidate, Candidates, all, likeliest, likeliest_k, likeliest_of_all};
use crate::dry::{self, Dry};
use crate::filters;
use crate::logprobs::LogProbs;
use crate::penalties;
use crate::rng::Rng;
use crate::text::TokenBytes;
use crate::validate::{invalid, validate_sampling};

/// A chosen token.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The token.
    pub id: TokenId,
    /// Its natural-log probability under the raw logits, when log-probabilities are asked for.
    pub logprob: Option<f32>,
    /// The likeliest tokens under the raw logits, likeliest first, as many as are asked for.
    pub top: Vec<(TokenId, f32)>,
}

/// Chooses tokens by one request's options.
pub struct Sampler<'v> {
    options: SamplingOptions,
    vocab_size: usize,
    rng: Rng,
    dry: Option<Dry<'v>>,
    /// The logits as changed by bias and penalties; kept to save an allocation a token.
    changed: Vec<f32>,
}

impl<'v> Sampler<'v> {
    /// Makes a sampler. Without `text`, DRY knows no sequence breakers.
    ///
    /// # Errors
    /// What [`validate_sampling`] finds.
    pub fn new(
        options: &SamplingOptions,
        vocab_size: usize,
        seed: u64,
        text: Option<&'v dyn TokenBytes>,
    ) -> Result<Self, EngineError> {
        validate_sampling(options, vocab_size)?;
        Ok(Self {
            options: options.clone(),
            vocab_size,
            rng: Rng::new(seed),
            dry: dry::is_active(options).then(|| Dry::new(options, text)),
            changed: Vec::new(),
        })
    }

    /// Chooses the token that follows `history`.
    ///
    /// *Shapes*: `logits: [vocab_size]`; `history`: the prompt's and the generated tokens.
    ///
    /// # Errors
    /// `NotANumber` when a logit is NaN or infinite; `InvalidOption` when the biases ban every token.
    ///
    /// # Panics
    /// When the number of logits, or an id in the history, does not belong to the vocabulary.
    ///
    /// *Cost*: with top-k a pass over the logits; without, f64 exponentials of all of them.
    pub fn sample(&mut self, logits: &[f32], history: &[TokenId]) -> Result<Choice, EngineError> {
        assert_eq!(logits.len(), self.vocab_size, "length of the logits row");
        check_finite(logits, history)?;
        let id = self.choose(logits, history)?;
        let Some(n_top) = self.options.logprobs else {
            return Ok(Choice {
                id,
                logprob: None,
                top: Vec::new(),
            });
        };
        let log_probs = LogProbs::new(logits);
        Ok(Choice {
            id,
            logprob: Some(log_probs.of(id)),
            top: log_probs.top(n_top),
        })
    }

    fn choose(&mut self, logits: &[f32], history: &[TokenId]) -> Result<TokenId, EngineError> {
        let mut changed = std::mem::take(&mut self.changed);
        let logits = if self.changes_logits() {
            changed.clear();
            changed.extend_from_slice(logits);
            self.change(&mut changed, history);
            &changed
        } else {
            logits
        };
        let chosen = self.pick(logits);
        self.changed = changed;
        if chosen.logit == f32::NEG_INFINITY {
            return Err(invalid(
                "logit_bias",
                "-inf for every token",
                "one must be left",
            ));
        }
        Ok(chosen.id)
    }

    fn changes_logits(&self) -> bool {
        !self.options.logit_bias.is_empty()
            || penalties::is_active(&self.options)
            || self.dry.is_some()
    }

    fn change(&mut self, logits: &mut [f32], history: &[TokenId]) {
        penalties::apply_bias(logits, &self.options.logit_bias);
        if penalties::is_active(&self.options) {
            penalties::apply(logits, history, &self.options);
        }
        if let Some(dry) = &mut self.dry {
            dry.apply(logits, history);
        }
    }

    fn pick(&mut self, logits: &[f32]) -> Candidate {
        // Top-k, top-p and min-p always keep the likeliest token; only typical may drop it.
        if self.options.temperature == 0.0 && self.options.typical_p >= 1.0 {
            return likeliest_of_all(logits);
        }
        let candidates = self.filter(logits);
        if self.options.temperature == 0.0 {
            return likeliest(candidates);
        }
        self.draw(&candidates)
    }

    fn filter(&self, logits: &[f32]) -> Candidates {
        let options = &self.options;
        let mut candidates = match options.top_k {
            0 => all(logits),
            k => likeliest_k(logits, k),
        };
        if candidates
            .iter()
            .all(|candidate| candidate.logit == f32::NEG_INFINITY)
        {
            candidates.truncate(1);
            return candidates;
        }
        filters::typical(&mut candidates, options.typical_p);
        filters::top_p(&mut candidates, options.top_p);
        filters::min_p(&mut candidates, options.min_p);
        candidates
    }

    /// Draws by probability; the running sum goes by rising id. One random number a token, even
    /// when a single candidate is left, so that the stream depends on the token count alone.
    fn draw(&mut self, candidates: &[Candidate]) -> Candidate {
        let target = self.rng.next_f64();
        if candidates.len() == 1 {
            return candidates[0];
        }
        let weights = filters::softmax(candidates, f64::from(self.options.temperature));
        let mut sum = 0.0;
        for (candidate, weight) in candidates.iter().zip(&weights) {
            sum += weight;
            if target < sum {
                return *candidate;
            }
        }
        // Rounding can leave the sum a little under 1: the last token that could be drawn.
        let last = weights.iter().rposition(|&weight| weight > 0.0);
        candidates[last.expect("the likeliest candidate's weight is positive")]
    }
}

fn check_finite(logits: &[f32], history: &[TokenId]) -> Result<(), EngineError> {
    // without a way out of the loop many are looked at at once
    if logits.iter().fold(true, |all, x| all & x.is_finite()) {
        return Ok(());
    }
    let (id, &value) = (0..)
        .zip(logits)
        .find(|(_, logit)| !logit.is_finite())
        .expect("one was found not to be finite");
    Err(EngineError::NotANumber {
        value,
        id,
        pos: history.len().saturating_sub(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filters leave of logits `ln(id)`, the probabilities of which rise with the id.
    fn kept(options: SamplingOptions) -> std::ops::RangeInclusive<TokenId> {
        let n: TokenId = 10_000;
        let logits: Vec<f32> = (0..n).map(|id| (id.max(1) as f32).ln()).collect();
        let sampler = Sampler::new(&options, logits.len(), 0, None).unwrap();
        let kept = sampler.filter(&logits);
        let (first, last) = (kept[0].id, kept[kept.len() - 1].id);
        assert_eq!(
            kept.len(),
            (last - first + 1) as usize,
            "a run without gaps"
        );
        assert_eq!(last, n - 1);
        first..=last
    }

    #[test]
    fn filters_alone_and_in_a_row_keep_what_llama_cpp_keeps() {
        let off = SamplingOptions {
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            ..SamplingOptions::default()
        };
        let check = |top_k, top_p, min_p, first: TokenId| {
            let options = SamplingOptions {
                top_k,
                top_p,
                min_p,
                ..off.clone()
            };
            assert_eq!(
                *kept(options).start(),
                first,
                "k {top_k}, p {top_p}, min {min_p}"
            );
        };
        check(10_000, 1.0, 0.0, 0);
        check(1, 1.0, 0.0, 9_999);
        check(100, 1.0, 0.0, 9_900);
        check(0, 0.0, 0.0, 9_999);
        check(0, 0.0003, 0.0, 9_998);
        check(0, 1.0, 1.0, 9_999);
        check(0, 1.0, 9_997.9 / 9_999.0, 9_998);
        check(0, 1.0, 0.1, 1_000);
        // The 80 likeliest of the 100 likeliest, as near as whole tokens come.
        check(100, 0.8, 0.1, 9_920);
        check(100, 0.8, 9_990.5 / 9_999.0, 9_991);
    }

    #[test]
    fn one_token_in_the_running_uses_up_one_random_number() {
        let options = SamplingOptions {
            temperature: 1.0,
            ..SamplingOptions::default()
        };
        let mut alone = Sampler::new(&options, 1, 7, None).unwrap();
        let mut among = Sampler::new(&options, 2, 7, None).unwrap();
        alone.sample(&[0.0], &[]).unwrap();
        among.sample(&[0.0, 0.0], &[]).unwrap();
        assert_eq!(alone.rng, among.rng);
    }
}
