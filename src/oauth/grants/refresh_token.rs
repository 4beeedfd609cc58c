//! The refresh token grant (RFC 6749 §6), with rotation for public clients (RFC 9700 §4.14.2).

use super::login;
use crate::keys::data_keys::HashPurpose;
use crate::model::authorization::{Authorization, Login};
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::oauth::client_request::ClientRequest;
use crate::store::refresh_tokens::{RefreshOutcome, RefreshUse};

/// For how many seconds a rotated token still gives the same successor: answers get lost, and windows race.
const GRACE: i64 = 60;

/// What is left of the person's login. A public client gets another refresh token each time, one that proves who it is
/// keeps its own: there rotation protects nothing, and a lost answer would end the login.
pub(super) async fn authorize(request: &ClientRequest) -> Result<Authorization, OAuthError> {
    let (at, client) = (&request.at, &request.entry().client);
    let text = request.params.required("refresh_token")?;
    let hash = at.app.keys.hash(HashPurpose::RefreshToken, text);
    let found = at.app.store.refresh_token(at.domain.id(), &hash).await?;
    let (token, grant) = found.filter(|(_, grant)| grant.client_id == client.client_id).ok_or_else(|| {
        OAuthError::invalid_grant(
            "the refresh token is unknown, has ended, or is another client's; send the person through login again",
        )
    })?;
    login::rests_on(request, &grant);
    let now = at.app.clock.now();
    let user = login::user(request, &grant).await?;
    let share = login::share(request, &grant).and_then(|share| share.for_scope(request.params.get("scope")));
    let replayed = token.rotated_at.is_some_and(|then| now >= then.plus(GRACE));
    if !replayed && let Err(error) = share {
        // Nothing is used up by a request that asks for the wrong thing.
        return Err(error);
    }
    let successor = (!request.client.proven).then(|| at.app.keys.refresh_successor(text));
    let kept = successor.as_ref().map(|successor| login::kept(request, &grant, successor));
    let refresh = RefreshUse {
        hash: &hash,
        successor: kept.as_ref(),
        grace: GRACE,
        expires_at: login::idle_end(request, &grant, now),
        until: login::until(request),
    };
    let next = match at.app.store.use_refresh_token(&grant, &refresh).await? {
        RefreshOutcome::Used => successor.unwrap_or_else(|| Secret::new(text)),
        RefreshOutcome::Again => successor.unwrap_or_else(|| at.app.keys.refresh_successor(text)),
        RefreshOutcome::Replayed => {
            login::audit_replay(request, "refresh_token.replay", &grant);
            return Err(OAuthError::invalid_grant(
                "the refresh token was used before, so everything issued from its login has ended; send the person through login again",
            ));
        }
        RefreshOutcome::Ended => {
            return Err(OAuthError::invalid_grant("the refresh token has ended; send the person through login again"));
        }
    };
    let login = Login { grant, user, refresh_token: Some(next), nonce: None };
    Ok(login::authorization(request, share?, login))
}
