//! The integration tests: one binary, everything over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

mod administration;
mod apim;
mod apim_types;
mod architecture;
mod cli;
mod conformance;
mod discovery;
mod never_null;
mod peers;
mod readme;
mod registration;
mod rfc6749;
mod rfc7009;
mod rfc7662;
mod routes;
mod smoke;
mod store;
mod traps;
