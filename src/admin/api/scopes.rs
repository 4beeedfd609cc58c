//! The scopes of a domain.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::location;
use super::merge_patch::{PatchOf, patched};
use crate::admin::managing::{ManagingDomain, Segments, Sent, SentObject, done};
use crate::admin::preconditions::{etag, may_match, must_match};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::domains::scopes::find_scope;
use crate::model::oauth_error::OAuthError;
use crate::model::scope::Scope;

/// What is sent to change one.
type ScopePatch = PatchOf<ScopeMembers>;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, read, change, delete),
    components(schemas(ScopePatch)),
    tags((name = "scopes", description = "The scopes of a domain."))
)]
pub struct Description;

/// The segment that names a scope.
#[derive(Debug, Deserialize)]
pub struct Named {
    scope: String,
}

/// All scopes of a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScopeList {
    /// By name.
    items: Vec<Scope>,
}

/// What may be set for a scope.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ScopeMembers)]
pub struct ScopeMembers {
    /// A short name for people, on one line; the scope itself if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    label: Option<String>,
    /// What it allows, in words, on one line.
    #[schema(max_length = 500)]
    description: String,
    /// Never listed in discovery.
    hidden: bool,
    /// Granted by an administrator only; no registration can ask for it.
    reserved: bool,
    /// May be asked for in a registration.
    self_registrable: bool,
}

/// A scope that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewScope {
    /// The token itself (RFC 6749 §3.3); never changes.
    #[schema(min_length = 1, max_length = 255, pattern = "^[!#-\\[\\]-~]+$")]
    name: String,
    /// A short name for people, on one line; the scope itself if absent.
    #[serde(default)]
    #[schema(max_length = 100)]
    label: Option<String>,
    /// What it allows, in words, on one line.
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
    /// Never listed in discovery.
    #[serde(default)]
    hidden: bool,
    /// Granted by an administrator only; no registration can ask for it.
    #[serde(default)]
    reserved: bool,
    /// May be asked for in a registration.
    #[serde(default)]
    self_registrable: bool,
}

/// All scopes of a domain.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/scopes", tag = "scopes", params(("domain" = String, Path, description = "The domain.")), responses((status = 200, body = ScopeList), AnyProblem))]
pub async fn list(at: ManagingDomain) -> Json<ScopeList> {
    Json(ScopeList { items: at.domain.scopes.clone() })
}

/// Makes a scope.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/scopes", tag = "scopes", params(("domain" = String, Path, description = "The domain.")), request_body = NewScope, responses((status = 201, body = Scope, headers(("Location" = String), ("ETag" = String))), AnyProblem, ChangeProblem))]
pub async fn create(at: ManagingDomain, Sent(new): Sent<NewScope>) -> Result<Response, OAuthError> {
    let scope = Scope {
        label: new.label.unwrap_or_else(|| new.name.clone()),
        name: new.name,
        description: new.description,
        hidden: new.hidden,
        reserved: new.reserved,
        self_registrable: new.self_registrable,
        version: 0,
    };
    at.domains().put_scope(&at.domain, &scope, &at.actor()).await?;
    let made = now(&at, &scope.name).await?;
    let location = [(LOCATION, location(&at, "scopes", &scope.name))];
    Ok((StatusCode::CREATED, etag(made.version), location, Json(made)).into_response())
}

/// A scope.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/scopes/{scope}", tag = "scopes", params(("domain" = String, Path, description = "The domain."), ("scope" = String, Path, description = "The scope.")), responses((status = 200, body = Scope, headers(("ETag" = String))), AnyProblem))]
pub async fn read(at: ManagingDomain, Segments(named): Segments<Named>) -> Result<Response, OAuthError> {
    let scope = find_scope(&at.domain, &named.scope)?;
    Ok((etag(scope.version), Json(scope)).into_response())
}

/// Changes members of a scope (RFC 7396).
#[utoipa::path(patch, path = "/api/v1/domains/{domain}/scopes/{scope}", tag = "scopes", params(("domain" = String, Path, description = "The domain."), ("scope" = String, Path, description = "The scope."), ("If-Match" = String, Header, description = "The ETag that was read, or *.")), request_body = ScopePatch, responses((status = 200, body = Scope, headers(("ETag" = String))), AnyProblem, ChangeProblem))]
pub async fn change(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    headers: HeaderMap,
    SentObject(sent): SentObject,
) -> Result<Response, OAuthError> {
    let current = find_scope(&at.domain, &named.scope)?;
    must_match(&headers, current.version)?;
    let Scope { name, version, label, description, hidden, reserved, self_registrable } = current.clone();
    let members = ScopeMembers { label: Some(label), description, hidden, reserved, self_registrable };
    let members = patched(&members, &sent)?;
    let scope = Scope {
        label: members.label.unwrap_or_else(|| name.clone()),
        name,
        description: members.description,
        hidden: members.hidden,
        reserved: members.reserved,
        self_registrable: members.self_registrable,
        version,
    };
    at.domains().put_scope(&at.domain, &scope, &at.actor()).await?;
    let changed = now(&at, &scope.name).await?;
    Ok((etag(changed.version), Json(changed)).into_response())
}

/// Deletes a scope; clients and tokens that have it lose it.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/scopes/{scope}", tag = "scopes", params(("domain" = String, Path, description = "The domain."), ("scope" = String, Path, description = "The scope."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 204, description = "It is gone."), AnyProblem, ChangeProblem))]
pub async fn delete(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let scope = find_scope(&at.domain, &named.scope)?;
    may_match(&headers, scope.version)?;
    at.domains().delete_scope(&at.domain, scope, &at.actor()).await?;
    Ok(done())
}

/// The scope as it is stored by now.
async fn now(at: &ManagingDomain, name: &str) -> Result<Scope, OAuthError> {
    let domain = at.app.store.domain(at.domain.id()).await?;
    let scope = domain.as_deref().and_then(|domain| domain.scope(name)).cloned();
    scope.ok_or_else(|| OAuthError::conflict("the scope was deleted meanwhile"))
}
