//! What an interval says about a limit.

use serde::{Deserialize, Serialize};

use super::confidence::{Estimate, Interval};
use super::error::{StatsError, check_parameter};

/// A limit on the ratio of the tested side to the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The ratio must not be below this: rates, as in `decode >= 0.95x`.
    AtLeast(f64),
    /// The ratio must not be above this: times and sizes, as in `ttft <= 1.10x`.
    AtMost(f64),
}

impl Limit {
    /// The limit as a ratio.
    pub fn ratio(self) -> f64 {
        match self {
            Self::AtLeast(ratio) | Self::AtMost(ratio) => ratio,
        }
    }

    /// How far the limit lies from "no difference": |ln ratio|.
    pub fn margin(self) -> f64 {
        libm::log(self.ratio()).abs()
    }

    /// Refuses a limit that is not a ratio.
    pub(crate) fn check(self) -> Result<(), StatsError> {
        let ratio = self.ratio();
        let holds = ratio > 0.0 && ratio.is_finite();
        check_parameter("limit", ratio, "a ratio above 0", holds)
    }

    /// PASS where the whole interval of ln ratio meets the limit (a bound may touch it), FAIL where
    /// the whole interval misses it, else INCONCLUSIVE.
    pub fn verdict(self, interval: &Interval) -> Verdict {
        let limit = libm::log(self.ratio());
        let above = interval.lower.is_some_and(|lower| lower >= limit);
        let below = interval.upper.is_some_and(|upper| upper <= limit);
        let strictly_above = interval.lower.is_some_and(|lower| lower > limit);
        let strictly_below = interval.upper.is_some_and(|upper| upper < limit);
        let (meets, misses) = match self {
            Self::AtLeast(_) => (above, strictly_below),
            Self::AtMost(_) => (below, strictly_above),
        };
        match (meets, misses) {
            (true, _) => Verdict::Pass,
            (_, true) => Verdict::Fail,
            _ => Verdict::Inconclusive,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = match self {
            Self::AtLeast(_) => ">=",
            Self::AtMost(_) => "<=",
        };
        write!(f, "{sign} {:.3}x", self.ratio())
    }
}

/// The outcome for one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The limit is met.
    Pass,
    /// The limit is missed: the only verdict that fails a build.
    Fail,
    /// The measurement cannot tell.
    Inconclusive,
    /// The machine was too noisy for this limit.
    Unfit,
}

impl Verdict {
    /// Whether an early look that says this is the last. After the other two the comparison goes
    /// on as planned: more rounds may quiet the A/A arm too.
    pub fn is_decided(self) -> bool {
        matches!(self, Self::Pass | Self::Fail)
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Unfit => "UNFIT",
        })
    }
}

/// A verdict with its reason in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The outcome.
    pub verdict: Verdict,
    /// Why, for a person.
    pub reason: String,
}

/// The three estimates of ln ratio that a verdict rests on.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Hodges-Lehmann with the exact interval.
    pub estimate: &'a Estimate,
    /// Its bootstrap.
    pub bootstrap: &'a Estimate,
    /// The A/A arm: the engine against itself in the same rounds.
    pub noise_floor: &'a Estimate,
}

/// Decides one metric. The A/A arm comes first: where its half-width exceeds the margin, nothing
/// that the rest says counts. Then both intervals must say the same.
///
/// A limit of 1.00x has no margin: with any noise it is UNFIT, and a gate wants another limit.
///
/// # Errors
/// [`StatsError::Parameter`] for a limit that is not a ratio.
pub fn decide(limit: Limit, evidence: Evidence<'_>) -> Result<Decision, StatsError> {
    limit.check()?;
    let exact = &evidence.estimate.interval;
    let (verdict, second) = (
        limit.verdict(exact),
        limit.verdict(&evidence.bootstrap.interval),
    );
    if let Some(reason) = unfit(limit, &evidence.noise_floor.interval) {
        let verdict = Verdict::Unfit;
        return Ok(Decision { verdict, reason });
    }
    let shown = shown(exact);
    let (verdict, reason) = match verdict {
        _ if verdict != second => (
            Verdict::Inconclusive,
            format!(
                "{limit}: the exact interval {shown} says {verdict}, the bootstrap {} says {second}",
                self::shown(&evidence.bootstrap.interval)
            ),
        ),
        Verdict::Pass => (verdict, format!("{limit}: all of {shown} meets it")),
        Verdict::Fail => (verdict, format!("{limit}: all of {shown} misses it")),
        _ => (
            verdict,
            format!("{limit}: {shown} lies on both sides of it"),
        ),
    };
    Ok(Decision { verdict, reason })
}

/// Why the A/A arm forbids a verdict.
fn unfit(limit: Limit, noise_floor: &Interval) -> Option<String> {
    let margin = 100.0 * limit.margin();
    match noise_floor.half_width() {
        None => Some("too few rounds for an interval of the A/A arm".to_owned()),
        Some(half_width) if half_width > limit.margin() => Some(format!(
            "{limit}: the A/A arm is known to {:.1}% only, the margin is {margin:.1}%",
            100.0 * half_width
        )),
        Some(_) => None,
    }
}

/// An interval of ln ratio, shown as ratios.
fn shown(interval: &Interval) -> String {
    let ratio = interval.exp();
    let bound = |bound: Option<f64>, missing: &str| {
        bound.map_or_else(|| missing.to_owned(), |ratio| format!("{ratio:.3}x"))
    };
    format!(
        "{} to {}",
        bound(ratio.lower, "0"),
        bound(ratio.upper, "infinity")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::confidence::{Confidence, Method};

    /// An estimate of ln ratio from bounds given as ratios.
    fn of(lower: f64, upper: f64) -> Estimate {
        Estimate {
            n: 20,
            estimate: 0.0,
            interval: Interval {
                lower: (lower > 0.0).then(|| libm::log(lower)),
                upper: upper.is_finite().then(|| libm::log(upper)),
                asked: Confidence::TwoSided(0.95),
                achieved: None,
            },
            method: Method::WilcoxonExact,
        }
    }

    fn check(limit: Limit, exact: (f64, f64), bootstrap: (f64, f64), expected: Verdict) {
        let noise_floor = of(0.99, 1.01);
        let evidence = Evidence {
            estimate: &of(exact.0, exact.1),
            bootstrap: &of(bootstrap.0, bootstrap.1),
            noise_floor: &noise_floor,
        };
        let found = decide(limit, evidence).unwrap();
        assert_eq!(
            found.verdict, expected,
            "{limit} {exact:?}: {}",
            found.reason
        );
    }

    #[test]
    fn the_whole_interval_must_meet_or_miss_the_limit() {
        use Verdict::{Fail, Inconclusive, Pass};
        for (limit, interval, expected) in [
            (Limit::AtLeast(0.95), (0.96, 1.02), Pass),
            (Limit::AtLeast(0.95), (0.95, 1.02), Pass),
            (Limit::AtLeast(0.95), (0.90, 0.94), Fail),
            (Limit::AtLeast(0.95), (0.90, 0.95), Inconclusive),
            (Limit::AtLeast(0.95), (0.90, 1.00), Inconclusive),
            (Limit::AtMost(1.10), (1.00, 1.10), Pass),
            (Limit::AtMost(1.10), (1.00, 1.05), Pass),
            (Limit::AtMost(1.10), (1.11, 1.20), Fail),
            (Limit::AtMost(1.10), (1.10, 1.20), Inconclusive),
            (Limit::AtMost(1.10), (1.05, 1.20), Inconclusive),
            (Limit::AtLeast(0.95), (0.0, f64::INFINITY), Inconclusive),
        ] {
            check(limit, interval, interval, expected);
        }
    }

    #[test]
    fn intervals_that_disagree_are_inconclusive() {
        let limit = Limit::AtLeast(0.95);
        check(limit, (0.96, 1.0), (0.94, 1.0), Verdict::Inconclusive);
        check(limit, (0.90, 0.96), (0.90, 0.94), Verdict::Inconclusive);
        check(limit, (0.96, 1.0), (0.90, 0.94), Verdict::Inconclusive);
    }

    #[test]
    fn a_noisy_machine_is_unfit_whatever_the_rest_says() {
        let slow = of(0.5, 0.6);
        for (noise_floor, expected) in [
            (of(0.96, 1.04), Verdict::Fail),
            (of(0.94, 1.06), Verdict::Unfit),
            // off centre, but narrow
            (of(1.00, 1.08), Verdict::Fail),
            (of(0.0, f64::INFINITY), Verdict::Unfit),
        ] {
            let evidence = Evidence {
                estimate: &slow,
                bootstrap: &slow,
                noise_floor: &noise_floor,
            };
            let found = decide(Limit::AtLeast(0.95), evidence).unwrap();
            assert_eq!(found.verdict, expected, "{}", found.reason);
        }
    }

    #[test]
    fn verdicts_are_written_in_capitals_with_their_reason() {
        let decision = Decision {
            verdict: Verdict::Inconclusive,
            reason: "noise".to_owned(),
        };
        let text = serde_json::to_string(&decision).unwrap();
        assert_eq!(text, r#"{"verdict":"INCONCLUSIVE","reason":"noise"}"#);
        assert_eq!(serde_json::from_str::<Decision>(&text).unwrap(), decision);
        assert_eq!(
            serde_json::to_string(&Verdict::Unfit).unwrap(),
            r#""UNFIT""#
        );
    }

    #[test]
    fn a_limit_that_is_no_ratio_is_refused() {
        let estimate = of(0.9, 1.1);
        let evidence = Evidence {
            estimate: &estimate,
            bootstrap: &estimate,
            noise_floor: &estimate,
        };
        for ratio in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(decide(Limit::AtLeast(ratio), evidence).is_err(), "{ratio}");
        }
    }
}
