//! How many tokens to guess: as many as pay by what guesses of this promise brought and passes took,
//! and never so many that guessing could lose more than it won.
//!
//! All values are counted in plain passes: an accepted guess saves one, a pass with guesses costs
//! what it takes beyond one. The balance of both may fall a little with every token and no further:
//! that bounds the loss on any text, whatever the odds seem to be.

use std::time::Duration;

use super::Promise;
use super::pass_times::PassTimes;

/// What may be lost at the start, in passes.
const FIRST_BALANCE: f64 = 0.5;

/// What a token adds to what may be lost: the share of speed that trying may cost.
const ALLOWANCE: f64 = 0.01;

/// The most that is kept of what was won, so that a good stretch does not pay for a long bad one.
const MAX_BALANCE: f64 = 4.0;

/// A gain below this share is not worth the risk that it is none.
const LEAST_GAIN: f64 = 1.03;

/// What reading a token takes a guesser that fell behind, in guesses: it reads many at once.
const READING: f64 = 0.25;

/// Passes with guesses after which one without is made, to measure again what it takes.
const MAX_RUNS: usize = 128;

/// What is thought of a promise before it was tried: its rate of acceptance.
const FIRST_RATES: [f64; Promise::COUNT] = [0.35, 0.5, 0.6, 0.7, 0.8, 0.9];

/// How much the first thought weighs, in guesses.
const FIRST_WEIGHT: f64 = 2.0;

/// What each verification leaves of the weight of those before.
const FADE: f64 = 0.9;

/// The same for a place where nothing was guessed: a bad record is forgotten, and tried again (by a
/// guesser that has to read what it missed, rather in the next answer).
const IDLE_FADE: f64 = 0.98;

/// The record of guesses.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    times: PassTimes,
    /// Making one guess, in seconds.
    guess_seconds: f64,
    /// `[Promise::COUNT]`
    odds: [Odds; Promise::COUNT],
    balance: f64,
    /// Verifications since the last plain pass.
    n_runs: usize,
}

/// Guesses of one promise that held and that did not, the newest with the most weight.
#[derive(Clone, Copy, Debug, Default)]
struct Odds {
    held: f64,
    failed: f64,
}

/// What became of one verification.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub promise: Promise,
    pub n_guessed: usize,
    pub n_accepted: usize,
    /// Whether the first guess that was not accepted was wrong, and not just never looked at.
    pub failed: bool,
    /// Tokens that were read before the first guess.
    pub n_behind: usize,
    pub guess_took: Duration,
    pub pass_took: Duration,
}

/// What reading so many tokens takes, in guesses.
fn reading(n_tokens: usize) -> f64 {
    READING * n_tokens as f64
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            times: PassTimes::default(),
            guess_seconds: 0.0,
            odds: [Odds::default(); Promise::COUNT],
            balance: FIRST_BALANCE,
            n_runs: 0,
        }
    }
}

impl Odds {
    /// The share of guesses that hold.
    fn rate(self, first: f64) -> f64 {
        (self.held + FIRST_WEIGHT * first) / (self.held + self.failed + FIRST_WEIGHT)
    }

    fn fade(&mut self, by: f64) {
        self.held *= by;
        self.failed *= by;
    }
}

impl Pace {
    /// How many tokens to guess on this promise, at most `max`, where so many tokens are read first;
    /// 0 where guessing would lose.
    pub(super) fn n_guesses(&mut self, promise: Promise, n_behind: usize, max: usize) -> usize {
        let n = if self.n_runs < MAX_RUNS {
            self.best(promise, n_behind, max)
        } else {
            0
        };
        if n == 0 {
            self.odds[promise.index()].fade(IDLE_FADE);
        }
        n
    }

    fn best(&self, promise: Promise, n_behind: usize, max: usize) -> usize {
        let Some(single) = self.times.single() else {
            return 0;
        };
        let rate = self.odds[promise.index()].rate(FIRST_RATES[promise.index()]);
        let guess_cost = self.guess_seconds / single;
        let reading_cost = guess_cost * reading(n_behind);
        let (mut best, mut best_gain) = (0, LEAST_GAIN);
        // of a pass with n guesses the model's own token is certain
        let (mut expected, mut all_hold) = (1.0, 1.0);
        for n in 1..=max {
            all_hold *= rate;
            expected += all_hold;
            let cost = self.times.cost(n + 1) + guess_cost * n as f64 + reading_cost;
            let gain = expected / cost;
            if cost - 1.0 <= self.balance && gain > best_gain {
                (best, best_gain) = (n, gain);
            }
        }
        best
    }

    /// Takes in a pass without guesses.
    pub(super) fn stepped(&mut self, took: Duration) {
        self.times.record(1, took);
        self.n_runs = 0;
        self.change_balance(ALLOWANCE);
    }

    /// Takes in a pass with guesses.
    pub(super) fn verified(&mut self, outcome: &Outcome) {
        self.n_runs += 1;
        self.times.record(outcome.n_guessed + 1, outcome.pass_took);
        let guess_took = outcome.guess_took.as_secs_f64();
        self.guess_took(
            guess_took,
            outcome.n_guessed as f64 + reading(outcome.n_behind),
        );
        let odds = &mut self.odds[outcome.promise.index()];
        odds.fade(FADE);
        odds.held += outcome.n_accepted as f64;
        odds.failed += f64::from(u8::from(outcome.failed));
        if let Some(single) = self.times.single() {
            let cost = (outcome.pass_took.as_secs_f64() + guess_took) / single - 1.0;
            self.change_balance(outcome.n_accepted as f64 - cost);
        }
    }

    /// Takes in time spent on looking for guesses that came to nothing; also on making them, when
    /// `behind` says how many tokens were read for it.
    pub(super) fn wasted(&mut self, took: Duration, behind: Option<usize>) {
        if let Some(n_behind) = behind {
            self.guess_took(took.as_secs_f64(), 1.0 + reading(n_behind));
        }
        if let Some(single) = self.times.single() {
            self.change_balance(-took.as_secs_f64() / single);
        }
    }

    fn guess_took(&mut self, seconds: f64, n_guesses: f64) {
        self.guess_seconds += (seconds / n_guesses - self.guess_seconds) / 4.0;
    }

    fn change_balance(&mut self, by: f64) {
        self.balance = (self.balance + by).min(MAX_BALANCE);
    }
}
