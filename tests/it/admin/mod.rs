//! Administration: the REST API and the console.

mod administrators;
mod applications;
mod domains;
mod doors;
mod idempotency;
mod keys;
mod openapi;
mod registration;
mod roles;
mod traces;
