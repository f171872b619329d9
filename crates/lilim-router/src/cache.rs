//! Decisions and classifications kept by what they were made from, so that the same prompt is not
//! classified twice.

use std::collections::{BTreeMap, HashMap};

use crate::{Decision, DecisionInput};

/// What a decision was made from, as a hash: the prompt's text, the classifier, and all of the input
/// but the classification, which follows from these. A model that was loaded, measured or installed
/// since makes another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecisionKey([u8; 32]);

impl DecisionKey {
    /// Makes the key of what a classifier says, which hangs on the prompt's text and the classifier alone;
    /// the decision that follows hangs on what is in memory as well. `classifier` is as in [`Self::new`].
    pub fn of_classification(prompt: &str, classifier: &str) -> Self {
        Self::of_parts(&[prompt.as_bytes(), classifier.as_bytes()])
    }

    /// Makes the key. `classifier` names the classifier with everything that changes what it says: its
    /// version, the categories, priors and threshold.
    pub fn new(prompt: &str, classifier: &str, input: &DecisionInput<'_>) -> Self {
        let input = DecisionInput {
            classification: None,
            ..*input
        };
        let rest = serde_json::to_vec(&input).expect("inputs hold nothing that JSON cannot");
        Self::of_parts(&[prompt.as_bytes(), classifier.as_bytes(), &rest])
    }

    fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            // The length first, so that no two lists of parts run together to the same bytes.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }
}

/// The decisions used last, or classifications, up to a fixed number. The caller owns it and asks it.
#[derive(Clone, Debug)]
pub struct DecisionCache<V = Decision> {
    capacity: usize,
    /// Decisions with the tick of their last use.
    decisions: HashMap<DecisionKey, (u64, V)>,
    /// The same keys by tick: the first is the one to go.
    by_age: BTreeMap<u64, DecisionKey>,
    tick: u64,
}

impl<V> DecisionCache<V> {
    /// Makes a cache of so many decisions; with 0 it keeps none.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            decisions: HashMap::new(),
            by_age: BTreeMap::new(),
            tick: 0,
        }
    }

    /// The decision for a key, which then counts as used last.
    pub fn get(&mut self, key: &DecisionKey) -> Option<&V> {
        let (used, decision) = self.decisions.get_mut(key)?;
        self.tick += 1;
        self.by_age.remove(used);
        self.by_age.insert(self.tick, *key);
        *used = self.tick;
        Some(decision)
    }

    /// Keeps a decision in place of an earlier one of its key; the one unused for longest goes when
    /// there are too many.
    pub fn put(&mut self, key: DecisionKey, decision: V) {
        if self.capacity == 0 {
            return;
        }
        self.tick += 1;
        if let Some((used, _)) = self.decisions.insert(key, (self.tick, decision)) {
            self.by_age.remove(&used);
        }
        self.by_age.insert(self.tick, key);
        if self.decisions.len() > self.capacity
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.decisions.remove(&oldest);
        }
    }

    /// How many decisions it holds.
    pub fn len(&self) -> usize {
        self.decisions.len()
    }

    /// True when it holds none.
    pub fn is_empty(&self) -> bool {
        self.decisions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Candidate, Classification, Policy, RequestSize, decide};

    #[test]
    fn the_decision_unused_for_longest_goes_first() {
        let policy = Policy::Direct("a".to_owned());
        let candidates = [Candidate::named("a")];
        let input = DecisionInput::new(&policy, &candidates);
        let decision = decide(&input);
        let keys = ["0", "1", "2", "3"].map(|prompt| DecisionKey::new(prompt, "keywords", &input));
        let mut cache = DecisionCache::new(2);
        assert!(cache.is_empty());
        for key in [0, 1, 1] {
            cache.put(keys[key], decision.clone());
        }
        assert_eq!(cache.get(&keys[0]), Some(&decision));
        cache.put(keys[2], decision.clone());
        assert_eq!(cache.len(), 2);
        assert_eq!(cache.get(&keys[1]), None);
        cache.put(keys[3], decision.clone());
        assert_eq!(cache.get(&keys[0]), None);
        assert_eq!(cache.get(&keys[2]), Some(&decision));
        let mut none = DecisionCache::new(0);
        none.put(keys[0], decision);
        assert!(none.is_empty());
    }

    #[test]
    fn a_key_is_of_everything_but_the_classification() {
        let (policy, other) = (
            Policy::Direct("a".to_owned()),
            Policy::Direct("b".to_owned()),
        );
        let (candidates, loaded) = (
            [Candidate::named("a")],
            [Candidate {
                is_resident: true,
                ..Candidate::named("a")
            }],
        );
        let input = DecisionInput::new(&policy, &candidates);
        let key = DecisionKey::new("p", "c", &input);
        let of_classification = DecisionKey::of_classification("p", "c");
        assert_ne!(of_classification, key);
        assert_ne!(of_classification, DecisionKey::of_classification("pc", ""));
        let classification = Classification {
            category: None,
            confidence: 0.1,
            scores: Vec::new(),
        };
        let classified = DecisionInput {
            classification: Some(&classification),
            ..input
        };
        assert_eq!(DecisionKey::new("p", "c", &classified), key);
        let size = RequestSize {
            prompt_tokens: Some(3),
            answer_tokens: None,
        };
        let changed = [
            ("q", "c", input),
            ("p", "d", input),
            ("pc", "", input),
            ("p", "c", DecisionInput::new(&other, &candidates)),
            ("p", "c", DecisionInput::new(&policy, &loaded)),
            ("p", "c", DecisionInput { size, ..input }),
            (
                "p",
                "c",
                DecisionInput {
                    pinned: Some("a"),
                    ..input
                },
            ),
        ];
        for (prompt, classifier, input) in changed {
            assert_ne!(DecisionKey::new(prompt, classifier, &input), key);
        }
    }
}
