//! Identity tokens: what a client learns of who logged in (OpenID Connect Core §2, §3.1.3.3, §12.2).

use anyhow::Context as _;
use aws_lc_rs::digest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::issue::Issuer;
use super::verify;
use crate::keys::jwks;
use crate::model::authorization::{Authorization, Login};
use crate::model::client::Client;
use crate::model::domain::TokenType;
use crate::model::id::ClientId;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::random::encode;
use crate::model::signing_key::SigningAlgorithm;
use crate::store::cache::DomainEntry;

/// Longer texts are no ID tokens of ours.
const MAX_LENGTH: usize = 16_384;

/// The names of the claims that the server itself makes, as discovery lists them.
pub const PROTOCOL_CLAIMS: &[&str] =
    &["iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "at_hash", "sid"];

/// What a logout says about who is to be logged out.
#[derive(Debug, Clone, Deserialize)]
pub struct Hint {
    /// The client it was issued to.
    pub aud: ClientId,
    /// The person, as that client knows them.
    pub sub: String,
    /// The browser session.
    #[serde(default)]
    pub sid: Option<String>,
    iss: String,
    /// No ID token has it; every access token does.
    #[serde(default)]
    client_id: Option<Value>,
}

impl Issuer {
    /// Signs the ID token that goes with an access token; none without the scope `openid` or without a login.
    pub fn id_token(
        &self,
        domain: &DomainEntry,
        iss: &str,
        client: &Client,
        (authorization, access_token): (&Authorization, &str),
    ) -> Result<Option<String>, OAuthError> {
        let Some(login) = authorization.login.as_ref().filter(|_| authorization.scope.contains("openid")) else {
            return Ok(None);
        };
        let now = self.clock.now();
        let mut claims = login.user.claims_for(&authorization.scope);
        claims.extend(about_login(login));
        let mut own = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        own("iss", iss.into());
        own("sub", authorization.subject.as_str().into());
        own("aud", client.client_id.as_str().into());
        own("azp", client.client_id.as_str().into());
        own("iat", now.seconds().into());
        own("exp", now.plus(authorization.lifetime).seconds().into());
        own("at_hash", at_hash(access_token).into());
        let asked = client.metadata.id_token_signed_response_alg.as_deref();
        self.sign_for_client(domain, asked, &claims).map(Some)
    }

    /// Signs what a client reads, with the algorithm it registered; RS256 where it registered none.
    pub fn sign_for_client(
        &self,
        domain: &DomainEntry,
        algorithm: Option<&str>,
        claims: &Object,
    ) -> Result<String, OAuthError> {
        let algorithm = algorithm.and_then(|name| name.parse().ok()).unwrap_or(SigningAlgorithm::Rs256);
        let key = jwks::signing_key(&domain.signing_keys, algorithm)
            .with_context(|| format!("the domain {} has no active {algorithm} key", domain.domain.name))
            .map_err(OAuthError::server_error)?;
        let signer = self.signers.get(&self.keys, key).map_err(OAuthError::server_error)?;
        signer.sign(TokenType::Jwt, claims).map_err(OAuthError::server_error)
    }

    /// Reads an ID token of ours, expired or not (OIDC RP-Initiated Logout §2). `None`: it is none.
    pub fn hint(&self, domain: &DomainEntry, iss: &str, text: &str) -> Option<Hint> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let hint: Hint = verify::signed_claims(self, domain, text)?.1;
        (hint.iss == iss && hint.client_id.is_none()).then_some(hint)
    }
}

fn about_login(login: &Login) -> Object {
    let mut claims = Object::new();
    claims.insert("auth_time".to_owned(), login.grant.details.auth_time.seconds().into());
    if let Some(nonce) = &login.nonce {
        claims.insert("nonce".to_owned(), nonce.as_str().into());
    }
    if let Some(session) = login.grant.session_id {
        claims.insert("sid".to_owned(), json!(session));
    }
    claims
}

/// The left half of the access token's hash, for algorithms with SHA-256 (OIDC Core §3.1.3.6).
pub fn at_hash(access_token: &str) -> String {
    let hash = digest::digest(&digest::SHA256, access_token.as_bytes());
    encode(&hash.as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_access_token_is_that_of_the_specifications_example() {
        // OpenID Connect Core, appendix A.3.
        assert_eq!(at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
