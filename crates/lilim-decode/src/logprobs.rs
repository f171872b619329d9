//! Log-probabilities of the model's own distribution, before any bias, penalty or filter.

use lilim_api::TokenId;

use crate::candidates::{by_likelihood, likeliest_k, likeliest_of_all};
use crate::exp::{exp, sum_of};

/// The log-softmax of one logits row, ready to be asked about single tokens.
pub(crate) struct LogProbs<'a> {
    logits: &'a [f32],
    /// ln Σ exp(logit): what is subtracted from every logit.
    log_sum: f64,
}

impl<'a> LogProbs<'a> {
    pub(crate) fn new(logits: &'a [f32]) -> Self {
        let max = f64::from(likeliest_of_all(logits).logit);
        let sum = sum_of(logits, |&logit| exp(f64::from(logit) - max));
        Self {
            logits,
            log_sum: max + libm::log(sum),
        }
    }

    pub(crate) fn of(&self, id: TokenId) -> f32 {
        (f64::from(self.logits[id as usize]) - self.log_sum) as f32
    }

    /// The `n` likeliest tokens, likeliest first.
    pub(crate) fn top(&self, n: usize) -> Vec<(TokenId, f32)> {
        if n == 0 {
            return Vec::new();
        }
        let mut best = likeliest_k(self.logits, n);
        best.sort_unstable_by(by_likelihood);
        best.iter()
            .map(|candidate| (candidate.id, self.of(candidate.id)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_softmax_of_logs_is_the_logs() {
        let probabilities = [0.1_f32, 0.2, 0.3, 0.4];
        // Any shift of all logits is gone afterwards, even one that would overflow `exp`.
        for shift in [0.0, 500.0, -500.0] {
            let logits = probabilities.map(|p| p.ln() + shift);
            let log_probs = LogProbs::new(&logits);
            for (id, p) in (0..).zip(probabilities) {
                assert!(
                    (log_probs.of(id) - p.ln()).abs() < 1e-4,
                    "token {id}, shift {shift}"
                );
            }
        }
    }

    #[test]
    fn top_is_sorted_and_breaks_ties_by_id() {
        let logits = [1.0, 3.0, 2.0, 3.0];
        let top = LogProbs::new(&logits).top(3);
        assert_eq!(top.iter().map(|t| t.0).collect::<Vec<_>>(), [1, 3, 2]);
        assert_eq!(LogProbs::new(&logits).top(9).len(), 4);
        assert!(LogProbs::new(&logits).top(0).is_empty());
    }
}
