//! Brings a model's file pages into memory before the first prompt, so that loading is what takes
//! the time (and shows its progress), and not the first token.

/// Bytes between two looks at a page: the smallest page size there is.
const PAGE_BYTES: usize = 4096;

/// Bytes between two reports.
const REPORT_BYTES: usize = 32 << 20;

/// Reads one byte of every page of every part, in file order, which is the order that storage likes
/// best. `report` hears the bytes done and the bytes in all.
///
/// *Cost*: what the storage takes; for pages in the system's cache already, a fault for each group
/// of pages that the system maps at once.
pub(crate) fn touch_pages(parts: &[&[u8]], report: &mut dyn FnMut(u64, u64)) {
    let total: u64 = parts.iter().map(|part| part.len() as u64).sum();
    let mut done = 0;
    let mut sum = 0u8;
    for stretch in parts.iter().flat_map(|part| part.chunks(REPORT_BYTES)) {
        for page in stretch.chunks(PAGE_BYTES) {
            sum = sum.wrapping_add(page[0]);
        }
        done += stretch.len() as u64;
        report(done, total);
    }
    // keeps the compiler from leaving the reads out
    std::hint::black_box(sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_rises_over_all_parts_to_the_total() {
        let large = vec![1u8; REPORT_BYTES + 5];
        let mut heard = Vec::new();
        touch_pages(&[&large, &[], &[7; 10]], &mut |done, total| {
            heard.push((done, total))
        });
        let total = REPORT_BYTES as u64 + 15;
        assert_eq!(
            heard,
            [(total - 15, total), (total - 10, total), (total, total)]
        );
    }
}
