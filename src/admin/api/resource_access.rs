//! What belongs to a resource: its credentials, what it has to serve (RFC 9728), who holds tokens for it, its test.

use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::client_names::ClientNames;
use super::resources::{One, find};
use crate::admin::managing::{Filter, ManagingDomain, Segments, Sent, done};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::admin::resource_test::{InProcess, ResourceTest, test_resource};
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::model::protected_resource::{ProtectedResource, protected_resources};

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(renew, metadata, grant, revoke_grant, connections, test))]
pub struct Description;

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
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
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

/// A resource and a client in the path.
#[derive(Debug, Deserialize)]
pub struct OneGrant {
    resource_id: Uuid,
    client_id: String,
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
    let mut names = ClientNames::default();
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
