//! Registrar: an OAuth 2 / OpenID Connect authorization server whose first job is registration.
//!
//! The modules below are listed in reading order; `ARCHITECTURE.md` draws the map.

pub mod accounts;
pub mod admin;
pub mod administrators;
pub mod app;
pub mod assets;
pub mod cli;
pub mod clients;
pub mod config;
pub mod domains;
pub mod edge;
pub mod fetch;
pub mod harness;
pub mod health;
pub mod housekeeping;
pub mod keys;
pub mod model;
pub mod oauth;
pub mod oidc;
pub mod ops;
pub mod pages;
pub mod people;
pub mod provisioning;
pub mod registration;
pub mod routes;
pub mod server;
pub mod startup;
pub mod store;
pub mod tokens;
