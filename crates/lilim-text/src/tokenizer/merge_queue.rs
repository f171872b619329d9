//! Greedy merging of neighbouring symbols, best pair first, as byte-pair encoding and
//! SentencePiece's BPE both do it.
//!
//! The symbols are a linked list over the text and the pairs that may merge wait in a heap, so a
//! text of n symbols takes O(n log n) steps however it is made. Entries that went stale because
//! a neighbour merged first stay in the heap and are dropped when they surface.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Marks the end of the list.
const NONE: u32 = u32::MAX;

/// A stretch of the text, `start..end`, that is one symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Symbol {
    pub(crate) start: u32,
    /// Equal to `start` once the symbol was merged into the one before.
    pub(crate) end: u32,
    /// The token, if the stretch is one.
    pub(crate) id: Option<u32>,
    prev: u32,
    next: u32,
}

/// A merge that the model allows: smaller `order` goes first, ties from left to right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merge {
    pub(crate) order: u32,
    pub(crate) id: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    order: u32,
    left: u32,
    right: u32,
    end: u32,
    id: u32,
}

/// The symbols of one text and the merges waiting; kept between texts for its memory.
#[derive(Debug, Default)]
pub(crate) struct MergeQueue {
    symbols: Vec<Symbol>,
    waiting: BinaryHeap<Reverse<Candidate>>,
}

impl MergeQueue {
    /// Forgets the last text.
    pub(crate) fn clear(&mut self) {
        self.symbols.clear();
        self.waiting.clear();
    }

    /// Appends a symbol that begins where the last one ended.
    pub(crate) fn push(&mut self, len: u32, id: Option<u32>) {
        let index = self.symbols.len() as u32;
        let start = self.symbols.last().map_or(0, |last| last.end);
        if let Some(last) = self.symbols.last_mut() {
            last.next = index;
        }
        let prev = index.checked_sub(1).unwrap_or(NONE);
        self.symbols.push(Symbol {
            start,
            end: start + len,
            id,
            prev,
            next: NONE,
        });
    }

    /// Merges until `find` allows no pair any more.
    pub(crate) fn run(&mut self, find: &mut dyn FnMut(&Symbol, &Symbol) -> Option<Merge>) {
        for right in 1..self.symbols.len() as u32 {
            self.offer(right - 1, right, find);
        }
        while let Some(Reverse(merge)) = self.waiting.pop() {
            let (left, right) = (
                self.symbols[merge.left as usize],
                self.symbols[merge.right as usize],
            );
            let is_stale =
                left.start == left.end || right.start == right.end || right.end != merge.end;
            if is_stale {
                continue;
            }
            assert_eq!(
                left.end, right.start,
                "symbols that may merge are neighbours"
            );
            let merged = Symbol {
                end: right.end,
                id: Some(merge.id),
                next: right.next,
                ..left
            };
            self.symbols[merge.left as usize] = merged;
            self.symbols[merge.right as usize].end = right.start;
            if right.next != NONE {
                self.symbols[right.next as usize].prev = merge.left;
                self.offer(merge.left, right.next, find);
            }
            if left.prev != NONE {
                self.offer(left.prev, merge.left, find);
            }
        }
    }

    /// The symbols that are left, in order.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.symbols
            .iter()
            .filter(|symbol| symbol.start != symbol.end)
    }

    fn offer(
        &mut self,
        left: u32,
        right: u32,
        find: &mut dyn FnMut(&Symbol, &Symbol) -> Option<Merge>,
    ) {
        let end = self.symbols[right as usize].end;
        if let Some(Merge { order, id }) =
            find(&self.symbols[left as usize], &self.symbols[right as usize])
        {
            self.waiting.push(Reverse(Candidate {
                order,
                left,
                right,
                end,
                id,
            }));
        }
    }
}
