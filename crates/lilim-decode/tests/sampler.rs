//! The sampler as its callers see it: what is drawn, how often, and what is refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use lilim_api::{EngineError, SamplingOptions, TokenId};
use lilim_decode::{Rng, Sampler};

/// Everything off, temperature 1: draws follow the softmax of the logits.
fn plain() -> SamplingOptions {
    SamplingOptions {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        min_p: 0.0,
        ..SamplingOptions::default()
    }
}

fn random_logits(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    (0..n)
        .map(|_| (rng.next_f64() * 6.0 - 3.0) as f32)
        .collect()
}

fn draws(options: &SamplingOptions, logits: &[f32], seed: u64, n: usize) -> Vec<TokenId> {
    let mut sampler = Sampler::new(options, logits.len(), seed, None).unwrap();
    (0..n)
        .map(|_| sampler.sample(logits, &[]).unwrap().id)
        .collect()
}

fn softmax(logits: &[f32], temperature: f64) -> Vec<f64> {
    let weights: Vec<f64> = logits
        .iter()
        .map(|&x| (f64::from(x) / temperature).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

/// Compares counts with probabilities; tokens of probability 0 must not be drawn at all.
fn check_chi_square(drawn: &[TokenId], probabilities: &[f64], label: &str) {
    let mut counts = vec![0.0; probabilities.len()];
    for &id in drawn {
        counts[id as usize] += 1.0;
    }
    let (mut chi_square, mut n_cells) = (0.0, 0.0);
    for (count, probability) in counts.iter().zip(probabilities) {
        let expected = probability * drawn.len() as f64;
        if expected == 0.0 {
            assert_eq!(*count, 0.0, "{label}: a filtered token was drawn");
        } else {
            chi_square += (count - expected).powi(2) / expected;
            n_cells += 1.0;
        }
    }
    // Mean n-1, variance 2(n-1): five standard deviations are far beyond chance, and the seed is
    // fixed besides.
    let freedom: f64 = n_cells - 1.0;
    let limit = freedom + 5.0 * (2.0 * freedom).sqrt();
    assert!(chi_square < limit, "{label}: {chi_square} over {limit}");
}

#[test]
fn draws_follow_the_distribution() {
    let logits = random_logits(20, 1);
    for temperature in [0.5_f32, 1.0, 2.0] {
        let options = SamplingOptions {
            temperature,
            ..plain()
        };
        let drawn = draws(&options, &logits, 42, 50_000);
        let expected = softmax(&logits, f64::from(temperature));
        check_chi_square(&drawn, &expected, &format!("temperature {temperature}"));
    }
}

#[test]
fn filters_act_before_temperature() {
    // At temperature 1 the last token misses the min-p floor; at 10 it would pass it.
    let logits = [0.0, -0.5, -3.0];
    let options = SamplingOptions {
        temperature: 10.0,
        min_p: 0.1,
        ..plain()
    };
    let mut expected = softmax(&logits[..2], 10.0);
    expected.push(0.0);
    check_chi_square(&draws(&options, &logits, 3, 20_000), &expected, "min-p");
}

#[test]
fn penalties_act_before_top_k() {
    let options = SamplingOptions {
        presence_penalty: 5.0,
        top_k: 1,
        ..plain()
    };
    let mut sampler = Sampler::new(&options, 3, 0, None).unwrap();
    let logits = [1.0, 2.0, 3.0];
    assert_eq!(sampler.sample(&logits, &[2]).unwrap().id, 1);
}

#[test]
fn top_k_acts_before_typical() {
    // Of all four, the three at 0.2 are the typical ones; of the best two, the lower-entropy pair
    // keeps its likeliest.
    let logits: Vec<f32> = [0.4_f32, 0.2, 0.2, 0.2].iter().map(|p| p.ln()).collect();
    let options = SamplingOptions {
        typical_p: 0.5,
        ..plain()
    };
    let drawn = draws(&options, &logits, 1, 1_000);
    assert!(!drawn.contains(&0));
    let options = SamplingOptions {
        top_k: 2,
        ..options
    };
    assert!(draws(&options, &logits, 1, 1_000).iter().all(|&id| id == 0));
}

#[test]
fn greedy_takes_the_likeliest_and_the_lowest_id_among_equals() {
    let mut sampler = Sampler::new(&SamplingOptions::greedy(), 5, 0, None).unwrap();
    for (logits, expected) in [
        ([0.0, 1.0, 4.0, 4.0, -1.0], 2),
        ([-5.0, -5.0, -5.0, -5.0, -5.0], 0),
        ([-0.0, 0.0, -1.0, 0.0, -2.0], 0),
    ] {
        assert_eq!(sampler.sample(&logits, &[]).unwrap().id, expected);
    }
}

#[test]
fn greedy_hears_penalties_and_bias_but_needs_no_filter() {
    let options = SamplingOptions {
        repeat_penalty: 2.0,
        logit_bias: vec![(0, 10.0), (3, f32::NEG_INFINITY)],
        top_k: 1,
        ..SamplingOptions::greedy()
    };
    let mut sampler = Sampler::new(&options, 4, 0, None).unwrap();
    let logits = [-8.0, 3.0, 2.5, 9.0];
    assert_eq!(sampler.sample(&logits, &[]).unwrap().id, 1);
    assert_eq!(sampler.sample(&logits, &[1]).unwrap().id, 2);
    assert_eq!(sampler.sample(&logits, &[1, 2]).unwrap().id, 0);
}

#[test]
fn same_seed_same_tokens_and_these_are_they() {
    let logits = random_logits(1_000, 8);
    let options = SamplingOptions::default();
    let drawn = draws(&options, &logits, 1234, 12);
    assert_eq!(drawn, draws(&options, &logits, 1234, 12));
    assert_ne!(drawn, draws(&options, &logits, 1235, 12));
    // Written down so that a change of platform, toolchain or code that moves them is noticed.
    assert_eq!(drawn, GOLDEN_DRAWS);
}

const GOLDEN_DRAWS: [TokenId; 12] = [671, 356, 897, 15, 613, 296, 230, 881, 881, 76, 817, 235];

#[test]
fn a_tiny_temperature_is_as_good_as_greedy() {
    let logits = random_logits(100, 2);
    let options = SamplingOptions {
        temperature: f32::MIN_POSITIVE,
        ..plain()
    };
    let greedy = draws(&SamplingOptions::greedy(), &logits, 0, 1);
    assert_eq!(draws(&options, &logits, 0, 1), greedy);
}

#[test]
fn logprobs_are_of_the_raw_logits() {
    let probabilities = [0.1_f32, 0.2, 0.3, 0.4];
    let logits = probabilities.map(f32::ln);
    let options = SamplingOptions {
        logit_bias: vec![(0, 50.0)],
        logprobs: Some(2),
        ..SamplingOptions::greedy()
    };
    let mut sampler = Sampler::new(&options, 4, 0, None).unwrap();
    let choice = sampler.sample(&logits, &[]).unwrap();
    assert_eq!(choice.id, 0);
    assert!((choice.logprob.unwrap() - 0.1_f32.ln()).abs() < 1e-6);
    assert_eq!(choice.top.iter().map(|t| t.0).collect::<Vec<_>>(), [3, 2]);
    assert!((choice.top[0].1 - 0.4_f32.ln()).abs() < 1e-6);
}

#[test]
fn logits_that_are_no_numbers_are_named() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for options in [SamplingOptions::greedy(), SamplingOptions::default()] {
            let mut logits = vec![0.5; 300];
            logits[257] = value;
            let mut sampler = Sampler::new(&options, 300, 0, None).unwrap();
            match sampler.sample(&logits, &[1, 2, 3]) {
                Err(EngineError::NotANumber {
                    value: named,
                    id: 257,
                    pos: 2,
                }) => assert!(named.is_nan() == value.is_nan()),
                other => panic!("{value}: {other:?}"),
            }
        }
    }
}

#[test]
fn the_largest_finite_logits_are_fine() {
    let logits = [f32::MAX, f32::MIN, f32::MAX];
    assert!(draws(&plain(), &logits, 1, 100).iter().all(|&id| id != 1));
}

#[test]
fn banning_every_token_is_an_error() {
    for options in [
        SamplingOptions::greedy(),
        SamplingOptions::default(),
        plain(),
    ] {
        let options = SamplingOptions {
            logit_bias: vec![(0, f32::NEG_INFINITY), (1, f32::NEG_INFINITY)],
            ..options
        };
        let mut sampler = Sampler::new(&options, 2, 0, None).unwrap();
        assert!(matches!(
            sampler.sample(&[1.0, 2.0], &[]),
            Err(EngineError::InvalidOption { option, .. }) if option == "logit_bias"
        ));
    }
}

#[test]
fn bad_options_are_refused_at_once() {
    let options = SamplingOptions {
        top_p: -1.0,
        ..SamplingOptions::default()
    };
    assert!(Sampler::new(&options, 2, 0, None).is_err());
}
