//! From logits to text: the sampler, and the token loop that every token-level engine shares.
//!
//! Everything here is deterministic: the same logits, history, options and seed give the same tokens
//! on every platform. Probabilities are f64, `exp`, `ln` and `pow` are `libm`'s, sums run in a
//! written order, and ties go to the lower token id.

mod candidates;
mod dry;
mod filters;
mod logprobs;
mod penalties;
mod rng;
mod sampler;
mod validate;

pub use rng::{Rng, seed_from_os};
pub use sampler::{Choice, Sampler, TokenBytes};
pub use validate::{validate_sampling, validate_stop};
