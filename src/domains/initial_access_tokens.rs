//! The initial access tokens of a domain (RFC 7591 §3).

use serde::Serialize;
use utoipa::ToSchema;

use super::Domains;
use crate::keys::data_keys::HashPurpose;
use crate::model::audit_event::Actor;
use crate::model::id::{InitialAccessTokenId, PolicyId};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::random::Generated;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
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

/// The longest label, in characters.
const LONGEST_LABEL: usize = 100;

/// The longest lifetime: ten years, in seconds.
const LONGEST_LIFETIME: i64 = 315_360_000;

impl NewToken {
    fn check(&self) -> Result<(), OAuthError> {
        if self.label.chars().count() > LONGEST_LABEL || self.label.chars().any(char::is_control) {
            let most = format!("label: is at most {LONGEST_LABEL} characters on one line; shorten it");
            return Err(OAuthError::invalid_request(most));
        }
        if self.max_uses.is_some_and(|uses| uses < 1) {
            return Err(OAuthError::invalid_request(
                "max_uses: must be at least 1; leave it out to allow any number of registrations",
            ));
        }
        if self.lifetime.is_some_and(|seconds| !(1..=LONGEST_LIFETIME).contains(&seconds)) {
            return Err(OAuthError::invalid_request(format!(
                "lifetime: must be between 1 and {LONGEST_LIFETIME} seconds; leave it out for a token without end"
            )));
        }
        Ok(())
    }
}

impl Domains {
    /// Issues an initial access token. It is told this once.
    pub async fn issue_initial_access_token(
        &self,
        domain: &DomainEntry,
        new: NewToken,
        actor: &Actor,
    ) -> Result<(Secret, InitialAccessToken), OAuthError> {
        new.check()?;
        let clock = self.store.clock();
        let secret = Secret::new(self.store.random().make(domain.id(), Generated::InitialAccessToken));
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
        let audit = audit.changed(&Object::new(), &told(domain, &token));
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
        let clock = self.store.clock();
        let audit = actor.did(clock, Some(domain.id()), "initial_access_token.revoke", &id.to_string());
        let revoked = Object::from_iter([("revoked_at".to_owned(), clock.now().seconds().into())]);
        let audit = audit.changed(&Object::new(), &revoked);
        if self.store.revoke_initial_access_token(domain.id(), id, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_found(format!("the domain has no initial access token {id} that is not revoked already")))
    }
}

/// What the audit log tells of a token.
fn told(domain: &DomainEntry, token: &InitialAccessToken) -> Object {
    let policy = token.policy_id.and_then(|id| domain.policies.iter().find(|policy| policy.id == id));
    let members = [
        ("label", Some(token.label.clone().into())),
        ("policy", policy.map(|policy| policy.name.clone().into())),
        ("max_uses", token.max_uses.map(Into::into)),
        ("expires_at", token.expires_at.map(|at| at.seconds().into())),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Whether an initial access token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It registers clients.
    Usable,
    /// It made all the registrations it allows.
    UsedUp,
    /// Its time is over.
    Expired,
    /// An administrator ended it.
    Revoked,
}

impl TokenState {
    /// The state of a token at the given time.
    pub fn of(token: &InitialAccessToken, now: UnixTime) -> Self {
        if token.refusal(now).is_none() {
            Self::Usable
        } else if token.revoked_at.is_some() {
            Self::Revoked
        } else if token.expires_at.is_some_and(|end| end <= now) {
            Self::Expired
        } else {
            Self::UsedUp
        }
    }
}
