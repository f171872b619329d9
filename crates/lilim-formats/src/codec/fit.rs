//! The search for scales: which scale (and min) of a group of weights leaves the least error.
//!
//! Each group tries a spread of inverse scales around the one that maps its largest value to the
//! last step. A try assigns every weight its nearest step, and least squares over these steps
//! gives the best scale (and min) for them in closed form; the best try is then alternated,
//! assign and fit, until it stands still. Super-blocks round the groups' scales to a common f16
//! step, choose among the neighbouring whole scales by the error they really leave, and assign
//! again. All weights count alike: the sum of squared errors is what is made small.
//!
//! Sums run in eight lanes, so that the compiler vectorizes them, and never depend on another
//! block. Values so large that their squares overflow make every comparison fail; the first try
//! stays, and the caller finds its scale beyond f16.

use half::f16;

use crate::blocks::SUPER_LEN;

/// How many sums run side by side.
pub(super) const LANES: usize = 8;

/// Tries on each side of the plain inverse scale.
const N_TRIES: i32 = 5;

/// How far apart the tries of scales with mins lie, in codes at the end of the range; five on each
/// side so far apart leave the error that nine at 0.1 leave, in two thirds of the time.
const AFFINE_SPREAD: f32 = 0.18;

/// Rounds of assigning and fitting after the best try.
const N_ALTERNATIONS: usize = 4;

/// The steps of a type without mins.
pub(super) trait Levels {
    /// The lowest step; negative.
    const LOWEST: f32;
    /// The highest step.
    const HIGHEST: f32;
    /// How far apart the tries lie, in steps at the end of the range.
    const SPREAD: f32;
    /// The steps nearest to values divided by their scale.
    fn nearest(scaled: [f32; LANES]) -> [f32; LANES];
    /// The code of the step nearest to one such value.
    fn code(scaled: f32) -> u8;
}

/// A super-block under one f16 scale.
pub(super) struct ScaledGroups<const GROUPS: usize> {
    /// Scale of scales, a value of f16.
    pub(super) d: f32,
    /// Whole scale of each group.
    pub(super) scales: [i8; GROUPS],
    /// Code of each weight.
    pub(super) codes: [u8; SUPER_LEN],
}

/// A super-block under an f16 scale and an f16 min.
pub(super) struct AffineGroups<const GROUPS: usize> {
    /// Scale of scales, a value of f16.
    pub(super) d: f32,
    /// Scale of mins, a value of f16.
    pub(super) dmin: f32,
    /// Whole scale of each group.
    pub(super) scales: [u8; GROUPS],
    /// Whole min of each group, to be taken off.
    pub(super) mins: [u8; GROUPS],
    /// Code of each weight.
    pub(super) codes: [u8; SUPER_LEN],
}

/// Rounds to the nearest whole number, ties to even, held between two whole numbers of small
/// magnitude; NaN gives the lower.
#[inline(always)]
pub(super) fn nearest_whole(value: f32, low: f32, high: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves no bits for the fraction: a rounding that SSE2 can do.
    const NO_FRACTION: f32 = 12_582_912.0;
    let value = if value > low { value } else { low };
    let value = if value < high { value } else { high };
    (value + NO_FRACTION) - NO_FRACTION
}

/// Finds the scale, a value of f16, and the codes of a block that has only one scale.
pub(super) fn one_scale<L: Levels>(values: &[f32; 32]) -> (f32, [u8; 32]) {
    let fitted = round_to_f16(fit_scale::<L, 32>(values));
    // Values that vanish beside the smallest f16 are better off as zeros.
    let helps = scaled_error::<L, 32>(values, fitted) <= squares(values, |x| x);
    let d = if helps { fitted } else { 0.0 };
    let inverse = inverse(d);
    (d, values.map(|value| L::code(value * inverse)))
}

/// Encodes a super-block of groups with whole scales within `limits`, whose lower is negative.
pub(super) fn scaled_groups<L: Levels, const LEN: usize, const GROUPS: usize>(
    values: &[f32; SUPER_LEN],
    limits: (i8, i8),
) -> ScaledGroups<GROUPS> {
    let (low, high) = (f32::from(limits.0), f32::from(limits.1));
    let groups = values.as_chunks::<LEN>().0;
    let wanted: [f32; GROUPS] = std::array::from_fn(|group| fit_scale::<L, LEN>(&groups[group]));
    // The largest scale takes the lower limit, which reaches one further.
    let d = whole_step(&wanted, low);
    let inverse_d = inverse(d);
    let mut found = ScaledGroups {
        d,
        scales: [0; GROUPS],
        codes: [0; SUPER_LEN],
    };
    for (at, codes) in found.codes.as_chunks_mut::<LEN>().0.iter_mut().enumerate() {
        let centre = nearest_whole(wanted[at] * inverse_d, low, high);
        let mut least = f32::INFINITY;
        let (mut best, x) = (centre, &groups[at]);
        for scale in [centre, centre - 1.0, centre + 1.0] {
            let error = scaled_error::<L, LEN>(x, d * scale);
            if scale >= low && scale <= high && error < least {
                (least, best) = (error, scale);
            }
        }
        let inverse = inverse(d * best);
        found.scales[at] = best as i8;
        *codes = x.map(|value| L::code(value * inverse));
    }
    found
}

/// Encodes a super-block of groups with whole scales and mins up to `max_scale` and codes up to
/// `max_code`.
pub(super) fn affine_groups<const LEN: usize, const GROUPS: usize>(
    values: &[f32; SUPER_LEN],
    max_code: f32,
    max_scale: f32,
) -> AffineGroups<GROUPS> {
    let groups = values.as_chunks::<LEN>().0;
    let wanted: [Affine; GROUPS] = std::array::from_fn(|at| fit_affine(&groups[at], max_code));
    let d = whole_step(&wanted.map(|affine| affine.scale), max_scale);
    let dmin = whole_step(&wanted.map(|affine| affine.min), max_scale);
    let (mut scales, mut mins, mut codes) = ([0; GROUPS], [0; GROUPS], [0; SUPER_LEN]);
    let units = Units {
        d,
        dmin,
        inverse_d: inverse(d),
        inverse_dmin: inverse(dmin),
        max_scale,
    };
    for (at, codes) in codes.as_chunks_mut::<LEN>().0.iter_mut().enumerate() {
        let (scale, min) = units.whole_affine(&groups[at], wanted[at], max_code);
        let (inverse, min_value) = (inverse(d * scale), dmin * min);
        (scales[at], mins[at]) = (scale as u8, min as u8);
        *codes = groups[at]
            .map(|value| nearest_whole((value + min_value) * inverse, 0.0, max_code) as u8);
    }
    AffineGroups {
        d,
        dmin,
        scales,
        mins,
        codes,
    }
}

/// The value of largest magnitude, the first of equals; zero of none.
fn first_largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most: f32, value| {
        if value.abs() > most.abs() {
            *value
        } else {
            most
        }
    })
}

/// `1 / scale`, or zero where a scale is too small to divide by.
#[inline(always)]
fn inverse(scale: f32) -> f32 {
    let inverse = 1.0 / scale;
    if inverse.is_finite() { inverse } else { 0.0 }
}

/// The nearest f16; what would vanish becomes the smallest f16, so that whole scales under it can
/// still be chosen.
fn round_to_f16(value: f32) -> f32 {
    let rounded = f16::from_f32(value);
    let vanished = rounded.to_f32() == 0.0 && value != 0.0;
    let kept = if vanished {
        f16::MIN_POSITIVE_SUBNORMAL.copysign(rounded)
    } else {
        rounded
    };
    kept.to_f32()
}

/// The f16 step of which the largest of `wanted` is about `limit` times.
fn whole_step(wanted: &[f32], limit: f32) -> f32 {
    let largest = first_largest(wanted);
    let uniform = wanted
        .iter()
        .all(|one| (one - largest).abs() <= largest.abs() / 1024.0);
    // Where all groups are alike, the rounding of this step may be the whole error, and whole
    // scales a little inside the limit do as well: the step that f16 holds best then.
    let (mut best, mut least) = (0.0, f32::INFINITY);
    for inside in 0..if uniform { 8 } else { 1 } {
        let times = limit - (inside as f32).copysign(limit);
        let step = round_to_f16(largest / times);
        let error = (step * times - largest).abs();
        if error < least || inside == 0 {
            (best, least) = (step, error);
        }
    }
    best
}

/// Sums over a group's weights `x` and their steps `q`.
#[derive(Clone, Copy)]
struct Sums {
    q: f32,
    qq: f32,
    xq: f32,
}

#[inline(always)]
fn sums<const LEN: usize>(x: &[f32; LEN], steps: impl Fn([f32; LANES]) -> [f32; LANES]) -> Sums {
    let (mut q_sum, mut qq_sum, mut xq_sum) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for x in x.as_chunks::<LANES>().0 {
        let q = steps(*x);
        for lane in 0..LANES {
            q_sum[lane] += q[lane];
            qq_sum[lane] += q[lane] * q[lane];
            xq_sum[lane] += q[lane] * x[lane];
        }
    }
    Sums {
        q: total(q_sum),
        qq: total(qq_sum),
        xq: total(xq_sum),
    }
}

/// Sum of the squares of what `rests` leaves of each weight.
#[inline(always)]
fn squares<const LEN: usize>(x: &[f32; LEN], rests: impl Fn([f32; LANES]) -> [f32; LANES]) -> f32 {
    let mut sum = [0.0; LANES];
    for x in x.as_chunks::<LANES>().0 {
        let rest = rests(*x);
        for lane in 0..LANES {
            sum[lane] += rest[lane] * rest[lane];
        }
    }
    total(sum)
}

#[inline(always)]
fn total(lanes: [f32; LANES]) -> f32 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Finds the scale of a group whose steps are `L`'s.
fn fit_scale<L: Levels, const LEN: usize>(x: &[f32; LEN]) -> f32 {
    let largest = first_largest(x);
    if largest == 0.0 {
        return 0.0;
    }
    // With the steps fixed, the best scale is xq / qq and takes xq * xq / qq off the error.
    let gain = |sums: Sums| {
        if sums.qq > 0.0 {
            sums.xq * sums.xq / sums.qq
        } else {
            0.0
        }
    };
    let (mut best, mut most) = (largest / L::LOWEST, 0.0);
    for end in [L::LOWEST, L::HIGHEST] {
        for at in -N_TRIES..=N_TRIES {
            let inverse = inverse(largest / (end + L::SPREAD * at as f32));
            let sums = sums(x, |x| L::nearest(x.map(|x| x * inverse)));
            if gain(sums) > most {
                (most, best) = (gain(sums), sums.xq / sums.qq);
            }
        }
    }
    for _ in 0..N_ALTERNATIONS {
        let inverse = inverse(best);
        let sums = sums(x, |x| L::nearest(x.map(|x| x * inverse)));
        if gain(sums) <= most {
            break;
        }
        (most, best) = (gain(sums), sums.xq / sums.qq);
    }
    best
}

/// The squared error of a group under a scale.
#[inline(always)]
fn scaled_error<L: Levels, const LEN: usize>(x: &[f32; LEN], scale: f32) -> f32 {
    let inverse = inverse(scale);
    squares(x, |x| {
        let steps = L::nearest(x.map(|x| x * inverse));
        std::array::from_fn(|lane| steps[lane] * scale - x[lane])
    })
}

/// A group's scale and the min that is taken off; neither is negative.
#[derive(Clone, Copy)]
struct Affine {
    scale: f32,
    min: f32,
}

/// Finds scale and min of a group with whole codes up to `max_code`.
fn fit_affine<const LEN: usize>(x: &[f32; LEN], max_code: f32) -> Affine {
    let low = x
        .iter()
        .fold(0.0, |low: f32, x| if *x < low { *x } else { low });
    let high = x
        .iter()
        .fold(x[0], |high, x| if *x > high { *x } else { high });
    let range = high - low;
    if range <= 0.0 {
        return Affine {
            scale: 0.0,
            min: -low,
        };
    }
    let fit = Fit {
        x,
        max_code,
        sum: x.iter().sum(),
    };
    let mut best = Affine {
        scale: range / max_code,
        min: -low,
    };
    let mut most = f32::NEG_INFINITY;
    for at in -N_TRIES..=N_TRIES {
        let inverse = inverse(range / (max_code + AFFINE_SPREAD * at as f32));
        let (gain, affine) = fit.refit(inverse, -low);
        if gain > most {
            (most, best) = (gain, affine);
        }
    }
    for _ in 0..N_ALTERNATIONS {
        let (gain, affine) = fit.refit(inverse(best.scale), best.min);
        if gain <= most {
            break;
        }
        (most, best) = (gain, affine);
    }
    best
}

/// A group to be fitted.
struct Fit<'a, const LEN: usize> {
    x: &'a [f32; LEN],
    max_code: f32,
    /// Sum of `x`.
    sum: f32,
}

impl<const LEN: usize> Fit<'_, LEN> {
    /// Assigns codes by `(x + min) * inverse` and solves for the best scale and min of these
    /// codes; returns how much of the sum of squares of `x` they explain.
    #[inline(always)]
    fn refit(&self, inverse: f32, min: f32) -> (f32, Affine) {
        let max_code = self.max_code;
        let sums = sums(self.x, |x| {
            x.map(|x| nearest_whole((x + min) * inverse, 0.0, max_code))
        });
        let n = LEN as f32;
        let spread = n * sums.qq - sums.q * sums.q;
        let scale = (n * sums.xq - self.sum * sums.q) / spread;
        let offset = (self.sum - scale * sums.q) / n;
        if spread > 0.0 && offset < 0.0 && scale > 0.0 {
            return (
                scale * sums.xq + offset * self.sum,
                Affine {
                    scale,
                    min: -offset,
                },
            );
        }
        // A min below zero cannot be written: the best line through zero then.
        let scale = if sums.qq > 0.0 {
            (sums.xq / sums.qq).max(0.0)
        } else {
            0.0
        };
        (scale * sums.xq, Affine { scale, min: 0.0 })
    }
}

/// What whole scales and mins of a super-block stand for.
struct Units {
    d: f32,
    dmin: f32,
    inverse_d: f32,
    inverse_dmin: f32,
    max_scale: f32,
}

impl Units {
    /// Chooses the whole scale and min near the wanted ones that leave the least error.
    fn whole_affine<const LEN: usize>(
        &self,
        x: &[f32; LEN],
        wanted: Affine,
        max_code: f32,
    ) -> (f32, f32) {
        let centre = nearest_whole(wanted.scale * self.inverse_d, 0.0, self.max_scale);
        let sum: f32 = x.iter().sum();
        let mut least = f32::INFINITY;
        let mut best = (centre, self.whole_min(wanted.min));
        for scale in [centre, centre - 1.0, centre + 1.0] {
            if scale < 0.0 || scale > self.max_scale {
                continue;
            }
            let step = self.d * scale;
            let inverse = inverse(step);
            // The wanted min belongs to the wanted scale; the codes under this scale say which
            // min is best for it.
            let codes = sum_of(x, |x| {
                nearest_whole((x + wanted.min) * inverse, 0.0, max_code)
            });
            let fitted = self.whole_min((step * codes - sum) / LEN as f32);
            for min in [fitted, self.whole_min(wanted.min)] {
                let min_value = self.dmin * min;
                let error = squares(x, |x| {
                    x.map(|x| {
                        let code = nearest_whole((x + min_value) * inverse, 0.0, max_code);
                        code * step - min_value - x
                    })
                });
                if error < least {
                    (least, best) = (error, (scale, min));
                }
            }
        }
        best
    }

    fn whole_min(&self, min: f32) -> f32 {
        nearest_whole(min * self.inverse_dmin, 0.0, self.max_scale)
    }
}

#[inline(always)]
fn sum_of<const LEN: usize>(x: &[f32; LEN], step: impl Fn(f32) -> f32) -> f32 {
    let mut sum = [0.0; LANES];
    for x in x.as_chunks::<LANES>().0 {
        let q = x.map(&step);
        for lane in 0..LANES {
            sum[lane] += q[lane];
        }
    }
    total(sum)
}
