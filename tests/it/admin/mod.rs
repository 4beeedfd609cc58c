//! Administration: the REST API and the console.

mod administrators;
mod idempotency;
mod roles;
