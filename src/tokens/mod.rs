//! Access tokens and ID tokens: made and checked here, whatever the grant.

pub mod access_token;
pub mod audience;
pub mod id_token;
pub mod issue;
pub mod subject;
pub mod verify;
