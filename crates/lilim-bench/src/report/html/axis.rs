//! Axes: which part of the numbers is drawn, where a number lies, and what is written below.

/// Where the drawing begins and ends, in percent of the width: dots and letters need room beside.
const EDGES: (f64, f64) = (0.5, 98.0);

/// How a plot says where its axis begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Zero,
    /// Near the smallest value.
    Near,
    /// Near the smallest value, and each step is a factor.
    Log,
}

/// A horizontal axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) start: Start,
    least: f64,
    most: f64,
    /// The numbers that are written.
    pub(super) ticks: Vec<f64>,
}

/// Values that lie closer together than this share are drawn without the zero.
const CLOSE: f64 = 0.25;

/// Values that lie further apart than this factor are drawn by factors.
const FAR: f64 = 60.0;

impl Axis {
    /// An axis that begins at 0, for lengths: a bar that does not would lie. Its marks are round in
    /// units of `one`.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>, one: f64) -> Self {
        let most = values.fold(0.0, f64::max);
        let step = step(most.max(f64::MIN_POSITIVE), one);
        Self {
            start: Start::Zero,
            least: 0.0,
            most: most.max(step),
            ticks: ticks(0.0, most, step),
        }
    }

    /// An axis for places: begins at 0 unless the values are too close or too far apart for it.
    pub(super) fn of(values: impl Iterator<Item = f64> + Clone, one: f64) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
        if least > 0.0 && most / least > FAR {
            return Self::by_factors(least, most, one);
        }
        let range = most - least;
        if range > 0.0 && range < CLOSE * most.abs() {
            let step = step(range, one);
            let least = (least / step).floor() * step;
            return Self {
                start: Start::Near,
                least,
                most,
                ticks: ticks(least, most, step),
            };
        }
        Self::from_zero(values, one)
    }

    fn by_factors(least: f64, most: f64, one: f64) -> Self {
        let first = libm::log10(least / one).floor() as i32;
        let last = libm::log10(most / one).ceil() as i32;
        let every = (last - first).div_euclid(5) + 1;
        let decades = (first..=last).filter(|decade| (decade - first) % every == 0);
        let power = |decade| one * libm::pow(10.0, f64::from(decade));
        Self {
            start: Start::Log,
            least: power(first),
            most,
            ticks: decades.map(power).filter(|tick| *tick <= most).collect(),
        }
    }

    /// Where a value lies, in percent of the width.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = match self.start {
            Start::Log => {
                let log = |value: f64| libm::log10(value.max(f64::MIN_POSITIVE));
                (log(value) - log(self.least)) / (log(self.most) - log(self.least))
            }
            Start::Zero | Start::Near => (value - self.least) / (self.most - self.least),
        };
        let share = match share.is_finite() {
            true => share.clamp(0.0, 1.0),
            false => 0.0,
        };
        EDGES.0 + (EDGES.1 - EDGES.0) * share
    }

    /// What a reader must know of the axis.
    pub(super) fn warning(&self) -> &'static str {
        match self.start {
            Start::Zero => "",
            Start::Near => " The axis does not start at 0.",
            Start::Log => {
                " Each mark on the axis is ten times the one before or more; there is no 0."
            }
        }
    }
}

/// A step of 1, 2, 2.5 or 5 times some power of ten, so that about four fit.
fn step(range: f64, one: f64) -> f64 {
    let rough = range / one / 4.5;
    let power = libm::pow(10.0, libm::log10(rough).floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    one * steps
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough)
}

fn ticks(least: f64, most: f64, step: f64) -> Vec<f64> {
    // A little more than the largest, or rounding would lose the last.
    let n_steps = ((most - least) / step + 1e-9).floor() as usize;
    (0..=n_steps).map(|n| least + n as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        for (values, start, ticks) in [
            (vec![3.0, 97.0], Start::Zero, vec![0.0, 25.0, 50.0, 75.0]),
            (vec![1.0, 10.0], Start::Zero, vec![0.0, 2.5, 5.0, 7.5, 10.0]),
            (
                vec![100.0, 108.0],
                Start::Near,
                vec![100.0, 102.0, 104.0, 106.0, 108.0],
            ),
            (vec![1.0, 900.0], Start::Log, vec![1.0, 10.0, 100.0]),
            (vec![0.0, 0.0], Start::Zero, vec![0.0]),
            (vec![7.0], Start::Zero, vec![0.0, 2.0, 4.0, 6.0]),
        ] {
            let axis = Axis::of(values.iter().copied(), 1.0);
            assert_eq!((axis.start, &axis.ticks), (start, &ticks), "{values:?}");
            for value in values {
                let place = axis.place(value);
                assert!((EDGES.0..=EDGES.1).contains(&place), "{value} at {place}");
            }
        }
    }

    #[test]
    fn no_values_make_an_axis_that_draws() {
        let axis = Axis::of(std::iter::empty(), 1.0);
        assert!(axis.place(1.0).is_finite() && axis.ticks.len() < 10);
    }
}
