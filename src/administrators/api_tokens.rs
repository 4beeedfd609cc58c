//! API tokens: how programs administer. Not of OAuth: whoever registers clients here must not need one first.

use super::Administrators;
use crate::keys::data_keys::HashPurpose;
use crate::model::administrator::{ApiToken, Authority, Principal, Reach, Role};
use crate::model::audit_event::Actor;
use crate::model::id::{ApiTokenId, DomainId};
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::model::secret::Secret;

/// What every API token begins with, so that scanners for leaked secrets know it.
pub const PREFIX: &str = "adm_";

/// The longest a token that ends may live, in seconds.
const MAX_LIFETIME: i64 = 10 * 365 * 86_400;

/// The longest label, in characters.
const MAX_LABEL: usize = 100;

/// A token that somebody wants.
#[derive(Debug)]
pub struct NewApiToken {
    /// What it is for.
    pub label: String,
    /// What it may do.
    pub role: Role,
    /// The one domain within its reach; `None`: all of them.
    pub domain_id: Option<DomainId>,
    /// For how many seconds it works; `None`: until it is revoked.
    pub lifetime: Option<i64>,
}

impl Administrators {
    /// Makes a token; the second value is the token itself, which is kept nowhere.
    pub async fn create_api_token(&self, new: NewApiToken, actor: &Actor) -> Result<(ApiToken, Secret), OAuthError> {
        check_new(&new)?;
        let clock = self.store.clock();
        let now = clock.now();
        let token = ApiToken {
            id: ApiTokenId::new(clock),
            label: new.label,
            role: new.role,
            domain_id: new.domain_id,
            created_by: actor.name.clone(),
            created_at: now,
            expires_at: new.lifetime.map(|seconds| now.plus(seconds)),
            last_used_at: None,
            revoked_at: None,
        };
        let secret = Secret::new(format!("{PREFIX}{}", random::secret()));
        let hash = self.keys.hash(HashPurpose::ApiToken, secret.expose());
        let mut audit = actor.did(clock, None, "api_token.create", &token.id.to_string());
        audit = audit.with("label", token.label.as_str()).with("role", token.role.as_str());
        if let Some(domain_id) = token.domain_id {
            audit = audit.with("domain_id", domain_id.to_string());
        }
        if let Some(expires_at) = token.expires_at {
            audit = audit.with("expires_at", expires_at.seconds());
        }
        if self.store.create_api_token(&token, &hash, &audit).await? {
            return Ok((token, secret));
        }
        Err(OAuthError::invalid_request("domain: does not exist; name a domain that does"))
    }

    /// What the bearer of a token may do, if it is one and did not end.
    pub async fn api_token(&self, bearer: &str) -> Result<Option<Authority>, sqlx::Error> {
        if !bearer.starts_with(PREFIX) {
            return Ok(None);
        }
        let hash = self.keys.hash(HashPurpose::ApiToken, bearer);
        let known = self.store.api_token_by_hash(&hash).await?;
        let Some(token) = known.filter(|token| token.is_valid_at(self.store.clock().now())) else { return Ok(None) };
        self.store.touch_api_token(&token).await?;
        Ok(Some(Authority {
            principal: Principal::ApiToken(token.id),
            reach: token.domain_id.map_or(Reach::All, |id| Reach::Domains([id].into())),
            name: token.label,
            role: token.role,
        }))
    }

    /// Revokes a token.
    pub async fn revoke_api_token(&self, id: ApiTokenId, actor: &Actor) -> Result<(), OAuthError> {
        let absent = || OAuthError::not_found("there is no such API token, or it was revoked before");
        let token = self.store.api_token(id).await?.ok_or_else(absent)?;
        let audit = actor.did(self.store.clock(), None, "api_token.revoke", &id.to_string());
        let audit = audit.with("label", token.label.as_str()).with("role", token.role.as_str());
        if self.store.revoke_api_token(id, &audit).await? { Ok(()) } else { Err(absent()) }
    }
}

fn check_new(new: &NewApiToken) -> Result<(), OAuthError> {
    let length = new.label.chars().count();
    if length == 0 || length > MAX_LABEL || new.label.chars().any(char::is_control) {
        return Err(OAuthError::invalid_request(format!(
            "label: must be 1 to {MAX_LABEL} characters on one line that say what the token is for"
        )));
    }
    if new.role == Role::Owner && new.domain_id.is_some() {
        return Err(OAuthError::invalid_request(
            "domain: an owner reaches every domain; leave it out, or give the role editor or auditor",
        ));
    }
    if new.lifetime.is_some_and(|seconds| !(60..=MAX_LIFETIME).contains(&seconds)) {
        return Err(OAuthError::invalid_request(format!(
            "expires_in: must be 60 to {MAX_LIFETIME} seconds, or left out for a token that does not end by itself"
        )));
    }
    Ok(())
}
