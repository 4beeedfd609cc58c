//! HTTP of client registration (RFC 7591) and its management (RFC 7592).

pub mod access;
pub mod manage;
pub mod register;
pub mod templates;
