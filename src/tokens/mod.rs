//! Access tokens: made and checked here, whatever the grant.

pub mod access_token;
pub mod issue;
pub mod verify;
