//! What holds for the codecs on any input: no panics, errors with numbers, blocks on their own,
//! and an error within the type's step.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use lilim_formats::GgmlType;
use lilim_formats::codec::{self, CodecError};
use proptest::prelude::*;

/// Every type with a codec, and the most that the root mean square error of a super-block may be,
/// as a share of its largest magnitude. For the types that are not searched, half a step of the
/// widest range (Q4_0 and Q5_0 may cut one); for the searched ones a whole step, for least squares
/// may trade one weight's error against the others'.
const TYPES: [(GgmlType, f64); 16] = [
    (GgmlType::F32, 0.0),
    (GgmlType::F16, 1.0 / 2048.0),
    (GgmlType::BF16, 1.0 / 256.0),
    (GgmlType::Q4_0, 1.0 / 8.0),
    (GgmlType::Q4_1, 1.0 / 15.0),
    (GgmlType::Q5_0, 1.0 / 16.0),
    (GgmlType::Q5_1, 1.0 / 31.0),
    (GgmlType::Q8_0, 0.5 / 127.0),
    (GgmlType::Q2_K, 2.0 / 3.0),
    (GgmlType::Q3_K, 2.0 / 7.0),
    (GgmlType::Q4_K, 2.0 / 15.0),
    (GgmlType::Q5_K, 2.0 / 31.0),
    (GgmlType::Q6_K, 2.0 / 63.0),
    (GgmlType::IQ4_NL, 24.0 / 127.0),
    (GgmlType::IQ4_XS, 24.0 / 127.0),
    (GgmlType::MXFP4, 2.0 / 6.0),
];

/// f16 scales are a little off themselves.
const F16_SLACK: f64 = 1.0 + 1.0 / 256.0;

fn block_types() -> impl Iterator<Item = GgmlType> {
    TYPES
        .into_iter()
        .map(|(ty, _)| ty)
        .filter(|ty| ty.block_len() > 1)
}

fn decoded(ty: GgmlType, bytes: &[u8]) -> Vec<f32> {
    let mut out = vec![f32::NAN; bytes.len() / ty.block_bytes() * ty.block_len()];
    codec::decode(ty, bytes, &mut out).unwrap();
    out
}

fn try_encode(ty: GgmlType, values: &[f32]) -> Result<Vec<u8>, CodecError> {
    let mut out = vec![0xaa; ty.row_bytes(values.len()).unwrap()];
    codec::encode(ty, values, &mut out).map(|()| out)
}

fn encoded(ty: GgmlType, values: &[f32]) -> Vec<u8> {
    try_encode(ty, values).unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Two super-blocks of values of one magnitude, off centre by some shift.
fn weights() -> impl Strategy<Value = Vec<f32>> {
    let unit = prop::collection::vec(-1f32..1.0, 512);
    (unit, -2i32..4, -2f32..2.0).prop_map(|(unit, exponent, shift)| {
        unit.into_iter()
            .map(|value| (value + shift) * 10f32.powi(exponent))
            .collect()
    })
}

/// A super-block of finite floats of any bits, up to some magnitude.
fn finite() -> impl Strategy<Value = Vec<f32>> {
    (prop::collection::vec(any::<u32>(), 256), 1u32..=255).prop_map(|(bits, n_exponents)| {
        let float = |bits: u32| {
            let exponent = ((bits >> 23) & 255) % n_exponents;
            f32::from_bits((bits & 0x807f_ffff) | (exponent << 23))
        };
        bits.into_iter().map(float).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn any_bytes_decode(bytes in prop::collection::vec(any::<u8>(), 1024)) {
        for (ty, _) in TYPES {
            let whole = bytes.len() / ty.block_bytes() * ty.block_bytes();
            let values = decoded(ty, &bytes[..whole]);
            prop_assert_eq!(values.len(), whole / ty.block_bytes() * ty.block_len());
        }
    }

    #[test]
    fn scales_without_number_decode(fill in any::<u8>(), high in 0x7cu8..=0x7f) {
        // Any two bytes may be a scale: all of them infinities or NaNs.
        for (ty, _) in TYPES {
            let pair = [fill, high].into_iter().cycle();
            let bytes: Vec<u8> = pair.take(2 * ty.block_bytes()).collect();
            decoded(ty, &bytes);
        }
    }

    #[test]
    fn any_finite_values_encode_to_finite_ones_or_are_too_large(values in finite()) {
        for ty in block_types() {
            match try_encode(ty, &values) {
                Ok(bytes) => {
                    prop_assert!(decoded(ty, &bytes).iter().all(|value| value.is_finite()), "{}", ty);
                }
                Err(CodecError::TooLarge { index, value, .. }) => {
                    prop_assert_eq!(values[index], value);
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn error_stays_within_the_step(values in weights()) {
        for (ty, share) in TYPES {
            let back = decoded(ty, &encoded(ty, &values));
            for (block, back) in values.chunks(256).zip(back.chunks(256)) {
                let largest = block.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
                let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
                let rms = (block.iter().zip(back).map(square).sum::<f64>() / 256.0).sqrt();
                let bound = share * f64::from(largest) * F16_SLACK;
                prop_assert!(rms <= bound, "{ty}: {rms} is above {bound}");
            }
        }
    }

    #[test]
    fn blocks_do_not_depend_on_each_other(values in weights()) {
        for (ty, _) in TYPES {
            let whole = encoded(ty, &values);
            let (n, len) = (ty.block_bytes(), ty.block_len());
            for (block, values) in whole.chunks(n).zip(values.chunks(len)) {
                prop_assert_eq!(block, &encoded(ty, values)[..], "{}", ty);
            }
            let alone: Vec<f32> = whole.chunks(n).flat_map(|block| decoded(ty, block)).collect();
            prop_assert_eq!(bits(&decoded(ty, &whole)), bits(&alone), "{}", ty);
        }
    }

    #[test]
    fn values_that_are_no_numbers_are_named(at in 0usize..512, bad in 0usize..3) {
        let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][bad];
        let mut values = vec![0.5; 512];
        values[at] = bad;
        for ty in block_types() {
            match try_encode(ty, &values) {
                Err(CodecError::NotFinite { ty: named, index, value }) => {
                    prop_assert_eq!((named, index, value.to_bits()), (ty, at, bad.to_bits()));
                }
                other => prop_assert!(false, "{}: {:?}", ty, other),
            }
        }
    }
}

#[test]
fn zeros_come_back_as_zeros() {
    for zero in [0.0f32, -0.0] {
        for (ty, _) in TYPES {
            let back = decoded(ty, &encoded(ty, &[zero; 512]));
            assert!(back.iter().all(|value| *value == 0.0), "{ty}");
        }
    }
}

#[test]
fn a_group_of_zeros_stays_zero_beside_others() {
    let mut values = [0.0; 256];
    values[..32].copy_from_slice(&std::array::from_fn::<f32, 32, _>(|at| at as f32 - 12.0));
    for ty in block_types() {
        let back = decoded(ty, &encoded(ty, &values));
        assert!(
            back[32..].iter().all(|value| *value == 0.0),
            "{ty}: {:?}",
            &back[32..40]
        );
        assert!(back[..32].iter().any(|value| *value != 0.0), "{ty}");
    }
}

#[test]
fn sixteen_bit_floats_round_to_even_and_keep_what_is_no_number() {
    let cases: [(GgmlType, u32, u16); 13] = [
        (GgmlType::F16, 0x3f80_1000, 0x3c00),
        (GgmlType::F16, 0x3f80_3000, 0x3c02),
        (GgmlType::F16, 0x3f80_1001, 0x3c01),
        (GgmlType::F16, 0x477f_efff, 0x7bff),
        (GgmlType::F16, 0x477f_f000, 0x7c00),
        (GgmlType::F16, 0x3380_0000, 0x0001),
        (GgmlType::F16, 0x3300_0000, 0x0000),
        (GgmlType::F16, 0x8000_0000, 0x8000),
        (GgmlType::BF16, 0x3f80_8000, 0x3f80),
        (GgmlType::BF16, 0x3f81_8000, 0x3f82),
        (GgmlType::BF16, 0x7f7f_ffff, 0x7f80),
        (GgmlType::BF16, 0x7f80_0001, 0x7fc0),
        (GgmlType::BF16, 0xffbf_ffff, 0xffff),
    ];
    for (ty, value, expected) in cases {
        let bytes = encoded(ty, &[f32::from_bits(value)]);
        assert_eq!(bytes, expected.to_le_bytes(), "{ty} {value:08x}");
    }
}

#[test]
fn lengths_that_do_not_fit_are_errors_with_numbers() {
    for ty in block_types() {
        let (n, len) = (ty.block_bytes(), ty.block_len());
        let decode = |n_bytes, n_out| codec::decode(ty, &vec![0; n_bytes], &mut vec![0.0; n_out]);
        let encode = |n_values, n_out| codec::encode(ty, &vec![0.0; n_values], &mut vec![0; n_out]);
        let cases = [
            (
                decode(n + 1, len),
                CodecError::PartialBytes {
                    ty,
                    n_bytes: n + 1,
                    block_bytes: n,
                },
            ),
            (
                decode(2 * n, len),
                CodecError::OutputLength {
                    ty,
                    expected: 2 * len,
                    got: len,
                },
            ),
            (
                encode(len - 1, n),
                CodecError::PartialValues {
                    ty,
                    n_values: len - 1,
                    block_len: len,
                },
            ),
            (
                encode(len, n + 1),
                CodecError::OutputLength {
                    ty,
                    expected: n,
                    got: n + 1,
                },
            ),
        ];
        for (got, expected) in cases {
            assert_eq!(got, Err(expected));
        }
        assert_eq!(decode(0, 0), Ok(()));
        assert_eq!(encode(0, 0), Ok(()));
    }
}

#[test]
fn types_that_hold_no_weights_have_no_codec() {
    for ty in GgmlType::all().filter(|ty| TYPES.iter().all(|(known, _)| known != ty)) {
        let n = ty.block_bytes();
        assert_eq!(
            codec::decode(ty, &vec![0; n], &mut [0.0]),
            Err(CodecError::NoCodec { ty })
        );
        assert_eq!(
            codec::encode(ty, &[0.0], &mut vec![0; n]),
            Err(CodecError::NoCodec { ty })
        );
    }
}

#[test]
fn a_scale_beyond_f16_names_the_largest_value() {
    let mut values = [1.0; 512];
    values[300] = -1e30;
    for ty in block_types().filter(|ty| *ty != GgmlType::MXFP4) {
        let expected = CodecError::TooLarge {
            ty,
            index: 300,
            value: -1e30,
        };
        assert_eq!(try_encode(ty, &values), Err(expected));
    }
    let text = CodecError::TooLarge {
        ty: GgmlType::Q4_0,
        index: 300,
        value: -1e30,
    }
    .to_string();
    assert!(text.starts_with("value 300 is -1000000"), "{text}");
}

#[test]
fn values_half_way_between_steps_round_as_in_gguf() {
    // The first values make the step one.
    let cases: [(GgmlType, [f32; 4], [f32; 4]); 5] = [
        (
            GgmlType::Q4_0,
            [-8.0, 0.5, -0.5, 1.5],
            [-8.0, 1.0, 0.0, 2.0],
        ),
        (
            GgmlType::Q5_0,
            [-16.0, 0.5, -0.5, 1.5],
            [-16.0, 1.0, 0.0, 2.0],
        ),
        (GgmlType::Q4_1, [0.0, 15.0, 0.5, 1.5], [0.0, 15.0, 1.0, 2.0]),
        (GgmlType::Q5_1, [0.0, 31.0, 0.5, 1.5], [0.0, 31.0, 1.0, 2.0]),
        (
            GgmlType::Q8_0,
            [127.0, 0.5, -0.5, 1.5],
            [127.0, 1.0, -1.0, 2.0],
        ),
    ];
    for (ty, first, expected) in cases {
        let mut values = [0.0; 32];
        values[..4].copy_from_slice(&first);
        assert_eq!(decoded(ty, &encoded(ty, &values))[..4], expected, "{ty}");
    }
}
