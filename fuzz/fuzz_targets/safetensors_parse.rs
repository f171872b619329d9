//! Any bytes as a safetensors file and as the index of a sharded model.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lilim_formats::safetensors::{SafeTensors, ShardIndex};

fuzz_target!(|bytes: &[u8]| {
    match SafeTensors::parse("file", bytes) {
        Ok(file) => {
            for view in file.tensors() {
                assert_eq!(view.n_elements() * view.dtype.size(), view.bytes.len());
                assert_eq!(
                    file.tensor(&view.name).map(|found| found.bytes).ok(),
                    Some(view.bytes)
                );
            }
        }
        Err(error) => drop(error.to_string()),
    }
    match ShardIndex::parse("file", bytes) {
        Ok(index) => assert!(index.files().iter().all(|file| !file.contains(['/', '\\']))),
        Err(error) => drop(error.to_string()),
    }
});
