//! The file of a finished run: recording, findings, and a hash over both; and its verification.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::derive::{Findings, derive};
use crate::error::BenchError;
use crate::record::{Recording, SCHEMA};

/// What `lilim bench` writes as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultFile {
    /// What happened.
    pub recording: Recording,
    /// What follows from it.
    pub findings: Findings,
    /// blake3 over the recording and the findings as compact JSON, in hexadecimal.
    pub hash: String,
}

impl ResultFile {
    /// Derives the findings of a recording and seals both.
    pub fn of(recording: Recording) -> Self {
        let findings = derive(&recording);
        let hash = hash(&recording, &findings);
        Self {
            recording,
            findings,
            hash,
        }
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`BenchError::Format`] with the place where the text is not a result file.
    pub fn parse(path: &Path, text: &str) -> Result<Self, BenchError> {
        let format = |line, reason| BenchError::Format {
            path: path.to_owned(),
            line,
            reason,
        };
        let file: Self =
            serde_json::from_str(text).map_err(|error| format(error.line(), error.to_string()))?;
        if file.recording.header.schema != SCHEMA {
            let schema = &file.recording.header.schema;
            return Err(format(1, format!("schema '{schema}', expected '{SCHEMA}'")));
        }
        Ok(file)
    }

    /// Derives everything again and names every difference; none where the file is sound.
    pub fn verify(&self) -> Vec<Difference> {
        let mut differences = Vec::new();
        let again = derive(&self.recording);
        let (said, found) = (as_json(&self.findings), as_json(&again));
        compare("findings", &said, &found, &mut differences);
        let hash = hash(&self.recording, &self.findings);
        if hash != self.hash {
            differences.push(Difference {
                place: "hash".to_owned(),
                said: self.hash.clone(),
                found: hash,
            });
        }
        differences
    }
}

/// A number of a file that does not follow from its samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where in the file.
    pub place: String,
    /// What the file says.
    pub said: String,
    /// What follows.
    pub found: String,
}

fn hash(recording: &Recording, findings: &Findings) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [as_json(recording), as_json(findings)] {
        hasher.update(part.to_string().as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn as_json(part: &impl Serialize) -> Value {
    serde_json::to_value(part).expect("results hold nothing that JSON cannot")
}

fn compare(place: &str, said: &Value, found: &Value, differences: &mut Vec<Difference>) {
    match (said, found) {
        (Value::Object(said_fields), Value::Object(found_fields)) => {
            let names = said_fields.keys().chain(found_fields.keys());
            let names: std::collections::BTreeSet<_> = names.collect();
            for name in names {
                let said = said_fields.get(name).unwrap_or(&Value::Null);
                let found = found_fields.get(name).unwrap_or(&Value::Null);
                compare(&format!("{place}.{name}"), said, found, differences);
            }
        }
        (Value::Array(said), Value::Array(found)) if said.len() == found.len() => {
            for (index, (said, found)) in said.iter().zip(found).enumerate() {
                compare(&format!("{place}[{index}]"), said, found, differences);
            }
        }
        _ if said == found => {}
        _ => differences.push(Difference {
            place: place.to_owned(),
            said: said.to_string(),
            found: found.to_string(),
        }),
    }
}
