//! The integration tests: one binary, everything over HTTP.

fn main() {}
