//! How many rounds a comparison needs, from a pilot, before it starts.

use serde::{Deserialize, Serialize};

use super::error::{StatsError, check_finite, check_parameter};
use super::normal;
use super::sequential::{ErrorRate, LookPlan, MAX_ROUNDS, minimum_rounds};
use super::simulate::{Rates, Scenario, simulate};
use super::summary::std_dev;
use super::verdict::Limit;

/// How many metrics a power is estimated from: its standard error is 0.5% at 90%.
const SIMULATED: usize = 4_000;

/// How much of the efficiency of a mean the estimate has on normal noise: 3 / π.
const EFFICIENCY: f64 = 0.955;

/// What a comparison is to find.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowerQuestion {
    /// The standard deviation of d = ln(tested / baseline) from round to round: see
    /// [`planning_sigma`].
    pub sigma: f64,
    /// The limit of the gate.
    pub limit: Limit,
    /// The ratio to be found: beyond the limit it is to FAIL, within it to PASS.
    pub true_ratio: f64,
    /// With which probability, such as 0.9.
    pub power: f64,
    /// What looks and metrics share; each metric has the power by itself.
    pub error: ErrorRate,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundsNeeded {
    /// An even number of rounds.
    pub rounds: usize,
    /// The simulated probability of the right verdict with them.
    pub power: f64,
}

/// Finds the fewest rounds with which the gate itself, both looks and the A/A arm included, comes
/// to the right verdict with the asked power; `None` where [`MAX_ROUNDS`] are too few. Of several
/// metrics, each with its own sigma and limit, the one that needs most decides.
///
/// The power is simulated, not looked up: exact levels come in steps, and for a large effect it is
/// the A/A arm that asks for rounds. The asked power is kept by 1.65 standard errors of the
/// simulation; that covers the bootstrap too, which is left out for speed and costs up to 0.2%.
///
/// *Cost:* some seven simulations of 4,000 comparisons, 0.1 s where the answer is 20 rounds.
///
/// # Errors
/// [`StatsError::Parameter`] for a sigma, power or ratio out of range; the ratio must not lie at the
/// limit.
pub fn rounds_needed(
    question: &PowerQuestion,
    seed: u64,
) -> Result<Option<RoundsNeeded>, StatsError> {
    question.limit.check()?;
    let holds = question.power > 0.0 && question.power < 1.0;
    check_parameter("power", question.power, "between 0 and 1", holds)?;
    let (ratio, limit) = (question.true_ratio, question.limit.ratio());
    let holds = ratio > 0.0 && ratio != limit;
    check_parameter("true ratio", ratio, "above 0 and not the limit", holds)?;
    let fewest = minimum_rounds(question.error)?;
    // in steps of two: `too_few` are, `enough` suffice
    let mut too_few = fewest - 2;
    let mut enough = ceiling(question, fewest);
    let Some(mut answer) = answer(question, enough, seed)? else {
        return Ok(None);
    };
    while enough - too_few > 2 {
        let rounds = too_few + ((enough - too_few) / 2).next_multiple_of(2);
        let rounds = rounds.min(enough - 2);
        match self::answer(question, rounds, seed)? {
            Some(found) => (enough, answer) = (rounds, found),
            None => too_few = rounds,
        }
    }
    Ok(Some(answer))
}

/// A number of rounds that suffices if any does: twice what normal theory says for the effect and
/// for the A/A arm, and some.
fn ceiling(question: &PowerQuestion, fewest: usize) -> usize {
    let effect = libm::log(question.true_ratio / question.limit.ratio()).abs();
    let z =
        -normal::quantile(question.error.per_metric()) + normal::quantile(question.power).max(0.0);
    let rounds = |z: f64, distance: f64| {
        let ratio = z * question.sigma / distance;
        ratio * ratio / EFFICIENCY
    };
    let expected = rounds(z, effect).max(rounds(2.0, question.limit.margin()));
    // a float beyond the range becomes the largest integer
    let doubled = (2.0 * expected).min(MAX_ROUNDS as f64) as usize;
    (fewest + doubled + 20).next_multiple_of(2).min(MAX_ROUNDS)
}

/// The answer that `rounds` are, if they suffice.
fn answer(
    question: &PowerQuestion,
    rounds: usize,
    seed: u64,
) -> Result<Option<RoundsNeeded>, StatsError> {
    let scenario = Scenario {
        sigma: question.sigma,
        true_ratio: question.true_ratio,
        limit: question.limit,
        plan: LookPlan::new(rounds, question.error)?,
        resamples: 0,
    };
    let comparisons = SIMULATED.div_ceil(question.error.metrics);
    let power = right(question, &simulate(&scenario, comparisons, seed)?);
    let error = libm::sqrt(power * (1.0 - power) / SIMULATED as f64);
    Ok((power - 1.65 * error >= question.power).then_some(RoundsNeeded { rounds, power }))
}

/// The share of right verdicts.
fn right(question: &PowerQuestion, rates: &Rates) -> f64 {
    let (ratio, limit) = (question.true_ratio, question.limit.ratio());
    let misses = match question.limit {
        Limit::AtLeast(_) => ratio < limit,
        Limit::AtMost(_) => ratio > limit,
    };
    if misses { rates.fail } else { rates.pass }
}

/// The sigma to plan with, from a pilot's differences: the upper 80% confidence limit of the
/// standard deviation. A pilot of few rounds finds too small a sigma every other time; planned with
/// this one, a comparison has the power it was promised four times out of five.
///
/// `None` below two differences.
///
/// *Source:* Browne, "On the use of a pilot sample for sample size determination", Statistics in
/// Medicine 14 (1995).
///
/// # Errors
/// [`StatsError::NotFinite`].
pub fn planning_sigma(pilot: &[f64]) -> Result<Option<f64>, StatsError> {
    check_finite(pilot)?;
    let freedom = pilot.len() as f64 - 1.0;
    Ok(std_dev(pilot).map(|sigma| sigma * libm::sqrt(freedom / chi_square_quantile(0.2, freedom))))
}

/// The quantile of chi square, good to 2% from one degree of freedom on at p = 0.2.
///
/// *Source:* Wilson and Hilferty, "The distribution of chi-square", PNAS 17 (1931).
fn chi_square_quantile(p: f64, freedom: f64) -> f64 {
    let variance = 2.0 / (9.0 * freedom);
    let root = 1.0 - variance + normal::quantile(p) * libm::sqrt(variance);
    freedom * root * root * root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference::reference;

    /// A 10% slow-down against a 5% margin.
    fn slow_down(sigma: f64, metrics: usize) -> PowerQuestion {
        PowerQuestion {
            sigma,
            limit: Limit::AtLeast(0.95),
            true_ratio: 0.90,
            power: 0.90,
            error: ErrorRate {
                metrics,
                ..ErrorRate::default()
            },
        }
    }

    fn rounds(question: &PowerQuestion) -> Option<usize> {
        rounds_needed(question, 1)
            .unwrap()
            .map(|answer| answer.rounds)
    }

    #[test]
    fn noise_and_metrics_ask_for_rounds() {
        for (sigma, metrics, expected) in [
            (0.001, 1, Some(6)),
            (0.02, 1, Some(6)),
            (0.05, 1, Some(14)),
            (0.05, 5, Some(18)),
            (0.10, 1, Some(44)),
            (1.0, 1, None),
        ] {
            assert_eq!(
                rounds(&slow_down(sigma, metrics)),
                expected,
                "{sigma} {metrics}"
            );
        }
    }

    #[test]
    fn one_round_fewer_than_the_answer_has_less_power() {
        let question = slow_down(0.05, 1);
        let fewest = rounds(&question).unwrap();
        assert!(answer(&question, fewest - 2, 1).unwrap().is_none());
    }

    #[test]
    fn an_unchanged_program_is_to_pass() {
        let question = PowerQuestion {
            true_ratio: 1.0,
            ..slow_down(0.05, 1)
        };
        assert_eq!(rounds(&question), Some(16));
        let question = PowerQuestion {
            limit: Limit::AtMost(1.10),
            true_ratio: 1.25,
            ..question
        };
        assert_eq!(rounds(&question), Some(8));
    }

    #[test]
    fn a_large_effect_still_needs_a_quiet_a_a_arm() {
        let question = PowerQuestion {
            true_ratio: 0.3,
            ..slow_down(0.10, 1)
        };
        assert_eq!(rounds(&question), Some(26));
    }

    #[test]
    fn what_cannot_be_found_is_refused() {
        for true_ratio in [0.95, 0.0, f64::NAN] {
            let question = PowerQuestion {
                true_ratio,
                ..slow_down(0.05, 1)
            };
            assert!(rounds_needed(&question, 1).is_err(), "{true_ratio}");
        }
        for sigma in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(rounds_needed(&slow_down(sigma, 1), 1).is_err(), "{sigma}");
        }
    }

    #[test]
    fn a_pilot_is_not_taken_at_its_word() {
        for case in reference("chi_square") {
            let found = chi_square_quantile(case.number("p"), case.number("freedom"));
            assert!((found / case.number("value") - 1.0).abs() < 0.02, "{found}");
        }
        let pilot = [0.01, -0.03, 0.02, 0.05, -0.04, 0.00];
        let sigma = planning_sigma(&pilot).unwrap().unwrap();
        let ratio = sigma / std_dev(&pilot).unwrap();
        // sqrt(5 / 2.343)
        assert!((ratio - 1.461).abs() < 0.01, "{ratio}");
        assert_eq!(planning_sigma(&[0.1]), Ok(None));
    }

    /// MEASURES.md: with sigma = 5% about 20 rounds find a 10% slow-down against a 5% margin with
    /// 86%, 30 rounds with 98%. That is what a gate over some twenty metrics has; one metric alone
    /// has more.
    #[test]
    fn twenty_and_thirty_rounds_have_the_power_that_was_foretold() {
        for (metrics, rounds, expected) in [
            (20, 20, 0.86..0.88),
            (20, 30, 0.98..0.995),
            (1, 20, 0.98..1.0),
            (1, 30, 0.995..1.0),
        ] {
            let error = ErrorRate {
                alpha: 0.025,
                metrics,
            };
            let scenario = Scenario {
                sigma: 0.05,
                true_ratio: 0.90,
                limit: Limit::AtLeast(0.95),
                plan: LookPlan::new(rounds, error).unwrap(),
                resamples: 0,
            };
            let found = simulate(&scenario, 20_000 / metrics, 9).unwrap().fail;
            assert!(
                (expected.start..=expected.end).contains(&found),
                "{metrics} {rounds} {found}"
            );
        }
    }
}
