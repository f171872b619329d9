//! Brings a model's file pages into memory before the first prompt where products read them there,
//! so that loading is what takes the time (and shows its progress), and not the first token.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Bytes between two looks at a page: the smallest page size there is.
const PAGE_BYTES: usize = 4096;

/// Bytes that a thread takes at a time, and between two reports.
const STRETCH_BYTES: usize = 8 << 20;

/// Mapping pages that the system holds already is work for few threads; reading them from storage
/// wants an order near the file's.
const MAX_TOUCHING: usize = 4;

/// Reads one byte of every page of every part, about in file order, which is the order that storage
/// likes best. `report` hears the bytes done and the bytes in all.
///
/// *Cost*: what the storage takes; for pages in the system's cache already, a fault for each group
/// of pages that the system maps at once.
pub(crate) fn touch_pages(parts: &[&[u8]], n_threads: usize, report: &mut dyn FnMut(u64, u64)) {
    let total: u64 = parts.iter().map(|part| part.len() as u64).sum();
    let stretches: Vec<&[u8]> = parts
        .iter()
        .flat_map(|part| part.chunks(STRETCH_BYTES))
        .collect();
    let (next, n_done) = (AtomicUsize::new(0), AtomicU64::new(0));
    let touch_next = || {
        let stretch = stretches.get(next.fetch_add(1, Ordering::Relaxed))?;
        let sum = stretch
            .chunks(PAGE_BYTES)
            .fold(0u8, |sum, page| sum.wrapping_add(page[0]));
        // keeps the compiler from leaving the reads out
        std::hint::black_box(sum);
        let len = stretch.len() as u64;
        Some(n_done.fetch_add(len, Ordering::Relaxed) + len)
    };
    std::thread::scope(|scope| {
        for _ in 1..n_threads.min(MAX_TOUCHING).min(stretches.len()) {
            // without it the others do its share
            let _ =
                std::thread::Builder::new().spawn_scoped(scope, || while touch_next().is_some() {});
        }
        while let Some(n_done) = touch_next() {
            if n_done < total {
                report(n_done, total);
            }
        }
    });
    report(total, total);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_rises_over_all_parts_to_the_total() {
        let large = vec![1u8; 2 * STRETCH_BYTES + 5];
        for n_threads in [1, 2, 9] {
            let mut heard = Vec::new();
            touch_pages(&[&large, &[], &[7; 10]], n_threads, &mut |done, total| {
                heard.push((done, total));
            });
            let total = large.len() as u64 + 10;
            assert!(heard.is_sorted() && heard.iter().all(|&(_, all)| all == total));
            assert_eq!(heard.last(), Some(&(total, total)));
            if n_threads == 1 {
                let dones: Vec<u64> = heard.iter().map(|&(done, _)| done).collect();
                let stretch = STRETCH_BYTES as u64;
                assert_eq!(dones, [stretch, 2 * stretch, total - 10, total]);
            }
        }
    }

    #[test]
    fn a_model_without_bytes_is_done_at_once() {
        let mut heard = Vec::new();
        touch_pages(&[], 2, &mut |done, total| heard.push((done, total)));
        assert_eq!(heard, [(0, 0)]);
    }
}
