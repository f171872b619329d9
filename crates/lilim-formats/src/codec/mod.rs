//! Decoding and encoding of every ggml type (being written).
