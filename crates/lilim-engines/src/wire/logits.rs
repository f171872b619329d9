//! Rows of logits on the wire: little-endian bytes in MessagePack, a list of numbers in JSON.

use std::fmt;

use lilim_api::number::Number;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A row of logits: `[vocab_size]`. Every bit arrives, in JSON too (of numbers that are none, which
/// one they are).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logits(pub Vec<f32>);

/// Room made for a list before its numbers are seen.
const MOST_UNSEEN: usize = 1 << 18;

impl Serialize for Logits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_seq(self.0.iter().map(|&logit| Number(logit)));
        }
        let mut bytes = vec![0; 4 * self.0.len()];
        let (places, _) = bytes.as_chunks_mut::<4>();
        for (place, logit) in places.iter_mut().zip(&self.0) {
            *place = logit.to_le_bytes();
        }
        serde_bytes::Bytes::new(&bytes).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Logits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LogitsVisitor)
    }
}

struct LogitsVisitor;

impl<'de> Visitor<'de> for LogitsVisitor {
    type Value = Logits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers, or bytes of 32-bit floats")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Logits, E> {
        let (floats, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(E::invalid_length(bytes.len(), &"a multiple of four bytes"));
        }
        Ok(Logits(
            floats
                .iter()
                .map(|&four| f32::from_le_bytes(four))
                .collect(),
        ))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Logits, A::Error> {
        let mut logits = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(MOST_UNSEEN));
        while let Some(number) = seq.next_element::<Number>()? {
            logits.push(number.0);
        }
        Ok(Logits(logits))
    }
}
