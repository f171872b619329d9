//! Attention over the engine's threads.
//!
//! A part is a tile of queries that share a kv head: some positions by the heads of its group, so
//! that keys and values are read once for all of them. Where there are too few tiles to keep the
//! threads busy (one new token, few kv heads), the spans of positions are shared out instead and
//! joined afterwards in order. No result depends on the cut.

use lilim_kernels::{AttendArgs, ColumnsMut, Kernels, Queries};

use crate::compute::{Compute, PARTS_PER_THREAD};
use crate::kv_cache::{HeadCache, KvShape};

/// Queries of a part: as many as make the reading of keys and values from the second cache cheap.
const TILE_QUERIES: usize = 48;

/// What the queries of one sequence look at.
pub(crate) struct Attention<'a> {
    pub shape: KvShape,
    pub n_heads: usize,
    /// `[n_kv_heads]`
    pub heads: &'a [HeadCache],
    /// The position of the first row.
    pub first: usize,
    /// How many positions a query sees, its own included.
    pub window: Option<usize>,
    pub scale: f32,
    pub softcap: Option<f32>,
    /// `[m, n_heads * head_dim]`
    pub q: &'a [f32],
    /// `[m, n_heads * head_dim]`
    pub out: &'a mut [f32],
}

/// Some rows' queries of one kv head.
struct Part<'a> {
    args: AttendArgs<'a>,
    out: ColumnsMut<'a>,
}

/// One span of a part.
struct SpanPart<'a> {
    args: AttendArgs<'a>,
    span: usize,
    /// `[n_queries, state]`
    states: &'a mut [f32],
}

impl<'a> Attention<'a> {
    fn width(&self) -> usize {
        self.n_heads * self.shape.head_dim
    }

    fn n_rows(&self) -> usize {
        self.q.len() / self.width()
    }

    /// Multiplications.
    fn work(&self) -> usize {
        let end = self.first + self.n_rows();
        let seen = self.window.map_or(end, |window| window.min(end));
        2 * self.q.len() * seen
    }

    /// Cuts into parts of so many rows at most.
    fn cut(self, n_rows: usize, parts: &mut Vec<Part<'a>>) {
        let (width, m) = (self.width(), self.n_rows());
        let group = self.n_heads / self.shape.n_kv_heads;
        let group_width = group * self.shape.head_dim;
        let mut rest = ColumnsMut::new(self.out, m);
        for (kv_head, cache) in self.heads.iter().enumerate() {
            let (mut columns, after) = rest.split_at_col(group_width);
            rest = after;
            let mut row = 0;
            while row < m {
                let n = n_rows.min(m - row);
                let (out, below) = columns.split_at_row(n);
                columns = below;
                let queries = Queries {
                    rows: &self.q[row * width + kv_head * group_width..],
                    stride: width,
                    n_rows: n,
                    n_heads: group,
                    first: self.first + row,
                };
                let args = AttendArgs {
                    queries,
                    keys: cache.keys(self.shape),
                    values: cache.values(self.shape),
                    window: self.window,
                    scale: self.scale,
                    softcap: self.softcap,
                    sinks: None,
                };
                parts.push(Part { args, out });
                row += n;
            }
        }
    }
}

impl Compute {
    /// Lets each head of each row look at the positions it may see, in several sequences at once.
    pub(crate) fn attend(&self, sequences: Vec<Attention>) {
        let work = sequences.iter().map(Attention::work).sum();
        let n_tiles: usize = sequences.iter().map(|it| it.shape.n_kv_heads).sum();
        let n_wanted = match self.is_shared(work) {
            true => PARTS_PER_THREAD * self.n_threads(),
            false => 1,
        };
        let mut parts = Vec::new();
        for sequence in sequences {
            let group = sequence.n_heads / sequence.shape.n_kv_heads;
            let by_threads = sequence.n_rows().div_ceil(n_wanted.div_ceil(n_tiles));
            let n_rows = (TILE_QUERIES / group).min(by_threads).max(1);
            sequence.cut(n_rows, &mut parts);
        }
        let n_spans: usize = parts.iter().map(|part| part.args.spans().len()).sum();
        if self.is_shared(work) && parts.len() < 2 * self.n_threads() && n_spans > parts.len() {
            self.attend_spans(parts, n_spans);
            return;
        }
        self.for_each_part(parts, work, |thread, Part { args, out }| {
            self.with_scratch(thread, scratch_len(&args), |scratch| {
                self.kernels.attend(args, scratch, out);
            });
        });
    }

    /// The same, each span by itself.
    fn attend_spans(&self, parts: Vec<Part>, n_spans: usize) {
        let states_of =
            |args: &AttendArgs| args.n_queries() * Kernels::attend_state(args.values.dim);
        let sizes = parts
            .iter()
            .map(|part| part.args.spans().len() * states_of(&part.args));
        self.with_states(sizes.sum(), |states| {
            let mut span_parts = Vec::with_capacity(n_spans);
            let mut rest = &mut *states;
            for Part { args, .. } in &parts {
                for span in args.spans() {
                    let states = rest
                        .split_off_mut(..states_of(args))
                        .expect("states for all");
                    let args = *args;
                    span_parts.push(SpanPart { args, span, states });
                }
            }
            self.for_each_part(
                span_parts,
                usize::MAX,
                |thread, SpanPart { args, span, states }| {
                    self.with_scratch(thread, scratch_len(&args), |scratch| {
                        self.kernels.attend_span(args, span, scratch, states);
                    });
                },
            );
            let mut rest = states;
            for Part { args, out } in parts {
                let len = args.spans().len() * states_of(&args);
                let states = rest.split_off_mut(..len).expect("states for all");
                self.kernels.attend_join(args, states, out);
            }
        });
    }
}

fn scratch_len(args: &AttendArgs) -> usize {
    Kernels::attend_scratch(args.n_queries(), args.keys.dim, args.values.dim)
}

/// The most floats of scratch that a thread needs for heads of that shape.
pub(crate) fn max_scratch(shape: KvShape, n_heads: usize, chunk: usize) -> usize {
    let group = n_heads / shape.n_kv_heads;
    let n_queries = (TILE_QUERIES.max(group)).min(chunk.saturating_mul(group));
    Kernels::attend_scratch(n_queries, shape.head_dim, shape.head_dim)
}

/// The most floats that the states of spans take where they are shared out: then there are fewer
/// than two parts a thread, each of one row.
pub(crate) fn max_states(
    shape: KvShape,
    n_heads: usize,
    context: usize,
    n_threads: usize,
) -> usize {
    if n_threads == 1 || shape.n_kv_heads >= 2 * n_threads {
        return 0;
    }
    let group = n_heads / shape.n_kv_heads;
    let n_queries = (2 * n_threads - 1).saturating_mul(group);
    let n_spans = context.div_ceil(AttendArgs::SPAN);
    n_spans
        .saturating_mul(n_queries)
        .saturating_mul(Kernels::attend_state(shape.head_dim))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv_cache::KvCache;
    use lilim_kernels::KvKind;

    /// A sequence that attends to itself.
    struct Case {
        shape: KvShape,
        n_heads: usize,
        window: Option<usize>,
        n_positions: usize,
    }

    impl Case {
        fn new(group: usize, n_kv_heads: usize, window: Option<usize>) -> Self {
            let shape = KvShape {
                kind: KvKind::F16,
                n_kv_heads,
                head_dim: 24,
            };
            Self {
                shape,
                n_heads: group * n_kv_heads,
                window,
                n_positions: 600,
            }
        }

        /// Rows of numbers that only the position decides.
        fn rows(&self, first: usize, n: usize, n_heads: usize, salt: usize) -> Vec<f32> {
            let width = n_heads * self.shape.head_dim;
            let number = |i: usize| {
                let bits = (i + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                bits as f32 / (1 << 22) as f32 - 2.0
            };
            (first * width..(first + n) * width).map(number).collect()
        }

        fn cache(&self) -> KvCache {
            KvCache::new(self.shape, 1, self.n_positions).unwrap()
        }

        /// Stores and attends some positions; what they get.
        fn step(
            &self,
            compute: &Compute,
            cache: &mut KvCache,
            (first, n): (usize, usize),
        ) -> Vec<f32> {
            let (k, v) = (
                self.rows(first, n, self.shape.n_kv_heads, 1),
                self.rows(first, n, self.shape.n_kv_heads, 2),
            );
            cache.store(compute, (0, first), (&k, &v));
            let q = self.rows(first, n, self.n_heads, 3);
            let mut out = vec![f32::NAN; q.len()];
            compute.attend(vec![self.attention(cache, first, (&q, &mut out))]);
            out
        }

        fn attention<'a>(
            &self,
            cache: &'a KvCache,
            first: usize,
            (q, out): (&'a [f32], &'a mut [f32]),
        ) -> Attention<'a> {
            Attention {
                shape: self.shape,
                n_heads: self.n_heads,
                heads: cache.heads(0),
                first,
                window: self.window,
                scale: 0.3,
                softcap: None,
                q,
                out,
            }
        }

        /// All positions in chunks.
        fn run(&self, compute: &Compute, chunk: usize) -> Vec<f32> {
            let (mut cache, mut out) = (self.cache(), Vec::new());
            for first in (0..self.n_positions).step_by(chunk) {
                let n = chunk.min(self.n_positions - first);
                out.extend(self.step(compute, &mut cache, (first, n)));
            }
            out
        }
    }

    fn compute(n_threads: usize) -> Compute {
        Compute::new(Kernels::detect(), n_threads).unwrap()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    /// The shapes of real families: queries of a group, kv heads, window.
    fn cases() -> impl Iterator<Item = Case> {
        [1, 2, 7, 8, 64].into_iter().flat_map(|group| {
            [None, Some(1), Some(100), Some(300)]
                .into_iter()
                .flat_map(move |window| {
                    [1, 3].map(|n_kv_heads| Case::new(group, n_kv_heads, window))
                })
        })
    }

    #[test]
    fn chunks_and_threads_change_no_bit() {
        let pools = [compute(1), compute(2), compute(5)];
        for case in cases().filter(|case| case.n_heads < 64) {
            let whole = bits(&case.run(&pools[0], case.n_positions));
            assert!(whole.iter().all(|&bits| f32::from_bits(bits).is_finite()));
            for (pool, chunk) in [(0, 1), (1, 1), (2, 1), (1, 37), (2, 600)] {
                let got = bits(&case.run(&pools[pool], chunk));
                let n_threads = pools[pool].n_threads();
                assert!(
                    got == whole,
                    "{} heads on {}, window {:?}, chunks of {chunk}, {n_threads} threads",
                    case.n_heads,
                    case.shape.n_kv_heads,
                    case.window
                );
            }
        }
    }

    #[test]
    fn going_back_into_a_tile_and_on_leaves_no_trace() {
        let compute = compute(2);
        for case in cases() {
            let mut cache = case.cache();
            case.step(&compute, &mut cache, (0, 530));
            // Others stood here before.
            let width = case.shape.n_kv_heads * case.shape.head_dim;
            cache.store(
                &compute,
                (0, 523),
                (&vec![f32::NAN; 70 * width], &vec![9.0; 70 * width]),
            );
            let got = case.step(&compute, &mut cache, (523, 5));
            let mut fresh = case.cache();
            case.step(&compute, &mut fresh, (0, 523));
            let expected = case.step(&compute, &mut fresh, (523, 5));
            assert!(bits(&got) == bits(&expected), "{} heads", case.n_heads);
        }
    }

    #[test]
    fn sequences_computed_together_get_what_they_get_alone() {
        let compute = compute(3);
        for case in cases() {
            let (mut short, mut long) = (case.cache(), case.cache());
            case.step(&compute, &mut short, (0, 5));
            case.step(&compute, &mut long, (0, 598));
            let alone = [
                case.step(&compute, &mut short, (5, 2)),
                case.step(&compute, &mut long, (598, 1)),
            ];
            let q = [
                case.rows(5, 2, case.n_heads, 3),
                case.rows(598, 1, case.n_heads, 3),
            ];
            let mut out = q.clone();
            let [out_short, out_long] = &mut out;
            compute.attend(vec![
                case.attention(&short, 5, (&q[0], out_short)),
                case.attention(&long, 598, (&q[1], out_long)),
            ]);
            assert!(
                bits(&out.concat()) == bits(&alone.concat()),
                "{} heads",
                case.n_heads
            );
        }
    }

    #[test]
    fn threads_that_share_a_long_context_take_no_more_than_is_counted() {
        for (group, n_kv_heads, n_threads) in [(1, 1, 2), (8, 3, 2), (7, 1, 5), (2, 9, 5)] {
            let case = Case::new(group, n_kv_heads, None);
            let compute = compute(n_threads);
            let mut cache = case.cache();
            case.step(&compute, &mut cache, (0, 590));
            for n in 1..5 {
                case.step(&compute, &mut cache, (590, n));
            }
            let counted = max_states(case.shape, case.n_heads, case.n_positions, n_threads);
            let taken = compute.n_states();
            assert!(taken <= counted, "{taken} of {counted}");
            assert!(taken > 0 || n_kv_heads >= n_threads);
        }
    }
}
