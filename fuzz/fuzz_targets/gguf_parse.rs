//! Any bytes as a GGUF file: parsing ends in an error or in tensors inside the file, and what
//! parses is written and read again the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lilim_formats::gguf::Gguf;

/// Above this alignment a file of a few bytes is written again as megabytes.
const MAX_WRITTEN_ALIGNMENT: u64 = 4096;

fuzz_target!(|bytes: &[u8]| {
    let gguf = match Gguf::parse("file", bytes) {
        Ok(gguf) => gguf,
        Err(error) => return drop(error.to_string()),
    };
    for tensor in gguf.tensors() {
        assert_eq!(tensor.bytes(bytes).len() as u64, tensor.n_bytes);
        assert_eq!(tensor.offset % gguf.alignment(), 0);
    }
    let metadata = gguf.metadata();
    for (key, value) in metadata.iter() {
        let _ = (
            value.to_string(),
            metadata.u32(key),
            metadata.f32(key),
            metadata.bool(key),
        );
        let _ = (metadata.str(key), metadata.strings(key), metadata.u32s(key));
        let _ = (metadata.f32s(key), metadata.i32s(key), metadata.bools(key));
    }
    if gguf.alignment() <= MAX_WRITTEN_ALIGNMENT {
        let written = gguf
            .write(Vec::new(), &[bytes])
            .expect("what was read can be written");
        let read = Gguf::parse("file", &written).expect("what was written can be read");
        let again = read
            .write(Vec::new(), &[&written])
            .expect("and written again");
        assert_eq!(written, again);
    }
    let _ = gguf.split();
    let _ = Gguf::join(vec![gguf]);
});
