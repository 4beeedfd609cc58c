//! The client configuration endpoint (RFC 7592 §2), and secret renewal beside it.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts as _, Path, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Method, StatusCode};
use serde::Deserialize;

use super::access::{Managed, manager};
use super::register::{JsonRequest, record_refusal, refused_access};
use crate::app::App;
use crate::clients::prepare::Refused;
use crate::clients::update::{Managing, UpdateKind};
use crate::model::audit_event::Actor;
use crate::model::id::ClientId;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::scope::printable;
use crate::oauth::request::InDomain;
use crate::ops::security_headers::no_store;

/// A request about one client by somebody who may manage it.
#[derive(Debug)]
pub struct ManagedClient {
    json: JsonRequest,
    managed: Managed,
    /// Who acts, for the audit log.
    actor: Actor,
}

#[derive(Debug, Deserialize)]
struct ClientSegment {
    client_id: String,
}

impl FromRequest<App> for ManagedClient {
    type Rejection = OAuthError;

    async fn from_request(request: Request, app: &App) -> Result<Self, OAuthError> {
        let (mut parts, body) = request.into_parts();
        let Path(ClientSegment { client_id }) = Path::from_request_parts(&mut parts, app)
            .await
            .map_err(|_| OAuthError::not_found("the path does not name a client"))?;
        let action = action(&parts);
        let json = JsonRequest::from_request(Request::from_parts(parts, body), app).await?;
        let (at, client_id) = (&json.at, ClientId(client_id));
        let mut actor = at.caller.actor("unauthenticated".to_owned());
        match manager(at, &json.headers, &client_id, &mut actor).await {
            Ok(managed) => Ok(Self { json, managed, actor }),
            Err(error) => Err(refused_access(at, &actor, (action, &printable(client_id.as_str())), error)),
        }
    }
}

/// What the audit log calls a request.
fn action(parts: &Parts) -> &'static str {
    let renews = parts.uri.path().ends_with("/renew_secret");
    match parts.method {
        _ if renews => "client_secret.renew",
        Method::GET => "client.read",
        Method::DELETE => "client.delete",
        _ => "client.update",
    }
}

impl ManagedClient {
    fn at(&self) -> InDomain {
        self.json.at.clone()
    }
}

/// `GET /{domain}/oidc/register/{client_id}` (RFC 7592 §2.1).
pub async fn read(request: ManagedClient) -> Result<Response, OAuthError> {
    let at = request.at();
    let (Managed { entry, holder }, actor) = (request.managed, request.actor);
    let managing = Managing { domain: &at.domain, holder: &holder, actor: &actor };
    Ok(answer(at.app.registry.read(&managing, &entry).await?))
}

/// `PUT /{domain}/oidc/register/{client_id}` (RFC 7592 §2.2).
pub async fn put(request: ManagedClient) -> Result<Response, OAuthError> {
    Box::pin(update(request, UpdateKind::Put, &["application/json"])).await
}

/// `PATCH /{domain}/oidc/register/{client_id}` with a merge patch (RFC 7396).
pub async fn patch(request: ManagedClient) -> Result<Response, OAuthError> {
    Box::pin(update(request, UpdateKind::Patch, &["application/json", "application/merge-patch+json"])).await
}

async fn update(request: ManagedClient, kind: UpdateKind, media_types: &[&str]) -> Result<Response, OAuthError> {
    let at = request.at();
    let (Managed { entry, holder }, actor) = (request.managed, request.actor);
    let managing = Managing { domain: &at.domain, holder: &holder, actor: &actor };
    let client_id = entry.client.client_id.clone();
    let result = match request.json.object(media_types).await {
        Ok(body) => Box::pin(at.app.registry.update(&managing, entry, kind, body)).await,
        Err(error) => Err(Refused::from(error)),
    };
    match result {
        Ok(record) => Ok(answer(record)),
        Err(refused) => Err(record_refusal(&at, &actor, ("client.update", client_id.as_str()), refused)),
    }
}

/// `DELETE /{domain}/oidc/register/{client_id}` (RFC 7592 §2.3).
pub async fn delete(request: ManagedClient) -> Result<Response, OAuthError> {
    let at = request.at();
    let (Managed { entry, holder, .. }, actor) = (request.managed, request.actor);
    let managing = Managing { domain: &at.domain, holder: &holder, actor: &actor };
    at.app.registry.delete(&managing, entry).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    no_store(response.headers_mut());
    Ok(response)
}

/// `POST`, `PUT` or `PATCH /{domain}/oidc/register/{client_id}/renew_secret`; no body, no content type.
pub async fn renew(request: ManagedClient) -> Result<Response, OAuthError> {
    let at = request.at();
    let (Managed { entry, holder }, actor) = (request.managed, request.actor);
    let managing = Managing { domain: &at.domain, holder: &holder, actor: &actor };
    // Of too many superseded secrets those never used go first, so what was used just now must be known.
    at.app.usage.flush(&at.app.store).await?;
    let client_id = entry.client.client_id.clone();
    let refused =
        |error| record_refusal(&at, &actor, ("client_secret.renew", client_id.as_str()), Refused::from(error));
    Ok(answer(at.app.registry.renew(&managing, entry).await.map_err(refused)?))
}

fn answer(record: Object) -> Response {
    let mut response = Json(record).into_response();
    no_store(response.headers_mut());
    response
}
