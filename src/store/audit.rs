//! The audit log: append-only.

use sqlx::types::Json;
use uuid::Uuid;

use super::Store;
use super::backend::Tx;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{ClientId, DomainId};
use crate::model::json::Object;
use crate::model::time::UnixTime;

/// An audit event as it is read back.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AuditRecord {
    /// Its identifier; sorts by time.
    pub id: Uuid,
    /// When.
    pub at: UnixTime,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To which thing.
    pub target: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// The rule that refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The address it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The request it was part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What else is worth knowing.
    pub detail: Object,
}

#[derive(sqlx::FromRow)]
pub(super) struct AuditRow {
    pub(super) id: Uuid,
    at: UnixTime,
    actor: String,
    action: String,
    target: String,
    outcome: String,
    reason: Option<String>,
    source: Option<String>,
    request_id: Option<String>,
    detail: Json<Object>,
}

impl From<AuditRow> for AuditRecord {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            actor: row.actor,
            action: row.action,
            target: row.target,
            outcome: row.outcome,
            reason: row.reason,
            source: row.source,
            request_id: row.request_id,
            detail: row.detail.0,
        }
    }
}

impl Store {
    /// Writes a batch of events that belong to no change: refusals.
    pub async fn write_audit(&self, events: &[AuditEvent]) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        for event in events {
            tx.audit(event).await?;
        }
        tx.commit().await
    }

    /// What the registrant of a client did to it, the latest first: its registration, and its own updates.
    pub async fn registrant_requests(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
        limit: i64,
    ) -> Result<Vec<AuditRecord>, sqlx::Error> {
        let sql = "select id, at, actor, action, target, outcome, reason, source, request_id, detail
                   from audit_events where domain_id = $1 and target = $2 and outcome = 'done'
                   and (action = 'client.register' or (action = 'client.update'
                        and (actor like 'client:%' or actor like 'registration_access_token:%')))
                   order by id desc limit $3";
        let rows: Vec<AuditRow> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(client_id)
            .bind(limit)
            .fetch_all(db)
            .await)?;
        Ok(rows.into_iter().map(AuditRecord::from).collect())
    }
}

impl Tx {
    pub(super) async fn audit(&mut self, event: &AuditEvent) -> Result<(), sqlx::Error> {
        let sql = "insert into audit_events (id, domain_id, at, actor, action, target, outcome, reason, source,
                   request_id, detail) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(event.id)
            .bind(event.domain_id)
            .bind(event.at)
            .bind(&event.actor)
            .bind(event.action)
            .bind(&event.target)
            .bind(event.outcome.as_str())
            .bind(event.reason.as_deref())
            .bind(event.source.as_deref())
            .bind(event.request_id.as_deref())
            .bind(Json(&event.detail))
            .execute(db)
            .await
            .map(drop))
    }
}
