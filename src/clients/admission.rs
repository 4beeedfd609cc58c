//! Who registers, and the policy that binds it (RFC 7591 §3).

use super::manual::DCR_ADMIN;
use super::{Registrant, Registry};
use crate::model::client::{Client, ClientStatus};
use crate::model::domain::DomainSettings;
use crate::model::id::{ClientId, InitialAccessTokenId};
use crate::model::oauth_error::{Challenge, OAuthError};
use crate::model::time::UnixTime;
use crate::store::cache::DomainEntry;
use crate::store::initial_access_tokens::InitialAccessToken;
use crate::store::policies::NamedPolicy;

/// Who registers, and the policy that binds it.
#[derive(Debug, Clone)]
pub struct Admission {
    /// Who.
    pub registrant: Registrant,
    /// Under which policy.
    pub policy: NamedPolicy,
}

impl Admission {
    /// Anybody, from `source`. `open`: whether open registration acts here.
    pub fn of_anybody(domain: &DomainEntry, open: bool, source: String) -> Result<Self, OAuthError> {
        let settings = &domain.domain.settings;
        if !open {
            must_be_on(settings)?;
            return Err(OAuthError::invalid_token(
                "registration needs a token: an access token with scope dcr_admin, or an initial access token",
            )
            .with_challenge(Challenge::BearerMissing));
        }
        Ok(Self { registrant: Registrant::Open { source }, policy: policy(domain, &settings.open_policy)? })
    }

    /// A client that holds a `dcr_admin` token.
    pub fn of_gateway(domain: &DomainEntry, client: &Client) -> Result<Self, OAuthError> {
        let settings = &domain.domain.settings;
        must_be_on(settings)?;
        let name = client.settings.registrar_policy.as_deref().unwrap_or(&settings.gateway_policy);
        Ok(Self { registrant: Registrant::Gateway(client.client_id.clone()), policy: policy(domain, name)? })
    }

    /// Whoever holds an initial access token.
    pub fn of_token(domain: &DomainEntry, token: &InitialAccessToken, now: UnixTime) -> Result<Self, OAuthError> {
        if let Some(refusal) = token.refusal(now) {
            return Err(OAuthError::invalid_token(refusal));
        }
        let settings = &domain.domain.settings;
        must_be_on(settings)?;
        let bound = token.policy_id.and_then(|id| domain.policies.iter().find(|policy| policy.id == id));
        let policy = match (bound, token.policy_id) {
            (Some(policy), _) => policy.clone(),
            (None, None) => policy(domain, &settings.gateway_policy)?,
            // Its policy was deleted: what it narrowed must not become wide.
            (None, Some(_)) => {
                return Err(OAuthError::invalid_token("the policy of this initial access token is gone"));
            }
        };
        Ok(Self { registrant: Registrant::InitialAccessToken(token.id), policy })
    }
}

/// Whom a registration is tried out for, in the words of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// `policy:NAME`: somebody bound by this policy, who owns what is registered.
    Policy(String),
    /// `open`: anybody, without a token.
    Anybody,
    /// `client:ID`: a gateway registrar.
    Gateway(ClientId),
    /// `initial_access_token:ID`: whoever holds this token.
    Token(InitialAccessTokenId),
}

impl Who {
    /// Reads who it is. The error names the forms there are.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let unknown = || {
            OAuthError::invalid_request(
                "registrant: must be open, client:ID, initial_access_token:ID or policy:NAME; use one of these",
            )
        };
        if text == "open" {
            return Ok(Self::Anybody);
        }
        match text.split_once(':') {
            Some(("policy", name)) => Ok(Self::Policy(name.to_owned())),
            Some(("client", id)) => Ok(Self::Gateway(ClientId(id.to_owned()))),
            Some(("initial_access_token", id)) => {
                id.parse().map(|id| Self::Token(InitialAccessTokenId(id))).map_err(|_| unknown())
            }
            _ => Err(unknown()),
        }
    }
}

impl Registry {
    /// As whom `who` would register now. `open`: whether open registration acts here. What would be answered to such a
    /// registrant is the inner result; the outer error is that there is no such registrant.
    pub(super) async fn admit(
        &self,
        domain: &DomainEntry,
        who: &Who,
        open: bool,
    ) -> Result<Result<Admission, OAuthError>, OAuthError> {
        match who {
            Who::Policy(name) => {
                let policy = domain.policy(name).cloned();
                let policy = policy.ok_or_else(|| OAuthError::not_found(format!("the domain has no policy {name}")))?;
                Ok(Ok(Admission { registrant: Registrant::Gateway(ClientId(String::new())), policy }))
            }
            Who::Anybody => Ok(Admission::of_anybody(domain, open, String::new())),
            Who::Gateway(id) => {
                let found = if id.as_str().contains('\0') { None } else { self.store.client(domain.id(), id).await? };
                let found = found.filter(|entry| entry.client.status != ClientStatus::Deleted);
                let entry = found.ok_or_else(|| OAuthError::not_found(format!("the domain has no client {id}")))?;
                Ok(gets_token(&entry.client).and_then(|()| Admission::of_gateway(domain, &entry.client)))
            }
            Who::Token(id) => {
                let tokens = self.store.initial_access_tokens(domain.id()).await?;
                let token = tokens.into_iter().find(|token| token.id == *id);
                let token = token
                    .ok_or_else(|| OAuthError::not_found(format!("the domain has no initial access token {id}")))?;
                Ok(Admission::of_token(domain, &token, self.store.clock().now()))
            }
        }
    }
}

/// Whether a client could get the token that registering takes.
fn gets_token(client: &Client) -> Result<(), OAuthError> {
    if client.status != ClientStatus::Active {
        let status = client.status.as_str();
        return Err(OAuthError::invalid_client(format!(
            "client_id: this client is {status} and gets no token; resume or approve it first"
        )));
    }
    if !client.settings.granted_scopes.contains(DCR_ADMIN) {
        return Err(OAuthError::insufficient_scope(
            "registration needs a token with scope dcr_admin that the client got for itself by client_credentials",
        ));
    }
    if !client.metadata.has_grant("client_credentials") {
        return Err(OAuthError::unauthorized_client(
            "grant_types: registering takes a token by client_credentials, for which this client is not registered",
        ));
    }
    Ok(())
}

fn policy(domain: &DomainEntry, name: &str) -> Result<NamedPolicy, OAuthError> {
    domain.policy(name).cloned().ok_or_else(|| {
        OAuthError::registration_forbidden(format!(
            "the policy {name} that would bind this registration does not exist"
        ))
    })
}

/// Whether clients may be registered and managed here at all.
pub fn must_be_on(settings: &DomainSettings) -> Result<(), OAuthError> {
    if settings.registration {
        return Ok(());
    }
    Err(OAuthError::registration_forbidden(
        "client registration is off in this domain; an administrator can turn it on",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_registers_is_named_as_in_the_audit_log() {
        assert_eq!(Who::parse("open").unwrap(), Who::Anybody);
        assert_eq!(Who::parse("policy:mcp").unwrap(), Who::Policy("mcp".to_owned()));
        assert_eq!(Who::parse("client:a:b").unwrap(), Who::Gateway(ClientId("a:b".to_owned())));
        for wrong in ["", "opened", "client", "initial_access_token:7", "user:x"] {
            assert!(Who::parse(wrong).is_err(), "{wrong}");
        }
    }
}
