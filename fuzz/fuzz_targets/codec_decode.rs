//! Any bytes as tensor data of any type: decoding gives values or an error, and agrees with
//! itself block by block. The first byte is the type, the second shifts the output's length.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lilim_formats::{GgmlType, codec};

fuzz_target!(|input: &[u8]| {
    let [ty, shift, bytes @ ..] = input else {
        return;
    };
    let Some(ty) = GgmlType::all().nth(*ty as usize % GgmlType::all().count()) else {
        return;
    };
    let n_values = bytes.len() / ty.block_bytes() * ty.block_len();
    let wrong = n_values
        .wrapping_add_signed(*shift as i8 as isize)
        .min(n_values + 128);
    if wrong != n_values {
        assert!(codec::decode(ty, bytes, &mut vec![0.0; wrong]).is_err());
    }
    let mut whole = vec![0.0; n_values];
    if codec::decode(ty, bytes, &mut whole).is_err() {
        return;
    }
    for (block, expected) in bytes
        .chunks_exact(ty.block_bytes())
        .zip(whole.chunks_exact(ty.block_len()))
    {
        let mut values = vec![0.0; ty.block_len()];
        codec::decode(ty, block, &mut values).expect("a block of what decodes decodes");
        let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        assert!(values.iter().zip(expected).all(same), "{ty}");
    }
});
