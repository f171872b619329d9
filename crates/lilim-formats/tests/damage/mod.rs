//! Ways to damage a file: all of one kind at every place, or at random from a seed.

/// A small generator (splitmix64): the same damage on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `n`, which is not zero.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Damage {
    Truncate { len: usize },
    Flip { bit: usize },
    Byte { at: usize, value: u8 },
    Number4 { at: usize, value: u32 },
    Number8 { at: usize, value: u64 },
    Remove { at: usize, len: usize },
    Repeat { at: usize, len: usize, to: usize },
    Swap { at: usize, with: usize, len: usize },
    Insert { at: usize, bytes: Vec<u8> },
}

const NUMBERS4: [u32; 6] = [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, 9];
const NUMBERS8: [u64; 8] = [
    0,
    1,
    1 << 31,
    1 << 32,
    1 << 61,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

impl Damage {
    /// Lists every truncation, every flipped bit, and at every place the bytes and numbers that
    /// parsers trip over. The end of a file is tensor data, so places stop after the first 2 KiB.
    pub(crate) fn systematic(sound: &[u8]) -> Vec<Self> {
        let places = 0..sound.len().min(2048);
        let mut all: Vec<Self> = (0..sound.len()).map(|len| Self::Truncate { len }).collect();
        for at in places {
            all.extend((at * 8..at * 8 + 8).map(|bit| Self::Flip { bit }));
            all.extend([0, 0x7f, 0x80, 0xff, b'"'].map(|value| Self::Byte { at, value }));
            all.extend(NUMBERS4.map(|value| Self::Number4 { at, value }));
            all.extend(NUMBERS8.map(|value| Self::Number8 { at, value }));
            let near = sound.len() as u64 - at as u64;
            all.extend([near, near - 1, near / 8].map(|value| Self::Number8 { at, value }));
        }
        all
    }

    /// Draws one damage of a file of `len` bytes; `others` lend bytes to insert.
    pub(crate) fn random(random: &mut Random, len: usize, others: &[Vec<u8>]) -> Self {
        let at = random.below(len + 1);
        let piece = random.below(64);
        match random.below(9) {
            0 => Self::Truncate { len: at },
            1 | 2 => Self::Flip {
                bit: random.below(8 * len + 1),
            },
            3 => Self::Byte {
                at,
                value: random.next() as u8,
            },
            4 => Self::Number4 {
                at,
                value: NUMBERS4[random.below(NUMBERS4.len())],
            },
            5 => Self::Number8 {
                at,
                value: NUMBERS8[random.below(NUMBERS8.len())],
            },
            6 => Self::Remove { at, len: piece },
            7 => Self::Repeat {
                at,
                len: piece,
                to: random.below(len + 1),
            },
            _ if others.is_empty() || random.below(2) == 0 => Self::Swap {
                at,
                with: random.below(len + 1),
                len: piece,
            },
            _ => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len());
                let bytes = other[from..other.len().min(from + piece)].to_vec();
                Self::Insert { at, bytes }
            }
        }
    }

    /// Returns the damaged copy; what would lie past the end is left out.
    pub(crate) fn apply(&self, sound: &[u8]) -> Vec<u8> {
        let mut out = sound.to_vec();
        let end = |at: usize, len: usize| (at + len).min(sound.len());
        match *self {
            Self::Truncate { len } => out.truncate(len),
            Self::Flip { bit } => {
                if let Some(byte) = out.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Self::Byte { at, value } => overwrite(&mut out, at, &[value]),
            Self::Number4 { at, value } => overwrite(&mut out, at, &value.to_le_bytes()),
            Self::Number8 { at, value } => overwrite(&mut out, at, &value.to_le_bytes()),
            Self::Remove { at, len } => drop(out.drain(at..end(at, len))),
            Self::Repeat { at, len, to } => {
                let piece = sound[at..end(at, len)].to_vec();
                out.splice(to..to, piece);
            }
            Self::Swap { at, with, len } => {
                overwrite(&mut out, at, &sound[with..end(with, len)]);
                overwrite(&mut out, with, &sound[at..end(at, len)]);
            }
            Self::Insert { at, ref bytes } => {
                out.splice(at..at, bytes.iter().copied());
            }
        }
        out
    }
}

fn overwrite(out: &mut [u8], at: usize, bytes: &[u8]) {
    for (to, from) in out.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}
