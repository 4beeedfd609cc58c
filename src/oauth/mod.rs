//! The endpoints of OAuth 2: one file per endpoint, grant or client authentication method.

pub mod authorize;
pub mod bearer;
pub mod browser;
pub mod client_auth;
pub mod client_request;
pub mod error;
pub mod grants;
pub mod introspection;
pub mod jwks;
pub mod metadata;
pub mod params;
pub mod request;
pub mod revocation;
pub mod token;
mod token_trace;
