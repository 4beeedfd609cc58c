//! Clients: the applications of a domain.

use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::client_view::{ClientView, shown};
use crate::admin::clients::client_named;
use crate::admin::managing::{ManagingDomain, Segments, Sent, done};
use crate::admin::preconditions::{may_match, must_match};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::clients::application::{ApplicationKind, NewApplication, edited};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(create, read, change, delete), tags((name = "clients", description = "The applications of a domain.")))]
pub struct Description;

/// The client that a path names.
#[derive(Debug, Deserialize)]
pub struct OfClient {
    /// Its `client_id`.
    pub client_id: String,
}

/// A client that is wanted: by its type, by full metadata, or both, where the metadata counts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// Its type, which brings metadata and settings.
    kind: Option<ApplicationKind>,
    /// Its name, as people see it.
    name: Option<String>,
    /// Where authorization responses may be sent.
    #[serde(default)]
    redirect_uris: Vec<String>,
    /// Its id, if it is not to be generated: 1 to 50 letters, digits, '-', '_', '.' or '~'.
    client_id: Option<String>,
    /// Its secret, if it is not to be generated: 8 to 1024 printable ASCII characters.
    client_secret: Option<String>,
    /// Members of the metadata (RFC 7591 section 2); null takes one away that the type would bring.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    metadata: Object,
    /// Settings; null sets one to its default.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    settings: Object,
}

/// A change of a client: merge patches (RFC 7396) of its metadata and settings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientChange {
    /// Members of the metadata; null takes one away.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    metadata: Option<Object>,
    /// Settings; null sets one to its default.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    settings: Option<Object>,
}

/// Makes a client. A generated secret is told in this answer and never again.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/clients", tag = "clients", operation_id = "create_client", params(("domain" = String, Path, description = "The domain's name.")), request_body = NewClient, responses((status = 201, body = ClientView), AnyProblem, ChangeProblem))]
pub async fn create(at: ManagingDomain, Sent(new): Sent<NewClient>) -> Result<Response, OAuthError> {
    let wanted = NewApplication {
        kind: new.kind,
        name: new.name,
        redirect_uris: new.redirect_uris,
        client_id: new.client_id,
        secret: new.client_secret.map(Secret::new),
        metadata: new.metadata,
        settings: new.settings,
    };
    let made = at.app.registry.create(&at.domain, wanted.wanted()?, &at.actor()).await?;
    let mut answer = shown(&at, &made.client, made.secret.as_ref()).await?;
    *answer.status_mut() = StatusCode::CREATED;
    let location = format!("/api/v1/domains/{}/clients/{}", at.domain.domain.name, made.client.client_id);
    answer.headers_mut().insert(LOCATION, HeaderValue::try_from(location).map_err(OAuthError::server_error)?);
    Ok(answer)
}

/// A client. A deleted one is still shown, because its id stays taken.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/clients/{client_id}", tag = "clients", operation_id = "read_client", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id.")), responses((status = 200, body = ClientView), AnyProblem))]
pub async fn read(at: ManagingDomain, Segments(of): Segments<OfClient>) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    shown(&at, &entry.client, None).await
}

/// Changes a client: members of its metadata and settings that are sent; null takes one away (RFC 7396).
#[utoipa::path(patch, path = "/api/v1/domains/{domain}/clients/{client_id}", tag = "clients", operation_id = "change_client", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id."), ("If-Match" = String, Header, description = "The ETag that was read, or *.")), request_body = ClientChange, responses((status = 200, body = ClientView), AnyProblem, ChangeProblem))]
pub async fn change(
    at: ManagingDomain,
    Segments(of): Segments<OfClient>,
    headers: HeaderMap,
    Sent(change): Sent<ClientChange>,
) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    must_match(&headers, entry.client.version)?;
    if change.metadata.is_none() && change.settings.is_none() {
        return shown(&at, &entry.client, None).await;
    }
    let edit = edited(&entry.client, change.metadata, change.settings)?;
    let secret = at.app.registry.edit(&at.domain, &entry, edit, &at.actor()).await?;
    let changed = client_named(&at, &of.client_id).await?;
    shown(&at, &changed.client, secret.as_ref()).await
}

/// Deletes a client and ends its tokens. Its id stays taken.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/clients/{client_id}", tag = "clients", operation_id = "delete_client", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 204, description = "It is gone."), AnyProblem, ChangeProblem))]
pub async fn delete(
    at: ManagingDomain,
    Segments(of): Segments<OfClient>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    may_match(&headers, entry.client.version)?;
    at.app.registry.remove(&entry, &at.actor()).await?;
    Ok(done())
}
