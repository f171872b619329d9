//! Two planned looks at a comparison and several metrics that share one error rate.

use std::f64::consts::SQRT_2;

use serde::{Deserialize, Serialize};

use super::confidence::Confidence;
use super::error::{StatsError, check_parameter};
use super::normal;
use super::signed_rank::{MAX_EXACT, SignedRank};

/// The most rounds that a plan may have: beyond what a person waits for, and up to here every
/// interval is exact.
pub const MAX_ROUNDS: usize = MAX_EXACT;

/// How often a gate may be wrong, over all its metrics and looks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorRate {
    /// The probability of a FAIL for any of the metrics when all of them lie exactly at their
    /// limits, and likewise of a PASS where nothing ties with the limit; one-sided. The default of
    /// 2% keeps the promise of at most 2.5% false alarms where it is counted: at exactly 2.5%,
    /// every other seed of 2,000 simulated comparisons would show more.
    pub alpha: f64,
    /// The number of metrics that can fail the gate. Each gets `alpha / metrics` (Bonferroni): it
    /// holds however the metrics hang together.
    pub metrics: usize,
}

impl Default for ErrorRate {
    fn default() -> Self {
        Self {
            alpha: 0.02,
            metrics: 1,
        }
    }
}

impl ErrorRate {
    /// The one-sided error of one metric.
    pub fn per_metric(self) -> f64 {
        self.alpha / self.metrics as f64
    }

    fn check(self) -> Result<(), StatsError> {
        let (alpha, metrics) = (self.alpha, self.metrics);
        let holds = (1e-6..=0.25).contains(&alpha);
        check_parameter("alpha", alpha, "1e-6 to 0.25", holds)?;
        let holds = (1..=1_000).contains(&metrics);
        check_parameter("metrics", metrics as f64, "1 to 1,000", holds)
    }
}

/// One planned look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// How many rounds are done by then.
    pub rounds: usize,
    /// The nominal one-sided error of one metric at this look.
    pub tail: f64,
}

impl Look {
    /// The confidence of the intervals at this look.
    pub fn confidence(&self) -> Confidence {
        Confidence::TwoSided(1.0 - 2.0 * self.tail)
    }
}

/// What is decided before the first round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookPlan {
    /// The error rate that looks and metrics share.
    pub error: ErrorRate,
    /// One or two looks; the last is at all rounds.
    pub looks: Vec<Look>,
}

impl LookPlan {
    /// Plans a look at the end and, where that many rounds can decide anything, one at half.
    ///
    /// The half is an even number too, so that every ABBA pair is whole. Alpha is spent as by
    /// O'Brien and Fleming: of 2.5% it would be 0.15% at half and 2.45% (nominal) at the end. Where half of the
    /// rounds have no exact interval at the early level there is no early look, and the end keeps
    /// the whole alpha.
    ///
    /// *Source:* Lan and DeMets, "Discrete sequential boundaries for clinical trials", Biometrika
    /// 70 (1983); the levels agree with `sfLDOF` of R's gsDesign (z = 2.963 and 1.969).
    ///
    /// # Errors
    /// [`StatsError::Parameter`] for an error rate out of range, and for rounds that are odd, above
    /// [`MAX_ROUNDS`], or fewer than [`minimum_rounds`].
    pub fn new(rounds: usize, error: ErrorRate) -> Result<Self, StatsError> {
        let fewest = minimum_rounds(error)?;
        let holds = rounds >= fewest && rounds <= MAX_ROUNDS && rounds.is_multiple_of(2);
        let expected = "even, at most 200, and enough for an interval at this level";
        check_parameter("rounds", rounds as f64, expected, holds)?;
        let alpha = error.per_metric();
        let half = (rounds / 2).next_multiple_of(2);
        let share = half as f64 / rounds as f64;
        let first = spent(alpha, share);
        let mut looks = Vec::new();
        if half < rounds && has_interval(half, first) {
            looks.push(Look {
                rounds: half,
                tail: first,
            });
        }
        let tail = match looks.first() {
            Some(_) => last_tail(alpha, share),
            None => alpha,
        };
        looks.push(Look { rounds, tail });
        Ok(Self { error, looks })
    }

    /// All rounds.
    pub fn rounds(&self) -> usize {
        self.looks.last().map_or(0, |look| look.rounds)
    }

    /// Refuses a plan that [`LookPlan::new`] cannot have made: it may come from a file.
    pub(crate) fn check(&self) -> Result<(), StatsError> {
        self.error.check()?;
        let (rounds, fewest) = (self.rounds(), minimum_rounds(self.error)?);
        let holds = (fewest..=MAX_ROUNDS).contains(&rounds)
            && self.looks.is_sorted_by(|a, b| a.rounds < b.rounds)
            && self
                .looks
                .iter()
                .all(|look| look.confidence().check().is_ok());
        check_parameter("rounds", rounds as f64, "those of a plan", holds)
    }
}

/// The fewest rounds, an even number, whose exact interval exists at the level of one metric.
///
/// # Errors
/// [`StatsError::Parameter`] for an error rate out of range.
pub fn minimum_rounds(error: ErrorRate) -> Result<usize, StatsError> {
    error.check()?;
    let mut rounds = 2;
    while !has_interval(rounds, error.per_metric()) {
        rounds += 2;
    }
    Ok(rounds)
}

fn has_interval(rounds: usize, tail: f64) -> bool {
    SignedRank::new(rounds).bound_rank(tail).is_some()
}

/// The O'Brien-Fleming type spending function: what of `alpha` is spent once `share` of the
/// information is there, 2 − 2 Φ(z / √share) with the z of `alpha` / 2.
fn spent(alpha: f64, share: f64) -> f64 {
    let z = -normal::quantile(0.5 * alpha);
    libm::erfc(z / libm::sqrt(share) / SQRT_2)
}

/// The nominal level of the second look: what makes the probability to cross at either `alpha`,
/// for two normal statistics with correlation √share.
fn last_tail(alpha: f64, share: f64) -> f64 {
    let first = spent(alpha, share);
    let bound = -normal::quantile(first);
    let left = alpha - first;
    // crossing only at the second look takes at least `left` and at most `alpha` of its tail
    let (mut low, mut high) = (left, alpha);
    while high - low > 1e-12 * alpha {
        let middle = 0.5 * (low + high);
        if crosses_late(bound, -normal::quantile(middle), share) < left {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// P(Z₁ ≤ `first`, Z₂ > `second`), by Simpson's rule over Z₁.
fn crosses_late(first: f64, second: f64, share: f64) -> f64 {
    const STEPS: usize = 512;
    const LOWEST: f64 = -10.0;
    let spread = libm::sqrt(1.0 - share);
    let beyond = |u: f64| {
        let z = (libm::sqrt(share) * u - second) / spread;
        normal::density(u) * normal::cdf(z)
    };
    let step = (first - LOWEST) / STEPS as f64;
    let inner: f64 = (1..STEPS)
        .map(|i| {
            let weight = if i % 2 == 1 { 4.0 } else { 2.0 };
            weight * beyond(LOWEST + step * i as f64)
        })
        .sum();
    (beyond(LOWEST) + inner + beyond(first)) * step / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference::reference;

    /// The level that tables are printed for.
    const ONE: ErrorRate = ErrorRate {
        alpha: 0.025,
        metrics: 1,
    };

    #[test]
    fn nominal_levels_agree_with_scipy() {
        for case in reference("spending") {
            let (alpha, share) = (case.number("alpha"), case.number("share"));
            let first = spent(alpha, share);
            assert!(
                (first / case.number("first") - 1.0).abs() < 1e-12,
                "{alpha}"
            );
            let last = last_tail(alpha, share);
            assert!(
                (last / case.number("last") - 1.0).abs() < 1e-8,
                "{alpha} {last}"
            );
        }
    }

    #[test]
    fn two_looks_at_half_and_end_have_the_published_levels() {
        let plan = LookPlan::new(40, ONE).unwrap();
        let [half, end] = plan.looks[..] else {
            panic!("{plan:?}")
        };
        assert_eq!((half.rounds, end.rounds, plan.rounds()), (20, 40, 40));
        let z = |look: Look| -normal::quantile(look.tail);
        // gsDesign(k = 2, alpha = 0.025, sfu = sfLDOF)
        assert!((z(half) - 2.963).abs() < 5e-4 && (z(end) - 1.969).abs() < 5e-4);
    }

    #[test]
    fn a_half_that_cannot_decide_is_not_looked_at() {
        // 2^-10 is below 0.15%, 2^-8 is not
        assert_eq!(LookPlan::new(20, ONE).unwrap().looks.len(), 2);
        let short = LookPlan::new(16, ONE).unwrap();
        assert_eq!(
            short.looks,
            [Look {
                rounds: 16,
                tail: 0.025
            }]
        );
    }

    #[test]
    fn a_half_has_whole_pairs() {
        let plan = LookPlan::new(42, ONE).unwrap();
        assert_eq!(plan.looks[0].rounds, 22);
    }

    #[test]
    fn metrics_share_the_error_and_raise_the_minimum() {
        let error = |metrics| ErrorRate {
            alpha: 0.025,
            metrics,
        };
        for (metrics, fewest) in [(1, 6), (2, 8), (4, 8), (10, 10)] {
            assert_eq!(minimum_rounds(error(metrics)), Ok(fewest), "{metrics}");
            assert!(LookPlan::new(fewest - 2, error(metrics)).is_err());
            assert!(LookPlan::new(fewest + 1, error(metrics)).is_err());
        }
        assert!(minimum_rounds(error(0)).is_err());
        assert!(
            minimum_rounds(ErrorRate {
                alpha: f64::NAN,
                metrics: 1
            })
            .is_err()
        );
    }

    #[test]
    fn a_plan_that_contradicts_itself_is_refused() {
        let plan = LookPlan::new(40, ONE).unwrap();
        assert!(plan.check().is_ok());
        let with = |looks: Vec<Look>| LookPlan {
            looks,
            ..plan.clone()
        };
        let [half, end] = plan.looks[..] else {
            panic!("{plan:?}")
        };
        let never = Look { tail: 0.0, ..end };
        for looks in [vec![], vec![end, half], vec![half, never]] {
            assert!(with(looks.clone()).check().is_err(), "{looks:?}");
        }
        let mut nothing = plan.clone();
        nothing.error.metrics = 0;
        assert!(nothing.check().is_err());
    }
}
