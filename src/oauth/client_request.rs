//! A form POST by an authenticated client: how every request to the back-channel endpoints begins (RFC 6749 §2.3).

use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequest, FromRequestParts as _, Request};

use super::client_auth::{self, Authenticated};
use super::params::Params;
use super::request::{InDomain, authorization, has_media_type, read_body};
use super::{token, token_trace};
use crate::app::App;
use crate::model::id::AttemptId;
use crate::model::oauth_error::OAuthError;
use crate::ops::rate_limit::RateKind;
use crate::store::cache::ClientEntry;

/// A form POST by an authenticated client.
#[derive(Debug)]
pub struct ClientRequest {
    /// The domain, and who asks.
    pub at: InDomain,
    /// The form's parameters.
    pub params: Params,
    /// Who the client proved to be, and how.
    pub client: Authenticated,
    /// The login attempt that the request turned out to rest on, for its timeline, also where it is refused.
    pub attempt: OnceLock<AttemptId>,
}

impl ClientRequest {
    /// The client.
    pub fn entry(&self) -> &Arc<ClientEntry> {
        &self.client.entry
    }
}

impl FromRequest<App> for ClientRequest {
    type Rejection = OAuthError;

    async fn from_request(request: Request, app: &App) -> Result<Self, OAuthError> {
        let (mut parts, body) = request.into_parts();
        let at = InDomain::from_request_parts(&mut parts, app).await?;
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            // Secrets in URLs end up in logs (RFC 6749 §2.3.1).
            return Err(OAuthError::invalid_request("parameters belong into the body, not into the URL"));
        }
        if !has_media_type(&parts.headers, "application/x-www-form-urlencoded") {
            return Err(OAuthError::invalid_request("the body must be application/x-www-form-urlencoded"));
        }
        let params = Params::parse(&read_body(body).await?)?;
        let header = authorization(&parts.headers)?;
        match client_auth::authenticate(&at, header, &params).await {
            Ok(client) => {
                client.note_use(&at);
                Ok(Self { at, params, client, attempt: OnceLock::new() })
            }
            Err(error) => {
                let error = match error.code {
                    "invalid_client" => at.failed(RateKind::FailedAuthentication, error),
                    _ => error,
                };
                token_trace::unproven(&at, (header, &params), &error);
                // Of those who authenticate so, only the token endpoint is told a grant.
                if params.get("grant_type").is_some() {
                    token::count_refusal(&at, &error);
                }
                Err(error)
            }
        }
    }
}
