//! Any bytes on a worker's pipe: frames of messages or an error; what is read as a message is written
//! and read back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lilim_engines::wire::{Encoding, Reply, Request, decode, encode, read_frame};
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|input: &[u8]| {
    let mut reader = input;
    let mut payload = Vec::new();
    while let Ok(true) = read_frame(&mut reader, &mut payload) {
        check::<Request>(&payload);
        check::<Reply>(&payload);
    }
    check::<Request>(input);
    check::<Reply>(input);
});

fn check<T: Serialize + DeserializeOwned>(payload: &[u8]) {
    for encoding in Encoding::ALL {
        let Ok(message) = decode::<T>(payload, encoding) else {
            continue;
        };
        let once = encode(&message, encoding).expect("what was read can be written");
        let back: T = decode(&once, encoding).expect("what was written can be read");
        let twice = encode(&back, encoding).expect("what was read can be written");
        assert!(once == twice, "a message changes on its way");
    }
}
