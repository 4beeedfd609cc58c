//! Protected resources: MCP servers and other APIs that tokens can be for (RFC 8707).

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::admin::managing::{ManagingDomain, Segments, Sent, SentObject, done};
use crate::admin::preconditions::{etag, may_match, must_match};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::domains::resources::NewResource;
use crate::model::id::{ClientId, ResourceId};
use crate::model::json::{Object, members, merge_patch, typed};
use crate::model::oauth_error::OAuthError;
use crate::model::resource::{Resource, ResourceSettings};
use crate::model::scope::ScopeSet;
use crate::model::signing_key::SigningAlgorithm;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, read, change, delete),
    tags((name = "resources", description = "MCP servers and other APIs that tokens can be for."))
)]
pub struct Description;

/// A protected resource.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Resource)]
pub struct ResourceView {
    /// Its identifier.
    #[schema(value_type = Uuid)]
    pub id: ResourceId,
    /// What people call it; unique in the domain.
    pub name: String,
    /// The client whose credentials introspect its tokens, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub credentials: Option<ClientId>,
    /// What an administrator may set.
    #[serde(flatten)]
    pub settings: ResourceSettings,
    /// The clients that may have tokens for it by client credentials.
    #[schema(value_type = Vec<String>)]
    pub granted_clients: Vec<ClientId>,
    /// Counts the changes; the entity tag.
    pub version: i64,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
}

/// All resources of a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceList {
    /// By name.
    items: Vec<ResourceView>,
}

/// A resource that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewResource)]
pub struct WantedResource {
    /// What people call it; unique in the domain.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The absolute URIs it is reached by; the first one is the `aud` of its tokens.
    #[schema(min_items = 1)]
    identifiers: Vec<String>,
    /// Whether an identifier also stands for everything below it.
    #[serde(default)]
    prefix_match: bool,
    /// The scopes that mean something there, separated by blanks; all of the domain's where absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    scopes: ScopeSet,
    /// What signs its tokens, where it differs from the domain's.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^(RS256|ES256)$")]
    access_token_algorithm: Option<SigningAlgorithm>,
    /// Lifetime of its tokens in seconds, where it differs from the domain's.
    #[serde(default)]
    #[schema(minimum = 10, maximum = 86400)]
    access_token_lifetime: Option<i64>,
    /// Whether it gets credentials for introspection; yes where absent.
    #[serde(default = "yes")]
    #[schema(default = true)]
    credentials: bool,
}

fn yes() -> bool {
    true
}

/// A resource just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeResource {
    #[serde(flatten)]
    resource: ResourceView,
    /// The secret of its credentials, told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// A resource in the path.
#[derive(Debug, Deserialize)]
pub struct One {
    /// The resource.
    pub resource_id: Uuid,
}

/// The resources of a domain.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/resources", tag = "resources", params(("domain" = String, Path, description = "The domain.")), responses((status = 200, body = ResourceList), AnyProblem))]
pub async fn list(at: ManagingDomain) -> Json<ResourceList> {
    Json(ResourceList { items: at.domain.resources.iter().map(view).collect() })
}

/// Makes a resource, with credentials for introspection unless they are not wanted.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/resources", tag = "resources", params(("domain" = String, Path, description = "The domain.")), request_body = WantedResource, responses((status = 201, body = MadeResource), AnyProblem, ChangeProblem))]
pub async fn create(at: ManagingDomain, Sent(wanted): Sent<WantedResource>) -> Result<Response, OAuthError> {
    let new = NewResource {
        name: &wanted.name,
        settings: ResourceSettings {
            identifiers: wanted.identifiers,
            prefix_match: wanted.prefix_match,
            scopes: wanted.scopes,
            access_token_algorithm: wanted.access_token_algorithm,
            access_token_lifetime: wanted.access_token_lifetime,
        },
        credentials: wanted.credentials,
        public_url: at.app.public_url.as_str(),
    };
    let (resource, secret) = at.domains().create_resource(&at.app.registry, &at.domain, new, &at.actor()).await?;
    let location = [(LOCATION, format!("/api/v1/domains/{}/resources/{}", at.domain.domain.name, resource.id))];
    let client_secret = secret.map(|secret| secret.expose().to_owned());
    let made = MadeResource { resource: view(&resource), client_secret };
    Ok((StatusCode::CREATED, etag(resource.version), location, Json(made)).into_response())
}

/// A resource.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/resources/{resource_id}", tag = "resources", params(("domain" = String, Path, description = "The domain."), ("resource_id" = Uuid, Path, description = "The resource.")), responses((status = 200, body = ResourceView), AnyProblem))]
pub async fn read(at: ManagingDomain, Segments(one): Segments<One>) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    Ok((etag(resource.version), Json(view(resource))).into_response())
}

/// Changes a resource: what is sent; null sets a member back to its default (RFC 7396).
#[utoipa::path(patch, path = "/api/v1/domains/{domain}/resources/{resource_id}", tag = "resources", params(("domain" = String, Path, description = "The domain."), ("resource_id" = Uuid, Path, description = "The resource."), ("If-Match" = String, Header, description = "The ETag that was read, or *.")), request_body = HashMap<String, serde_json::Value>, responses((status = 200, body = ResourceView), AnyProblem, ChangeProblem))]
pub async fn change(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    headers: HeaderMap,
    SentObject(sent): SentObject,
) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    must_match(&headers, resource.version)?;
    let changed = patched(resource, sent)?;
    at.domains().put_resource(&at.domain, &changed, at.app.public_url.as_str(), &at.actor()).await?;
    let domain = at.app.store.domain(at.domain.id()).await?;
    let gone = || OAuthError::not_found("the resource was deleted meanwhile");
    let domain = domain.ok_or_else(gone)?;
    let now = domain.resources.iter().find(|resource| resource.id == changed.id).ok_or_else(gone)?;
    Ok((etag(now.version), Json(view(now))).into_response())
}

/// Deletes a resource. Its credentials stay as a client of their own, which can do nothing.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/resources/{resource_id}", tag = "resources", params(("domain" = String, Path, description = "The domain."), ("resource_id" = Uuid, Path, description = "The resource."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 204, description = "It is gone."), AnyProblem, ChangeProblem))]
pub async fn delete(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let version = may_match(&headers, resource.version)?;
    at.domains().delete_resource(resource, version, &at.actor()).await?;
    Ok(done())
}

/// The resource of that id.
pub fn find(at: &ManagingDomain, id: Uuid) -> Result<&Resource, OAuthError> {
    let found = at.domain.resources.iter().find(|resource| resource.id.0 == id);
    found.ok_or_else(|| OAuthError::not_found("the domain has no resource of this id"))
}

fn view(resource: &Resource) -> ResourceView {
    ResourceView {
        id: resource.id,
        name: resource.name.clone(),
        credentials: resource.credentials.clone(),
        settings: resource.settings.clone(),
        granted_clients: resource.granted_clients.clone(),
        version: resource.version,
        created_at: resource.created_at.seconds(),
    }
}

/// The members of a resource that may be changed.
#[derive(Debug, Serialize, Deserialize)]
struct Changeable {
    name: String,
    #[serde(flatten)]
    settings: Object,
}

fn patched(resource: &Resource, sent: Object) -> Result<Resource, OAuthError> {
    let mut patched = members(&Changeable { name: resource.name.clone(), settings: members(&resource.settings) });
    merge_patch(&mut patched, sent);
    let changed: Changeable = typed(&patched).map_err(OAuthError::invalid_request)?;
    let settings = typed(&changed.settings).map_err(OAuthError::invalid_request)?;
    Ok(Resource { name: changed.name, settings, ..resource.clone() })
}
