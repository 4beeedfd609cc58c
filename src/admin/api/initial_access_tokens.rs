//! The initial access tokens of a domain (RFC 7591 §3): who holds one may register clients.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::location;
use crate::admin::managing::{ManagingDomain, Segments, Sent, done};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::domains::initial_access_tokens::{NewToken, TokenState};
use crate::model::id::InitialAccessTokenId;
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;
use crate::ops::security_headers::no_store;
use crate::store::initial_access_tokens::InitialAccessToken;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, read, revoke),
    tags((name = "initial access tokens", description = "Who holds one may register clients (RFC 7591)."))
)]
pub struct Description;

/// The segment that names a token.
#[derive(Debug, Deserialize)]
pub struct Named {
    id: Uuid,
}

/// An initial access token, never the token itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InitialAccessToken)]
pub struct TokenView {
    /// Its identifier.
    id: Uuid,
    /// What people call it.
    label: String,
    /// The policy that binds what it registers; absent: the domain's for gateways, or one that was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// How many registrations it has made.
    uses: i64,
    /// How many it allows; absent: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_uses: Option<i64>,
    /// Whether it can be used.
    state: TokenState,
    /// When it was made, in Unix seconds.
    created_at: i64,
    /// When it ends; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// When it was revoked; absent: it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<i64>,
}

/// A token just made.
#[derive(Serialize, ToSchema)]
pub struct MadeToken {
    /// What it is.
    #[serde(flatten)]
    token: TokenView,
    /// The token itself; it is told this once.
    initial_access_token: String,
}

/// All tokens of a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    /// The oldest first.
    items: Vec<TokenView>,
}

/// A token that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedToken {
    /// What people call it, on one line.
    #[serde(default)]
    #[schema(max_length = 100)]
    label: String,
    /// The policy that binds what it registers; absent: the domain's for gateways.
    policy: Option<String>,
    /// How many registrations it allows; absent: any number.
    #[schema(minimum = 1)]
    max_uses: Option<i64>,
    /// Its lifetime in seconds; absent: without end.
    #[schema(minimum = 1, maximum = 315_360_000)]
    lifetime: Option<i64>,
}

/// All tokens of a domain, those that ended as well.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/initial-access-tokens", tag = "initial access tokens", params(("domain" = String, Path, description = "The domain.")), responses((status = 200, body = TokenList), AnyProblem))]
pub async fn list(at: ManagingDomain) -> Result<Json<TokenList>, OAuthError> {
    let tokens = at.app.store.initial_access_tokens(at.domain.id()).await?;
    Ok(Json(TokenList { items: tokens.iter().map(|token| view(&at, token)).collect() }))
}

/// Makes a token. It is told this once.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/initial-access-tokens", tag = "initial access tokens", params(("domain" = String, Path, description = "The domain.")), request_body = WantedToken, responses((status = 201, body = MadeToken, headers(("Location" = String))), AnyProblem, ChangeProblem))]
pub async fn create(at: ManagingDomain, Sent(wanted): Sent<WantedToken>) -> Result<Response, OAuthError> {
    let policy = wanted.policy.as_deref().map(|name| at.domain.policy(name).map(|policy| policy.id).ok_or(name));
    let policy = policy.transpose().map_err(|name| {
        OAuthError::invalid_request(format!("policy: {name} is not a policy of this domain; create it first"))
    })?;
    let new = NewToken { label: wanted.label, max_uses: wanted.max_uses, lifetime: wanted.lifetime, policy };
    let (secret, token) = at.domains().issue_initial_access_token(&at.domain, new, &at.actor()).await?;
    let location = [(LOCATION, location(&at, "initial-access-tokens", &token.id.to_string()))];
    let made = MadeToken { token: view(&at, &token), initial_access_token: secret.expose().to_owned() };
    let mut response = (StatusCode::CREATED, location, Json(made)).into_response();
    no_store(response.headers_mut());
    Ok(response)
}

/// A token.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/initial-access-tokens/{id}", tag = "initial access tokens", params(("domain" = String, Path, description = "The domain."), ("id" = Uuid, Path, description = "The token's id.")), responses((status = 200, body = TokenView), AnyProblem))]
pub async fn read(at: ManagingDomain, Segments(named): Segments<Named>) -> Result<Json<TokenView>, OAuthError> {
    let tokens = at.app.store.initial_access_tokens(at.domain.id()).await?;
    let token = tokens.iter().find(|token| token.id.0 == named.id);
    let unknown = || OAuthError::not_found(format!("the domain has no initial access token {}", named.id));
    Ok(Json(view(&at, token.ok_or_else(unknown)?)))
}

/// Revokes a token; what it registered stays.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/initial-access-tokens/{id}", tag = "initial access tokens", params(("domain" = String, Path, description = "The domain."), ("id" = Uuid, Path, description = "The token's id.")), responses((status = 204, description = "It is revoked."), AnyProblem, ChangeProblem))]
pub async fn revoke(at: ManagingDomain, Segments(named): Segments<Named>) -> Result<Response, OAuthError> {
    let id = InitialAccessTokenId(named.id);
    at.domains().revoke_initial_access_token(&at.domain, id, &at.actor()).await?;
    Ok(done())
}

fn view(at: &ManagingDomain, token: &InitialAccessToken) -> TokenView {
    let policy = token.policy_id.and_then(|id| at.domain.policies.iter().find(|policy| policy.id == id));
    TokenView {
        id: token.id.0,
        label: token.label.clone(),
        policy: policy.map(|policy| policy.name.clone()),
        uses: token.uses,
        max_uses: token.max_uses,
        state: TokenState::of(token, at.app.clock.now()),
        created_at: token.created_at.seconds(),
        expires_at: token.expires_at.map(UnixTime::seconds),
        revoked_at: token.revoked_at.map(UnixTime::seconds),
    }
}
