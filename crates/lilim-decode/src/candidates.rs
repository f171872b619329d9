//! The tokens still in the running, and choosing the best of many without sorting them all.

use std::cmp::Ordering;

use lilim_api::TokenId;

/// A token and its logit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) id: TokenId,
    pub(crate) logit: f32,
}

/// Candidates in rising order of id. Every filter keeps that order, so that sums over candidates
/// are taken in one order only, whatever path led there.
pub(crate) type Candidates = Vec<Candidate>;

/// Likelier first; among equals the lower id.
pub(crate) fn by_likelihood(a: &Candidate, b: &Candidate) -> Ordering {
    // No logit here is NaN; and 0 and -0 are equals, which `total_cmp` would tell apart.
    b.logit
        .partial_cmp(&a.logit)
        .unwrap_or(Ordering::Equal)
        .then(a.id.cmp(&b.id))
}

/// All tokens as candidates.
pub(crate) fn all(logits: &[f32]) -> Candidates {
    (0..).zip(logits).map(candidate).collect()
}

/// The likeliest token; among equals the lowest id. Panics when there is none.
pub(crate) fn likeliest(candidates: impl IntoIterator<Item = Candidate>) -> Candidate {
    candidates
        .into_iter()
        .reduce(|best, next| if next.logit > best.logit { next } else { best })
        .expect("there is at least one candidate")
}

/// The likeliest of all tokens; among equals the lowest id. Panics when there is none.
///
/// *Cost*: one pass over several lanes, whose maxima do not wait for each other, and one up to the
/// token.
pub(crate) fn likeliest_of_all(logits: &[f32]) -> Candidate {
    const LANES: usize = 16;
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut top = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = logits.as_chunks::<LANES>();
    for chunk in chunks {
        for (top, &logit) in top.iter_mut().zip(chunk) {
            *top = larger(*top, logit);
        }
    }
    let max = top
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, larger);
    let mut tokens = (0..).zip(logits).map(candidate);
    let found = tokens.find(|candidate| candidate.logit == max);
    found.expect("there is at least one candidate, and none is NaN")
}

/// The `k` likeliest tokens, in rising order of id.
///
/// *Cost*: one pass that compares each logit with the worst one kept so far; a buffer of a few `k`
/// is cut back to `k` by selection whenever it is full.
pub(crate) fn likeliest_k(logits: &[f32], k: usize) -> Candidates {
    /// Keeps the number of selections low for the small `k` of everyday.
    const MIN_BUFFER: usize = 1024;
    if k >= logits.len() {
        return all(logits);
    }
    let capacity = k
        .saturating_mul(4)
        .clamp(MIN_BUFFER, logits.len().max(MIN_BUFFER));
    let mut kept = Candidates::with_capacity(capacity);
    let mut floor = None;
    for next in (0..).zip(logits).map(candidate) {
        // Ids rise, so a later token that only equals the floor has lost the tie.
        if floor.is_some_and(|floor| next.logit <= floor) {
            continue;
        }
        kept.push(next);
        if kept.len() == capacity {
            floor = Some(keep_likeliest(&mut kept, k));
        }
    }
    keep_likeliest(&mut kept, k);
    sort_by_id(&mut kept);
    kept
}

/// Puts candidates back into rising order of id.
pub(crate) fn sort_by_id(candidates: &mut [Candidate]) {
    candidates.sort_unstable_by_key(|candidate| candidate.id);
}

/// Cuts down to the `k` likeliest (in no order) and returns the logit of the worst of them.
fn keep_likeliest(candidates: &mut Candidates, k: usize) -> f32 {
    let k = k.min(candidates.len());
    let worst = *candidates.select_nth_unstable_by(k - 1, by_likelihood).1;
    candidates.truncate(k);
    worst.logit
}

/// Calls `stop` with ever more of the `items` in the order of `compare`, until it returns true, and
/// leaves exactly those; sorts only a little more than it shows.
pub(crate) fn keep_sorted_until<T: Copy>(
    items: &mut Vec<T>,
    compare: impl Fn(&T, &T) -> Ordering + Copy,
    mut stop: impl FnMut(&T) -> bool,
) {
    /// Most filters end within this many; otherwise eight times as many are sorted next.
    const FIRST_SORTED: usize = 256;
    let mut n_sorted = 0;
    let mut goal = FIRST_SORTED;
    while n_sorted < items.len() {
        let rest = &mut items[n_sorted..];
        let n_more = (goal - n_sorted).min(rest.len());
        if n_more < rest.len() {
            rest.select_nth_unstable_by(n_more - 1, compare);
        }
        let more = &mut rest[..n_more];
        more.sort_unstable_by(compare);
        if let Some(last) = more.iter().position(&mut stop) {
            items.truncate(n_sorted + last + 1);
            return;
        }
        n_sorted += n_more;
        goal = goal.saturating_mul(8);
    }
}

fn candidate((id, &logit): (TokenId, &f32)) -> Candidate {
    Candidate { id, logit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// Logits on a coarse grid, so that there are many ties.
    fn tied_logits(n: usize, seed: u64) -> Vec<f32> {
        let mut rng = Rng::new(seed);
        (0..n)
            .map(|_| (rng.next_u64() % 50) as f32 - 25.0)
            .collect()
    }

    #[test]
    fn the_likeliest_of_all_is_the_first_of_the_best() {
        for n in [1, 2, 15, 16, 17, 31, 33, 100, 5_000] {
            for seed in 0..20 {
                let mut logits = tied_logits(n, seed);
                // signed zeros are equals, and the penalties may leave -inf
                logits[seed as usize % n] = [-0.0, f32::NEG_INFINITY][seed as usize % 2];
                assert_eq!(likeliest_of_all(&logits), likeliest(all(&logits)), "{n}");
            }
        }
        let nothing = [f32::NEG_INFINITY; 20];
        assert_eq!(likeliest_of_all(&nothing).id, 0);
    }

    #[test]
    fn selection_agrees_with_a_full_sort() {
        for (n, k) in [
            (1, 1),
            (10, 3),
            (5_000, 1),
            (5_000, 40),
            (5_000, 1_500),
            (20_000, 19_999),
        ] {
            let logits = tied_logits(n, n as u64);
            let mut sorted = all(&logits);
            sorted.sort_by(by_likelihood);
            sorted.truncate(k);
            sort_by_id(&mut sorted);
            assert_eq!(likeliest_k(&logits, k), sorted, "n {n}, k {k}");
        }
    }

    #[test]
    fn likeliest_takes_the_lowest_id_among_equals() {
        let logits = [1.0, 7.0, 7.0, -3.0];
        assert_eq!(likeliest(all(&logits)).id, 1);
    }

    #[test]
    fn sorted_prefixes_agree_with_a_full_sort() {
        for n_wanted in [1, 255, 256, 257, 2_048, 2_049, 9_999, 10_000, 10_001] {
            let mut items = all(&tied_logits(10_000, 3));
            let mut sorted = items.clone();
            sorted.sort_by(by_likelihood);
            sorted.truncate(n_wanted);
            let mut n_seen = 0;
            keep_sorted_until(&mut items, by_likelihood, |_| {
                n_seen += 1;
                n_seen == n_wanted
            });
            assert_eq!(items, sorted, "{n_wanted} wanted");
        }
    }
}
