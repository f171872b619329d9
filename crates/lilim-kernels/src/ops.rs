//! The kernels, each written once over [`Simd`](crate::simd::Simd).

pub(crate) mod activation;
pub(crate) mod attend;
pub(crate) mod attend_tile;
pub(crate) mod block;
pub(crate) mod dot;
pub(crate) mod elementwise;
pub(crate) mod exp;
pub(crate) mod floats;
pub(crate) mod kv;
pub(crate) mod matmul;
pub(crate) mod norm;
pub(crate) mod rope;
pub(crate) mod softmax;
pub(crate) mod unpack;
pub(crate) mod wkv7;
