//! The administration API: one file per thing administered.

pub mod administrators;
pub mod api_tokens;
pub mod domains;
