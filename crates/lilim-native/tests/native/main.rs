//! The engine from outside, through `lilim_api`'s traits: reference values, the same bits under
//! every condition, errors, damaged files.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests, their helpers included"
)]

mod batches;
mod damage;
mod errors;
mod estimates;
mod generation;
mod matrix;
mod reference;
mod refusals;
mod same_bits;
mod speculation;
mod support;
