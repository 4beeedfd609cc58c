//! Persistence: every SQL statement of the server. Nothing above this module knows a table.
//!
//! # Design
//! Every statement is written once and compiled for PostgreSQL and for SQLite by the macros `on_backend!` and `on_tx!`.
//! Whatever must be atomic is one method of [`Store`]; no transaction leaves this module. A change of a cached thing
//! writes a row of the change feed in its own transaction and is applied to this process's cache on commit.

#[macro_use]
mod backend;

pub mod administrator_sessions;
pub mod administrators;
pub mod api_tokens;
pub mod audit;
pub mod audit_list;
pub mod authorization_codes;
pub mod cache;
pub mod changes;
pub mod client_documents;
mod client_filter;
pub mod client_list;
mod client_totals;
pub mod clients;
pub mod connections;
pub mod data_keys;
pub mod deleted_clients;
pub mod domain_logos;
pub mod domains;
pub mod expiry;
pub mod flow_traces;
pub mod housekeeping;
pub mod idempotent_requests;
pub mod initial_access_tokens;
pub mod interactions;
pub mod leases;
pub mod login_grants;
pub mod names;
pub mod policies;
pub mod quotas;
pub mod refresh_tokens;
pub mod registrations;
pub mod resources;
pub mod revoked_tokens;
pub mod search_backfill;
mod search_words;
pub mod second_factors;
pub mod secrets;
pub mod sessions;
pub mod signing_keys;
mod sqlite;
mod statement;
pub mod statistics;
pub mod templates;
pub mod usage;
pub mod used_assertions;
pub mod user_links;
pub mod user_list;
pub mod users;

pub use backend::{ConnectOptions, Store};
