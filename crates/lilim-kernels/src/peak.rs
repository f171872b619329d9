//! What a level can multiply and add at most: loops over registers, which no memory slows down. A
//! kernel's speed is told as a share of them.

#[cfg(target_arch = "aarch64")]
mod arm;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::hint::black_box;

use crate::level::Level;
use crate::table::Kernels;

/// What is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeakKind {
    /// 32-bit floats.
    F32,
    /// Bytes, as products with quantized weights use them.
    Bytes,
}

impl PeakKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::F32, Self::Bytes];

    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bytes => "bytes",
        }
    }
}

/// A loop that multiplies and adds as fast as a core can at a level.
#[derive(Clone, Copy, Debug)]
pub struct Peak {
    ops_per_turn: usize,
    run: fn(usize),
}

impl Peak {
    /// Returns the operations of so many turns; a multiplication with its addition is two.
    pub fn n_ops(&self, n_turns: usize) -> usize {
        self.ops_per_turn * n_turns
    }

    /// Does so many turns on the calling thread.
    pub fn run(&self, n_turns: usize) {
        (self.run)(n_turns);
    }
}

impl Kernels {
    /// Returns the bare loop of these kernels' level, `None` where the level has no such
    /// multiplication: the reference multiplies no bytes.
    pub fn peak(&self, kind: PeakKind) -> Option<Peak> {
        // A table is given out only where its level was found on this machine: that is what each
        // loop relies on.
        match self.level() {
            Level::Reference => (kind == PeakKind::F32).then_some(PLAIN),
            #[cfg(target_arch = "x86_64")]
            level => x86::peak(level, kind),
            #[cfg(target_arch = "aarch64")]
            level => arm::peak(level, kind),
            #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
            _ => None,
        }
    }
}

/// Independent chains: more than latency times throughput.
const CHAINS: usize = 12;

/// Lanes of the vectors that every 64-bit machine has.
const LANES: usize = 4;

/// What the compiler makes of plain Rust.
const PLAIN: Peak = Peak {
    ops_per_turn: CHAINS * LANES * 2,
    run: plain,
};

fn plain(n_turns: usize) {
    let mut sums = black_box([[0.0f32; LANES]; CHAINS]);
    let (a, b) = (black_box([1.5f32; LANES]), black_box([0.5f32; LANES]));
    for _ in 0..n_turns {
        for sum in &mut sums {
            for lane in 0..LANES {
                sum[lane] = sum[lane] * b[lane] + a[lane];
            }
        }
    }
    black_box(sums);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_of_this_machine_has_a_peak_in_floats_and_every_fast_one_in_bytes() {
        for level in Level::available() {
            let kernels = Kernels::for_level(level).unwrap();
            for kind in PeakKind::ALL {
                let is_slow = level == Level::Reference && kind == PeakKind::Bytes;
                let Some(peak) = kernels.peak(kind) else {
                    assert!(is_slow, "{level} {}", kind.name());
                    continue;
                };
                assert!(!is_slow && peak.n_ops(3) >= 3 * 2 * CHAINS);
                peak.run(3);
            }
        }
    }
}
