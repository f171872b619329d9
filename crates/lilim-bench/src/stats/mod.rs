//! Estimators: pure functions from samples to estimates, tested against published values.
//!
//! No clock, no I/O, and randomness only from a seed; transcendental functions are `libm`'s, so that
//! every platform computes the same bits and a result file can be recomputed anywhere.
//!
//! What belongs together:
//! - one sample: [`Summary`], [`percentile`], [`median`], [`outliers`];
//! - a comparison beforehand: [`planning_sigma`] of a pilot, [`rounds_needed`], [`LookPlan`] of looks,
//!   [`round_orders`];
//! - a comparison afterwards: [`log_ratios`] of the rounds, [`judge`] at each look (it puts
//!   [`hodges_lehmann()`], [`bootstrap()`] and [`decide`] together), [`drift()`] of the control arm,
//!   [`serial_correlation`] of the rounds; [`bootstrap_figure`] of what is no location, such as a ratio of sums;
//! - the gate itself: [`simulate()`];
//! - the rest: [`poisson_arrivals`] for open-loop load, [`change_points()`] of a history.

mod arrivals;
mod bootstrap;
mod change_points;
mod confidence;
mod drift;
mod error;
mod gate;
mod hodges_lehmann;
mod normal;
mod order;
mod paired;
mod power;
mod random;
#[cfg(test)]
mod reference;
mod sequential;
mod signed_rank;
mod simulate;
mod summary;
mod tukey;
mod verdict;

pub use arrivals::poisson_arrivals;
pub use bootstrap::{BootstrapOptions, bootstrap, bootstrap_figure};
pub use change_points::{ChangePoint, ChangePointOptions, change_points};
pub use confidence::{Confidence, Estimate, Interval, Method};
pub use drift::{DRIFT_LIMIT, Drift, SerialCorrelation, drift, serial_correlation};
pub use error::StatsError;
pub use gate::{Judgement, NOISE_FLOOR, Rounds, judge};
pub use hodges_lehmann::{MAX_SAMPLES, hodges_lehmann};
pub use order::round_orders;
pub use paired::log_ratios;
pub use power::{PowerQuestion, RoundsNeeded, planning_sigma, rounds_needed};
pub(crate) use random::normal_numbers;
pub use sequential::{ErrorRate, Look, LookPlan, MAX_ROUNDS, minimum_rounds};
pub use simulate::{Rates, Scenario, simulate};
pub use summary::{MIN_SAMPLES_P90, MIN_SAMPLES_P95, MIN_SAMPLES_P99, Summary, median, percentile};
pub use tukey::{Outlier, outliers};
pub use verdict::{Decision, Evidence, Limit, Verdict, decide};
