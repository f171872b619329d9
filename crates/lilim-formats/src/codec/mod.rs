//! Codecs between f32 and every weight type: decoding gives the bits that the Python package
//! `gguf` gives, encoding gives its bytes or, for the types that are searched, a lower error.
//!
//! [`decode`] and [`encode`] take whole tensors or rows; the `decode_block_*` functions take one
//! block and are what kernels are checked against. Blocks do not depend on each other.
//! `bits` and `fit` serve the files named by their blocks.

mod bits;
mod fit;
mod floats;
mod k_blocks;
mod small_blocks;
mod table_blocks;

pub use floats::{decode_bf16, decode_f16, decode_f32};
pub use k_blocks::{
    decode_block_q2_k, decode_block_q3_k, decode_block_q4_k, decode_block_q5_k, decode_block_q6_k,
};
pub use small_blocks::{
    decode_block_q4_0, decode_block_q4_1, decode_block_q5_0, decode_block_q5_1, decode_block_q8_0,
};
pub use table_blocks::{decode_block_iq4_nl, decode_block_iq4_xs, decode_block_mxfp4};

use crate::GgmlType;
use crate::blocks::{
    f16_at, iq4_nl, iq4_xs, q2_k, q3_k, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, q6_k, q8_0,
};

/// Why values could not be decoded or encoded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The type is not one of weights.
    #[error("{ty} has no codec")]
    NoCodec {
        /// The type asked for.
        ty: GgmlType,
    },
    /// The bytes to decode end inside a block.
    #[error("{n_bytes} bytes are not whole {ty} blocks of {block_bytes} bytes")]
    PartialBytes {
        /// The type asked for.
        ty: GgmlType,
        /// How many bytes there are.
        n_bytes: usize,
        /// How many a block has.
        block_bytes: usize,
    },
    /// The values to encode end inside a block.
    #[error("{n_values} values are not whole {ty} blocks of {block_len} values")]
    PartialValues {
        /// The type asked for.
        ty: GgmlType,
        /// How many values there are.
        n_values: usize,
        /// How many a block has.
        block_len: usize,
    },
    /// The output has another length than the result: values when decoding, bytes when encoding.
    #[error("output for {ty} holds {got} elements where {expected} are needed")]
    OutputLength {
        /// The type asked for.
        ty: GgmlType,
        /// The length of the result.
        expected: usize,
        /// The length of the output.
        got: usize,
    },
    /// A value is infinite or no number.
    #[error("value {index} is {value}, which {ty} cannot hold")]
    NotFinite {
        /// The type asked for.
        ty: GgmlType,
        /// Where the value stands.
        index: usize,
        /// The value.
        value: f32,
    },
    /// A value is so large that its block's scale is beyond f16.
    #[error("value {index} is {value}, too large for the scale of a {ty} block")]
    TooLarge {
        /// The type asked for.
        ty: GgmlType,
        /// Where the value stands: the largest of its block.
        index: usize,
        /// The value.
        value: f32,
    },
}

/// Decodes whole blocks to f32, bit for bit as `gguf.quants.dequantize` (NaNs are NaNs, their
/// payloads are not promised). Scales may be anything, also NaN.
///
/// *Shapes*: `bytes` any number of blocks, `out` their values.
///
/// # Errors
/// A type that is not one of weights, a cut block, another output length.
pub fn decode(ty: GgmlType, bytes: &[u8], out: &mut [f32]) -> Result<(), CodecError> {
    let (block_bytes, block_len) = (ty.block_bytes(), ty.block_len());
    if !bytes.len().is_multiple_of(block_bytes) {
        return Err(CodecError::PartialBytes {
            ty,
            n_bytes: bytes.len(),
            block_bytes,
        });
    }
    let expected = (bytes.len() / block_bytes).saturating_mul(block_len);
    if out.len() != expected {
        return Err(CodecError::OutputLength {
            ty,
            expected,
            got: out.len(),
        });
    }
    match ty {
        GgmlType::F32 => decode_blocks(bytes, out, |bytes, [out]| *out = decode_f32(bytes)),
        GgmlType::F16 => decode_blocks(bytes, out, |bytes, [out]| *out = decode_f16(bytes)),
        GgmlType::BF16 => decode_blocks(bytes, out, |bytes, [out]| *out = decode_bf16(bytes)),
        GgmlType::Q4_0 => decode_blocks(bytes, out, decode_block_q4_0),
        GgmlType::Q4_1 => decode_blocks(bytes, out, decode_block_q4_1),
        GgmlType::Q5_0 => decode_blocks(bytes, out, decode_block_q5_0),
        GgmlType::Q5_1 => decode_blocks(bytes, out, decode_block_q5_1),
        GgmlType::Q8_0 => decode_blocks(bytes, out, decode_block_q8_0),
        GgmlType::Q2_K => decode_blocks(bytes, out, decode_block_q2_k),
        GgmlType::Q3_K => decode_blocks(bytes, out, decode_block_q3_k),
        GgmlType::Q4_K => decode_blocks(bytes, out, decode_block_q4_k),
        GgmlType::Q5_K => decode_blocks(bytes, out, decode_block_q5_k),
        GgmlType::Q6_K => decode_blocks(bytes, out, decode_block_q6_k),
        GgmlType::IQ4_NL => decode_blocks(bytes, out, decode_block_iq4_nl),
        GgmlType::IQ4_XS => decode_blocks(bytes, out, decode_block_iq4_xs),
        GgmlType::MXFP4 => decode_blocks(bytes, out, decode_block_mxfp4),
        _ => return Err(CodecError::NoCodec { ty }),
    }
    Ok(())
}

/// Encodes whole blocks.
///
/// F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0 give the bytes of `gguf.quants.quantize`. The
/// other types search scales for the least sum of squared errors, each weight counted alike.
/// F32, F16 and BF16 take infinities and NaNs over as they are (an F16 becomes infinite beyond
/// 65,504); the block types refuse them, for one would spoil its neighbours.
///
/// *Shapes*: `values` any number of blocks, `out` their bytes. After an error `out` holds the
/// blocks before it.
///
/// # Errors
/// A type that is not one of weights, a cut block, another output length, a value that the type
/// cannot hold.
pub fn encode(ty: GgmlType, values: &[f32], out: &mut [u8]) -> Result<(), CodecError> {
    let (block_bytes, block_len) = (ty.block_bytes(), ty.block_len());
    if !values.len().is_multiple_of(block_len) {
        return Err(CodecError::PartialValues {
            ty,
            n_values: values.len(),
            block_len,
        });
    }
    let expected = (values.len() / block_len).saturating_mul(block_bytes);
    if out.len() != expected {
        return Err(CodecError::OutputLength {
            ty,
            expected,
            got: out.len(),
        });
    }
    let mut job = Job { ty, values, out };
    match ty {
        GgmlType::F32 => job.convert(floats::encode_f32),
        GgmlType::F16 => job.convert(floats::encode_f16),
        GgmlType::BF16 => job.convert(floats::encode_bf16),
        GgmlType::Q4_0 => job.blocks(&[q4_0::D], small_blocks::encode_block_q4_0),
        GgmlType::Q4_1 => job.blocks(&[q4_1::D, q4_1::M], small_blocks::encode_block_q4_1),
        GgmlType::Q5_0 => job.blocks(&[q5_0::D], small_blocks::encode_block_q5_0),
        GgmlType::Q5_1 => job.blocks(&[q5_1::D, q5_1::M], small_blocks::encode_block_q5_1),
        GgmlType::Q8_0 => job.blocks(&[q8_0::D], small_blocks::encode_block_q8_0),
        GgmlType::Q2_K => job.blocks(&[q2_k::D, q2_k::DMIN], k_blocks::encode_block_q2_k),
        GgmlType::Q3_K => job.blocks(&[q3_k::D], k_blocks::encode_block_q3_k),
        GgmlType::Q4_K => job.blocks(&[q4_k::D, q4_k::DMIN], k_blocks::encode_block_q4_k),
        GgmlType::Q5_K => job.blocks(&[q5_k::D, q5_k::DMIN], k_blocks::encode_block_q5_k),
        GgmlType::Q6_K => job.blocks(&[q6_k::D], k_blocks::encode_block_q6_k),
        GgmlType::IQ4_NL => job.blocks(&[iq4_nl::D], table_blocks::encode_block_iq4_nl),
        GgmlType::IQ4_XS => job.blocks(&[iq4_xs::D], table_blocks::encode_block_iq4_xs),
        GgmlType::MXFP4 => job.blocks(&[], table_blocks::encode_block_mxfp4),
        _ => Err(CodecError::NoCodec { ty }),
    }
}

#[inline(always)]
fn decode_blocks<const BYTES: usize, const LEN: usize>(
    bytes: &[u8],
    out: &mut [f32],
    decode_block: impl Fn(&[u8; BYTES], &mut [f32; LEN]),
) {
    for (block, out) in bytes.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
        decode_block(block, out);
    }
}

/// Values to encode and where they go; lengths are checked.
struct Job<'a> {
    ty: GgmlType,
    values: &'a [f32],
    out: &'a mut [u8],
}

impl Job<'_> {
    #[inline(always)]
    fn convert<const BYTES: usize>(
        &mut self,
        encode_value: impl Fn(f32) -> [u8; BYTES],
    ) -> Result<(), CodecError> {
        for (bytes, value) in self.out.as_chunks_mut().0.iter_mut().zip(self.values) {
            *bytes = encode_value(*value);
        }
        Ok(())
    }

    /// Encodes block by block; `scales` are the offsets of the block's f16 fields.
    #[inline(always)]
    fn blocks<const BYTES: usize, const LEN: usize>(
        &mut self,
        scales: &[usize],
        encode_block: impl Fn(&[f32; LEN], &mut [u8; BYTES]),
    ) -> Result<(), CodecError> {
        let blocks = self
            .values
            .as_chunks::<LEN>()
            .0
            .iter()
            .zip(self.out.as_chunks_mut().0);
        for (at, (values, block)) in blocks.enumerate() {
            let first = at * LEN;
            if let Some(bad) = values.iter().position(|value| !value.is_finite()) {
                let (ty, index, value) = (self.ty, first + bad, values[bad]);
                return Err(CodecError::NotFinite { ty, index, value });
            }
            encode_block(values, block);
            if !scales
                .iter()
                .all(|offset| f16_at(block, *offset).is_finite())
            {
                let largest = largest_at(values);
                let (ty, index, value) = (self.ty, first + largest, values[largest]);
                return Err(CodecError::TooLarge { ty, index, value });
            }
        }
        Ok(())
    }
}

fn largest_at(values: &[f32]) -> usize {
    let by_magnitude = |a: &usize, b: &usize| values[*a].abs().total_cmp(&values[*b].abs());
    (0..values.len()).max_by(by_magnitude).unwrap_or(0)
}
