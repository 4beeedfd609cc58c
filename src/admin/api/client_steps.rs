//! What happens to a client in its life: suspended, resumed, approved, restored, reassigned; many at once.

use axum::Json;
use axum::response::Response;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::client_view::{ClientView, shown};
use super::clients::OfClient;
use crate::admin::clients::client_named;
use crate::admin::managing::{ManagingDomain, Segments, Sent};
use crate::admin::preconditions::may_match;
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::clients::administer::Step;
use crate::clients::bulk::BulkAction;
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::store::cache::ClientEntry;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(suspend, resume, approve, restore, reassign, bulk))]
pub struct Description;

/// Who manages a client from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRegistrant {
    /// The client id of a gateway registrar of this domain.
    registrant: String,
}

/// A step for many clients.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// The step.
    action: BulkAction,
    /// The clients, each once.
    #[schema(min_items = 1, max_items = 200)]
    client_ids: Vec<String>,
}

/// What became of each client.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkOutcomes {
    /// In the order in which they were named.
    items: Vec<BulkOutcome>,
}

/// What became of one client.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkOutcome {
    /// The client.
    client_id: String,
    /// Whether the step was done.
    done: bool,
    /// Why not, in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

async fn read(at: &ManagingDomain, of: &OfClient, headers: &HeaderMap) -> Result<ClientEntry, OAuthError> {
    let entry = client_named(at, &of.client_id).await?;
    may_match(headers, entry.client.version)?;
    Ok(entry)
}

async fn after(at: &ManagingDomain, of: &OfClient) -> Result<Response, OAuthError> {
    let entry = client_named(at, &of.client_id).await?;
    shown(at, &entry.client, None).await
}

/// Suspends a client and ends its tokens.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/clients/{client_id}/suspend", tag = "clients", operation_id = "suspend_client", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 200, body = ClientView), AnyProblem, ChangeProblem))]
pub async fn suspend(
    at: ManagingDomain,
    Segments(of): Segments<OfClient>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let entry = read(&at, &of, &headers).await?;
    at.app.registry.turn(&entry, Step::Suspend, &at.actor()).await?;
    after(&at, &of).await
}

/// Lets a suspended client go on.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/clients/{client_id}/resume", tag = "clients", operation_id = "resume_client", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 200, body = ClientView), AnyProblem, ChangeProblem))]
pub async fn resume(
    at: ManagingDomain,
    Segments(of): Segments<OfClient>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let entry = read(&at, &of, &headers).await?;
    at.app.registry.turn(&entry, Step::Resume, &at.actor()).await?;
    after(&at, &of).await
}

/// Approves a client that waits for it.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/clients/{client_id}/approve", tag = "clients", operation_id = "approve_client", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 200, body = ClientView), AnyProblem, ChangeProblem))]
pub async fn approve(
    at: ManagingDomain,
    Segments(of): Segments<OfClient>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let entry = read(&at, &of, &headers).await?;
    at.app.registry.turn(&entry, Step::Approve, &at.actor()).await?;
    after(&at, &of).await
}

/// Lifts the block on a deleted client that was registered openly and without a secret.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/clients/{client_id}/restore", tag = "clients", operation_id = "restore_client", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 200, body = ClientView), AnyProblem, ChangeProblem))]
pub async fn restore(
    at: ManagingDomain,
    Segments(of): Segments<OfClient>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let entry = read(&at, &of, &headers).await?;
    at.app.registry.restore(&entry, &at.actor()).await?;
    after(&at, &of).await
}

/// Hands a client that a gateway registered to another gateway registrar.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/clients/{client_id}/reassign", tag = "clients", operation_id = "reassign_client", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), request_body = NewRegistrant, responses((status = 200, body = ClientView), AnyProblem, ChangeProblem))]
pub async fn reassign(
    at: ManagingDomain,
    Segments(of): Segments<OfClient>,
    headers: HeaderMap,
    Sent(to): Sent<NewRegistrant>,
) -> Result<Response, OAuthError> {
    let entry = read(&at, &of, &headers).await?;
    at.app.registry.reassign(&at.domain, &entry, &ClientId(to.registrant), &at.actor()).await?;
    after(&at, &of).await
}

/// Suspends, resumes or deletes many clients. Each is done or refused for itself, and has its own line in the audit log.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/clients-bulk", tag = "clients", operation_id = "change_clients", params(("domain" = String, Path, description = "The domain's name.")), request_body = Bulk, responses((status = 200, body = BulkOutcomes), AnyProblem, ChangeProblem))]
pub async fn bulk(at: ManagingDomain, Sent(bulk): Sent<Bulk>) -> Result<Json<BulkOutcomes>, OAuthError> {
    let ids = bulk.client_ids.into_iter().map(ClientId).collect();
    let outcomes = at.app.registry.bulk(&at.domain, bulk.action, ids, &at.actor()).await?;
    let items = outcomes.into_iter().map(|(id, outcome)| {
        let (code, detail) = outcome.err().map(|error| (error.code, error.description)).unzip();
        BulkOutcome { client_id: id.0, done: code.is_none(), code, detail }
    });
    Ok(Json(BulkOutcomes { items: items.collect() }))
}
