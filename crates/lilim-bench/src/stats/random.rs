//! Seeded randomness: ChaCha8 words and our own small mappings from them.
//!
//! The mappings are ours because `bench verify` recomputes old files: a library may change how it
//! draws a number in a range from one version to the next, ChaCha's words cannot change.

use std::f64::consts::PI;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What the numbers are for; each purpose has a stream of its own under one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Bootstrap = 1,
    Order = 2,
    Arrivals = 3,
    ChangePoints = 4,
    Simulate = 5,
}

/// A stream of random numbers that depends on seed and purpose only.
pub(crate) struct Random {
    words: ChaCha8Rng,
}

/// Standard normal numbers of a seed.
pub(crate) fn normal_numbers(seed: u64, n: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; n];
    Random::new(seed, Purpose::Simulate).fill_normal(&mut numbers);
    numbers
}

impl Random {
    /// Starts the stream of `purpose` under `seed`.
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut words = ChaCha8Rng::from_seed(key);
        words.set_stream(purpose as u64);
        Self { words }
    }

    /// A seed for something that draws on its own.
    pub(crate) fn seed(&mut self) -> u64 {
        self.words.next_u64()
    }

    /// An integer in `0..n`; the bias of the multiplication is below n / 2³².
    pub(crate) fn below(&mut self, n: usize) -> usize {
        debug_assert!(n > 0 && n <= u32::MAX as usize, "{n}");
        ((u64::from(self.words.next_u32()) * n as u64) >> 32) as usize
    }

    /// A uniform number in (0, 1].
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.words.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// An exponential number of mean 1 (inversion).
    pub(crate) fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    /// Fills `out` with standard normal numbers (Box and Muller, 1958).
    pub(crate) fn fill_normal(&mut self, out: &mut [f64]) {
        for pair in out.chunks_mut(2) {
            let radius = libm::sqrt(2.0 * self.exponential());
            let (sine, cosine) = libm::sincos(2.0 * PI * self.uniform());
            pair[0] = radius * cosine;
            if let Some(second) = pair.get_mut(1) {
                *second = radius * sine;
            }
        }
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_never_change() {
        let mut random = Random::new(1, Purpose::Bootstrap);
        let words: Vec<usize> = (0..8).map(|_| random.below(1000)).collect();
        assert_eq!(words, [548, 103, 672, 817, 627, 638, 663, 327]);
        assert_ne!(
            Random::new(1, Purpose::Order).below(1 << 30),
            random.below(1 << 30)
        );
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut numbers = vec![0.0; 100_000];
        Random::new(2, Purpose::Simulate).fill_normal(&mut numbers);
        let mean = numbers.iter().sum::<f64>() / 1e5;
        let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 1e5;
        // four standard errors
        assert!(mean.abs() < 4.0 / 1e5_f64.sqrt(), "{mean}");
        assert!(
            (variance - 1.0).abs() < 4.0 * (2.0 / 1e5_f64).sqrt(),
            "{variance}"
        );
    }
}
