//! The model's weights where products read them: laid out once at load for reading in a line, in
//! memory of large pages.
//!
//! Matrices are packed as their kernels want them. What was taken from the file is given back to
//! the system as it goes, so that (where the system can do that) little is in memory twice. The
//! embedding stays in the file: a token touches one row of it.
//!
//! At the reference level nothing is moved: its products read the file's own rows.

use std::ops::Range;
use std::sync::Arc;

use lilim_kernels::{Level, PackedRows, WeightRows};
use memmap2::MmapMut;

use crate::bytes::ModelBytes;
use crate::compute::Compute;
use crate::estimate::OutOfMemory;
use crate::tensors::Matrix;
use crate::warm::touch_pages;

/// Where a matrix begins in memory: that of a vector register, and of a cache line.
const ALIGN: usize = 64;

/// Rows that one thread lays out at a time, a multiple of what lies side by side.
const ROWS_AT_ONCE: usize = 128;

/// Bytes between two reports, and until what was taken from the file is given back.
const REPORT_BYTES: usize = 32 << 20;

/// A model's files and the weights that were taken out of them.
pub(crate) struct ModelMemory {
    bytes: Arc<dyn ModelBytes>,
    /// None where nothing was moved.
    resident: Option<MmapMut>,
}

/// Rows on their way from the file.
struct Tile<'a> {
    rows: WeightRows<'a>,
    /// The part of the files that they are in, and their bytes in it.
    source: (usize, Range<usize>),
    out: &'a mut [u8],
}

impl ModelMemory {
    /// Lays out the weights that products read; `report` hears the bytes done and the bytes in all.
    pub(crate) fn load(
        bytes: Arc<dyn ModelBytes>,
        mut matrices: Vec<&mut Matrix>,
        compute: &Compute,
        report: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, OutOfMemory> {
        if compute.kernels.level() == Level::Reference {
            touch_pages(&bytes.parts(), compute.n_threads(), report);
            return Ok(Self {
                bytes,
                resident: None,
            });
        }
        let n_bytes = place(&mut matrices);
        let mut resident = large_pages(n_bytes)?;
        let total = n_bytes as u64;
        report(0, total);
        let parts = bytes.parts();
        let mut all = Vec::new();
        let mut rest = &mut resident[..];
        for matrix in &matrices {
            let place = matrix.resident.clone().expect("every matrix was placed");
            let (out, after) = rest.split_at_mut(place.len().next_multiple_of(ALIGN));
            rest = after;
            tiles(matrix, &parts, &mut out[..place.len()], &mut all);
        }
        let (mut batch, mut n_batch, mut done) = (Vec::new(), 0, 0);
        for tile in all {
            n_batch += tile.out.len();
            batch.push(tile);
            if n_batch >= REPORT_BYTES {
                lay_out(compute, &mut batch, &*bytes);
                done += n_batch as u64;
                n_batch = 0;
                report(done, total);
            }
        }
        lay_out(compute, &mut batch, &*bytes);
        report(total, total);
        drop(parts);
        Ok(Self {
            bytes,
            resident: Some(resident),
        })
    }

    /// The files' bytes.
    pub(crate) fn parts(&self) -> Vec<&[u8]> {
        self.bytes.parts()
    }

    /// The weights that were laid out.
    pub(crate) fn resident(&self) -> &[u8] {
        self.resident.as_deref().unwrap_or_default()
    }
}

/// Gives each matrix its place; returns how many bytes they take.
fn place(matrices: &mut [&mut Matrix]) -> usize {
    let mut end = 0;
    for matrix in matrices {
        let start = end;
        end += packed_bytes(matrix, matrix.n_rows);
        matrix.resident = Some(start..end);
        end = end.next_multiple_of(ALIGN);
    }
    end
}

/// Bytes of so many rows, packed.
fn packed_bytes(matrix: &Matrix, n_rows: usize) -> usize {
    PackedRows::n_bytes(matrix.ty, n_rows, matrix.n_cols)
        .expect("type and size were checked when the tensor was found")
}

/// Zeroed memory in pages as large as the system has.
fn large_pages(n_bytes: usize) -> Result<MmapMut, OutOfMemory> {
    let failed = |_| OutOfMemory {
        what: "the weights",
        needed_bytes: n_bytes as u64,
    };
    let map = MmapMut::map_anon(n_bytes.max(1)).map_err(failed)?;
    #[cfg(target_os = "linux")]
    if let Err(error) = map.advise(memmap2::Advice::HugePage) {
        tracing::debug!(%error, "no large pages");
    }
    Ok(map)
}

/// Cuts a matrix into tiles.
fn tiles<'a>(matrix: &Matrix, parts: &[&'a [u8]], out: &'a mut [u8], tiles: &mut Vec<Tile<'a>>) {
    let rows = matrix.in_file(parts);
    let mut rest = out;
    for first in (0..matrix.n_rows).step_by(ROWS_AT_ONCE) {
        let rows = rows.slice(first..matrix.n_rows.min(first + ROWS_AT_ONCE));
        let (out, after) = rest.split_at_mut(packed_bytes(matrix, rows.n_rows()));
        rest = after;
        let start = matrix.bytes.start + first * matrix.row_bytes();
        tiles.push(Tile {
            rows,
            source: (matrix.part, start..start + rows.bytes().len()),
            out,
        });
    }
}

/// Fills the tiles' places, on all threads, and gives back what they were taken from.
fn lay_out(compute: &Compute, tiles: &mut Vec<Tile>, bytes: &dyn ModelBytes) {
    compute.for_each_part(tiles.iter_mut().collect(), usize::MAX, |_, tile| {
        PackedRows::pack(tile.rows, tile.out);
    });
    for Tile { source, .. } in tiles.drain(..) {
        bytes.release(source.0, source.1);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use lilim_formats::GgmlType;
    use lilim_kernels::Kernels;

    use super::*;

    /// Bytes that remember what was released.
    struct Recording {
        bytes: Vec<u8>,
        released: Mutex<Vec<Range<usize>>>,
    }

    impl ModelBytes for Recording {
        fn parts(&self) -> Vec<&[u8]> {
            vec![&self.bytes]
        }

        fn name(&self) -> &str {
            "recording"
        }

        fn release(&self, _part: usize, bytes: Range<usize>) {
            self.released.lock().expect("one thread").push(bytes);
        }

        fn path(&self) -> &Path {
            Path::new("recording.gguf")
        }
    }

    fn matrix(ty: GgmlType, bytes: Range<usize>, n_rows: usize, n_cols: usize) -> Matrix {
        Matrix {
            ty,
            part: 0,
            bytes,
            n_rows,
            n_cols,
            resident: None,
        }
    }

    /// 300 rows of Q8_0, then five of F32 that are no whole vectors.
    fn two_matrices() -> (Arc<Recording>, [Matrix; 2]) {
        let n_quantized = 300 * 68;
        let n = n_quantized + 5 * 7 * 4;
        let bytes = (0..n).map(|i| (i % 249) as u8).collect();
        let quantized = matrix(GgmlType::Q8_0, 0..n_quantized, 300, 64);
        let floats = matrix(GgmlType::F32, n_quantized..n, 5, 7);
        let released = Mutex::default();
        (Arc::new(Recording { bytes, released }), [quantized, floats])
    }

    fn load(kernels: &'static Kernels) -> (Arc<Recording>, [Matrix; 2], ModelMemory, u64) {
        let (bytes, mut matrices) = two_matrices();
        let compute = Compute::new(kernels, 2).expect("two threads");
        let mut last = (0, 1);
        let shared: Arc<dyn ModelBytes> = bytes.clone();
        let memory = ModelMemory::load(
            shared,
            matrices.iter_mut().collect(),
            &compute,
            &mut |done, total| last = (done, total),
        );
        assert_eq!(last.0, last.1, "all was reported");
        (bytes, matrices, memory.expect("little memory"), last.1)
    }

    #[test]
    fn matrices_are_packed_and_their_bytes_released() {
        let kernels = Kernels::detect();
        if kernels.level() == Level::Reference {
            return;
        }
        let (bytes, [quantized, floats], memory, total) = load(kernels);
        assert_eq!(memory.resident().len() as u64, total);
        for matrix in [&quantized, &floats] {
            let mut packed = vec![0; packed_bytes(matrix, matrix.n_rows)];
            PackedRows::pack(matrix.in_file(&bytes.parts()), &mut packed);
            let place = matrix.resident.clone().expect("placed");
            assert!(place.start.is_multiple_of(ALIGN));
            assert_eq!(memory.resident()[place], packed);
        }
        let released = bytes.released.lock().expect("one thread");
        let mut end = 0;
        for range in released.iter() {
            assert_eq!(range.start, end, "tile after tile");
            end = range.end;
        }
        assert_eq!(end, floats.bytes.end);
    }

    #[test]
    fn the_reference_level_reads_the_file() {
        let kernels = Kernels::for_level(Level::Reference).expect("always there");
        let (bytes, matrices, memory, _) = load(kernels);
        assert!(memory.resident().is_empty());
        assert!(matrices.iter().all(|matrix| matrix.resident.is_none()));
        assert!(bytes.released.lock().expect("one thread").is_empty());
    }
}
