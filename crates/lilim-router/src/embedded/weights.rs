//! The file of a trained classifier: what it holds and how it is checked.
//!
//! Layout, all little-endian: the magic (8 bytes); version, number of labels, number of buckets
//! (u32 each); the divisor of the logits (f32); a scale a label (f32); a bias a label (f32); then for
//! each bucket one int8 a label. A weight is its int8 times its label's scale.

use super::features::{BUCKETS, GROUPS};
use crate::RouterError;

const MAGIC: &[u8; 8] = b"LILIMPC\0";
const VERSION: u32 = 2;
/// The built-in categories, in their order.
pub(super) const LABELS: usize = 5;
const HEAD_BYTES: usize = MAGIC.len() + 3 * 4 + 4 + 2 * LABELS * 4;

/// A checked file.
pub(super) struct Weights {
    divisor: f64,
    scale: [f64; LABELS],
    bias: [f64; LABELS],
    /// `[BUCKETS, LABELS]`, each byte an int8.
    table: &'static [u8],
}

impl Weights {
    /// Reads a file.
    ///
    /// # Errors
    /// `Weights` when the length, the magic, the version or a count is another than expected, or a
    /// number is not finite or a divisor or scale not positive.
    pub(super) fn read(bytes: &'static [u8]) -> Result<Self, RouterError> {
        let expected = HEAD_BYTES + BUCKETS * LABELS;
        if bytes.len() != expected {
            let length = bytes.len();
            return Err(fault(format!("{length} bytes, not {expected}")));
        }
        let (head, table) = bytes.split_at(HEAD_BYTES);
        if !head.starts_with(MAGIC) {
            return Err(fault("the first 8 bytes are no LILIMPC".to_owned()));
        }
        let word = |index: usize| {
            let at = MAGIC.len() + 4 * index;
            [head[at], head[at + 1], head[at + 2], head[at + 3]]
        };
        let wanted = [
            ("version", VERSION),
            ("number of labels", LABELS as u32),
            ("number of buckets", BUCKETS as u32),
        ];
        for (index, (what, expected)) in wanted.into_iter().enumerate() {
            let got = u32::from_le_bytes(word(index));
            if got != expected {
                return Err(fault(format!("{what} {got}, not {expected}")));
            }
        }
        let number = |index: usize| f64::from(f32::from_le_bytes(word(index)));
        let weights = Self {
            divisor: number(3),
            scale: std::array::from_fn(|label| number(4 + label)),
            bias: std::array::from_fn(|label| number(4 + LABELS + label)),
            table,
        };
        weights.check()?;
        Ok(weights)
    }

    fn check(&self) -> Result<(), RouterError> {
        for &number in self.scale.iter().chain([&self.divisor]) {
            if !(number > 0.0 && number.is_finite()) {
                return Err(fault(format!("divisor or scale {number}, not positive")));
            }
        }
        match self.bias.iter().find(|bias| !bias.is_finite()) {
            Some(bias) => Err(fault(format!("bias {bias}"))),
            None => Ok(()),
        }
    }

    /// The labels' calibrated logits: sums in whole numbers, each group divided by the root of its
    /// size, in f64.
    pub(super) fn logits(&self, groups: &[Vec<u32>; GROUPS]) -> [f64; LABELS] {
        let mut logits = [0.0; LABELS];
        for group in groups.iter().filter(|group| !group.is_empty()) {
            let mut sums = [0_i32; LABELS];
            for &feature in group {
                let row = &self.table[feature as usize * LABELS..][..LABELS];
                for (sum, &weight) in sums.iter_mut().zip(row) {
                    *sum += i32::from(weight.cast_signed());
                }
            }
            let root = (group.len() as f64).sqrt();
            for (logit, sum) in logits.iter_mut().zip(sums) {
                *logit += f64::from(sum) / root;
            }
        }
        std::array::from_fn(|label| {
            (logits[label] * self.scale[label] + self.bias[label]) / self.divisor
        })
    }
}

fn fault(reason: String) -> RouterError {
    RouterError::Weights { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(change: impl Fn(&mut Vec<u8>)) -> &'static [u8] {
        let mut bytes = MAGIC.to_vec();
        for number in [VERSION, LABELS as u32, BUCKETS as u32] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(
            [1.0_f32; 1 + 2 * LABELS]
                .iter()
                .flat_map(|x| x.to_le_bytes()),
        );
        bytes.resize(HEAD_BYTES + BUCKETS * LABELS, 0xFF);
        change(&mut bytes);
        bytes.leak()
    }

    #[test]
    fn logits_are_scaled_sums_by_group() {
        let weights = Weights::read(file(|_| ())).unwrap();
        let mut groups = [const { Vec::new() }; GROUPS];
        groups[0] = vec![0, 1, 2, 3];
        groups[1] = vec![BUCKETS as u32 - 1];
        assert_eq!(weights.logits(&groups), [1.0 - 2.0 - 1.0; LABELS]);
    }

    #[test]
    fn faults_of_a_file_are_named() {
        let set =
            |at: usize, four: [u8; 4]| file(move |bytes| bytes[at..at + 4].copy_from_slice(&four));
        let cases = [
            (file(|bytes| bytes.truncate(9)), "9 bytes, not 327744"),
            (set(0, *b"GGUF"), "the first 8 bytes are no LILIMPC"),
            (set(8, [1, 0, 0, 0]), "version 1, not 2"),
            (set(12, [4, 0, 0, 0]), "number of labels 4, not 5"),
            (set(16, [9, 0, 0, 0]), "number of buckets 9, not 65536"),
            (set(20, [0; 4]), "divisor or scale 0, not positive"),
            (
                set(24, f32::NAN.to_le_bytes()),
                "divisor or scale NaN, not positive",
            ),
            (set(44, f32::INFINITY.to_le_bytes()), "bias inf"),
        ];
        for (bytes, reason) in cases {
            let error = Weights::read(bytes).err().unwrap().to_string();
            assert_eq!(error, format!("weights of the classifier: {reason}"));
        }
    }
}
