//! The console under `/console`: one file per page.

pub mod account;
pub mod fields;
pub mod home;
pub mod login;
pub mod respond;
