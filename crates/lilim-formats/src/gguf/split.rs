//! Split sets: one model in several GGUF files, each with its own header and its own tensors.
//! The first part has the metadata; every part says its number, from 0, and how many there are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Gguf, GgufError, Metadata};
use crate::shown::shown;

const SPLIT_NO: &str = "split.no";
const SPLIT_COUNT: &str = "split.count";
const SPLIT_TENSORS: &str = "split.tensors.count";

/// The most parts of a set: the count is 16 bits wide in files.
pub const MAX_PARTS: u32 = u16::MAX as u32;

/// Which part of which set a file says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Split {
    /// The part's number, from 0.
    pub no: u32,
    /// The number of parts, at least 2.
    pub count: u32,
    /// The number of tensors of all parts together, if stated.
    pub n_tensors: Option<u64>,
}

impl Split {
    /// Reads the split keys; `None` when there are none or the set has one part only.
    pub(super) fn from_metadata(metadata: &Metadata) -> Result<Option<Self>, GgufError> {
        let count = metadata.u32(SPLIT_COUNT)?.unwrap_or(1);
        let fault = |key, value| GgufError::SplitValue {
            file: metadata.file().to_owned(),
            key,
            value,
            count,
        };
        if count > MAX_PARTS {
            return Err(fault(SPLIT_COUNT, count.into()));
        }
        let no = metadata.u32(SPLIT_NO)?.unwrap_or(0);
        // ggml writes 0 parts for "not split".
        if count <= 1 && no == 0 {
            return Ok(None);
        }
        if no >= count {
            return Err(fault(SPLIT_NO, no.into()));
        }
        let n_tensors = metadata.u64(SPLIT_TENSORS)?;
        Ok(Some(Self {
            no,
            count,
            n_tensors,
        }))
    }
}

pub(super) fn join(parts: Vec<Gguf>) -> Result<Gguf, GgufError> {
    let given = parts.len();
    for part in &parts {
        assert_eq!(
            part.files.len(),
            1,
            "part {:?} is already joined",
            part.files
        );
    }
    let first = parts.first().expect("join needs at least one part");
    let first_split = first.split()?;
    check_places(&parts, first_split.map_or(1, |split| split.count))?;
    let mut parts = parts.into_iter();
    let mut joined = parts.next().expect("there is a first part");
    for (number, part) in parts.enumerate() {
        append(&mut joined, part, number + 1)?;
    }
    let found = joined.tensors.len() as u64;
    match first_split.and_then(|split| split.n_tensors) {
        Some(expected) if expected != found => Err(GgufError::SplitTensors {
            file: joined.files.swap_remove(0),
            parts: given,
            expected,
            found,
        }),
        _ => Ok(joined),
    }
}

/// Checks that part `i` of a set of `count` is at place `i`.
fn check_places(parts: &[Gguf], count: u32) -> Result<(), GgufError> {
    for (place, part) in parts.iter().enumerate().take(count as usize) {
        let split = part.split()?;
        let (no, part_count) = split.map_or((0, 1), |split| (split.no, split.count));
        let file = part.files[0].clone();
        if part_count != count {
            return Err(GgufError::SplitCount {
                file,
                count: part_count,
                given: parts.len(),
            });
        }
        if no as usize != place {
            return Err(GgufError::SplitOrder {
                file,
                expected: place as u32 + 1,
                found: no + 1,
                count,
            });
        }
    }
    if parts.len() != count as usize {
        let file = parts[0].files[0].clone();
        return Err(GgufError::SplitCount {
            file,
            count,
            given: parts.len(),
        });
    }
    Ok(())
}

fn append(joined: &mut Gguf, part: Gguf, number: usize) -> Result<(), GgufError> {
    let Gguf { files, tensors, .. } = part;
    let index: &mut HashMap<String, usize> = &mut joined.index;
    for mut tensor in tensors {
        match index.entry(tensor.name.clone()) {
            Entry::Occupied(_) => {
                return Err(GgufError::DuplicateTensor {
                    file: files[0].clone(),
                    tensor: shown(&tensor.name),
                });
            }
            Entry::Vacant(place) => {
                place.insert(joined.tensors.len());
            }
        }
        tensor.part = number;
        joined.tensors.push(tensor);
    }
    joined.files.extend(files);
    Ok(())
}

/// Returns the names of all parts of a split set from the name of any one of them, in order:
/// `model-00002-of-00003.gguf` gives three names. A folder before the name is kept. `None` when
/// the name is not of this form or its numbers are impossible.
pub fn part_names(name: &str) -> Option<Vec<String>> {
    let (rest, count) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (prefix, number) = rest.rsplit_once('-')?;
    let (number, count) = (five_digits(number)?, five_digits(count)?);
    if number == 0 || number > count || count > MAX_PARTS {
        return None;
    }
    Some(
        (1..=count)
            .map(|part| format!("{prefix}-{part:05}-of-{count:05}.gguf"))
            .collect(),
    )
}

fn five_digits(text: &str) -> Option<u32> {
    let digits = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
