//! Client authentication (RFC 6749 §2.3): the table of methods, and which one a request uses.

mod assertion;
mod client_secret;
mod client_secret_jwt;
mod none;
mod private_key_jwt;

use std::sync::Arc;

pub(crate) use client_secret::basic_pair;
use futures_util::future::BoxFuture;

use super::params::Params;
use super::request::InDomain;
use crate::clients::find::{Fetching, Found};
use crate::model::client::{ClientStatus, Origin};
use crate::model::id::SecretId;
use crate::model::oauth_error::{Challenge, OAuthError};
use crate::ops::rate_limit::RateKind;
use crate::store::cache::ClientEntry;

/// One way for a client to authenticate.
#[derive(Debug)]
pub struct Method {
    /// Its name (RFC 7591 §2, `token_endpoint_auth_method`).
    pub name: &'static str,
    /// Whether it proves anything: introspection takes no other.
    pub proves: bool,
    authenticate: for<'a> fn(&'a Attempt<'a>) -> BoxFuture<'a, Result<Authenticated, OAuthError>>,
}

/// Every method, in the order discovery lists them.
pub const METHODS: &[Method] = &[
    Method {
        name: "client_secret_basic",
        proves: true,
        authenticate: |attempt| Box::pin(client_secret::basic(attempt)),
    },
    Method { name: "client_secret_post", proves: true, authenticate: |attempt| Box::pin(client_secret::post(attempt)) },
    Method {
        name: "private_key_jwt",
        proves: true,
        authenticate: |attempt| Box::pin(private_key_jwt::private_key_jwt(attempt)),
    },
    Method {
        name: "client_secret_jwt",
        proves: true,
        authenticate: |attempt| Box::pin(client_secret_jwt::client_secret_jwt(attempt)),
    },
    Method { name: "none", proves: false, authenticate: |attempt| Box::pin(none::none(attempt)) },
];

/// The names of all methods.
pub const METHOD_NAMES: &[&str] =
    &["client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt", "none"];

/// A client that proved who it is.
#[derive(Debug)]
pub struct Authenticated {
    /// The client.
    pub entry: Arc<ClientEntry>,
    /// The secret it used, if any.
    pub secret: Option<SecretId>,
    /// Whether it proved anything.
    pub proven: bool,
}

impl Authenticated {
    /// Notes that the client proved who it is, with which of its secrets. A name alone is no use.
    pub fn note_use(&self, at: &InDomain) {
        if self.proven {
            at.app.usage.note(&self.entry, self.secret, at.app.clock.now());
        }
    }
}

/// What a request presents.
#[derive(Debug)]
struct Attempt<'a> {
    at: &'a InDomain,
    basic: Option<&'a str>,
    params: &'a Params,
}

/// Finds out who the client is. Any client registered for a secret may use Basic or the body,
/// whichever it registered; one that registered a key proves that key.
pub async fn authenticate(
    at: &InDomain,
    authorization: Option<&str>,
    params: &Params,
) -> Result<Authenticated, OAuthError> {
    let basic = match authorization {
        Some(value) => Some(basic_credentials(value)?),
        None => None,
    };
    let assertion = params.get("client_assertion").or_else(|| params.get("client_assertion_type").map(|_| ""));
    let name = match (basic, params.get("client_secret"), assertion) {
        (Some(_), None, None) => "client_secret_basic",
        (None, Some(_), None) => "client_secret_post",
        (None, None, Some(assertion)) => assertion::method_of(assertion),
        (None, None, None) => "none",
        _ => {
            return Err(OAuthError::invalid_request(
                "the client authenticates twice, by the Authorization header, client_secret or client_assertion; use one (RFC 6749 section 2.3)",
            ));
        }
    };
    let attempt = Attempt { at, basic, params };
    let method = METHODS.iter().find(|method| method.name == name).expect("each name above stands in the table");
    let authenticated = (method.authenticate)(&attempt).await.map_err(|error| match (error.code, basic) {
        ("invalid_client", Some(_)) => error.with_challenge(Challenge::Basic),
        _ => error,
    })?;
    Ok(Authenticated { proven: method.proves, ..authenticated })
}

fn basic_credentials(header: &str) -> Result<&str, OAuthError> {
    match header.split_once(' ') {
        Some((scheme, credentials)) if scheme.eq_ignore_ascii_case("basic") => Ok(credentials.trim()),
        _ => Err(OAuthError::invalid_client(
            "clients authenticate here by Basic, or by client_secret or client_assertion in the body",
        )
        .with_challenge(Challenge::Basic)),
    }
}

/// The client of that id, if it may be used. A deleted one is told apart, because software keeps ids for ever.
async fn find(at: &InDomain, client_id: &str) -> Result<Arc<ClientEntry>, OAuthError> {
    let registry = &at.app.registry;
    let mut found = registry.find_client(at.find_in(), client_id, Fetching::No).await?;
    let by_document = matches!(&found, Found::Known(entry) if entry.client.origin == Origin::ClientDocument);
    if matches!(found, Found::NeedsFetch) {
        // Whoever is behind this request makes the server send one.
        at.count(RateKind::FailedAuthentication)?;
    }
    if by_document || matches!(found, Found::NeedsFetch) {
        found = registry.find_client(at.find_in(), client_id, Fetching::Allowed).await?;
    }
    match found {
        Found::Known(entry) => Ok(entry),
        Found::Deleted => {
            Err(OAuthError::invalid_client("this client was deleted; register again to get a new client_id"))
        }
        Found::Unknown | Found::NeedsFetch => {
            Err(OAuthError::invalid_client("the client is unknown or its secret is wrong"))
        }
    }
}

/// Said only to a client that proved who it is.
fn usable(entry: &ClientEntry) -> Result<(), OAuthError> {
    match entry.client.status {
        ClientStatus::Active => Ok(()),
        ClientStatus::Pending => Err(OAuthError::invalid_client("this client waits for an administrator's approval")),
        ClientStatus::Suspended => {
            Err(OAuthError::invalid_client("this client was suspended by an administrator; ask the administrator"))
        }
        ClientStatus::Deleted => Err(OAuthError::invalid_client("this client was deleted; register again")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::harness::Harness;
    use crate::oauth::request::Caller;

    #[tokio::test]
    async fn what_checks_a_secret_is_small_enough_to_be_boxed_for_every_request() {
        let harness = Harness::start().await.unwrap();
        let app = harness.app();
        let domain = app.store.domain_named("main").await.unwrap().unwrap();
        let caller = Caller { address: IpAddr::V4(Ipv4Addr::LOCALHOST), request_id: "test".into() };
        let (at, params) = (InDomain { app, domain, caller }, Params::parse(b"").unwrap());
        let attempt = Attempt { at: &at, basic: Some(""), params: &params };
        let size = size_of_val(&client_secret::basic(&attempt));
        assert!(size < 1_024, "{size} bytes; box what reads the database or asks other servers");
    }

    #[test]
    fn the_list_of_names_is_the_table() {
        assert_eq!(METHODS.iter().map(|method| method.name).collect::<Vec<_>>(), METHOD_NAMES);
    }
}
