//! The integration tests: one binary, everything over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

mod administration;
mod apim;
mod apim_types;
mod architecture;
mod cli;
mod concurrency;
mod conformance;
mod crash;
mod discovery;
mod hostile;
mod leaks;
mod load;
mod never_null;
mod outage;
mod peers;
mod readme;
mod registration;
mod replicas;
mod rfc6749;
mod rfc7009;
mod rfc7662;
mod routes;
mod smoke;
mod store;
mod traps;
mod trespass;
mod wire;
