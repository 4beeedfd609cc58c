//! Token revocation (RFC 7009).

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::bearer::live;
use super::client_request::ClientRequest;
use crate::model::oauth_error::OAuthError;
use crate::ops::security_headers::no_store;

/// `POST /{domain}/oauth/revoke`: 200 whatever the token was, unless it is another client's.
pub async fn revoke(request: ClientRequest) -> Result<Response, OAuthError> {
    let token = request.params.required("token")?;
    let at = &request.at;
    let client = &request.entry().client;
    if let Some(found) = live(at, token).await? {
        if found.claims.client_id != client.client_id {
            return Err(OAuthError::unauthorized_client(
                "the token was issued to another client (RFC 7009 section 2.1)",
            ));
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
