//! Whether an access token is one of ours, and still alive (RFC 9068 §4).

use std::sync::Arc;

use aws_lc_rs::digest;
use jsonwebtoken::{Algorithm, Validation};
use serde::de::DeserializeOwned;

use super::access_token::AccessToken;
use super::issue::Issuer;
use crate::clients::Registry;
use crate::clients::find::{Fetching, FindIn, Found};
use crate::keys::jwks::is_listed;
use crate::model::client::ClientStatus;
use crate::model::oauth_error::OAuthError;
use crate::model::signing_key::{SigningAlgorithm, SigningKey};
use crate::store::cache::{ClientEntry, DomainEntry};

/// How many verified signatures are remembered.
const REMEMBERED: u64 = 10_000;

/// Longer texts are no access tokens of ours.
const MAX_LENGTH: usize = 8_192;

/// A token that is alive, and the client it was issued to.
#[derive(Debug, Clone)]
pub struct LiveToken {
    /// Its claims.
    pub claims: Arc<AccessToken>,
    /// The client it was issued to.
    pub client: Arc<ClientEntry>,
}

/// A token whose signature was good; what changes with time is checked on each use.
#[derive(Debug, Clone)]
struct Signed {
    kid: Arc<str>,
    claims: Arc<AccessToken>,
}

/// Checks access tokens, remembering verified signatures by the token's SHA-256.
#[derive(Debug)]
pub struct Verifier {
    signed: moka::sync::Cache<[u8; 32], Signed>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { signed: moka::sync::Cache::new(REMEMBERED) }
    }
}

impl Verifier {
    /// The token's claims and client if it is alive: ours, unexpired, not revoked, its client active.
    /// `None` does not say which; the database's failure is an error.
    pub async fn live(
        &self,
        issuer: &Issuer,
        registry: &Registry,
        (at, iss): (FindIn<'_>, &str),
        token: &str,
    ) -> Result<Option<LiveToken>, OAuthError> {
        let (domain, store) = (at.domain, &registry.store);
        let Some(claims) = self.claims(issuer, domain, token) else { return Ok(None) };
        let now = store.clock().now();
        let begun = claims.nbf.is_none_or(|begin| begin <= now);
        if !begun || claims.iss != iss || claims.exp <= now || store.cache().is_revoked(domain.id(), &claims.jti) {
            return Ok(None);
        }
        if claims.grant_id.is_some_and(|id| store.cache().is_revoked(domain.id(), &id.to_string())) {
            return Ok(None);
        }
        let client = match registry.find_client(at, claims.client_id.as_str(), Fetching::No).await {
            Ok(Found::Known(client)) => client,
            Ok(_) => return Ok(None),
            // A client that the domain no longer takes.
            Err(error) if error.status < 500 => return Ok(None),
            Err(error) => return Err(error),
        };
        let alive = client.client.status == ClientStatus::Active && claims.iat > client.client.tokens_not_before;
        Ok(alive.then_some(LiveToken { claims, client }))
    }

    /// The claims of a token whose signature is one of the domain's, whatever the time.
    fn claims(&self, issuer: &Issuer, domain: &DomainEntry, token: &str) -> Option<Arc<AccessToken>> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let hash: [u8; 32] = digest::digest(&digest::SHA256, token.as_bytes()).as_ref().try_into().ok()?;
        if let Some(signed) = self.signed.get(&hash) {
            // A key that left the key set since is believed no more.
            return key(issuer, domain, &signed.kid).map(|_| signed.claims);
        }
        let (kid, claims) = signed_claims::<AccessToken>(issuer, domain, token)?;
        let claims = Arc::new(claims);
        self.signed.insert(hash, Signed { kid: kid.into(), claims: Arc::clone(&claims) });
        Some(claims)
    }
}

/// The claims of a JWT that one of the domain's listed keys signed, with that key's id; times and audience unchecked.
pub(super) fn signed_claims<T: DeserializeOwned>(
    issuer: &Issuer,
    domain: &DomainEntry,
    token: &str,
) -> Option<(String, T)> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    let kid = header.kid?;
    let key = key(issuer, domain, &kid)?;
    let algorithm = match key.algorithm {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Es256 => Algorithm::ES256,
    };
    let mut validation = Validation::new(algorithm);
    // Time is checked by our own clock, the audience by who asks.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let signer = issuer.signers.get(&issuer.keys, key).ok()?;
    let claims = jsonwebtoken::decode::<T>(token, signer.verifying_key(), &validation).ok()?.claims;
    Some((kid, claims))
}

fn key<'a>(issuer: &Issuer, domain: &'a DomainEntry, kid: &str) -> Option<&'a SigningKey> {
    let now = issuer.clock.now();
    domain.signing_keys.iter().find(|key| key.kid == kid && is_listed(key, now))
}
