//! The `lilim` command.
fn main() {}
