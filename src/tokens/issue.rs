//! From an authorization to a signed access token.

use std::sync::Arc;

use anyhow::Context as _;

use super::access_token::{AccessToken, Aud};
use crate::keys::data_keys::DataKeys;
use crate::keys::jwks;
use crate::keys::signer::Signers;
use crate::model::authorization::Authorization;
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::model::random::{Generated, Random};
use crate::model::time::Clock;
use crate::store::cache::DomainEntry;

/// What signs tokens.
#[derive(Debug)]
pub struct Issuer {
    /// What opens the private keys.
    pub keys: Arc<DataKeys>,
    /// The parsed keys.
    pub signers: Signers,
    /// What stamps the tokens.
    pub clock: Clock,
    /// Where their names come from.
    pub random: Random,
}

impl Issuer {
    /// Signs an access token for a client. `iss` is the domain's issuer.
    pub fn issue(
        &self,
        domain: &DomainEntry,
        iss: String,
        client_id: &ClientId,
        authorization: &Authorization,
    ) -> Result<String, OAuthError> {
        let algorithm = authorization.audience.algorithm;
        let key = jwks::signing_key(&domain.signing_keys, algorithm)
            .with_context(|| format!("the domain {} has no active {algorithm} key", domain.domain.name))
            .map_err(OAuthError::server_error)?;
        let signer = self.signers.get(&self.keys, key).map_err(OAuthError::server_error)?;
        let now = self.clock.now();
        let claims = AccessToken {
            iss,
            sub: authorization.subject.clone(),
            aud: Aud::new(authorization.audience.values.clone()),
            azp: client_id.clone(),
            client_id: client_id.clone(),
            scope: authorization.scope.clone(),
            iat: now,
            exp: now.plus(authorization.lifetime),
            nbf: None,
            jti: self.random.make(domain.id(), Generated::Jti),
            grant_id: authorization.login.as_ref().map(|login| login.grant.id),
        };
        signer.sign(authorization.audience.token_type, &claims).map_err(OAuthError::server_error)
    }
}
