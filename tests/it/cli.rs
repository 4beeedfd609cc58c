//! The command line: the real binary on a database of its own, SQLite and PostgreSQL.

mod administrators;
mod clients;
mod domains;
mod installation;
mod keys;
mod provisioning;
mod remote;
mod serving;
mod traces;
mod users;

pub use installation::{Database, Installation};
