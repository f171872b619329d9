//! What a pass of several rows costs beside one of a single row, learned from the passes made.

use std::time::Duration;

/// The most rows that are told apart; as many cost what this many cost.
const MAX_ROWS: usize = 32;

/// What a row more is thought to cost, in passes, before anything was measured. Too high a value
/// only delays the first guesses.
const MORE_ROW: f64 = 0.15;

/// Smoothed times of passes by their rows.
#[derive(Clone, Debug)]
pub(super) struct PassTimes {
    /// Seconds; of one row first.
    seconds: [Option<f64>; MAX_ROWS],
}

impl Default for PassTimes {
    fn default() -> Self {
        Self {
            seconds: [None; MAX_ROWS],
        }
    }
}

impl PassTimes {
    /// Takes in a pass.
    pub(super) fn record(&mut self, n_rows: usize, took: Duration) {
        let new = took.as_secs_f64();
        let known = &mut self.seconds[n_rows.min(MAX_ROWS) - 1];
        *known = Some(match *known {
            None => new,
            // What takes long was often disturbed, what takes less never: down fast, up slowly.
            Some(old) if new < old => (old + new) / 2.0,
            Some(old) => old + (new.min(2.0 * old) - old) / 8.0,
        });
        self.bound_single();
    }

    /// A pass of one row takes no longer than one of more: it may be long since one was made.
    fn bound_single(&mut self) {
        let least = self.seconds.iter().flatten().copied().reduce(f64::min);
        if let (Some(single), Some(least)) = (&mut self.seconds[0], least) {
            *single = single.min(least);
        }
    }

    /// A pass of one row, in seconds; `None` before the first.
    pub(super) fn single(&self) -> Option<f64> {
        self.seconds[0].filter(|&seconds| seconds > 0.0)
    }

    /// What a pass of so many rows takes, in passes of one row: measured, or between and beyond the
    /// measured ones along a straight line.
    pub(super) fn cost(&self, n_rows: usize) -> f64 {
        let Some(single) = self.single() else {
            return 1.0 + MORE_ROW * (n_rows - 1) as f64;
        };
        let n_rows = n_rows.min(MAX_ROWS);
        let known = |n: usize| self.seconds[n - 1].map(|seconds| (n, seconds / single));
        let below = (1..=n_rows).rev().find_map(known);
        let above = (n_rows..=MAX_ROWS).find_map(known);
        let (n, cost) = below.expect("one row is known");
        let slope = match above {
            _ if n == n_rows => 0.0,
            Some((more, higher)) => (higher - cost) / (more - n) as f64,
            None if n > 1 => (cost - 1.0) / (n - 1) as f64,
            None => MORE_ROW,
        };
        cost + slope * (n_rows - n) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(times: &PassTimes, n_rows: usize, expected: f64) {
        let got = times.cost(n_rows);
        assert!((got - expected).abs() < 1e-9, "{n_rows} rows: {got}");
    }

    #[test]
    fn costs_are_measured_or_lie_on_lines_between() {
        let ms = Duration::from_millis;
        let mut times = PassTimes::default();
        check(&times, 3, 1.3);
        times.record(1, ms(100));
        check(&times, 3, 1.3);
        times.record(5, ms(180));
        for (n_rows, cost) in [(1, 1.0), (2, 1.2), (5, 1.8), (7, 2.2), (500, 7.2)] {
            check(&times, n_rows, cost);
        }
        times.record(3, ms(120));
        for (n_rows, cost) in [(2, 1.1), (3, 1.2), (4, 1.5)] {
            check(&times, n_rows, cost);
        }
    }

    #[test]
    fn a_disturbed_pass_counts_little_and_a_fast_one_much() {
        let ms = Duration::from_millis;
        let mut times = PassTimes::default();
        times.record(1, ms(100));
        times.record(1, ms(5000));
        assert!((times.single().unwrap() - 0.1125).abs() < 1e-9);
        times.record(1, ms(100));
        times.record(4, ms(90));
        assert!((times.single().unwrap() - 0.09).abs() < 1e-9);
    }
}
