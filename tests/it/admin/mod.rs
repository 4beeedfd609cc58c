//! Administration: the REST API and the console.

mod idempotency;
mod roles;
