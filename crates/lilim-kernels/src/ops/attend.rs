//! Attention of a tile of queries that share a kv head: some positions by some heads.
//!
//! Positions are cut into spans of 256 at absolute multiples. In a span each query has its own
//! softmax: the largest score M, the sum of weights L and the mixture of values A (a *state*);
//! spans are merged in rising order. Which queries are computed together, and whether one thread
//! or several compute a query's spans, changes no bit. Inside a tile a query may see less than its
//! neighbours: what it does not see takes no part in its sums, not even as a zero.

use crate::columns::ColumnsMut;
use crate::ops::attend_tile::{Mix, Row, SPAN, Scores, Sums, for_tile, tile_queries};
use crate::ops::exp::{exp, tanh};
use crate::ops::kv::KvKind;
use crate::simd::{Chunk, LANES, Simd};
use std::ops::Range;

/// One head's cached keys or values, from position 0 on.
#[derive(Clone, Copy, Debug)]
pub struct KvRows<'a> {
    /// How they are kept.
    pub kind: KvKind,
    /// Elements of a key, or values at a position.
    pub dim: usize,
    /// Keys: tiles of [`KvKind::tile_bytes`]. Values: rows of [`KvKind::row_bytes`].
    pub bytes: &'a [u8],
}

/// Queries at consecutive positions, of heads that share a kv head.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a> {
    /// Rows, one a position, that begin with `[n_heads, dim]`.
    pub rows: &'a [f32],
    /// Values from one row to the next.
    pub stride: usize,
    /// Rows that are queries.
    pub n_rows: usize,
    /// Heads in a row.
    pub n_heads: usize,
    /// The position of the first row.
    pub first: usize,
}

/// What [`Kernels::attend`](crate::Kernels::attend) computes.
#[derive(Clone, Copy, Debug)]
pub struct AttendArgs<'a> {
    /// Who looks.
    pub queries: Queries<'a>,
    /// The keys; as many elements as a query has.
    pub keys: KvRows<'a>,
    /// The values; as many as there are outputs of a head.
    pub values: KvRows<'a>,
    /// How many positions a query sees, its own included; all up to its own without.
    pub window: Option<usize>,
    /// Factor on the dot products, usually `1 / sqrt(key_dim)`.
    pub scale: f32,
    /// Caps the scaled scores smoothly: `cap * tanh(score / cap)`.
    pub softcap: Option<f32>,
    /// For each head a learned logit that takes a share of the softmax and has no value.
    pub sinks: Option<&'a [f32]>,
}

impl AttendArgs<'_> {
    /// Positions of a span.
    pub const SPAN: usize = SPAN;

    /// Returns the number of queries, all heads counted.
    pub fn n_queries(&self) -> usize {
        self.queries.n_rows * self.queries.n_heads
    }

    /// Returns the spans of 256 positions of which any query sees some.
    pub fn spans(&self) -> Range<usize> {
        match self.queries.n_rows {
            0 => 0..0,
            n => self.seen(0).start / SPAN..self.seen(n - 1).end.div_ceil(SPAN),
        }
    }

    /// The positions that a row's queries see.
    #[inline(always)]
    fn seen(&self, row: usize) -> Range<usize> {
        let end = self.queries.first + row + 1;
        end.saturating_sub(self.window.unwrap_or(end))..end
    }

    /// Those of them in a span, counted from its start.
    #[inline(always)]
    fn seen_in(&self, span: usize, query: usize) -> Range<usize> {
        let seen = self.seen(query / self.queries.n_heads);
        let start = span * SPAN;
        seen.start.saturating_sub(start)..seen.end.saturating_sub(start).min(SPAN)
    }

    #[inline(always)]
    fn state_len(&self) -> usize {
        state_len(self.values.dim)
    }
}

/// The most queries in a tile of registers.
const MAX_QUERIES: usize = 12;

/// Chunks of a query's state: M, L and a mark, then A.
const fn state_len(value_dim: usize) -> usize {
    1 + value_dim.div_ceil(LANES)
}

/// f32 of a state.
pub(crate) const fn state_floats(value_dim: usize) -> usize {
    state_len(value_dim) * LANES
}

/// f32 of scratch that [`attend`] and [`attend_span`] need: queries, scores, states.
pub(crate) const fn scratch_len(n_queries: usize, key_dim: usize, value_dim: usize) -> usize {
    let queries = ((n_queries + MAX_QUERIES) * key_dim).next_multiple_of(LANES);
    queries + MAX_QUERIES * SPAN + (n_queries + MAX_QUERIES) * state_floats(value_dim)
}

/// Where in a state's first chunk they are.
const M: usize = 0;
const L: usize = 1;
/// Not zero when there is anything in the state.
const BEGUN: usize = 2;

/// The scratch of a tile of registers.
struct Work<'a> {
    /// For each tile of registers `[key_dim, R]`.
    q: &'a mut [f32],
    scores: &'a mut [Row],
    /// One span's states of a tile of registers.
    part: &'a mut [Chunk],
}

impl<'a> Work<'a> {
    /// Cuts the scratch; what is left of it is returned too.
    #[inline(always)]
    fn cut(args: &AttendArgs<'_>, scratch: &'a mut [f32]) -> (Self, &'a mut [Chunk]) {
        let n_q = (args.n_queries() + MAX_QUERIES) * args.keys.dim;
        let (q, rest) = scratch.split_at_mut(n_q.next_multiple_of(LANES));
        let (scores, rest) = rest.split_at_mut(MAX_QUERIES * SPAN);
        let rest = rest.as_chunks_mut().0;
        let (part, rest) = rest.split_at_mut(MAX_QUERIES * args.state_len());
        let scores = scores.as_chunks_mut().0;
        (Self { q, scores, part }, rest)
    }
}

/// `out = softmax(scores) . values` for each query; `out: [n_rows, n_heads * value_dim]`.
#[inline(always)]
pub(crate) fn attend<S: Simd>(
    s: S,
    args: AttendArgs<'_>,
    scratch: &mut [f32],
    out: ColumnsMut<'_>,
) {
    let (work, states) = Work::cut(&args, scratch);
    let states = &mut states[..args.n_queries() * args.state_len()];
    run_spans(s, &args, args.spans(), work, states);
    finish(s, &args, states, out);
}

/// The states of one span: `[n_queries, state]`.
#[inline(always)]
pub(crate) fn attend_span<S: Simd>(
    s: S,
    args: AttendArgs<'_>,
    span: usize,
    scratch: &mut [f32],
    states: &mut [f32],
) {
    let (work, _) = Work::cut(&args, scratch);
    run_spans(s, &args, span..span + 1, work, states.as_chunks_mut().0);
}

/// Merges the states of all spans, `[n_spans, n_queries, state]` rising, into the first ones', and
/// finishes.
#[inline(always)]
pub(crate) fn attend_join<S: Simd>(
    s: S,
    args: AttendArgs<'_>,
    states: &mut [f32],
    out: ColumnsMut<'_>,
) {
    let n = args.n_queries() * args.state_len();
    let (merged, rest) = states.as_chunks_mut().0.split_at_mut(n);
    for part in rest.chunks_exact(n) {
        let parts = part.chunks_exact(args.state_len());
        for (state, part) in merged.chunks_exact_mut(args.state_len()).zip(parts) {
            merge(s, state, part);
        }
    }
    finish(s, &args, merged, out);
}

/// Computes the states of some spans, merged.
#[inline(always)]
fn run_spans<S: Simd>(
    s: S,
    args: &AttendArgs<'_>,
    spans: Range<usize>,
    mut work: Work<'_>,
    states: &mut [Chunk],
) {
    let (n, len) = (args.n_queries(), args.state_len());
    pack_queries::<S>(args, work.q);
    states.fill([0.0; LANES]);
    for span in spans {
        let mut query = 0;
        while query < n {
            let tile = Tile {
                span,
                first: query,
                n: tile_queries::<S>(n - query),
                n_real: tile_queries::<S>(n - query).min(n - query),
            };
            span_part(s, args, tile, &mut work);
            let states = states[query * len..].chunks_exact_mut(len);
            let parts = work.part.chunks_exact(len).take(tile.n_real);
            for (state, part) in states.zip(parts) {
                merge(s, state, part);
            }
            query += tile.n;
        }
    }
}

/// Some queries of a tile in one span.
#[derive(Clone, Copy)]
struct Tile {
    span: usize,
    /// The first query.
    first: usize,
    /// Queries computed, among them some that are none.
    n: usize,
    /// Those that are.
    n_real: usize,
}

/// Writes the queries of each tile of registers as `[key_dim, R]`, padded with zeros.
#[inline(always)]
fn pack_queries<S: Simd>(args: &AttendArgs<'_>, packed: &mut [f32]) {
    let Queries {
        rows,
        stride,
        n_heads,
        ..
    } = args.queries;
    let (n, dim) = (args.n_queries(), args.keys.dim);
    let mut first = 0;
    while first < n {
        let r = tile_queries::<S>(n - first);
        let tile = &mut packed[first * dim..][..r * dim];
        tile.fill(0.0);
        for query in first..n.min(first + r) {
            let at = query / n_heads * stride + query % n_heads * dim;
            let lane = query - first;
            for (out, value) in tile.chunks_exact_mut(r).zip(&rows[at..][..dim]) {
                out[lane] = *value;
            }
        }
        first += r;
    }
}

/// Computes one span's states of a tile of registers.
#[inline(always)]
fn span_part<S: Simd>(s: S, args: &AttendArgs<'_>, tile: Tile, work: &mut Work<'_>) {
    let len = args.state_len();
    work.part.fill([0.0; LANES]);
    // What any query sees, and what all do.
    let (mut any, mut all) = (SPAN..SPAN, 0..SPAN);
    for query in tile.first..tile.first + tile.n_real {
        let seen = args.seen_in(tile.span, query);
        if !seen.is_empty() {
            let end = if any.is_empty() { 0 } else { any.end };
            any = any.start.min(seen.start)..end.max(seen.end);
        }
        all = all.start.max(seen.start)..all.end.min(seen.end);
    }
    if any.is_empty() {
        return;
    }
    let tile_bytes = args.keys.kind.tile_bytes(args.keys.dim);
    let keys = &args.keys.bytes[tile.span * (SPAN / LANES) * tile_bytes..];
    let tiles = any.start / LANES..any.end.div_ceil(LANES);
    let q = &work.q[tile.first * args.keys.dim..][..tile.n * args.keys.dim];
    for_tile!(
        s,
        args.keys.kind,
        tile.n,
        Scores(keys, tile_bytes, tiles, q, &mut *work.scores)
    );
    for i in 0..tile.n_real {
        let seen = args.seen_in(tile.span, tile.first + i);
        if !seen.is_empty() {
            let (m, l) = weigh(s, args, seen, &mut work.scores[i]);
            work.part[i * len][M] = m;
            work.part[i * len][L] = l;
            work.part[i * len][BEGUN] = 1.0;
        }
    }
    mix_span(s, args, tile, all, work);
}

/// Scores become weights: scaled, capped, and the exponential of what each lies under the largest.
/// Returns that and the sum of the weights.
#[inline(always)]
fn weigh<S: Simd>(s: S, args: &AttendArgs<'_>, seen: Range<usize>, scores: &mut Row) -> (f32, f32) {
    let chunks = scores.as_chunks_mut::<LANES>().0;
    let tiles = seen.start / LANES..seen.end.div_ceil(LANES);
    let (scale, mut largest) = (s.splat(args.scale), s.splat(f32::NEG_INFINITY));
    for tile in tiles.clone() {
        let mut v = s.mul(s.load(&chunks[tile]), scale);
        if let Some(cap) = args.softcap {
            let cap = s.splat(cap);
            v = s.mul(cap, tanh(s, s.div(v, cap)));
        }
        let first = tile * LANES;
        if first < seen.start || first + LANES > seen.end {
            v = only(s, v, first, &seen);
        }
        s.store(v, &mut chunks[tile]);
        largest = s.max(v, largest);
    }
    let m = largest_lane(s, largest);
    let (shift, mut total) = (s.splat(m), s.zero());
    for chunk in &mut chunks[tiles] {
        let w = exp(s, s.sub(s.load(chunk), shift));
        s.store(w, chunk);
        total = s.add(total, w);
    }
    (m, s.sum(total))
}

/// Positions from 0.
const LANE_NUMBERS: Chunk = [
    0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0,
];

/// The scores of positions `first..` that are seen; the others are -inf, whose weight is 0.
#[inline(always)]
fn only<S: Simd>(s: S, v: S::F, first: usize, seen: &Range<usize>) -> S::F {
    let lanes = s.load(&LANE_NUMBERS);
    let none = s.splat(f32::NEG_INFINITY);
    let start = s.splat(seen.start as f32 - first as f32);
    let end = s.splat(seen.end as f32 - first as f32);
    s.select_lt(lanes, start, none, s.select_lt(lanes, end, v, none))
}

/// The largest of the lanes; none is NaN.
#[inline(always)]
fn largest_lane<S: Simd>(s: S, v: S::F) -> f32 {
    let mut lanes = [0.0; LANES];
    s.store(v, &mut lanes);
    for width in [8, 4, 2, 1] {
        for lane in 0..width {
            if lanes[lane + width] > lanes[lane] {
                lanes[lane] = lanes[lane + width];
            }
        }
    }
    lanes[0]
}

/// Mixes the span's values: positions that `all` queries see for all at once, those before and
/// after for each query by itself, in rising order.
#[inline(always)]
fn mix_span<S: Simd>(
    s: S,
    args: &AttendArgs<'_>,
    tile: Tile,
    all: Range<usize>,
    work: &mut Work<'_>,
) {
    let queries = tile.first..tile.first + tile.n_real;
    if all.is_empty() {
        for (i, query) in queries.enumerate() {
            mix_one(
                s,
                args,
                tile.span,
                args.seen_in(tile.span, query),
                (work, i),
            );
        }
        return;
    }
    for (i, query) in queries.clone().enumerate() {
        let seen = args.seen_in(tile.span, query);
        mix_one(s, args, tile.span, seen.start..all.start, (work, i));
    }
    mix(s, args, (tile.span, tile.n), all.clone(), (work, 0));
    for (i, query) in queries.enumerate() {
        let seen = args.seen_in(tile.span, query);
        mix_one(s, args, tile.span, all.end..seen.end, (work, i));
    }
}

/// Adds the values at some positions of a span to one query's mixture.
#[inline(always)]
fn mix_one<S: Simd>(
    s: S,
    args: &AttendArgs<'_>,
    span: usize,
    positions: Range<usize>,
    (work, i): (&mut Work<'_>, usize),
) {
    if !positions.is_empty() {
        mix(s, args, (span, 1), positions, (work, i));
    }
}

/// Adds the values at some positions of a span to the mixtures of `n` queries from the `i`-th on.
#[inline(always)]
fn mix<S: Simd>(
    s: S,
    args: &AttendArgs<'_>,
    (span, n): (usize, usize),
    positions: Range<usize>,
    (work, i): (&mut Work<'_>, usize),
) {
    let KvRows { kind, dim, bytes } = args.values;
    let row_bytes = kind.row_bytes(dim);
    let start = (span * SPAN + positions.start) * row_bytes;
    let values = &bytes[start..][..positions.len() * row_bytes];
    let sums = Sums {
        // Behind each state's first chunk.
        chunks: &mut work.part[i * args.state_len() + 1..],
        stride: args.state_len(),
        n_vectors: args.state_len() - 1,
    };
    let weights = &work.scores[i..];
    for_tile!(
        s,
        kind,
        n,
        Mix(values, row_bytes, positions.start, weights, sums)
    );
}

/// Merges a later span's state into the running one.
#[inline(always)]
fn merge<S: Simd>(s: S, state: &mut [Chunk], part: &[Chunk]) {
    if part[0][BEGUN] == 0.0 {
        return;
    }
    if state[0][BEGUN] == 0.0 {
        state.copy_from_slice(part);
        return;
    }
    let (m, m_part) = (state[0][M], part[0][M]);
    let largest = if m_part > m { m_part } else { m };
    let mut factors = [0.0; LANES];
    factors[0] = m - largest;
    factors[1] = m_part - largest;
    let exps = exp(s, s.load(&factors));
    s.store(exps, &mut factors);
    state[0][M] = largest;
    state[0][L] = part[0][L].mul_add(factors[1], state[0][L] * factors[0]);
    let (old, new) = (s.splat(factors[0]), s.splat(factors[1]));
    for (state, part) in state[1..].iter_mut().zip(&part[1..]) {
        let sum = s.fma(s.load(part), new, s.mul(s.load(state), old));
        s.store(sum, state);
    }
}

/// Divides by the sum of weights, the sink's among them.
#[inline(always)]
fn finish<S: Simd>(s: S, args: &AttendArgs<'_>, states: &[Chunk], mut out: ColumnsMut<'_>) {
    let (n_heads, dim) = (args.queries.n_heads, args.values.dim);
    for (query, state) in states.chunks_exact(args.state_len()).enumerate() {
        let head = query % n_heads;
        let mut total = state[0][L];
        if let Some(sinks) = args.sinks {
            let mut lanes = [0.0; LANES];
            s.store(exp(s, s.splat(sinks[head] - state[0][M])), &mut lanes);
            total += lanes[0];
        }
        let factor = 1.0 / total;
        let out = &mut out.row_mut(query / n_heads)[head * dim..][..dim];
        for (out, value) in out.iter_mut().zip(state[1..].as_flattened()) {
            *out = value * factor;
        }
    }
}
