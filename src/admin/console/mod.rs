//! The console under `/console`: one file per page.

pub mod account;
pub mod administrators;
pub mod api_tokens;
pub mod fields;
pub mod home;
pub mod login;
pub mod respond;
