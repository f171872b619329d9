//! (skeleton; see docs/design/first-light.md)
