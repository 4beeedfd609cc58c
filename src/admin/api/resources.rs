//! Protected resources: MCP servers and other APIs that tokens can be for (RFC 8707, RFC 9728).

use std::collections::HashMap;

use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use crate::admin::managing::{Filter, Managing, ManagingDomain, Segments, Sent, SentObject, done};
use crate::admin::preconditions::{etag, may_match, must_match};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::admin::resource_test::{InProcess, ResourceTest, test_resource};
use crate::clients::find::{Fetching, FindIn, Found};
use crate::domains::resources::NewResource;
use crate::model::id::{ClientId, ResourceId};
use crate::model::json::{Object, members, merge_patch, typed};
use crate::model::oauth_error::OAuthError;
use crate::model::protected_resource::{ProtectedResource, protected_resources};
use crate::model::resource::{Resource, ResourceSettings};
use crate::model::scope::ScopeSet;
use crate::model::signing_key::SigningAlgorithm;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, read, change, delete, renew, metadata, grant, revoke_grant, connections, test),
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

/// How the secret is to be renewed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// For how many seconds the secrets before go on working; none where absent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2_592_000)]
    overlap: i64,
}

/// Credentials with a secret just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewCredentials {
    /// The client that introspects.
    client_id: String,
    /// Its new secret, told this once.
    client_secret: String,
}

/// What a resource has to serve so that clients find their way (RFC 9728).
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourceMetadata {
    /// For each of its identifiers.
    items: Vec<Served>,
    /// Where its tokens are introspected (RFC 7662).
    introspection_endpoint: String,
    /// The issuer of its tokens.
    issuer: String,
    /// Where the keys of its tokens are.
    jwks_uri: String,
}

/// What has to be served for one identifier.
#[derive(Debug, Serialize, ToSchema)]
pub struct Served {
    /// The identifier.
    identifier: String,
    /// Where the document has to be served; absent where the identifier is not an http or https URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata_url: Option<String>,
    /// The document.
    #[schema(value_type = HashMap<String, serde_json::Value>)]
    metadata: serde_json::Value,
    /// The `WWW-Authenticate` header of an answer with status 401.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<String>,
}

/// Which connections are wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionFilter {
    /// Where the page before said that it goes on.
    cursor: Option<String>,
    /// How many at the most; 50 where absent.
    limit: Option<usize>,
}

/// Who holds tokens for a resource.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionPage {
    /// The clients that may have tokens by client credentials; all of them, on every page.
    machines: Vec<Machine>,
    /// The people who are logged in to a client with access, the latest consent first.
    items: Vec<PersonsConnection>,
    /// Where the list goes on; absent at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A client that may have tokens by client credentials.
#[derive(Debug, Serialize, ToSchema)]
pub struct Machine {
    /// The client.
    client_id: String,
    /// Its name, as it claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<String>,
}

/// A person and the client that acts for them.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonsConnection {
    /// The client.
    client_id: String,
    /// Its name, as it claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<String>,
    /// The person.
    user_id: Uuid,
    /// What the person logs in with.
    username: String,
    /// What the person allowed.
    scope: String,
    /// When, in Unix seconds.
    granted_at: i64,
    /// When a token was last issued from it, in Unix seconds.
    last_used_at: i64,
}

/// A resource in the path.
#[derive(Debug, Deserialize)]
pub struct One {
    /// The resource.
    pub resource_id: Uuid,
}

/// A resource and a client in the path.
#[derive(Debug, Deserialize)]
pub struct OneGrant {
    resource_id: Uuid,
    client_id: String,
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
    may_match(&headers, resource.version)?;
    at.domains().delete_resource(resource, &at.actor()).await?;
    Ok(done())
}

/// Makes another secret for the resource's credentials, or credentials if it has none.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/resources/{resource_id}/credentials", tag = "resources", params(("domain" = String, Path, description = "The domain."), ("resource_id" = Uuid, Path, description = "The resource.")), request_body = Renewal, responses((status = 201, body = NewCredentials), AnyProblem, ChangeProblem))]
pub async fn renew(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    Sent(renewal): Sent<Renewal>,
) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let how = (renewal.overlap, at.app.public_url.as_str());
    let made = at.domains().renew_credentials(&at.app.registry, (&at.domain, resource), how, &at.actor()).await?;
    let made = NewCredentials { client_id: made.0.0, client_secret: made.1.expose().to_owned() };
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// The document and the challenge that the resource has to serve.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/resources/{resource_id}/metadata", tag = "resources", params(("domain" = String, Path, description = "The domain."), ("resource_id" = Uuid, Path, description = "The resource.")), responses((status = 200, body = ResourceMetadata), AnyProblem))]
pub async fn metadata(at: ManagingDomain, Segments(one): Segments<One>) -> Result<Json<ResourceMetadata>, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let name = &at.domain.domain.name;
    let (issuer, base) = (at.app.issuer_of(name), format!("{}/{name}", at.app.public_url.as_str()));
    let served = protected_resources(resource, &issuer, &at.domain.scopes);
    Ok(Json(ResourceMetadata {
        items: served.into_iter().map(Served::from).collect(),
        introspection_endpoint: format!("{base}/oauth/introspect"),
        jwks_uri: format!("{base}/oidc/.well-known/jwks.json"),
        issuer,
    }))
}

/// Lets a client have tokens for the resource by client credentials.
#[utoipa::path(put, path = "/api/v1/domains/{domain}/resources/{resource_id}/grants/{client_id}", tag = "resources", params(("domain" = String, Path, description = "The domain."), ("resource_id" = Uuid, Path, description = "The resource."), ("client_id" = String, Path, description = "The client.")), responses((status = 204, description = "It may."), AnyProblem, ChangeProblem))]
pub async fn grant(at: ManagingDomain, Segments(one): Segments<OneGrant>) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    at.domains().grant_resource(resource, &ClientId(one.client_id), true, &at.actor()).await?;
    Ok(done())
}

/// Takes that back.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/resources/{resource_id}/grants/{client_id}", tag = "resources", params(("domain" = String, Path, description = "The domain."), ("resource_id" = Uuid, Path, description = "The resource."), ("client_id" = String, Path, description = "The client.")), responses((status = 204, description = "It may no more."), AnyProblem, ChangeProblem))]
pub async fn revoke_grant(at: ManagingDomain, Segments(one): Segments<OneGrant>) -> Result<Response, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    at.domains().grant_resource(resource, &ClientId(one.client_id), false, &at.actor()).await?;
    Ok(done())
}

/// The clients and people that hold tokens for the resource.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/resources/{resource_id}/connections", tag = "resources", params(("domain" = String, Path, description = "The domain."), ("resource_id" = Uuid, Path, description = "The resource."), ("cursor" = Option<String>, Query, description = "Where the page before said that it goes on."), ("limit" = Option<i64>, Query, description = "How many at the most; 50 where absent.", minimum = 1, maximum = 200)), responses((status = 200, body = ConnectionPage), AnyProblem))]
pub async fn connections(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    Filter(filter): Filter<ConnectionFilter>,
) -> Result<Json<ConnectionPage>, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    let found = at.domains().connections(resource, filter.cursor.as_deref(), filter.limit.unwrap_or(50)).await?;
    let mut names = Names::default();
    let mut machines = Vec::new();
    for client_id in &resource.granted_clients {
        let client_name = names.of(&at, client_id).await?;
        machines.push(Machine { client_id: client_id.0.clone(), client_name });
    }
    let mut items = Vec::new();
    for connection in found.items {
        items.push(PersonsConnection {
            client_name: names.of(&at, &connection.client_id).await?,
            client_id: connection.client_id.0,
            user_id: connection.user_id.0,
            username: connection.username,
            scope: connection.scope.to_string(),
            granted_at: connection.granted_at.seconds(),
            last_used_at: connection.last_used_at.seconds(),
        });
    }
    Ok(Json(ConnectionPage { machines, items, next: found.next }))
}

/// Walks from the resource's first identifier to a token as an MCP client does, and says what was seen at each step.
/// Nothing is registered, and the token is told to nobody.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/resources/{resource_id}/test", tag = "resources", params(("domain" = String, Path, description = "The domain."), ("resource_id" = Uuid, Path, description = "The resource.")), responses((status = 200, body = ResourceTest), AnyProblem, ChangeProblem))]
pub async fn test(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    Extension(server): Extension<InProcess>,
) -> Result<Json<ResourceTest>, OAuthError> {
    let resource = find(&at, one.resource_id)?;
    test_resource(&at, resource, server).await.map(Json)
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

impl From<ProtectedResource> for Served {
    fn from(served: ProtectedResource) -> Self {
        Self {
            identifier: served.identifier,
            metadata_url: served.metadata_url,
            metadata: served.metadata,
            challenge: served.challenge,
        }
    }
}

/// The names of clients, each looked up once.
#[derive(Debug, Default)]
pub struct Names(HashMap<ClientId, Option<String>>);

impl Names {
    /// The name that a client claims, if it is known and has one.
    pub async fn of(&mut self, at: &ManagingDomain, client_id: &ClientId) -> Result<Option<String>, OAuthError> {
        if let Some(known) = self.0.get(client_id) {
            return Ok(known.clone());
        }
        let name = client_name(at, &at.domain, client_id.as_str()).await?;
        self.0.insert(client_id.clone(), name.clone());
        Ok(name)
    }
}

async fn client_name(
    managing: &Managing,
    domain: &crate::store::cache::DomainEntry,
    client_id: &str,
) -> Result<Option<String>, OAuthError> {
    let documents = managing.app.takes_client_documents(&domain.domain.settings);
    match managing.app.registry.find_client(FindIn { domain, documents }, client_id, Fetching::No).await {
        Ok(Found::Known(entry)) => Ok(entry.client.metadata.client_name.clone()),
        Ok(_) => Ok(None),
        // A document that is not taken any more.
        Err(error) if error.status < 500 => Ok(None),
        Err(error) => Err(error),
    }
}
