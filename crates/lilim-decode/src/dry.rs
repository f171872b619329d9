//! DRY ("don't repeat yourself"): penalises a token the more, the longer the repetition that it
//! would continue.
//!
//! The history's end is compared with every earlier place by the Z-algorithm over the reversed
//! history, in time linear in its length. *Source*: the proposal by p-e-w (text-generation-webui
//! pull request 5677); behaviour as in llama.cpp's sampler, with one difference: sequence breakers
//! are looked for in the text of the history, not in a tokenization of the breaker, so that a
//! breaker counts however its characters fall into tokens.

use lilim_api::{SamplingOptions, TokenId};

use crate::TokenBytes;
use crate::penalties::to_logit;

/// Whether DRY would change anything.
pub(crate) fn is_active(options: &SamplingOptions) -> bool {
    options.dry_multiplier > 0.0
}

/// DRY's settings and what it knows of the history.
pub(crate) struct Dry<'v> {
    multiplier: f64,
    base: f64,
    allowed_length: usize,
    last_n: usize,
    breakers: Breakers<'v>,
}

impl<'v> Dry<'v> {
    pub(crate) fn new(options: &SamplingOptions, text: Option<&'v dyn TokenBytes>) -> Self {
        let last_n = match options.dry_last_n {
            0 => usize::MAX,
            n => n,
        };
        Self {
            multiplier: f64::from(options.dry_multiplier),
            base: f64::from(options.dry_base),
            allowed_length: options.dry_allowed_length,
            last_n,
            breakers: Breakers::new(&options.dry_sequence_breakers, text),
        }
    }

    pub(crate) fn apply(&mut self, logits: &mut [f32], history: &[TokenId]) {
        let window = &history[history.len().saturating_sub(self.last_n)..];
        if window.len() <= self.allowed_length {
            return;
        }
        let limit = self.breakers.n_after_last(history).min(window.len());
        if limit < self.allowed_length {
            return;
        }
        for (id, length) in continued(window, limit, self.allowed_length) {
            if !self.breakers.token_breaks(id) {
                let logit = &mut logits[id as usize];
                *logit = to_logit(f64::from(*logit) - self.penalty(length));
            }
        }
    }

    fn penalty(&self, length: usize) -> f64 {
        let power = libm::pow(self.base, (length - self.allowed_length) as f64);
        self.multiplier * power.min(f64::from(f32::MAX))
    }
}

/// For each token that would continue a repetition of at least `at_least` tokens, the longest such
/// repetition (cut to `limit`), in rising order of id.
///
/// For `a b c c b c y a b c`: c continues `a b c`, b continues `c`, y continues `b c`.
fn continued(window: &[TokenId], limit: usize, at_least: usize) -> Vec<(TokenId, usize)> {
    let reversed: Vec<TokenId> = window.iter().rev().copied().collect();
    let mut found: Vec<(TokenId, usize)> = common_prefixes(&reversed)
        .into_iter()
        .enumerate()
        .skip(1)
        // The token after the earlier occurrence stands before it in the reversed history.
        .map(|(start, length)| (reversed[start - 1], length.min(limit)))
        .filter(|&(_, length)| length >= at_least)
        .collect();
    found.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    found.dedup_by_key(|item| item.0);
    found
}

/// The Z-algorithm: for each start, how many items from there on equal the items from the front.
/// (The entry for start 0 is left 0.)
fn common_prefixes(items: &[TokenId]) -> Vec<usize> {
    let mut lengths = vec![0; items.len()];
    // The match found so far that reaches furthest right: items[from..to] equals the front.
    let (mut from, mut to) = (0, 0);
    for start in 1..items.len() {
        let mut length = 0;
        if start < to {
            length = lengths[start - from].min(to - start);
        }
        while start + length < items.len() && items[length] == items[start + length] {
            length += 1;
        }
        lengths[start] = length;
        if start + length > to {
            (from, to) = (start, start + length);
        }
    }
    lengths
}

/// Where sequence breakers end in the history, kept up as the history grows.
struct Breakers<'v> {
    strings: Vec<Vec<u8>>,
    text: Option<&'v dyn TokenBytes>,
    /// The history as it was looked at.
    seen: Vec<TokenId>,
    /// For the history and each of its beginnings: how many tokens follow the last breaker.
    n_after: Vec<usize>,
    /// The end of the history's text: long enough to hold all but the last byte of a breaker.
    tail: Vec<u8>,
}

impl<'v> Breakers<'v> {
    fn new(strings: &[String], text: Option<&'v dyn TokenBytes>) -> Self {
        Self {
            strings: strings
                .iter()
                .map(|string| string.clone().into_bytes())
                .collect(),
            text,
            seen: Vec::new(),
            n_after: Vec::new(),
            tail: Vec::new(),
        }
    }

    /// How many tokens follow the last token in which a breaker ends; the whole history's length
    /// when there is none.
    fn n_after_last(&mut self, history: &[TokenId]) -> usize {
        let Some(text) = self.text.filter(|_| !self.strings.is_empty()) else {
            return history.len();
        };
        if !history.starts_with(&self.seen) {
            self.seen.clear();
            self.n_after.clear();
            self.tail.clear();
        }
        for &id in &history[self.seen.len()..] {
            let n_before = self.n_after.last().copied().unwrap_or(0);
            let broken = self.extend_breaks(&text.token_bytes(id));
            self.n_after.push(if broken { 0 } else { n_before + 1 });
            self.seen.push(id);
        }
        self.n_after.last().copied().unwrap_or(0)
    }

    /// Appends to the text and tells whether a breaker ends in the new bytes.
    fn extend_breaks(&mut self, bytes: &[u8]) -> bool {
        let n_old = self.tail.len();
        self.tail.extend_from_slice(bytes);
        let tail = &self.tail;
        let broken = self.strings.iter().any(|string| {
            let from = (n_old + 1).saturating_sub(string.len());
            contains(&tail[from.min(tail.len())..], string)
        });
        let longest = self.strings.iter().map(Vec::len).max().unwrap_or(0);
        let n_surplus = self.tail.len().saturating_sub(longest.saturating_sub(1));
        self.tail.drain(..n_surplus);
        broken
    }

    /// Whether a breaker lies in this one token: such a token may always be repeated.
    fn token_breaks(&self, id: TokenId) -> bool {
        self.text.is_some_and(|text| {
            let bytes = text.token_bytes(id);
            self.strings.iter().any(|string| contains(&bytes, string))
        })
    }
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::candidates::all;
    use crate::filters::softmax;
    use crate::rng::Rng;

    struct Words(&'static [&'static str]);

    impl TokenBytes for Words {
        fn token_bytes(&self, id: TokenId) -> Cow<'_, [u8]> {
            Cow::Borrowed(self.0[id as usize].as_bytes())
        }
    }

    struct Case {
        history: &'static [TokenId],
        multiplier: f32,
        allowed_length: usize,
        breakers: &'static [&'static str],
        words: Words,
        expected: &'static [f64],
    }

    impl Default for Case {
        fn default() -> Self {
            Self {
                history: &[],
                multiplier: 1.0,
                allowed_length: 2,
                breakers: &[],
                words: Words(&["a", "b", "c", "d", "e"]),
                expected: &[0.2; 5],
            }
        }
    }

    fn check(case: &Case) {
        let options = SamplingOptions {
            dry_multiplier: case.multiplier,
            dry_base: 1.1,
            dry_allowed_length: case.allowed_length,
            dry_sequence_breakers: case.breakers.iter().map(|s| (*s).to_owned()).collect(),
            ..SamplingOptions::default()
        };
        let n = case.expected.len();
        let mut logits = vec![(1.0 / n as f32).ln(); n];
        Dry::new(&options, Some(&case.words)).apply(&mut logits, case.history);
        for (got, expected) in softmax(&all(&logits), 1.0).iter().zip(case.expected) {
            let history = case.history;
            assert!(
                (got - expected).abs() < 1e-5,
                "{got}, expected {expected} for {history:?}"
            );
        }
    }

    #[test]
    fn cases_without_breakers() {
        check(&Case {
            history: &[0, 1],
            expected: &[0.25; 4],
            ..Case::default()
        });
        check(&Case {
            history: &[0, 1, 2, 0, 1],
            expected: &[0.296_923, 0.296_923, 0.109_232, 0.296_923],
            ..Case::default()
        });
        check(&Case {
            history: &[0, 1, 2, 0, 1],
            multiplier: 2.0,
            expected: &[0.241_818, 0.241_818, 0.032_727, 0.241_818, 0.241_818],
            ..Case::default()
        });
        check(&Case {
            history: &[0, 1, 2, 3, 4, 0, 1],
            allowed_length: 4,
            ..Case::default()
        });
    }

    const CUT: &[f64] = &[0.241_818, 0.241_818, 0.032_727, 0.241_818, 0.241_818];

    #[test]
    fn a_breaker_ends_the_repetition() {
        // Without the breaker, token 2 would be penalised: "a b" came before it.
        let history = &[0, 1, 2, 0, 1];
        check(&Case {
            history,
            multiplier: 2.0,
            expected: CUT,
            ..Case::default()
        });
        for breakers in [&["a"] as &'static [&'static str], &["x", "b"]] {
            check(&Case {
                history,
                multiplier: 2.0,
                breakers,
                ..Case::default()
            });
        }
        // A breaker before the repetition's second occurrence leaves it alone, and so does one
        // that no token has.
        for breakers in [&["d"] as &'static [&'static str], &["x"]] {
            check(&Case {
                history: &[0, 1, 2, 3, 0, 1],
                multiplier: 2.0,
                breakers,
                expected: CUT,
                ..Case::default()
            });
        }
    }

    #[test]
    fn a_breaker_may_lie_across_tokens() {
        // "ab" is the breaker: it ends in the last token, whose repetition is cut to nothing.
        let history = &[0, 1, 2, 0, 1];
        check(&Case {
            history,
            multiplier: 2.0,
            breakers: &["ab"],
            ..Case::default()
        });
        // "ba" never occurs.
        check(&Case {
            history,
            multiplier: 2.0,
            breakers: &["ba", "abd"],
            expected: CUT,
            ..Case::default()
        });
    }

    #[test]
    fn a_token_that_is_a_breaker_is_never_penalised() {
        let history = &[0, 1, 2, 0, 1];
        check(&Case {
            history,
            multiplier: 2.0,
            breakers: &["c"],
            ..Case::default()
        });
    }

    #[test]
    fn breaker_positions_agree_with_a_search_of_the_whole_text() {
        const WORDS: Words = Words(&["", "a", "b", "ab", "ba\n", "é"]);
        let breakers = ["ab".to_owned(), "bba".to_owned(), "\né".to_owned()];
        let mut rng = Rng::new(9);
        for _ in 0..200 {
            let history: Vec<TokenId> = (0..30).map(|_| (rng.next_u64() % 6) as TokenId).collect();
            let mut kept = Breakers::new(&breakers, Some(&WORDS));
            for len in 1..=history.len() {
                let history = &history[..len];
                let n_free = (0..len)
                    .take_while(|&n| {
                        let text = |to: usize| {
                            history[..to].iter().map(|&id| WORDS.0[id as usize]).collect::<String>()
                        };
                        let (whole, before) = (text(len - n), text(len - n - 1));
                        !breakers.iter().any(|b| {
                            whole.match_indices(b.as_str()).any(|(at, _)| at + b.len() > before.len())
                                // Overlapping matches that `match_indices` steps over.
                                || whole.len() > before.len() && whole.ends_with(b.as_str())
                        })
                    })
                    .count();
                assert_eq!(kept.n_after_last(history), n_free, "{history:?}");
            }
        }
    }

    #[test]
    fn a_history_that_was_rewound_is_looked_at_again() {
        const WORDS: Words = Words(&["a", "\n", "b"]);
        let mut breakers = Breakers::new(&["\n".to_owned()], Some(&WORDS));
        assert_eq!(breakers.n_after_last(&[0, 1, 2, 2]), 2);
        assert_eq!(breakers.n_after_last(&[0, 2, 2]), 3);
        assert_eq!(breakers.n_after_last(&[0, 2, 1]), 0);
    }

    #[test]
    fn repetitions_agree_with_a_naive_search() {
        let mut rng = Rng::new(5);
        for round in 0..500 {
            let n = 1 + (rng.next_u64() % 40) as usize;
            let window: Vec<TokenId> = (0..n).map(|_| (rng.next_u64() % 3) as TokenId).collect();
            let (limit, at_least) = (round % 7, round % 4);
            let mut expected = [None; 3];
            for end in 1..n {
                let length = (0..end)
                    .take_while(|&back| window[end - 1 - back] == window[n - 1 - back])
                    .count()
                    .min(limit);
                let best = &mut expected[window[end] as usize];
                if length >= at_least {
                    *best = (*best).max(Some(length));
                }
            }
            let expected: Vec<_> = (0..)
                .zip(expected)
                .filter_map(|(id, length)| Some((id, length?)))
                .collect();
            assert_eq!(continued(&window, limit, at_least), expected, "{window:?}");
        }
    }

    #[test]
    fn a_long_loop_costs_linear_time_and_a_finite_penalty() {
        let options = SamplingOptions {
            dry_multiplier: 5.0,
            ..SamplingOptions::default()
        };
        let history = vec![0; 200_000];
        let mut logits = [1.0, 1.0];
        Dry::new(&options, None).apply(&mut logits, &history);
        assert_eq!(logits, [f32::MIN, 1.0]);
    }
}
