//! The token endpoint (RFC 6749 §3.2).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::client_request::ClientRequest;
use super::grants::GRANTS;
use super::request::InDomain;
use super::token_trace;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::rules::REGISTRABLE_GRANTS;
use crate::model::scope::{ScopeSet, printable};
use crate::model::statistics::Counted;
use crate::ops::security_headers::no_store;

/// A successful answer (RFC 6749 §5.1).
#[derive(Debug, Serialize)]
struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    scope: ScopeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

/// `POST /{domain}/oauth/token`.
pub async fn token(request: ClientRequest) -> Result<Response, OAuthError> {
    let answered = answer(&request).await;
    if let Err(error) = &answered {
        token_trace::refused(&request, error);
        count_refusal(&request.at, error);
    }
    answered
}

/// Counts a refused token request by its code; what failed by itself was not refused.
pub(super) fn count_refusal(at: &InDomain, error: &OAuthError) {
    if error.status < 500 {
        at.app.count(at.domain.id(), Counted::TokenRefused, error.code);
    }
}

async fn answer(request: &ClientRequest) -> Result<Response, OAuthError> {
    let grant_type = request.params.required("grant_type")?;
    let Some(grant) = GRANTS.iter().find(|grant| grant.name == grant_type) else {
        return Err(OAuthError::unsupported_grant_type(format!(
            "grant_type {} is not supported; see grant_types_supported in the metadata",
            printable(grant_type)
        )));
    };
    let entry = request.entry();
    if entry.client.settings.resource_credentials {
        return Err(OAuthError::unauthorized_client(
            "these are a resource's credentials, which introspect tokens and get none; use a client's",
        ));
    }
    if !entry.client.metadata.has_grant(grant.name) {
        return Err(OAuthError::unauthorized_client(format!(
            "this client is not registered for {}; its grant_types are: {}",
            grant.name,
            entry.client.metadata.grant_types.as_deref().unwrap_or_default().join(" ")
        )));
    }
    debug_assert!(REGISTRABLE_GRANTS.contains(&grant.name), "what is served can be registered");
    let authorization = (grant.authorize)(request).await?;
    let at = &request.at;
    let access_token = at.app.issuer.issue(&at.domain, at.issuer(), &entry.client.client_id, &authorization)?;
    let made = (&authorization, access_token.as_str());
    let id_token = at.app.issuer.id_token(&at.domain, &at.issuer(), &entry.client, made)?;
    at.app.counters_of(&at.domain.domain).token_issued(grant.name);
    token_trace::issued(request, &authorization);
    let (scope, expires_in) = (authorization.scope, authorization.lifetime);
    let refresh_token = authorization.login.and_then(|login| login.refresh_token);
    let refresh_token = refresh_token.map(|token| token.expose().to_owned());
    let answer = TokenResponse { access_token, token_type: "Bearer", expires_in, scope, refresh_token, id_token };
    let mut response = Json(answer).into_response();
    no_store(response.headers_mut());
    Ok(response)
}
