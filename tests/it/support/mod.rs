//! What the tests share: a server in this process on a database of its own, and a client that speaks to it.

#![allow(dead_code, unused_imports, clippy::allow_attributes, reason = "each test file uses what it needs")]

mod admin;
mod assertion;
mod browser;
mod client;
mod database;
mod login;
mod origin;
mod people;
mod postgres;
mod process;
mod server;

pub use admin::{ADMIN_PASSWORD, AdminApi, PNG};
pub use assertion::{ASSERTION_TYPE, ClientKey, assertion_form, claims as assertion_claims};
pub use browser::{Browser, Form, Landed, Page, param};
pub use client::basic;
pub use client::{Answer, Api};
pub use database::{Backend, Database, audit_log};
pub use login::{REDIRECT, VERIFIER, add_user, decoded, log_in, text};
pub use origin::Origin;
pub use people::{Authorize, CHALLENGE, PASSWORD, claims};
pub use postgres::{PrivatePostgres, Wire, free_port};
pub use process::{Administrator, Launch, MASTER_KEY, Process, eventually, make_initial_access_token};
pub use server::{Credentials, START, TestServer, baked_keys, scopes};
