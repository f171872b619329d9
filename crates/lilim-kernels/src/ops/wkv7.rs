//! A head of RWKV-7 at several positions: its vectors are made, its state moves through them, what
//! is read out of the state is normed and gated.
//!
//! A row of the state needs nothing of the others, so a few rows at a time are kept in registers
//! while they move through [`POSITIONS`] positions, whose vectors stay in the first cache. One head
//! is one call: its elementwise work on 64 values would take less time than calling for it.
//!
//! *Source*: Peng et al., "RWKV-7 Goose", section 4.

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays of registers, side by side"
)]

use crate::columns::ColumnsMut;
use crate::ops::dot::dot;
use crate::ops::elementwise::{mul, scale};
use crate::ops::exp::{exp_in_place, sigmoid_in_place};
use crate::ops::norm::{LayerNorm, l2_norm, layer_norm};
use crate::simd::{Chunk, LANES, Op, Simd};
use std::ops::Range;

/// Positions prepared at once.
const POSITIONS: usize = 16;

/// Vectors of a row of the state that is moved in registers: the head size of every known model.
const VECTORS: usize = 4;

/// The decay is `exp(DECAY * sigmoid(..))`: -e^-0.5; part of the architecture, not of the file.
const DECAY: f32 = -0.606_530_66;

/// Of the norm of each head's output; part of the architecture.
const HEAD_NORM_EPS: f32 = 64e-5;

/// Removal keys shorter than this are not stretched to unit length.
const MIN_KEY_LENGTH: f32 = 1e-12;

/// Scratch vectors of a position: see [`Prepared`].
const N_PREPARED: usize = 6;

/// Bytes that the scratch is aligned to, so that no vector lies in two cache lines.
const ALIGN: usize = 64;

/// What [`Kernels::wkv7`](crate::Kernels::wkv7) reads. All heads' columns are in the slices:
/// `[n_rows, dim]`, of which those from `col` on are looked at; weights are `[dim]`.
#[derive(Clone, Copy, Debug)]
pub struct Wkv7Args<'a> {
    /// Columns of all heads.
    pub dim: usize,
    /// The head's first column.
    pub col: usize,
    /// What is read out of the state.
    pub receptance: &'a [f32],
    /// How fast the state's columns fade, before `exp(-e^-0.5 · sigmoid)`.
    pub decay: &'a [f32],
    /// Keys, before they are damped by their rate.
    pub key: &'a [f32],
    /// Values, before they are mixed.
    pub value: &'a [f32],
    /// How much of what a key found is replaced, before `sigmoid`.
    pub rate: &'a [f32],
    /// Factor on the output.
    pub gate: &'a [f32],
    /// In all layers but the first: what values are pulled towards.
    pub mix: Option<Wkv7Mix<'a>>,
    /// Factor on the key that gives the removal key.
    pub removal_key: &'a [f32],
    /// How much of the rate the key is damped by.
    pub key_rate: &'a [f32],
    /// Factor on the receptance when it meets the present key.
    pub bonus: &'a [f32],
    /// Weight of the norm of the head's output.
    pub norm_weight: &'a [f32],
    /// Bias of that norm.
    pub norm_bias: Option<&'a [f32]>,
}

/// What values are pulled towards, and how far: `[n_rows, dim]` each.
#[derive(Clone, Copy, Debug)]
pub struct Wkv7Mix<'a> {
    /// The first layer's values.
    pub first_value: &'a [f32],
    /// How far, before `sigmoid`.
    pub share: &'a [f32],
}

/// The vectors of some positions: `[n, d]` each.
struct Prepared<'a> {
    n: usize,
    d: usize,
    /// Factor on each column of the state.
    decay: &'a mut [f32],
    key: &'a mut [f32],
    value: &'a mut [f32],
    /// What is looked up in the state: the removal key, negated.
    lookup: &'a mut [f32],
    /// Where what was found is written: the removal key times its rate.
    write: &'a mut [f32],
    /// What the head reads, before the norm.
    read: &'a mut [f32],
}

/// How many f32 of scratch [`wkv7`] needs for heads of this size.
pub(crate) const fn scratch_len(head_dim: usize) -> usize {
    N_PREPARED * POSITIONS * head_dim + ALIGN / size_of::<f32>()
}

/// For each position: `state[i][j] = fma(v[i], k[j], fma(found, b[j], state[i][j] * w[j]))` with
/// `found = dot(state[i], a)`, then `read[i] = dot(state[i], r)`, and
/// `out = (layer_norm(read) + v * dot(r * bonus, k)) * gate`.
#[inline(always)]
pub(crate) fn wkv7<S: Simd>(
    s: S,
    args: Wkv7Args<'_>,
    state: &mut [f32],
    scratch: &mut [f32],
    out: ColumnsMut<'_>,
) {
    let skip = scratch.as_ptr().align_offset(ALIGN);
    let scratch = &mut scratch[skip.min(ALIGN / size_of::<f32>())..];
    // a size that the compiler knows: no call for each copy of a head's values
    const D: usize = VECTORS * LANES;
    match out.n_cols() {
        D => move_head(s, args, D, (state, scratch), out),
        d => move_head(s, args, d, (state, scratch), out),
    }
}

/// [`wkv7`] of a head of `d` values.
#[inline(always)]
fn move_head<S: Simd>(
    s: S,
    args: Wkv7Args<'_>,
    d: usize,
    (state, scratch): (&mut [f32], &mut [f32]),
    mut out: ColumnsMut<'_>,
) {
    for first in (0..out.n_rows()).step_by(POSITIONS) {
        let args = args.after_rows(first);
        let mut positions = Prepared::new(scratch, POSITIONS.min(out.n_rows() - first), d);
        positions.fill(s, args);
        if d == VECTORS * LANES && S::WIDE {
            move_state::<S, 4>(s, &mut positions, args, state);
        } else if d == VECTORS * LANES && S::SIDE_BY_SIDE {
            move_state::<S, 1>(s, &mut positions, args, state);
        } else {
            step_state(s, &mut positions, args, state);
        }
        for i in 0..positions.n {
            positions.finish(s, args, i, &mut out.row_mut(first + i)[..d]);
        }
    }
}

impl<'a> Wkv7Args<'a> {
    /// The rows after so many.
    #[inline(always)]
    fn after_rows(self, row: usize) -> Self {
        let at = row * self.dim;
        Self {
            receptance: &self.receptance[at..],
            decay: &self.decay[at..],
            key: &self.key[at..],
            value: &self.value[at..],
            rate: &self.rate[at..],
            gate: &self.gate[at..],
            mix: self.mix.map(|mix| Wkv7Mix {
                first_value: &mix.first_value[at..],
                share: &mix.share[at..],
            }),
            ..self
        }
    }

    /// The head's `d` values in a row.
    #[inline(always)]
    fn head(self, rows: &'a [f32], row: usize, d: usize) -> &'a [f32] {
        &rows[row * self.dim + self.col..][..d]
    }
}

impl<'a> Prepared<'a> {
    #[inline(always)]
    fn new(scratch: &'a mut [f32], n: usize, d: usize) -> Self {
        let (decay, rest) = scratch.split_at_mut(n * d);
        let (key, rest) = rest.split_at_mut(n * d);
        let (value, rest) = rest.split_at_mut(n * d);
        let (lookup, rest) = rest.split_at_mut(n * d);
        let (write, rest) = rest.split_at_mut(n * d);
        Self {
            n,
            d,
            decay,
            key,
            value,
            lookup,
            write,
            read: &mut rest[..n * d],
        }
    }

    /// Makes the vectors of the first `n` rows.
    #[inline(always)]
    fn fill<S: Simd>(&mut self, s: S, args: Wkv7Args<'_>) {
        let d = self.d;
        for i in 0..self.n {
            let own = i * d..(i + 1) * d;
            self.decay[own.clone()].copy_from_slice(args.head(args.decay, i, d));
            // the rate, until it is multiplied by the removal key
            self.write[own].copy_from_slice(args.head(args.rate, i, d));
        }
        sigmoid_in_place(s, self.decay);
        scale(s, self.decay, DECAY);
        exp_in_place(s, self.decay);
        sigmoid_in_place(s, self.write);
        for i in 0..self.n {
            let own = i * d..(i + 1) * d;
            let value = &mut self.value[own.clone()];
            value.copy_from_slice(args.head(args.value, i, d));
            if let Some(mix) = args.mix {
                let share = &mut self.read[own.clone()];
                share.copy_from_slice(args.head(mix.share, i, d));
                sigmoid_in_place(s, share);
                let first = args.head(mix.first_value, i, d);
                for ((value, first), share) in value.iter_mut().zip(first).zip(share) {
                    *value += (first - *value) * *share;
                }
            }
            let key = args.head(args.key, i, d);
            self.split_key(s, args, own, key);
        }
    }

    /// Makes the removal key, of unit length, and damps the key by its rate.
    #[inline(always)]
    fn split_key<S: Simd>(&mut self, s: S, args: Wkv7Args<'_>, own: Range<usize>, key: &[f32]) {
        let d = self.d;
        let lookup = &mut self.lookup[own.clone()];
        lookup.copy_from_slice(key);
        mul(s, lookup, args.head(args.removal_key, 0, d));
        l2_norm(s, lookup, MIN_KEY_LENGTH);
        let (damped, write) = (&mut self.key[own.clone()], &mut self.write[own]);
        let key_rate = args.head(args.key_rate, 0, d);
        for (((damped, key), rate), key_rate) in
            damped.iter_mut().zip(key).zip(&*write).zip(key_rate)
        {
            *damped = key * (1.0 + (rate - 1.0) * key_rate);
        }
        for (write, lookup) in write.iter_mut().zip(lookup) {
            *write *= *lookup;
            *lookup = -*lookup;
        }
    }

    /// Norms what was read at position `i`, adds what the present key gives at once, and gates.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, s: S, args: Wkv7Args<'_>, i: usize, out: &mut [f32]) {
        let d = self.d;
        let own = i * d..(i + 1) * d;
        let norm = LayerNorm {
            weight: Some(args.head(args.norm_weight, 0, d)),
            bias: args.norm_bias.map(|bias| args.head(bias, 0, d)),
            eps: HEAD_NORM_EPS,
        };
        layer_norm(s, norm, &self.read[own.clone()], out);
        // the lookup has been used up
        let weighted = &mut self.lookup[own.clone()];
        weighted.copy_from_slice(args.head(args.receptance, i, d));
        mul(s, weighted, args.head(args.bonus, 0, d));
        let bonus = dot(s, weighted, &self.key[own.clone()]);
        let gate = args.head(args.gate, i, d);
        for ((out, value), gate) in out.iter_mut().zip(&self.value[own]).zip(gate) {
            *out = (*out + bonus * value) * gate;
        }
    }
}

/// Moves the state through the positions, a row at a time.
#[inline(always)]
fn step_state<S: Simd>(s: S, positions: &mut Prepared<'_>, args: Wkv7Args<'_>, state: &mut [f32]) {
    let d = positions.d;
    for i in 0..positions.n {
        let own = i * d..(i + 1) * d;
        let (decay, key) = (&positions.decay[own.clone()], &positions.key[own.clone()]);
        let (lookup, write) = (
            &positions.lookup[own.clone()],
            &positions.write[own.clone()],
        );
        let value = &positions.value[own.clone()];
        let receptance = args.head(args.receptance, i, d);
        for ((row, v), read) in state
            .chunks_exact_mut(d)
            .zip(value)
            .zip(&mut positions.read[own])
        {
            let found = dot(s, row, lookup);
            for (((x, w), b), k) in row.iter_mut().zip(decay).zip(write).zip(key) {
                *x = v.mul_add(*k, found.mul_add(*b, *x * w));
            }
            *read = dot(s, row, receptance);
        }
    }
}

/// [`step_state`], `R` rows of the state at a time through all positions.
#[inline(always)]
fn move_state<S: Simd, const R: usize>(
    s: S,
    positions: &mut Prepared<'_>,
    args: Wkv7Args<'_>,
    state: &mut [f32],
) {
    let (rows, _) = state.as_chunks_mut::<LANES>();
    for (group, rows) in rows.chunks_exact_mut(R * VECTORS).enumerate() {
        s.run(MoveRows::<R> {
            positions: &mut *positions,
            args,
            rows,
            first: group * R,
        });
    }
}

/// `R` rows of the state and the positions that they move through.
struct MoveRows<'a, 'p, const R: usize> {
    positions: &'a mut Prepared<'p>,
    args: Wkv7Args<'a>,
    /// `[R, VECTORS]`
    rows: &'a mut [Chunk],
    /// The number of the first row.
    first: usize,
}

impl<const R: usize> Op for MoveRows<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Prepared {
            n,
            d,
            decay,
            key,
            value,
            lookup,
            write,
            read,
        } = self.positions;
        let mut state = [[s.zero(); VECTORS]; R];
        for r in 0..R {
            for c in 0..VECTORS {
                state[r][c] = s.load(&self.rows[r * VECTORS + c]);
            }
        }
        for i in 0..*n {
            let at = i * VECTORS * LANES;
            let lookup = vectors(lookup, at);
            let mut sums = [s.zero(); R];
            for c in 0..VECTORS {
                let a = s.load(&lookup[c]);
                for r in 0..R {
                    sums[r] = s.fma(state[r][c], a, sums[r]);
                }
            }
            let value = &value[at + self.first..][..R];
            let (mut found, mut v) = ([s.zero(); R], [s.zero(); R]);
            let looked_up = s.sum_each(sums);
            for r in 0..R {
                found[r] = s.splat(looked_up[r]);
                v[r] = s.splat(value[r]);
                sums[r] = s.zero();
            }
            let (decay, key, write) = (vectors(decay, at), vectors(key, at), vectors(write, at));
            let receptance = vectors(self.args.head(self.args.receptance, i, *d), 0);
            for c in 0..VECTORS {
                let (w, b) = (s.load(&decay[c]), s.load(&write[c]));
                let (k, reading) = (s.load(&key[c]), s.load(&receptance[c]));
                for r in 0..R {
                    let kept = s.fma(found[r], b, s.mul(state[r][c], w));
                    state[r][c] = s.fma(v[r], k, kept);
                    sums[r] = s.fma(state[r][c], reading, sums[r]);
                }
            }
            read[at + self.first..][..R].copy_from_slice(&s.sum_each(sums));
        }
        for r in 0..R {
            for c in 0..VECTORS {
                s.store(state[r][c], &mut self.rows[r * VECTORS + c]);
            }
        }
    }
}

/// A position's vectors, from element `at` on.
#[inline(always)]
fn vectors(values: &[f32], at: usize) -> &[Chunk; VECTORS] {
    let (chunks, _) = values[at..at + VECTORS * LANES].as_chunks();
    chunks.try_into().expect("so many were cut out")
}
