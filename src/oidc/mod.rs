//! The endpoints of OpenID Connect beside those of OAuth 2: who logged in, and logging out.

pub mod logout;
pub mod userinfo;
