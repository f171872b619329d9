//! The null distribution of Wilcoxon's signed-rank statistic.

use super::normal;

/// Up to here the distribution is exact. Above, its normal approximation differs by less than 5% of
/// itself between 2.5% and 0.1% and on the safe side, while the exact one would cost more than the
/// estimate.
pub(crate) const MAX_EXACT: usize = 200;

/// The distribution of T, the sum of those ranks of 1 … n that a fair coin picks.
///
/// *Source:* Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1 (1945);
/// the recursion over ranks is in Hollander and Wolfe, "Nonparametric Statistical Methods",
/// section 3.1.
pub(crate) struct SignedRank {
    n: usize,
    /// P(T ≤ t) for t up to half of the largest sum; empty above [`MAX_EXACT`].
    lower_half: Vec<f64>,
}

impl SignedRank {
    /// The distribution for `n` samples.
    ///
    /// *Cost:* n³ / 6 additions, 1.5 million at 200.
    pub(crate) fn new(n: usize) -> Self {
        let lower_half = if n <= MAX_EXACT {
            cumulative(n)
        } else {
            Vec::new()
        };
        Self { n, lower_half }
    }

    /// The number of samples.
    pub(crate) fn n(&self) -> usize {
        self.n
    }

    /// Whether the probabilities are exact.
    pub(crate) fn is_exact(&self) -> bool {
        self.n <= MAX_EXACT
    }

    /// P(T ≤ `sum`), for sums up to half of the largest.
    pub(crate) fn lower_tail(&self, sum: usize) -> f64 {
        if self.is_exact() {
            return self.lower_half[sum];
        }
        approximate_lower_tail(self.n, sum)
    }

    /// The largest rank r ≥ 1 with P(T ≤ r − 1) ≤ `tail`: the r-th smallest Walsh average is a lower
    /// bound that is wrong with at most this probability. `None` where even the smallest is wrong
    /// more often.
    pub(crate) fn bound_rank(&self, tail: f64) -> Option<usize> {
        let half = self.n * (self.n + 1) / 4;
        let (mut below, mut above) = (0, half + 1);
        // ranks up to `below` do, those from `above` on do not
        while above - below > 1 {
            let rank = (below + above) / 2;
            if self.lower_tail(rank - 1) <= tail {
                below = rank;
            } else {
                above = rank;
            }
        }
        (below > 0).then_some(below)
    }
}

/// P(T ≤ `sum`) by the normal approximation with continuity correction.
fn approximate_lower_tail(n: usize, sum: usize) -> f64 {
    let n = n as f64;
    let mean = n * (n + 1.0) / 4.0;
    let variance = mean * (2.0 * n + 1.0) / 6.0;
    normal::cdf((sum as f64 + 0.5 - mean) / libm::sqrt(variance))
}

/// P(T ≤ t) for t up to half of the largest sum. All terms are positive: no cancellation.
fn cumulative(n: usize) -> Vec<f64> {
    let half = n * (n + 1) / 4;
    let mut probability = vec![0.0; half + 1];
    probability[0] = 1.0;
    let mut largest = 0;
    for rank in 1..=n {
        largest = (largest + rank).min(half);
        for sum in (0..=largest).rev() {
            let picked = if sum >= rank {
                probability[sum - rank]
            } else {
                0.0
            };
            probability[sum] = 0.5 * (probability[sum] + picked);
        }
    }
    let mut total = 0.0;
    for value in &mut probability {
        total += *value;
        *value = total;
    }
    probability
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference::reference;

    #[test]
    fn lower_tails_agree_with_scipy() {
        for case in reference("signed_rank") {
            let distribution = SignedRank::new(case.integer("n"));
            let sum = case.integer("sum");
            let (found, expected) = (distribution.lower_tail(sum), case.number("lower_tail"));
            assert!(
                (found - expected).abs() <= 1e-13 * expected,
                "{found} {expected}"
            );
        }
    }

    #[test]
    fn every_subset_of_ranks_is_counted() {
        let n = 12;
        let distribution = SignedRank::new(n);
        let mut counts = vec![0u32; n * (n + 1) / 2 + 1];
        for subset in 0u32..1 << n {
            let sum = (0..n)
                .filter(|bit| subset >> bit & 1 == 1)
                .map(|bit| bit + 1)
                .sum::<usize>();
            counts[sum] += 1;
        }
        let mut below = 0;
        for (sum, count) in counts.iter().enumerate().take(n * (n + 1) / 4 + 1) {
            below += count;
            assert_eq!(
                distribution.lower_tail(sum),
                f64::from(below) / 4096.0,
                "{sum}"
            );
        }
    }

    #[test]
    fn bounds_exist_from_the_sample_size_at_which_all_signs_alike_are_rare_enough() {
        // 2^-n <= tail
        for (tail, fewest) in [(0.025, 6), (0.05, 5), (0.005, 8), (0.0015, 10)] {
            assert!(SignedRank::new(fewest).bound_rank(tail).is_some(), "{tail}");
            assert!(
                SignedRank::new(fewest - 1).bound_rank(tail).is_none(),
                "{tail}"
            );
        }
        assert!(SignedRank::new(0).bound_rank(0.4).is_none());
    }

    #[test]
    fn the_approximation_continues_the_exact_distribution() {
        let exact = SignedRank::new(MAX_EXACT);
        let n = MAX_EXACT as f64;
        let sigma = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
        for z in [1.96, 2.5, 3.0] {
            let sum = (n * (n + 1.0) / 4.0 - z * sigma) as usize;
            let ratio = approximate_lower_tail(MAX_EXACT, sum) / exact.lower_half[sum];
            assert!((1.0..1.05).contains(&ratio), "{z}: {ratio}");
        }
    }
}
