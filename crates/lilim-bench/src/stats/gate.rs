//! One look at one metric of a comparison, from the differences of its rounds to a decision.
//! A real comparison and a simulated one both come through here.

use serde::{Deserialize, Serialize};

use super::bootstrap::{BootstrapOptions, bootstrap};
use super::confidence::{Confidence, Estimate};
use super::error::{StatsError, check_parameter};
use super::hodges_lehmann::{average, hodges_lehmann, walsh_averages};
use super::sequential::Look;
use super::signed_rank::SignedRank;
use super::verdict::{Decision, Evidence, Limit, Verdict, decide};

/// The level of the A/A arm's interval. It describes the machine and tests nothing, so looks and
/// metrics do not share it.
pub const NOISE_FLOOR: Confidence = Confidence::TwoSided(0.95);

/// The differences d = ln(tested / baseline) of one metric, one for each round.
#[derive(Clone, Copy, Debug)]
pub struct Rounds<'a> {
    /// Of the two sides.
    pub differences: &'a [f64],
    /// Of the baseline against itself.
    pub noise_floor: &'a [f64],
}

/// Everything that one look found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// ln ratio with the exact interval at the look's level.
    pub estimate: Estimate,
    /// The same with bootstrap bounds.
    pub bootstrap: Estimate,
    /// The A/A arm at [`NOISE_FLOOR`].
    pub noise_floor: Estimate,
    /// What follows.
    pub decision: Decision,
}

/// Judges the rounds that are there at `look`. More resamples than asked for are drawn where the
/// level of the look needs them.
///
/// # Errors
/// [`StatsError::NotFinite`], and [`StatsError::Parameter`] where there are not as many rounds as the
/// look was planned for.
pub fn judge(
    limit: Limit,
    look: &Look,
    rounds: Rounds<'_>,
    options: BootstrapOptions,
) -> Result<Judgement, StatsError> {
    let confidence = look.confidence();
    let estimate = planned(rounds.differences, look, confidence)?;
    let noise_floor = planned(rounds.noise_floor, look, NOISE_FLOOR)?;
    let bootstrap = bootstrap(rounds.differences, confidence, enough(options, look))?
        .expect("a look has rounds: checked above");
    let evidence = Evidence {
        estimate: &estimate,
        bootstrap: &bootstrap,
        noise_floor: &noise_floor,
    };
    let decision = decide(limit, evidence)?;
    Ok(Judgement {
        estimate,
        bootstrap,
        noise_floor,
        decision,
    })
}

/// The estimate of exactly as many rounds as were planned: any other number has another level.
fn planned(sample: &[f64], look: &Look, confidence: Confidence) -> Result<Estimate, StatsError> {
    let (n, expected) = (sample.len(), "as many as the look was planned for");
    check_parameter("rounds", n as f64, expected, n > 0 && n == look.rounds)?;
    Ok(hodges_lehmann(sample, confidence)?.expect("more than no rounds: checked above"))
}

/// At least as many resamples as leave ten beyond a bound of the look.
fn enough(options: BootstrapOptions, look: &Look) -> BootstrapOptions {
    let fewest = libm::ceil(10.0 / look.tail) as usize;
    BootstrapOptions {
        resamples: options.resamples.max(fewest),
        ..options
    }
}

/// A look prepared for many samples: what depends on the number of rounds only is done once,
/// nothing is sorted, and the bootstrap is drawn only where it can change the verdict.
pub(crate) struct FastLook {
    look: Look,
    limit: Limit,
    /// ln of the limit.
    bound: f64,
    /// Of the look's interval; 0 where there is none.
    rank: usize,
    /// Of the A/A arm's interval; 0 where there is none.
    noise_rank: usize,
}

impl FastLook {
    pub(crate) fn new(look: Look, limit: Limit) -> Self {
        let distribution = SignedRank::new(look.rounds);
        let rank = |tail| distribution.bound_rank(tail).unwrap_or(0);
        Self {
            look,
            limit,
            bound: libm::log(limit.ratio()),
            rank: rank(look.confidence().tail()),
            noise_rank: rank(NOISE_FLOOR.tail()),
        }
    }

    pub(crate) fn rounds(&self) -> usize {
        self.look.rounds
    }

    /// The verdict of [`judge`], for finite differences; without resamples that of the exact
    /// interval alone.
    pub(crate) fn verdict(
        &self,
        rounds: Rounds<'_>,
        options: Option<BootstrapOptions>,
    ) -> Result<Verdict, StatsError> {
        if self.is_unfit(rounds.noise_floor) {
            return Ok(Verdict::Unfit);
        }
        let verdict = self.exact_verdict(rounds.differences);
        let (true, Some(options)) = (verdict.is_decided(), options) else {
            return Ok(verdict);
        };
        let (confidence, options) = (self.look.confidence(), enough(options, &self.look));
        let second = bootstrap(rounds.differences, confidence, options)?;
        let second = second.expect("a look has rounds").interval;
        Ok(if self.limit.verdict(&second) == verdict {
            verdict
        } else {
            Verdict::Inconclusive
        })
    }

    /// Where the exact interval lies, from how many Walsh averages lie on either side of the limit:
    /// the lower bound is the `rank`-th of them from below, the upper one from above.
    fn exact_verdict(&self, differences: &[f64]) -> Verdict {
        let (mut below, mut above, mut all) = (0, 0, 0);
        for (index, &left) in differences.iter().enumerate() {
            for &right in &differences[index..] {
                let value = average(left, right);
                below += usize::from(value < self.bound);
                above += usize::from(value > self.bound);
                all += 1;
            }
        }
        let (meets, misses) = match self.limit {
            Limit::AtLeast(_) => (below, all - below),
            Limit::AtMost(_) => (above, all - above),
        };
        match (meets < self.rank, misses < self.rank) {
            (true, _) => Verdict::Pass,
            (_, true) => Verdict::Fail,
            _ => Verdict::Inconclusive,
        }
    }

    fn is_unfit(&self, noise_floor: &[f64]) -> bool {
        if self.noise_rank == 0 {
            return true;
        }
        let mut averages = walsh_averages(noise_floor);
        let last = averages.len() - self.noise_rank;
        let (_, &mut lower, above) =
            averages.select_nth_unstable_by(self.noise_rank - 1, f64::total_cmp);
        let upper = match last.checked_sub(self.noise_rank) {
            Some(index) => *above.select_nth_unstable_by(index, f64::total_cmp).1,
            None => lower,
        };
        0.5 * (upper - lower) > self.limit.margin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::{Purpose, Random};
    use crate::stats::sequential::{ErrorRate, LookPlan};

    #[test]
    fn a_prepared_look_gives_the_verdict_of_the_full_one() {
        let plan = LookPlan::new(20, ErrorRate::default()).unwrap();
        let options = BootstrapOptions {
            resamples: 1_000,
            seed: 5,
        };
        let mut random = Random::new(7, Purpose::Simulate);
        let mut seen = Vec::new();
        for case in 0..200 {
            let limit = [Limit::AtLeast(0.95), Limit::AtMost(1.06)][case % 2];
            let look = plan.looks[case / 2 % 2];
            let mut noise = vec![0.0; 2 * look.rounds];
            random.fill_normal(&mut noise);
            let centre = -0.3 + 0.003 * case as f64;
            noise.iter_mut().for_each(|x| *x *= 0.05);
            let (noise_floor, differences) = noise.split_at_mut(look.rounds);
            differences.iter_mut().for_each(|x| *x += centre);
            noise_floor
                .iter_mut()
                .for_each(|x| *x *= 2.0 * (case % 3) as f64);
            let rounds = Rounds {
                differences,
                noise_floor,
            };
            let slow = judge(limit, &look, rounds, options)
                .unwrap()
                .decision
                .verdict;
            let fast = FastLook::new(look, limit)
                .verdict(rounds, Some(options))
                .unwrap();
            assert_eq!(fast, slow, "{case}");
            seen.push(slow);
        }
        for verdict in [
            Verdict::Pass,
            Verdict::Fail,
            Verdict::Inconclusive,
            Verdict::Unfit,
        ] {
            assert!(seen.contains(&verdict), "{verdict:?}");
        }
    }

    #[test]
    fn a_look_takes_exactly_its_rounds() {
        let look = Look {
            rounds: 20,
            tail: 0.025,
        };
        let sample = [0.0; 21];
        for n in [0, 19, 21] {
            let rounds = Rounds {
                differences: &sample[..n],
                noise_floor: &sample[..20],
            };
            let found = judge(
                Limit::AtLeast(0.95),
                &look,
                rounds,
                BootstrapOptions::default(),
            );
            assert!(found.is_err(), "{n}");
        }
    }
}
