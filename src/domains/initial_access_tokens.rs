//! The initial access tokens of a domain (RFC 7591 §3).

use serde_json::json;

use super::Domains;
use crate::keys::data_keys::HashPurpose;
use crate::model::audit_event::Actor;
use crate::model::id::{InitialAccessTokenId, PolicyId};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::model::secret::Secret;
use crate::store::cache::DomainEntry;
use crate::store::initial_access_tokens::InitialAccessToken;

/// What a new initial access token shall be.
#[derive(Debug, Default)]
pub struct NewToken {
    /// What people call it.
    pub label: String,
    /// How many registrations it allows; none: any number.
    pub max_uses: Option<i64>,
    /// Its lifetime in seconds; none: without end.
    pub lifetime: Option<i64>,
    /// The policy that binds what it registers; none: the domain's for gateways.
    pub policy: Option<PolicyId>,
}

impl Domains {
    /// Issues an initial access token. It is told this once.
    pub async fn issue_initial_access_token(
        &self,
        domain: &DomainEntry,
        new: NewToken,
        actor: &Actor,
    ) -> Result<(Secret, InitialAccessToken), OAuthError> {
        if new.max_uses.is_some_and(|uses| uses < 1) || new.lifetime.is_some_and(|seconds| seconds < 1) {
            return Err(OAuthError::invalid_request("uses and lifetime must be at least 1"));
        }
        let clock = self.store.clock();
        let secret = Secret::new(format!("iat_{}", random::secret()));
        let token = InitialAccessToken {
            id: InitialAccessTokenId::new(clock),
            hash: self.keys.hash(HashPurpose::InitialAccessToken, secret.expose()),
            label: new.label,
            policy_id: new.policy,
            max_uses: new.max_uses,
            uses: 0,
            expires_at: new.lifetime.map(|seconds| clock.now().plus(seconds)),
            revoked_at: None,
            created_at: clock.now(),
        };
        let target = token.id.to_string();
        let audit = actor.did(clock, Some(domain.id()), "initial_access_token.create", &target);
        let audit = audit.changed(&Object::new(), &told(&token));
        self.store.create_initial_access_token(domain.id(), &token, &audit).await?;
        Ok((secret, token))
    }

    /// Revokes an initial access token; what it registered stays.
    pub async fn revoke_initial_access_token(
        &self,
        domain: &DomainEntry,
        id: InitialAccessTokenId,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        let audit = actor.did(self.store.clock(), Some(domain.id()), "initial_access_token.revoke", &id.to_string());
        if self.store.revoke_initial_access_token(domain.id(), id, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_found(format!("the domain has no initial access token {id} that is not revoked already")))
    }
}

/// What the audit log tells of a token: never the token, nor its hash.
fn told(token: &InitialAccessToken) -> Object {
    Object::from_iter([
        ("label".to_owned(), token.label.as_str().into()),
        ("policy_id".to_owned(), json!(token.policy_id)),
        ("max_uses".to_owned(), json!(token.max_uses)),
        ("expires_at".to_owned(), json!(token.expires_at)),
    ])
}
