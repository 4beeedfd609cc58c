//! Administration: the REST API and the console.

mod administrators;
mod applications;
mod applications_console;
mod audit;
mod domain_pages;
mod domains;
mod doors;
mod idempotency;
mod keys;
mod login;
mod once;
mod openapi;
mod registration;
mod resources;
mod roles;
mod statistics;
mod traces;
mod users;
