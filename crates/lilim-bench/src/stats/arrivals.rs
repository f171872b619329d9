//! When the requests of an open-loop load are sent.

use std::time::Duration;

use super::error::{StatsError, check_parameter};
use super::random::{Purpose, Random};

/// The slowest rate: one request in about three years, so that no time overflows.
const MIN_RATE_PER_S: f64 = 1e-8;

/// The intended send times of `n` requests that arrive independently of each other and of the
/// answers (a Poisson process), since the start of the load; gaps are exponential with mean
/// 1 / `rate_per_s`.
///
/// # Errors
/// [`StatsError::Parameter`] for a rate that is not a positive number.
pub fn poisson_arrivals(rate_per_s: f64, n: usize, seed: u64) -> Result<Vec<Duration>, StatsError> {
    let holds = (MIN_RATE_PER_S..=1e9).contains(&rate_per_s);
    check_parameter("rate", rate_per_s, "1e-8 to 1e9 per second", holds)?;
    let mut random = Random::new(seed, Purpose::Arrivals);
    let mut now_s = 0.0;
    let times = (0..n).map(|_| {
        now_s += random.exponential() / rate_per_s;
        Duration::try_from_secs_f64(now_s).unwrap_or(Duration::MAX)
    });
    Ok(times.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_exponential_with_the_asked_mean() {
        let n = 20_000;
        let times = poisson_arrivals(50.0, n, 1).unwrap();
        let mut gaps: Vec<f64> = times
            .windows(2)
            .map(|w| (w[1] - w[0]).as_secs_f64())
            .collect();
        gaps.sort_by(f64::total_cmp);
        // the largest distance between both distribution functions (Kolmogorov), 1% bound
        let distance = gaps
            .iter()
            .enumerate()
            .map(|(i, gap)| (1.0 - (-50.0 * gap).exp() - i as f64 / gaps.len() as f64).abs());
        let distance = distance.fold(0.0, f64::max);
        assert!(distance < 1.63 / (n as f64).sqrt(), "{distance}");
    }

    #[test]
    fn one_seed_gives_one_load_and_a_longer_one_starts_alike() {
        let with = |n, seed| poisson_arrivals(2.0, n, seed).unwrap();
        assert_eq!(with(100, 1)[..50], with(50, 1)[..]);
        assert_ne!(with(50, 1), with(50, 2));
    }

    #[test]
    fn a_rate_that_is_none_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(poisson_arrivals(rate, 1, 1).is_err(), "{rate}");
        }
    }
}
