//! API tokens: how programs administer. For owners.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::domain_names::DomainNames;
use crate::admin::managing::{Managing, Segments, Sent, done};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::administrators::api_tokens::NewApiToken;
use crate::model::administrator::{ApiToken, Role};
use crate::model::id::ApiTokenId;
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;

/// How many tokens a list shows, the newest.
const MOST: i64 = 1_000;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(list, create, read, revoke), tags((name = "api tokens", description = "How programs administer.")))]
pub struct Description;

/// An API token, without the token itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub struct ApiTokenView {
    /// The identifier, which the audit log names.
    id: Uuid,
    /// What it is for.
    label: String,
    /// What it may do: an auditor's reads, an editor's changes what is in domains, an owner's does everything.
    role: Role,
    /// The one domain within its reach; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    /// Who made it, as the audit log names them.
    created_by: String,
    /// When it was made, in Unix seconds.
    created_at: i64,
    /// When it ends, in Unix seconds; absent: never by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// When it was last used, to the minute, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
    /// When it was revoked, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<i64>,
    /// Whether it works now.
    usable: bool,
}

/// An API token that was just made.
#[derive(Serialize, ToSchema)]
pub struct ApiTokenMade {
    #[serde(flatten)]
    token: ApiTokenView,
    /// The token itself; shown this once.
    #[schema(example = "adm_…")]
    value: String,
}

/// API tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiTokenList {
    /// Those that are valid, and those that ended within 30 days.
    items: Vec<ApiTokenView>,
}

/// An API token that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiTokenWanted {
    /// What it is for: 1 to 100 characters on one line.
    label: String,
    /// What it may do.
    role: Role,
    /// The one domain within its reach, by name; left out: all of them. An owner's reaches all.
    domain: Option<String>,
    /// For how many seconds it works; left out: until it is revoked.
    #[schema(minimum = 60, maximum = 315_360_000)]
    expires_in: Option<i64>,
}

#[derive(Debug, Deserialize)]
/// What the path names.
pub struct Named {
    token_id: Uuid,
}

/// API tokens.
#[utoipa::path(get, path = "/api/v1/api-tokens", tag = "api tokens", responses((status = 200, body = ApiTokenList), AnyProblem))]
pub async fn list(managing: Managing) -> Result<Json<ApiTokenList>, OAuthError> {
    let tokens = managing.app.store.api_tokens(None, MOST).await?;
    let names = DomainNames::read(&managing).await?;
    Ok(Json(ApiTokenList { items: tokens.into_iter().map(|token| view(&managing, &names, token)).collect() }))
}

/// Makes an API token; the answer shows it this once.
#[utoipa::path(post, path = "/api/v1/api-tokens", tag = "api tokens", request_body = ApiTokenWanted, responses((status = 201, body = ApiTokenMade), AnyProblem, ChangeProblem))]
pub async fn create(managing: Managing, Sent(wanted): Sent<ApiTokenWanted>) -> Result<Response, OAuthError> {
    let names = DomainNames::read(&managing).await?;
    let domain_id = wanted.domain.map(|name| names.id(&name)).transpose()?;
    let new = NewApiToken { label: wanted.label, role: wanted.role, domain_id, lifetime: wanted.expires_in };
    let (token, secret) = managing.app.administrators.create_api_token(new, &managing.actor()).await?;
    let location = [(LOCATION, format!("/api/v1/api-tokens/{}", token.id))];
    let made = ApiTokenMade { token: view(&managing, &names, token), value: secret.expose().to_owned() };
    Ok((StatusCode::CREATED, location, Json(made)).into_response())
}

/// An API token, without the token itself.
#[utoipa::path(get, path = "/api/v1/api-tokens/{token_id}", tag = "api tokens", params(("token_id" = Uuid, Path)), responses((status = 200, body = ApiTokenView), AnyProblem))]
pub async fn read(managing: Managing, Segments(path): Segments<Named>) -> Result<Json<ApiTokenView>, OAuthError> {
    let token = managing.app.store.api_token(ApiTokenId(path.token_id)).await?;
    let token = token.ok_or_else(|| OAuthError::not_found("there is no such API token"))?;
    let names = DomainNames::read(&managing).await?;
    Ok(Json(view(&managing, &names, token)))
}

/// Revokes an API token: it works no longer.
#[utoipa::path(delete, path = "/api/v1/api-tokens/{token_id}", tag = "api tokens", params(("token_id" = Uuid, Path)), responses((status = 204, description = "It works no longer."), AnyProblem))]
pub async fn revoke(managing: Managing, Segments(path): Segments<Named>) -> Result<Response, OAuthError> {
    managing.app.administrators.revoke_api_token(ApiTokenId(path.token_id), &managing.actor()).await?;
    Ok(done())
}

fn view(managing: &Managing, names: &DomainNames, token: ApiToken) -> ApiTokenView {
    ApiTokenView {
        usable: token.is_valid_at(managing.app.clock.now()),
        id: token.id.0,
        label: token.label,
        role: token.role,
        domain: token.domain_id.map(|id| names.name(id).unwrap_or_default()),
        created_by: token.created_by,
        created_at: token.created_at.seconds(),
        expires_at: token.expires_at.map(UnixTime::seconds),
        last_used_at: token.last_used_at.map(UnixTime::seconds),
        revoked_at: token.revoked_at.map(UnixTime::seconds),
    }
}
