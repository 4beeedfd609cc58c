//! What the grants that rest on a person's login have in common (RFC 6749 §4.1.3, §6).

use crate::keys::data_keys::HashPurpose;
use crate::model::authorization::{Authorization, Login, LoginGrant, RefreshToken};
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
use crate::model::user::User;
use crate::oauth::client_request::ClientRequest;
use crate::tokens::audience::{self, Share};

/// Tells the request's timeline which attempt the login came from, whatever becomes of the request.
pub(super) fn rests_on(request: &ClientRequest, grant: &LoginGrant) {
    // The first one counts; a request has one code or one token.
    let _ = request.attempt.set(grant.attempt.clone());
}

/// What is left of a login, as far as the request asks for it.
pub(super) fn share(request: &ClientRequest, grant: &LoginGrant) -> Result<Share, OAuthError> {
    let domain = &request.at.domain;
    let granted = Share { scope: grant.scope.clone(), resources: grant.details.resources.clone() };
    let any_resource = request.at.app.takes_any_resource(&domain.domain.settings);
    Share::left_of(domain, &granted, any_resource)?.for_resources(domain, request.params.all("resource"))
}

/// The person, who must still be allowed to log in.
pub(super) async fn user(request: &ClientRequest, grant: &LoginGrant) -> Result<User, OAuthError> {
    let user = request.at.app.store.user(grant.domain_id, grant.user_id).await?;
    user.filter(|user| user.enabled).ok_or_else(|| {
        OAuthError::invalid_grant("the account behind this login was closed or disabled; log in with another one")
    })
}

/// A refresh token as it is kept: it ends when it was not used for a while, or with its login.
pub(super) fn kept(request: &ClientRequest, grant: &LoginGrant, token: &Secret) -> RefreshToken {
    let now = request.at.app.clock.now();
    RefreshToken {
        hash: request.at.app.keys.hash(HashPurpose::RefreshToken, token.expose()),
        created_at: now,
        expires_at: idle_end(request, grant, now),
        rotated_at: None,
    }
}

/// When a refresh token that was used now ends unless it is used again.
pub(super) fn idle_end(request: &ClientRequest, grant: &LoginGrant, now: UnixTime) -> UnixTime {
    now.plus(request.at.domain.domain.settings.refresh_token_idle_lifetime).min(grant.expires_at)
}

/// When the last access token that was issued from any login ends by itself.
pub(super) fn until(request: &ClientRequest) -> UnixTime {
    request.at.app.clock.now().plus(audience::longest_lifetime(&request.at.domain.domain.settings))
}

/// What the token is made from. It does not outlive its login.
pub(super) fn authorization(request: &ClientRequest, share: Share, login: Login) -> Authorization {
    let (domain, entry) = (&request.at.domain, request.entry());
    let now = request.at.app.clock.now();
    // A person has used the client now, whether or not it could prove who it is.
    request.at.app.usage.note(entry, request.client.secret, now);
    let lifetime = audience::lifetime(domain, &entry.client, &share.resources);
    Authorization {
        subject: login.grant.details.subject.clone(),
        audience: audience::audience(domain, &entry.client, &share.resources),
        scope: share.scope,
        lifetime: lifetime.min(login.grant.expires_at.since(now)),
        login: Some(login),
    }
}

/// Tells the audit log that a code or a refresh token came a second time, which ended its login.
pub(super) fn audit_replay(request: &ClientRequest, action: &'static str, grant: &LoginGrant) {
    let at = &request.at;
    let actor = at.caller.actor(format!("client:{}", grant.client_id));
    let event = actor.did(&at.app.clock, Some(grant.domain_id), action, &grant.id.to_string());
    let event = event.with("user", grant.user_id.to_string()).with("attempt", grant.attempt.as_str());
    at.app.audit_refusal(event.refused("it was used before: everything issued from this login has ended"));
}
