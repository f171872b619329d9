//! From logits to text: the sampler, and the token loop that every token-level engine shares.
//!
//! Everything here is deterministic: the same logits, history, options and seed give the same tokens
//! on every platform. Probabilities are f64, `exp`, `ln` and `pow` are `libm`'s, sums run in a
//! written order, and ties go to the lower token id.

mod candidates;
mod dry;
mod exp;
mod filters;
mod generate;
mod logprobs;
mod penalties;
mod rng;
mod sampler;
mod scoring;
pub mod speculation;
mod text;
mod validate;

pub use generate::{check_request, generate};
pub use rng::{Rng, seed_from_os};
pub use sampler::{Choice, Sampler};
pub use scoring::score_continuations;
pub use speculation::{Lookahead, Speculation};
pub use text::{TextStream, TokenBytes, TokenText};
pub use validate::{validate_sampling, validate_stop};
