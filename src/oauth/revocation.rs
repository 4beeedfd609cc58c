//! Token revocation (RFC 7009).

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::bearer::live;
use super::client_request::ClientRequest;
use crate::keys::data_keys::HashPurpose;
use crate::model::authorization::REFRESH_TOKEN;
use crate::model::oauth_error::OAuthError;
use crate::ops::security_headers::no_store;
use crate::tokens::audience::longest_lifetime;

/// `POST /{domain}/oauth/revoke`: 200 whatever the token was, unless it is another client's.
pub async fn revoke(request: ClientRequest) -> Result<Response, OAuthError> {
    let token = request.params.required("token")?;
    let at = &request.at;
    let client = &request.entry().client;
    if token.starts_with(REFRESH_TOKEN) {
        end_login(&request, token).await?;
    } else if let Some(found) = live(at, token).await? {
        if found.claims.client_id != client.client_id {
            return Err(not_its_own());
        }
        let audit = at.caller.actor(format!("client:{}", client.client_id)).did(
            &at.app.clock,
            Some(at.domain.id()),
            "access_token.revoke",
            &found.claims.jti,
        );
        at.app.store.revoke_token(at.domain.id(), &found.claims.jti, found.claims.exp, &audit).await?;
    }
    let mut response = StatusCode::OK.into_response();
    no_store(response.headers_mut());
    Ok(response)
}

/// A refresh token stands for its login: with it ends everything that was issued from that (RFC 7009 §2.1).
async fn end_login(request: &ClientRequest, token: &str) -> Result<(), OAuthError> {
    let (at, client) = (&request.at, &request.entry().client);
    let hash = at.app.keys.hash(HashPurpose::RefreshToken, token);
    let Some((_, grant)) = at.app.store.refresh_token(at.domain.id(), &hash).await? else { return Ok(()) };
    if grant.client_id != client.client_id {
        return Err(not_its_own());
    }
    let actor = at.caller.actor(format!("client:{}", client.client_id));
    let audit = actor.did(&at.app.clock, Some(at.domain.id()), "refresh_token.revoke", &grant.id.to_string());
    let until = at.app.clock.now().plus(longest_lifetime(&at.domain.domain.settings));
    at.app.store.end_grant(at.domain.id(), grant.id, until, &audit).await?;
    Ok(())
}

fn not_its_own() -> OAuthError {
    OAuthError::unauthorized_client("the token was issued to another client (RFC 7009 section 2.1)")
}
