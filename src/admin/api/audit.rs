//! The audit log: who did what to which thing, from where, and what was refused.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::page::{filter, foreign_cursor, limit};
use crate::admin::json_lines::{self, wants_lines};
use crate::admin::managing::{Filter, Managing, ManagingDomain};
use crate::admin::problem::AnyProblem;
use crate::model::audit_event::Outcome;
use crate::model::id::DomainId;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;
use crate::store::Store;
use crate::store::audit::AuditRecord;
use crate::store::audit_list::AuditQuery;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(list, list_of_server), tags((name = "audit", description = "Who did what to which thing, from where, with which token, and what was refused and why. Nothing in it can be changed. With `Accept: application/x-ndjson` everything that fits comes as JSON lines, an event per line.")))]
pub struct Description;

/// The last second of the year 9999, where times end.
const LAST: i64 = 253_402_300_799;

/// Which events are wanted: all that is given must hold.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Only what this actor did: `administrator:ID`, `api_token:ID`, `client:ID`, `open`, `cli`, `server` ...; or all of a
    /// kind of actor (`administrator:`).
    #[param(nullable = false)]
    pub actor: Option<String>,
    /// Only this action (`client.register`), or every action on a kind of thing (`client.`).
    #[param(nullable = false)]
    pub action: Option<String>,
    /// Only what happened to this thing, by its identifier.
    #[param(nullable = false)]
    pub target: Option<String>,
    /// Only what was done, or what was refused.
    #[param(nullable = false, inline)]
    pub outcome: Option<Outcome>,
    /// Only what was part of this request.
    #[param(nullable = false)]
    pub request_id: Option<String>,
    /// Only what happened at this time or later, in Unix seconds.
    #[param(nullable = false, minimum = 0, maximum = 253_402_300_799_i64)]
    pub from: Option<i64>,
    /// Only what happened before this time, in Unix seconds.
    #[param(nullable = false, minimum = 0, maximum = 253_402_300_799_i64)]
    pub until: Option<i64>,
    /// Where the list goes on: `next` of the page before. Not for JSON lines.
    #[param(nullable = false)]
    pub cursor: Option<String>,
    /// At most so many; 50 if left out. Not for JSON lines.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub struct AuditEventView {
    /// Its identifier; sorts by time.
    pub id: Uuid,
    /// When, in Unix seconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What, as `thing.verb`.
    pub action: String,
    /// To which thing.
    pub target: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// The rule that refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// The address it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<String>,
    /// The request it was part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub request_id: Option<String>,
    /// What else is worth knowing; `changes` tells of each changed member what it was before and is after.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub detail: Object,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditList {
    /// Newest first.
    pub items: Vec<AuditEventView>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
    /// Whether the page looked at all it needed; else it ended early, with few items or none, and goes on at `next`.
    pub examined_all: bool,
}

/// The events of a domain, newest first.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/audit", tag = "audit", params(("domain" = String, Path, description = "Its name."), AuditFilter), responses((status = 200, content((AuditList = "application/json"), (String = "application/x-ndjson"))), AnyProblem))]
pub async fn list(
    at: ManagingDomain,
    headers: HeaderMap,
    Filter(asked): Filter<AuditFilter>,
) -> Result<Response, OAuthError> {
    answer(&at, Some(at.domain.id()), &headers, asked).await
}

/// The events that belong to no domain, newest first: administrators, API tokens, domains that are gone.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditFilter), responses((status = 200, content((AuditList = "application/json"), (String = "application/x-ndjson"))), AnyProblem))]
pub async fn list_of_server(
    managing: Managing,
    headers: HeaderMap,
    Filter(asked): Filter<AuditFilter>,
) -> Result<Response, OAuthError> {
    answer(&managing, None, &headers, asked).await
}

async fn answer(
    managing: &Managing,
    domain_id: Option<DomainId>,
    headers: &HeaderMap,
    asked: AuditFilter,
) -> Result<Response, OAuthError> {
    let store = &managing.app.store;
    if !wants_lines(headers) {
        return Ok(Json(page(store, domain_id, asked).await?).into_response());
    }
    if asked.cursor.is_some() || asked.limit.is_some() {
        return Err(OAuthError::invalid_request(
            "cursor, limit: are for pages; JSON lines carry all that fits, so leave them out, or narrow by from and until",
        ));
    }
    Ok(json_lines::events(store, domain_id, query(asked)?))
}

/// A page of events, of a domain or of the server itself.
pub async fn page(store: &Store, domain_id: Option<DomainId>, asked: AuditFilter) -> Result<AuditList, OAuthError> {
    let query = query(asked)?;
    let page = match domain_id {
        Some(domain_id) => store.audit_events(domain_id, &query).await?,
        None => store.server_audit_events(&query).await?,
    };
    let page = page.ok_or_else(foreign_cursor)?;
    Ok(AuditList {
        items: page.items.into_iter().map(AuditEventView::from).collect(),
        next: page.next,
        examined_all: page.examined_all,
    })
}

/// What is asked of the database.
pub fn query(asked: AuditFilter) -> Result<AuditQuery, OAuthError> {
    Ok(AuditQuery {
        limit: limit(asked.limit)?,
        actor: filter("actor", asked.actor)?,
        action: filter("action", asked.action)?,
        target: filter("target", asked.target)?,
        outcome: asked.outcome,
        request_id: filter("request_id", asked.request_id)?,
        from: time("from", asked.from)?,
        before: time("until", asked.until)?,
        cursor: asked.cursor,
    })
}

fn time(name: &str, seconds: Option<i64>) -> Result<Option<UnixTime>, OAuthError> {
    match seconds {
        Some(seconds) if !(0..=LAST).contains(&seconds) => {
            Err(OAuthError::invalid_request(format!("{name}: must be Unix seconds, 0 to {LAST}")))
        }
        seconds => Ok(seconds.map(UnixTime)),
    }
}

impl From<AuditRecord> for AuditEventView {
    fn from(event: AuditRecord) -> Self {
        Self {
            id: event.id,
            at: event.at.seconds(),
            actor: event.actor,
            action: event.action,
            target: event.target,
            outcome: event.outcome,
            reason: event.reason,
            source: event.source,
            request_id: event.request_id,
            detail: event.detail,
        }
    }
}
