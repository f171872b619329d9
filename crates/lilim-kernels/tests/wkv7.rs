//! A head of RWKV-7: every level gives the bits of the formulas, step by step and value by value,
//! however many positions come at once.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

mod naive;

use lilim_kernels::{ColumnsMut, Kernels, Level, Wkv7Args, Wkv7Mix};
use naive::{Numbers, check_same, levels};

/// Heads of a layer; the middle one is computed.
const N_HEADS: usize = 3;

/// All that a head reads.
struct Head {
    n: usize,
    d: usize,
    is_first: bool,
    /// Receptance, decay, key, value, rate, gate, first value, share. `[n, N_HEADS * d]`
    rows: [Vec<f32>; 8],
    /// Removal key, key rate, bonus, norm's weight, its bias. `[N_HEADS * d]`
    weights: [Vec<f32>; 5],
    state: Vec<f32>,
}

impl Head {
    fn new(numbers: &mut Numbers, (n, d): (usize, usize), is_first: bool) -> Self {
        let wide = N_HEADS * d;
        let rows = [(); 8].map(|()| numbers.units(n * wide).iter().map(|x| x * 3.0).collect());
        Self {
            n,
            d,
            is_first,
            rows,
            weights: [(); 5].map(|()| numbers.units(wide)),
            state: numbers.units(d * d),
        }
    }

    /// The middle head from some position on.
    fn args(&self, first: usize, n: usize) -> Wkv7Args<'_> {
        let dim = N_HEADS * self.d;
        let rows = |i: usize| &self.rows[i][first * dim..(first + n) * dim];
        let [removal_key, key_rate, bonus, norm_weight, norm_bias] = &self.weights;
        Wkv7Args {
            dim,
            col: self.d,
            receptance: rows(0),
            decay: rows(1),
            key: rows(2),
            value: rows(3),
            rate: rows(4),
            gate: rows(5),
            mix: (!self.is_first).then(|| Wkv7Mix {
                first_value: rows(6),
                share: rows(7),
            }),
            removal_key,
            key_rate,
            bonus,
            norm_weight,
            norm_bias: self.is_first.then_some(norm_bias),
        }
    }

    /// The state after all positions and what is given at each, by the formulas.
    fn by_formula(&self) -> (Vec<f32>, Vec<f32>) {
        let mut state = self.state.clone();
        let mut out = Vec::new();
        for position in 0..self.n {
            out.extend(self.step(position, &mut state));
        }
        (state, out)
    }

    fn step(&self, position: usize, state: &mut [f32]) -> Vec<f32> {
        let d = self.d;
        let plain = Kernels::for_level(Level::Reference).unwrap();
        let row = |i: usize| self.rows[i][(position * N_HEADS + 1) * d..][..d].to_vec();
        let weight = |i: usize| &self.weights[i][d..2 * d];
        let [r, mut w, mut k, mut v, mut rate, gate, first, mut share] =
            [0, 1, 2, 3, 4, 5, 6, 7].map(row);
        plain.sigmoid(&mut w);
        plain.scale(&mut w, -libm::expf(-0.5));
        plain.exp(&mut w);
        plain.sigmoid(&mut rate);
        plain.sigmoid(&mut share);
        let mut a = k.clone();
        plain.mul(&mut a, weight(0));
        plain.l2_norm(&mut a, 1e-12);
        let mut b = a.clone();
        plain.mul(&mut b, &rate);
        for j in 0..d {
            a[j] = -a[j];
            k[j] *= 1.0 + (rate[j] - 1.0) * weight(1)[j];
            if !self.is_first {
                v[j] += (first[j] - v[j]) * share[j];
            }
        }
        let mut read = vec![0.0; d];
        for i in 0..d {
            let row = &mut state[i * d..(i + 1) * d];
            let found = naive::dot(row, &a);
            for j in 0..d {
                row[j] = v[i].mul_add(k[j], found.mul_add(b[j], row[j] * w[j]));
            }
            read[i] = naive::dot(row, &r);
        }
        let mean = naive::sum(&read) / d as f32;
        read.iter_mut().for_each(|x| *x -= mean);
        let factor = 1.0 / (naive::dot(&read, &read) / d as f32 + 64e-5).sqrt();
        let weighted: Vec<f32> = r
            .iter()
            .zip(weight(2))
            .map(|(r, bonus)| r * bonus)
            .collect();
        let bonus = naive::dot(&weighted, &k);
        for i in 0..d {
            read[i] = read[i] * factor * weight(3)[i];
            if self.is_first {
                read[i] += weight(4)[i];
            }
            read[i] = (read[i] + bonus * v[i]) * gate[i];
        }
        read
    }

    /// The same by a kernel, the positions cut into these runs.
    fn by_kernel(&self, kernels: &Kernels, cuts: &[usize]) -> (Vec<f32>, Vec<f32>) {
        let (mut state, mut out) = (self.state.clone(), vec![0.0; self.n * self.d]);
        let mut scratch = vec![f32::NAN; Kernels::wkv7_scratch(self.d)];
        let mut first = 0;
        for &n in cuts {
            let own = &mut out[first * self.d..(first + n) * self.d];
            let out = ColumnsMut::new(own, n);
            kernels.wkv7(self.args(first, n), &mut state, &mut scratch, out);
            first += n;
        }
        assert_eq!(first, self.n);
        (state, out)
    }
}

#[test]
fn heads_follow_the_contract_in_any_cut() {
    let mut numbers = Numbers(13);
    for d in [1, 3, 8, 16, 17, 32, 64, 80, 128] {
        for (n, cuts) in [
            (1, vec![1]),
            (16, vec![16]),
            (37, vec![37]),
            (37, vec![1, 15, 20, 1]),
        ] {
            for is_first in [true, false] {
                let head = Head::new(&mut numbers, (n, d), is_first);
                let (state, out) = head.by_formula();
                for kernels in levels() {
                    let what = format!("{n} positions of {d} at {}", kernels.level());
                    let got = head.by_kernel(kernels, &cuts);
                    check_same(&got.0, &state, format!("state after {what}"));
                    check_same(&got.1, &out, format!("output of {what}"));
                }
            }
        }
    }
}
