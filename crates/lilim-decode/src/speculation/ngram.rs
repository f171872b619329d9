//! Prompt lookup: what followed the last tokens when they stood there before.
//!
//! An index of all runs of 4, 3 and 2 tokens leads from the newest tokens to earlier places where
//! they stood; of these the one that agrees furthest back is continued. Taking in a token costs
//! three insertions, looking a bounded number of steps, however long the text is.

use std::collections::HashMap;

use lilim_api::{CancelToken, TokenId};

use super::{Promise, Speculator};

/// Run lengths, longest first: a longer run that stood there before says more.
const ORDERS: [usize; 3] = [4, 3, 2];

/// Earlier places that are compared.
const MAX_PLACES: usize = 8;

/// How far back agreement is counted; more makes a guess no better.
const MAX_AGREEMENT: usize = 32;

/// The least agreement of each [`Promise`].
const AGREEMENTS: [usize; Promise::COUNT] = [2, 3, 4, 6, 10, 18];

/// Stands in for the missing tokens of shorter runs, and for no place.
const NONE: u32 = u32::MAX;

/// Guesses from the text so far.
#[derive(Debug, Default)]
pub struct NgramLookup {
    runs: [Runs; ORDERS.len()],
    /// Tokens taken in.
    n_indexed: usize,
    /// Where the text continues that the last look found.
    found: usize,
}

/// Where runs of one length ended.
#[derive(Debug, Default)]
struct Runs {
    /// The place after the latest occurrence.
    latest: HashMap<[TokenId; ORDERS[0]], u32>,
    /// For each place: the one before it after the same run.
    earlier: Vec<u32>,
}

impl Runs {
    fn places(&self, run: &[TokenId]) -> impl Iterator<Item = usize> {
        let latest = self.latest.get(&key(run)).copied();
        let chain = std::iter::successors(latest, |&place| {
            Some(self.earlier[place as usize]).filter(|&earlier| earlier != NONE)
        });
        chain.take(MAX_PLACES).map(|place| place as usize)
    }
}

fn key(run: &[TokenId]) -> [TokenId; ORDERS[0]] {
    let mut key = [NONE; ORDERS[0]];
    key[..run.len()].copy_from_slice(run);
    key
}

impl NgramLookup {
    /// Takes in the tokens that are new. A run is found only once it has a token after it.
    fn index(&mut self, tokens: &[TokenId]) {
        for (runs, n) in self.runs.iter_mut().zip(ORDERS) {
            for place in self.n_indexed..tokens.len() {
                let before = (place >= n)
                    .then(|| {
                        runs.latest
                            .insert(key(&tokens[place - n..place]), place as u32)
                    })
                    .flatten();
                runs.earlier.push(before.unwrap_or(NONE));
            }
        }
        self.n_indexed = tokens.len();
    }

    /// The place whose text before it agrees furthest with the newest tokens (of several the
    /// latest), and how far.
    fn best(&self, tokens: &[TokenId]) -> Option<(usize, usize)> {
        for (runs, n) in self.runs.iter().zip(ORDERS) {
            let Some((_, newest)) = tokens.split_at_checked(tokens.len().wrapping_sub(n)) else {
                continue;
            };
            let found = runs
                .places(newest)
                .map(|place| (place, agreement(&tokens[..place], tokens)))
                .reduce(|best, next| if next.1 > best.1 { next } else { best });
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// How many tokens the two have in common at their ends.
fn agreement(a: &[TokenId], b: &[TokenId]) -> usize {
    let pairs = a.iter().rev().zip(b.iter().rev());
    pairs
        .take(MAX_AGREEMENT)
        .take_while(|(a, b)| a == b)
        .count()
}

impl Speculator for NgramLookup {
    fn begin(&mut self, tokens: &[TokenId], _cancel: &CancelToken) {
        *self = Self::default();
        self.index(tokens);
    }

    fn look(&mut self, tokens: &[TokenId]) -> Option<Promise> {
        self.index(tokens);
        let (place, agreement) = self.best(tokens)?;
        self.found = place;
        let rank = AGREEMENTS.iter().rposition(|&least| agreement >= least)?;
        Some(Promise::new(rank))
    }

    fn guess(&mut self, tokens: &[TokenId], n: usize, guesses: &mut Vec<TokenId>) {
        for place in self.found..self.found + n {
            // behind the text the guesses go on: a loop is guessed round and round
            let guess = match place.checked_sub(tokens.len()) {
                None => tokens[place],
                Some(index) => guesses[index],
            };
            guesses.push(guess);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a new lookup guesses after a text of one token a byte, and its promise.
    fn guess(text: &str, n: usize) -> Option<(String, usize)> {
        let tokens: Vec<TokenId> = text.bytes().map(TokenId::from).collect();
        // begun in the middle, so that both ways of taking in tokens are used
        let mut lookup = NgramLookup::default();
        lookup.begin(&tokens[..tokens.len() / 2], &CancelToken::new());
        let promise = lookup.look(&tokens)?;
        let mut guesses = Vec::new();
        lookup.guess(&tokens, n, &mut guesses);
        let text = guesses.iter().map(|&id| id as u8 as char).collect();
        Some((text, promise.index()))
    }

    #[test]
    fn guesses_are_what_followed_the_same_tokens() {
        let cases = [
            ("", None),
            ("a", None),
            ("ab", None),
            ("abcdefgh", None),
            ("a-a", None),
            ("abX_ab", Some(("X_a", 0))),
            ("abcX_abc", Some(("X_a", 1))),
            // the longer run wins over the later
            ("abcX bcY abc", Some(("X b", 1))),
            // of equals the later
            ("abX abY ab", Some(("Y a", 1))),
            // of runs of four the one that agrees further back
            ("_1bcdeX _2bcdeY _1bcde", Some(("X _", 3))),
            ("0123456789X 0123456789", Some(("X 0", 4))),
            // loops go on
            ("aaa", Some(("aaa", 0))),
            ("abcabcab", Some(("cab", 2))),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(text, rank)| (text.to_owned(), rank));
            assert_eq!(guess(text, 3), expected, "{text}");
        }
    }

    #[test]
    fn a_guess_may_be_longer_than_the_loop() {
        assert_eq!(guess("xyxyx", 7), Some(("yxyxyxy".to_owned(), 1)));
    }

    #[test]
    fn a_new_answer_forgets_the_old_text() {
        let mut lookup = NgramLookup::default();
        lookup.begin(&[1, 2, 3, 9, 9], &CancelToken::new());
        lookup.begin(&[4, 4, 1], &CancelToken::new());
        assert_eq!(lookup.look(&[4, 4, 1, 2]), None);
    }
}
