//! The filters that take unlikely tokens out: locally typical, top-p, min-p. (Top-k is a selection:
//! see `candidates`.)
//!
//! Each sees the candidates that the one before it left, renormalised, in rising order of id, and
//! leaves at least one. What they keep is checked against plain f64 twins and against the cases of
//! llama.cpp's own sampler test.

use crate::candidates::{Candidate, Candidates, by_likelihood, keep_sorted_until, sort_by_id};
use crate::exp::{exp, sum_of};

/// A candidate with its probability and the score that a filter orders it by.
#[derive(Clone, Copy)]
struct Weighed {
    candidate: Candidate,
    probability: f64,
    score: f64,
}

/// Probabilities of the candidates, in their order.
pub(crate) fn softmax(candidates: &[Candidate], temperature: f64) -> Vec<f64> {
    let max = max_logit(candidates);
    let mut weights = vec![0.0; candidates.len()];
    for (weight, candidate) in weights.iter_mut().zip(candidates) {
        *weight = exp((f64::from(candidate.logit) - max) / temperature);
    }
    let sum = sum_of(&weights, |&weight| weight);
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}

/// Keeps the likeliest candidates, as few as reach the sum `p`.
pub(crate) fn top_p(candidates: &mut Candidates, p: f32) {
    if p >= 1.0 {
        return;
    }
    let mut weighed = weigh(candidates);
    let mut sum = 0.0;
    keep_sorted_until(
        &mut weighed,
        |a, b| by_likelihood(&a.candidate, &b.candidate),
        |next| {
            sum += next.probability;
            sum >= f64::from(p)
        },
    );
    replace(candidates, &weighed);
}

/// Keeps the candidates at least `p` times as likely as the likeliest.
pub(crate) fn min_p(candidates: &mut Candidates, p: f32) {
    if p <= 0.0 {
        return;
    }
    let floor = max_logit(candidates) + libm::log(f64::from(p));
    candidates.retain(|candidate| f64::from(candidate.logit) >= floor);
}

/// Keeps the candidates whose surprise is nearest to the expected surprise (the entropy), as few as
/// exceed the mass `p`.
///
/// *Source*: C. Meister and others, "Locally typical sampling" (2022).
pub(crate) fn typical(candidates: &mut Candidates, p: f32) {
    if p >= 1.0 {
        return;
    }
    let mut weighed = weigh(candidates);
    // A probability of 0 adds nothing to the entropy, and its surprise is infinite.
    let surprise = |probability: f64| -libm::log(probability);
    let entropy: f64 = weighed
        .iter()
        .filter(|item| item.probability > 0.0)
        .map(|item| item.probability * surprise(item.probability))
        .sum();
    for item in &mut weighed {
        item.score = (surprise(item.probability) - entropy).abs();
    }
    let mut sum = 0.0;
    keep_sorted_until(
        &mut weighed,
        |a, b| {
            a.score
                .total_cmp(&b.score)
                .then(a.candidate.id.cmp(&b.candidate.id))
        },
        |next| {
            sum += next.probability;
            sum > f64::from(p)
        },
    );
    replace(candidates, &weighed);
}

fn max_logit(candidates: &[Candidate]) -> f64 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (chunks, rest) = candidates.as_chunks::<16>();
    let mut max = [f32::NEG_INFINITY; 16];
    for chunk in chunks.iter().map(<[Candidate; 16]>::as_slice).chain([rest]) {
        for (max, candidate) in max.iter_mut().zip(chunk) {
            *max = larger(*max, candidate.logit);
        }
    }
    max.into_iter().fold(f32::NEG_INFINITY, larger).into()
}

fn weigh(candidates: &[Candidate]) -> Vec<Weighed> {
    let probabilities = softmax(candidates, 1.0);
    candidates
        .iter()
        .zip(probabilities)
        .map(|(&candidate, probability)| Weighed {
            candidate,
            probability,
            score: 0.0,
        })
        .collect()
}

fn replace(candidates: &mut Candidates, kept: &[Weighed]) {
    candidates.clear();
    candidates.extend(kept.iter().map(|item| item.candidate));
    sort_by_id(candidates);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::{all, likeliest_k};
    use crate::rng::Rng;

    fn ids(candidates: &[Candidate]) -> Vec<u32> {
        candidates.iter().map(|candidate| candidate.id).collect()
    }

    fn log_all(probabilities: &[f32]) -> Vec<f32> {
        probabilities.iter().map(|p| p.ln()).collect()
    }

    fn check(probabilities: &[f32], filter: impl Fn(&mut Candidates), expected: &[(u32, f64)]) {
        let mut candidates = all(&log_all(probabilities));
        filter(&mut candidates);
        let left = softmax(&candidates, 1.0);
        assert_eq!(
            ids(&candidates),
            expected.iter().map(|e| e.0).collect::<Vec<_>>()
        );
        for (got, (id, expected)) in left.iter().zip(expected) {
            assert!(
                (got - expected).abs() < 1e-5,
                "token {id}: {got}, expected {expected}"
            );
        }
    }

    const STEPS: [f32; 4] = [0.1, 0.2, 0.3, 0.4];
    const ALL: &[(u32, f64)] = &[(0, 0.1), (1, 0.2), (2, 0.3), (3, 0.4)];
    const THREE: &[(u32, f64)] = &[(1, 0.222_222), (2, 0.333_333), (3, 0.444_444)];
    const TWO: &[(u32, f64)] = &[(2, 0.428_571), (3, 0.571_429)];
    const ONE: &[(u32, f64)] = &[(3, 1.0)];

    #[test]
    fn top_k_cases() {
        for (k, expected) in [(1, ONE), (2, TWO), (3, THREE), (4, ALL), (5, ALL)] {
            check(&STEPS, |c| *c = likeliest_k(&log_all(&STEPS), k), expected);
        }
    }

    #[test]
    fn top_p_cases() {
        for (p, expected) in [
            (0.0, ONE),
            (0.4, ONE),
            (0.69, TWO),
            (0.8, THREE),
            (1.0, ALL),
        ] {
            check(&STEPS, |c| top_p(c, p), expected);
        }
    }

    #[test]
    fn min_p_cases() {
        let cases = [
            (0.0, ALL),
            (0.24, ALL),
            (0.26, THREE),
            (0.49, THREE),
            (0.51, TWO),
            (0.74, TWO),
            (0.76, ONE),
            (1.0, ONE),
        ];
        for (p, expected) in cases {
            check(&STEPS, |c| min_p(c, p), expected);
        }
    }

    #[test]
    fn typical_cases() {
        check(&[0.97, 0.01, 0.01, 0.01], |c| typical(c, 0.5), &[(0, 1.0)]);
        let third = 1.0 / 3.0;
        check(
            &[0.4, 0.2, 0.2, 0.2],
            |c| typical(c, 0.5),
            &[(1, third), (2, third), (3, third)],
        );
        check(&STEPS, |c| typical(c, 1.0), ALL);
    }

    #[test]
    fn equal_tokens_leave_by_higher_id_first() {
        let equal = [0.25; 4];
        check(&equal, |c| top_p(c, 0.4), &[(0, 0.5), (1, 0.5)]);
        check(&equal, |c| typical(c, 0.4), &[(0, 0.5), (1, 0.5)]);
    }

    #[test]
    fn banned_tokens_do_no_harm() {
        let logits = [0.0, f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY];
        for filter in [top_p, min_p, typical] {
            let mut candidates = all(&logits);
            filter(&mut candidates, 0.9);
            assert_eq!(ids(&candidates), [0, 2]);
        }
    }

    /// The filters as their papers say them: sort everything, add up.
    mod twin {
        pub(super) fn softmax(logits: &[f64]) -> Vec<f64> {
            let sum: f64 = logits.iter().map(|x| x.exp()).sum();
            logits.iter().map(|x| x.exp() / sum).collect()
        }

        /// Takes tokens in the order of `score` until `enough` says the sum suffices.
        pub(super) fn mass(
            p: &[f64],
            score: impl Fn(usize) -> f64,
            enough: impl Fn(f64) -> bool,
        ) -> Vec<u32> {
            let mut order: Vec<usize> = (0..p.len()).collect();
            order.sort_by(|&a, &b| score(a).total_cmp(&score(b)));
            let mut sum = 0.0;
            let mut kept = Vec::new();
            for index in order {
                sum += p[index];
                kept.push(u32::try_from(index).unwrap());
                if enough(sum) {
                    break;
                }
            }
            kept.sort_unstable();
            kept
        }
    }

    #[test]
    fn filters_agree_with_their_twins_on_random_logits() {
        for (n, seed) in [(3, 1), (50, 2), (1_000, 3), (30_000, 4)] {
            let mut rng = Rng::new(seed);
            for mass in [0.05_f32, 0.3, 0.62, 0.9, 0.97] {
                let logits: Vec<f32> = (0..n)
                    .map(|_| (rng.next_f64() * 12.0 - 6.0) as f32)
                    .collect();
                let wide: Vec<f64> = logits.iter().map(|&x| f64::from(x)).collect();
                let p = twin::softmax(&wide);
                let limit = f64::from(mass);
                let label = format!("n {n}, mass {mass}");

                let mut kept = all(&logits);
                top_p(&mut kept, mass);
                assert_eq!(
                    ids(&kept),
                    twin::mass(&p, |i| -p[i], |sum| sum >= limit),
                    "{label}"
                );

                let entropy: f64 = p.iter().map(|p| -p * p.ln()).sum();
                let score = |i: usize| (-p[i].ln() - entropy).abs();
                let mut kept = all(&logits);
                typical(&mut kept, mass);
                assert_eq!(
                    ids(&kept),
                    twin::mass(&p, score, |sum| sum > limit),
                    "{label}"
                );

                let best = p.iter().copied().fold(0.0, f64::max);
                let likely: Vec<u32> = (0_u32..)
                    .zip(&p)
                    .filter(|(_, p)| **p >= limit * best)
                    .map(|(id, _)| id)
                    .collect();
                let mut kept = all(&logits);
                min_p(&mut kept, mass);
                assert_eq!(ids(&kept), likely, "{label}");
            }
        }
    }
}
