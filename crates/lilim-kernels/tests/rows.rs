//! Kernels on single rows: every level gives the bits of the plain formula, which is near the
//! truth.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

mod naive;

use lilim_kernels::{Activation, Kernels, LayerNorm, Level, RopeStyle};
use naive::{Numbers, check_same, lengths, levels, same, ulps};

/// Runs `apply` at every level on rows of every length, tame and wild, at several addresses, and
/// compares with `formula`.
fn check(what: &str, formula: impl Fn(&mut [f32]), apply: impl Fn(&Kernels, &mut [f32])) {
    let mut numbers = Numbers(what.len() as u64);
    for n in lengths() {
        for tame in [true, false] {
            let x = match tame {
                true => numbers.units(n).iter().map(|x| x * 12.0).collect(),
                false => numbers.wilds(n),
            };
            let mut expected = x.clone();
            formula(&mut expected);
            for kernels in levels() {
                for offset in [0, 1, 3] {
                    let mut got = vec![0.5; offset];
                    got.extend_from_slice(&x);
                    apply(kernels, &mut got[offset..]);
                    let what = format!("{what} of {n} at {}", kernels.level());
                    check_same(&got[offset..], &expected, what);
                }
            }
        }
    }
}

fn reference() -> &'static Kernels {
    Kernels::for_level(Level::Reference).unwrap()
}

#[test]
fn norms_follow_the_contract() {
    let mut numbers = Numbers(1);
    let (weight, bias) = (numbers.units(2048), numbers.units(2048));
    check(
        "rms_norm",
        |x| {
            let factor = 1.0 / (naive::dot(x, x) / x.len() as f32 + 1e-5).sqrt();
            for (x, w) in x.iter_mut().zip(&weight) {
                *x = *x * factor * w;
            }
        },
        |kernels, x| {
            let row = x.to_vec();
            kernels.rms_norm(&row, Some(&weight[..x.len()]), 1e-5, x);
        },
    );
    check(
        "layer_norm",
        |x| {
            let mean = naive::sum(x) / x.len() as f32;
            x.iter_mut().for_each(|x| *x -= mean);
            let factor = 1.0 / (naive::dot(x, x) / x.len() as f32 + 1e-5).sqrt();
            for ((x, w), b) in x.iter_mut().zip(&weight).zip(&bias) {
                *x = *x * factor * w + b;
            }
        },
        |kernels, x| {
            let row = x.to_vec();
            let (weight, bias) = (Some(&weight[..x.len()]), Some(&bias[..x.len()]));
            kernels.layer_norm(
                LayerNorm {
                    weight,
                    bias,
                    eps: 1e-5,
                },
                &row,
                x,
            );
        },
    );
    check(
        "l2_norm",
        |x| {
            let norm = naive::dot(x, x).sqrt();
            let factor = 1.0 / if norm < 1e-12 { 1e-12 } else { norm };
            x.iter_mut().for_each(|x| *x *= factor);
        },
        |kernels, x| kernels.l2_norm(x, 1e-12),
    );
}

#[test]
fn norms_are_near_the_truth() {
    let mut numbers = Numbers(2);
    for n in [1, 3, 64, 2048] {
        let x: Vec<f32> = numbers.units(n).iter().map(|x| x + 0.25).collect();
        let truth: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        let mut out = vec![0.0; n];
        Kernels::detect().rms_norm(&x, None, 1e-5, &mut out);
        let square = truth.iter().map(|x| x * x).sum::<f64>() / n as f64;
        for (out, truth) in out.iter().zip(&truth) {
            assert!((f64::from(*out) - truth / (square + 1e-5).sqrt()).abs() < 3e-6);
        }
        let norm = LayerNorm {
            weight: None,
            bias: None,
            eps: 1e-5,
        };
        Kernels::detect().layer_norm(norm, &x, &mut out);
        let mean = truth.iter().sum::<f64>() / n as f64;
        let variance = truth.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        for (out, truth) in out.iter().zip(&truth) {
            assert!((f64::from(*out) - (truth - mean) / (variance + 1e-5).sqrt()).abs() < 3e-6);
        }
    }
}

#[test]
fn sums_and_products_are_those_of_ieee() {
    let mut numbers = Numbers(4);
    let y = numbers.wilds(2048);
    check(
        "add",
        |x| x.iter_mut().zip(&y).for_each(|(x, y)| *x += y),
        |kernels, x| {
            kernels.add(x, &y[..x.len()]);
        },
    );
    check(
        "mul",
        |x| x.iter_mut().zip(&y).for_each(|(x, y)| *x *= y),
        |kernels, x| {
            kernels.mul(x, &y[..x.len()]);
        },
    );
    check(
        "scale",
        |x| x.iter_mut().for_each(|x| *x *= 0.3),
        |kernels, x| kernels.scale(x, 0.3),
    );
    check(
        "axpy",
        |x| {
            x.iter_mut()
                .zip(&y)
                .for_each(|(x, y)| *x = y.mul_add(0.7, *x))
        },
        |kernels, x| kernels.axpy(x, 0.7, &y[..x.len()]),
    );
    let share = numbers.units(2048);
    check(
        "lerp",
        |x| {
            for ((x, y), share) in x.iter_mut().zip(&y).zip(&share) {
                *x += (y - *x) * share;
            }
        },
        |kernels, x| {
            let (n, from) = (x.len(), x.to_vec());
            kernels.lerp(&from, &y[..n], &share[..n], x);
        },
    );
}

#[test]
fn rope_rotates_its_pairs_and_leaves_the_rest() {
    let mut numbers = Numbers(6);
    let (cos, sin) = (numbers.units(1024), numbers.units(1024));
    for style in [RopeStyle::Interleaved, RopeStyle::Halves] {
        for part in [1, 2, 4] {
            check(
                "rope",
                |x| {
                    let n = x.len() / 2 / part;
                    for i in 0..n {
                        let (a, b) = match style {
                            RopeStyle::Interleaved => (2 * i, 2 * i + 1),
                            RopeStyle::Halves => (i, i + n),
                        };
                        let (xa, xb) = (x[a], x[b]);
                        x[a] = xa * cos[i] - xb * sin[i];
                        x[b] = xa * sin[i] + xb * cos[i];
                    }
                },
                |kernels, x| {
                    let n = x.len() / 2 / part;
                    kernels.rope(x, &cos[..n], &sin[..n], style);
                },
            );
        }
    }
}

/// Compares every level with the reference, and the reference with the truth by `bound` units in
/// the last place or, where that is larger, `absolute`.
fn check_function(
    what: &str,
    apply: fn(&Kernels, &mut [f32]),
    truth: fn(f64) -> f64,
    (bound, absolute): (f64, f64),
) {
    check(what, |x| apply(reference(), x), apply);
    let mut numbers = Numbers(8);
    let mut x: Vec<f32> = (-11_000..=11_000).map(|i| i as f32 / 100.0).collect();
    x.extend((0..4000).map(|_| numbers.unit() * 2f32.powi((numbers.bits() % 60) as i32 - 50)));
    x.extend([
        0.0,
        -0.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        88.722_83,
        88.722_84,
        -103.97,
        -104.1,
    ]);
    let mut got = x.clone();
    apply(reference(), &mut got);
    let mut worst = 0.0f64;
    for (x, got) in x.iter().zip(&got) {
        let truth = truth(f64::from(*x));
        if (f64::from(*got) - truth).abs() > absolute {
            let error = ulps(*got, truth);
            assert!(
                error <= bound,
                "{what}({x:e}) is {got:e}, not {truth:e}: {error} ulp"
            );
            worst = worst.max(error);
        }
    }
    eprintln!("{what}: at most {worst:.2} ulp");
    let mut nan = [f32::NAN; 3];
    apply(reference(), &mut nan);
    assert!(nan.iter().all(|x| x.is_nan()), "{what}(NaN)");
}

#[test]
fn functions_are_near_the_truth() {
    // Below the normal numbers a sigmoid is 0.
    check_function("exp", Kernels::exp, f64::exp, (1.0, 0.0));
    check_function(
        "sigmoid",
        Kernels::sigmoid,
        |x| 1.0 / (1.0 + (-x).exp()),
        (2.5, 1.2e-38),
    );
    check_function("tanh", Kernels::tanh, f64::tanh, (2.0, 0.0));
    check_function(
        "softcap",
        |k, x| k.softcap(x, 30.0),
        |x| 30.0 * (x / 30.0).tanh(),
        (3.0, 0.0),
    );
}

#[test]
fn activations_are_near_the_truth() {
    fn silu(x: f64) -> f64 {
        if x == f64::NEG_INFINITY {
            f64::NAN
        } else {
            x / (1.0 + (-x).exp())
        }
    }
    fn gelu_tanh(x: f64) -> f64 {
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
        if x == f64::NEG_INFINITY {
            f64::NAN
        } else {
            x / (1.0 + (-2.0 * inner).exp())
        }
    }
    fn gelu_erf(x: f64) -> f64 {
        0.5 * x * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
    }
    type Case = (Activation, fn(f64) -> f64, f64);
    let cases: [Case; 5] = [
        (Activation::Silu, silu, 1e-9),
        (Activation::GeluTanh, gelu_tanh, 4e-7),
        (Activation::GeluErf, gelu_erf, 4e-7),
        (Activation::Relu, |x| x.max(0.0), 0.0),
        (Activation::ReluSquared, |x| x.max(0.0).powi(2), 0.0),
    ];
    for (activation, truth, absolute) in cases {
        let what = format!("{activation:?}");
        check(
            &what,
            |x| reference().activate(activation, x),
            |kernels, x| kernels.activate(activation, x),
        );
        for i in -9000..=9000 {
            let x = i as f32 / 100.0;
            let mut got = [x];
            reference().activate(activation, &mut got);
            let truth = truth(f64::from(x));
            let error = (f64::from(got[0]) - truth).abs();
            let bound = absolute.max(truth.abs() * 4e-7);
            assert!(error <= bound, "{what}({x}) is {}, not {truth}", got[0]);
        }
        let up = Numbers(9).units(2048);
        check(
            "gate",
            |x| {
                reference().activate(activation, x);
                x.iter_mut().zip(&up).for_each(|(x, up)| *x *= up);
            },
            |kernels, x| kernels.gate(activation, x, &up[..x.len()]),
        );
    }
}

#[test]
fn softmax_follows_the_contract() {
    check(
        "softmax",
        |x| {
            if x.iter().any(|x| x.is_nan()) {
                x.fill(f32::NAN);
                return;
            }
            let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            x.iter_mut().for_each(|x| *x -= largest);
            reference().exp(x);
            let factor = 1.0 / naive::sum(x);
            x.iter_mut().for_each(|x| *x *= factor);
        },
        Kernels::softmax,
    );
    let mut x = [1.0, 2.0, f32::NEG_INFINITY, 4.0];
    Kernels::detect().softmax(&mut x);
    let total = 1f64.exp() + 2f64.exp() + 4f64.exp();
    for (x, truth) in x.iter().zip([1f64.exp(), 2f64.exp(), 0.0, 4f64.exp()]) {
        assert!((f64::from(*x) - truth / total).abs() < 1e-7);
    }
}

#[test]
fn argmax_takes_the_first_largest_and_reports_nan() {
    let nan = f32::NAN;
    let cases: [(&[f32], Option<usize>); 9] = [
        (&[], None),
        (&[3.0], Some(0)),
        (&[1.0, 7.0, 7.0], Some(1)),
        (&[-0.0, 0.0], Some(0)),
        (&[f32::NEG_INFINITY; 3], Some(0)),
        (&[1.0, f32::INFINITY, nan], None),
        (&[nan], None),
        (&[nan, 1.0], None),
        (&[-1.0, -2.0], Some(0)),
    ];
    let mut numbers = Numbers(10);
    for kernels in levels() {
        for (x, expected) in cases {
            assert_eq!(kernels.argmax(x), expected, "{} {x:?}", kernels.level());
        }
        for n in lengths() {
            let mut x = numbers.units(n);
            for at in [0, n / 2, n - 1] {
                x[at] = 2.0;
                let first = x.iter().position(|x| *x == 2.0);
                assert_eq!(kernels.argmax(&x), first);
            }
            x[n / 3] = nan;
            assert_eq!(kernels.argmax(&x), None, "{} of {n}", kernels.level());
        }
    }
}

#[test]
fn two_nans_are_the_same() {
    assert!(same(f32::NAN, -f32::NAN));
}
