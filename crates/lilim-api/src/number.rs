//! Floats that keep their value in every encoding: JSON has no word for those that are no finite
//! numbers, so there they are the strings `"NaN"`, `"inf"` and `"-inf"`.
//!
//! For `#[serde(with = "number")]` on a `f32`, and [`Number`] inside lists.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a float: as a number, or by its name where the encoding is for people and has no number
/// for it.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() || !serializer.is_human_readable() {
        return serializer.serialize_f32(*value);
    }
    serializer.serialize_str(match *value {
        f32::INFINITY => "inf",
        f32::NEG_INFINITY => "-inf",
        _ => "NaN",
    })
}

/// Reads a float that [`serialize`] wrote.
///
/// # Errors
/// When it is neither a number nor one of the three names.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    deserializer.deserialize_any(FloatVisitor)
}

/// A float inside a list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(#[serde(with = "self")] pub f32);

/// Pairs of an id and a float, such as biases.
pub(crate) mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Number;
    use crate::TokenId;

    pub(crate) fn serialize<S: Serializer>(
        pairs: &[(TokenId, f32)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let pairs: Vec<_> = pairs.iter().map(|&(id, x)| (id, Number(x))).collect();
        pairs.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(TokenId, f32)>, D::Error> {
        let pairs = Vec::<(TokenId, Number)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().map(|(id, x)| (id, x.0)).collect())
    }
}

struct FloatVisitor;

impl Visitor<'_> for FloatVisitor {
    type Value = f32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"NaN\", \"inf\" or \"-inf\"")
    }

    fn visit_f32<E>(self, value: f32) -> Result<f32, E> {
        Ok(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<f32, E> {
        Ok(value as f32)
    }

    fn visit_i64<E>(self, value: i64) -> Result<f32, E> {
        Ok(value as f32)
    }

    fn visit_u64<E>(self, value: u64) -> Result<f32, E> {
        Ok(value as f32)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<f32, E> {
        match value {
            "NaN" => Ok(f32::NAN),
            "inf" => Ok(f32::INFINITY),
            "-inf" => Ok(f32::NEG_INFINITY),
            _ => Err(E::invalid_value(de::Unexpected::Str(value), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn every_float_comes_back_from_json() {
        let cases = [
            (0.5, "0.5"),
            (-0.0, "-0.0"),
            (f32::MAX, "3.4028235e+38"),
            (f32::INFINITY, "\"inf\""),
            (f32::NEG_INFINITY, "\"-inf\""),
            (f32::NAN, "\"NaN\""),
        ];
        for (value, text) in cases {
            let json = serde_json::to_string(&Number(value)).unwrap();
            assert_eq!(json, text);
            let back: Number = serde_json::from_str(&json).unwrap();
            assert_eq!(back.0.to_bits(), value.to_bits());
        }
        assert_eq!(serde_json::from_str::<Number>("-3").unwrap(), Number(-3.0));
        assert!(serde_json::from_str::<Number>("\"much\"").is_err());
    }
}
