//! The integration tests: one binary, everything over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

mod accounts;
mod admin;
mod administration;
mod administrators;
mod apim;
mod apim_types;
mod architecture;
mod attacks;
mod authorize;
mod cli;
mod client_assertions;
mod client_documents;
mod code_grant;
mod concurrency;
mod conformance;
mod crash;
mod discovery;
mod harness;
mod hostile;
mod id_token;
mod leaks;
mod load;
mod logout;
mod mcp;
mod never_null;
mod outage;
mod peers;
mod readme;
mod refresh;
mod registration;
mod replicas;
mod rfc6749;
mod rfc7009;
mod rfc7662;
mod routes;
mod scale;
mod smoke;
mod store;
mod traces;
mod traps;
mod trespass;
mod userinfo;
mod wire;
