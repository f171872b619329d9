//! How often a gate would say what: seeded comparisons whose truth is known.

use serde::{Deserialize, Serialize};

use super::bootstrap::BootstrapOptions;
use super::error::{StatsError, check_parameter};
use super::gate::{FastLook, Rounds};
use super::random::{Purpose, Random};
use super::sequential::LookPlan;
use super::verdict::{Limit, Verdict};

/// A comparison whose truth is known. The differences of its rounds, and those of its A/A arm, are
/// independent normal numbers; its metrics are independent and alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// The standard deviation of d = ln(tested / baseline) from round to round.
    pub sigma: f64,
    /// The true ratio of every metric.
    pub true_ratio: f64,
    /// The limit of every metric.
    pub limit: Limit,
    /// Looks, rounds and metrics.
    pub plan: LookPlan,
    /// Resamples of a bootstrap (more where a look's level needs them); 0 leaves it out.
    pub resamples: usize,
}

/// Shares of the simulated comparisons, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// How many were simulated.
    pub comparisons: usize,
    /// PASS of one metric.
    pub pass: f64,
    /// FAIL of one metric: detection where the truth misses the limit, else false alarm.
    pub fail: f64,
    /// INCONCLUSIVE of one metric.
    pub inconclusive: f64,
    /// UNFIT of one metric.
    pub unfit: f64,
    /// At least one metric FAILs: the build fails.
    pub any_fail: f64,
    /// At least one metric PASSes.
    pub any_pass: f64,
    /// One metric was decided at the early look.
    pub early: f64,
}

/// Simulates `comparisons` of a scenario.
///
/// *Cost:* a comparison of 30 rounds takes about 30 µs for each metric without the bootstrap and,
/// where the verdict hangs on it, 3 ms for 10,000 resamples.
///
/// # Errors
/// [`StatsError::Parameter`] for a sigma or ratio out of range, or no comparisons.
pub fn simulate(scenario: &Scenario, comparisons: usize, seed: u64) -> Result<Rates, StatsError> {
    check(scenario, comparisons)?;
    let looks: Vec<FastLook> = scenario
        .plan
        .looks
        .iter()
        .map(|&look| FastLook::new(look, scenario.limit))
        .collect();
    let metrics = scenario.plan.error.metrics;
    let mut random = Random::new(seed, Purpose::Simulate);
    let mut tally = Tally::default();
    for _ in 0..comparisons {
        let (fails, passes) = (tally.fail, tally.pass);
        for _ in 0..metrics {
            let (verdict, look) = metric(scenario, &looks, &mut random)?;
            tally.count(verdict, look + 1 < looks.len());
        }
        tally.any_fail += usize::from(tally.fail > fails);
        tally.any_pass += usize::from(tally.pass > passes);
    }
    Ok(tally.rates(comparisons, metrics))
}

fn check(scenario: &Scenario, comparisons: usize) -> Result<(), StatsError> {
    scenario.limit.check()?;
    scenario.plan.check()?;
    let holds = scenario.sigma >= 0.0 && scenario.sigma.is_finite();
    check_parameter("sigma", scenario.sigma, "0 or more", holds)?;
    let holds = scenario.true_ratio > 0.0 && scenario.true_ratio.is_finite();
    check_parameter("true ratio", scenario.true_ratio, "above 0", holds)?;
    let (count, expected) = (comparisons as f64, "at least 1");
    check_parameter("comparisons", count, expected, comparisons > 0)
}

/// One metric of one comparison: its verdict and the look that gave it.
fn metric(
    scenario: &Scenario,
    looks: &[FastLook],
    random: &mut Random,
) -> Result<(Verdict, usize), StatsError> {
    let n = scenario.plan.rounds();
    let mut numbers = vec![0.0; 2 * n];
    random.fill_normal(&mut numbers);
    let centre = libm::log(scenario.true_ratio);
    let (differences, noise_floor) = numbers.split_at_mut(n);
    for difference in &mut *differences {
        *difference = centre + scenario.sigma * *difference;
    }
    for difference in &mut *noise_floor {
        *difference *= scenario.sigma;
    }
    let options = (scenario.resamples > 0).then_some(BootstrapOptions {
        resamples: scenario.resamples,
        seed: random.seed(),
    });
    let mut verdict = Verdict::Inconclusive;
    for (index, look) in looks.iter().enumerate() {
        let rounds = Rounds {
            differences: &differences[..look.rounds()],
            noise_floor: &noise_floor[..look.rounds()],
        };
        verdict = look.verdict(rounds, options)?;
        if verdict.is_decided() {
            return Ok((verdict, index));
        }
    }
    Ok((verdict, looks.len() - 1))
}

#[derive(Default)]
struct Tally {
    pass: usize,
    fail: usize,
    inconclusive: usize,
    unfit: usize,
    any_fail: usize,
    any_pass: usize,
    early: usize,
}

impl Tally {
    fn count(&mut self, verdict: Verdict, early: bool) {
        self.early += usize::from(early);
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail => self.fail += 1,
            Verdict::Inconclusive => self.inconclusive += 1,
            Verdict::Unfit => self.unfit += 1,
        }
    }

    fn rates(&self, comparisons: usize, metrics: usize) -> Rates {
        let of_metrics = |count: usize| count as f64 / (comparisons * metrics) as f64;
        let of_comparisons = |count: usize| count as f64 / comparisons as f64;
        Rates {
            comparisons,
            pass: of_metrics(self.pass),
            fail: of_metrics(self.fail),
            inconclusive: of_metrics(self.inconclusive),
            unfit: of_metrics(self.unfit),
            any_fail: of_comparisons(self.any_fail),
            any_pass: of_comparisons(self.any_pass),
            early: of_metrics(self.early),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::power::{PowerQuestion, rounds_needed};
    use crate::stats::sequential::ErrorRate;

    /// Limit 0.95, one metric unless told.
    fn scenario(true_ratio: f64, rounds: usize, metrics: usize) -> Scenario {
        let error = ErrorRate {
            metrics,
            ..ErrorRate::default()
        };
        Scenario {
            sigma: 0.05,
            true_ratio,
            limit: Limit::AtLeast(0.95),
            plan: LookPlan::new(rounds, error).unwrap(),
            resamples: 1_000,
        }
    }

    /// Four standard errors of a share of 2%.
    fn slack(comparisons: usize) -> f64 {
        4.0 * (0.02 * 0.98 / comparisons as f64).sqrt()
    }

    #[test]
    fn a_slow_down_is_found_with_the_rounds_that_power_gives() {
        let question = PowerQuestion {
            sigma: 0.05,
            limit: Limit::AtLeast(0.95),
            true_ratio: 0.90,
            power: 0.90,
            error: ErrorRate::default(),
        };
        let rounds = rounds_needed(&question, 1).unwrap().unwrap().rounds;
        for seed in 2..5 {
            let slow = simulate(&scenario(0.90, rounds, 1), 2_000, seed).unwrap();
            assert!(slow.fail >= 0.90, "{slow:?}");
            let at_limit = simulate(&scenario(0.95, rounds, 1), 2_000, seed).unwrap();
            assert!(at_limit.fail <= 0.025, "{at_limit:?}");
        }
    }

    #[test]
    fn false_alarms_at_the_limit_stay_at_the_error_rate() {
        // the exact interval alone: the bootstrap can only take alarms away
        for (rounds, metrics, comparisons) in [(14, 1, 40_000), (30, 1, 20_000), (24, 4, 10_000)] {
            let scenario = Scenario {
                resamples: 0,
                ..scenario(0.95, rounds, metrics)
            };
            let rates = simulate(&scenario, comparisons, 3).unwrap();
            let most = 0.02 + slack(comparisons);
            assert!(
                rates.any_fail <= most && rates.any_pass <= most,
                "{rates:?}"
            );
            // and the error rate is used, not wasted
            assert!(rates.any_fail >= 0.014, "{rates:?}");
        }
    }

    #[test]
    fn the_bootstrap_costs_little_power() {
        let with = |resamples| {
            let scenario = Scenario {
                resamples,
                ..scenario(0.91, 20, 1)
            };
            simulate(&scenario, 600, 4).unwrap().fail
        };
        let (exact, both) = (with(0), with(2_000));
        assert!(both <= exact && both >= exact - 0.02, "{exact} {both}");
    }

    #[test]
    fn an_unchanged_program_never_fails_and_a_noisy_machine_is_unfit() {
        let same = simulate(&scenario(1.0, 20, 1), 1_000, 5).unwrap();
        assert!(same.fail == 0.0 && same.pass > 0.95, "{same:?}");
        let noisy = Scenario {
            sigma: 0.25,
            ..scenario(0.5, 20, 1)
        };
        let noisy = simulate(&noisy, 1_000, 6).unwrap();
        assert!(noisy.unfit > 0.99, "{noisy:?}");
    }

    #[test]
    fn one_seed_gives_one_answer() {
        let with = |seed| simulate(&scenario(0.95, 20, 2), 50, seed).unwrap();
        assert_eq!(with(1), with(1));
        assert!(simulate(&scenario(f64::NAN, 20, 1), 1, 1).is_err());
        assert!(simulate(&scenario(1.0, 20, 1), 0, 1).is_err());
    }
}
