//! The grants of the token endpoint: one file each, joined by this table.

mod authorization_code;
mod client_credentials;
mod login;
mod refresh_token;

use futures_util::future::BoxFuture;

use super::client_request::ClientRequest;
use crate::model::authorization::Authorization;
use crate::model::oauth_error::OAuthError;

/// A grant of the token endpoint.
#[derive(Debug)]
pub struct Grant {
    /// The `grant_type` parameter's value.
    pub name: &'static str,
    /// Decides what the request establishes; everything before and after is the same for all.
    pub authorize: for<'a> fn(&'a ClientRequest) -> BoxFuture<'a, Result<Authorization, OAuthError>>,
}

/// Every grant, in the order discovery lists them.
pub const GRANTS: &[Grant] = &[
    Grant { name: "authorization_code", authorize: |request| Box::pin(authorization_code::authorize(request)) },
    Grant { name: "refresh_token", authorize: |request| Box::pin(refresh_token::authorize(request)) },
    Grant { name: "client_credentials", authorize: |request| Box::pin(client_credentials::authorize(request)) },
];

/// The names of all grants.
pub const GRANT_NAMES: &[&str] = &["authorization_code", "refresh_token", "client_credentials"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_names_is_the_table() {
        assert_eq!(GRANTS.iter().map(|grant| grant.name).collect::<Vec<_>>(), GRANT_NAMES);
    }
}
