//! An allocator that counts, so that a test can bound what a parser allocates. Counts are kept a
//! thread, because tests run side by side.

#![allow(
    unsafe_code,
    reason = "GlobalAlloc is an unsafe trait; every call goes on to System"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes allocated and not freed since the last reset; negative when older ones are freed.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

pub(crate) struct Metered;

fn count(change: isize) {
    // A thread that is ending has no counters any more, and nothing to measure.
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + change);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

// SAFETY: all memory comes from and goes back to `System` with the layout given; counting only
// touches cells of this thread and never allocates.
unsafe impl GlobalAlloc for Metered {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: `pointer` is from `System.alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs `work` and returns what it returned and the most bytes it had allocated at once.
pub(crate) fn peak_bytes<T>(work: impl FnOnce() -> T) -> (T, usize) {
    LIVE.set(0);
    PEAK.set(0);
    let result = work();
    (result, PEAK.get() as usize)
}
