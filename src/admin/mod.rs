//! Administration: the REST API under `/api/v1` and the console under `/console`.
//!
//! Both do the same things by the same services; neither knows a rule of its own. Who may is decided before a handler
//! runs, by the route's line in the table ([`admit`]).

pub mod admit;
pub mod api;
pub mod clients;
pub mod console;
pub mod idempotency;
pub mod json_lines;
pub mod managing;
pub mod openapi;
pub mod preconditions;
pub mod problem;
mod reference;
pub mod resource_test;
