//! The integration tests: one binary, everything over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

mod administration;
mod apim;
mod apim_types;
mod architecture;
mod cli;
mod discovery;
mod readme;
mod registration;
mod routes;
mod smoke;
mod store;
mod traps;
