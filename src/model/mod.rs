//! The nouns: plain data and pure rules. No I/O and no HTTP here.

pub mod id;
pub mod json;
pub mod oauth_error;
pub mod random;
pub mod scope;
pub mod secret;
pub mod time;
