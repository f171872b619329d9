//! Estimators: pure functions from samples to estimates, tested against published values.
