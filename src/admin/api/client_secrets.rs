//! The secrets of a client: what there is, a new one, ending one.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::clients::OfClient;
use crate::admin::clients::client_named;
use crate::admin::managing::{ManagingDomain, Segments, Sent, done};
use crate::admin::preconditions::may_match;
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::clients::administer::usual_grace;
use crate::model::client::ClientSecret;
use crate::model::id::SecretId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(list, create, end))]
pub struct Description;

/// The secret that a path names.
#[derive(Debug, Deserialize)]
pub struct OfSecret {
    client_id: String,
    secret_id: SecretId,
}

/// A secret, without itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecretView {
    /// Its identifier.
    #[schema(value_type = uuid::Uuid)]
    id: SecretId,
    /// When it was made, in Unix seconds.
    created_at: i64,
    /// When it ends, in Unix seconds; absent: never by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    /// When it was last used, in Unix seconds, as far as that is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
    /// Whether a newer one superseded it.
    superseded: bool,
    /// Whether it still works.
    valid: bool,
}

/// The secrets of a client.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecretList {
    /// The current one first.
    items: Vec<SecretView>,
}

/// A secret that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSecret {
    /// How long the secrets before it go on working, in seconds; where absent, as the client's policy says.
    #[schema(minimum = 0, maximum = 31_536_000)]
    grace: Option<i64>,
    /// The secret, if it is not to be generated: 8 to 1024 printable ASCII characters.
    client_secret: Option<String>,
}

/// A secret just made.
#[derive(Serialize, ToSchema)]
pub struct MadeSecret {
    #[serde(flatten)]
    secret: SecretView,
    /// How long the secrets before it go on working, in seconds.
    grace: i64,
    /// The secret, if it was generated: told in this answer and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// The secrets of a client, those that have ended included until they are cleared away.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/clients/{client_id}/secrets", tag = "clients", operation_id = "list_client_secrets", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id.")), responses((status = 200, body = SecretList), AnyProblem))]
pub async fn list(at: ManagingDomain, Segments(of): Segments<OfClient>) -> Result<Json<SecretList>, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    let used = at.app.store.secrets_last_used(at.domain.id(), &entry.client.client_id).await?;
    let items = entry.secrets.iter().map(|secret| {
        let last = used.iter().find(|(id, _)| *id == secret.id).map(|(_, at)| *at);
        view(&at, secret, last)
    });
    Ok(Json(SecretList { items: items.collect() }))
}

/// Gives a client another secret, beside which those before live on for the grace.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/clients/{client_id}/secrets", tag = "clients", operation_id = "create_client_secret", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), request_body = NewSecret, responses((status = 201, body = MadeSecret), AnyProblem, ChangeProblem))]
pub async fn create(
    at: ManagingDomain,
    Segments(of): Segments<OfClient>,
    headers: HeaderMap,
    Sent(new): Sent<NewSecret>,
) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    may_match(&headers, entry.client.version)?;
    let client = &entry.client;
    let grace = new.grace.unwrap_or_else(|| usual_grace(&at.domain, client));
    let registry = &at.app.registry;
    let (clear, stored) = if let Some(chosen) = new.client_secret {
        (None, registry.set_secret(client, (Secret::new(chosen), grace), &at.actor()).await?)
    } else {
        let (clear, stored) = registry.renew_manual(&at.domain, client, grace, &at.actor()).await?;
        (Some(clear.expose().to_owned()), stored)
    };
    let location =
        format!("/api/v1/domains/{}/clients/{}/secrets/{}", at.domain.domain.name, client.client_id, stored.id);
    let made = MadeSecret { secret: view(&at, &stored, None), grace, client_secret: clear };
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(made)).into_response())
}

/// Ends one secret at once.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/clients/{client_id}/secrets/{secret_id}", tag = "clients", operation_id = "end_client_secret", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id."), ("secret_id" = uuid::Uuid, Path, description = "The secret's id.")), responses((status = 204, description = "It has ended."), AnyProblem, ChangeProblem))]
pub async fn end(at: ManagingDomain, Segments(of): Segments<OfSecret>) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    at.app.registry.end_secret(&entry, of.secret_id, &at.actor()).await?;
    Ok(done())
}

fn view(at: &ManagingDomain, secret: &ClientSecret, last_used: Option<UnixTime>) -> SecretView {
    SecretView {
        id: secret.id,
        created_at: secret.created_at.seconds(),
        expires_at: secret.expires_at.map(UnixTime::seconds),
        last_used_at: last_used.map(UnixTime::seconds),
        superseded: secret.superseded,
        valid: secret.is_valid_at(at.app.clock.now()),
    }
}
